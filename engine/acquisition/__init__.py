"""What a label would teach: one file, one answer, one line in the catalogue. Three kinds, each with one interface.

A **score** offers `score(probs)` with probs (K, C, H, W) from K forward passes, summing to 1 over C; it returns (H, W) in
[0, 1], larger where a label teaches more. K is 1 unless test-time views or several models are asked for.

**Class weights** offer `weights(standing)`; they return (C,) positive weights with mean 1 before they are clipped.

A **diverse order** offers `order(candidates, count)`; it returns indices of the candidates, the first taken first.

None knows of geometry, costs or files: `engine.regions` adds those. Word for word what a source says is marked READ in
docs/active-learning.md, what we chose INFERRED.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.contract.catalogue import ACQUISITION, CLASS_WEIGHTS

from .standing import Standing

Score = Callable[[Tensor], Tensor]


def score(name: str) -> Score:
    """Return a score by its catalogue name, with its options."""
    part = ACQUISITION[name]
    return partial(importlib.import_module(part.module).score, **part.options)


def class_weights(name: str, standing: Standing) -> NDArray[np.float64]:
    """Return (C,) class weights by their catalogue name."""
    part = CLASS_WEIGHTS[name]
    return importlib.import_module(part.module).weights(standing, **part.options)
