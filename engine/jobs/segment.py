"""Label every pixel of an orthophoto with a trained model."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine import atomic, device
from engine.contract.errors import Cancelled
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.segment import SegmentSpec
from engine.geo import polygon_file, writer
from engine.inference import budget, inputs, lanes, predict, prepare, store
from engine.inference.inputs import Input
from engine.inference.predict import Band
from engine.inference.prepare import Preparation
from engine.inference.seam_index import SeamIndex
from engine.vectorize import layer
from models import checkpoint
from models.model import Model

BANDS_WAITING = 1
KEPT_AFTER_SECONDS = 60.0
"""A cancelled run that computed for longer keeps its finished rows for the next one; a shorter one leaves nothing."""


def run(spec: SegmentSpec, report: Reporter) -> dict[str, Any]:
    """Write the class raster, and confidence, probabilities and polygons where they are asked for."""
    started = time.monotonic()
    model = checkpoint.load(spec.model)
    where = device.resolve("cpu" if model.is_onnx else spec.device)
    index, shares = spec.share()
    with inputs.open(
        spec.image, model, report, chosen=spec.bands, extent=spec.extent, area_of_interest=spec.area_of_interest,
        resample=spec.resample,
    ) as given:  # fmt: skip
        source = given.source
        ready, bands = _begin(spec, model, given, where, report)
        plan = ready.plan
        has_probs = bool(spec.probabilities)
        bound_bytes = budget.bound_bytes(plan, model, source, where, with_probabilities=has_probs)
        bound_bytes += given.extra_bytes(spec.grid, planes=2 + has_probs * len(model.card.legend))
        report.message(budget.describe(plan, bound_bytes))
        rows = plan.shard(index, shares)
        missing = bands.missing(*rows)
        if bands.done and not spec.shard:
            report.message(f"Going on with an earlier run: {_share(plan.height, missing):.0%} of the rows are left.")

        ready = ready.compiled() if missing else ready

        def compute(first: int, stop: int) -> Iterable[Band]:
            rows = plan.clipped(first, stop)
            return predict.bands(model, source, report, rows, ready.make_runner, with_probabilities=has_probs)

        made = _made(missing, compute)
        computing = time.monotonic()
        try:
            written = _compute(made, bands, report) if spec.shard else _write(spec, model, given, made, bands, report)
        except Cancelled:
            if time.monotonic() - computing < KEPT_AFTER_SECONDS:
                bands.remove()
            raise
    computed = sum(stop - start for start, stop in missing) * plan.width
    return {
        "legend": model.card.legend.to_json(),
        **written,
        "tiles": plan.count,
        "tile_px": [plan.tile_height, plan.tile_width],
        "halo_px": plan.halo,
        "grade": ready.grade,
        "batch": plan.batch,
        "waste": round(plan.waste, 3),
        "device": device.describe(where),
        **{k: v for k, v in asdict(ready.choice).items() if k != "mpx_per_s"},
        "mpx_per_s": round(computed / 1e6 / max(written["seconds"], 1e-3), 3),
        "seconds_prepare": round(ready.seconds, 3),
        "total_seconds": round(time.monotonic() - started, 3),
        **({"bands": str(bands.folder), "rows": list(rows)} if spec.shard else {}),
    }


def _begin(
    spec: SegmentSpec, model: Model, given: Input, where: torch.device, report: Reporter
) -> tuple[Preparation, store.Store]:
    """Return how the run is done and where its finished bands are kept; both as an earlier run had them, if there is one."""
    folder = store.folder_of(spec.output)
    asked = {
        "model": model.card.hash, "image": given.source.fingerprint(), **given.view.to_json(), "grade": spec.grade,
        "tta": spec.tta, "refine": spec.refine, "runtime": spec.runtime, "precision": spec.precision, "tile": spec.tile,
        "probabilities": bool(spec.probabilities),
    }  # fmt: skip
    if folder.exists() and not spec.resume:
        store.read(folder).remove()  # and nothing that is no such folder
    earlier = store.open_or_create(folder, asked, {}) if folder.exists() else None
    ready = prepare.prepare(
        model, given.source, where, report, grade=spec.grade, views=spec.tta, refine=spec.refine, runtime=spec.runtime,
        precision=spec.precision, tile=spec.tile, batch=spec.batch, with_probabilities=bool(spec.probabilities),
        chosen=earlier.chosen if earlier else {},
    )  # fmt: skip
    bands = earlier or store.open_or_create(folder, asked, ready.chosen)
    if not spec.shard:  # the folder of shards is not of one run alone
        atomic.before_leaving(bands.remove_unused)
    return ready, bands


def _made(missing: list[tuple[int, int]], bands: Callable[[int, int], Iterable[Band]]) -> Iterable[Band]:
    for first, stop in missing:
        yield from bands(first, stop)


def _compute(made: Iterable[Band], bands: store.Store, report: Reporter) -> dict[str, Any]:
    """Compute a share of the bands and leave them for the merge job."""
    started = time.monotonic()
    with lanes.behind(bands.put, BANDS_WAITING, report.check) as put:
        for band in made:
            put(band)
    return {"seconds": round(time.monotonic() - started, 3)}


def _write(
    spec: SegmentSpec, model: Model, given: Input, made: Iterable[Band], bands: store.Store, report: Reporter
) -> dict[str, Any]:
    """Write the outputs from the bands that are there and those that are made, and let go of the bands."""
    with outputs(spec, given, model.card.legend, bands.chosen, report) as out:
        for band in bands.bands():
            out.write(band)

        def write(band: Band) -> None:
            bands.put(band)
            out.write(band)

        started = time.monotonic()
        with lanes.behind(write, BANDS_WAITING, report.check) as put:
            for band in made:
                put(band)
        seconds = time.monotonic() - started
    bands.remove()
    return {**out.summary(), "seconds": round(seconds, 3)}


class Outputs:
    """The rasters that are being written, and what is counted on the way."""

    def __init__(
        self, classes: writer.RasterWriter, legend: Legend, seams: SeamIndex, placed: Callable[[Band], Iterable[Band]]
    ) -> None:
        self.confidence: writer.RasterWriter | None = None
        self.probabilities: writer.RasterWriter | None = None
        self._classes = classes
        self._legend = legend
        self._seams = seams
        self._placed = placed
        self._areas_m2 = np.zeros(UNLABELLED + 1)

    def write(self, band: Band) -> None:
        """Write a band of the working grid."""
        self._seams.add(band.window.row, band.classes)
        for placed in self._placed(band):
            self._write(placed)

    def _write(self, band: Band) -> None:
        before = self._classes.counts.copy()
        self._classes.write(band.window, band.classes)
        if self.confidence is not None:
            self.confidence.write(band.window, band.confidence)
        if self.probabilities is not None and band.probabilities is not None:
            self.probabilities.write(band.window, band.probabilities)
        middle = np.array([band.window.row + band.window.height / 2]), np.array([band.window.width / 2])
        self._areas_m2 += (self._classes.counts - before) * self._classes.geobox.pixel_area_m2(*middle)[0]

    def summary(self) -> dict[str, Any]:
        """Return pixels and area by class, no area without a CRS; and the seam index."""
        pixels = {c.name: int(self._classes.counts[c.id]) for c in self._legend}
        areas_m2 = {c.name: round(float(self._areas_m2[c.id]), 3) for c in self._legend}
        return {
            "pixels": {**pixels, "unlabelled": int(self._classes.counts[UNLABELLED])},
            "area_m2": areas_m2 if np.isfinite(self._areas_m2).all() else {},
            "seam_index": None if self._seams.value is None else round(self._seams.value, 4),
        }


@contextlib.contextmanager
def outputs(spec: Any, given: Input, legend: Legend, chosen: dict[str, Any], report: Reporter) -> Any:
    """Yield the `Outputs` of a request with `output`, `confidence` and `polygons`; on leaving they are finished.

    Args:
        spec: also has `grid`, and may have `probabilities`.
        given: what was segmented.
        legend: the classes.
        chosen: how the bands were made, see `Preparation`.
        report: told what is finished.
    """
    if spec.polygons:
        polygon_file.check_format(Path(spec.polygons))
    probabilities, geobox = getattr(spec, "probabilities", ""), given.grid(spec.grid)
    with contextlib.ExitStack() as opened:
        classes = opened.enter_context(writer.create(spec.output, geobox, legend=legend))
        rows, cols = chosen["seams"]
        seams = SeamIndex(rows, cols, given.source.geobox.width)
        out = Outputs(classes, legend, seams, lambda band: given.on_grid(band, spec.grid))
        if spec.confidence:
            said = ("confidence, percent",)
            out.confidence = opened.enter_context(
                writer.create(spec.confidence, geobox, nodata=UNLABELLED, descriptions=said, resampling="average")
            )
        if probabilities:
            out.probabilities = opened.enter_context(
                writer.create(
                    probabilities, geobox, count=len(legend), nodata=UNLABELLED, descriptions=legend.names, resampling="average"
                )
            )
        yield out
        report.message("Finishing the rasters with their overviews.")
    report.artifact("classes", spec.output)
    if spec.confidence:
        report.artifact("confidence", spec.confidence)
    if probabilities:
        report.artifact("probabilities", probabilities)
    if spec.polygons:
        report.message("Drawing polygons.")
        layer.write(spec.polygons, spec.output, report, legend=legend, confidence=spec.confidence)
        report.artifact("polygons", spec.polygons)


def _share(height: int, missing: list[tuple[int, int]]) -> float:
    return sum(stop - start for start, stop in missing) / height
