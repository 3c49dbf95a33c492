"""Write the polygons of a class raster as a layer: what `vectorize` does, and `segment` where polygons are asked for."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.contract.errors import DataError
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.params import nearest
from engine.geo import polygon_file
from engine.vectorize.coverage import Finish
from engine.vectorize.features import Maker
from engine.vectorize.ground import Ground
from engine.vectorize.sieve import sieve
from engine.vectorize.source import ClassRaster, ConfidenceRaster, Source
from engine.vectorize.stream import TILE_PX, Stream

FINISHED_TILE_PX = 2048
"""Simplified borders keep their points on the frames of tiles, so these lie far apart."""


@dataclass(frozen=True)
class Finishing:
    """What is done with the pieces of a class raster; lengths in metres on the ground, in pixels without a CRS.

    Attributes:
        minimum_area_m2: smaller pieces go to their neighbours.
        tolerance_m: how far borders may be simplified.
        smooth: whether corners are rounded.
        tolerated_share: largest share of the pixels of a tile that simplification may change.
        regular: name of the class whose outlines are made regular; empty for none.
        least_iou: least intersection over union of a regular outline with the one before.
        tile_px: side of a tile; 0 chooses.
    """

    minimum_area_m2: float = 0.0
    tolerance_m: float = 0.0
    smooth: bool = False
    tolerated_share: float = 0.02
    regular: str = ""
    least_iou: float = 0.85
    tile_px: int = 0


AS_THEY_ARE = Finishing()


def write(
    path: str | Path,
    classes: str | Path,
    report: Reporter,
    *,
    legend: Legend | None = None,
    confidence: str = "",
    finishing: Finishing = AS_THEY_ARE,
) -> dict[str, Any]:
    """Write the polygons of a class raster; memory does not grow with its size.

    Args:
        path: GeoPackage, or by suffix another format of `polygon_file`; appears when it is whole.
        classes: the class raster.
        report: hears of the progress.
        legend: names of the ids; those in the raster where it is None.
        confidence: raster in percent on the same grid, averaged over each polygon; empty for none.
        finishing: how borders and small pieces are treated.

    Returns:
        number of polygons, and number and area by class; the share of pixels that simplification changed, and how many
        polygons it made smaller than the minimum area.

    Raises:
        DataError: a raster that is none of classes or confidence, another grid, a class that the legend does not have.
        ResourceError: the disk is full.
    """
    polygon_file.check_format(Path(path))
    with contextlib.ExitStack() as opened:
        mapped = opened.enter_context(ClassRaster(classes, legend))
        geobox = mapped.geobox
        percent = opened.enter_context(ConfidenceRaster(confidence, geobox)) if confidence else None
        maker = Maker(
            geobox, mapped.legend, Ground(geobox), percent is not None, _id(mapped, finishing.regular), finishing.least_iou
        )
        gsd_m = geobox.gsd_m if math.isfinite(geobox.gsd_m) else 1.0
        finish = Finish(finishing.tolerance_m / gsd_m, finishing.smooth, finishing.tolerated_share)
        is_finished = finish.tolerance_px > 0 or finish.smooth
        tile_px = finishing.tile_px or (FINISHED_TILE_PX if is_finished else TILE_PX)
        file = opened.enter_context(polygon_file.create(path, geobox, mapped.legend, Path(path).stem, maker.nothing()))
        source: Source = mapped
        if finishing.minimum_area_m2 > 0:
            source = opened.enter_context(
                sieve(mapped, finishing.minimum_area_m2, maker.ground, Path(path).parent, tile_px, report)
            )
        batches = Stream(source, maker, report, confidence=percent, finish=finish if is_finished else None, tile_px=tile_px)
        counts, areas_m2 = np.zeros(256, np.int64), np.zeros(256)
        regular = shrunk = 0
        for columns in batches:
            counts += np.bincount(columns["class_id"], minlength=256)
            areas_m2 += np.bincount(columns["class_id"], columns["area_m2"], 256)
            regular += int(columns["regular"].sum()) if "regular" in columns else 0
            shrunk += int((columns["area_m2"] < finishing.minimum_area_m2).sum()) if is_finished else 0
            file.append(columns)
    return {
        "polygons": file.count,
        "by_class": {c.name: int(counts[c.id]) for c in mapped.legend},
        "area_m2": {c.name: round(float(areas_m2[c.id]), 3) for c in mapped.legend} if np.isfinite(areas_m2).all() else {},
        **({"changed_share": batches.changed / (geobox.height * geobox.width), "below_minimum": shrunk} if is_finished else {}),
        **({"regular": regular} if finishing.regular else {}),
    }


def _id(mapped: ClassRaster, name: str) -> int | None:
    """Return the id of the class with a name, or None where none is named."""
    if not name:
        return None
    ids = {c.name: c.id for c in mapped.legend}
    if name not in ids:
        raise DataError(f"{mapped.path} has no class '{name}' to make regular.", nearest(name, ids))
    return ids[name]
