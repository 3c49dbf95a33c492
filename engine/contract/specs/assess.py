"""The request to compare a map with a reference."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .. import params
from ..errors import DataError, SpecError
from ..results import Result
from ..spec import Spec
from . import inputs


@dataclass(frozen=True)
class AssessSpec(Spec):
    """Compare a class raster, or a model run on the fly, with reference labels or with a reference sample.

    Gives the confusion matrix, IoU, F1, precision and recall of each class, overall accuracy, boundary measures, pieces and
    calibration as a report that opens in any browser. Pixels without a reference do not count, and are counted as such.
    From the points of Design a reference sample it gives area-adjusted accuracy and areas with 95 % intervals.
    """

    job = "assess"
    title = "Assess accuracy"
    group = "Assess"
    results = (
        Result("miou", "Mean IoU"),
        Result("overall_accuracy", "Overall accuracy"),
        Result("mean_f1", "Mean F1"),
        Result("sample_accuracy", "Overall accuracy, area-adjusted from a sample", "sample.overall_accuracy.value"),
    )

    map: str = params.raster("Map", "Class raster to assess; leave it empty to run a model.", optional=True)
    reference: str = params.layer(
        "Reference",
        "Reference raster on the grid of the map, polygons with a class field, or the answered points of a reference sample.",
    )
    class_field: str = params.field(
        "Class field", "Attribute with the class of each polygon or point; points: 'reference' when left empty.", "reference"
    )
    area_of_interest: str = params.vector("Area of interest", "Polygons; pixels outside do not count.", optional=True)
    confidence: str = params.raster(
        "Confidence", "Confidence raster of the map in percent, to judge its calibration.", optional=True
    )
    second_map: str = params.raster(
        "Second map", "Another class raster on the same grid, to test whether it is better than the map.", optional=True
    )
    model: str = params.model("Model", "Model to run on the orthophoto when no map is given.", optional=True, advanced=True)
    image: tuple[str, ...] = params.mosaic(
        "Orthophoto", "Orthophoto for the model; several files or a folder of them are one.", optional=True, advanced=True
    )
    bands: tuple[str, ...] = inputs.bands()
    resample: str = inputs.resample()
    block: int = params.integer(
        "Block", "Side in pixels of the blocks of ground that are resampled for intervals and tests; larger than the reach of "
        "one mistake.", 256, 16, 2048, advanced=True,
    )  # fmt: skip
    seed: int = params.integer("Seed", "Start of all random numbers.", 0, 0, 2**31 - 1, advanced=True)
    report: str = params.output_file("Report", "HTML report that is written.", ("html",))
    metrics: str = params.output_file("Metrics", "The same figures as JSON.", ("json",), optional=True)
    table: str = params.output_file("Table", "The same figures as CSV for a spreadsheet.", ("csv",), optional=True)
    errors: str = params.output_raster("Errors", "Raster that shows where the map is wrong, and what for what.", optional=True)

    def stages(self) -> dict[str, float]:
        """Return the stages with their shares of the time."""
        return {"segment": 0.7, "Comparing": 0.3} if self.model else {"Comparing": 1.0}

    def check(self) -> None:
        """Refuse a request with no map or two, and a report path that is a folder."""
        if bool(self.map) == bool(self.model):
            raise SpecError("Assess takes a map, or a model with its orthophoto.", "Give --map, or --model and --image.")
        if bool(self.model) != bool(self.image):
            raise SpecError("A model and its orthophoto come together.", "Give both --model and --image, or --map.")
        if not self.model and (self.bands or self.resample != "none"):
            raise SpecError(
                "Bands and pixel size are those of an orthophoto that a model is run on.",
                "Give --model and --image, or leave --bands and --resample out.",
            )
        if self.model and self.confidence:
            raise SpecError("A model that is run here gives its own confidence.", "Leave out --confidence.")
        super().check()
        for path in self.outputs().values():
            if os.path.isdir(path):
                raise DataError(f"{path} is a folder, a file is to be written there.", "Choose another name.")
