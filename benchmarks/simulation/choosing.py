"""What a selector asks of the oracle: units of the product, whole cells, or squares around doubtful pixels."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from engine import acquisition
from engine.acquisition import ripu
from engine.acquisition.standing import Standing
from engine.contract import catalogue
from engine.geo import raster
from engine.inference import embed
from engine.regions import CELL_PX, cold_start, mix, select, survey
from engine.regions.units import EDGE, RIM_PX, Settings

from .pool import UNLABELLED

LEAST_CELL_SHARE = 0.5
STRIP_PX = 512


@dataclass(frozen=True)
class Selector:
    """How places to label are chosen; nothing else differs between two rows of a table.

    Args:
        score, weights, selection: words of the catalogue.
        edge_share: share of the budget for edge units.
        aggregation, evidence: see `engine.regions.select.score`.
        explored: share of the first choice for ground of every kind, halved each round.
        tta: views of the model.
        shape: `unit`, `cell` (a square of 64 px) or `square` (2k + 1 px around a doubtful pixel).
        k: of squares.
        knows: choose by the true classes, see `by_truth`: what nobody can do, to show how far balance could lead.
        more: options of `engine.regions.select.choose`, or of `by_truth`.
    """

    score: str = "bvsb"
    weights: str = "equal"
    selection: str = "best"
    edge_share: float = 0.0
    aggregation: str = "mean"
    evidence: float = 0.0
    explored: float = 0.0
    tta: str = "none"
    shape: str = "unit"
    k: int = 0
    knows: bool = False
    more: dict = field(default_factory=dict)


OURS = {"score": "bvsb", "selection": "stratified", "edge_share": 0.25, "evidence": 0.5}
SELECTORS = {
    "default": Selector(**OURS),
    "random_cell": Selector("random", shape="cell"),
    "random_superpixel": Selector("random"),
    "random_edge": Selector("random", edge_share=1.0),
    "task_random": Selector("random", "equal", "stratified", 1 / 3, more={"quota": 0.5, "spread": False}),
    "entropy": Selector("entropy"),
    "bvsb": Selector("bvsb"),
    "classbal": Selector("bvsb", "classbal"),
    "pixbal": Selector("bvsb", "pixbal"),
    "iou_gap": Selector("entropy", "iou_gap"),
    "ripu_k1": Selector("ripu_k1", shape="square", k=1),
    "ripu_k8": Selector("ripu", shape="square", k=8),
    "oreal": Selector("one_vs_rest", aggregation="max"),
    "bald": Selector("bald", tta="flips"),
    "clasp": Selector("entropy", "equal", "stratified"),
    "core_set": Selector("random", selection="core_set"),
    "badge": Selector("entropy", selection="badge"),
    "cluster_margin": Selector("margin", selection="cluster_margin"),
    "regions_only": Selector(**{**OURS, "edge_share": 0.0}),
    "edges_only": Selector(**{**OURS, "edge_share": 1.0}),
    "half_edges": Selector(**{**OURS, "edge_share": 0.5}),
    "explored": Selector(**OURS, explored=0.5),
    "weighted": Selector(**OURS, weights="performance"),
    "no_quota": Selector(**OURS, more={"quota": 0.0}),
    "no_noise": Selector(**OURS, more={"noise": 0.0}),
    "no_spread": Selector(**OURS, more={"spread": False}),
    "no_evidence": Selector(**{**OURS, "evidence": 0.0}),
    "edges_unscored": Selector(**{**OURS, "score": "random"}),
    "knows_even": Selector("random", knows=True, more={"power": 0.0}),
    "knows_root": Selector("random", knows=True, more={"power": 0.5}),
}
"""The default, the baselines, below `cluster_margin` the default with one part changed, and two that know the truth."""


@dataclass(frozen=True)
class Question:
    """A place to label: slices of the canvas, its pixels in them, what the model predicts there (ids), and its kind."""

    window: tuple
    mask: np.ndarray
    predicted: np.ndarray | None
    kind: str

    @property
    def name(self) -> str:
        """Return a name for good."""
        row, col = np.argwhere(self.mask)[0]
        return f"{self.kind}-{self.window[0].start + row}-{self.window[1].start + col}"


@dataclass(frozen=True)
class Turn:
    """What is known when a batch is chosen.

    Args:
        turn: number of the round, from 1.
        seed: start of all random numbers.
        ledger: `pixels` or `clicks`.
        iou: (classes,) by position in `ids`, or None.
        past: earlier rounds, by position in `ids`.
        named: (classes,) how many answers named each class, by position in `ids`.
        ids: all class ids of the dataset.
    """

    turn: int
    seed: int
    ledger: str
    iou: np.ndarray | None
    past: tuple
    named: np.ndarray
    ids: np.ndarray


def first(pool: object, start: str, turn: Turn) -> object:
    """Return a function from a budget and the asked ground to the questions of the first round, without a model."""
    with raster.open(pool.image) as image:
        found = cold_start.find(image.read, *pool.truth.shape)
    costs = select.costs_in(turn.ledger, found.units)

    def ask(budget: float, asked: np.ndarray) -> Iterator[Question]:
        is_open = open_units(found.units, asked)
        if start == "clusters":
            batch = cold_start.first_batch(
                found.units, round(budget), len(turn.ids), turn.seed, tiles=len(found.corners), costs=costs,
                open_to_choice=is_open,
            )  # fmt: skip
        else:
            batch = select.choose(
                found.units, np.ones(len(found.units)), round(budget), 0.0, key=f"{turn.seed}:first", costs=costs,
                open_to_choice=is_open, rarest_first=np.zeros(0, int), quota=0.0, noise=0.0, spread=False,
            )  # fmt: skip
        yield from questions(found, batch.chosen, None, turn)

    return ask


def later(pool: object, selector: Selector, model: object, pieces: Iterator, device: torch.device, turn: Turn) -> object:
    """Return a function from a budget and the asked ground to questions, by one pass of the model over the canvas."""
    if selector.shape == "cell":
        return lambda budget, asked: cells(pool, asked, turn)
    ids = np.array(model.card.legend.ids)
    if selector.shape == "square":
        scores = whole_score(selector, pieces, pool.truth.shape)
        return lambda budget, asked: squares(scores, pool.valid & ~asked, selector.k)
    with raster.open(pool.image) as image:
        settings = Settings(acquisition.score(selector.score), *survey.measure(image.read, *pool.truth.shape))
        found = survey.run(pieces, *pool.truth.shape, settings)
        units, at = found.units, np.searchsorted(turn.ids, ids)
        past = tuple(type(p)(p.iou[at], p.has_quota[at]) for p in turn.past)
        standing = Standing(
            found.mean_probs, select.unit_share(units), None if turn.iou is None else turn.iou[at], past
        )  # fmt: skip
        weights = acquisition.class_weights(selector.weights, standing)
        power = select.CLICKS_POWER if turn.ledger == "clicks" else 0.0
        scores = select.score(units, weights, power, aggregation=selector.aggregation, evidence=selector.evidence)
        costs, part = select.costs_in(turn.ledger, units), catalogue.SELECTION[selector.selection]

    def ask(budget: float, asked: np.ndarray) -> Iterator[Question]:
        is_open, key = open_units(units, asked), f"{turn.seed}:{model.card.hash}"
        if selector.knows:
            chosen = by_truth(pool, found, round(budget), is_open, turn, **selector.more)
        elif selector.selection in catalogue.DIVERSE:
            count = max(1, round(budget / costs[units.kind != EDGE].mean()))
            listed = select.shortlist(units, scores, count, selector.edge_share, key=key, open_to_choice=is_open)
            known = np.flatnonzero(~is_open)
            with raster.open(pool.image) as image:
                seen, before = (
                    embed.features(model, image.read, (found.cut_out(u)[:2] for u in which), device)
                    for which in (listed, known)
                )
            order = importlib.import_module(part.module).order
            chosen = select.diversify(
                units, scores, listed, seen, count, selector.edge_share, order=order, seed=turn.seed + turn.turn, known=before
            ).chosen
        else:
            chosen = mix.choose(
                units, scores, round(budget), selector.edge_share, classes=len(turn.ids),
                seed=turn.seed, key=key, turn=turn.turn, tiles=len(found.corners),
                rarest_first=np.argsort(found.mean_probs), open_to_choice=is_open, costs=costs,
                **{"explored": selector.explored, **part.options, **selector.more},
            ).chosen  # fmt: skip
        yield from questions(found, chosen, ids, turn)

    return ask


def by_truth(pool: object, found: survey.Survey, count: int, is_open: np.ndarray, turn: Turn, power: float) -> np.ndarray:
    """Return `count` region units whose true classes, with all that were named so far, are as near as can be to a balance.

    The balance is the area of each class to a power: 0 names all classes alike, 1 in proportion. Within a class chance decides,
    a large unit in proportion to its area.

    Args:
        pool: of which the truth is known.
        found: the units; a unit is of the class that most of it has.
        count: number of units.
        is_open: (n,) False for units that were offered before.
        turn: what is known besides.
        power: of the area.
    """
    rng = np.random.default_rng([turn.seed, turn.turn, 11])
    wanted = np.array([(pool.truth == i).sum() for i in turn.ids], float) ** power
    units, true = found.units, true_classes(found, pool.truth)
    waiting = []
    for class_id in turn.ids:
        of = np.flatnonzero(is_open & (units.kind != EDGE) & (true == class_id))
        waiting.append(of[np.argsort(-rng.exponential(size=len(of)) / units.area_px[of])].tolist())  # the last one is next
    named, chosen = turn.named.astype(float), []
    while len(chosen) < count and any(waiting):
        rarest = min((c for c, left in enumerate(waiting) if left), key=lambda c: (named[c] + 1) / wanted[c])
        chosen.append(waiting[rarest].pop())
        named[rarest] += 1
    return np.array(chosen, np.int64)


def true_classes(found: survey.Survey, truth: np.ndarray) -> np.ndarray:
    """Return for each unit the id that most of its pixels have, UNLABELLED where nobody knows."""
    units, side = found.units, survey.TILE_PX + 2 * RIM_PX
    true = np.full(len(units), UNLABELLED, np.uint8)
    padded = np.pad(truth, ((RIM_PX, side), (RIM_PX, side)), constant_values=UNLABELLED)
    for tile in np.unique(units.tile):
        of = np.flatnonzero(units.tile == tile)
        labels = found.unpacked(tile)[0].ravel().astype(np.int64)
        row, col = found.corners[tile]
        ids = padded[row : row + side, col : col + side].ravel()
        counts = np.bincount(labels * 256 + ids, minlength=(int(units.label[of].max()) + 1) * 256).reshape(-1, 256)
        counts[:, UNLABELLED] = 0
        known = counts[units.label[of]]
        true[of] = np.where(known.any(axis=1), known.argmax(axis=1), UNLABELLED)
    return true


def open_units(units: object, asked: np.ndarray) -> np.ndarray:
    """Return which units lie on ground that nobody was asked about."""
    anchor = asked[units.row, units.col]
    return ~(anchor | asked[units.center_row.astype(int), units.center_col.astype(int)])


def questions(found: object, chosen: np.ndarray, ids: np.ndarray | None, turn: Turn) -> Iterator[Question]:
    """Yield units in an order that does not depend on why they were chosen, so that a budget may end anywhere."""
    for unit in np.random.default_rng([turn.seed, turn.turn, 9]).permutation(chosen).tolist():
        window, mask, channels = found.cut_out(unit)
        predicted = None if ids is None else ids[np.minimum(channels, len(ids) - 1)].astype(np.uint8)
        yield Question(window.slices, mask, predicted, "edge" if found.units.kind[unit] == EDGE else "region")


def cells(pool: object, asked: np.ndarray, turn: Turn) -> Iterator[Question]:
    """Yield cells of the grid by chance."""
    height, width = (side // CELL_PX for side in pool.truth.shape)
    for index in np.random.default_rng([turn.seed, turn.turn, 10]).permutation(height * width):
        row, col = (CELL_PX * n for n in divmod(int(index), width))
        window = slice(row, row + CELL_PX), slice(col, col + CELL_PX)
        mask = pool.valid[window]
        if mask.mean() >= LEAST_CELL_SHARE and not asked[window].any():
            yield Question(window, mask, None, "cell")


def whole_score(selector: Selector, pieces: Iterator, shape: tuple) -> np.ndarray:
    """Return the score of every pixel of the canvas, (H, W) float32."""
    probs = None
    for window, made, *_ in pieces:
        probs = np.zeros((made.shape[0], *shape), np.uint8) if probs is None else probs
        probs[(slice(None), *window.slices)] = made if made.dtype == np.uint8 else np.rint(made * 255)
    score, margin = acquisition.score(selector.score), ripu.WINDOW_PX
    found = np.zeros(shape, np.float32)
    for row in range(0, shape[0], STRIP_PX):
        top, end = max(row - margin, 0), min(row + STRIP_PX, shape[0])
        seen = torch.from_numpy(probs[None, :, top : min(end + margin, shape[0])]).float() / 255
        found[row:end] = score(seen)[row - top : end - top].numpy()
    return found


def squares(scores: np.ndarray, is_open: np.ndarray, k: int) -> Iterator[Question]:
    """Yield squares of 2k + 1 px around the best pixels, 2k px apart (RIPU); the canvas counts as one image."""
    order = np.argsort(np.where(is_open, scores, -1), axis=None, kind="stable")[::-1]
    free = is_open.copy()
    for index in order:
        row, col = divmod(int(index), scores.shape[1])
        if not is_open[row, col]:
            return
        if free[row, col]:
            free[max(row - 2 * k, 0) : row + 2 * k + 1, max(col - 2 * k, 0) : col + 2 * k + 1] = False
            window = slice(max(row - k, 0), row + k + 1), slice(max(col - k, 0), col + k + 1)
            yield Question(window, is_open[window], None, "square")
