"""The request for regions worth labelling."""

from __future__ import annotations

from dataclasses import dataclass

from .. import catalogue, params
from ..spec import Spec


@dataclass(frozen=True)
class SuggestSpec(Spec):
    """Suggest the regions whose labels teach the model most.

    Edge units are stretches of one border between two classes, region units are pieces of ground; both are chosen where
    the model is unsure, balanced over the classes, and written as a campaign that works in plain QGIS.
    """

    job = "suggest"
    title = "Suggest regions to label"
    group = "Improve labels"

    image: str = params.raster("Orthophoto", "Raster to look for regions in.")
    model: str = params.model("Model", "Model of the current round.")
    budget: int = params.integer("Budget", "Number of regions to suggest.", 200, 1, 100_000)
    edge_share: float = params.number("Share of edge units", "Share of the budget spent on borders.", 0.5, 0.0, 1.0)
    score: str = params.choice(
        "Score", "How uncertainty is measured.", catalogue.choices(catalogue.ACQUISITION), "bvsb", advanced=True
    )
    device: str = params.choice(
        "Device", "Where to compute.", {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU"}, "auto", advanced=True
    )
    seed: int = params.integer("Seed", "Start of all random numbers.", 0, 0, 2**31 - 1, advanced=True)
    output: str = params.output_vector("Campaign", "GeoPackage of the labelling campaign that is written.")
