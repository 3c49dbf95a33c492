"""The request for regions worth labelling."""

from __future__ import annotations

from dataclasses import dataclass

from .. import catalogue, params
from ..results import Result
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
    results = (
        Result("offered", "Units offered"),
        Result("edge_units", "Edge units"),
        Result("region_units", "Region units"),
        Result("clicks", "Clicks that answering takes"),
        Result("round_number", "Round of the campaign", "round"),
        Result("mpx_per_s", "Speed in megapixels a second"),
    )

    image: str = params.raster("Orthophoto", "Raster to look for regions in.")
    model: str = params.model(
        "Model", "Model of the current round; the student that ships with Edgewise when none is given.", shipped=True
    )
    budget: int = params.integer("Budget", "What the batch may cost, in the unit below.", 200, 1, 1_000_000_000)
    budget_unit: str = params.choice(
        "Unit of the budget", "What is counted: regions, the clicks that they are expected to need, or their pixels.",
        {"units": "Regions", "clicks": "Clicks", "pixels": "Pixels"}, "units",
    )  # fmt: skip
    edge_share: float = params.number("Share of edge units", "Share of the budget spent on borders.", 0.5, 0.0, 1.0)
    score: str = params.choice(
        "Score", "How uncertainty is measured.", catalogue.choices(catalogue.ACQUISITION), "bvsb", advanced=True
    )
    held_out: str = params.raster(
        "Held-out labels", "Label raster that ingest kept apart; classes that the model gets wrong there are asked for more.",
        optional=True, advanced=True,
    )  # fmt: skip
    device: str = params.choice(
        "Device", "Where to compute.", {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU"}, "auto", advanced=True
    )
    seed: int = params.integer("Seed", "Start of all random numbers.", 0, 0, 2**31 - 1, advanced=True)
    output: str = params.output_vector("Campaign", "GeoPackage of the labelling campaign that is written.")

    def stages(self) -> dict[str, float]:
        """Return the stages with their shares of the time."""
        return {"suggest": 1.0}
