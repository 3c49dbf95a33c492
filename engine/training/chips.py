"""Chips, drawn one by one from the rasters and never kept.

What a chip is follows from (seed, step, place in the batch) alone. So the threads that read may run in any order, and a
run that resumes at step k draws what an uninterrupted run draws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract.legend import UNLABELLED
from engine.geo.tiles import Window

from .ahead import ahead
from .census import BLOCK_PX, block_mask
from .scene import Reader

TEMPER = 0.25
"""A class is drawn in proportion to (its share of pixels) ** TEMPER: 0 would dwell on a rare class until the network
knows its few places by heart, 1 is no balance. Ours; 1 % of the pixels become about a fifth of a class with half."""

_ATTEMPTS = 20


@dataclass(frozen=True, eq=False)
class Batch:
    """Chips as read, with what shall be done to them on the device.

    Args:
        images: (N, B, side, side) uint8 or float32, zero where invalid; side covers the largest scale.
        valid: (N, side, side).
        labels: (N, side, side) uint8 output channels, UNLABELLED where nobody labelled.
        transforms: (N, 2, 2) float32 from (x, y) in the chip to (x, y) in what was read, in pixels from the centres.
        gains: (N, B, 1, 1) float32, factor of the normalized values; ones without photometric augmentation.
        shifts: (N, B, 1, 1) float32, added to the normalized values.
        pseudolabels: (N, side, side) uint8 output channels, UNLABELLED where there is none; None where no scene has any.
        taught: (N, C + 1, side, side) uint8, what is kept of the teachers' answers; None where they are asked.
    """

    images: NDArray
    valid: NDArray[np.bool_]
    labels: NDArray[np.uint8]
    transforms: NDArray[np.float32]
    gains: NDArray[np.float32]
    shifts: NDArray[np.float32]
    pseudolabels: NDArray[np.uint8] | None = None
    taught: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Style:
    """How chips are drawn and varied.

    Args:
        chip: side in pixels as the network sees it.
        scale_jitter: chips cover between 1 / (1 + j) and 1 + j times their side on the ground.
        photometric: vary light, contrast and colour cast.
        balanced: draw rare classes more often.
    """

    chip: int
    scale_jitter: float
    photometric: bool
    balanced: bool

    @property
    def side(self) -> int:
        """Return the side that is read: the chip at its largest scale, and a pixel for interpolation."""
        largest = math.ceil(self.chip * (1 + self.scale_jitter)) + (2 if self.scale_jitter else 0)
        return largest + largest % 2


class Ground:
    """The blocks from which labelled chips are drawn, over all scenes.

    Args:
        counts: for each scene (block rows, block columns, classes); zero where chips must not be drawn.
        held_out: for each scene (block rows, block columns), True where labels are kept for validation; or None.
    """

    def __init__(self, counts: Sequence[NDArray[np.int64]], held_out: Sequence[NDArray[np.bool_] | None]) -> None:
        kept = [c if h is None else np.where(h[..., None], 0, c) for c, h in zip(counts, held_out, strict=True)]
        places = [np.argwhere(c.any(axis=-1)) for c in kept]  # (blocks, 2) each
        self.held_out = held_out
        self._scene = np.concatenate([np.full(len(p), i, np.int32) for i, p in enumerate(places)])
        self._place = np.concatenate(places).astype(np.int32)
        per_block = np.concatenate([c[p[:, 0], p[:, 1]] for c, p in zip(kept, places, strict=True)])  # (blocks, classes)
        self._up_to = np.cumsum(per_block, axis=0)
        self.pixels = per_block.sum(axis=0)  # (classes,)

    def draw(self, rng: np.random.Generator, balanced: bool) -> tuple[int, float, float]:
        """Return a scene and a point (row, col) in it, in a block of a drawn class."""
        share = self.pixels / self.pixels.sum()
        weight = np.where(share > 0, share**TEMPER, 0.0) if balanced else share
        of_class = self._up_to[:, rng.choice(len(weight), p=weight / weight.sum())]
        block = int(np.searchsorted(of_class, rng.integers(of_class[-1]), side="right"))
        row, col = (self._place[block] + rng.random(2)) * BLOCK_PX
        return int(self._scene[block]), float(row), float(col)


class Source:
    """Draws batches from labelled ground and, for a share of each batch, from anywhere in unlabelled scenes.

    Args:
        reader: the scenes; the labelled ones first, in the order of `ground`.
        sizes: (height, width) of each scene.
        ground: where labelled chips are drawn.
        style: how.
        batch: chips of a batch.
        unlabelled: chips of a batch drawn from the scenes after the labelled ones.
        seed: start of all random numbers.
    """

    def __init__(
        self, reader: Reader, sizes: Sequence[tuple[int, int]], ground: Ground, style: Style, batch: int, unlabelled: int,
        seed: int,
    ) -> None:  # fmt: skip
        self._reader, self._sizes, self._ground, self._style = reader, sizes, ground, style
        self._batch, self._unlabelled, self._seed = batch, unlabelled, seed
        first = len(ground.held_out)
        self._areas = np.array([h * w if i >= first else 0.0 for i, (h, w) in enumerate(sizes)])

    def batches(self, start: int, stop: int, threads: int) -> Iterator[Batch]:
        """Yield the batches of steps `start` to `stop - 1`, read ahead."""
        return ahead(self.read, range(start, stop), threads, waiting=threads + 2)

    def read(self, step: int) -> Batch:
        """Return the batch of one step."""
        chips = [self._read_chip(np.random.default_rng([self._seed, 2, step, n]), n) for n in range(self._batch)]
        images, valid, labels, transforms, gains, shifts, said, taught = (np.stack(p) for p in zip(*chips, strict=True))
        pseudolabels = said if self._reader.has_pseudolabels else None
        return Batch(images, valid, labels, transforms, gains, shifts, pseudolabels, taught if taught.size else None)

    def _read_chip(self, rng: np.random.Generator, place: int) -> tuple[NDArray, ...]:
        labelled = place >= self._unlabelled
        scale = (1 + self._style.scale_jitter) ** rng.uniform(-1, 1)
        for _ in range(_ATTEMPTS):
            scene, row, col = self._ground.draw(rng, self._style.balanced) if labelled else self._anywhere(rng)
            window = self._place(rng, scene, row, col, scale)
            opened = self._reader[scene]
            images, valid = opened.read_image(window)
            labels = self._read_labels(scene, window) if labelled else np.full(valid.shape, UNLABELLED, np.uint8)
            labels = np.where(valid, labels, UNLABELLED).astype(np.uint8)
            margin = round((self._style.side - self._style.chip * scale) / 2)
            seen = slice(margin, self._style.side - margin)
            if ((labels != UNLABELLED) if labelled else valid)[seen, seen].any():
                break
        turn = _turn(rng) * np.float32(scale)
        gains, shifts = _light(rng, len(images)) if self._style.photometric else _plain(len(images))
        return images, valid, labels, turn, gains, shifts, opened.read_pseudolabels(window), opened.read_taught(window)

    def _read_labels(self, scene: int, window: Window) -> NDArray[np.uint8]:
        labels = self._reader[scene].read_labels(window)
        held_out = self._ground.held_out[scene]
        return labels if held_out is None else np.where(block_mask(held_out, window), UNLABELLED, labels)

    def _anywhere(self, rng: np.random.Generator) -> tuple[int, float, float]:
        scene = int(rng.choice(len(self._areas), p=self._areas / self._areas.sum()))
        height, width = self._sizes[scene]
        return scene, rng.uniform(0, height), rng.uniform(0, width)

    def _place(self, rng: np.random.Generator, scene: int, row: float, col: float, scale: float) -> Window:
        """Return what to read so that the point lies in the inner half of the chip and the chip, if it can, in the scene."""
        seen, side = self._style.chip * scale, self._style.side
        corners = []
        for point, length in ((row, self._sizes[scene][0]), (col, self._sizes[scene][1])):
            centre = point + rng.uniform(-seen / 4, seen / 4)
            centre = min(max(centre, seen / 2), length - seen / 2) if length >= seen else length / 2
            corners.append(round(centre - side / 2))
        return Window(corners[0], corners[1], side, side)


def _turn(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return one of the eight symmetries of a square, (2, 2)."""
    turn = np.diag(rng.choice([-1.0, 1.0], 2))
    return (turn[:, ::-1] if rng.random() < 0.5 else turn).astype(np.float32)


_CONTRAST, _CAST_CONTRAST = 0.25, 0.05
_BRIGHTNESS, _CAST = 0.25, 0.10
"""Spread in units of the bands' standard deviation; mild enough that colour still tells water from ground."""


def _light(rng: np.random.Generator, bands: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    gains = (1 + _CONTRAST) ** rng.uniform(-1, 1) * (1 + _CAST_CONTRAST) ** rng.uniform(-1, 1, bands)
    shifts = rng.uniform(-_BRIGHTNESS, _BRIGHTNESS) + rng.uniform(-_CAST, _CAST, bands)
    return gains[:, None, None].astype(np.float32), shifts[:, None, None].astype(np.float32)


def _plain(bands: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.ones((bands, 1, 1), np.float32), np.zeros((bands, 1, 1), np.float32)
