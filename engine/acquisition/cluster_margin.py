"""Cluster-margin: the most doubtful units, taken in turns from the kinds of ground that they belong to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from .candidates import Candidates

WIDER = 3
"""So many times `count` of the most doubtful candidates are dealt out; the authors use 1.25 to 10."""

PER_CLUSTER = 8
"""Candidates of a cluster, on average."""


def order(candidates: Candidates, count: int) -> NDArray[np.int64]:
    """Return `count` candidates: the 3 x `count` best scores, one from each cluster in turn, the smallest clusters first.

    Citovsky et al. 2021, "Batch Active Learning at Scale" (NeurIPS), https://arxiv.org/abs/2107.14263, algorithms 1 and 2:
    clusters by average linkage. Ours cuts the tree at a number of clusters, not at a distance; clusters the candidates of
    the round and not the whole pool once; and takes the best score of a cluster first, where theirs draws one.
    """
    doubtful = np.argsort(-candidates.scores, kind="stable")[: WIDER * count]
    if len(doubtful) <= max(count, 1):
        return doubtful[:count].astype(np.int64)
    tree = linkage(candidates.features[doubtful].astype(np.float64), "average")
    of = fcluster(tree, max(len(doubtful) // PER_CLUSTER, 1), "maxclust")
    sizes = np.bincount(of)
    turn = np.zeros(len(doubtful), np.int64)
    for cluster in np.unique(of):
        members = np.flatnonzero(of == cluster)  # the best first
        turn[members] = np.arange(len(members))
    return doubtful[np.lexsort((of, sizes[of], turn))][:count].astype(np.int64)
