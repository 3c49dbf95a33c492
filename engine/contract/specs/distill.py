"""The request to distill a student from teachers."""

from __future__ import annotations

from dataclasses import dataclass

from .. import catalogue, params
from ..errors import SpecError
from .train import TrainSpec


@dataclass(frozen=True)
class DistillSpec(TrainSpec):
    """Distill a light student from one or more trained teachers.

    The student learns from the labels and from what the teachers see in the same chips; with unlabelled orthophotos
    also from places that nobody labelled. Teachers are only read, and are not needed to run the student.
    """

    job = "distill"
    title = "Distill a student"
    group = "Train"

    network: str = params.choice(
        "Student", "Architecture of the student.", catalogue.choices(catalogue.NETWORKS), "unet_mobilenet_v2_thin"
    )
    teachers: tuple[str, ...] = params.model(
        "Teachers",
        "Trained models with the same bands and classes; ONNX files with Deepness metadata teach by their logits.",
        multiple=True,
    )
    distillation: str = params.text(
        "Distillation", "Terms and weights, such as drd=1.0,pixel_kd=auto. Terms: " + ", ".join(catalogue.DISTILLATION) + ".",
        "drd=0.1,pixel_kd",
    )  # fmt: skip
    teacher_signals: str = params.choice(
        "Teacher signals",
        "Ask the teachers for every chip, or once for whole orthophotos: faster in long trainings, for terms on logits only.",
        {"live": "Asked for every chip", "cached": "Asked once, kept beside the model while it trains"},
        "live",
        advanced=True,
    )
    unlabelled_images: tuple[str, ...] = params.raster(
        "Unlabelled orthophotos", "Orthophotos without labels from which the student also learns.", multiple=True, optional=True
    )
    unlabelled_share: float = params.number(
        "Share of unlabelled chips", "Share of each batch drawn from the unlabelled orthophotos.", 0.5, 0.0, 0.95, advanced=True
    )

    def stages(self) -> dict[str, float]:
        """Return the stages with their shares of the time."""
        if self.teacher_signals == "live":
            return super().stages()
        return {"count labels": 0.05, "ask the teachers": 0.15, "train": 0.8}

    def check(self) -> None:
        """Refuse unknown terms."""
        if not catalogue.parse_weights(self.distillation, catalogue.DISTILLATION, "Distillation"):
            raise SpecError("Distillation: no term is named.", "Give it as drd,pixel_kd; or use train.")
        super().check()
