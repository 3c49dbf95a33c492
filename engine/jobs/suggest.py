"""Suggest the regions whose labels teach the model most."""

from __future__ import annotations

import importlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from engine import device
from engine.campaign import history, store
from engine.contract import catalogue
from engine.contract.errors import DataError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.suggest import SuggestSpec
from engine.geo import labels, raster
from engine.geo.geobox import GeoBox
from engine.inference import execute, predict, prepare
from engine.inference.labelling import PERCENT, Probabilities
from engine.metrics import Confusion
from engine.regions import balance, outline, reason, select, survey, walk
from engine.regions.units import EDGE, Settings, Units
from models import checkpoint
from models.model import Model

_KINDS = {EDGE: "edge", 1: "region"}


def run(spec: SuggestSpec, report: Reporter) -> dict[str, Any]:
    """Write a batch of units as a campaign, or as the next round of the campaign that is there."""
    return offer(spec, report, {})


def offer(spec: SuggestSpec, report: Reporter, known: Mapping[str, Any]) -> dict[str, Any]:
    """Write a batch, and keep with its round what is `known` of how the model came about; plain values by column."""
    model = checkpoint.load(spec.model)
    legend = model.card.legend
    score = importlib.import_module(catalogue.ACQUISITION[spec.score].module).score
    with raster.open(spec.image) as image:
        for warning in model.accept(image):
            report.warning(warning)
        before = _earlier_rounds(spec.output, legend, image.geobox)
        turn = before.last_round + 1 if before else 1
        started = time.monotonic()
        report.progress("measure", 0, 1, "image")
        frame = image.geobox.frame
        settings = Settings(score, *survey.measure(image.read, frame.height, frame.width))
        table = Confusion.zeros(len(legend))
        pieces = _predicted(model, image, spec, report)
        with labels.open_labels(spec.held_out, image.geobox, legend=legend) if spec.held_out else nullcontext() as held_out:
            found = survey.run(_measured(pieces, held_out, table), frame.height, frame.width, settings)
        predicted = time.monotonic()
        if not len(found.units):
            raise DataError(
                f"{spec.image}: there is no ground to label; {found.valid_px} pixels are valid.",
                "Choose an orthophoto with data.",
            )
        iou = balance.shrunken(table.iou, table.counts.sum(axis=1))
        weights = _weights(iou, found.mean_probs, before, legend) if table.pixels else balance.by_rarity(found.mean_probs)
        costs = select.costs_in(spec.budget_unit, found.units)
        is_open = _not_offered_yet(found.units, image.geobox, before)
        batch = select.choose(
            found.units, select.score(found.units, weights, select.CLICKS_POWER if spec.budget_unit == "clicks" else 0.0),
            spec.budget, spec.edge_share, key=f"{spec.seed}:{model.card.hash}", turn=turn, tiles=len(found.corners),
            rarest_first=np.argsort(found.mean_probs, kind="stable"), open_to_choice=is_open, costs=costs,
        )  # fmt: skip
        report.check()
        _check_batch(spec, batch, costs, is_open, report)
        layer, parts = _layers(found, batch, legend, image.geobox, turn, model.card.hash[:12])
        fingerprint = image.fingerprint()
    quota_class = found.units.quota_class[batch.chosen]
    spent = np.bincount(quota_class, weights=costs[batch.chosen], minlength=len(legend))
    quota = select.QUOTA * spec.budget / len(legend)
    named = partial(zip, legend.names, strict=True)
    record = {
        "round": turn, "created": datetime.now(timezone.utc).isoformat(timespec="seconds"), "image": spec.image,
        "fingerprint": fingerprint, "model": spec.model, "model_hash": model.card.hash, "seed": spec.seed,
        "budget": spec.budget, "budget_unit": spec.budget_unit, "edge_share": spec.edge_share, "score": spec.score,
        "offered": len(layer),
        "class_shares": {n: round(float(p), 5) for n, p in named(found.mean_probs)},
        "class_weights": {n: round(float(w), 4) for n, w in named(weights)},
        "class_quota": round(quota, 3),
        "class_offered": {n: int(v) for n, v in named(spent)},
        "held_out_px": table.pixels,
        "miou": round(table.miou, 5) if table.pixels else None,
        "class_iou": {n: round(float(v), 5) for n, v in named(iou)} if table.pixels else None,
        **known,
    }  # fmt: skip
    if before is None:
        store.create(spec.output, layer, parts, legend, record)
    else:
        store.append(spec.output, layer, parts, record)
    report.artifact("campaign", spec.output)
    counts = Counter(legend.names[c] for c in quota_class)
    return {
        "round": turn,
        "offered": len(layer),
        "edge_units": int((layer["kind"] == "edge").sum()),
        "region_units": int((layer["kind"] == "region").sum()),
        "by_class": {name: counts.get(name, 0) for name in legend.names},
        "units_found": len(found.units),
        "clicks": int(layer["clicks"].sum()),
        "pixels": int(layer["pixels"].sum()),
        "class_weights": record["class_weights"],
        "miou": record["miou"],
        "class_iou": record["class_iou"],
        "valid_pixels": found.valid_px,
        "device": device.describe(device.resolve(spec.device)),
        "seconds_survey": round(predicted - started, 3),
        "seconds_choose": round(time.monotonic() - predicted, 3),
        "mpx_per_s": round(frame.height * frame.width / 1e6 / max(predicted - started, 1e-9), 3),
    }


