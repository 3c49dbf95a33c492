"""The first batch, with no model and no label: ground of every kind, told apart by colour and texture alone.

After TypiClust (Hacohen et al. 2022, "Active Learning on a Budget", ICML, https://arxiv.org/abs/2202.02794): with few labels
typical examples of every cluster teach more than doubtful ones. Theirs clusters learned features of images into as many
clusters as labels and asks for one of each, the densest; ours clusters image statistics of superpixels into as many kinds as
labels, at most four times as many as there are classes, divides the budget equally over the kinds, and perturbs typicality as
`select` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.acquisition import chance
from engine.geo.tiles import Window
from engine.regions import survey
from engine.regions.select import Batch, choose
from engine.regions.units import REGION, Settings, Units

KINDS_PER_CLASS = 4
"""More kinds than classes: a class looks different on both sides of a roof, and a rare class must not share its kind."""

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
    kind, typical = kinds(units, max(1, min(KINDS_PER_CLASS * classes, int(budget / price))), seed)
    of_kind = replace(units, quota_class=kind)
    rarest_first = np.argsort(np.bincount(kind), kind="stable")
    return choose(
        of_kind, typical, budget, 0.0, key=f"{seed}:cold", turn=turn, tiles=tiles, rarest_first=rarest_first, costs=costs,
        open_to_choice=open_to_choice, quota=1.0,
    )  # fmt: skip


def explore(
    units: Units, budget: int, classes: int, seed: int, *, tiles: int, turn: int, costs: NDArray[np.int64],
    open_to_choice: NDArray[np.bool_],
) -> Batch:  # fmt: skip
    """Choose region units of all kinds alike, whatever a model thinks of them; see `first_batch`."""
    regions = np.flatnonzero(units.kind == REGION)
    found = first_batch(
        units.take(regions), budget, classes, seed, tiles=tiles, turn=turn, costs=costs[regions],
        open_to_choice=open_to_choice[regions],
    )  # fmt: skip
    return replace(found, chosen=regions[found.chosen])


def sentences(units: Units) -> list[str]:
    """Return for each unit of a first batch why it is offered."""
    return ["One of many kinds of ground, by colour and texture; no model has seen it yet."] * len(units)


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
