"""Suggest the regions whose labels teach the model most."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timezone
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine import acquisition, device
from engine.acquisition import performance
from engine.acquisition.standing import Past, Standing
from engine.campaign import earlier, history, store
from engine.contract import catalogue
from engine.contract.errors import DataError, ModelError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.suggest import SuggestSpec
from engine.geo import labels
from engine.geo.geobox import GeoBox
from engine.geo.image import Image
from engine.inference import budget, embed, execute, inputs, predict, prepare
from engine.inference.inputs import Input
from engine.inference.labelling import PERCENT, Probabilities, Views
from engine.metrics import Confusion
from engine.regions import cold_start, outline, reason, select, survey, walk
from engine.regions.units import EDGE, Settings, Units
from engine.training.survey import read_legend
from models import checkpoint
from models.card import Card
from models.model import Model

_NOTHING_BY_CLASS: dict[str, Any] = {
    "class_shares": {}, "class_weights": {}, "class_quota": 0.0, "class_offered": {}, "held_out_px": 0, "miou": None,
    "class_iou": None,
}  # fmt: skip
"""What is kept of a round that no model with the campaign's classes chose."""

_KINDS = {EDGE: "edge", 1: "region"}


def run(spec: SuggestSpec, report: Reporter) -> dict[str, Any]:
    """Write a batch of units as a campaign, or as the next round of the campaign that is there."""
    return offer(spec, report, {})


def offer(spec: SuggestSpec, report: Reporter, known: Mapping[str, Any]) -> dict[str, Any]:
    """Write a batch, and keep with its round what is `known` of how the model came about; plain values by column."""
    models = [checkpoint.load(path) for path in (spec.model, *spec.more_models) if path]
    _check_alike(spec, models)
    opened = inputs.open(
        spec.image, models[0] if models else None, report, chosen=spec.bands, extent=spec.extent, resample=spec.resample
    )
    with opened as given:
        image = given.source
        for warning in (w for model in models[1:] for w in model.accept(image)):
            report.warning(warning)
        before = earlier.rounds(spec.output, image.geobox)
        legend = earlier.classes(
            spec.output, before, read_legend(spec.legend), models[0].card.legend if models else None, spec.legend or spec.model
        )
        turn = before.last_round + 1 if before else 1
        started = time.monotonic()
        report.progress("measure", 0, 1, "image")
        table = Confusion.zeros(len(models[0].card.legend) if models else 1)
        found = _survey(spec, models, given, table, report)
        predicted = time.monotonic()
        if not len(found.units):
            raise DataError(
                f"{image.path}: there is no ground to label; {found.valid_px} pixels are valid.",
                "Choose an orthophoto with data.",
            )
        costs = select.costs_in(spec.budget_unit, found.units)
        is_open = earlier.is_open(_places(found.units), image.geobox, before)
        if models:
            batch, by_class = _doubtful(spec, models[0], image, found, table, before, turn, costs, is_open)
            by_class = by_class if earlier.is_part(models[0].card.legend, legend) else _NOTHING_BY_CLASS
        else:
            batch, by_class = _of_all_kinds(spec, found, legend, turn, costs, is_open), _NOTHING_BY_CLASS
        report.check()
        _check_batch(spec, image.path, batch, costs, is_open, report)
        layer, parts = _layers(found, batch, models[0].card if models else None, legend, image.geobox, turn)
        fingerprint = image.fingerprint()
    record = {
        "round": turn, "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "image": spec.image[0] if len(spec.image) == 1 else spec.image,
        "fingerprint": fingerprint, "model": spec.model, "model_hash": models[0].card.hash if models else "",
        "seed": spec.seed, "budget": spec.budget, "budget_unit": spec.budget_unit, "edge_share": spec.edge_share,
        "score": spec.score if models else "", "offered": len(layer), **by_class, **known,
    }  # fmt: skip
    if before is None:
        store.create(spec.output, layer, parts, legend, record)
    else:
        store.append(spec.output, layer, parts, record)
    report.artifact("campaign", spec.output)
    return {
        "round": turn,
        "offered": len(layer),
        "edge_units": int((layer["kind"] == "edge").sum()),
        "region_units": int((layer["kind"] == "region").sum()),
        "by_class": _count_by_class(found.units.take(batch.chosen), models, legend),
        "units_found": len(found.units),
        "clicks": int(layer["clicks"].sum()),
        "pixels": int(layer["pixels"].sum()),
        "class_weights": record.get("class_weights"),
        "miou": record.get("miou"),
        "class_iou": record.get("class_iou"),
        "valid_pixels": found.valid_px,
        "device": device.describe(device.resolve(spec.device)),
        "seconds_survey": round(predicted - started, 3),
        "seconds_choose": round(time.monotonic() - predicted, 3),
        "mpx_per_s": round(image.geobox.height * image.geobox.width / 1e6 / max(predicted - started, 1e-9), 3),
    }


