"""Choose a batch: scores of units, quotas over classes, noise that fades with the rounds, and spread over the map.

After ClaSP-PE (nnActive, 2026): two thirds of a query are divided over the classes, and log scores are perturbed by Gumbel
noise that fades. Theirs asks for patches by predictive entropy times the class probability; ours for units by any score, by
the class that each serves most, and with a discount for neighbours.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.acquisition import edge_evidence
from engine.acquisition.candidates import Candidates
from engine.regions.units import EDGE, REGION, Units

QUOTA = 0.66
"""Share of a batch that is divided equally over the classes (ClaSP-PE, nnActive 2026); the rest goes to the best."""

SPREAD_PX = 64
"""A chosen unit halves the score of the units around it, centroid to centroid."""

TILE_SHARE = 3
"""No tile gets more than this many times its even share of the batch."""

WIDER = 10
"""A diverse order chooses among this many times the batch, the best by score: only their features are computed."""

_FLOOR = 1e-6  # units that the model is sure of come last, but they come

Order = Callable[[Candidates, int], NDArray[np.int64]]


CLICKS_POWER = 0.5
"""Where clicks are paid, a score is divided by the clicks to this power; where pixels or units are paid, by nothing."""


@dataclass(frozen=True)
class Batch:
    """Units chosen, and why.

    Args:
        chosen: indices into the table, in the order in which they were chosen.
        by_quota: for each, whether it was chosen for its class.
        scores: for each, its score without noise.
        reasons: for each, why in a sentence, where who chose knows more than the table; else nothing or empty words.
    """

    chosen: NDArray[np.int64]
    by_quota: NDArray[np.bool_]
    scores: NDArray[np.float64]
    reasons: tuple[str, ...] = ()


def score(
    units: Units, weights: NDArray[np.float64], cost_power: float = 0.0, *, aggregation: str = "mean", evidence: float = 0.0
) -> NDArray[np.float64]:
    """Return the weighted uncertainty of each unit, raised for borders without an image edge under them.

    Args:
        units: the table.
        weights: (C,) weight of each predicted class.
        cost_power: 0 where pixels are paid, 0.5 where clicks are paid: the score is divided by clicks to this power.
        aggregation: `mean` over the unit's pixels, or `max`, its most doubtful pixel (after OREAL 2025).
        evidence: strength of `edge_evidence`.
    """
    whole = units.uncertainty @ weights / units.area_px if aggregation == "mean" else (units.peak * weights).max(axis=1)
    return whole * edge_evidence.factor(units.unsupported, evidence) / clicks(units) ** cost_power


def unit_share(units: Units) -> NDArray[np.float64]:
    """Return (C,) the share of units in which each class is the likeliest."""
    classes = units.shares.shape[1]
    return np.bincount(units.shares.argmax(axis=1), minlength=classes) / max(len(units), 1)


def clicks(units: Units) -> NDArray[np.int64]:
    """Return the estimated clicks of each unit: 1 for a region; for a border redrawn its ends and a vertex every 16 px.

    To confirm, or to give one class, is one click for every unit; what was really clicked is in `engine.campaign`.
    """
    length = np.where(units.missed > 0.5, units.line_px, units.line_px / 2)  # a predicted border is two pixels wide
    return np.where(units.kind == EDGE, 2 + np.ceil(length / 16), 1).astype(np.int64)


def costs_in(budget_unit: str, units: Units) -> NDArray[np.int64]:
    """Return what each unit costs in `units`, `clicks` or `pixels`."""
    ledgers = {"units": np.ones(len(units), np.int64), "clicks": clicks(units), "pixels": units.area_px.astype(np.int64)}
    return ledgers[budget_unit]


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
    costs: NDArray[np.int64] | None = None,
    quota: float = QUOTA,
    noise: float = 1.0,
    spread: bool = True,
) -> Batch:
    """Choose units until the budget is spent or nothing fits; what one kind cannot spend goes to the other.

    Args:
        units: the table.
        scores: (n,) from `score`.
        budget: what the batch may cost, never exceeded; the number of units unless `costs` are given.
        edge_share: share of the budget for edge units.
        key: seed, model and whatever else a repeated run shares; noise depends on it, on `turn` and on the unit's anchor.
        turn: number of the round, from 1; noise fades from Gumbel(0, 1) to a hundredth of it in round 5.
        tiles: number of tiles of the raster.
        rarest_first: class channels, the rarest first.
        open_to_choice: (n,) False for units that were offered before.
        quota: share of the budget that is divided over the classes alike.
        noise: strength of the noise in the first round; at 0 chance decides between equal scores only.
        spread: whether a chosen unit makes its surroundings less attractive, and no tile gets much more than its share.
        costs: (n,) what each unit costs in the unit of the budget, at least 1, see `costs_in`.
    """
    calm = min(10.0 ** ((turn - 1) / 2), 100.0)
    noisy = np.log(np.maximum(scores, _FLOOR)) + max(noise, _FLOOR) * _gumbel(units, f"{key}:{turn}") / calm
    free = np.ones(len(units), bool) if open_to_choice is None else open_to_choice
    price = np.ones(len(units), np.int64) if costs is None else costs
    available = {kind: int(price[free & (units.kind == kind)].sum()) for kind in (EDGE, REGION)}
    region_budget = min(budget - min(round(budget * edge_share), available[EDGE]), available[REGION])
    cap = max(math.ceil(TILE_SHARE * budget / tiles), int(price.max(initial=1))) if spread else budget
    greedy = _Greedy(units, noisy, price, cap=cap, reach_px=SPREAD_PX if spread else 0)
    spent = 0
    for kind, most in ((EDGE, min(budget - region_budget, available[EDGE])), (REGION, budget)):
        share = min(most, budget - spent)
        pool = np.flatnonzero(free & (units.kind == kind))
        present = [c for c in rarest_first if (units.quota_class[pool] == c).any()]
        upto = np.rint(quota * share * np.linspace(0.0, 1.0, len(present) + 1)).astype(int).tolist()
        taken = sum(
            greedy.take(pool[units.quota_class[pool] == c], upto[place + 1] - upto[place], by_quota=True)
            for place, c in enumerate(present)
        )
        spent += taken + greedy.take(pool, share - taken, by_quota=False)
    greedy.cap = budget
    greedy.take(np.flatnonzero(free), budget - spent, by_quota=False)
    chosen = np.array(greedy.chosen, np.int64)
    return Batch(chosen, np.array(greedy.by_quota, bool), scores[chosen])


def shortlist(
    units: Units, scores: NDArray[np.float64], budget: int, edge_share: float, *, key: str,
    open_to_choice: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:  # fmt: skip
    """Return the units among which a diverse order chooses: ten times the batch, the best of each kind."""
    none = np.zeros(0, np.int64)
    return choose(
        units, scores, WIDER * budget, edge_share, key=key, rarest_first=none, open_to_choice=open_to_choice, quota=0.0,
        noise=0.0, spread=False,
    ).chosen  # fmt: skip


def diversify(
    units: Units, scores: NDArray[np.float64], listed: NDArray[np.int64], features: NDArray[np.float32], budget: int,
    edge_share: float, *, order: Order, seed: int, known: NDArray[np.float32] | None = None,
) -> Batch:  # fmt: skip
    """Choose `budget` units of a shortlist by a diverse order, each kind for itself.

    Args:
        units: the table.
        scores: (n,) from `score`.
        listed: from `shortlist`.
        features: (len(listed), D) mean feature of each.
        budget: number of units.
        edge_share: share of edge units.
        order: a diverse order of `engine.acquisition`.
        seed: start of its random numbers.
        known: (m, D) features of the units that were asked before.
    """
    pools = {kind: np.flatnonzero(units.kind[listed] == kind) for kind in (EDGE, REGION)}
    regions = min(budget - min(round(budget * edge_share), len(pools[EDGE])), len(pools[REGION]))
    before = np.zeros((0, features.shape[1]), np.float32) if known is None else known
    chosen = []
    for kind, count in ((EDGE, min(budget - regions, len(pools[EDGE]))), (REGION, regions)):
        of = listed[pools[kind]]
        seen = Candidates(features[pools[kind]], units.shares[of], scores[of], before, seed)
        chosen.append(of[order(seen, count)] if count else of[:0])
    taken = np.concatenate(chosen)
    return Batch(taken, np.zeros(len(taken), bool), scores[taken])


class _Greedy:
    """Greedy choice in which each unit chosen makes its surroundings less attractive."""

    def __init__(self, units: Units, noisy: NDArray[np.float64], price: NDArray[np.int64], cap: int, reach_px: int) -> None:
        self.cap = cap
        self.chosen: list[int] = []
        self.by_quota: list[bool] = []
        self._units, self._noisy, self._price, self._reach_px = units, noisy, price, reach_px
        self._taken: set[int] = set()
        self._per_tile: dict[int, int] = {}
        self._near: dict[tuple[int, int], list[tuple[float, float]]] = {}

    def take(self, pool: NDArray[np.int64], budget: int, *, by_quota: bool) -> int:
        """Take units of `pool`, the best first, as long as one fits into the budget, and return what they cost."""
        if budget <= 0:
            return 0
        heap = [(-float(s), int(u), 0) for s, u in zip(self._noisy[pool], pool, strict=True)]
        heapq.heapify(heap)
        spent = 0
        while heap and spent < budget:
            _, unit, known = heapq.heappop(heap)
            tile, price = int(self._units.tile[unit]), int(self._price[unit])
            if unit in self._taken or spent + price > budget or self._per_tile.get(tile, 0) + price > self.cap:
                continue
            near = self._neighbours(unit)
            if near != known:  # scores only fall, so a unit that is still first with its true score is the best
                heapq.heappush(heap, (-(float(self._noisy[unit]) + near * math.log(0.5)), unit, near))
                continue
            self._add(unit, tile, by_quota)
            spent += price
        return spent

    def _add(self, unit: int, tile: int, by_quota: bool) -> None:
        row, col = float(self._units.center_row[unit]), float(self._units.center_col[unit])
        self._near.setdefault((int(row // SPREAD_PX), int(col // SPREAD_PX)), []).append((row, col))
        self._taken.add(unit)
        self._per_tile[tile] = self._per_tile.get(tile, 0) + int(self._price[unit])
        self.chosen.append(unit)
        self.by_quota.append(by_quota)

    def _neighbours(self, unit: int) -> int:
        if not self._reach_px:
            return 0
        row, col = float(self._units.center_row[unit]), float(self._units.center_col[unit])
        down, across = int(row // SPREAD_PX), int(col // SPREAD_PX)
        around = (p for i in (-1, 0, 1) for j in (-1, 0, 1) for p in self._near.get((down + i, across + j), ()))
        return sum((r - row) ** 2 + (c - col) ** 2 <= self._reach_px**2 for r, c in around)


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