def _weights(
    iou: NDArray[np.float64], mean_probs: NDArray[np.float64], before: store.Campaign | None, legend: Legend
) -> NDArray[np.float64]:
    """Return class weights from what the model gets wrong, with patience for what earlier rounds asked for in vain."""
    past = [
        balance.Past(
            np.array([r["class_iou"][n] for n in legend.names]),
            np.array([r["class_offered"][n] >= int(r["class_quota"]) for n in legend.names]),
        )
        for r in (history.rounds(before) if before else [])
        if "class_iou" in r and "class_offered" in r
    ]
    return balance.by_performance(iou, mean_probs, past)


def _measured(pieces: Iterator[survey.Piece], held_out: labels.Labels | None, table: Confusion) -> Iterator[survey.Piece]:
    """Hand on the pieces, and count the held-out labels under them in `table`."""
    for window, probs, data, valid in pieces:
        if held_out is not None:
            ids = np.array(held_out.legend.ids)
            reference = np.where(valid, held_out.read(window), UNLABELLED)
            if (reference != UNLABELLED).any():
                table.counts[:] += Confusion.of(ids[np.argmax(probs, axis=0)], reference, held_out.legend.ids).counts
        yield window, probs, data, valid


def _check_batch(
    spec: SuggestSpec, batch: select.Batch, costs: NDArray[np.int64], is_open: NDArray[np.bool_] | None, report: Reporter
) -> None:
    """Refuse an empty batch, and say where all that is left was offered."""
    left = costs if is_open is None else costs[is_open]
    if not len(left):
        raise DataError(f"{spec.output}: every unit of {spec.image} was offered before.", "Label another orthophoto.")
    if not len(batch.chosen):
        raise SpecError(
            f"Budget: {spec.budget} {spec.budget_unit} pay for no unit; the cheapest costs {left.min()}.",
            f"Give --budget {left.min()} or more.",
        )
    if len(batch.chosen) == len(left) and costs[batch.chosen].sum() < spec.budget:
        report.warning(f"Only {len(left)} units could be offered; they cost {left.sum()} of {spec.budget} {spec.budget_unit}.")


def _predicted(model: Model, image: raster.Raster, spec: SuggestSpec, report: Reporter) -> Iterator[survey.Piece]:
    """Yield what the model and the image show, without margins: the survey puts them together itself."""
    where = device.resolve("cpu" if model.is_onnx else spec.device)
    ready = prepare.prepare(model, image, where, report)
    if ready.plan.is_blended:
        yield from _blended(model, image, spec, report, ready)
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
    model: Model, image: raster.Raster, spec: SuggestSpec, report: Reporter, ready: prepare.Preparation
) -> Iterator[survey.Piece]:
    """Yield the same for a network that looks at the whole tile; the raster is opened again, for it is read on two threads."""
    bands = predict.bands(model, image, report, ready.plan, ready.make_runner, with_probabilities=True)
    with raster.open(spec.image) as again:
        for band in bands:
            data, valid = again.read(band.window)
            assert band.probabilities is not None
            percents = np.where(valid, band.probabilities, 0)
            yield band.window, percents.astype(np.float32) / PERCENT, data, valid


