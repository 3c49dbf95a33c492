"""Training from partial labels, the same for every selector, and the figures of what was learned; nothing is done twice."""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import numpy as np
import rasterio
import torch
from scenes import dronedeploy, write_labels

from engine import atomic, device
from engine.assessment.boundary import TOLERANCES_PX, BoundaryTally
from engine.contract import shipped
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.specs.distill import DistillSpec
from engine.contract.specs.pseudolabel import PseudolabelSpec
from engine.contract.specs.train import TrainSpec
from engine.geo import raster
from engine.inference import budget, execute, predict
from engine.inference.labelling import Labels, Probabilities, Views
from engine.jobs import distill, pseudolabel, train
from engine.metrics import Confusion
from engine.pseudolabels import thresholds
from engine.regions import survey
from models import checkpoint

from .pool import UNLABELLED, Pool, token

TOLERANCE_PX = 3
HALO_PX = 96
"""Less than the exact margin (352 px), which would be most of the work on small scenes; the same for every selector."""

BODY_LESSONS = 5
"""The model to start from was trained for so many times the steps of a round."""

SILENT = Reporter(lambda event: None)


@dataclass(frozen=True)
class Lesson:
    """How a network is trained in every round, each time from the same body, see `Pool`."""

    network: str
    iterations: int
    batch: int
    chip: int


def body(dataset: str, runs: Path, lesson: Lesson, where: str) -> Path:
    """Return a model of the other dataset to start from: for DroneDeploy the student that ships, for Dubai one trained here."""
    if dataset == "dronedeploy":
        return Path(shipped.student())
    model = runs / f"body_dronedeploy_{BODY_LESSONS * lesson.iterations}.safetensors"
    if not model.exists():
        pairs = dronedeploy(runs).train
        request = TrainSpec(
            images=tuple(str(image) for image, _ in pairs), labels=tuple(str(labels) for _, labels in pairs),
            network=lesson.network, encoder_weights="none", iterations=BODY_LESSONS * lesson.iterations, batch=lesson.batch,
            chip=lesson.chip, device=where, output=str(model),
        )  # fmt: skip
        with atomic.lock(runs / "body"):
            train.run(request, SILENT)
    return model.with_suffix(".last.safetensors")


class Trainer:
    """Trains the whole network after every round, by the product's own jobs."""

    def __init__(self, pool: Pool, lesson: Lesson, where: str) -> None:
        self._pool, self._lesson, self._where = pool, lesson, where

    def learn(self, labels: np.ndarray, seed: int, **more: object) -> Path:
        """Return a model, see `learn`."""
        return learn(self._pool, labels, self._lesson, seed, self._where, **more)

    def pseudolabels(self, path: Path, labels: np.ndarray, held_out: np.ndarray, turn: int, seed: int) -> np.ndarray:
        """Return what the job `pseudolabel` makes of the last round's model, see `pseudolabels`."""
        return pseudolabels(self._pool, path, labels, held_out, turn, seed, self._where)

    @contextmanager
    def seen(self, path: Path, tta: str) -> Iterator[tuple]:
        """Yield the model, what it sees on the pool, and the device."""
        model, where = checkpoint.load(path), device.resolve(self._where)
        with raster.open(self._pool.image) as image:
            yield model, pieces(model, image, where, tta), where

    def figures(self, path: Path) -> dict:
        """Return the accuracy of a model: the mean over the test scenes, each of them, and `ground`, the map of the pool."""
        model, on = checkpoint.load(path), device.resolve(self._where)
        tests = {name: of_scene(model, *paths, self._pool.classes, on) for name, paths in self._pool.tests.items()}
        return average(tests, of_scene(model, self._pool.image, self._pool.labels, self._pool.classes, on))


def learn(
    pool: Pool, labels: np.ndarray, lesson: Lesson, seed: int, where: str, teacher: Path | None = None,
    pseudolabels: np.ndarray | None = None,
) -> Path:  # fmt: skip
    """Return the model trained from these labels; the same labels, lesson and seed are trained once.

    Args:
        pool: the canvas.
        labels: (H, W) ids, UNLABELLED where nobody answered.
        lesson: how.
        seed: start of all random numbers.
        where: device.
        teacher: the last round's model, to learn from on unlabelled ground; left out where its classes differ.
        pseudolabels: (H, W) ids, UNLABELLED where there is none; those of classes without a label are left out.
    """
    facts = json.dumps([asdict(lesson), seed, pool.body.name, str(teacher or "")]).encode()
    planes = [np.ascontiguousarray(plane).tobytes() for plane in (labels, pseudolabels) if plane is not None]
    key = hashlib.sha256(facts + b"".join(planes)).hexdigest()[:20]
    folder = pool.folder / "models" / key
    model = folder / "model.last.safetensors"
    if model.exists():
        return model
    folder.mkdir(parents=True, exist_ok=True)
    write_labels(folder / "labels.tif", labels)
    image, ids = token(pool, labels, folder)
    known = np.setdiff1d(labels, [UNLABELLED])
    legend = folder / "legend.json"
    legend.write_text(json.dumps(Legend.from_names({i: f"class {i}" for i in known.tolist()}).to_json()))
    wanted = {
        "images": [pool.image], "labels": [folder / "labels.tif"], "validation_images": [image], "validation_labels": [ids],
        "start": pool.body, "legend": legend, "encoder_weights": "none", "network": lesson.network,
        "iterations": lesson.iterations, "batch": lesson.batch, "chip": lesson.chip, "seed": seed, "device": where,
        "output": folder / "model.safetensors",
    }  # fmt: skip
    job, spec = train, TrainSpec
    if teacher and checkpoint.load(teacher).card.legend.ids == tuple(known):
        job, spec = distill, DistillSpec
        wanted |= {"teachers": [teacher], "distillation": "pixel_kd", "unlabelled_images": [pool.image]}
    if pseudolabels is not None:
        told = np.where(np.isin(pseudolabels, known), pseudolabels, UNLABELLED).astype(np.uint8)
        if (told != UNLABELLED).any():
            write_labels(folder / "pseudolabels.tif", told)
            wanted["pseudolabels"] = [folder / "pseudolabels.tif"]
    plain = {k: [str(p) for p in v] if isinstance(v, list) else str(v) if isinstance(v, Path) else v for k, v in wanted.items()}
    request = spec.from_dict(plain)
    request.check()
    job.run(request, SILENT)
    for path in folder.iterdir():
        if path != model:
            path.unlink()
    return model


