"""The request for regions worth labelling."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .. import catalogue, params
from ..errors import SpecError
from ..results import Result
from ..spec import Spec
from . import inputs


@dataclass(frozen=True)
class SuggestSpec(Spec):
    """Suggest the regions whose labels teach the model most.

    Edge units are stretches of one border between two classes, region units are pieces of ground; both are chosen where
    the model is unsure, balanced over the classes, and written as a campaign that works in plain QGIS. With a legend
    the first batch needs no model: it holds ground of every kind, told apart by colour and texture, or what a CLIP model
    finds by texts.
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

    image: tuple[str, ...] = params.mosaic(
        "Orthophoto", "Raster to look for regions in; several files or a folder of them are one, as in segment."
    )
    model: str = params.model(
        "Model", "Model of the current round; with neither this nor a legend, the student that ships with Edgewise.",
        shipped=True, unless="legend",
    )  # fmt: skip
    legend: str = params.file(
        "Legend",
        "JSON list of {id, name, color}, the classes to label. Without a model, ground of every kind is offered by its "
        "colours; a model may then know other classes and only shows where it is unsure.",
        ("json",), optional=True,
    )  # fmt: skip
    prompt_model: str = params.file(
        "Prompt model",
        "For a first batch without a model: CLIP model that looks for each class by a text, so that each gets its share. It is "
        "the model.safetensors in a folder in the format of Hugging Face, beside its other files.",
        ("safetensors",), optional=True, advanced=True,
    )  # fmt: skip
    prompts: str = params.text(
        "Prompts",
        "Texts for the prompt model in its language, mostly English, such as: building=a roof seen from above; water=a lake. "
        "Classes without one are looked for as a satellite photo of their name.",
        advanced=True,
    )
    extent: str = inputs.extent("to look for regions in")
    budget: int = params.integer("Budget", "What the batch may cost, in the unit below.", 200, 1, 1_000_000_000)
    budget_unit: str = params.choice(
        "Unit of the budget", "What is counted: regions, the clicks that they are expected to need, or their pixels.",
        {"units": "Regions", "clicks": "Clicks", "pixels": "Pixels"}, "units",
    )  # fmt: skip
    edge_share: float = params.number("Share of edge units", "Share of the budget spent on borders.", 0.25, 0.0, 1.0)
    score: str = params.choice(
        "Score", "How uncertainty is measured.", catalogue.choices(catalogue.ACQUISITION), "bvsb", advanced=True
    )
    aggregation: str = params.choice(
        "Score of a region", "Whether all its pixels count or the most doubtful one.",
        {"mean": "Mean of its pixels", "max": "Its most doubtful pixel"}, "mean", advanced=True,
    )  # fmt: skip
    class_weights: str = params.choice(
        "Class weights", "Which classes count more.", catalogue.choices(catalogue.CLASS_WEIGHTS), "equal", advanced=True
    )
    selection: str = params.choice(
        "Selection", "How a batch is chosen by the scores.", catalogue.choices(catalogue.SELECTION), "stratified", advanced=True
    )
    explored: float = params.number(
        "Share explored",
        "Share of the regions of round 1 that is ground of every kind, whatever the model sees; halved with each round.",
        0.0, 0.0, 1.0, advanced=True,
    )  # fmt: skip
    edge_evidence: float = params.number(
        "Edge evidence", "What a border gains under which the image shows no edge, as a share of its score.", 0.5, 0.0, 10.0,
        advanced=True,
    )  # fmt: skip
    bands: tuple[str, ...] = inputs.bands()
    resample: str = inputs.resample()
    tta: str = params.choice(
        "Test-time augmentation", "Views of the model that are asked; what they disagree about is the score bald.",
        {"none": "One view", "flips": "4 flips", "d4": "8 flips and turns"}, "none", advanced=True,
    )  # fmt: skip
    more_models: tuple[str, ...] = params.model(
        "More models", "Other models with the same classes that are asked as well.", multiple=True, optional=True, advanced=True
    )
    held_out: str = params.raster(
        "Held-out labels", "Label raster that ingest kept apart; the model is measured there, which class weights may follow.",
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

    def check(self) -> None:
        """Refuse what a request without a model, or without several answers, cannot mean."""
        if not self.model:
            given = [name for name in ("more_models", "held_out", "bands") if getattr(self, name)]
            given += ["resample"] if self.resample != "none" else []
            if given:
                flag = given[0].replace("_", "-")
                raise SpecError(f"--{flag} is given without a model.", f"Give a model with --model, or leave --{flag} out.")
        elif self.score == "bald" and self.tta == "none" and not self.more_models:
            raise SpecError(
                "Score: one view of one model contradicts nobody.", "Ask for views with --tta flips, or give --more-models."
            )
        self._check_prompts()
        if self.selection in catalogue.DIVERSE and self.budget_unit != "units":
            raise SpecError(
                f"Selection: {self.selection} counts regions, the budget counts {self.budget_unit}.",
                "Give --budget-unit units, or the selection stratified.",
            )
        super().check()

    def inputs(self) -> tuple[str, ...]:
        """Return every input file; of a prompt model that is named by its folder, the weights."""
        weights = os.path.join(self.prompt_model, "model.safetensors")
        return tuple(weights if path == self.prompt_model and os.path.isdir(path) else path for path in super().inputs())

    def _check_prompts(self) -> None:
        """Refuse a prompt model beside a model, and texts that nobody reads."""
        if self.prompts and not self.prompt_model:
            raise SpecError(
                "Prompts: texts are given without a model that reads them.",
                "Name a CLIP model with --prompt-model, or leave --prompts out.",
            )
        if self.prompt_model and self.model:
            raise SpecError(
                f"Prompt model: it chooses a first batch without a model, and this request has the model {self.model}.",
                "Give the classes with --legend and leave --model out, or leave --prompt-model out.",
            )
