"""The request to segment an orthophoto."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..params import Spec


@dataclass(frozen=True)
class SegmentSpec(Spec):
    """Label every pixel of an orthophoto with a trained model.

    The orthophoto may have any size: it is read in tiles with a margin, so that no seam shows. The class raster has the
    grid of the orthophoto; pixels without data are 255.
    """

    job = "segment"
    title = "Segment an orthophoto"
    group = "Map"

    image: str = params.raster("Orthophoto", "Raster to segment; its bands and pixel size must fit the model.")
    model: str = params.model("Model", "Model file, trained or distilled by Edgewise.")
    tile: int = params.integer("Tile size", "Side of a tile in pixels, margin included; 0 chooses.", 0, 0, 8192, advanced=True)
    batch: int = params.integer("Batch", "Tiles computed at once; 0 chooses.", 0, 0, 64, advanced=True)
    device: str = params.choice(
        "Device", "Where to compute.", {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU"}, "auto", advanced=True
    )
    output: str = params.output_raster("Classes", "Class raster that is written.")
    confidence: str = params.output_raster(
        "Confidence", "Raster with the probability of the chosen class in percent.", optional=True
    )
    polygons: str = params.output_vector("Polygons", "Polygons of the classes.", optional=True)
