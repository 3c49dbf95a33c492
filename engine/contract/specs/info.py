"""The request to show a model's card."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..spec import Spec


@dataclass(frozen=True)
class InfoSpec(Spec):
    """Show what a model says of itself: bands, scaling, pixel size, classes, training, licence."""

    job = "info"
    title = "Model card"
    group = "Set up"

    model: str = params.model(
        "Model", "Model file to describe; the student that ships with Edgewise when none is given.", shipped=True
    )
