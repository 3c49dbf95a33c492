"""A batch in two parts: ground of every kind, which fades with the rounds, and what would teach the model most.

A young model may be blind to classes of which it saw next to nothing: sure of another one there, so that no score and no quota
by predicted class leads back. The simulation gains nothing by exploring, so it is off by default; see docs/active-learning.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.regions import cold_start, select
from engine.regions.select import Batch
from engine.regions.units import Units

REASON = "One of many kinds of ground, by colour and texture, whatever the model sees here."


def share(explored: float, turn: int) -> float:
    """Return the share of the regions that is ground of every kind: `explored` in round 1, half as much each round."""
    return explored * 0.5 ** (turn - 1)


def choose(
    units: Units, scores: NDArray[np.float64], budget: int, edge_share: float, *, explored: float, classes: int, seed: int,
    turn: int, tiles: int, costs: NDArray[np.int64], open_to_choice: NDArray[np.bool_] | None, **options: Any,
) -> Batch:  # fmt: skip
    """Choose units until the budget is spent; the arguments are those of `select.choose` and of `cold_start.explore`.

    `explored` is the share of the regions' budget for ground of every kind in round 1, see `share`.
    """
    is_open = np.ones(len(units), bool) if open_to_choice is None else open_to_choice.copy()
    part = round(budget * (1 - edge_share) * share(explored, turn))
    seen = cold_start.explore(units, part, classes, seed, tiles=tiles, turn=turn, costs=costs, open_to_choice=is_open)
    is_open[seen.chosen] = False
    left = budget - int(costs[seen.chosen].sum())
    doubted = select.choose(
        units, scores, left, min(edge_share * budget / max(left, 1), 1.0), turn=turn, tiles=tiles, costs=costs,
        open_to_choice=is_open, **options,
    )  # fmt: skip
    chosen = np.concatenate([seen.chosen, doubted.chosen])
    reasons = (REASON,) * len(seen.chosen) + ("",) * len(doubted.chosen)
    return Batch(chosen, np.concatenate([np.zeros(len(seen.chosen), bool), doubted.by_quota]), scores[chosen], reasons)
