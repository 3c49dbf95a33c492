"""The request to turn answers into labels."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..results import Result
from ..spec import Spec


@dataclass(frozen=True)
class IngestSpec(Spec):
    """Turn the answers of a labelling campaign into labels.

    Answers to units, redrawn borders and free corrections become a label raster on the grid of the orthophoto. What cannot
    be used is named, feature by feature, and stays in the campaign.
    """

    job = "ingest"
    title = "Ingest labels"
    group = "Improve labels"
    results = (
        Result("labelled_pixels", "Pixels with a label"),
        Result("answered_pixels", "Pixels labelled by answers and corrections"),
        Result("labelled_share", "Share of pixels with a label", "share"),
        Result("open_units", "Units without an answer"),
        Result("unused", "Features that could not be used"),
    )

    campaign: tuple[str, ...] = params.vector(
        "Campaign", "GeoPackage of the labelling campaign, or its copies that several people answered; they are only read.",
        whole=True, multiple=True,
    )  # fmt: skip
    image: str = params.raster("Orthophoto", "Orthophoto of the campaign; the labels get its grid.")
    labels: str = params.raster(
        "Earlier labels", "Label raster on the same grid that the answers are added to; answers count more.", optional=True
    )
    held_out_share: float = params.number(
        "Share held out", "Share of the answered units that is kept out of the labels, for measuring the model.", 0.2, 0.0, 0.5,
        advanced=True,
    )  # fmt: skip
    held_out: str = params.output_raster(
        "Held-out labels", "Label raster of the units held out; without it all answers are used.", optional=True
    )
    output: str = params.output_raster("Labels", "Label raster that is written; 255 where nothing is known.")

    def stages(self) -> dict[str, float]:
        """Return the stages with their shares of the time."""
        return {"ingest": 1.0}
