"""The request for a labelling round: everything between two sittings of an analyst."""

from __future__ import annotations

from dataclasses import dataclass

from .. import catalogue, params
from ..errors import SpecError
from ..spec import Spec
from .distill import DistillSpec
from .ingest import IngestSpec
from .pseudolabel import PseudolabelSpec
from .suggest import SuggestSpec


@dataclass(frozen=True)
class RoundSpec(Spec):
    """Turn the answers of a campaign into a better model and its next questions.

    Answers become labels, pseudo-labels are added where the model was right on answers held out, the model is trained further
    on both, by teachers too where they are given, and the next units are appended to the campaign. Each round has a folder of
    its own; a round that was stopped goes on where it stood.
    """

    job = "round"
    title = "Next labelling round"
    group = "Improve labels"

    campaign: str = params.vector(
        "Campaign", "GeoPackage of the campaign; answers are read, the next units are appended.", whole=True
    )
    copies: tuple[str, ...] = params.vector(
        "Copies of the campaign", "The same campaign as other people answered it; they are only read.", whole=True,
        multiple=True, optional=True, advanced=True,
    )  # fmt: skip
    image: str = params.raster("Orthophoto", "Orthophoto of the campaign.")
    labels: str = params.raster(
        "Earlier labels", "Label raster on the grid of the orthophoto; answers count more.", optional=True
    )
    model: str = params.model("Model", "Model to train further; none takes the one that chose the newest units.", optional=True)
    teachers: tuple[str, ...] = params.model(
        "Teachers", "Trained models with the same bands and classes to learn from.", multiple=True, optional=True
    )
    distillation: str = params.text(
        "Distillation", "Terms and weights where teachers are given, as in distill.", DistillSpec.distillation, advanced=True
    )
    iterations: int = params.integer("Iterations", "Number of training steps.", 1000, 1, 1_000_000)
    batch: int = params.integer("Batch", "Chips in one step.", DistillSpec.batch, 1, 256, advanced=True)
    chip: int = params.integer(
        "Chip size", "Side of a chip in pixels; a multiple of 32.", DistillSpec.chip, 32, 2048, advanced=True
    )
    learning_rate: float = params.number(
        "Learning rate", "Highest learning rate of AdamW; lower than from scratch, for the model knows much already.",
        3e-4, 1e-7, 1.0, advanced=True,
    )  # fmt: skip
    pseudolabels: bool = params.boolean("Pseudo-labels", "Learn also from what the model has right far from any answer.", False)
    precision: float = params.number(
        "Precision", "Share of held-out pixels that a class needs to be right for pseudo-labels.", PseudolabelSpec.precision,
        0.5, 1.0, advanced=True,
    )  # fmt: skip
    held_out_share: float = params.number(
        "Share held out", "Share of the answered units that is kept for measuring.", IngestSpec.held_out_share, 0.0, 0.5,
        advanced=True,
    )  # fmt: skip
    budget: int = params.integer("Budget", "What the next batch may cost.", SuggestSpec.budget, 1, 1_000_000_000)
    budget_unit: str = params.choice(
        "Unit of the budget", "What is counted: regions, the clicks that they are expected to need, or their pixels.",
        {"units": "Regions", "clicks": "Clicks", "pixels": "Pixels"}, SuggestSpec.budget_unit,
    )  # fmt: skip
    edge_share: float = params.number(
        "Share of edge units", "Share of the budget spent on borders.", SuggestSpec.edge_share, 0.0, 1.0
    )
    score: str = params.choice(
        "Score", "How uncertainty is measured.", catalogue.choices(catalogue.ACQUISITION), SuggestSpec.score, advanced=True
    )
    class_weights: str = params.choice(
        "Class weights", "Which classes count more.", catalogue.choices(catalogue.CLASS_WEIGHTS), SuggestSpec.class_weights,
        advanced=True,
    )  # fmt: skip
    device: str = params.choice(
        "Device", "Where to compute.", {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU"}, "auto", advanced=True
    )
    seed: int = params.integer("Seed", "Start of all random numbers.", 0, 0, 2**31 - 1, advanced=True)
    output: str = params.output_folder(
        "Folder",
        "Folder of the campaign's rounds, each with its own inside; none takes one beside the campaign.",
        optional=True,
    )
    report: str = params.output_file(
        "Report", "HTML page of the campaign so far; none writes report.html into the folder.", ("html",), optional=True
    )

    def check(self) -> None:
        """Refuse chips that no network takes, and terms that do not exist."""
        if self.chip % 32:
            raise SpecError(f"Chip size: found {self.chip}, expected a multiple of 32.", "Use 256 or 512.")
        catalogue.parse_weights(self.distillation, catalogue.DISTILLATION, "Distillation")
        super().check()
