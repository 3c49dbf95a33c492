"""Bring the cycles of a permutation in order, without a loop over their members: list ranking by random contraction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SMALL = 256
_HASH = np.uint32(2654435769)


def order(following: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the members of each cycle one behind the other.

    Args:
        following: (N,) a permutation; `following[i]` comes after `i` in its cycle.

    Returns:
        members (N,), cycle after cycle; offsets (C + 1,) where each cycle begins in it.

    Members whose hash is a local minimum cut the cycles into chains of three on average, which are walked all at once;
    the chains are then ordered the same way (Anderson & Miller 1990, https://doi.org/10.1007/BF01840368, with a fixed hash).
    """
    count = len(following)
    if count <= _SMALL:
        return _walk(following)
    key = np.arange(count, dtype=np.uint32) * _HASH
    is_below_next = key <= key[following]
    is_below_previous = np.empty(count, bool)
    is_below_previous[following] = ~is_below_next
    own = following == np.arange(count)
    if own.all():
        return np.arange(count), np.arange(count + 1)
    heads = np.flatnonzero((is_below_next & is_below_previous) | own)
    is_head = np.zeros(count, bool)
    is_head[heads] = True
    chain = np.empty(count, np.int32)
    place = np.empty(count, np.int32)
    next_head = np.empty(len(heads), np.intp)
    at: NDArray[np.integer] = heads
    walking, step = np.arange(len(heads), dtype=np.int32), 0
    while len(at):
        chain[at], place[at] = walking, step
        at = following[at]
        done = is_head[at]
        next_head[walking[done]] = at[done]
        walking, at, step = walking[~done], at[~done], step + 1
    chains, starts = order(chain[next_head])
    lengths = np.bincount(chain, minlength=len(heads))
    ends = np.cumsum(lengths[chains])
    begin = np.empty(len(heads), np.intp)
    begin[chains] = ends - lengths[chains]
    members = np.empty(count, np.intp)
    members[begin[chain] + place] = np.arange(count)
    return members, np.append(begin[chains[starts[:-1]]], count)


def _walk(following: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    after = following.tolist()
    seen = [False] * len(after)
    members: list[int] = []
    offsets = [0]
    for first in range(len(after)):
        at = first
        while not seen[at]:
            seen[at] = True
            members.append(at)
            at = after[at]
        if len(members) > offsets[-1]:
            offsets.append(len(members))
    return np.array(members, np.intp), np.array(offsets, np.intp)
