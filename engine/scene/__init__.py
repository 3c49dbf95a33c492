"""An orthophoto that never was, with the true class of every pixel: seeded, windowed, made of numpy alone.

`draw` plans the town as a short list of lines, cells and objects; `paint` shows any window of it. A pixel depends on the
seed and its place only, never on the window it was painted in, so memory is bounded by the window.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.contract.legend import Legend
from engine.scene.furnish import furnish
from engine.scene.plan import GSD_M, Class, Plan, survey
from engine.scene.render import paint

__all__ = ["GSD_M", "LEGEND", "Class", "Plan", "draw", "make", "paint"]

LEGEND = Legend.from_names({int(c): c.name.lower() for c in Class})
_WINDOW_PX = 1024


def draw(size: int, seed: int) -> Plan:
    """Return the town of a seed, for `paint`."""
    return furnish(survey(size, seed))


def make(
    size: int, seed: int, on_progress: Callable[[int, int], object] = lambda done, total: None
) -> tuple[np.ndarray, np.ndarray, Legend]:
    """Return an orthophoto, its true labels and their legend.

    Args:
        size: side in pixels of 0.2 m.
        seed: the place; two seeds are two towns under two suns.
        on_progress: called with windows painted and windows in all.

    Returns:
        (3, size, size) uint8 red, green, blue; (size, size) uint8 class ids without a gap; the legend.
    """
    town = draw(size, seed)
    image = np.empty((3, size, size), np.uint8)
    labels = np.empty((size, size), np.uint8)
    corners = [(row, col) for row in range(0, size, _WINDOW_PX) for col in range(0, size, _WINDOW_PX)]
    for done, (row, col) in enumerate(corners, start=1):
        height, width = min(_WINDOW_PX, size - row), min(_WINDOW_PX, size - col)
        here = (slice(row, row + height), slice(col, col + width))
        image[(slice(None), *here)], labels[here] = paint(town, row, col, height, width)
        on_progress(done, len(corners))
    return image, labels, LEGEND
