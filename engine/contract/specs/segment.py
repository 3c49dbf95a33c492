"""The request to segment an orthophoto."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .. import catalogue, params
from ..errors import SpecError
from ..results import Result
from ..spec import Spec
from . import inputs

GRADES = {"seamless": "Seamless", "exact": "Exact", "blended": "Blended"}
PRECISIONS = {"auto": "Automatic", "fp32": "32 bits", "bf16": "16 bits, bfloat16", "fp16": "16 bits, half"}
GRIDS = {"input": "That of the orthophoto", "working": "That of the resampled pixels"}
MAP_RESULTS = (
    Result("unlabelled_pixels", "Pixels without a class", "pixels.unlabelled"),
    Result("seam_index", "Seam index; 1 where no seam shows"),
)


@dataclass(frozen=True)
class SegmentSpec(Spec):
    """Label every pixel of an orthophoto with a trained model.

    The orthophoto may have any size: it is read in tiles with a margin, so that no seam shows. The class raster has the
    grid of the orthophoto; pixels without data are 255. A run that was stopped goes on where it was when it is started again.

    An orthophoto delivered as many adjoining files is one input: in QGIS make a virtual raster of them first (Raster >
    Miscellaneous > Build Virtual Raster), on the command line name the files or their folder.
    """

    job = "segment"
    title = "Segment an orthophoto"
    group = "Map"
    results = (
        *MAP_RESULTS,
        Result("mpx_per_s", "Speed in megapixels a second"),
        Result("tiles", "Tiles computed"),
        Result("seconds", "Time in seconds", "total_seconds"),
        Result("used_device", "Device that computed", "device", is_text=True),
        Result("used_runtime", "Runtime that computed", "runtime", is_text=True),
    )

    image: tuple[str, ...] = params.mosaic(
        "Orthophoto",
        "Raster to segment. Several files or a folder of them are one orthophoto when they lie on one grid; where they "
        "overlap, later files cover earlier ones.",
    )
    model: str = params.model(
        "Model",
        "Model file, trained or distilled by Edgewise, or an ONNX file with the metadata that Deepness reads; the student that "
        "ships with Edgewise when not given.",
        shipped=True,
    )
    area_of_interest: str = params.vector(
        "Area of interest", "Polygons in any CRS; what lies outside stays unlabelled.", optional=True
    )
    extent: str = inputs.extent("to segment", "The maps cover this part only.")
    bands: tuple[str, ...] = inputs.bands()
    resample: str = inputs.resample()
    grid: str = params.choice(
        "Grid", "Grid of the maps of a resampled orthophoto.", GRIDS, "input", advanced=True
    )  # fmt: skip
    grade: str = params.choice(
        "Grade",
        "Seamless changes at most 1 pixel in 10,000 and is faster; exact gives the labels of one pass over all; blended "
        "averages overlapping tiles, as networks that look at the whole tile always need.",
        GRADES, "seamless", advanced=True,
    )  # fmt: skip
    tta: str = params.choice(
        "Test-time augmentation", "Average the model over flipped and turned views: more accurate, 4 or 8 times slower.",
        {"none": "One view", "flips": "4 flips", "d4": "8 flips and turns"}, "none", advanced=True,
    )  # fmt: skip
    refine: str = params.choice(
        "Refine borders",
        "Let the borders of the classes follow those that the image shows, within a few pixels; slower.",
        {"none": "As the model draws them", "guided": "Guided filter"}, "none", advanced=True,
    )  # fmt: skip
    runtime: str = params.choice(
        "Runtime", "What runs the model; automatic tries what is installed once and keeps the fastest.",
        {"auto": "Automatic", **catalogue.choices(catalogue.RUNTIMES)}, "auto", advanced=True,
    )  # fmt: skip
    precision: str = params.choice("Precision", "Number format of the model.", PRECISIONS, "auto", advanced=True)
    tile: int = params.integer("Tile size", "Side of a tile in pixels, margin included; 0 chooses.", 0, 0, 8192, advanced=True)
    batch: int = params.integer("Batch", "Tiles computed at once; 0 chooses.", 0, 0, 64, advanced=True)
    device: str = params.choice(
        "Device", "Where to compute.", {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU"}, "auto", advanced=True
    )
    resume: bool = params.boolean("Resume", "Go on with a stopped run of the same request.", True, advanced=True)
    shard: str = params.text(
        "Share", "Compute one share of the rows, such as 1/4, and leave it for the merge job.", advanced=True
    )
    output: str = params.output_raster("Classes", "Class raster that is written.")
    confidence: str = params.output_raster(
        "Confidence", "Raster with the probability of the chosen class in percent.", optional=True
    )
    probabilities: str = params.output_raster(
        "Probabilities", "Raster with the probability of every class in percent, one band for each.", optional=True
    )
    polygons: str = params.output_vector(
        "Polygons", "Polygons of the classes; the suffix decides the format.", optional=True, suffixes=params.POLYGON_SUFFIXES
    )

    def stages(self) -> dict[str, float]:
        """Return the stages with their shares of the time."""
        return {"segment": 0.85, "Tracing": 0.15} if self.polygons else {"segment": 1.0}

    def check(self) -> None:
        """Refuse a share that is none, and outputs that a share cannot make."""
        if self.shard:
            self.share()
            if self.confidence or self.polygons:
                raise SpecError(
                    f"Share: {self.shard} of the rows gives neither confidence nor polygons.", "Ask the merge job for them."
                )
            if self.probabilities:
                raise SpecError(
                    f"Share: {self.shard} of the rows keeps no probabilities.", "Leave --shard or --probabilities away."
                )
        if self.refine != "none" and self.precision not in ("auto", "fp32"):
            raise SpecError(
                f"Precision: found {self.precision}; borders are refined in 32 bits.", "Use --precision auto, or --refine none."
            )
        super().check()

    def share(self) -> tuple[int, int]:
        """Return which share of how many is asked for, counted from 0.

        Raises:
            SpecError: it is not written as 1/4.
        """
        found = re.fullmatch(r"(\d+)/(\d+)", self.shard or "1/1")
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise SpecError(f"Share: found '{self.shard}', expected a number of a whole, such as 1/4.", "Correct --shard.")
        return int(found[1]) - 1, int(found[2])
