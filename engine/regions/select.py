"""Choose a batch: scores of units, quotas over classes, noise that fades with the rounds, and spread over the map."""

from __future__ import annotations

import hashlib
import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.regions.units import EDGE, REGION, Units

QUOTA = 0.66
"""Share of a batch that is divided equally over the classes (ClaSP-PE, nnActive 2026); the rest goes to the best."""

DOUBT = 0.5
"""What a border that no image edge supports adds to its score."""

SPREAD_PX = 64
"""A chosen unit halves the score of the units around it, centroid to centroid."""

TILE_SHARE = 3
"""No tile gets more than this many times its even share of the batch."""

_FLOOR = 1e-6  # units that the model is sure of come last, but they come


@dataclass(frozen=True)
class Batch:
    """Units chosen, and why.

    Args:
        chosen: indices into the table, in the order in which they were chosen.
        by_quota: for each, whether it was chosen for its class.
        scores: for each, its score without noise.
    """

    chosen: NDArray[np.int64]
    by_quota: NDArray[np.bool_]
    scores: NDArray[np.float64]


def score(units: Units, weights: NDArray[np.float64], cost_power: float = 0.0) -> NDArray[np.float64]:
    """Return the mean weighted uncertainty of each unit, raised for borders without an image edge under them.

    Args:
        units: the table.
        weights: (C,) weight of each predicted class.
        cost_power: 0 where pixels are paid, 0.5 where clicks are paid: the score is divided by clicks to this power.
    """
    mean = units.uncertainty @ weights / units.area_px
    return mean * (1.0 + DOUBT * units.unsupported) / clicks(units) ** cost_power


def clicks(units: Units) -> NDArray[np.int64]:
    """Return the estimated clicks of each unit: 1 for a region; for a border its ends and a vertex every 16 px."""
    length = np.where(units.missed > 0.5, units.line_px, units.line_px / 2)  # a predicted border is two pixels wide
    return np.where(units.kind == EDGE, 2 + np.ceil(length / 16), 1).astype(np.int64)


def choose(
    units: Units,
    scores: NDArray[np.float64],
    budget: int,
    edge_share: float,
    *,
    key: str,
    turn: int = 1,
    tiles: int = 1,
    rarest_first: NDArray[np.int64],
    open_to_choice: NDArray[np.bool_] | None = None,
) -> Batch:
    """Choose `budget` units, or all where there are fewer; what one kind cannot fill goes to the other.

    Args:
        units: the table.
        scores: (n,) from `score`.
        budget: number of units.
        edge_share: share of edge units.
        key: seed, model and whatever else a repeated run shares; noise depends on it, on `turn` and on the unit's anchor.
        turn: number of the round, from 1; noise fades from Gumbel(0, 1) to a hundredth of it in round 5.
        tiles: number of tiles of the raster.
        rarest_first: class channels, the rarest first.
        open_to_choice: (n,) False for units that were offered before.
    """
    calm = min(10.0 ** ((turn - 1) / 2), 100.0)
    noisy = np.log(np.maximum(scores, _FLOOR)) + _gumbel(units, f"{key}:{turn}") / calm
    free = np.ones(len(units), bool) if open_to_choice is None else open_to_choice
    available = {kind: int((free & (units.kind == kind)).sum()) for kind in (EDGE, REGION)}
    edge_budget = min(round(budget * edge_share), available[EDGE])
    region_budget = min(budget - edge_budget, available[REGION])
    edge_budget = min(budget - region_budget, available[EDGE])
    spread = _Spread(units, noisy, cap=math.ceil(TILE_SHARE * budget / tiles))
    for kind, share in ((EDGE, edge_budget), (REGION, region_budget)):
        pool = np.flatnonzero(free & (units.kind == kind))
        present = [c for c in rarest_first if (units.quota_class[pool] == c).any()]
        each = int(QUOTA * share / max(len(present), 1))
        taken = sum(spread.take(pool[units.quota_class[pool] == c], each, by_quota=True) for c in present)
        taken += spread.take(pool, share - taken, by_quota=False)
        if taken < share:
            spread.cap = budget
            spread.take(pool, share - taken, by_quota=False)
    chosen = np.array(spread.chosen, np.int64)
    return Batch(chosen, np.array(spread.by_quota, bool), scores[chosen])


class _Spread:
    """Greedy choice in which each unit chosen makes its surroundings less attractive."""

    def __init__(self, units: Units, noisy: NDArray[np.float64], cap: int) -> None:
        self.cap = cap
        self.chosen: list[int] = []
        self.by_quota: list[bool] = []
        self._units, self._noisy = units, noisy
        self._taken: set[int] = set()
        self._per_tile: dict[int, int] = {}
        self._near: dict[tuple[int, int], list[tuple[float, float]]] = {}

    def take(self, pool: NDArray[np.int64], count: int, *, by_quota: bool) -> int:
        """Take up to `count` units of `pool` and return how many there were."""
        if count <= 0:
            return 0
        heap = [(-float(s), int(u), 0) for s, u in zip(self._noisy[pool], pool, strict=True)]
        heapq.heapify(heap)
        taken = 0
        while heap and taken < count:
            _, unit, known = heapq.heappop(heap)
            tile = int(self._units.tile[unit])
            if unit in self._taken or self._per_tile.get(tile, 0) >= self.cap:
                continue
            near = self._neighbours(unit)
            if near != known:  # scores only fall, so a unit that is still first with its true score is the best
                heapq.heappush(heap, (-(float(self._noisy[unit]) + near * math.log(0.5)), unit, near))
                continue
            self._add(unit, tile, by_quota)
            taken += 1
        return taken

    def _add(self, unit: int, tile: int, by_quota: bool) -> None:
        row, col = float(self._units.center_row[unit]), float(self._units.center_col[unit])
        self._near.setdefault((int(row // SPREAD_PX), int(col // SPREAD_PX)), []).append((row, col))
        self._taken.add(unit)
        self._per_tile[tile] = self._per_tile.get(tile, 0) + 1
        self.chosen.append(unit)
        self.by_quota.append(by_quota)

    def _neighbours(self, unit: int) -> int:
        row, col = float(self._units.center_row[unit]), float(self._units.center_col[unit])
        down, across = int(row // SPREAD_PX), int(col // SPREAD_PX)
        around = (p for i in (-1, 0, 1) for j in (-1, 0, 1) for p in self._near.get((down + i, across + j), ()))
        return sum((r - row) ** 2 + (c - col) ** 2 <= SPREAD_PX**2 for r, c in around)


def _gumbel(units: Units, key: str) -> NDArray[np.float64]:
    """Return Gumbel noise that depends on the key and on where a unit is, not on the order of the table."""
    start = np.uint64(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little"))
    place = (units.row.astype(np.uint64) << np.uint64(33)) | (units.col.astype(np.uint64) << np.uint64(2))
    mixed: NDArray = place | units.kind.astype(np.uint64)
    with np.errstate(over="ignore"):  # splitmix64, Steele et al. 2014
        mixed = (mixed ^ start) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    uniform = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    return -np.log(-np.log(uniform))