def _survey(
    spec: SuggestSpec, models: Sequence[Model], given: Input, table: Confusion, report: Reporter
) -> survey.Survey:  # fmt: skip
    """Return the units of the orthophoto, and count held-out labels in `table` on the way."""
    image = given.source
    frame = image.geobox.frame
    if not models:
        return cold_start.find(image.read, frame.height, frame.width)
    settings = Settings(acquisition.score(spec.score), *survey.measure(image.read, frame.height, frame.width))
    pieces = _predicted(models, given, spec, report)
    legend = models[0].card.legend
    with labels.open_labels(spec.held_out, image.geobox, legend=legend) if spec.held_out else nullcontext() as held_out:
        return survey.run(_measured(pieces, held_out, table), frame.height, frame.width, settings)


def _doubtful(
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
        batch = select.choose(
            units, scores, spec.budget, spec.edge_share, key=key, turn=turn, tiles=len(found.corners),
            rarest_first=np.argsort(found.mean_probs, kind="stable"), open_to_choice=is_open, costs=costs, **part.options,
        )  # fmt: skip
    spent = np.bincount(units.quota_class[batch.chosen], weights=costs[batch.chosen], minlength=len(legend))
    named = partial(zip, legend.names, strict=True)
    return batch, {
        "class_shares": {n: round(float(p), 5) for n, p in named(found.mean_probs)},
        "class_weights": {n: round(float(w), 4) for n, w in named(weights)},
        "class_quota": round(select.QUOTA * spec.budget / len(legend), 3),
        "class_offered": {n: int(v) for n, v in named(spent)},
        "held_out_px": table.pixels,
        "miou": round(table.miou, 5) if iou is not None else None,
        "class_iou": {n: round(float(v), 5) for n, v in named(iou)} if iou is not None else None,
    }


def _of_all_kinds(
    spec: SuggestSpec, found: survey.Survey, legend: Legend, turn: int, costs: NDArray[np.int64],
    is_open: NDArray[np.bool_] | None,
) -> select.Batch:  # fmt: skip
    """Choose a batch that needs no model."""
    return cold_start.first_batch(
        found.units, spec.budget, len(legend), spec.seed, tiles=len(found.corners), turn=turn, costs=costs,
        open_to_choice=is_open,
    )  # fmt: skip


def _places(units: Units) -> tuple[tuple[NDArray, NDArray], ...]:
    """Return rows and columns of the anchors, and of the centres."""
    return (units.row, units.col), (units.center_row, units.center_col)


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


def _count_by_class(chosen: Units, models: Sequence[Model], legend: Legend) -> dict[str, int]:
    """Return how many units serve each class; nothing where no model says so."""
    names = models[0].card.legend.names if models else ()
    counts = np.bincount(chosen.quota_class, minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True)) if models else {}


def _measured(pieces: Iterator[survey.Piece], held_out: labels.Labels | None, table: Confusion) -> Iterator[survey.Piece]:
    """Hand on the pieces, and count the held-out labels under them in `table`."""
    for window, probs, data, valid in pieces:
        if held_out is not None:
            ids = np.array(held_out.legend.ids)
            reference = np.where(valid, held_out.read(window), UNLABELLED)
            if (reference != UNLABELLED).any():
                table.counts[:] += Confusion.of(
                    ids[np.argmax(probs.mean(axis=0) if probs.ndim == 4 else probs, axis=0)], reference, held_out.legend.ids
                ).counts
        yield window, probs, data, valid


