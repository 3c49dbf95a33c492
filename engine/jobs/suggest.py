"""Suggest the regions whose labels teach the model most."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import acquisition, device
from engine.campaign import batch, choice, earlier, store
from engine.contract import catalogue
from engine.contract.errors import DataError, ModelError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.suggest import SuggestSpec
from engine.geo import labels
from engine.inference import inputs, pieces, prompts
from engine.inference.inputs import Input
from engine.metrics import Confusion
from engine.regions import cold_start, select, survey
from engine.regions.units import Settings, Units
from engine.training.survey import read_legend
from models import checkpoint
from models.model import Model


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
        ask = None
        if spec.prompt_model:
            ask = prompts.load(spec.prompt_model, prompts.texts(spec.prompts, legend.names), device.resolve(spec.device))
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
            picked, by_class = choice.doubtful(spec, models[0], image, found, table, before, turn, costs, is_open)
            by_class = by_class if earlier.is_part(models[0].card.legend, legend) else choice.NOTHING_BY_CLASS
        elif ask:
            picked = choice.by_prompts(spec, ask, image, found, legend, turn, costs, is_open, report)
            by_class = choice.NOTHING_BY_CLASS
        else:
            picked, by_class = choice.of_all_kinds(spec, found, legend, turn, costs, is_open), choice.NOTHING_BY_CLASS
        report.check()
        _check_batch(spec, image.path, picked, costs, is_open, report)
        layer, parts = batch.layers(found, picked, models[0].card if models else None, legend, image.geobox, turn)
        fingerprint = image.fingerprint()
    record = {
        "round": turn, "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "image": spec.image[0] if len(spec.image) == 1 else spec.image,
        "fingerprint": fingerprint, "model": spec.model, "model_hash": models[0].card.hash if models else "",
        "seed": spec.seed, "budget": spec.budget, "budget_unit": spec.budget_unit, "edge_share": spec.edge_share,
        "score": spec.score if models else "", "class_weights": spec.class_weights if models else "",
        "prompt_model": spec.prompt_model, "prompts": spec.prompts,
        "offered": len(layer), **by_class, **known,
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
        "by_class": _count_by_class(found.units.take(picked.chosen), models, legend),
        "units_found": len(found.units),
        "clicks": int(layer["clicks"].sum()),
        "pixels": int(layer["pixels"].sum()),
        "weights_by_class": record.get("weights_by_class"),
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
    seen = pieces.pieces(
        models, given, report, paths=spec.image, tta=spec.tta, device_name=spec.device, least_core_px=survey.TILE_PX,
        stage="suggest",
    )  # fmt: skip
    legend = models[0].card.legend
    with labels.open_labels(spec.held_out, image.geobox, legend=legend) if spec.held_out else nullcontext() as held_out:
        return survey.run(_measured(seen, held_out, table), frame.height, frame.width, settings)


def _places(units: Units) -> tuple[tuple[NDArray, NDArray], ...]:
    """Return rows and columns of the anchors, and of the centres."""
    return (units.row, units.col), (units.center_row, units.center_col)


def _count_by_class(chosen: Units, models: Sequence[Model], legend: Legend) -> dict[str, int]:
    """Return how many units serve each class; nothing where no model says so."""
    names = models[0].card.legend.names if models else ()
    counts = np.bincount(chosen.quota_class, minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True)) if models else {}


def _measured(seen: Iterator[survey.Piece], held_out: labels.Labels | None, table: Confusion) -> Iterator[survey.Piece]:
    """Hand on the pieces, and count the held-out labels under them in `table`."""
    for window, probs, data, valid in seen:
        if held_out is not None:
            ids = np.array(held_out.legend.ids)
            reference = np.where(valid, held_out.read(window), UNLABELLED)
            if (reference != UNLABELLED).any():
                table.counts[:] += Confusion.of(
                    ids[np.argmax(probs.mean(axis=0) if probs.ndim == 4 else probs, axis=0)], reference, held_out.legend.ids
                ).counts
        yield window, probs, data, valid


def _check_batch(
    spec: SuggestSpec, image: str, picked: select.Batch, costs: NDArray[np.int64], is_open: NDArray[np.bool_] | None,
    report: Reporter,
) -> None:  # fmt: skip
    """Refuse an empty batch, and say where all that is left was offered."""
    left = costs if is_open is None else costs[is_open]
    if not len(left):
        raise DataError(f"{spec.output}: every unit of {image} was offered before.", "Label another orthophoto.")
    if not len(picked.chosen):
        raise SpecError(
            f"Budget: {spec.budget} {spec.budget_unit} pay for no unit; the cheapest costs {left.min()}.",
            f"Give --budget {left.min()} or more.",
        )
    if len(picked.chosen) == len(left) and costs[picked.chosen].sum() < spec.budget:
        report.warning(f"Only {len(left)} units could be offered; they cost {left.sum()} of {spec.budget} {spec.budget_unit}.")


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
