"""What a student is trained by; one file, one loss, one line in the catalogue.

A task loss compares with the labels: its file offers `build(classes) -> loss`, and `loss(outputs, labels)` is a scalar.

A distillation loss compares with a teacher: its file offers `build(student, teacher, classes) -> nn.Module`, where
`student` and `teacher` give the channels of each feature by name; `module(student, teacher, labels)` is a scalar. Its
parameters are adapters: they are trained with the student and dropped afterwards. The teacher's tensors come without
gradient; the two networks may differ in the size and the channels of their features, never in classes.

Labels are (N, H, W) output channels of the network, with `UNLABELLED` where nobody labelled and `NO_DATA` where the
chip has no pixel. Every loss is computed in float32, autocast or not, and is zero, never NaN, where nothing counts.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from torch import Tensor, nn

from engine.contract.catalogue import DISTILLATION, TASK_LOSSES
from models.outputs import Outputs

NO_DATA = 256
"""The label of a pixel outside the raster or masked in it: no loss looks at it; only in tensors wider than uint8."""

TaskLoss = Callable[[Outputs, Tensor], Tensor]


def task(name: str, classes: int) -> TaskLoss:
    """Return a loss against the labels by its catalogue name."""
    part = TASK_LOSSES[name]
    return importlib.import_module(part.module).build(classes, **part.options)


def distillation(name: str, student: Mapping[str, int], teacher: Mapping[str, int], classes: int) -> nn.Module:
    """Return a loss against a teacher by its catalogue name, with adapters for the features' channels."""
    part = DISTILLATION[name]
    return importlib.import_module(part.module).build(dict(student), dict(teacher), classes, **part.options)
