"""Turn the answers of a campaign into a better model and its next questions: ingest, pseudolabel, train, suggest.

Every step is a job with a request of its own, and its record beside its output says whether it is done: a step whose
request and inputs are those of the record is not done again. So a round that was stopped goes on where it stood, and one
whose answers changed meanwhile begins anew.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import atomic, record
from engine.assessment import campaign_report
from engine.campaign import history, progress, store
from engine.contract.errors import DataError
from engine.contract.events import Reporter
from engine.contract.spec import Spec
from engine.contract.specs.distill import DistillSpec
from engine.contract.specs.ingest import IngestSpec
from engine.contract.specs.pseudolabel import PseudolabelSpec
from engine.contract.specs.round import RoundSpec
from engine.contract.specs.suggest import SuggestSpec
from engine.contract.specs.train import TrainSpec
from engine.contract.story import Story
from engine.geo import raster
from engine.jobs import distill, ingest, pseudolabel, suggest, train
from engine.pseudolabels import thresholds

INGEST, PSEUDOLABEL, TRAIN, SUGGEST = "Reading the answers", "Measuring the model", "Training", "Looking for the next units"
_SECONDS_A_MPX, _SECONDS_A_STEP = 1.0, 0.5  # a first guess; the time left follows from what has passed
_ASKED = (
    "copies", "labels", "teachers", "distillation", "iterations", "batch", "chip", "learning_rate", "pseudolabels", "precision",
    "held_out_share", "device", "output", "report",
)  # fmt: skip
"""What the campaign keeps of the request beside what `suggest` keeps, so that the next round can be asked in the same way."""


@dataclass(frozen=True)
class _Files:
    """What a round leaves in its folder: three label rasters and a model."""

    labels: str
    held_out: str
    pseudolabels: str
    model: str

    @classmethod
    def inside(cls, folder: Path) -> _Files:
        names = ("labels.tif", "held_out.tif", "pseudolabels.tif", "model.safetensors")
        return cls(*(str(folder / name) for name in names))


def run(spec: RoundSpec, report: Reporter) -> dict[str, Any]:
    """Run the steps that are missing, append the next units, and write the report."""
    store.check_writable(spec.campaign)
    campaign = store.read(spec.campaign)
    turn, past = campaign.last_round, history.rounds(campaign)
    model = spec.model or _last_model(spec, past)
    home = Path(spec.output or Path(spec.campaign).with_suffix("").as_posix() + "_rounds")
    folder = home / f"round-{turn:02d}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.explain(error, folder) from error
    files = _Files.inside(folder)
    with atomic.lock(folder):
        asked = _ingest(spec, files)
        with raster.open(spec.image) as image:
            digest = ingest.hear(asked, image.geobox)[1].digest
            mpx = image.geobox.height * image.geobox.width / 1e6
        if past and past[-1].get("digest") == digest:
            raise DataError(
                f"{spec.campaign}: nothing was answered since round {turn} was suggested.",
                "Answer its units in QGIS, save the edits, and run the round again.",
            )
        story = Story(report, {
            INGEST: 0.1 * mpx * _SECONDS_A_MPX, PSEUDOLABEL: 2 * mpx * _SECONDS_A_MPX,
            TRAIN: spec.iterations * _SECONDS_A_STEP, SUGGEST: 2 * mpx * _SECONDS_A_MPX,
        })  # fmt: skip
        with story.chapter(INGEST) as chapter:
            heard = _step(ingest.run, asked, chapter, report, {"digest": digest})
        is_measured = sum(heard["held_out_pixels"].values()) > 0
        if not is_measured:
            report.warning(
                "No held-out unit is answered yet, so the model is not measured and no pseudo-labels are made. "
                "Answer more units."
            )
        with story.chapter(PSEUDOLABEL) as chapter:
            said = {}
            if is_measured:
                said = _step(pseudolabel.run, _pseudolabel(spec, files, model, turn), chapter, report)
        made = said.get("pixels", {}) if spec.pseudolabels else {}
        told = sum(made.values())
        with story.chapter(TRAIN, "train") as chapter:
            lesson = _lesson(spec, files, model, is_measured, told > 0)
            learned = _step(distill.run if isinstance(lesson, DistillSpec) else train.run, lesson, chapter, report)
        report.artifact("model", files.model)
        known = {
            **{name: value for name, value in spec.to_dict().items() if name in _ASKED and value not in ("", [], ())},
            "digest": digest, "trained_from": model,
            "labelled_px": heard["labelled_pixels"], "pseudo_px": told,
            "miou_before": said.get("miou"), "train_seconds": learned["seconds"],
        }  # fmt: skip
        with story.chapter(SUGGEST) as chapter:
            offered = suggest.offer(_suggest(spec, files, is_measured), chapter, known)
    report.artifact("campaign", spec.campaign)
    _write_report(spec, home, heard["pixels"], report)
    return {
        "round": turn, "next_round": offered["round"], "model": files.model, "answers": heard["answers"],
        "labelled_pixels": heard["labelled_pixels"], "pseudo_pixels": made,
        "miou_before": said.get("miou"), "miou": offered["miou"], "class_iou": offered["class_iou"],
        "offered": offered["offered"], "by_class": offered["by_class"], "unused": heard["unused"], "seconds": story.seconds,
    }  # fmt: skip


def _step(
    job: Callable[[Any, Reporter], dict[str, Any]], spec: Spec, chapter: Reporter, report: Reporter,
    same: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the summary of a step, from its record where it is done.

    Args:
        job: the job's `run`.
        spec: its request.
        chapter: where the job reports to.
        report: of the round.
        same: what the summary must hold as well, where the inputs alone do not say whether a step is done.
    """
    done = _done(spec, same)
    if done is not None:
        report.message(f"{spec.title}: done before.")
        return done
    started = time.monotonic()
    summary = job(spec, chapter)
    record.write(spec, spec.outputs(), summary, time.monotonic() - started)
    return summary


