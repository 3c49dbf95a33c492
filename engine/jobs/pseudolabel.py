"""Make labels where a model is right, measured on held-out answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import device
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.pseudolabel import PseudolabelSpec
from engine.geo import labels, raster, writer
from engine.geo.tiles import Window
from engine.inference import budget, execute, predict, store
from engine.inference.labelling import Probabilities
from engine.inference.predict import Band, ProbabilityTile
from engine.metrics import Confusion
from engine.pseudolabels import thresholds
from engine.regions import MARGIN_PX, clear, survey
from engine.training.scene import channel_table
from models import checkpoint
from models.model import Model


def run(spec: PseudolabelSpec, report: Reporter) -> dict[str, Any]:
    """Write the pseudo-labels, and their confidence where it is asked for."""
    model = checkpoint.load(spec.model)
    legend = model.card.legend
    tally, table = thresholds.Tally.zeros(len(legend)), Confusion.zeros(len(legend))
    with contextlib.ExitStack() as files:
        image = files.enter_context(raster.open(spec.image))
        for warning in model.accept(image):
            report.warning(warning)
        held_out = files.enter_context(labels.open_labels(spec.held_out, image.geobox, legend=legend))
        answered = files.enter_context(labels.open_labels(spec.labels, image.geobox, legend=legend)) if spec.labels else None
        seen = _empty_store(spec, model, image)
        files.callback(seen.remove)
        for band in _candidates(spec, model, image, report, held_out, answered, tally, table):
            seen.put(band)
        rules = thresholds.choose(tally, spec.share, spec.precision)
        counts = _write(spec, seen, rules, image, legend, report)
    if not counts.any():
        report.warning(
            f"No class reaches a precision of {spec.precision:g} on the held-out answers, so no pseudo-label was made. "
            "Answer more region units, or lower --precision."
        )
    return {
        "pixels": {c.name: int(counts[c.id]) for c in legend},
        "confidence": {n: round(r.confidence / 255, 4) for n, r in zip(legend.names, rules, strict=True) if r.confidence < 256},
        "precision": {n: r.precision for n, r in zip(legend.names, rules, strict=True)},
        "evidence_px": {n: r.evidence_px for n, r in zip(legend.names, rules, strict=True)},
        "kept": {n: round(r.kept, 4) for n, r in zip(legend.names, rules, strict=True)},
        "held_out_px": table.pixels,
        "miou": round(table.miou, 5) if table.pixels else None,
    }


def _empty_store(spec: PseudolabelSpec, model: Model, image: raster.Raster) -> store.Store:
    """Return where the candidates wait for their thresholds; what a killed run left there is removed."""
    folder = store.folder_of(spec.output)
    if folder.exists():
        store.read(folder).remove()
    return store.open_or_create(folder, {"job": spec.job, "model": model.card.hash, "image": image.fingerprint()}, {})


def _candidates(
    spec: PseudolabelSpec, model: Model, image: raster.Raster, report: Reporter, held_out: labels.Labels,
    answered: labels.Labels | None, tally: thresholds.Tally, table: Confusion,
) -> Iterator[Band]:  # fmt: skip
    """Yield rows of channels where a pseudo-label may lie, with their confidence in bytes; count them on the way."""
    frame = image.geobox.frame
    channels = channel_table(model.card.legend)
    scales = survey.measure(image.read, frame.height, frame.width)
    row: Band | None = None
    for tile in _predicted(model, image, spec, report):
        core = tile.core
        mapped, confidence, is_clear = _seen(tile, *scales)
        reference = channels[held_out.read(core)]
        table.counts[:] += Confusion.of(mapped, reference, len(model.card.legend)).counts
        is_open = is_clear if answered is None else is_clear & (answered.read(core) == UNLABELLED)
        allowed = np.where(is_open, mapped, np.uint8(UNLABELLED))
        tally.add(allowed, confidence, reference)
        if row is None:
            shape = (core.height, frame.width)
            row = Band(Window(core.row, 0, *shape), np.full(shape, UNLABELLED, np.uint8), np.zeros(shape, np.uint8))
        across = slice(core.col, core.col + core.width)
        row.classes[:, across] = np.where(reference == UNLABELLED, allowed, UNLABELLED)
        row.confidence[:, across] = confidence
        if core.col + core.width == frame.width:
            yield row
            row = None


def _predicted(model: Model, image: raster.Raster, spec: PseudolabelSpec, report: Reporter) -> Iterator[ProbabilityTile]:
    where = device.resolve(spec.device)
    plan = budget.choose(model, image, where, halo_px=model.card.halo_px + MARGIN_PX)
    core_px = max(min(plan.tile_height, plan.tile_width) - 2 * plan.halo, survey.TILE_PX)
    return predict.probability_bands(
        model, image, report, margin_px=MARGIN_PX, core_px=core_px, halo_px=plan.halo - MARGIN_PX,
        make_runner=execute.runner_maker(model, Probabilities, image, where), stage="pseudolabel",
    )  # fmt: skip


def _seen(
    tile: ProbabilityTile, band_scale: NDArray[np.float32], edge_scale: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    """Return what `clear.find` says of a tile's core."""
    channels, confidence, is_clear = clear.find(
        tile.probs, tile.data, tile.valid, (tile.read.row, tile.read.col), band_scale, edge_scale
    )
    inside = tile.core.within(tile.read).slices
    return channels[inside], confidence[inside], is_clear[inside]


def _write(
    spec: PseudolabelSpec, seen: store.Store, rules: list[thresholds.Rule], image: raster.Raster, legend: Legend,
    report: Reporter,
) -> NDArray[np.int64]:  # fmt: skip
    """Write the rasters and return the pixels by class id, (255,)."""
    ids = np.array([*legend.ids, *[UNLABELLED] * (256 - len(legend))], np.uint8)
    with contextlib.ExitStack() as files:
        output = files.enter_context(writer.create(spec.output, image.geobox, legend=legend))
        percent = None
        if spec.confidence:
            percent = files.enter_context(
                writer.create(spec.confidence, image.geobox, nodata=UNLABELLED, descriptions=("confidence, percent",),
                              resampling="average")
            )  # fmt: skip
        for band in seen.bands():
            report.check()
            taken = thresholds.apply(rules, band.classes, band.confidence, band.window.row, band.window.col, spec.seed)
            output.write(band.window, ids[taken])
            if percent is not None:
                rounded = np.rint(band.confidence / 2.55).astype(np.uint8)
                percent.write(band.window, np.where(taken == UNLABELLED, np.uint8(UNLABELLED), rounded))
    report.artifact("pseudo-labels", spec.output)
    if spec.confidence:
        report.artifact("confidence", spec.confidence)
    return output.counts[:UNLABELLED]
