"""A raster of mistakes: 0 where the map is right, else what was mapped as what, in the colour of the true class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.contract.legend import MAX_CLASSES, UNLABELLED, Legend, LegendClass

RIGHT_COLOR = "#e6e9ec"


def describe(classes: Sequence[LegendClass]) -> tuple[Legend, NDArray[np.uint8]]:
    """Return the legend of the error raster, and its id for each pair reference * classes + map.

    Up to 16 classes each kind of mistake has its own id; above, mistakes are told apart by the true class alone.
    """
    count = len(classes)
    each = count * (count - 1) + 1 <= MAX_CLASSES
    table = np.zeros(count * count, np.uint8)
    found = {0: ("right", RIGHT_COLOR)}
    for reference, true in enumerate(classes):
        for mapped, wrong in enumerate(classes):
            if reference == mapped:
                continue
            new = len(found) if each else 1 + reference
            table[reference * count + mapped] = new
            found.setdefault(new, (f"{true.name} mapped as {wrong.name}" if each else f"{true.name} missed", true.color))
    legend = Legend.from_names({i: name for i, (name, _) in found.items()}, {i: color for i, (_, color) in found.items()})
    return legend, table


def paint(pairs: NDArray, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return error ids (h, w) of pair codes, UNLABELLED where nothing was compared (-1)."""
    return np.where(pairs < 0, np.uint8(UNLABELLED), table[np.maximum(pairs, 0)])
