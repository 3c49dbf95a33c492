"""The request to show a model's card."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..results import Result
from ..spec import Spec


@dataclass(frozen=True)
class InfoSpec(Spec):
    """Show what a model says of itself: bands, scaling, pixel size, classes, training, licence."""

    job = "info"
    title = "Model card"
    group = "Set up"
    results = (
        Result("network", "Architecture", is_text=True),
        Result("grade", "Grade of its seams", is_text=True),
        Result("class_count", "Number of classes", "legend"),
        Result("band_count", "Number of bands", "bands"),
        Result("licence", "Licence", is_text=True),
        Result("hash", "SHA-256 of the weights", is_text=True),
    )

    model: str = params.model(
        "Model", "Model file to describe; the student that ships with Edgewise when none is given.", shipped=True
    )
