"""A chosen batch as a campaign shows it: features in the order of a walk, with their reasons and what the model sees."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from engine.campaign import earlier
from engine.contract.legend import Legend
from engine.geo.geobox import GeoBox
from engine.regions import cold_start, outline, reason, select, survey, walk
from engine.regions.units import EDGE
from models.card import Card

_KINDS = {EDGE: "edge", 1: "region"}


def layers(
    found: survey.Survey, batch: select.Batch, card: Card | None, legend: Legend, geobox: GeoBox, turn: int
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the batch as features in the order in which they are visited, and what the model sees inside each.

    Without a model, or with one of other classes, no class is foretold.
    """
    chosen = found.units.take(batch.chosen)
    order = walk.serpentine(chosen.center_row, chosen.center_col)
    units = chosen.take(order)
    is_foretold = card is not None and earlier.is_part(card.legend, legend)
    ids = pd.array(card.legend.ids if is_foretold and card else [pd.NA] * units.shares.shape[1], dtype="Int32")
    names = [f"{_KINDS[k]}-{r}-{c}" for k, r, c in zip(units.kind, units.row, units.col, strict=True)]
    shapes, owners, seen, parts = [], [], [], []
    for name, unit in zip(names, batch.chosen[order].tolist(), strict=True):
        window, mask, classes = found.cut_out(unit)
        place = (window.row, window.col, tuple(geobox.transform))
        shapes.append(outline.polygon(mask, *place))
        for channel in np.unique(classes[mask]) if is_foretold else ():
            owners.append(name)
            seen.append(ids[int(channel)])
            parts.append(outline.polygon(mask & (classes == channel), *place))
    why = reason.sentences(units, batch.by_quota[order].tolist(), card.legend.names) if card else cold_start.sentences(units)
    if batch.reasons:
        why = [batch.reasons[k] or general for k, general in zip(order.tolist(), why, strict=True)]
    columns = {
        "unit": names,
        "round": np.full(len(units), turn, np.int32),
        "rank": np.arange(1, len(units) + 1, dtype=np.int32),
        "kind": [_KINDS[k] for k in units.kind],
        "class_a": ids[units.class_a],
        "class_b": ids[units.class_b],
        "score": batch.scores[order],
        "reason": why,
        "clicks": select.clicks(units).astype(np.int32),
        "pixels": units.area_px.astype(np.int32),
        "model": [card.hash[:12] if card else ""] * len(units),
    }
    predicted = {"unit": owners, "round": np.full(len(owners), turn, np.int32), "class_id": np.array(seen, np.int32)}
    crs = geobox.crs_wkt or None
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs), gpd.GeoDataFrame(predicted, geometry=parts, crs=crs)
