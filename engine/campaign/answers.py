"""From answers to labelled ground: every feature becomes labels, or is named with what to do about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

from engine.campaign import form
from engine.campaign.store import Campaign
from engine.contract.campaign import CONFIRM, ONE_CLASS, REDRAW, UNSURE
from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend

OPEN = "open"
"""The status of a unit that waits for an answer."""

_SLIVER_PX, _SLIVER_REACH_PX = 16, 4096


@dataclass
class Ground:
    """Labelled polygons in the order in which they are painted, the last on top, and what was noticed.

    Args:
        polygons: in the CRS of the campaign.
        ids: class of each; UNLABELLED wipes what lies below, where a person could not tell.
        sources: the feature that each came from.
        held_out: whether each is kept out of the labels, to measure with.
        unused: features that gave no label: what, which, and the next step.
        noticed: features that were used in a way worth knowing.
        answered: units by answer.
    """

    polygons: list[BaseGeometry] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    held_out: list[bool] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    noticed: list[str] = field(default_factory=list)
    answered: dict[str, int] = field(default_factory=lambda: dict.fromkeys([a for a in form.ANSWERS if a], 0))

    def add(self, polygon: BaseGeometry, class_id: int, source: str, held_out: bool = False) -> None:
        """Paint a polygon over what was painted before."""
        self.polygons.append(polygon)
        self.ids.append(class_id)
        self.sources.append(source)
        self.held_out.append(held_out)

    @property
    def digest(self) -> str:
        """Return a hash of what would be painted: equal for the same answers, however often the file was opened."""
        digest = hashlib.sha256()
        for polygon, class_id, held_out in zip(self.polygons, self.ids, self.held_out, strict=True):
            digest.update(shapely.to_wkb(polygon) + bytes((class_id, held_out)))
        return digest.hexdigest()


def is_held_out(unit: str, share: float) -> bool:
    """Return whether a unit's answer is for measuring; it follows from the unit's name, so it holds in every round."""
    return int.from_bytes(hashlib.sha256(unit.encode()).digest()[:8], "big") < share * 2**64


def check_crs(campaign: Campaign, crs_wkt: str, crs_name: str, path: str) -> None:
    """Refuse a campaign with a layer in another CRS than the orthophoto.

    Raises:
        DataError: says which layer.
    """
    for name in ("units", "borders", "corrections", "points"):
        crs = getattr(campaign, name).crs
        if crs != (crs_wkt or None):
            raise DataError(
                f"{path}: the layer {name} has the CRS {crs.to_string() if crs else 'none'}; the orthophoto has "
                f"{crs_name or 'none'}.",
                "Give the orthophoto of the campaign, or put the layer back into the campaign's CRS.",
            )


def ground(campaign: Campaign, pixel: tuple[float, ...], extent: BaseGeometry, held_out_share: float = 0.0) -> Ground:
    """Return what people said of the ground: older rounds first, then free corrections, then points.

    Args:
        campaign: from `store.read`.
        pixel: the first six numbers of the orthophoto's transform; a point labels the pixel that it lies in.
        extent: outline of the orthophoto.
        held_out_share: share of the units that is kept out of the labels; free corrections and points are all labels.
    """
    made = Ground()
    for unit in campaign.units.sort_values(["round", "rank"], kind="stable").itertuples():
        _unit(made, unit, campaign, is_held_out(unit.unit, held_out_share))
    for feature in campaign.corrections.itertuples():
        _correction(made, feature, campaign.legend, f"corrections, feature {_fid(feature)}")
    for feature in campaign.points.itertuples():
        name = f"points, feature {_fid(feature)}"
        if feature.geometry is None or feature.geometry.is_empty:
            made.unused.append(f"{name} has no place; delete it or set it again.")
        elif (class_id := _class_id(made, feature.class_id, campaign.legend, name)) is not None:
            made.add(_pixel_at(feature.geometry, pixel), class_id, name)
    orphans = set(campaign.borders["unit"].fillna("")) - set(campaign.units["unit"])
    made.unused.extend(
        f"borders, feature {_fid(f)} names no unit of the campaign ({f.unit!r}); write the unit's name in the field unit."
        for f in campaign.borders.itertuples()
        if (f.unit if isinstance(f.unit, str) else "") in orphans
    )
    _check_places(made, extent)
    _check_slivers(made, pixel)
    _check_overlaps(made)
    return made


def _unit(made: Ground, unit: Any, campaign: Campaign, held_out: bool) -> None:
    """Add what was answered to one unit."""
    name = f"units, {unit.unit} (round {unit.round}, rank {unit.rank})"
    answer = unit.answer.strip().lower() if isinstance(unit.answer, str) else ""
    if not answer and not pd.isna(unit.class_id):
        made.noticed.append(f"{name} has a class but no answer; it counts as one class.")
        answer = ONE_CLASS
    drawn = campaign.borders[campaign.borders["unit"] == unit.unit]
    if not answer and len(drawn):
        made.noticed.append(f"{name} has a redrawn border but no answer; it counts as redrawn.")
        answer = REDRAW
    if not answer:
        if isinstance(unit.status, str) and unit.status not in ("", OPEN):
            made.unused.append(f"{name} is marked {unit.status!r} but has no answer; choose one of {', '.join(made.answered)}.")
        return
    if answer not in made.answered:
        made.unused.append(f"{name} has the answer {unit.answer!r}; choose one of {', '.join(made.answered)}.")
        return
    made.answered[answer] += 1
    if _is_late(unit, campaign):
        made.noticed.append(f"{name} was answered after a newer round was suggested; it counts, and no unit was saved by it.")
    if answer == ONE_CLASS:
        class_id = _class_id(made, unit.class_id, campaign.legend, name)
        if class_id is not None:
            made.add(unit.geometry, class_id, name, held_out)
    elif answer == CONFIRM:
        seen = campaign.predictions[(campaign.predictions["unit"] == unit.unit) & (campaign.predictions["round"] == unit.round)]
        is_split = ((campaign.units["unit"] == unit.unit) & (campaign.units["round"] == unit.round)).sum() > 1
        for part in seen.itertuples():
            shape = part.geometry.intersection(unit.geometry) if is_split else part.geometry
            if not shape.is_empty:
                made.add(shape, int(part.class_id), name, held_out)
        if seen.empty:
            made.unused.append(f"{name} was confirmed, but its prediction was deleted; choose its class instead.")
    elif answer == REDRAW:
        _redrawn(made, unit, drawn, campaign.legend, name, held_out)
    elif answer == UNSURE:
        made.add(unit.geometry, UNLABELLED, name, held_out)


def _is_late(unit: Any, campaign: Campaign) -> bool:
    """Return whether a unit was answered when the next round was there already."""
    later = campaign.rounds.loc[campaign.rounds["round"] > unit.round, "created"] if "created" in campaign.rounds else ()
    if pd.isna(unit.answered) or not len(later):
        return False
    return bool(pd.to_datetime(unit.answered, utc=True) > pd.to_datetime(later, utc=True).min())


def _redrawn(made: Ground, unit: Any, drawn: gpd.GeoDataFrame, legend: Legend, name: str, held_out: bool) -> None:
    """Cut a unit along its redrawn borders; each piece gets the class of the border's side that it lies on."""
    if drawn.empty:
        made.unused.append(
            f"{name} is answered as redrawn, but no border names it; draw it, with {unit.unit} in its field unit."
        )
        return
    lines = [
        (line, f"borders, feature {_fid(border)}", border)
        for border in drawn.itertuples()
        for line in shapely.get_parts(border.geometry)
    ]
    pieces = list(shapely.get_parts(unit.geometry))
    for line, _, _ in lines:
        pieces = [part for piece in pieces for part in shapely.get_parts(split(piece, line)) if part.geom_type == "Polygon"]
    if len(pieces) == len(shapely.get_parts(unit.geometry)):
        made.unused.append(f"{name}: its redrawn border does not cross it; draw the line from one side to the other.")
        return
    for piece in pieces:
        inside = piece.representative_point()
        line, border_name, border = min(lines, key=lambda item: item[0].distance(inside))
        side = border.class_left if _is_left(line, inside) else border.class_right
        class_id = _class_id(made, side, legend, f"{border_name} of {name}")
        if class_id is not None:
            made.add(piece, class_id, name, held_out)


