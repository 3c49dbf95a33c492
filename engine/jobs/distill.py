"""Distill a light student from one or more trained teachers: the training job, with more terms in its objective."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine import atomic, device
from engine.contract import catalogue
from engine.contract.errors import Cancelled, ModelError, ResourceError, SpecError
from engine.contract.events import Reporter
from engine.contract.specs.distill import DistillSpec
from engine.geo import raster
from engine.geo.tiles import Window
from engine.inference import execute, predict, prepare
from engine.inference.labelling import Probabilities
from engine.inference.plan import Plan
from engine.inference.prepare import Preparation
from engine.inference.ring import Source
from engine.runtimes import Runner
from engine.training import survey, taught
from engine.training.objective import Teacher, teach
from engine.training.scene import Scene
from models import checkpoint
from models.card import Card
from models.model import Model

from .train import Lesson, learn

STAGE = "ask the teachers"
LEAST_CORE_PX = 256
HALO_PX = 64
"""What a teacher sees around the ground it is asked about: more than with chips, which end where they are cut, and half of the
work that the exact margin takes."""


def run(spec: DistillSpec, report: Reporter) -> dict[str, Any]:
    """Write the best student by validation as the model, and the last one beside it."""
    folder, asking = Path(f"{spec.output}.taught"), {"seconds_asking": 0.0}

    def prepare(ground: survey.Survey) -> Lesson:
        weights = catalogue.parse_weights(spec.distillation, catalogue.DISTILLATION, "Distillation")
        teachers = [_teacher(path, spec, ground, report) for path in spec.teachers]
        if len(teachers) > 1:
            report.message(
                f"The student follows the mean probabilities of {len(teachers)} teachers and the features of the first, "
                f"{spec.teachers[0]}."
            )
        facts = survey.check_images(spec.unlabelled_images, like=ground)
        unlabelled = [Scene(p, "", "", f.geobox, ground.legend) for p, f in zip(spec.unlabelled_images, facts, strict=True)]
        lesson = Lesson(teachers, weights, unlabelled, spec.unlabelled_share)
        if spec.teacher_signals == "live":
            return lesson
        report.message("The teachers are asked once; what they say of the orthophotos is kept while the student learns.")
        images = [s.image for s in (*ground.scenes, *unlabelled)]
        where = device.resolve(spec.device)
        began = time.monotonic()
        askers = [_asker(t.model, where, report) for t in teachers]
        kept = taught.keep(folder, images, teachers, ground.legend.names, lambda p: _answers(p, teachers, askers, report))
        asking["seconds_asking"] = round(time.monotonic() - began, 3)
        return dataclasses.replace(lesson, teachers=(), taught=dict(zip(images, kept, strict=True)))

    try:
        summary = learn(spec, report, prepare)
    except (Cancelled, ModelError, ResourceError, SpecError):
        if not Path(f"{spec.output}.resume").exists():
            atomic.remove(folder)
        raise
    atomic.remove(folder)
    return {**summary, **asking}


Asker = Callable[[Source], tuple[Preparation, Callable[[Plan], Runner]]]


def _asker(model: Model, where: torch.device, report: Reporter) -> Asker:
    """Return what says how a teacher is asked about an orthophoto; tiles of one shape share the compiled network."""
    known: dict[tuple[object, ...], Preparation] = {}
    made: dict[tuple[object, ...], Runner] = {}

    def of(image: Source) -> tuple[Preparation, Callable[[Plan], Runner]]:
        size = (image.geobox.height, image.geobox.width, image.dtype)
        if size not in known:
            known.clear()
            known[size] = prepare.prepare(model, image, where, report)
        how = known[size]
        way = {"runtime": how.choice.runtime, "precision": how.choice.precision}
        make = execute.runner_maker(model, Probabilities, image, where, **way)

        def once(plan: Plan) -> Runner:
            shape = (*way.values(), image.dtype, plan.batch, plan.tile_height, plan.tile_width)
            if shape not in made:
                made.clear()
                made[shape] = make(plan)
            return made[shape]

        return how, once

    return of


def _answers(
    path: str, teachers: Sequence[Teacher], askers: Sequence[Asker], report: Reporter
) -> Iterator[tuple[Window, torch.Tensor]]:
    """Yield cores of tiles and what the teachers say there, as `taught.keep` takes it."""
    with contextlib.ExitStack() as stack:
        images = [stack.enter_context(raster.open(path)) for _ in teachers]  # each is read on a thread of its own
        ready = [ask(image) for ask, image in zip(askers, images, strict=True)]
        core_px = max(LEAST_CORE_PX, *(how.plan.core_px for how, _ in ready))
        streams = [
            predict.probability_bands(
                teacher.model,
                image,
                report,
                margin_px=0,
                core_px=core_px,
                halo_px=_halo(how.plan),
                stage=STAGE,
                make_runner=make,
            )
            for teacher, image, (how, make) in zip(teachers, images, ready, strict=True)
        ]
        for tiles in zip(*streams, strict=True):
            said = [np.where(t.valid, t.probs[list(of.channels)], 0) for t, of in zip(tiles, teachers, strict=True)]
            yield tiles[0].core, torch.from_numpy(np.stack(said))


def _halo(plan: Plan) -> int:
    return plan.halo if plan.is_blended else min(plan.halo, HALO_PX)


def _teacher(path: str, spec: DistillSpec, ground: survey.Survey, report: Reporter) -> Teacher:
    model = checkpoint.load(path)
    _check_bands(path, model.card, ground)
    _check_tile(path, model, spec)
    teacher = teach(path, model, ground.legend)
    for scene in ground.scenes:
        with raster.open(scene.image) as image:
            for warning in model.accept(image):
                report.warning(warning)
    return teacher


def _check_tile(path: str, model: Model, spec: DistillSpec) -> None:
    chip, tile = spec.chip, getattr(model.network, "fixed_tile", None)  # of ONNX files exported for one size
    if tile and spec.teacher_signals != "live":
        raise ModelError(
            f"{path}: the teacher takes {tile[0]} x {tile[1]} px only, and can be asked for chips of that size alone.",
            "Use --teacher-signals live.",
        )
    if tile and tile != (chip, chip):
        raise ModelError(
            f"{path}: the teacher takes {tile[0]} x {tile[1]} px only; chips have {chip} x {chip}.",
            f"Give --chip {tile[0]}." if tile[0] == tile[1] and tile[0] % 32 == 0 else "Export it again for any size.",
        )


def _check_bands(path: str, card: Card, ground: survey.Survey) -> None:
    if len(card.bands) != len(ground.bands):
        raise ModelError(
            f"{path}: the teacher takes {len(card.bands)} bands ({', '.join(card.bands)}); the orthophotos have "
            f"{len(ground.bands)} ({', '.join(ground.bands)}).",
            "Train a teacher on orthophotos with these bands, or choose the teacher's bands with gdal_translate -b.",
        )
