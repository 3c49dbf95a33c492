"""Where the classes are: every label is counted once, by blocks, so that chips are drawn without reading labels again.

From the same table come the checks (ids outside the legend, nothing labelled, one class) and the split by place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract.legend import UNLABELLED
from engine.geo.tiles import Window

BLOCK_PX = 64
VALIDATION_SHARE = 0.2
_STRIPE_PX, _SPAN_PX = 512, 4096
_CELL_PX = 512
_CELLS = 20
_TRIALS = 256


@dataclass(frozen=True, eq=False)
class Census:
    """Labelled pixels of one scene by block and label id.

    Args:
        ids: the label ids that occur, ascending.
        counts: (block rows, block columns, ids) uint16.
    """

    ids: tuple[int, ...]
    counts: NDArray[np.uint16]

    def pixels(self) -> dict[int, int]:
        """Return the labelled pixels of each id."""
        return dict(zip(self.ids, self.counts.sum(axis=(0, 1), dtype=np.int64).tolist(), strict=True))

    def by_channel(self, channels: NDArray[np.uint8], classes: int) -> NDArray[np.int64]:
        """Return (block rows, block columns, classes): counts in the order of the network's output."""
        counts = np.zeros((*self.counts.shape[:2], classes), np.int64)
        for position, label in enumerate(self.ids):
            if channels[label] != UNLABELLED:
                counts[..., channels[label]] += self.counts[..., position]
        return counts


def take(read: Callable[[Window], NDArray[np.uint8]], height: int, width: int, tick: Callable[[int], None]) -> Census:
    """Count the labels of a scene; memory is bounded by a stripe, the result by one count a block and class.

    Args:
        read: returns the (h, w) label ids of a window.
        height: rows of the scene.
        width: columns of the scene.
        tick: called with the number of pixels counted since the last call.
    """
    shape = -(-height // BLOCK_PX), -(-width // BLOCK_PX)
    found: dict[int, NDArray[np.uint16]] = {}
    for row in range(0, height, _STRIPE_PX):
        for col in range(0, width, _SPAN_PX):
            window = Window(row, col, min(_STRIPE_PX, height - row), min(_SPAN_PX, width - col))
            counts = _count_blocks(read(window))  # (block rows, block columns, 256)
            top, left = row // BLOCK_PX, col // BLOCK_PX
            for label in np.flatnonzero(counts.sum(axis=(0, 1))[:UNLABELLED]):
                plane = found.setdefault(int(label), np.zeros(shape, np.uint16))
                plane[top : top + counts.shape[0], left : left + counts.shape[1]] = counts[..., label]
            tick(window.height * window.width)
    ids = tuple(sorted(found))
    return Census(ids, np.stack([found[i] for i in ids], axis=-1) if ids else np.zeros((*shape, 0), np.uint16))


def hold_out(counts: Sequence[NDArray[np.int64]], seed: int) -> list[NDArray[np.bool_]] | None:
    """Choose about a fifth of the labelled ground for validation, in square cells, with every class on both sides.

    Of many random choices the one is taken whose share of each class is nearest to a fifth.

    Args:
        counts: for each scene (block rows, block columns, classes).
        seed: start of the random numbers.

    Returns:
        For each scene (block rows, block columns), True where held out; None where the labels cannot be split by place.
    """
    total = sum(c.sum(axis=(0, 1)) for c in counts)
    cell = _CELL_PX // BLOCK_PX
    while True:
        cells = [_sum_cells(c, cell) for c in counts]
        flat = np.concatenate([c.reshape(-1, c.shape[-1]) for c in cells])  # (cells, classes)
        labelled = np.flatnonzero(flat.sum(axis=1))
        if len(labelled) >= _CELLS or cell == 1:
            break
        cell //= 2
    rng = np.random.default_rng([seed, 1])
    best, best_distance = None, np.inf
    for _ in range(_TRIALS if len(labelled) > 1 else 0):
        chosen = rng.permutation(labelled)[: max(1, round(VALIDATION_SHARE * len(labelled)))]
        share = flat[chosen].sum(axis=0) / np.maximum(total, 1)
        distance = np.abs(share - VALIDATION_SHARE).sum()
        if share.max() < 1.0 and distance < best_distance:  # every class stays in training
            best, best_distance = chosen, distance
    if best is None:
        return None
    held = np.zeros(len(flat), bool)
    held[best] = True
    return _to_blocks(held, cells, counts, cell)


def block_mask(blocks: NDArray[np.bool_], window: Window) -> NDArray[np.bool_]:
    """Return (h, w) of a window: the value of the block of each pixel; beyond the scene that of the nearest block."""
    rows = np.clip(np.arange(window.row, window.row + window.height) // BLOCK_PX, 0, blocks.shape[0] - 1)
    cols = np.clip(np.arange(window.col, window.col + window.width) // BLOCK_PX, 0, blocks.shape[1] - 1)
    return blocks[np.ix_(rows, cols)]


def _count_blocks(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    rows, cols = np.arange(labels.shape[0]) // BLOCK_PX, np.arange(labels.shape[1]) // BLOCK_PX
    shape = int(rows[-1]) + 1, int(cols[-1]) + 1
    block = (rows[:, None] * shape[1] + cols) * 256
    return np.bincount((block + labels).ravel(), minlength=shape[0] * shape[1] * 256).reshape(*shape, 256)


def _sum_cells(counts: NDArray[np.int64], cell: int) -> NDArray[np.int64]:
    rows, cols = (np.arange(0, n, cell) for n in counts.shape[:2])
    return np.add.reduceat(np.add.reduceat(counts, rows, axis=0), cols, axis=1)


def _to_blocks(
    held: NDArray[np.bool_], cells: Sequence[NDArray], counts: Sequence[NDArray], cell: int
) -> list[NDArray[np.bool_]]:
    masks, start = [], 0
    for of_cells, of_blocks in zip(cells, counts, strict=True):
        rows, cols = of_cells.shape[:2]
        mask = held[start : start + rows * cols].reshape(rows, cols)
        masks.append(mask.repeat(cell, axis=0).repeat(cell, axis=1)[: of_blocks.shape[0], : of_blocks.shape[1]])
        start += rows * cols
    return masks
