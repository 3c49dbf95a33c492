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
    "ensemble": Part("engine.losses.ensemble", "Mean of several teachers, by their confidence (after Chechlinski et al. 2019)"),
    "ensemble_flip": Part("engine.losses.ensemble", "Mean of several teachers, each asked twice, mirrored", {"flip": True}),
    "drd": Part("engine.losses.drd", "Dual relation distillation, spatial and channel (after Li et al. 2025)"),
    "drd_spatial": Part("engine.losses.drd", "Spatial relations alone", {"maps": ("spatial",)}),
    "drd_channel": Part("engine.losses.drd", "Channel relations alone", {"maps": ("channel",)}),
    "drd_dot": Part("engine.losses.drd", "Dual relations by scaled dot products", {"relation": "scaled_dot"}),
    "drd_square": Part("engine.losses.drd", "Dual relations, mean square of cosines", {"distance": "mean_square"}),
    "drd_stage4": Part("engine.losses.drd", "Dual relations of the encoder's last stage", {"tap": "stage4"}),
    "brd": Part("engine.losses.brd", "Boundaries of the stages and self-relation (after Zhang et al. 2026)"),
    "brd_boundary": Part("engine.losses.brd", "Boundaries of the stages alone", {"relation": False}),
    "brd_premask": Part(
        "engine.losses.brd", "Boundaries of classes read from the stages, and self-relation", {"boundary": "premask"}
    ),
    "brd_logits": Part("engine.losses.brd", "Boundaries of the class probabilities, and self-relation", {"boundary": "logits"}),
    "csc_joint": Part("engine.losses.csc", "Channel and spatial correlation, jointly (after Park and Heo 2020)"),
    "csc_shuffled": Part("engine.losses.csc", "Channel and spatial correlation, channels grouped at random", {"seed": 0}),
    "csc_factorized": Part("engine.losses.csc", "Channel and spatial correlation, one by one", {"mode": "factorized"}),
    "ace": Part("engine.losses.ace", "Adaptive cross entropy, instead of the loss (after Park and Heo 2020)"),
    "ace_soft": Part("engine.losses.ace", "Adaptive cross entropy, soft rule, instead of the loss", {"rule": "soft"}),
    "feature_mse": Part("engine.losses.feature_mse", "Mean square of the last feature (Romero et al. 2015)"),
    "feature_mse_stage4": Part("engine.losses.feature_mse", "Mean square of the encoder's last stage", {"tap": "stage4"}),
    "pkd": Part("engine.losses.pkd", "Correlation of the last feature's channels (Cao et al. 2022)"),
    "pkd_stage4": Part("engine.losses.pkd", "Correlation of the last stage's channels", {"tap": "stage4"}),
    "at": Part("engine.losses.at", "Attention transfer (Zagoruyko and Komodakis 2017)"),
    "cwd": Part("engine.losses.cwd", "Channel-wise distributions of the last feature (Shu et al. 2021)"),
    "cwd_logits": Part("engine.losses.cwd", "Channel-wise distributions of the logits (Shu et al. 2021)", {"tap": "logits"}),
    "skd": Part("engine.losses.skd", "Pair-wise cosines of places (Liu et al. 2019)"),
    "ifvd": Part("engine.losses.ifvd", "Variation of features within classes (Wang et al. 2020)"),
    "cirkd": Part("engine.losses.cirkd", "Relations across chips (Yang et al. 2022)"),
    "cirkd_memory": Part("engine.losses.cirkd_memory", "Relations to places and regions of earlier chips (Yang et al. 2022)"),
    "dist": Part("engine.losses.dist", "Correlation of class probabilities (Huang et al. 2022)"),
    "bpkd": Part("engine.losses.bpkd", "Bands of the classes and their bodies apart (Liu et al. 2024)"),
    "ickd": Part("engine.losses.ickd", "Correlation of channels (Liu et al. 2021)"),
    "aicsd": Part("engine.losses.aicsd", "Similarity of class maps (Mansurian et al. 2023)"),
}

TASK_LOSSES: dict[str, Part] = {
    "cross_entropy": Part("engine.losses.cross_entropy", "Cross entropy"),
    "dice": Part("engine.losses.dice", "Dice"),
    "ce_dice": Part("engine.losses.dice", "Cross entropy and Dice", {"with_cross_entropy": True}),
    "lovasz": Part("engine.losses.lovasz", "Lovász-softmax"),
    "focal": Part("engine.losses.focal", "Focal"),
    "boundary_cross_entropy": Part("engine.losses.boundary_cross_entropy", "Cross entropy, more near borders"),
    "deep_supervision": Part("engine.losses.deep_supervision", "Cross entropy, also at the stages of the encoder"),
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
    "ripu": Part("engine.acquisition.ripu", "Region impurity and uncertainty, 17 px (after Xie et al. 2022)"),
    "ripu_k1": Part("engine.acquisition.ripu", "Region impurity and uncertainty, 3 px (Xie et al. 2022)", {"window_px": 3}),
    "bald": Part("engine.acquisition.bald", "Disagreement of views or models, BALD (Houlsby et al. 2011)"),
    "random": Part("engine.acquisition.chance", "None: chance decides"),
}

CLASS_WEIGHTS: dict[str, Part] = {
    "equal": Part("engine.acquisition.equal", "All classes alike"),
    "classbal": Part("engine.acquisition.classbal", "Rare classes a little more, ClassBal (Cai et al. 2021)"),
    "pixbal": Part("engine.acquisition.pixbal", "Rare classes more, PixBal (Hwang et al. 2023)"),
    "performance": Part("engine.acquisition.performance", "Rare classes and those that the last answers found wrong"),
    "iou_gap": Part(
        "engine.acquisition.performance", "Those that the last answers found wrong (after DCAU-AL 2026)", {"with_rarity": False}
    ),
}

SELECTION: dict[str, Part] = {
    "stratified": Part("engine.regions.select", "Class quotas, chance that fades, spread (after ClaSP-PE 2026)"),
    "best": Part("engine.regions.select", "Highest scores", {"quota": 0.0, "noise": 0.0, "spread": False, "explored": 0.0}),
    "core_set": Part("engine.acquisition.core_set", "Cover all kinds of ground, core-set (Sener and Savarese 2018)"),
    "badge": Part("engine.acquisition.badge", "Doubtful in many ways, BADGE (after Ash et al. 2020)"),
    "cluster_margin": Part("engine.acquisition.cluster_margin", "Doubtful and of all kinds (after Citovsky et al. 2021)"),
}
DIVERSE = ("core_set", "badge", "cluster_margin")
"""Selections by the features of the model; their modules offer `order`, the others are options of `choose`."""


def choices(parts: Mapping[str, Part]) -> dict[str, str]:
    """Return word -> label, for a drop-down."""
    return {word: part.label for word, part in parts.items()}


AUTO = 0.0
"""The weight of a term asked for as `drd=auto`: it is measured while training begins."""


def parse_weights(text: str, parts: Mapping[str, Part], label: str) -> dict[str, float]:
    """Read `drd=1.0,pixel_kd,cwd=auto` as weights by word; a word without a number weighs 1, `auto` is AUTO.

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
        if number == "auto":
            weights[word] = AUTO
            continue
        try:
            weights[word] = float(number) if number else 1.0
        except ValueError:
            weights[word] = -1.0
        if not 0 < weights[word] < float("inf"):
            raise SpecError(f"{label}: '{item}' has no positive weight.", f"Write it as {word}=1.0.")
    return weights
