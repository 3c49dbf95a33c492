"""Compare a map with a reference: figures, report, and the layers behind them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine import atomic
from engine.assessment import classes, figures, provenance
from engine.assessment import report as page
from engine.assessment.boundary import MARGIN_PX
from engine.assessment.classes import Matching
from engine.assessment.resample import FEW_BLOCKS
from engine.assessment.tally import COMPARED, Tally
from engine.contract.errors import DataError
from engine.contract.events import Reporter
from engine.contract.specs.assess import AssessSpec
from engine.contract.specs.segment import SegmentSpec
from engine.geo import labels, raster, remedy
from engine.geo.geobox import GeoBox
from engine.geo.labels import Labels
from engine.geo.tiles import tiles

TILE_PX = 1024
MAX_PAIRS = 255


def run(spec: AssessSpec, report: Reporter) -> dict[str, Any]:
    """Write the report, and the figures, table and error raster where they are asked for."""
    with _map(spec, report) as (map_path, confidence_path):
        found = _compare(spec, map_path, confidence_path, report)
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

    with tempfile.TemporaryDirectory(dir=Path(spec.report).parent, prefix=".assess-") as folder:
        stem = Path(spec.image).stem
        output, confidence = str(Path(folder, f"{stem}.tif")), str(Path(folder, f"{stem}_confidence.tif"))
        quiet = Reporter(lambda e: e["event"] != "artifact" and report.send(e.pop("event"), **e), report.cancelled)
        segment.run(SegmentSpec(image=spec.image, model=spec.model, output=output, confidence=confidence), quiet)
        yield output, confidence


def _compare(spec: AssessSpec, map_path: str, confidence_path: str, report: Reporter) -> dict[str, Any]:
    with contextlib.ExitStack() as opened:
        geobox = _grid(map_path)
        mapped = opened.enter_context(labels.open_label_raster(map_path, geobox))
        _check_place(spec.reference, geobox, "map")
        reference = opened.enter_context(labels.open_labels(spec.reference, geobox, class_field=spec.class_field))
        names = _names(spec, map_path)
        matching = classes.match({names["map"]: mapped.legend, names["reference"]: reference.legend})
        tally = Tally(len(matching.classes), geobox.width, spec.block, has_confidence=False, has_second=False)
        _count(tally, matching, names, mapped, reference, spec.block, report)
    if not tally.pixels[COMPARED]:
        raise DataError(
            f"{names['map']} and {names['reference']} have no labelled pixel in common.",
            "Choose the reference that covers the map, or widen the area of interest.",
        )
    found = _head(spec, names, geobox, matching) | figures.of_pixels(tally, matching.classes, spec.seed)
    found["warnings"] = [*matching.notes, *provenance.warnings(map_path, spec.reference)]
    if found["blocks"] < FEW_BLOCKS:
        found["warnings"].append(
            f"The reference covers {found['blocks']} blocks of {spec.block} px, so that intervals are rough; "
            "a smaller block gives more, as long as it is larger than one mistake."
        )
    return found


def _count(
    tally: Tally, matching: Matching, names: dict[str, str], mapped: Labels, reference: Labels, block_px: int, report: Reporter
) -> None:
    geobox = mapped.geobox
    core_px = max(TILE_PX // block_px, 1) * block_px
    map_table, reference_table = matching.tables[names["map"]], matching.tables[names["reference"]]
    done, total = 0, geobox.height * geobox.width
    for tile in tiles(geobox.height, geobox.width, core_px, MARGIN_PX):
        core = tile.core.within(tile.read).slices
        map_ids, reference_ids = map_table[mapped.read(tile.read)], reference_table[reference.read(tile.read)]
        tally.add((tile.core.row, tile.core.col), core, map_ids, reference_ids)
        done += tile.core.height * tile.core.width
        report.progress("Comparing", done / 1e6, total / 1e6, "Mpx")
    tally.finish()


def _grid(path: str) -> GeoBox:
    with raster.open_ids(path) as source:
        return source.geobox


def _check_place(path: str, geobox: GeoBox, other: str) -> None:
    """Refuse a raster on another grid than the map, in words of this job."""
    from engine.geo import vector

    if vector.is_layer(path):
        return
    found = _grid(path)
    if found.matches(geobox) or ((found.height, found.width) == (geobox.height, geobox.width) and not geobox.is_georeferenced):
        return
    line = remedy.warp_to(path, geobox) if found.is_georeferenced and geobox.is_georeferenced else ""
    if found.is_georeferenced and geobox.is_georeferenced and not geobox.overlaps(found):
        raise DataError(f"{path} does not overlap the {other}.", "Choose the layer that belongs to this map.")
    kind = "in another CRS than" if found.crs_wkt != geobox.crs_wkt else "not on the grid of"
    raise DataError(
        f"{path} is {kind} the {other}: found {_grid_text(found)}, expected {_grid_text(geobox)}.",
        f"Put it on that grid: {line}" if line else "Give both the same size and place.",
    )


def _grid_text(geobox: GeoBox) -> str:
    t = geobox.transform
    return f"{geobox.height} x {geobox.width} px of {t.a:.6g} from ({t.c:.10g}, {t.f:.10g}), {remedy.crs_label(geobox.crs_wkt)}"


def _names(spec: AssessSpec, map_path: str) -> dict[str, str]:
    """Return a name for each layer as people know it; told apart by their folders where they are the same."""
    paths = {"map": map_path, "reference": spec.reference}
    found = {role: Path(path.partition("|")[0]).name for role, path in paths.items()}
    if len(set(found.values())) < len(found):
        found = {role: f"{Path(path).parent.name}/{Path(path).name}" for role, path in paths.items()}
    if len(set(found.values())) < len(found):
        found = dict(paths)
    return found


def _head(spec: AssessSpec, names: dict[str, str], geobox: GeoBox, matching: Matching) -> dict[str, Any]:
    return {
        "map_name": names["map"],
        "reference_name": names["reference"],
        "date": time.strftime("%Y-%m-%d"),
        "legend": [{"name": c.name, "color": c.color} for c in matching.classes],
        "matched_by": "name" if matching.by_name else "id",
        "facts": {
            "Map": spec.map or f"{spec.model} on {spec.image}",
            "Reference": spec.reference,
            "Size": f"{geobox.height} x {geobox.width} px",
            "Pixel": f"{geobox.gsd_m:.4g} m" if np.isfinite(geobox.gsd_m) else "without a place on the ground",
            "CRS": remedy.crs_label(geobox.crs_wkt),
            "Classes matched by": "name" if matching.by_name else "id",
        },
    }


def _write(spec: AssessSpec, found: dict[str, Any], report: Reporter) -> None:
    texts = {"report": (spec.report, lambda: page.html(found)), "metrics": (spec.metrics, lambda: _json(found)),
             "table": (spec.table, lambda: _csv(found))}  # fmt: skip
    for role, (path, text) in texts.items():
        if path:
            with atomic.output(path) as part:
                part.write_text(text(), encoding="utf-8", newline="")
            report.artifact(role, path)


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _csv(found: dict[str, Any]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("measure", "class", "detail", "value"))
    rows.writerows(figures.table(found))
    return text.getvalue()
