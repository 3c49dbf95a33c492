"""From rings in pixels to polygons on the ground with their attributes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from engine.contract.legend import Legend
from engine.geo.geobox import GeoBox
from engine.vectorize import regularize
from engine.vectorize.ground import Ground
from engine.vectorize.rings import Rings, joined, of_polygons, polygons, well_known_binary
from engine.vectorize.stitch import Measures


@dataclass(frozen=True)
class Maker:
    """What all polygons of a run have in common.

    Attributes:
        geobox: the grid of the class raster.
        legend: names of the classes.
        ground: lengths and areas.
        has_confidence: whether there is a confidence to average.
        regular: class whose outlines are made regular, or None.
        least_iou: bound for that.
    """

    geobox: GeoBox
    legend: Legend
    ground: Ground
    has_confidence: bool = False
    regular: int | None = None
    least_iou: float = 0.0

    def make(self, rings: Rings, measures: Measures) -> dict[str, NDArray]:
        """Return the columns of the polygons of some regions: `geometry` as WKB, and the attributes.

        `area_m2` and `perimeter_m` are those of the geometry that is written, on the ground; `confidence` is the mean of
        the pixels, in percent.
        """
        more = {}
        if self.regular is not None:
            rings, more["regular"] = self._regularized(rings, measures)
        area_m2, perimeter_m = self._sizes(rings, len(measures))
        if self.has_confidence:
            with np.errstate(invalid="ignore"):
                more["confidence"] = np.where(measures.judged > 0, measures.confidence / measures.judged, np.nan)
        names = np.full(256, "", object)
        names[list(self.legend.ids)] = self.legend.names
        return {
            "geometry": well_known_binary(rings, self._world(rings.xy), len(measures)),
            "class_id": measures.classes.astype(np.int32),
            "name": names[measures.classes],
            "area_m2": area_m2,
            "perimeter_m": perimeter_m,
            **more,
        }

    def nothing(self) -> dict[str, NDArray]:
        """Return the columns without polygons."""
        return self.make(joined([]), Measures(np.zeros(0, np.uint8), np.zeros(0), np.zeros(0, np.int64)))

    def _world(self, xy: NDArray) -> NDArray:
        """Return map coordinates; equal points stay equal, whichever polygon they belong to."""
        t = self.geobox.transform
        x, y = xy[:, 0], xy[:, 1]
        return np.stack([t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f], axis=1)

    def _sizes(self, rings: Rings, count: int) -> tuple[NDArray, NDArray]:
        cross = rings.cross_products.astype(float)
        owner = rings.by_point(rings.owners)
        after = rings.successors
        twice = np.bincount(owner, cross, count)
        middles = [
            np.bincount(owner, cross * (rings.xy[:, axis] + rings.xy[after, axis]), count) / (3 * twice) for axis in (1, 0)
        ]
        e, f, g = self.ground.metric(*middles)
        step = rings.xy[after] - rings.xy
        x, y = step[:, 0], step[:, 1]
        length_m = np.sqrt(e[owner] * x * x + 2 * f[owner] * x * y + g[owner] * y * y)
        return -twice / 2 * np.sqrt(e * g - f * f), np.bincount(owner, length_m, count)

    def _regularized(self, rings: Rings, measures: Measures) -> tuple[Rings, NDArray[np.bool_]]:
        """Return the rings with regular outlines where they are wanted and possible, and which polygons have them."""
        is_wanted, is_regular = measures.classes == self.regular, np.zeros(len(measures), bool)
        end = np.array([self.geobox.width, self.geobox.height])
        on_frame = ((rings.xy == 0) | (rings.xy == end)).any(axis=1)
        is_wanted[rings.by_point(rings.owners)[on_frame]] = False  # an outline that the raster cuts off is not known
        number = np.cumsum(is_wanted) - 1
        found = polygons(rings.chosen(is_wanted[rings.owners], number), int(is_wanted.sum()))
        centres = shapely.get_coordinates(shapely.centroid(found))
        e, _, g = self.ground.metric(centres[:, 1], centres[:, 0])
        stretch = np.nan_to_num(np.sqrt(e / g), nan=1.0)  # columns as long as rows, so that right angles are right
        for position, (owner, factor) in enumerate(zip(np.flatnonzero(is_wanted).tolist(), stretch.tolist(), strict=True)):
            outline = regularize.regular(found[position], self.least_iou, stretch=factor)
            if outline is not None:
                found[position], is_regular[owner] = outline, True
        made = of_polygons(found)
        made = Rings(made.xy, made.offsets, np.flatnonzero(is_wanted)[made.owners])
        return joined([rings.chosen(~is_wanted[rings.owners]), made]), is_regular
