"""What is known of each pixel of a window before the light falls on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.scene.plan import GSD_M

Where = tuple[slice, slice]


@dataclass(frozen=True)
class Canvas:
    """Class, height in metres and colour of each pixel; `grain` is how bright the ground is there, around 1."""

    row: int
    col: int
    labels: np.ndarray  # (h, w) uint8
    height_m: np.ndarray  # (h, w) float32
    albedo: np.ndarray  # (3, h, w) float32, 0-255
    grain: np.ndarray  # (h, w) float32

    def around(self, x: float, y: float, radius_m: float) -> tuple[Where, np.ndarray, np.ndarray]:
        """Return the pixels around a place, and their distances from it to the right (1, w) and down (h, 1), in metres."""
        row, col = y / GSD_M - self.row, x / GSD_M - self.col
        reach = radius_m / GSD_M + 1
        height, width = self.labels.shape
        rows = slice(max(0, int(row - reach)), max(0, min(height, int(row + reach) + 1)))
        cols = slice(max(0, int(col - reach)), max(0, min(width, int(col + reach) + 1)))
        down = (np.arange(rows.start, rows.stop)[:, None] + self.row + 0.5) * GSD_M - y
        right = (np.arange(cols.start, cols.stop)[None] + self.col + 0.5) * GSD_M - x
        return (rows, cols), right.astype(np.float32), down.astype(np.float32)

    def put(self, where: Where, inside: np.ndarray, height_m: np.ndarray, color: np.ndarray, label: int) -> None:
        """Set the pixels of an object where it is the highest thing so far."""
        seen = inside & (height_m > self.height_m[where])
        self.height_m[where][seen] = np.broadcast_to(height_m, seen.shape)[seen]
        self.albedo[(slice(None), *where)][:, seen] = np.broadcast_to(color, (3, *seen.shape))[:, seen]
        self.labels[where][seen] = label

    def fill(
        self,
        inside: np.ndarray,
        color: Sequence[float],
        label: int,
        height_m: float = 0.0,
        where: Where = (slice(None), slice(None)),
    ) -> None:
        """Give the ground in a mask a colour, a class and a height, whatever was there."""
        self.labels[where][inside] = label
        self.height_m[where][inside] = height_m
        grain = self.grain[where][inside]
        for band, value in zip(self.albedo, color, strict=True):
            band[where][inside] = value * grain

    def shade(self, factor: np.ndarray) -> None:
        """Make the ground brighter or darker."""
        self.albedo[...] *= factor.astype(np.float32)[None]


def turned(right: np.ndarray, down: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances along and across a direction, (h, w) each."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cos * right + sin * down, cos * down - sin * right