def _done(spec: Spec, same: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the summary of a step whose record has this request, these inputs and the outputs that are there."""
    beside = Path(f"{spec.outputs()['output']}.job.json")
    if not beside.exists():
        return None
    found = json.loads(beside.read_text(encoding="utf-8"))
    if found["schema"] != record.SCHEMA or found["spec"] != json.loads(json.dumps(spec.to_dict())):
        return None
    changing = getattr(spec, "campaign", ()) if same else ()  # every look into a GeoPackage may change its bytes
    files = [*spec.outputs().values(), *(path for path in spec.inputs() if path not in changing)]
    if any({**found["inputs"], **found["outputs"]}.get(path) != record.fingerprint(path) for path in files):
        return None
    summary: dict[str, Any] = found["summary"]
    return summary if all(summary.get(k) == v for k, v in (same or {}).items()) else None


def _last_model(spec: RoundSpec, past: list[dict[str, Any]]) -> str:
    model = str(past[-1].get("model", "")) if past else ""
    if not Path(model).is_file():
        raise DataError(
            f"{spec.campaign}: the model that chose its newest units, {model or 'unknown'}, is not there.",
            "Give it with --model.",
        )
    return model


def _ingest(spec: RoundSpec, files: _Files) -> IngestSpec:
    return IngestSpec(
        campaign=(spec.campaign, *spec.copies), image=spec.image, labels=spec.labels, held_out_share=spec.held_out_share,
        held_out=files.held_out, output=files.labels,
    )  # fmt: skip


def _pseudolabel(spec: RoundSpec, files: _Files, model: str, turn: int) -> PseudolabelSpec:
    return PseudolabelSpec(
        image=spec.image, model=model, held_out=files.held_out, labels=files.labels, share=thresholds.share_in(turn),
        precision=spec.precision, device=spec.device, seed=spec.seed, output=files.pseudolabels,
    )  # fmt: skip


def _lesson(spec: RoundSpec, files: _Files, model: str, is_measured: bool, is_told: bool) -> TrainSpec:
    """Return the request to train further; a teacher makes it one to distill."""
    asked: dict[str, Any] = {
        "images": (spec.image,), "labels": (files.labels,), "start": model, "iterations": spec.iterations, "batch": spec.batch,
        "chip": spec.chip, "learning_rate": spec.learning_rate, "device": spec.device, "seed": spec.seed, "output": files.model,
    }  # fmt: skip
    if is_measured:
        asked |= {"validation_images": (spec.image,), "validation_labels": (files.held_out,)}
    if is_told:
        asked["pseudolabels"] = (files.pseudolabels,)
    if not spec.teachers:
        return TrainSpec(**asked)
    unlabelled = () if is_told else (spec.image,)  # with pseudo-labels, chips come from anywhere in the orthophoto already
    return DistillSpec(**asked, teachers=spec.teachers, distillation=spec.distillation, unlabelled_images=unlabelled)


def _suggest(spec: RoundSpec, files: _Files, is_measured: bool) -> SuggestSpec:
    return SuggestSpec(
        image=(spec.image,), model=files.model, budget=spec.budget, budget_unit=spec.budget_unit, edge_share=spec.edge_share,
        score=spec.score, class_weights=spec.class_weights, held_out=files.held_out if is_measured else "", device=spec.device,
        seed=spec.seed, output=spec.campaign,
    )  # fmt: skip


def _write_report(spec: RoundSpec, home: Path, labelled: dict[str, int], report: Reporter) -> None:
    figures = progress.figures(store.read(spec.campaign), Path(spec.campaign).stem, labelled)
    page = Path(spec.report) if spec.report else home / "report.html"
    with atomic.output(page) as part:
        part.write_text(campaign_report.html(figures), encoding="utf-8")
    report.artifact("report", str(page))
