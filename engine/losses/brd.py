"""Boundary and relation distillation: where the stages of the encoder change, and which places resemble each other.

After Zhang et al. 2024 to 2026 (BRD; later BCD and BCKD, TMLR 2026), https://arxiv.org/abs/2401.13174. READ, in the openings of
the paper's versions: object-level boundaries are extracted from the hierarchy of the backbone's features and transferred;
pixel-level self-relations carry the teacher's relations; both aim at masks that are right at borders and whole in between.
INFERRED: all equations below; the paper's we could not read, and no table of it is claimed.

Boundary, `stages` (brd). For each stage, the energy a = root of the mean over channels of F^2, standardized in each chip; its
Sobel gradient g, resized to the finest stage and averaged over stages; b = g / mean(g). With the band of the labels (radius 3;
where nobody labelled, of the teacher's classes) as gate: w = 5 in the band, 1 elsewhere

    L_b = sum w (b - b')^2 / sum w

Boundary, `premask` (brd_premask), nearer to the word "semantic": for each stage a 1x1 head to the classes on either network,
trained to name the classes and dropped afterwards; P = softmax, b_k = |P_k - mean of P_k in 3x3|; L_b is the mean over the band
and the stages of the sum over classes of |b_k - b'_k|. Boundary, `logits` (brd_logits): the same of the final logits, no heads.
Relation: L_r is the spatial term of `drd`. L = L_b + L_r, either alone as `brd_boundary` and `drd_spatial`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.outputs import STAGES, Outputs

from . import NO_DATA, border, drd, places

BAND_WEIGHT = 5.0
_FLAT = 1e-4
"""Added to the variance of an energy map, so that a silent stage has no gradient instead of an endless one."""

_SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


def build(
    student: dict[str, int], teacher: dict[str, int], classes: int, *, boundary: str = "stages", relation: bool = True
) -> nn.Module:
    """Return the loss.

    Args:
        student: channels of the student's features.
        teacher: channels of the teacher's.
        classes: number of classes.
        boundary: `stages`, `premask` or `logits`.
        relation: add the self-relation.
    """
    for of in (student, teacher) if boundary != "logits" else ():
        for stage in STAGES:
            places.channels(of, stage, classes)
    term = PremaskBoundary(student, teacher, classes) if boundary == "premask" else _PLAIN[boundary]()
    return BoundaryRelation(term, drd.build(student, teacher, classes, maps=("spatial",)) if relation else None)


class BoundaryRelation(nn.Module):
    """The boundary term and, if wanted, the relation term, added."""

    def __init__(self, boundary: nn.Module, relation: nn.Module | None) -> None:
        super().__init__()
        self.boundary, self.relation = boundary, relation

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the loss.

        Args:
            student: stages, the decoder's feature and logits.
            teacher: the same, in sizes and channels of its own.
            labels: (N, H, W); NO_DATA does not count.
        """
        loss: Tensor = self.boundary(student, teacher, labels)
        return loss if self.relation is None else loss + self.relation(student, teacher, labels)


class StageBoundary(nn.Module):
    """Gradients of the energy of all stages; no parameters."""

    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the weighted mean square of the difference of the boundary maps."""
        size = _finest(teacher)
        counted = places.with_data(labels, size)[:, None]  # (N, 1, h, w)
        band = _band(labels, teacher, size)
        found, wanted = (_boundaries(side, labels, size, counted) for side in (student, teacher))
        weight = (1 + (BAND_WEIGHT - 1) * band) * counted
        return (weight * (found - wanted.detach()).square()).sum() / weight.sum().clamp(min=1)


class LogitBoundary(nn.Module):
    """Boundaries of the class probabilities; no parameters."""

    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean over the band of the differences, summed over classes."""
        size = (student.logits.shape[-2], student.logits.shape[-1])
        counted = places.with_data(labels, size)[:, None]
        found, wanted = student.logits.float(), places.resized(teacher.logits.detach().float(), size)
        found, wanted = (_soft_boundaries(torch.where(counted, side, 0.0).softmax(dim=1)) for side in (found, wanted))
        return _mean_in_band((found - wanted).abs(), _band(labels, teacher, size) * counted)