def _check_batch(
    spec: SuggestSpec, image: str, batch: select.Batch, costs: NDArray[np.int64], is_open: NDArray[np.bool_] | None,
    report: Reporter,
) -> None:  # fmt: skip
    """Refuse an empty batch, and say where all that is left was offered."""
    left = costs if is_open is None else costs[is_open]
    if not len(left):
        raise DataError(f"{spec.output}: every unit of {image} was offered before.", "Label another orthophoto.")
    if not len(batch.chosen):
        raise SpecError(
            f"Budget: {spec.budget} {spec.budget_unit} pay for no unit; the cheapest costs {left.min()}.",
            f"Give --budget {left.min()} or more.",
        )
    if len(batch.chosen) == len(left) and costs[batch.chosen].sum() < spec.budget:
        report.warning(f"Only {len(left)} units could be offered; they cost {left.sum()} of {spec.budget} {spec.budget_unit}.")


def _predicted(
    models: Sequence[Model], given: Input, spec: SuggestSpec, report: Reporter
) -> Iterator[survey.Piece]:  # fmt: skip
    """Yield what the models and the image show, without margins: the survey puts them together itself."""
    if len(models) == 1 and spec.tta == "none":
        yield from _of_one(models[0], given, spec, report)
        return
    image = given.source
    where = device.resolve(spec.device)
    plans = [budget.choose(model, image, where, halo_px=model.card.halo_px) for model in models]
    core_px = max(min(min(p.tile_height, p.tile_width) - 2 * p.halo for p in plans), survey.TILE_PX)
    graph, options = (Probabilities, {}) if spec.tta == "none" else (Views, {"views": spec.tta})
    streams = [
        predict.probability_bands(
            model, image, report, margin_px=0, core_px=core_px, halo_px=plan.halo,
            make_runner=execute.runner_maker(model, graph, image, where, **options), stage="suggest",
        )
        for model, plan in zip(models, plans, strict=True)
    ]  # fmt: skip
    for tiles in zip(*streams, strict=True):
        views = [t.probs if t.probs.ndim == 4 else t.probs[None] for t in tiles]
        yield tiles[0].core, np.concatenate(views) if len(views) > 1 else views[0], tiles[0].data, tiles[0].valid


def _of_one(model: Model, given: Input, spec: SuggestSpec, report: Reporter) -> Iterator[survey.Piece]:
    """Yield what one view of one model and the image show."""
    image = given.source
    where = device.resolve("cpu" if model.is_onnx else spec.device)
    ready = prepare.prepare(model, image, where, report)
    if ready.plan.is_blended:
        yield from _blended(model, given, spec, report, ready)
        return
    core_px = max(min(ready.plan.tile_height, ready.plan.tile_width) - 2 * ready.plan.halo, survey.TILE_PX)
    make_runner = execute.runner_maker(
        model, Probabilities, image, where, runtime=ready.choice.runtime, precision=ready.choice.precision
    )
    tiles = predict.probability_bands(
        model, image, report, margin_px=0, core_px=core_px, halo_px=ready.plan.halo, make_runner=make_runner, stage="suggest"
    )
    for tile in tiles:
        yield tile.core, tile.probs, tile.data, tile.valid


def _blended(
    model: Model, given: Input, spec: SuggestSpec, report: Reporter, ready: prepare.Preparation
) -> Iterator[survey.Piece]:
    """Yield the same for a network that looks at the whole tile; the image is opened again, for it is read on two threads."""
    bands = predict.bands(model, given.source, report, ready.plan, ready.make_runner, with_probabilities=True)
    with inputs.reopen(spec.image, given.view) as again:
        for band in bands:
            data, valid = again.source.read(band.window)
            assert band.probabilities is not None
            percents = np.where(valid, band.probabilities, 0)
            yield band.window, percents.astype(np.float32) / PERCENT, data, valid


def _check_alike(spec: SuggestSpec, models: Sequence[Model]) -> None:
    """Refuse models whose answers cannot be compared: of other classes, or from ONNX, which is asked alone and as it is."""
    if len(models) > 1 or (models and (spec.tta != "none" or spec.selection in catalogue.DIVERSE)):
        for path, model in zip((spec.model, *spec.more_models), models, strict=True):
            if model.is_onnx:
                raise ModelError(
                    f"{path} is an ONNX file; it has one view and shows no features.",
                    "Leave --tta and --more-models out, and choose the selection stratified or best.",
                )
    for path, model in zip(spec.more_models, models[1:], strict=True):
        if model.card.legend.ids != models[0].card.legend.ids:
            raise ModelError(
                f"{path} knows the classes {', '.join(model.card.legend.names)}; {spec.model} knows "
                f"{', '.join(models[0].card.legend.names)}.",
                "Give models that were trained with the same legend.",
            )


def _layers(
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
