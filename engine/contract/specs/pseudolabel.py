"""The request for pseudo-labels."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..spec import Spec


@dataclass(frozen=True)
class PseudolabelSpec(Spec):
    """Make labels where a model is right.

    Of each class the surest pixels are taken, away from every border, down to the confidence at which the model was right on
    answers that it did not learn from. Common classes are thinned. They are made anew for each round, and never replace an
    answer.
    """

    job = "pseudolabel"
    title = "Make pseudo-labels"
    group = "Improve labels"

    image: str = params.raster("Orthophoto", "Orthophoto of the campaign; the labels get its grid.")
    model: str = params.model("Model", "Model of the current round.")
    held_out: str = params.raster("Held-out labels", "Label raster that ingest kept apart; the model is measured on it.")
    labels: str = params.raster("Labels", "Label raster of the answers; no pseudo-label lies on them.", optional=True)
    share: float = params.number(
        "Share", "Share of each class's pixels that is taken at most, the surest first.", 0.2, 0.01, 1.0
    )
    precision: float = params.number(
        "Precision", "Share of the held-out pixels of a class that must be right; classes below it get no pseudo-label.",
        0.9, 0.5, 1.0,
    )  # fmt: skip
    device: str = params.choice(
        "Device", "Where to compute.", {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU"}, "auto", advanced=True
    )
    seed: int = params.integer("Seed", "Start of all random numbers.", 0, 0, 2**31 - 1, advanced=True)
    output: str = params.output_raster("Pseudo-labels", "Label raster that is written; 255 where the model is not sure.")
    confidence: str = params.output_raster(
        "Confidence", "Raster of the confidence of each pseudo-label in percent, 255 elsewhere.", optional=True
    )
