"""Make polygons of a class raster."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.specs.vectorize import VectorizeSpec
from engine.vectorize import layer


def run(spec: VectorizeSpec, report: Reporter) -> dict[str, Any]:
    """Write the polygons with their attributes."""
    started = time.monotonic()
    finishing = layer.Finishing(
        spec.minimum_area, spec.tolerance, spec.smooth, spec.tolerated_share, spec.regularize, spec.least_iou, spec.tile
    )
    found = layer.write(
        spec.output,
        spec.map,
        report,
        legend=_read_legend(spec.legend) if spec.legend else None,
        confidence=spec.confidence,
        finishing=finishing,
    )
    if not found["polygons"]:
        report.warning(f"{spec.map} has no pixel with a class, so that the layer has no polygon.")
    if small := found.get("below_minimum"):
        few = "1 polygon is" if small == 1 else f"{small} polygons are"
        report.message(f"{few} a little smaller than the minimum area: borders are simplified after small areas went.")
    report.artifact("polygons", spec.output)
    return {**found, "seconds": round(time.monotonic() - started, 3)}


def _read_legend(path: str) -> Legend:
    try:
        return Legend.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, DataError) as error:
        text = error.text if isinstance(error, DataError) else str(error)
        raise DataError(
            f"{path} is no legend: {text}", 'Write it as [{"id": 0, "name": "building", "color": "#d1495b"}, ...].'
        ) from None