def _earlier_rounds(path: str, legend: Legend, geobox: GeoBox) -> store.Campaign | None:
    """Return the campaign that a round is added to, or None where a new one begins.

    Raises:
        DataError: what is there is no campaign, or one with other classes or another CRS.
    """
    if not Path(path).exists():
        return None
    campaign = store.read(path)
    if campaign.legend.ids != legend.ids or campaign.legend.names != legend.names:
        raise DataError(
            f"{path} asks for the classes {', '.join(campaign.legend.names)}; the model knows {', '.join(legend.names)}.",
            "Use a model with the classes of the campaign, or begin a campaign under another name.",
        )
    if campaign.units.crs != (geobox.crs_wkt or None):
        raise DataError(
            f"{path} has another CRS than the orthophoto ({geobox.crs_name or 'none'}).",
            "Reproject the orthophoto, or begin a campaign under another name.",
        )
    return campaign


def _not_offered_yet(units: Units, geobox: GeoBox, before: store.Campaign | None) -> NDArray[np.bool_] | None:
    """Return which units lie on ground that nobody was asked about; what was skipped may be asked again."""
    if before is None:
        return None
    asked = before.units[before.units["answer"].fillna("") != "skip"].geometry
    ground = [*asked, *before.corrections.geometry]
    a, b, c, d, e, f = tuple(geobox.transform)[:6]
    tree = shapely.STRtree([g for g in ground if g is not None and not g.is_empty])
    is_open = np.ones(len(units), bool)
    for row, col in ((units.row + 0.5, units.col + 0.5), (units.center_row + 0.5, units.center_col + 0.5)):
        points = shapely.points(a * col + b * row + c, d * col + e * row + f)
        is_open[tree.query(points, predicate="within")[0]] = False
    return is_open


def _layers(
    found: survey.Survey, batch: select.Batch, legend: Legend, geobox: GeoBox, turn: int, model: str
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the batch as features in the order in which they are visited, and what the model sees inside each."""
    chosen = found.units.take(batch.chosen)
    order = walk.serpentine(chosen.center_row, chosen.center_col)
    units, ids = chosen.take(order), np.array(legend.ids)
    names = [f"{_KINDS[k]}-{r}-{c}" for k, r, c in zip(units.kind, units.row, units.col, strict=True)]
    shapes, owners, seen, parts = [], [], [], []
    for name, unit in zip(names, batch.chosen[order].tolist(), strict=True):
        window, mask, classes = found.cut_out(unit)
        place = (window.row, window.col, tuple(geobox.transform))
        shapes.append(outline.polygon(mask, *place))
        for channel in np.unique(classes[mask]):
            owners.append(name)
            seen.append(ids[channel])
            parts.append(outline.polygon(mask & (classes == channel), *place))
    columns = {
        "unit": names,
        "round": np.full(len(units), turn, np.int32),
        "rank": np.arange(1, len(units) + 1, dtype=np.int32),
        "kind": [_KINDS[k] for k in units.kind],
        "class_a": ids[units.class_a].astype(np.int32),
        "class_b": ids[units.class_b].astype(np.int32),
        "score": batch.scores[order],
        "reason": reason.sentences(units, batch.by_quota[order].tolist(), legend.names),
        "clicks": select.clicks(units).astype(np.int32),
        "pixels": units.area_px.astype(np.int32),
        "model": [model] * len(units),
    }
    predicted = {"unit": owners, "round": np.full(len(owners), turn, np.int32), "class_id": np.array(seen, np.int32)}
    crs = geobox.crs_wkt or None
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs), gpd.GeoDataFrame(predicted, geometry=parts, crs=crs)