def pseudolabels(
    pool: Pool, model: Path, labels: np.ndarray, held_out: np.ndarray, turn: int, seed: int, where: str
) -> np.ndarray:
    """Return what the job `pseudolabel` makes of the last round's model, (H, W) ids with UNLABELLED.

    Args:
        pool: the canvas.
        model: of the last round; held-out answers of classes that it does not know are no measure of it.
        labels: (H, W) ids of the answers.
        held_out: (H, W) ids of the answers kept apart.
        turn: number of the round that the model asks, from 1.
        seed: start of all random numbers.
        where: device.
    """
    ids = checkpoint.load(model).card.legend.ids
    known = np.where(np.isin(held_out, ids), held_out, UNLABELLED).astype(np.uint8)
    if (known == UNLABELLED).all():
        return known
    is_answered = (labels != UNLABELLED) | ((held_out != UNLABELLED) & (known == UNLABELLED))
    with tempfile.TemporaryDirectory(dir=pool.folder) as name:
        paths = {part: str(Path(name, f"{part}.tif")) for part in ("held_out", "labels", "output")}
        write_labels(paths["held_out"], known)
        write_labels(paths["labels"], np.where(is_answered, np.uint8(ids[0]), np.uint8(UNLABELLED)))
        request = PseudolabelSpec(
            image=str(pool.image), model=str(model), share=thresholds.share_in(turn), device=where, seed=seed, **paths
        )
        pseudolabel.run(request, SILENT)
        with rasterio.open(paths["output"]) as made:
            return made.read(1)


def pieces(model: object, image: raster.Raster, where: torch.device, tta: str = "none") -> Iterator[survey.Piece]:
    """Yield the model's probabilities over a raster, as `suggest` sees them."""
    plan = budget.choose(model, image, where, halo_px=HALO_PX)
    core_px = max(min(plan.tile_height, plan.tile_width) - 2 * plan.halo, survey.TILE_PX)
    graph, options = (Probabilities, {}) if tta == "none" else (Views, {"views": tta})
    tiles = predict.probability_bands(
        model, image, SILENT, margin_px=0, core_px=core_px, halo_px=plan.halo,
        make_runner=execute.runner_maker(model, graph, image, where, precision=precision(where), **options),
    )  # fmt: skip
    for tile in tiles:
        yield tile.core, tile.probs, tile.data, tile.valid


def precision(where: torch.device) -> str:
    return "bf16" if device.autocast_dtype(where) else "fp32"


FIGURES = ("miou", "worst_iou", "boundary_f1", "overall_accuracy")


def average(scenes: dict, ground: dict) -> dict:
    """Return the mean of the test scenes, what each of them holds, and the map of the pool itself as `ground`."""
    return {
        **{k: round(mean(s[k] for s in scenes.values()), 5) for k in FIGURES},
        "scenes": {name: {"miou": round(s["miou"], 5), "iou": s["iou"]} for name, s in scenes.items()},
        "ground": {**{k: round(ground[k], 5) for k in FIGURES}, "iou": ground["iou"]},
    }


def of_scene(model: object, image_path: Path, labels_path: Path, ids: np.ndarray, on: torch.device) -> dict:
    """Return the figures of one scene, see `of_map`."""
    with raster.open(image_path) as image:
        plan = budget.choose(model, image, on, halo_px=HALO_PX)
        make_runner = execute.runner_maker(model, Labels, image, on, precision=precision(on))
        bands = predict.bands(model, image, SILENT, plan, make_runner)
        mapped = np.concatenate([band.classes for band in bands])
    with rasterio.open(labels_path) as labels:
        return of_map(mapped, labels.read(1), ids)


def of_map(mapped: np.ndarray, reference: np.ndarray, ids: np.ndarray) -> dict:
    """Return the figures of (H, W) ids over the classes that the reference holds; a class never mapped has an IoU of 0."""
    ids = np.union1d(ids, np.setdiff1d(reference, [UNLABELLED]))
    position = np.full(256, UNLABELLED, np.uint8)
    position[ids] = np.arange(len(ids))
    mapped, reference = position[mapped], position[reference]
    mapped[reference == UNLABELLED] = UNLABELLED
    reference[mapped == UNLABELLED] = UNLABELLED
    table, border = Confusion.of(mapped, reference, len(ids)), BoundaryTally(len(ids))
    border.add(mapped, reference, (slice(None), slice(None)))
    held = table.counts.sum(axis=1) > 0
    return {
        "miou": float(table.iou[held].mean()), "worst_iou": float(table.iou[held].min()),
        "boundary_f1": float(np.nanmean(border.f1[TOLERANCES_PX.index(TOLERANCE_PX)][held])),
        "overall_accuracy": table.overall_accuracy,
        "iou": {str(i): round(float(v), 5) for i, v in zip(ids[held], table.iou[held], strict=True)},
    }  # fmt: skip
