"""BADGE: the units whose labels would pull the classifier hard, and each in another direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidates


def order(candidates: Candidates, count: int) -> NDArray[np.int64]:
    """Return `count` candidates drawn by k-means++ in the space of gradients (p - onehot) x feature.

    p - onehot is the gradient of the cross entropy for the class that the model expects. The inner product of two outer
    products is the product of the inner products, so no outer product is formed. The first has the longest gradient.

    Ash et al. 2020, "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds" (ICLR),
    https://arxiv.org/abs/1906.03671, algorithm 1. Theirs takes one image's gradient, ours the mean probabilities and the
    mean feature of a unit.
    """
    features = candidates.features.astype(np.float64)
    errors = candidates.probs.astype(np.float64).copy()
    errors[np.arange(len(errors)), errors.argmax(axis=1)] -= 1.0
    length = (errors**2).sum(axis=1) * (features**2).sum(axis=1)
    rng = np.random.default_rng(candidates.seed)
    count = min(count, len(features))
    taken: list[int] = []
    far = np.full(len(features), np.inf)
    for _ in range(count):
        if not taken:
            pick = int(length.argmax())
        elif (total := far.sum()) > 0:
            pick = int(min(np.searchsorted(np.cumsum(far), rng.random() * total, side="right"), len(far) - 1))
        else:  # all that is left repeats what was taken
            pick = int(np.setdiff1d(np.arange(len(far)), taken)[0])
        taken.append(pick)
        inner = (errors @ errors[pick]) * (features @ features[pick])
        np.minimum(far, np.maximum(length + length[pick] - 2.0 * inner, 0.0), out=far)
        far[taken] = 0.0
    return np.array(taken, np.int64)
