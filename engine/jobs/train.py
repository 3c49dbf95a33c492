"""Train a network from orthophotos and labels."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

import models
from engine import atomic, device, record
from engine.contract.errors import Cancelled, ModelError, SpecError
from engine.contract.events import Reporter
from engine.contract.specs.train import TrainSpec
from engine.geo import raster
from engine.inference import figures as inference_figures
from engine.metrics import Confusion
from engine.training import census, chips, loop, resume, scaling, survey, validate
from engine.training.objective import Objective, Teacher
from engine.training.scene import Reader, Scene
from models import checkpoint, receptive_field, transfer
from models.card import Card
from models.model import Model

VALIDATIONS, MIN_VALIDATE_STEPS = 10, 100
GSD_SLACK = 2.0
"""Beyond the scales it saw, a network is let near pixels twice as small or large; further off it is refused."""

PSEUDOLABELS_SHARE = 0.5
"""Share of each batch drawn from anywhere in orthophotos with pseudo-labels; the rest is drawn where people answered."""

BLOCK_CACHE_BYTES = 512 * 2**20
"""Chips come from anywhere, so blocks are read again and again: 100 Mpx of three bands and labels stay decoded."""

_TILE_CORE_PX = 768
PROBE_AFTER_SECONDS = 600.0
"""A training that took longer is worth a minute of measuring what halo and runtime change; others leave it to `segment`."""


@dataclasses.dataclass(frozen=True, eq=False)
class Lesson:
    """What distilling adds to training.

    Args:
        teachers: frozen networks.
        weights: weight of each distillation loss, by word.
        unlabelled: orthophotos without labels.
        share: share of each batch drawn from them.
        taught: for each orthophoto the raster of what the teachers say of it; empty where they are asked for every chip.
    """

    teachers: Sequence[Teacher] = ()
    weights: Mapping[str, float] = dataclasses.field(default_factory=dict)
    unlabelled: Sequence[Scene] = ()
    share: float = 0.0
    taught: Mapping[str, str] = dataclasses.field(default_factory=dict)


def run(spec: TrainSpec, report: Reporter) -> dict[str, Any]:
    """Write the best weights by validation as the model, and the last ones beside it."""
    return learn(spec, report, lambda ground: Lesson())


def learn(spec: TrainSpec, report: Reporter, prepare: Callable[[survey.Survey], Lesson]) -> dict[str, Any]:
    """Train, with what `prepare` adds for the surveyed ground; write the models and return their figures."""
    where = device.resolve(spec.device)
    _check_batch(spec)
    begun = _begun(spec) if spec.start else None
    if begun:
        spec = dataclasses.replace(spec, network=begun.card.network, encoder_weights="none")
    ground, apart = _survey(spec, begun, report)
    lesson = _with_pseudolabels(spec, ground, prepare(ground))
    held_out = None if apart else census.hold_out(ground.counts, spec.seed)
    if not apart and held_out is None:
        report.warning(
            "There is too little labelled ground to keep a part for validation; the model is not measured. "
            "Give validation orthophotos, or label more places."
        )
    scenes = [*_told(ground.scenes, spec.pseudolabels), *lesson.unlabelled]
    scenes = [dataclasses.replace(s, taught=lesson.taught.get(s.image, "")) for s in scenes]
    with contextlib.ExitStack() as stack:
        stack.enter_context(atomic.lock(spec.output))
        stack.enter_context(raster.block_cache(BLOCK_CACHE_BYTES))
        reader = stack.enter_context(Reader(scenes))
        torch.manual_seed(spec.seed)
        if begun:
            bands, network = begun.card.scaling, begun.network
        else:
            bands = scaling.measure(reader, [s.size for s in ground.scenes], spec.seed)
            network = models.build(spec.network, len(ground.bands), len(ground.legend), spec.encoder_weights)
        network.to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]
        objective = Objective(
            spec.loss, len(ground.legend), network.feature_channels, bands, lesson.teachers, lesson.weights
        ).to_device(where)
        dtype = device.autocast_dtype(where) if getattr(network, "bf16_training_safe", True) else None
        report.message(f"Training on {device.describe(where)}.")
        plan = _plan(spec)
        training = loop.begin(network, objective, plan)
        state, key = Path(f"{spec.output}.resume"), _key(spec)
        if told := resume.load(state, training, key):
            report.message(told)
        ward = _ward(stack, ground, apart, held_out)

        def measure(tested: nn.Module, quick: bool = True) -> Confusion:
            assert ward is not None
            return validate.measure(tested, ward, bands, len(ground.legend), where, dtype, report, quick=quick)

        source = _source(spec, reader, ground, held_out, lesson, scenes)
        batches = source.batches(training.step, spec.iterations, _reading_threads(where))
        stack.enter_context(contextlib.closing(batches))  # type: ignore[type-var]
        try:
            loop.run(
                training, plan, batches, bands, where, dtype, report,
                measure if ward else None, lambda t: resume.save(state, t, key),
            )  # fmt: skip
            tables = _compare(training, measure) if ward else {}
        except Cancelled:
            if training.step:
                resume.save(state, training, key)
            raise
        except ModelError:
            atomic.remove(state)  # what became NaN would become NaN again
            raise
    shares = training.pace.shares()
    if lesson.teachers and shares:
        report.message(f"Asking the teachers took {shares['teachers']:.0%} of a step, all losses {shares['losses']:.0%}.")
    summary = _write(spec, ground, bands, training, tables, where, report)
    atomic.remove(state)
    return summary


def _begun(spec: TrainSpec) -> Model:
    """Return the model to train further, for the classes of the legend where one is given."""
    model = checkpoint.load(spec.start, training=True)
    if not spec.legend:
        return model
    torch.manual_seed(spec.seed)
    legend = survey.read_legend(spec.legend)
    assert legend is not None
    return transfer.to_classes(model, legend)


def _survey(spec: TrainSpec, begun: Model | None, report: Reporter) -> tuple[survey.Survey, survey.Survey | None]:
    pairs = survey.pair(spec.images, spec.labels)
    apart = survey.pair(spec.validation_images, spec.validation_labels, "Validation labels")
    legend = begun.card.legend if begun else survey.read_legend(spec.legend)
    knows_classes = begun is not None and not spec.legend
    found = survey.survey(pairs, apart, spec.class_field, legend, report, every_class=not knows_classes)
    if begun:
        for path in (*spec.images, *spec.validation_images):
            with raster.open(path) as image:
                for warning in begun.accept(image):
                    report.warning(warning)
    return found


def _told(scenes: Sequence[Scene], pseudolabels: Sequence[str]) -> list[Scene]:
    """Return the scenes with their pseudo-labels, where there are any."""
    if not pseudolabels:
        return list(scenes)
    return [dataclasses.replace(s, pseudolabels=p) for s, p in zip(scenes, pseudolabels, strict=True)]


def _with_pseudolabels(spec: TrainSpec, ground: survey.Survey, lesson: Lesson) -> Lesson:
    """Return the lesson with chips from anywhere in the orthophotos that have pseudo-labels, far from every answer too."""
    if not spec.pseudolabels:
        return lesson
    anywhere = [dataclasses.replace(s, labels="") for s in _told(ground.scenes, spec.pseudolabels)]
    return dataclasses.replace(
        lesson, unlabelled=[*lesson.unlabelled, *anywhere], share=lesson.share if lesson.unlabelled else PSEUDOLABELS_SHARE
    )


def _check_batch(spec: TrainSpec) -> None:
    if spec.batch * (spec.chip // 32) ** 2 < 2:
        raise SpecError(
            f"Batch: {spec.batch} chip of {spec.chip} px leaves batch normalization a single value.",
            "Use a larger batch, or chips of at least 64 px.",
        )


def _plan(spec: TrainSpec) -> loop.Plan:
    every = max(MIN_VALIDATE_STEPS, -(-spec.iterations // VALIDATIONS))
    return loop.Plan(
        spec.iterations, spec.learning_rate, spec.weight_decay, spec.schedule, spec.ema, spec.seed, spec.chip, every
    )


def _source(
    spec: TrainSpec, reader: Reader, ground: survey.Survey, held_out: Sequence[Any] | None, lesson: Lesson,
    scenes: Sequence[Scene],
) -> chips.Source:  # fmt: skip
    places = chips.Ground(ground.counts, held_out or [None] * len(ground.scenes))
    style = chips.Style(spec.chip, spec.scale_jitter, spec.photometric, spec.balanced)
    unlabelled = min(round(spec.batch * lesson.share), spec.batch - 1) if lesson.unlabelled else 0
    return chips.Source(reader, [s.size for s in scenes], places, style, spec.batch, unlabelled, spec.seed)


def _reading_threads(where: torch.device) -> int:
    return 1 if where.type == "cpu" else min(8, os.cpu_count() or 1)


def _ward(
    stack: contextlib.ExitStack, ground: survey.Survey, apart: survey.Survey | None, held_out: Sequence[Any] | None
) -> validate.Ward | None:
    if apart:
        labelled = [c.sum(axis=-1) > 0 for c in apart.counts]
        return validate.Ward(stack.enter_context(Reader(apart.scenes)), apart.scenes, labelled)
    if held_out is None:
        return None
    labelled = [(c.sum(axis=-1) > 0) & h for c, h in zip(ground.counts, held_out, strict=True)]
    return validate.Ward(stack.enter_context(Reader(ground.scenes)), ground.scenes, labelled)


def _compare(training: loop.Training, measure: Callable[[nn.Module, bool], Confusion]) -> dict[str, Confusion]:
    """Measure last and best weights on all validation ground; leave the better of them in `training.best`."""
    last = {n: t.detach().cpu().clone() for n, t in training.average.state_dict().items()}
    tables = {"last": measure(training.average, False)}
    tables["best"] = tables["last"]
    if training.best and training.history and training.best_miou > training.history[-1][1]:
        training.average.load_state_dict(training.best)
        tables["best"] = measure(training.average, False)
        training.average.load_state_dict(last)
    if not tables["best"].miou > tables["last"].miou:
        tables["best"], training.best = tables["last"], last
    return tables


def _write(
    spec: TrainSpec, ground: survey.Survey, bands: scaling.Scaling, training: loop.Training,
    tables: Mapping[str, Confusion], where: torch.device, report: Reporter,
) -> dict[str, Any]:  # fmt: skip
    last_path = str(Path(spec.output).with_suffix(".last.safetensors"))
    network = training.average.cpu().eval()
    figures = {name: _figures(table, ground.legend.names) for name, table in tables.items()}
    card = _card(spec, ground, bands, network, training)
    checkpoint.save(last_path, network, dataclasses.replace(card, measured={"validation": figures.get("last", {})}))
    network.load_state_dict(training.best or network.state_dict())
    of_tiles = _probe(network, card, ground, where, training.seconds, report)
    measured = {"validation": figures.get("best", {}), **of_tiles}
    card = checkpoint.save(spec.output, network, dataclasses.replace(card, measured=measured))
    report.artifact("model", spec.output)
    report.artifact("last model", last_path)
    return {
        "network": spec.network,
        "parameters": sum(p.numel() for p in network.parameters()),
        "classes": list(ground.legend.names),
        "iterations": training.step,
        "seconds": round(training.seconds, 3),
        "time": training.pace.shares(),
        "validation": figures,
        "last_model": last_path,
        "hash": card.hash,
    }


def _probe(
    network: Any, card: Card, ground: survey.Survey, where: torch.device, seconds: float, report: Reporter
) -> dict[str, Any]:
    """Return what halo and runtime change, measured on the largest orthophoto."""
    if seconds < PROBE_AFTER_SECONDS:
        return {}
    report.message("Measuring what the margin of a tile and the runtime change.")
    largest = max(ground.scenes, key=lambda scene: min(scene.size))
    with raster.open(largest.image) as image:
        return inference_figures.measure(Model(network.reparameterized(), card), image, where, report)


def _card(spec: TrainSpec, ground: survey.Survey, bands: scaling.Scaling, network: Any, training: loop.Training) -> Card:
    halo_px = receptive_field.halo_px(network)
    return Card(
        network=spec.network,
        bands=ground.bands,
        scaling=bands,
        dtype=ground.dtype,
        gsd_m=_gsd_range(ground, spec.scale_jitter),
        legend=ground.legend,
        halo_px=halo_px,
        tile_px=_TILE_CORE_PX + 2 * halo_px,
        grade="exact" if network.is_local else "blended",
        training={
            "job": spec.job,
            "spec": spec.to_dict(),
            "versions": record.versions(),
            "inputs": {path: record.fingerprint(path) for path in spec.inputs()},
            "iterations": training.step,
            "seconds": round(training.seconds, 1),
            "time": training.pace.shares(),
            "losses": {name: float(f"{weight:.4g}") for name, weight in training.objective.weights.items()},
            "validations": [[step, round(miou, 4)] for step, miou in training.history],
        },
        licence=spec.licence,
        edgewise=record.versions().get("edgewise", ""),
    )


def _gsd_range(ground: survey.Survey, jitter: float) -> tuple[float, float] | None:
    found = [s.geobox.gsd_m for s in ground.scenes if math.isfinite(s.geobox.gsd_m)]
    reach = GSD_SLACK * (1 + jitter)
    return (min(found) / reach, max(found) * reach) if found else None


def _figures(table: Confusion, names: Sequence[str]) -> dict[str, Any]:
    def plain(value: float) -> float | None:
        return round(float(value), 4) if math.isfinite(value) else None

    return {
        "miou": plain(table.miou),
        "mean_f1": plain(table.mean_f1),
        "overall_accuracy": plain(table.overall_accuracy),
        "iou": {name: plain(value) for name, value in zip(names, table.iou, strict=True)},
        "pixels": table.pixels,
    }


def _key(spec: TrainSpec) -> str:
    """Return what must not change for a run to go on: the request, and the content of its inputs."""
    asked = {n: v for n, v in spec.to_dict().items() if n not in ("output", "device", "licence")}
    facts = {"job": spec.job, "spec": asked, "inputs": [record.fingerprint(path) for path in spec.inputs()]}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
