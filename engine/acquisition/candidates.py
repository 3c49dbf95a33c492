"""What a diverse order looks at: units as points in the space of the model's features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Candidates:
    """Units that may be chosen.

    Args:
        features: (n, D) mean feature of each unit, of any scale.
        probs: (n, C) mean class probabilities.
        scores: (n,) what a label would teach, larger is more.
        known: (m, D) features of the units that were asked before; m may be 0.
        seed: start of all random numbers.
    """

    features: NDArray[np.float32]
    probs: NDArray[np.float32]
    scores: NDArray[np.float64]
    known: NDArray[np.float32]
    seed: int


def squared_distance(points: NDArray, one: NDArray) -> NDArray[np.float64]:
    """Return (n,) squared Euclidean distances of points (n, D) to one point (D,)."""
    return ((points.astype(np.float64) - one) ** 2).sum(axis=1)
