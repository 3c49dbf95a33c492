"""What a campaign cost and what it gave: clicks, pixels and seconds of every answer, round by round.

Clicks are those that a person cannot do without; seconds are what the plugin measured, never a guess:

    confirm, class, unsure, skip    1
    redraw                          the vertices of the borders drawn, and a class for each side
    free correction                 its vertices and its class
    point                           1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from engine.campaign.store import Campaign
from engine.contract.campaign import CONFIRM, ONE_CLASS, REDRAW

_LABELS = (CONFIRM, ONE_CLASS, REDRAW)


@dataclass(frozen=True)
class Entry:
    """One round of units.

    Args:
        turn: number of the round.
        offered: units.
        answers: units by answer.
        clicks: spent on its answers.
        pixels: of the units that got a label.
        seconds: spent on its answers; None where nobody measured.
    """

    turn: int
    offered: int
    answers: dict[str, int]
    clicks: int
    pixels: int
    seconds: float | None

    @property
    def answered(self) -> int:
        """Return the units that were answered."""
        return sum(self.answers.values())

    @property
    def confirm_rate(self) -> float | None:
        """Return the share of the labelled units that the model had right, None where none is labelled."""
        labelled = sum(self.answers.get(a, 0) for a in _LABELS)
        return self.answers.get(CONFIRM, 0) / labelled if labelled else None


def entries(campaign: Campaign) -> list[Entry]:
    """Return the ledger of the units, oldest round first."""
    units = campaign.units
    said = units["answer"].fillna("").str.strip().str.lower()
    clicks = (said != "").astype(int) + (said == REDRAW) * (redraw_clicks(campaign).reindex(units["unit"]).to_numpy() - 1)
    found = []
    for turn, rows in units.groupby("round").groups.items():
        answered, seconds = said[rows][said[rows] != ""], units.loc[rows, "seconds"]
        found.append(
            Entry(
                int(turn), len(rows), {str(k): int(v) for k, v in answered.value_counts().items()}, int(clicks[rows].sum()),
                int(units.loc[rows, "pixels"][said[rows].isin(_LABELS)].sum()),
                float(seconds.sum()) if seconds.notna().any() else None,
            )
        )  # fmt: skip
    return found


def named(campaign: Campaign, ids: Sequence[int]) -> NDArray[np.int64]:
    """Return how many answers and corrections named each of some classes, (len(ids),); an answer may name several."""
    units, borders = campaign.units, campaign.borders
    said = units["answer"].fillna("").str.strip().str.lower()
    seen = campaign.predictions[campaign.predictions["unit"].isin(units.loc[said == CONFIRM, "unit"])]
    drawn = borders[borders["unit"].isin(units.loc[said == REDRAW, "unit"])]
    sides = pd.concat([drawn[["unit", side]].set_axis(["unit", "class_id"], axis=1) for side in ("class_left", "class_right")])
    every = [
        units.loc[said == ONE_CLASS, "class_id"], seen.drop_duplicates(["unit", "class_id"])["class_id"],
        sides.drop_duplicates()["class_id"], campaign.corrections["class_id"], campaign.points["class_id"],
    ]  # fmt: skip
    found = pd.concat(every).dropna().astype(int)
    return np.array([(found == class_id).sum() for class_id in ids])


def redraw_clicks(campaign: Campaign) -> pd.Series:
    """Return the clicks of the borders drawn for each unit, by its name; 1 for a unit without any."""
    borders = campaign.borders
    drawn = pd.Series(shapely.get_num_coordinates(borders.geometry.to_numpy()) + 2, index=borders["unit"], dtype=int)
    return drawn.groupby(level=0).sum().reindex(campaign.units["unit"].unique(), fill_value=1)


def free_clicks(campaign: Campaign) -> int:
    """Return the clicks of the free corrections and points."""
    polygons = shapely.get_parts(campaign.corrections.geometry.dropna().to_numpy())
    rings = shapely.get_num_interior_rings(polygons) + 1  # a ring repeats its first vertex
    return int((shapely.get_num_coordinates(polygons) - rings).sum()) + len(campaign.corrections) + len(campaign.points)
