"""A reference sample read back: from answered points to counts by stratum, reference class and map class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.assessment import classes
from engine.assessment.classes import Matching
from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend
from engine.geo.labels import LabelRaster
from engine.geo.points import Points
from engine.geo.tiles import Window

DESIGNED = "The strata are those of the sample design."
BY_MAP = (
    "The points carry no design: they are taken as a simple random sample and weighted by the classes of the map. "
    "Points chosen in any other way, such as easy places, say nothing of the rest."
)


_NO_ANSWER = ("", str(UNLABELLED), f"{UNLABELLED}.0")


@dataclass(frozen=True)
class Design:
    """The strata that points were drawn from: ids in order, names, pixels, and where they come from as a sentence."""

    ids: tuple[int, ...]
    names: tuple[str, ...]
    sizes: NDArray[np.int64]
    basis: str


@dataclass(frozen=True)
class Answered:
    """The points with an answer, on one list of classes.

    Args:
        matching: the classes of maps and answers.
        design: the strata.
        strata: (N,) position of each point's stratum in the design.
        reference: (N,) class position of the answers.
        mapped: (N,) class position on each map, by role.
        unanswered: number of points without an answer.
        map_shares: (C,) share of each class on the map, in the area that was sampled; NaN where that is not known.
    """

    matching: Matching
    design: Design
    strata: NDArray[np.int64]
    reference: NDArray[np.int64]
    mapped: Mapping[str, NDArray[np.int64]]
    unanswered: int
    map_shares: NDArray[np.float64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return points by stratum, reference class and map class, (H, C, C)."""
        size = len(self.matching.classes)
        table = np.zeros((len(self.design.ids), size, size), np.int64)
        np.add.at(table, (self.strata, self.reference, self.mapped["map"]), 1)
        return table


def read_back(points: Points, maps: Mapping[str, LabelRaster], names: Mapping[str, str]) -> Answered:
    """Look up each answered point on the maps and in the design.

    Args:
        points: as read.
        maps: class rasters by role; `map` is the one that is assessed.
        names: of the layers by role, for people.

    Raises:
        DataError: nobody answered; an answer is no class; a point lies where a map has no class, or has an unknown stratum.
    """
    legend, answers = read_answers(points.values, _known_names(points, maps["map"].legend), points.path)
    matching = classes.match({**{role: m.legend for role, m in maps.items()}, "reference": legend}, names)
    chosen = np.flatnonzero(answers >= 0)
    ids = {role: _ids_at(layer, points, chosen, names[role]) for role, layer in maps.items()}
    design = _design(points, maps["map"])
    own = points.strata[chosen] if design.basis == DESIGNED and points.strata is not None else ids["map"]
    unknown = sorted(set(own.tolist()) - set(design.ids))
    if unknown:
        raise DataError(
            f"{points.path}: points have the stratum {unknown[0]}, the design has {', '.join(map(str, design.ids))}.",
            "Do not change the field stratum; take it from the file that was designed.",
        )
    return Answered(
        matching=matching,
        design=design,
        strata=np.searchsorted(design.ids, own),
        reference=matching.tables["reference"][answers[chosen]].astype(np.int64),
        mapped={role: matching.tables[role][found].astype(np.int64) for role, found in ids.items()},
        unanswered=len(answers) - len(chosen),
        map_shares=_map_shares(design, maps["map"], own, ids["map"], matching),
    )


def read_answers(values: Sequence[Any], names: Mapping[int, str], path: str) -> tuple[Legend, NDArray[np.int64]]:
    """Return the legend of the answers and their ids, (N,) with -1 where nobody answered.

    Args:
        values: whole numbers are ids, as the form writes them; texts are class names; None, an empty text and 255, as a
            raster without a label gives it, are no answer.
        names: of the ids, from the design or the map.
        path: of the points, for refusals.

    Raises:
        DataError: nobody answered; a value is neither number nor name; an id is outside 0 to 254.
    """
    values = [None if v is None or str(v).strip() in _NO_ANSWER else v for v in values]
    given = [v for v in values if v is not None]
    if not given:
        raise DataError(f"{path}: no point has an answer.", "Fill in the reference class of the points in QGIS first.")
    if all(isinstance(v, str) and not v.strip().isdigit() for v in given):
        known = sorted({v.strip() for v in given})
        return Legend.from_names(known), np.array([-1 if v is None else known.index(v.strip()) for v in values])
    ids = np.array([-1 if v is None else _number(v, path) for v in values])
    outside = ids[(ids < -1) | (ids >= UNLABELLED)]
    if outside.size:
        raise DataError(f"{path}: the class {outside[0]} is outside 0 to 254.", "Choose the field that holds the class.")
    present = sorted({*names, *ids.tolist()} - {-1})
    return Legend.from_names({i: names.get(i, f"class {i}") for i in present}), ids


def _known_names(points: Points, legend: Legend) -> dict[int, str]:
    if points.design is None:
        return {c.id: c.name for c in legend}
    return {int(i): str(name) for i, name in zip(points.design["stratum"], points.design["name"], strict=True)}


def _design(points: Points, mapped: LabelRaster) -> Design:
    if points.design is not None and points.strata is not None:
        table = points.design
        ids, names = tuple(int(i) for i in table["stratum"]), tuple(str(n) for n in table["name"])
        twice = [i for i in ids if ids.count(i) > 1]
        if twice:
            raise DataError(
                f"{points.path}: the table strata lists stratum {twice[0]} twice.",
                "Take the file that was designed, unchanged.",
            )
        return Design(ids, names, table["pixels"].to_numpy(np.int64), DESIGNED)
    present = [c for c in mapped.legend if mapped.counts[c.id]]
    ids = tuple(c.id for c in present)
    return Design(ids, tuple(c.name for c in present), mapped.counts[list(ids)], BY_MAP)


def _map_shares(design: Design, mapped: LabelRaster, own: NDArray, ids: NDArray, matching: Matching) -> NDArray[np.float64]:
    """Take the map's shares from the design where its strata are the map's classes, else from a map of the same size."""
    whole = mapped.counts[:UNLABELLED]
    shares = np.zeros(len(matching.classes))
    if np.array_equal(own, ids):
        np.add.at(shares, matching.tables["map"][list(design.ids)], design.sizes / design.sizes.sum())
    elif whole.sum() == design.sizes.sum():
        used = np.flatnonzero(whole)
        np.add.at(shares, matching.tables["map"][used], whole[used] / whole.sum())
    else:
        shares[:] = np.nan
    return shares


def _ids_at(layer: LabelRaster, points: Points, chosen: NDArray, name: str) -> NDArray[np.int64]:
    """Return the map's class id under each chosen point."""
    found = np.full(len(chosen), UNLABELLED, np.int64)
    for position in np.lexsort((points.cols[chosen], points.rows[chosen])):  # in the order in which the file is stored
        point = chosen[position]
        found[position] = layer.read(Window(int(points.rows[point]), int(points.cols[point]), 1, 1))[0, 0]
    empty = np.flatnonzero(found == UNLABELLED)
    if len(empty):
        raise DataError(
            f"{points.path}: {len(empty)} of {len(chosen)} answered points lie where {name} has no class, the first is "
            f"{points.labels[chosen[empty[0]]]}.",
            "Delete these points, or assess the map that the sample was designed for.",
        )
    return found


def _number(value: Any, path: str) -> int:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if number != number or number != int(number):
        raise DataError(f"{path}: the class {value!r} is neither a whole number nor a name.", "Correct the answer.")
    return int(number)
