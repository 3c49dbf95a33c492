"""The request to make polygons of a class raster."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..results import Result
from ..spec import Spec


@dataclass(frozen=True)
class VectorizeSpec(Spec):
    """Make polygons of a class raster of any size.

    Neighbours share their borders exactly, also where they are simplified or rounded: there is no gap and no overlap, and
    no seam. Each polygon has its class, area and perimeter on the ground and, with a confidence raster, its mean
    confidence. Regular building outlines are drawn on their own and may leave or cross the borders of their neighbours.
    """

    job = "vectorize"
    title = "Vectorize classes"
    group = "Map"
    results = (
        Result("polygon_count", "Number of polygons", "polygons"),
        Result("regular_count", "Outlines made regular", "regular"),
        Result("changed_share", "Share of pixels that simplification changed"),
        Result("seconds", "Time in seconds"),
    )

    map: str = params.raster("Map", "Class raster.")
    confidence: str = params.raster(
        "Confidence", "Confidence raster of the map in percent, averaged over each polygon.", optional=True
    )
    legend: str = params.file(
        "Legend", "JSON list of {id, name, color}; replaces the names found in the map.", ("json",), optional=True,
        advanced=True,
    )  # fmt: skip
    minimum_area: float = params.number(
        "Minimum area", "Smaller areas, in m2, go to the neighbour with the longest border; in pixels without a CRS.",
        0.0, 0.0, 1e9,
    )  # fmt: skip
    tolerance: float = params.number(
        "Tolerance", "How far borders are simplified, in metres; 0 keeps the outline of every pixel.", 0.0, 0.0, 1e6
    )
    smooth: bool = params.boolean("Smooth", "Round the corners of borders.", False)
    tolerated_share: float = params.number(
        "Tolerated share", "Largest share of pixels that simplified borders may give to another class; where it would be "
        "more, borders stay finer.", 0.02, 0.0, 1.0, advanced=True,
    )  # fmt: skip
    regularize: str = params.text("Regularize", "Class whose outlines get right angles, such as building; empty for none.")
    least_iou: float = params.number(
        "Least overlap", "Intersection over union with the raw outline below which an outline is not made regular.",
        0.85, 0.0, 1.0, advanced=True,
    )  # fmt: skip
    tile: int = params.integer("Tile size", "Side of a tile in pixels; 0 chooses.", 0, 0, 8192, advanced=True)
    output: str = params.output_vector(
        "Polygons", "Layer that is written; GeoPackage with its style, or by suffix FlatGeobuf, GeoJSON or GeoParquet.",
        suffixes=params.POLYGON_SUFFIXES,
    )  # fmt: skip

    def stages(self) -> dict[str, float]:
        """Return the stages with their shares of the time."""
        sieved = {"Finding small areas": 0.25, "Removing small areas": 0.25} if self.minimum_area else {}
        return {**sieved, "Tracing": 1 - sum(sieved.values())}