def _is_left(line: BaseGeometry, point: BaseGeometry) -> bool:
    """Return whether a point lies on the left of a line, seen along its drawing direction."""
    along = shapely.line_locate_point(line, point)
    step = min(line.length, 1e-3 * max(line.length, point.distance(line)))
    start = shapely.line_interpolate_point(line, max(along - step, 0))
    end = shapely.line_interpolate_point(line, min(along + step, line.length))
    return (end.x - start.x) * (point.y - start.y) - (end.y - start.y) * (point.x - start.x) > 0


def _correction(made: Ground, feature: Any, legend: Legend, name: str) -> None:
    shape = feature.geometry
    if shape is None or shape.is_empty:
        made.unused.append(f"{name} has no geometry; delete it or draw it again.")
        return
    class_id = _class_id(made, feature.class_id, legend, name)
    if class_id is None:
        return
    if not shape.is_valid:
        made.noticed.append(f"{name} crosses itself; it was repaired ({shapely.is_valid_reason(shape)}).")
        shape = shapely.make_valid(shape)
    made.add(shape, class_id, name)


def _class_id(made: Ground, value: Any, legend: Legend, name: str) -> int | None:
    """Return a class id of the legend; else name the feature."""
    if pd.isna(value):
        made.unused.append(f"{name} has no class; choose one of {', '.join(legend.names)}.")
        return None
    if int(value) not in legend.ids:
        known = ", ".join(f"{c.id} {c.name}" for c in legend)
        made.unused.append(f"{name} has class {int(value)}; the legend has {known}. Choose one of them.")
        return None
    return int(value)


