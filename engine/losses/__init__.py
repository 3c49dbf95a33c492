"""What a student is trained by; one file, one loss, one line in the catalogue.

A task loss compares with the labels: its file offers `build(classes, student) -> loss`, and `loss(outputs, labels)` is a
scalar. A loss that is a module with parameters has heads on the student's features: trained, then dropped.

A distillation loss compares with a teacher: its file offers `build(student, teacher, classes) -> nn.Module`, where
`student` and `teacher` give the channels of each feature by name; `module(student, teacher, labels)` is a scalar. Its
parameters are adapters: they are trained with the student and dropped afterwards. The teacher's tensors come without
gradient; the two networks may differ in the size and the channels of their features, never in classes. A module with
`replaces_task_loss` stands in the place of the task loss; one with `asks_flipped` wants teachers asked for mirrored chips.
A weight of 1 is the method's own: what a paper's code calls weight 50 is the scale of that file.

Labels are (N, H, W) output channels of the network, with `UNLABELLED` where nobody labelled and `NO_DATA` where the
chip has no pixel. Every loss is computed in float32, autocast or not, and is zero, never NaN, where nothing counts.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from torch import Tensor, nn

from engine.contract.catalogue import DISTILLATION, TASK_LOSSES
from engine.contract.legend import UNLABELLED
from models.outputs import Outputs

NO_DATA = 256
"""The label of a pixel outside the raster or masked in it: no loss looks at it; only in tensors wider than uint8."""

DISAGREEMENT = "disagreement"
"""The feature, beside those of the first teacher, that tells how far several answers are apart: (N, 1, H, W), 0 ... log C."""

TaskLoss = Callable[[Outputs, Tensor], Tensor]


def task(name: str, classes: int, student: Mapping[str, int]) -> TaskLoss:
    """Return a loss against the labels by its catalogue name, with heads for the student's channels if it needs any."""
    part = TASK_LOSSES[name]
    return importlib.import_module(part.module).build(classes, student, **part.options)


def distillation(name: str, student: Mapping[str, int], teacher: Mapping[str, int], classes: int) -> nn.Module:
    """Return a loss against a teacher by its catalogue name, with adapters for the features' channels."""
    part = DISTILLATION[name]
    return importlib.import_module(part.module).build(dict(student), dict(teacher), classes, **part.options)


def known(labels: Tensor) -> Tensor:
    """Return labels as int64 with UNLABELLED also where there is no data."""
    return labels.long().clamp(max=UNLABELLED)
