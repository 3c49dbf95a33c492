"""Choose the batch of a round: what would teach the model most, or ground of all kinds where there is no model yet."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import acquisition, device
from engine.acquisition import performance
from engine.acquisition.standing import Past, Standing
from engine.campaign import history, store
from engine.contract import catalogue
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.specs.suggest import SuggestSpec
from engine.geo.image import Image
from engine.inference import embed, pictures, prompts
from engine.metrics import Confusion
from engine.regions import cold_start, mix, select, survey
from models.model import Model

PICTURES_AT_ONCE = 32
_LEAST_SIDE_PX, _MOST_SIDE_PX = 64, 192

NOTHING_BY_CLASS: dict[str, Any] = {
    "class_shares": {}, "weights_by_class": {}, "class_quota": 0.0, "class_offered": {}, "held_out_px": 0, "miou": None,
    "class_iou": None,
}  # fmt: skip
"""What is kept of a round that no model with the campaign's classes chose."""


def doubtful(
    spec: SuggestSpec, model: Model, image: Image, found: survey.Survey, table: Confusion,
    before: store.Campaign | None, turn: int, costs: NDArray[np.int64], is_open: NDArray[np.bool_] | None,
) -> tuple[select.Batch, dict[str, Any]]:  # fmt: skip
    """Choose what would teach the model most; return the batch, and what is kept of it by class."""
    legend, units = model.card.legend, found.units
    iou = performance.shrunken(table.iou, table.counts.sum(axis=1)) if table.pixels else None
    standing = Standing(found.mean_probs, select.unit_share(units), iou, _past(before, legend))
    weights = acquisition.class_weights(spec.class_weights, standing)
    power = select.CLICKS_POWER if spec.budget_unit == "clicks" else 0.0
    scores = select.score(units, weights, power, aggregation=spec.aggregation, evidence=spec.edge_evidence)
    key, part = f"{spec.seed}:{model.card.hash}", catalogue.SELECTION[spec.selection]
    if spec.selection in catalogue.DIVERSE:
        listed = select.shortlist(units, scores, spec.budget, spec.edge_share, key=key, open_to_choice=is_open)
        where = device.resolve(spec.device)
        asked = [] if is_open is None else np.flatnonzero(~is_open).tolist()
        seen, asked_before = (
            embed.features(model, image.read, (found.cut_out(u)[:2] for u in which), where)
            for which in (listed.tolist(), asked)
        )
        order = importlib.import_module(part.module).order
        batch = select.diversify(
            units, scores, listed, seen, spec.budget, spec.edge_share, order=order, seed=spec.seed + turn, known=asked_before
        )
    else:
        batch = mix.choose(
            units, scores, spec.budget, spec.edge_share, classes=len(legend), seed=spec.seed, key=key, turn=turn,
            tiles=len(found.corners), rarest_first=np.argsort(found.mean_probs, kind="stable"), open_to_choice=is_open,
            costs=costs, **{"explored": spec.explored, **part.options},
        )  # fmt: skip
    spent = np.bincount(units.quota_class[batch.chosen], weights=costs[batch.chosen], minlength=len(legend))
    named = partial(zip, legend.names, strict=True)
    return batch, {
        "class_shares": {n: round(float(p), 5) for n, p in named(found.mean_probs)},
        "weights_by_class": {n: round(float(w), 4) for n, w in named(weights)},
        "class_quota": round(select.QUOTA * spec.budget / len(legend), 3),
        "class_offered": {n: int(v) for n, v in named(spent)},
        "held_out_px": table.pixels,
        "miou": round(table.miou, 5) if iou is not None else None,
        "class_iou": {n: round(float(v), 5) for n, v in named(iou)} if iou is not None else None,
    }


def of_all_kinds(
    spec: SuggestSpec, found: survey.Survey, legend: Legend, turn: int, costs: NDArray[np.int64],
    is_open: NDArray[np.bool_] | None,
) -> select.Batch:  # fmt: skip
    """Choose a batch that needs no model."""
    return cold_start.first_batch(
        found.units, spec.budget, len(legend), spec.seed, tiles=len(found.corners), turn=turn, costs=costs,
        open_to_choice=is_open,
    )  # fmt: skip


def by_prompts(
    spec: SuggestSpec, ask: prompts.Ask, image: Image, found: survey.Survey, legend: Legend, turn: int,
    costs: NDArray[np.int64], is_open: NDArray[np.bool_] | None, report: Reporter,
) -> select.Batch:  # fmt: skip
    """Choose a batch by what a prompt model expects around a part of the units; `PICTURES_AT_ONCE` are in memory."""
    units = found.units
    listed = cold_start.shortlist(units, spec.budget, len(legend), spec.seed, turn=turn, costs=costs, open_to_choice=is_open)
    places = list(zip(units.center_row[listed].tolist(), units.center_col[listed].tolist(), strict=True))
    side_px = _side(units.area_px[listed])
    shown = pictures.rendering(image, places, side_px)
    bands = ", ".join(image.bands[b] for b in shown.bands)
    report.message(f"The prompt model sees {bands} as red, green and blue, in pictures of {side_px} x {side_px} px.")
    probs = np.zeros((len(listed), len(legend)), np.float32)
    for start in range(0, len(listed), PICTURES_AT_ONCE):
        report.progress("suggest", start, len(listed), "pictures")
        part = slice(start, start + PICTURES_AT_ONCE)
        probs[part] = ask(pictures.cut(image, shown, places[part], side_px))
    report.progress("suggest", len(listed), len(listed), "pictures")
    return cold_start.by_prompts(
        units, listed, probs, legend.names, spec.budget, spec.seed, tiles=len(found.corners), turn=turn, costs=costs
    )


def _side(area_px: NDArray[np.int32]) -> int:
    """Return the side of a picture, three times that of the usual unit in steps of 16 px: the unit with what is around it."""
    usual = float(np.median(area_px)) ** 0.5 if len(area_px) else 0.0
    return int(np.clip(16 * round(3 * usual / 16), _LEAST_SIDE_PX, _MOST_SIDE_PX))


def _past(before: store.Campaign | None, legend: Legend) -> tuple[Past, ...]:
    """Return what earlier rounds of the same classes were short of."""
    return tuple(
        Past(
            np.array([r["class_iou"][n] for n in legend.names]),
            np.array([r["class_offered"][n] >= int(r["class_quota"]) for n in legend.names]),
        )
        for r in (history.rounds(before) if before else [])
        if "class_offered" in r and set(r.get("class_iou", ())) == set(legend.names)
    )