def _check_places(made: Ground, extent: BaseGeometry) -> None:
    """Name the features that lie outside the orthophoto."""
    if not made.polygons:
        return
    shapes = np.array(made.polygons, dtype=object)
    shapely.prepare(extent)
    for k in np.flatnonzero(~shapely.intersects(extent, shapes)):
        made.unused.append(f"{made.sources[k]} lies outside the orthophoto; check its place and the CRS it was drawn in.")
    for k in np.flatnonzero(shapely.intersects(extent, shapes) & ~shapely.covers(extent.buffer(1e-6 * extent.length), shapes)):
        made.noticed.append(f"{made.sources[k]} reaches beyond the orthophoto; the part inside counts.")


def _check_slivers(made: Ground, pixel: tuple[float, ...]) -> None:
    """Name the small features that hold no pixel's centre."""
    a, b, c, d, e, f = pixel[:6]
    area = a * e - b * d
    for polygon, source in zip(made.polygons, made.sources, strict=True):
        if polygon.is_empty or polygon.area > _SLIVER_PX * abs(area):
            continue
        points = shapely.get_coordinates(polygon)
        col = (e * (points[:, 0] - c) - b * (points[:, 1] - f)) / area
        row = (a * (points[:, 1] - f) - d * (points[:, 0] - c)) / area
        cols, rows = (np.arange(np.floor(v.min()), np.ceil(v.max())) + 0.5 for v in (col, row))
        i, j = np.meshgrid(cols[:_SLIVER_REACH_PX], rows[:_SLIVER_REACH_PX])
        if not shapely.contains_xy(polygon, a * i + b * j + c, d * i + e * j + f).any():
            made.unused.append(f"{source} is a sliver that holds no pixel; delete it or draw it wider.")


def _check_overlaps(made: Ground) -> None:
    """Name the free corrections of different classes that cover the same ground."""
    for a, b in _overlapping(made):
        made.noticed.append(
            f"{made.sources[a]} and {made.sources[b]} cover the same ground with other classes; the second counts."
        )


def _overlapping(made: Ground) -> Iterator[tuple[int, int]]:
    drawn = [k for k, source in enumerate(made.sources) if source.startswith("corrections")]
    shapes = [made.polygons[k] for k in drawn]
    if len(shapes) < 2:
        return
    for a, b in shapely.STRtree(shapes).query(np.array(shapes, dtype=object), predicate="intersects").T:
        one, other = drawn[a], drawn[b]
        if one < other and made.ids[one] != made.ids[other] and shapely.intersection(shapes[a], shapes[b]).area > 0:
            yield one, other


def _pixel_at(point: BaseGeometry, pixel: tuple[float, ...]) -> BaseGeometry:
    """Return the pixel that a point lies in, as a polygon."""
    a, b, c, d, e, f = pixel[:6]
    x, y, area = point.x - c, point.y - f, a * e - b * d
    col, row = np.floor((e * x - b * y) / area), np.floor((a * y - d * x) / area)
    corners = [(col, row), (col + 1, row), (col + 1, row + 1), (col, row + 1)]
    return shapely.Polygon([(a * i + b * j + c, d * i + e * j + f) for i, j in corners])


def _fid(feature: Any) -> str:
    """Return the number under which QGIS shows a feature, and its file where there are several."""
    return f"{feature.Index} of {feature.file}" if hasattr(feature, "file") else str(feature.Index)
