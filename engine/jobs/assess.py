"""Compare a map with a reference: figures, report, and the layers behind them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine import atomic, record
from engine.assessment import amount, classes, error_layer, estimate, figures, layers, provenance, sample
from engine.assessment import report as page
from engine.assessment.boundary import MARGIN_PX
from engine.assessment.classes import Matching
from engine.assessment.resample import FEW_BLOCKS
from engine.assessment.tally import COMPARED, Tally
from engine.contract.errors import DataError, SpecError
from engine.contract.events import Reporter
from engine.contract.specs.assess import AssessSpec
from engine.contract.specs.segment import SegmentSpec
from engine.geo import labels, mask, points, remedy, writer
from engine.geo.confidence import Confidence
from engine.geo.geobox import GeoBox
from engine.geo.labels import LabelRaster
from engine.geo.tiles import tiles

TILE_PX = 1024


def run(spec: AssessSpec, report: Reporter) -> dict[str, Any]:
    """Write the report, and the figures, table and error raster where they are asked for."""
    is_sample = points.is_points(spec.reference)
    if is_sample:
        _refuse_for_samples(spec)
    with _map(spec, report) as (map_path, confidence_path), contextlib.ExitStack() as opened:
        geobox = layers.grid(map_path)
        paths = {"map": map_path, **({"second": spec.second_map} if spec.second_map else {}), "reference": spec.reference}
        for path in (*paths.values(), confidence_path):
            if path:
                layers.check_place(path, geobox)
        maps = {
            role: opened.enter_context(labels.open_label_raster(path, geobox))
            for role, path in paths.items()
            if role != "reference"
        }
        names = layers.names(paths)
        if is_sample:
            found = _from_points(spec, geobox, maps, names)
        else:
            found = _from_labels(spec, geobox, maps, names, confidence_path, report)
        found["warnings"] += provenance.warnings(map_path, spec.reference, record.fingerprint, spec.model)
    for warning in found["warnings"]:
        report.warning(warning)
    _write(spec, found, report)
    return found


@contextlib.contextmanager
def _map(spec: AssessSpec, report: Reporter) -> Iterator[tuple[str, str]]:
    """Yield the paths of map and confidence: those given, or those a model makes now, which are removed afterwards."""
    if spec.map:
        yield spec.map, spec.confidence
        return
    from engine.jobs import segment  # torch only where a model is run

    def forward(event: dict[str, Any]) -> None:
        if event["event"] != "artifact":
            report.send(**event)

    with tempfile.TemporaryDirectory(dir=Path(spec.report).parent, prefix=".assess-") as folder:
        stem = Path(spec.model).stem
        output, confidence = str(Path(folder, f"{stem}.tif")), str(Path(folder, f"{stem}_confidence.tif"))
        request = SegmentSpec(
            image=spec.image, model=spec.model, bands=spec.bands, resample=spec.resample, output=output, confidence=confidence
        )
        segment.run(request, Reporter(forward, report.cancelled))
        yield output, confidence


def _from_labels(
    spec: AssessSpec,
    geobox: GeoBox,
    maps: dict[str, LabelRaster],
    names: dict[str, str],
    confidence_path: str,
    report: Reporter,
) -> dict[str, Any]:
    """Compare pixel by pixel with a raster or polygons."""
    with contextlib.ExitStack() as opened:
        reference = opened.enter_context(labels.open_labels(spec.reference, geobox, class_field=spec.class_field))
        inside = mask.open_mask(spec.area_of_interest, geobox) if spec.area_of_interest else None
        confidence = opened.enter_context(Confidence(confidence_path, geobox)) if confidence_path else None
        matching = classes.match({**{role: m.legend for role, m in maps.items()}, "reference": reference.legend}, names)
        tally = Tally(
            len(matching.classes), geobox.width, spec.block, has_confidence=confidence is not None, has_second="second" in maps
        )
        legend, table = error_layer.describe(matching.classes)
        errors = opened.enter_context(writer.create(spec.errors, geobox, legend=legend)) if spec.errors else None
        core_px = max(TILE_PX // spec.block, 1) * spec.block
        done, total = 0, geobox.height * geobox.width
        for tile in tiles(geobox.height, geobox.width, core_px, MARGIN_PX):
            ids = {
                role: matching.tables[role][layer.read(tile.read)] for role, layer in {**maps, "reference": reference}.items()
            }
            pairs = tally.add(
                (tile.core.row, tile.core.col),
                tile.core.within(tile.read).slices,
                ids["map"],
                ids["reference"],
                None if inside is None else inside.read(tile.read),
                None if confidence is None else confidence.read(tile.read),
                ids.get("second"),
            )
            if errors is not None:
                errors.write(tile.core, error_layer.paint(pairs, table))
            done += tile.core.height * tile.core.width
            report.progress("Comparing", round(done / 1e6, 3), round(total / 1e6, 3), "Mpx")
        tally.finish()
        if not tally.pixels[COMPARED]:
            raise DataError(
                f"{names['map']} and {names['reference']} have no labelled pixel in common.",
                "Choose the reference that covers the map, or widen the area of interest.",
            )
    if spec.errors:
        report.artifact("errors", spec.errors)
    found = _head(spec, names, geobox, matching) | figures.of_pixels(tally, matching.classes, geobox.gsd_m**2, spec.seed)
    if "second" in maps:
        found["comparison"] = figures.of_comparison(tally, names["map"], names["second"], spec.seed)
    if found["blocks"] < FEW_BLOCKS:
        found["warnings"].append(
            f"The reference covers {found['blocks']} block{'s' * (found['blocks'] != 1)} of {spec.block} px, so that intervals "
            "are rough; "
            "a smaller block gives more, as long as it is larger than one mistake."
        )
    return found


def _from_points(spec: AssessSpec, geobox: GeoBox, maps: dict[str, LabelRaster], names: dict[str, str]) -> dict[str, Any]:
    """Estimate accuracy and areas from a reference sample."""
    answered = sample.read_back(points.read(spec.reference, geobox, spec.class_field), maps, names)
    known = figures.of_sample(answered, amount.unit(geobox.gsd_m, geobox.height * geobox.width))
    found = _head(spec, names, geobox, answered.matching) | {
        "miou": known["miou"],
        "overall_accuracy": known["overall_accuracy"]["value"],
        "per_class": known["per_class"],
        "sample": known,
        "pixels": {"Answered points": known["points"], "Points without an answer": answered.unanswered},
        "counted_unit": "Points",
    }
    if "second" in maps:
        found["comparison"] = figures.of_paired_points(answered, names["map"], names["second"])
    if answered.unanswered:
        found["warnings"].append(
            f"{answered.unanswered} points have no answer and are left out; the estimates hold if they are like the others."
        )
    found["warnings"] += estimate.warnings(answered.counts, answered.design.sizes, answered.design.names)
    return found


def _refuse_for_samples(spec: AssessSpec) -> None:
    """Refuse what only a full reference can give.

    Raises:
        SpecError: an option that points cannot serve.
    """
    for name, hint in (
        ("area_of_interest", "Give the area of interest when the sample is designed."),
        ("confidence", "Leave out --confidence, or give a reference raster or polygons."),
        ("errors", "Leave out --errors, or give a reference raster or polygons."),
    ):
        if getattr(spec, name):
            raise SpecError(f"A reference of points does not go with --{name.replace('_', '-')}.", hint)


def _head(spec: AssessSpec, names: dict[str, str], geobox: GeoBox, matching: Matching) -> dict[str, Any]:
    return {
        "map_name": names["map"],
        "reference_name": names["reference"],
        "date": time.strftime("%Y-%m-%d"),
        "legend": [{"name": c.name, "color": c.color} for c in matching.classes],
        "matched_by": "name" if matching.by_name else "id",
        "gsd_m": figures.plain(geobox.gsd_m),
        "facts": {
            "Map": spec.map or f"{spec.model} on {', '.join(spec.image)}",
            "Reference": spec.reference,
            **({"Second map": spec.second_map} if spec.second_map else {}),
            **({"Area of interest": spec.area_of_interest} if spec.area_of_interest else {}),
            "Size": f"{geobox.height} x {geobox.width} px",
            "Pixel": f"{geobox.gsd_m:.4g} m" if math.isfinite(geobox.gsd_m) else "without a place on the ground",
            "CRS": remedy.crs_label(geobox.crs_wkt),
            "Classes matched by": "name" if matching.by_name else "id",
        },
        "warnings": [*matching.notes, *layers.pixel_area_note(geobox)],
    }


def _write(spec: AssessSpec, found: dict[str, Any], report: Reporter) -> None:
    makers: dict[str, Callable[[dict[str, Any]], str]] = {"report": page.html, "metrics": _json, "table": _csv}
    for role, make in makers.items():
        if path := getattr(spec, role):
            with atomic.output(path) as part:
                part.write_text(make(found), encoding="utf-8", newline="")
            report.artifact(role, path)


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _csv(found: dict[str, Any]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("measure", "class", "detail", "value"))
    rows.writerows(figures.table(found))
    return text.getvalue()
