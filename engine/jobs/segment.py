"""Label every pixel of an orthophoto with a trained model."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import device
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.segment import SegmentSpec
from engine.geo import polygonize, raster, vector, writer
from engine.inference import budget, execute, lanes, predict
from engine.inference.labelling import Labels
from models import checkpoint

SEAMLESS_HALO_PX = 128
BANDS_WAITING = 1


def run(spec: SegmentSpec, report: Reporter) -> dict[str, Any]:
    """Write the class raster, and the confidence raster and the polygons where they are asked for."""
    model = checkpoint.load(spec.model)
    legend = model.card.legend
    where = device.resolve(spec.device)
    with raster.open(spec.image) as image:
        for warning in model.accept(image):
            report.warning(warning)
        halo_px = min(model.card.halo_px, SEAMLESS_HALO_PX)
        plan = budget.choose(model, image, where, halo_px=halo_px, tile=spec.tile, batch=spec.batch)
        report.message(budget.describe(plan, budget.bound_bytes(plan, model, image, where)))
        make_runner = execute.runner_maker(model, Labels, image, where)
        areas_m2 = np.zeros(UNLABELLED + 1)
        started = time.monotonic()
        with contextlib.ExitStack() as outputs:
            classes = outputs.enter_context(writer.create(spec.output, image.geobox, legend=legend))
            confidence = outputs.enter_context(_confidence(spec, image)) if spec.confidence else None

            def write(band: predict.Band) -> None:
                before = classes.counts.copy()
                classes.write(band.window, band.classes)
                areas_m2[:] += (classes.counts - before) * _pixel_area_m2(image, band)
                if confidence is not None:
                    confidence.write(band.window, band.confidence)

            with lanes.behind(write, BANDS_WAITING, report.check) as put:
                made = predict.bands(model, image, report, plan, make_runner)
                with contextlib.closing(made):
                    for band in made:
                        put(band)
            seconds = time.monotonic() - started
            report.message("Finishing the rasters with their overviews.")
        pixels = image.geobox.height * image.geobox.width
    report.artifact("classes", spec.output)
    if spec.confidence:
        report.artifact("confidence", spec.confidence)
    if spec.polygons:
        report.message("Drawing polygons.")
        vector.write_polygons(spec.polygons, polygonize.polygonize(spec.output, legend), legend, Path(spec.output).stem)
        report.artifact("polygons", spec.polygons)
    return {
        "legend": legend.to_json(),
        "pixels": _by_class(classes.counts, legend),
        "area_m2": {c.name: round(float(areas_m2[c.id]), 3) for c in legend} if np.isfinite(areas_m2).all() else {},
        "tiles": plan.count,
        "tile_px": [plan.tile_height, plan.tile_width],
        "halo_px": plan.halo,
        "batch": plan.batch,
        "waste": round(plan.waste, 3),
        "device": device.describe(where),
        "runtime": "torch",
        "seconds": round(seconds, 3),
        "mpx_per_s": round(pixels / 1e6 / seconds, 3),
        "total_seconds": round(time.monotonic() - started, 3),
    }


def _confidence(spec: SegmentSpec, image: raster.Raster) -> Any:
    return writer.create(
        spec.confidence, image.geobox, nodata=UNLABELLED, descriptions=("confidence, percent",), resampling="average"
    )


def _pixel_area_m2(image: raster.Raster, band: predict.Band) -> float:
    """Return the ground area of a pixel in the middle of a band; NaN without a CRS."""
    row, col = band.window.row + band.window.height / 2, band.window.width / 2
    return float(image.geobox.pixel_area_m2(np.array([row]), np.array([col]))[0])


def _by_class(counts: NDArray[np.int64], legend: Legend) -> dict[str, int]:
    """Return the pixels of each class by name, and those without data."""
    found = {c.name: int(counts[c.id]) for c in legend}
    return {**found, "unlabelled": int(counts[UNLABELLED])}
