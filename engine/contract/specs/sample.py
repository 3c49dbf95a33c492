"""The request to design a reference sample."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..results import Result
from ..spec import Spec


@dataclass(frozen=True)
class SampleSpec(Spec):
    """Draw points at random from each class of a map, to be answered in QGIS and read by Assess accuracy.

    The classes of the map are the strata. The points come in random order with a form that asks for the class on the
    ground and does not show what the map says; how many pixels each stratum has is kept beside them.
    """

    job = "sample"
    title = "Design a reference sample"
    group = "Assess"
    results = (
        Result("drawn", "Points drawn", "points"),
        Result("expected_error", "Expected standard error of overall accuracy", "expected_standard_error"),
    )

    map: str = params.raster("Map", "Class raster whose classes are the strata.")
    area_of_interest: str = params.vector("Area of interest", "Polygons; no point falls outside.", optional=True)
    allocation: str = params.choice(
        "Allocation",
        "How points are shared over the classes.",
        {
            "proportional": "By area",
            "equal": "The same number for each class",
            "neyman": "By area and expected errors (Neyman)",
        },
        "proportional",
    )
    points: int = params.integer("Points", "Number of points; 0 takes as many as the standard error asks for.", 0, 0, 1_000_000)
    standard_error: float = params.number(
        "Standard error", "Wanted standard error of overall accuracy, as a share; used when Points is 0.", 0.02, 0.0005, 0.5
    )
    least: int = params.integer(
        "Points at least", "Points that each class gets at least, so that rare classes can be judged.", 30, 0, 100_000
    )
    accuracy: float = params.number(
        "Expected accuracy", "Share of each mapped class that is expected to be right.", 0.8, 0.0, 1.0, advanced=True
    )
    accuracies: str = params.text("Expected accuracies", "The same for some classes, as road=0.6, water=0.95.", advanced=True)
    seed: int = params.integer("Seed", "Start of all random numbers.", 0, 0, 2**31 - 1, advanced=True)
    output: str = params.output_vector("Sample", "GeoPackage of points that is written.")

    def stages(self) -> dict[str, float]:
        """Return the stages with their shares of the time."""
        return {"Counting": 0.5, "Drawing": 0.5}
