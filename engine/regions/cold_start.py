"""The first batch, with no model and no label: ground of every kind, or what texts describe, a share for each class.

After TypiClust (Hacohen et al. 2022, "Active Learning on a Budget", ICML, https://arxiv.org/abs/2202.02794): with few labels
typical examples of every cluster teach more than doubtful ones. Theirs clusters learned features of images into as many
clusters as labels and asks for one of each, the densest; ours clusters image statistics of superpixels into as many kinds as
labels, at most four times as many as there are classes, divides the budget equally over the kinds, and perturbs typicality as
`select` does.

By texts: Shan et al. 2024 (https://arxiv.org/abs/2405.18078) balance the first labels with the help of CLIP (READ, in the
abstract); how they do is not known to us. The shortlist by chance, the draft and the equal shares are ours (INFERRED).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.acquisition import chance
from engine.geo.tiles import Window
from engine.regions import survey
from engine.regions.select import WIDER, Batch, choose
from engine.regions.units import REGION, Settings, Units

KINDS_PER_CLASS = 4
"""More kinds than classes: a class looks different on both sides of a roof, and a rare class must not share its kind."""

MOST_LISTED = 5_000
"""A shortlist is no longer than this or, where that is more, than twice the batch: each unit of it costs a look."""

_FITTED = 20_000  # units that the kinds are found from
_ROUNDS = 50


def find(read: survey.Read, height: int, width: int) -> survey.Survey:
    """Return the region units of a raster, superpixels that follow the image, as if there was one class.

    Args:
        read: reads (B, h, w) data and (h, w) validity.
        height: rows of the raster.
        width: columns of the raster.
    """
    settings = Settings(chance.score, *survey.measure(read, height, width), use="prediction")
    return survey.run(_pieces(read, height, width), height, width, settings)


def kinds(units: Units, count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Tell `count` kinds of ground apart, by k-means of the standardized statistics of units.

    Returns:
        (n,) the kind of each unit, and (n,) how typical it is of it, in (0, 1]; 1 in the middle.
    """
    look = units.look.astype(np.float64)
    scale = look.std(axis=0)
    points = (look - look.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    count = min(count, len(points), 255)
    rng = np.random.default_rng([seed, 3])
    fitted = points[rng.permutation(len(points))[:_FITTED]]
    centres = _seeds(fitted, count, rng)
    for _ in range(_ROUNDS):
        nearest = _nearest(fitted, centres)[0]
        filled = np.bincount(nearest, minlength=count)
        sums = np.stack([np.bincount(nearest, weights=column, minlength=count) for column in fitted.T], axis=1)
        moved = np.where(filled[:, None] > 0, sums / np.maximum(filled, 1)[:, None], centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    kind, squared = _nearest(points, centres)
    spread = np.bincount(kind, weights=squared, minlength=count) / np.maximum(np.bincount(kind, minlength=count), 1)
    return kind.astype(np.uint8), np.exp(-squared / np.maximum(spread[kind], 1e-9))


def first_batch(
    units: Units, budget: int, classes: int, seed: int, *, tiles: int = 1, turn: int = 1,
    costs: NDArray[np.int64] | None = None, open_to_choice: NDArray[np.bool_] | None = None,
) -> Batch:  # fmt: skip
    """Choose units of all kinds alike.

    Args:
        units: from `find`.
        budget: what the batch may cost.
        classes: number of classes of the campaign.
        seed: start of all random numbers.
        tiles: number of tiles of the raster.
        turn: number of the round, from 1.
        costs: (n,) what each unit costs; 1 each unless given.
        open_to_choice: (n,) False for units that were offered before.
    """
    price = 1.0 if costs is None else float(costs.mean())
    of_kind, typical, rarest_first = _told_apart(units, min(KINDS_PER_CLASS * classes, int(budget / price)), seed)
    return choose(
        of_kind, typical, budget, 0.0, key=f"{seed}:cold", turn=turn, tiles=tiles, rarest_first=rarest_first, costs=costs,
        open_to_choice=open_to_choice, quota=1.0,
    )  # fmt: skip


def explore(
    units: Units, budget: int, classes: int, seed: int, *, tiles: int, turn: int, costs: NDArray[np.int64],
    open_to_choice: NDArray[np.bool_],
) -> Batch:  # fmt: skip
    """Choose region units of all kinds alike, whatever a model thinks of them; see `first_batch`."""
    regions = np.flatnonzero((units.kind == REGION) & open_to_choice)
    if not len(regions) or budget < 1:
        return Batch(np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0))
    found = first_batch(units.take(regions), budget, classes, seed, tiles=tiles, turn=turn, costs=costs[regions])
    return replace(found, chosen=regions[found.chosen])


def shortlist(
    units: Units, budget: int, classes: int, seed: int, *, turn: int = 1, costs: NDArray[np.int64] | None = None,
    open_to_choice: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:  # fmt: skip
    """Return the units among which `by_prompts` chooses: of all kinds alike, by chance, in the order of the table.

    They are ten times the batch, which is taken to hold units of the median cost, and at most `MOST_LISTED` or twice the
    batch; see `first_batch` for the arguments.
    """
    free = np.ones(len(units), bool) if open_to_choice is None else open_to_choice
    if not free.any():
        return np.zeros(0, np.int64)
    usual = 1.0 if costs is None else float(np.median(costs[free]))
    batch = min(math.ceil(budget / usual), int(free.sum()))
    of_kind, _, rarest_first = _told_apart(units, KINDS_PER_CLASS * classes, seed)
    count = min(WIDER * batch, max(MOST_LISTED, 2 * batch))
    return np.sort(choose(
        of_kind, np.ones(len(units)), count, 0.0, key=f"{seed}:listed", turn=turn, rarest_first=rarest_first,
        open_to_choice=free, quota=1.0, spread=False,
    ).chosen)  # fmt: skip


def by_prompts(
    units: Units, listed: NDArray[np.int64], probs: NDArray[np.floating], names: Sequence[str], budget: int, seed: int, *,
    tiles: int = 1, turn: int = 1, costs: NDArray[np.int64] | None = None,
) -> Batch:  # fmt: skip
    """Choose an equal share for each class, the most probable units first.

    A class that is nowhere the likeliest has its share all the same: what is likeliest there of all that is left.

    Args:
        units: from `find`.
        listed: (n,) from `shortlist`.
        probs: (n, C) what a prompt model expects of each; they sum to 1 over C.
        names: of the C classes.
        budget: what the batch may cost.
        seed: start of all random numbers.
        tiles: number of tiles of the raster.
        turn: number of the round, from 1.
        costs: (len(units),) what each unit costs; 1 each unless given.
    """
    rarest_first = np.argsort(probs.mean(axis=0), kind="stable") if len(probs) else np.arange(len(names))
    meant = _draft(probs, rarest_first)
    quota_class, scores, likeliest = np.zeros(len(units), np.uint8), np.zeros(len(units)), np.zeros(len(units), bool)
    quota_class[listed], scores[listed] = meant, probs[np.arange(len(listed)), meant]
    likeliest[listed] = scores[listed] >= probs.max(axis=1, initial=0.0)
    batch = choose(
        replace(units, quota_class=quota_class), scores, budget, 0.0, key=f"{seed}:prompts", turn=turn, tiles=tiles,
        rarest_first=rarest_first, costs=costs, open_to_choice=np.isin(np.arange(len(units)), listed), quota=1.0, noise=0.0,
    )  # fmt: skip
    reasons = (_expectation(names[quota_class[u]], float(scores[u]), bool(likeliest[u])) for u in batch.chosen.tolist())
    return replace(batch, reasons=tuple(reasons))


def sentences(units: Units) -> list[str]:
    """Return for each unit of a first batch why it is offered."""
    return ["One of many kinds of ground, by colour and texture; no model has seen it yet."] * len(units)


def _expectation(name: str, share: float, is_likeliest: bool) -> str:
    """Return what a prompt model expects of a unit."""
    where = f"expects {name} here" if is_likeliest else f"finds here one of the likeliest places for {name}"
    return f"The prompt model {where}, at {100 * share:.0f} %; nobody has checked that."


def _draft(probs: NDArray[np.floating], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (n,) a class for each unit: the classes take turns in `order`, each takes its most probable unit of those left."""
    ranked = [(c, iter(np.argsort(-probs[:, c], kind="stable").tolist())) for c in order.tolist()]
    given = np.full(len(probs), -1)
    left = len(probs)
    while left:
        for c, best_first in ranked[:left]:
            given[next(k for k in best_first if given[k] < 0)] = c
            left -= 1
    return given


def _told_apart(units: Units, count: int, seed: int) -> tuple[Units, NDArray[np.float64], NDArray[np.int64]]:
    """Return units with their kinds in place of classes, how typical each is of its kind, and the kinds, the rarest first."""
    kind, typical = kinds(units, max(count, 1), seed)
    return replace(units, quota_class=kind), typical, np.argsort(np.bincount(kind), kind="stable")


def _pieces(read: survey.Read, height: int, width: int) -> Iterator[survey.Piece]:
    for row in range(0, height, survey.TILE_PX):
        window = Window(row, 0, min(survey.TILE_PX, height - row), width)
        data, valid = read(window)
        yield window, np.full((1, *valid.shape), 255, np.uint8), data, valid


def _seeds(points: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return first centres by k-means++ (Arthur and Vassilvitskii 2007)."""
    chosen = [int(rng.integers(len(points)))]
    far = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < count:
        total = far.sum()
        at = np.searchsorted(np.cumsum(far), rng.random() * total, side="right") if total > 0 else len(chosen)
        chosen.append(min(int(at), len(points) - 1))
        far = np.minimum(far, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return points[chosen]


def _nearest(points: NDArray[np.float64], centres: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the nearest centre of each point and its squared distance."""
    best, nearest = np.full(len(points), np.inf), np.zeros(len(points), np.int64)
    for k, centre in enumerate(centres):
        squared = ((points - centre) ** 2).sum(axis=1)
        closer = squared < best
        nearest[closer], best[closer] = k, squared[closer]
    return nearest, best
