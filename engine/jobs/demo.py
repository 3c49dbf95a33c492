"""The whole story on made data: a teacher, a plain and a distilled student, a map, doubts, a report, a QGIS project."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from pyproj import CRS

from engine import atomic, scene
from engine.campaign import form
from engine.contract import shipped
from engine.contract.events import Reporter, duration
from engine.contract.specs.assess import AssessSpec
from engine.contract.specs.demo import DemoSpec
from engine.contract.specs.distill import DistillSpec
from engine.contract.specs.segment import SegmentSpec
from engine.contract.specs.suggest import SuggestSpec
from engine.contract.specs.train import TrainSpec
from engine.contract.story import Story
from engine.geo import project, writer
from engine.geo.geobox import GeoBox
from engine.jobs import assess, distill, segment, suggest, train

TEACHER, STUDENT = "unet_resnet18", "unet_mobilenet_v2_thin"
LESSONS = 2
BATCH, CHIP = 8, 192
BUDGET = 60
EPSG, ORIGIN = 25833, (392_000.0, 5_820_000.0)
TOWN_SPACING_M = 5_000.0
"""Towns lie apart, so that no ground is seen both in training and in the test."""

_TRAINING_SECONDS = {"Training the teacher": 50.0, "Training a plain student": 35.0, "Distilling a student": 48.0}
_GROUND_SECONDS = {
    "Making towns": 10.0, "Measuring the teacher": 12.0, "Measuring the plain student": 8.0,
    "Measuring the distilled student": 8.0, "Looking for regions to label": 14.0,
}  # fmt: skip
_AT_ITERATIONS, _AT_SIZE = 150, 2048
"""What each chapter takes on two cores with bfloat16, at the defaults; the remaining time follows from the proportions."""


def run(spec: DemoSpec, report: Reporter) -> dict[str, Any]:
    """Make towns, learn from some, map another one, and lay out the results to be looked at."""
    folder = Path(spec.output)
    for part in (folder, folder / "training", folder / "compared"):
        part.mkdir(exist_ok=True)
    story = Story(report, _lengths(spec))
    with story.chapter("Making towns") as chapter:
        towns = _make_towns(spec, folder, chapter)
    test, check, *lessons = towns
    asked: dict[str, Any] = {
        "images": tuple(t.image for t in lessons), "labels": tuple(t.labels for t in lessons),
        "validation_images": (check.image,), "validation_labels": (check.labels,), "encoder_weights": "none",
        "iterations": spec.iterations, "batch": BATCH, "chip": CHIP, "seed": spec.seed, "licence": "CC0-1.0",
    }  # fmt: skip
    teacher, plain, student = (
        str(folder / f"{name}.safetensors") for name in ("training/teacher", "training/plain", "student")
    )
    with story.chapter("Training the teacher", "train") as chapter:
        made = {"teacher": train.run(TrainSpec(**asked, network=TEACHER, output=teacher), chapter)}
    with story.chapter("Training a plain student", "train") as chapter:
        made["plain student"] = train.run(TrainSpec(**asked, network=STUDENT, output=plain), chapter)
    with story.chapter("Distilling a student", "train") as chapter:
        made["distilled student"] = distill.run(
            DistillSpec(**asked, network=STUDENT, teachers=(teacher,), output=student), chapter
        )
    maps = {
        "teacher": _Map.inside(folder / "compared", "teacher_"),
        "plain student": _Map.inside(folder / "compared", "plain_"),
        "distilled student": _Map.inside(folder, ""),
    }
    rows = []
    for name, model in zip(maps, (teacher, plain, student), strict=True):
        with story.chapter(f"Measuring the {name}", "segment") as chapter:
            rows.append(_measure(name, made[name], model, test, maps[name], chapter))
    with story.chapter("Looking for regions to label", "suggest") as chapter:
        campaign = folder / "campaign.gpkg"
        campaign.unlink(missing_ok=True)  # a campaign that is there would get a second round
        offered = suggest.run(
            SuggestSpec(image=(test.image,), model=student, budget=BUDGET, seed=spec.seed, output=str(campaign)), chapter
        )
    _write_project(folder, test, maps, campaign)
    summary = {"results": rows, "regions": offered["offered"], "seconds": story.seconds, "seed": spec.seed}
    with atomic.output(folder / "results.json") as part:
        part.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    _close(folder, rows, story, report)
    return summary


@dataclass(frozen=True)
class _Town:
    """A made orthophoto and its true labels, as files."""

    image: str
    labels: str
    geobox: GeoBox


@dataclass(frozen=True)
class _Map:
    """What is written of one network's map."""

    classes: str
    confidence: str
    report: str
    metrics: str

    @classmethod
    def inside(cls, folder: Path, prefix: str) -> _Map:
        names = ("classes.tif", "confidence.tif", "report.html", "report.json")
        return cls(*(str(folder / f"{prefix}{name}") for name in names))


def _lengths(spec: DemoSpec) -> dict[str, float]:
    """Return how long each chapter may take, in seconds."""
    steps, ground = spec.iterations / _AT_ITERATIONS, (spec.size / _AT_SIZE) ** 2
    lengths = {name: seconds * steps for name, seconds in _TRAINING_SECONDS.items()}
    return lengths | {name: seconds * ground for name, seconds in _GROUND_SECONDS.items()}


