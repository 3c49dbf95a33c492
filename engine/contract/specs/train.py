"""The request to train a network; `distill` asks the same and more."""

from __future__ import annotations

from dataclasses import dataclass

from .. import catalogue, params
from ..errors import SpecError
from ..results import Result
from ..spec import Spec


@dataclass(frozen=True)
class TrainSpec(Spec):
    """Train a network from orthophotos and labels.

    Labels are rasters on the grid of their orthophoto, or polygons with a class field. Pixels without a label never
    count. The model file carries bands, scaling, ground sampling distance and classes, so nothing is asked again later.
    """

    job = "train"
    title = "Train a network"
    group = "Train"
    results = (
        Result("miou", "Mean IoU on the validation chips", "validation.best.miou"),
        Result("overall_accuracy", "Overall accuracy on the validation chips", "validation.best.overall_accuracy"),
        Result("parameters", "Parameters of the network"),
        Result("seconds", "Training time in seconds"),
        Result("hash", "SHA-256 of the weights", is_text=True),
    )

    images: tuple[str, ...] = params.raster("Orthophotos", "One or more orthophotos with the same bands.", multiple=True)
    labels: tuple[str, ...] = params.layer(
        "Labels",
        "One label raster for each orthophoto, in the same order and on the same grid; or polygon layers that cover them.",
        multiple=True,
    )
    class_field: str = params.field("Class field", "Attribute with the class of each polygon, number or text.", "labels")
    legend: str = params.file(
        "Legend",
        "JSON list of {id, name, color}; replaces the names found in the labels.",
        ("json",),
        optional=True,
        advanced=True,
    )
    validation_images: tuple[str, ...] = params.raster(
        "Validation orthophotos", "Orthophotos kept apart to measure the network; none: blocks of the training ones.",
        multiple=True, optional=True,
    )  # fmt: skip
    validation_labels: tuple[str, ...] = params.layer(
        "Validation labels", "Labels of the validation orthophotos.", multiple=True, optional=True
    )
    pseudolabels: tuple[str, ...] = params.raster(
        "Pseudo-labels", "Rasters that pseudolabel made, one for each orthophoto; they count less than labels.",
        multiple=True, optional=True, advanced=True,
    )  # fmt: skip
    start: str = params.model(
        "Start from",
        "Model to train further; its architecture and scaling are kept, and its classes too unless a legend names others: then "
        "all but the classifier is kept.",
        optional=True, advanced=True,
    )  # fmt: skip
    network: str = params.choice("Network", "Architecture to train.", catalogue.choices(catalogue.NETWORKS), "unet_resnet50")
    encoder_weights: str = params.choice(
        "Encoder weights",
        "Start from an encoder trained on ImageNet (downloaded once) or from nothing.",
        {"imagenet": "ImageNet", "none": "None, train from scratch"},
        "imagenet",
    )
    iterations: int = params.integer("Iterations", "Number of training steps.", 3000, 1, 1_000_000)
    batch: int = params.integer("Batch", "Chips in one step.", 8, 1, 256)
    chip: int = params.integer("Chip size", "Side of a chip in pixels; a multiple of 32.", 256, 32, 2048)
    learning_rate: float = params.number("Learning rate", "Highest learning rate of AdamW.", 1e-3, 1e-7, 1.0, advanced=True)
    weight_decay: float = params.number("Weight decay", "Weight decay of AdamW.", 1e-2, 0.0, 1.0, advanced=True)
    schedule: str = params.choice(
        "Schedule", "How the learning rate falls after warm-up.", {"cosine": "Cosine", "poly": "Polynomial, power 0.9"},
        "cosine", advanced=True,
    )  # fmt: skip
    loss: str = params.choice(
        "Loss", "Loss against the labels.", catalogue.choices(catalogue.TASK_LOSSES), "cross_entropy", advanced=True
    )
    balanced: bool = params.boolean("Balance classes", "Draw chips so that rare classes come as often as common ones.", True)
    scale_jitter: float = params.number(
        "Scale jitter",
        "Chips are drawn between 1/(1+j) and 1+j times the ground sampling distance.",
        0.25,
        0.0,
        1.0,
        advanced=True,
    )
    photometric: bool = params.boolean(
        "Vary light and colour", "Random brightness, contrast and colour cast of chips.", True, advanced=True
    )
    ema: float = params.number(
        "Weight average", "Decay of the moving average of weights that is saved; 0 saves the last weights.", 0.99, 0.0, 0.99999,
        advanced=True,
    )  # fmt: skip
    device: str = params.choice(
        "Device", "Where to compute.", {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU"}, "auto", advanced=True
    )
    licence: str = params.text("Licence", "Licence of the model, written to its card.", advanced=True)
    seed: int = params.integer("Seed", "Start of all random numbers.", 0, 0, 2**31 - 1, advanced=True)
    output: str = params.output_file("Model", "Model file that is written.", ("safetensors",))

    def stages(self) -> dict[str, float]:
        """Return the stages with their shares of the time."""
        return {"count labels": 0.05, "train": 0.95}

    def check(self) -> None:
        """Refuse lists that do not pair up and chips that no network takes."""
        if self.chip % 32:
            raise SpecError(f"Chip size: found {self.chip}, expected a multiple of 32.", "Use 256 or 512.")
        if self.pseudolabels and len(self.pseudolabels) != len(self.images):
            raise SpecError(
                f"Pseudo-labels: {len(self.images)} orthophotos, but {len(self.pseudolabels)} rasters.",
                "Give one for each orthophoto in the same order, or none.",
            )
        if bool(self.validation_images) != bool(self.validation_labels):
            raise SpecError("Validation orthophotos and validation labels come together.", "Give both, or neither.")
        super().check()