class PremaskBoundary(nn.Module):
    """Boundaries of the classes that 1x1 heads read from each stage; its parameters are the heads."""

    def __init__(self, student: dict[str, int], teacher: dict[str, int], classes: int) -> None:
        super().__init__()
        self.of_teacher = nn.ModuleDict({stage: nn.Conv2d(teacher[stage], classes, 1) for stage in STAGES})
        self.of_student = nn.ModuleDict({stage: nn.Conv2d(student[stage], classes, 1) for stage in STAGES})
        for stage in STAGES:
            if student[stage] == teacher[stage]:
                self.of_student[stage].load_state_dict(self.of_teacher[stage].state_dict())

    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the mean over stages; the heads learn from a term that adds a gradient but no value."""
        size = _finest(teacher)
        band = _band(labels, teacher, size) * places.with_data(labels, size)[:, None]
        ids = places.classes_of(labels, teacher)
        values = []
        for stage in STAGES:
            found, wanted = _masked(student.features[stage], labels), _masked(teacher.features[stage].detach(), labels)
            probs = [
                places.resized(head(feature).softmax(dim=1), size)
                for head, feature in ((self.of_student[stage], found), (self.of_teacher[stage], wanted))
            ]
            mine, theirs = (_soft_boundaries(p) for p in probs)
            values.append(_mean_in_band((mine - theirs.detach()).abs(), band))
            for head, feature in ((self.of_student[stage], found), (self.of_teacher[stage], wanted)):
                naming = _naming(head(feature.detach()), ids)
                values[-1] = values[-1] + naming - naming.detach()
        return torch.stack(values).mean()


_PLAIN = {"stages": StageBoundary, "logits": LogitBoundary}


def _finest(outputs: Outputs) -> tuple[int, int]:
    height, width = outputs.features[STAGES[0]].shape[-2:]
    return height, width


def _band(labels: Tensor, teacher: Outputs, size: tuple[int, int]) -> Tensor:
    """Return (N, 1, h, w): 1 in the places that hold a pixel of the band."""
    band = border.band(places.classes_of(labels, teacher))[:, None]
    return F.adaptive_max_pool2d(band.float(), size)


def _masked(feature: Tensor, labels: Tensor) -> Tensor:
    """Return the feature in float32, 0 in the places without data."""
    counted = places.with_data(labels, (feature.shape[-2], feature.shape[-1]))[:, None]
    return torch.where(counted, feature.float(), 0.0)


def _boundaries(outputs: Outputs, labels: Tensor, size: tuple[int, int], counted: Tensor) -> Tensor:
    """Return b of the module's docstring, (N, 1, h, w)."""
    gradients = [places.resized(_gradient(outputs.features[stage].float(), labels), size) for stage in STAGES]
    gradient = torch.stack(gradients).mean(dim=0)
    return gradient / (_mean(gradient, counted) + places.TINY)


def _gradient(feature: Tensor, labels: Tensor) -> Tensor:
    counted = places.with_data(labels, (feature.shape[-2], feature.shape[-1]))[:, None]
    energy = (feature.square().mean(dim=1, keepdim=True) + places.TINY).sqrt()
    energy = energy - _mean(energy, counted)
    energy = torch.where(counted, energy * torch.rsqrt(_mean(energy.square(), counted) + _FLAT), 0.0)
    across = torch.tensor(_SOBEL, dtype=energy.dtype, device=energy.device)
    kernel = torch.stack([across, across.T])[:, None]  # (2, 1, 3, 3)
    change = F.conv2d(F.pad(energy, (1, 1, 1, 1), mode="replicate"), kernel)
    return (change.square().sum(dim=1, keepdim=True) + places.TINY).sqrt()


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    """Return the mean of each chip over its places with data, (N, 1, 1, 1)."""
    total = (values * counted).sum(dim=(1, 2, 3), keepdim=True)
    return total / counted.sum(dim=(1, 2, 3), keepdim=True).clamp(min=1)


def _soft_boundaries(probs: Tensor) -> Tensor:
    around = F.avg_pool2d(probs, 3, stride=1, padding=1, count_include_pad=False)
    return (probs - around).abs()


def _mean_in_band(difference: Tensor, band: Tensor) -> Tensor:
    return (difference * band).sum() / band.sum().clamp(min=1)


def _naming(logits: Tensor, ids: Tensor) -> Tensor:
    """Return the cross entropy of a head with the classes at the places of its stage."""
    wanted = places.at_size(ids, (logits.shape[-2], logits.shape[-1]))
    total = F.cross_entropy(logits, wanted, ignore_index=NO_DATA, reduction="sum")
    return total / (wanted != NO_DATA).sum().clamp(min=1)
