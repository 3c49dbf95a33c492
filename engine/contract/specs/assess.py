"""The request to compare a map with a reference."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..params import Spec


@dataclass(frozen=True)
class AssessSpec(Spec):
    """Compare a class raster with reference labels.

    Gives the confusion matrix, IoU, F1, precision and recall of each class, overall accuracy and boundary measures as a
    report that opens in any browser. Pixels without a reference do not count, and are counted as such.
    """

    job = "assess"
    title = "Assess accuracy"
    group = "Assess"

    map: str = params.raster("Map", "Class raster to assess.")
    reference: str = params.layer("Reference", "Reference raster on the same grid, or polygons with a class field.")
    class_field: str = params.field("Class field", "Attribute with the class of each polygon.", "reference")
    report: str = params.output_file("Report", "HTML report that is written.", ("html",))
    metrics: str = params.output_file("Metrics", "The same figures as JSON.", ("json",), optional=True)
