"""Distill a light student from one or more trained teachers: the training job, with more terms in its objective."""

from __future__ import annotations

from typing import Any

from engine.contract import catalogue
from engine.contract.errors import ModelError
from engine.contract.events import Reporter
from engine.contract.specs.distill import DistillSpec
from engine.geo import raster
from engine.training import survey
from engine.training.objective import Teacher, teach
from engine.training.scene import Scene
from models import checkpoint
from models.card import Card
from models.model import Model

from .train import Lesson, learn


def run(spec: DistillSpec, report: Reporter) -> dict[str, Any]:
    """Write the best student by validation as the model, and the last one beside it."""

    def prepare(ground: survey.Survey) -> Lesson:
        weights = catalogue.parse_weights(spec.distillation, catalogue.DISTILLATION, "Distillation")
        teachers = [_teacher(path, spec.chip, ground, report) for path in spec.teachers]
        if len(teachers) > 1:
            report.message(
                f"The student follows the mean probabilities of {len(teachers)} teachers and the features of the first, "
                f"{spec.teachers[0]}."
            )
        facts = survey.check_images(spec.unlabelled_images, like=ground)
        unlabelled = [Scene(p, "", "", f.geobox, ground.legend) for p, f in zip(spec.unlabelled_images, facts, strict=True)]
        return Lesson(teachers, weights, unlabelled, spec.unlabelled_share)

    return learn(spec, report, prepare)


def _teacher(path: str, chip: int, ground: survey.Survey, report: Reporter) -> Teacher:
    model = checkpoint.load(path)
    _check_bands(path, model.card, ground)
    _check_tile(path, model, chip)
    teacher = teach(path, model, ground.legend)
    for scene in ground.scenes:
        with raster.open(scene.image) as image:
            for warning in model.accept(image):
                report.warning(warning)
    return teacher


def _check_tile(path: str, model: Model, chip: int) -> None:
    tile = getattr(model.network, "fixed_tile", None)  # of ONNX files exported for one size
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
