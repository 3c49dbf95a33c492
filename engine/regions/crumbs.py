"""Small pieces of ground join what they touch most, so that no ground is left out because it is broken up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def join(parts: NDArray[np.int64], cell: NDArray[np.int64], least_px: int) -> NDArray[np.int64]:
    """Return parts of which none smaller than `least_px` touches another one in its cell.

    The smallest go first; each joins the part with which it shares most of its outline, of equal ones the larger. As only
    parts of one cell are compared, the result does not depend on the tile around the cell.

    Args:
        parts: (h, w) connected parts from 1, each within one cell; 0 where there is no ground.
        cell: (h, w) the cell of each pixel.
        least_px: parts of this many pixels stay as they are.
    """
    beside = (
        (parts[:, :-1].ravel(), parts[:, 1:].ravel(), (cell[:, :-1] == cell[:, 1:]).ravel()),
        (parts[:-1].ravel(), parts[1:].ravel(), (cell[:-1] == cell[1:]).ravel()),
    )
    one, other = (np.concatenate([pair[k][_meet(*pair)] for pair in beside]) for k in (0, 1))
    area = np.bincount(parts.ravel())
    whole = np.arange(len(area))
    while True:
        small = area < least_px
        here, there = whole[one], whole[other]
        open_ = (here != there) & (small[here] | small[there])
        one, other, here, there = one[open_], other[open_], here[open_], there[open_]
        joined = _choose(np.concatenate([here, there]), np.concatenate([there, here]), area, small)
        if joined is None:
            return whole[parts]
        whole = joined[whole]
        area = np.bincount(whole[parts].ravel(), minlength=len(area))


def _meet(one: NDArray, other: NDArray, same_cell: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return (one != other) & (one > 0) & (other > 0) & same_cell


def _choose(from_: NDArray, to: NDArray, area: NDArray, small: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """Return what each part becomes when small ones join what they touch most, if that is larger; None where none does."""
    wants = small[from_]
    pairs, contact = np.unique(from_[wants].astype(np.int64) << 32 | to[wants], return_counts=True)
    if not len(pairs):
        return None
    part, into = pairs >> 32, pairs & 0xFFFFFFFF
    order = np.lexsort((-into, area[into], contact, part))  # the last of each part is its choice
    last = order[np.flatnonzero(np.diff(part[order], append=-1))]
    part, into = part[last], into[last]
    grows = (area[part] < area[into]) | ((area[part] == area[into]) & (part > into))
    becomes = np.arange(len(area))
    becomes[part[grows]] = into[grows]
    while not np.array_equal(becomes[becomes], becomes):
        becomes = becomes[becomes]
    return becomes
