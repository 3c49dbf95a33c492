"""Core-set: the units that leave no place of the feature space far from a label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidates, squared_distance


def order(candidates: Candidates, count: int) -> NDArray[np.int64]:
    """Return `count` candidates, each the one farthest from all that are known or taken (greedy k-centre).

    The first is the one farthest from the known ones; without any, the one nearest to the mean. Ties go to the lower index.

    Sener and Savarese 2018, "Active Learning for Convolutional Neural Networks: A Core-Set Approach" (ICLR),
    https://arxiv.org/abs/1708.00489, algorithm 1; greedy is within twice the best radius. Theirs chooses images, ours units.
    """
    points = candidates.features
    count = min(count, len(points))
    far = np.full(len(points), np.inf)
    for place in candidates.known:
        np.minimum(far, squared_distance(points, place), out=far)
    taken: list[int] = []
    for _ in range(count):
        first = not taken and not len(candidates.known)
        pick = int(squared_distance(points, points.mean(axis=0)).argmin() if first else far.argmax())
        taken.append(pick)
        np.minimum(far, squared_distance(points, points[pick]), out=far)
        far[pick] = -1.0
    return np.array(taken, np.int64)
