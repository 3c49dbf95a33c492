"""Several copies of one campaign, each answered by another person, as one: by unit, the newest answer counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from engine.campaign import store
from engine.campaign.store import Campaign
from engine.contract.errors import DataError

_UNIT = ["unit", "round"]


def read(paths: Sequence[str]) -> tuple[Campaign, list[str]]:
    """Return the campaign of one file or of several copies, and what people said of one unit in different words.

    A unit takes answer, class and borders from the copy where it was answered last. Free corrections, points and answers of
    the log are those of all copies; what copies have in common counts once.

    Raises:
        DataError: see `store.read`; or the files are no copies of one campaign.
    """
    copies = [store.read(path) for path in paths]
    if len(copies) == 1:
        return copies[0], []
    names = [Path(path).name if len({Path(p).name for p in paths}) == len(paths) else path for path in paths]
    for path, copy in zip(paths[1:], copies[1:], strict=True):
        _check_same(paths[0], copies[0], path, copy)
    return _merged(copies, names)


def _check_same(first_path: str, first: Campaign, path: str, copy: Campaign) -> None:
    next_step = "Give copies of one campaign."
    if (copy.legend.ids, copy.legend.names) != (first.legend.ids, first.legend.names):
        raise DataError(
            f"{path} asks for the classes {', '.join(copy.legend.names)}; {first_path} for {', '.join(first.legend.names)}.",
            next_step,
        )
    if copy.units.crs != first.units.crs:
        raise DataError(f"{path} has another CRS than {first_path}.", next_step)
    if not set(copy.units["unit"]) & set(first.units["unit"]):
        raise DataError(f"{path} has no unit in common with {first_path}.", next_step)


def _merged(copies: Sequence[Campaign], names: Sequence[str]) -> tuple[Campaign, list[str]]:
    units = pd.concat(
        [
            c.units.assign(copy=k, said=_is_answered(c), when=pd.to_datetime(c.units["answered"], utc=True))
            for k, c in enumerate(copies)
        ],
        ignore_index=True,
    ).sort_values([*_UNIT, "said", "when", "copy"], na_position="first", kind="stable")
    last = units.drop_duplicates(_UNIT, keep="last")
    copy_of = {(unit, turn): k for unit, turn, k in zip(last["unit"], last["round"], last["copy"], strict=True)}
    owner = {unit: k for (unit, _), k in copy_of.items()}
    is_kept = [copy_of[unit, turn] == k for unit, turn, k in zip(units["unit"], units["round"], units["copy"], strict=True)]
    borders = [c.borders[np.array([owner.get(unit, k) == k for unit in c.borders["unit"]], bool)] for k, c in enumerate(copies)]
    longest = max(copies, key=lambda c: c.last_round)
    merged = Campaign(
        longest.legend,
        longest.rounds,
        gpd.GeoDataFrame(units[is_kept].drop(columns=["copy", "said", "when"]))
        .sort_values(["round", "rank"])
        .reset_index(drop=True),
        _all([c.predictions for c in copies], names, [*_UNIT, "class_id"]),
        _all(borders, names, ["unit", "class_left", "class_right", "geometry"]),
        _all([c.corrections for c in copies], names, ["class_id", "drawn", "geometry"]),
        _all([c.points for c in copies], names, ["class_id", "drawn", "geometry"]),
        pd.concat([c.answers for c in copies], ignore_index=True).drop_duplicates(),
    )
    return merged, _differences(units[units["said"]], names)


def _is_answered(campaign: Campaign) -> pd.Series:
    units = campaign.units
    return (units["answer"].fillna("") != "") | units["class_id"].notna() | units["unit"].isin(campaign.borders["unit"])


def _all(frames: Sequence[gpd.GeoDataFrame], names: Sequence[str], same: Sequence[str]) -> gpd.GeoDataFrame:
    """Return the features of all copies, each with the file that it is in; what is alike in the columns `same` once."""
    joined = pd.concat([f.assign(file=name) for f, name in zip(frames, names, strict=True)])
    keys = pd.DataFrame({n: (joined.geometry.to_wkb() if n == "geometry" else joined[n]).to_numpy() for n in same})
    return gpd.GeoDataFrame(joined[~keys.duplicated().to_numpy()], crs=frames[0].crs)


def _differences(said: pd.DataFrame, names: Sequence[str]) -> list[str]:
    found = []
    for (unit, turn), rows in said.groupby(_UNIT, sort=False):
        if len(rows[["answer", "class_id"]].drop_duplicates()) < 2:
            continue
        told = zip(rows["answer"], rows["class_id"], rows["copy"], strict=True)
        words = "; ".join(f"{_words(answer, class_id)} in {names[k]}" for answer, class_id, k in told)
        found.append(f"units, {unit} (round {turn}) has several answers: {words}. The last one counts.")
    return found


def _words(answer: str | None, class_id: float) -> str:
    return f"{answer or 'no answer'}{'' if pd.isna(class_id) else f' {int(class_id)}'}"