def _make_towns(spec: DemoSpec, folder: Path, report: Reporter) -> list[_Town]:
    """Write the town to map, a small one to validate with, and those to learn from; two at a time."""
    names = ["ortho", "training/check", *(f"training/town_{n}" for n in range(1, LESSONS + 1))]
    sides = [spec.size, spec.size * 3 // 8, *[spec.size * 3 // 4] * LESSONS]
    shares = [0.0] * len(names)
    lock = threading.Lock()

    def make(number: int) -> _Town:
        def told(done: int, total: int) -> None:
            with lock:
                shares[number] = done / total * sides[number] ** 2
                report.progress("paint", sum(shares), sum(side**2 for side in sides), "pixels")

        image, labels, legend = scene.make(sides[number], spec.seed * len(names) + number, told)
        geobox = GeoBox(CRS.from_epsg(EPSG).to_wkt(), _place(number), *labels.shape)
        town = _Town(str(folder / f"{names[number]}.tif"), str(folder / f"{names[number]}_labels.tif"), geobox)
        with (
            writer.create(
                town.image, geobox, count=3, nodata=0, descriptions=("red", "green", "blue"), resampling="average"
            ) as orthophoto,
            writer.create(town.labels, geobox, legend=legend) as truth,
        ):
            orthophoto.write(geobox.frame, np.maximum(image, 1))  # 0 means no data
            truth.write(geobox.frame, labels)
        return town

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(make, range(len(names))))


def _place(number: int) -> Affine:
    x, y = ORIGIN
    return Affine(scene.GSD_M, 0, x + number * TOWN_SPACING_M, 0, -scene.GSD_M, y)


def _measure(name: str, made: dict[str, Any], model: str, test: _Town, found: _Map, report: Reporter) -> dict[str, Any]:
    """Map the test town with one network, compare it with the truth, and return the row of the table."""
    mapped = segment.run(
        SegmentSpec(image=(test.image,), model=model, output=found.classes, confidence=found.confidence), report
    )
    assessed = assess.run(
        AssessSpec(
            map=found.classes, reference=test.labels, confidence=found.confidence, report=found.report, metrics=found.metrics
        ),
        report,
    )
    return {
        "name": name,
        "network": made["network"],
        "miou": assessed["miou"],
        "overall_accuracy": assessed["overall_accuracy"],
        "parameters": made["parameters"],
        "mpx_per_s": mapped["mpx_per_s"],
        "iterations": made["iterations"],
        "training_seconds": made["seconds"],
    }


def _write_project(folder: Path, test: _Town, maps: dict[str, _Map], campaign: Path) -> None:
    """Lay the results over each other in a QGIS project: regions on top, then confidence, classes, orthophoto."""
    styles = form.layer_styles(scene.LEGEND).set_index("f_table_name")["styleQML"]
    student = maps["distilled student"]
    classes, sure = project.paletted(scene.LEGEND), project.percent(opacity=0.8)
    layers = [
        project.ProjectLayer("Regions to label", f"{campaign}|layername=units", styles["units"], is_vector=True),
        project.ProjectLayer("Confidence of the student", student.confidence, sure, is_shown=False),
        project.ProjectLayer("Classes of the student", student.classes, project.paletted(scene.LEGEND, opacity=0.55)),
        project.ProjectLayer("Distilled student", student.classes, classes, is_shown=False, group="Compare"),
        project.ProjectLayer("Plain student", maps["plain student"].classes, classes, is_shown=False, group="Compare"),
        project.ProjectLayer("Teacher", maps["teacher"].classes, classes, is_shown=False, group="Compare"),
        project.ProjectLayer("True labels", test.labels, classes, is_shown=False, group="Compare"),
        project.ProjectLayer("Orthophoto", test.image, project.color()),
    ]
    project.write(folder / "demo.qgs", "Edgewise: demonstration", layers, test.geobox)


def _close(folder: Path, rows: list[dict[str, Any]], story: Story, report: Reporter) -> None:
    """Say what was measured and where the results are."""
    table = [f"{'':<18} {'mIoU':>6} {'parameters':>11} {'Mpx/s':>6}"]
    table += [f"{r['name']:<18} {r['miou']:>6.3f} {r['parameters']:>11,} {r['mpx_per_s']:>6.2f}" for r in rows]
    report.message("\n".join(table))
    named = {"project": "demo.qgs", "report": "report.html", "classes": "classes.tif", "confidence": "confidence.tif",
             "campaign": "campaign.gpkg", "results": "results.json"}  # fmt: skip
    for role, name in named.items():
        report.artifact(role, str(folder / name))
    report.message(
        f"Done in {duration(sum(story.seconds.values()))}. Open {folder / 'demo.qgs'} in QGIS and "
        f"{folder / 'report.html'} in a browser."
    )
    if shipped.student():
        report.message("To map your own orthophoto, run segment without a model: the student that ships with Edgewise does it.")
