"""The request to put the shares of a segmentation together."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..results import Result
from ..spec import Spec
from .segment import GRIDS, MAP_RESULTS


@dataclass(frozen=True)
class MergeSpec(Spec):
    """Put the shares of a segmentation together.

    Each `segment --shard 1/4` leaves its finished rows in a folder `classes.bands`. With one folder that all shares wrote,
    or one folder from each machine, this gives the rasters that one run would have given, to the pixel.
    """

    job = "merge"
    title = "Merge shares"
    group = "Map"
    results = (*MAP_RESULTS, Result("used_runtime", "Runtime that computed", "runtime", is_text=True))

    image: tuple[str, ...] = params.mosaic("Orthophoto", "The raster, files or folder that was segmented; its grid is taken.")
    model: str = params.model(
        "Model", "The model it was segmented with; the student that ships with Edgewise when none is given.", shipped=True
    )
    bands: tuple[str, ...] = params.file(
        "Shares", "Folders that end in .bands; where a dialog takes files only, any file in each.", ("bands",), multiple=True
    )
    grid: str = params.choice("Grid", "Grid of the maps of a resampled orthophoto.", GRIDS, "input", advanced=True)
    output: str = params.output_raster("Classes", "Class raster that is written.")
    confidence: str = params.output_raster(
        "Confidence", "Raster with the probability of the chosen class in percent.", optional=True
    )
    polygons: str = params.output_vector(
        "Polygons", "Polygons of the classes; the suffix decides the format.", optional=True, suffixes=params.POLYGON_SUFFIXES
    )

    def stages(self) -> dict[str, float]:
        """Return the stages with their shares of the time."""
        return {"merge": 0.5, "Tracing": 0.5} if self.polygons else {"merge": 1.0}
