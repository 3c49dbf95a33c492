"""Every part that a user can name, in one line each: word, module, what it is.

Data and not decorators, because drop-downs show the words where torch is not installed. `module` is imported when the
part is used; what it must offer stands in the docstring of its package (`models`, `engine.losses`, ...).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import SpecError
from .params import nearest


@dataclass(frozen=True)
class Part:
    """One part: the module that builds it, a label for people, and the options that module's `build` takes."""

    module: str
    label: str
    options: Mapping[str, Any] = field(default_factory=dict)


NETWORKS: dict[str, Part] = {
    "unet_resnet50": Part("models.unet", "U-Net, ResNet-50 (teacher)", {"encoder": "resnet50"}),
    "fpn_convnext_tiny": Part("models.fpn", "FPN, ConvNeXt-Tiny (teacher)", {"encoder": "tu-convnext_tiny"}),
    "segformer_b2": Part("models.segformer", "SegFormer-B2 (teacher)", {"encoder": "mit_b2"}),
    "unet_resnet18": Part("models.unet", "U-Net, ResNet-18", {"encoder": "resnet18"}),
    "unet_resnet18_thin": Part("models.unet", "Thin U-Net, ResNet-18 (student)", {"encoder": "resnet18", "thin": True}),
    "unet_mobilenet_v2_thin": Part(
        "models.unet", "Thin U-Net, MobileNetV2 (student)", {"encoder": "mobilenet_v2", "thin": True}
    ),
    "unet_mobileone_s0_thin": Part(
        "models.unet", "Thin U-Net, MobileOne-S0 (student)", {"encoder": "mobileone_s0", "thin": True}
    ),
}

DISTILLATION: dict[str, Part] = {
    "pixel_kd": Part("engine.losses.pixel_kd", "Class probabilities, pixel by pixel (Hinton et al. 2015)"),
    "drd": Part("engine.losses.drd", "Dual relation distillation, spatial and channel (after Li et al. 2025)"),
}

TASK_LOSSES: dict[str, Part] = {
    "cross_entropy": Part("engine.losses.cross_entropy", "Cross entropy"),
}

RUNTIMES: dict[str, Part] = {
    "torch": Part("engine.runtimes.torch", "PyTorch"),
    "openvino": Part("engine.runtimes.openvino", "OpenVINO"),
    "onnxruntime": Part("engine.runtimes.onnxruntime", "ONNX Runtime"),
}

ACQUISITION: dict[str, Part] = {
    "bvsb": Part("engine.acquisition.bvsb", "Best versus second best"),
    "margin": Part("engine.acquisition.margin", "Margin between the two likeliest classes"),
    "least_confidence": Part("engine.acquisition.least_confidence", "Least confidence"),
    "entropy": Part("engine.acquisition.entropy", "Entropy"),
    "one_vs_rest": Part("engine.acquisition.one_vs_rest", "Doubt about each class on its own (after OREAL 2025)"),
    "ripu": Part("engine.acquisition.ripu", "Region impurity and uncertainty (Xie et al. 2022)"),
}


def choices(parts: Mapping[str, Part]) -> dict[str, str]:
    """Return word -> label, for a drop-down."""
    return {word: part.label for word, part in parts.items()}


def parse_weights(text: str, parts: Mapping[str, Part], label: str) -> dict[str, float]:
    """Read `drd=1.0,pixel_kd` as weights by word; a word without a number weighs 1.

    Raises:
        SpecError: an unknown word, a weight that is not a positive number, or a word that stands twice.
    """
    weights: dict[str, float] = {}
    for item in filter(None, (i.strip() for i in text.split(","))):
        word, _, number = (i.strip() for i in item.partition("="))
        if word not in parts:
            raise SpecError(f"{label}: there is no '{word}'.", nearest(word, parts))
        if word in weights:
            raise SpecError(f"{label}: '{word}' stands twice in '{text}'.", "Name each part once.")
        try:
            weights[word] = float(number) if number else 1.0
        except ValueError:
            weights[word] = -1.0
        if not 0 < weights[word] < float("inf"):
            raise SpecError(f"{label}: '{item}' has no positive weight.", f"Write it as {word}=1.0.")
    return weights
