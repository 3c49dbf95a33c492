"""Numbers of pixels as amounts of ground, which is what a user of a map reckons in."""

from __future__ import annotations

import math
from dataclasses import dataclass

M2_PER_HECTARE = 10_000


@dataclass(frozen=True)
class Unit:
    """What amounts are given in.

    Args:
        name: ha, m2, or px where the raster has no place on the ground.
        pixel: what one pixel is in this unit.
    """

    name: str
    pixel: float

    def text(self, pixels: float) -> str:
        """Return a number of pixels in this unit, rounded for reading."""
        return rounded(pixels * self.pixel)


def unit(gsd_m: float | None, pixels: int) -> Unit:
    """Return the unit for a raster of some pixels: hectares from one hectare on, below it square metres.

    Args:
        gsd_m: side of a pixel on the ground; None or NaN where it has none.
        pixels: of the whole raster.
    """
    if gsd_m is None or math.isnan(gsd_m):
        return Unit("px", 1.0)
    pixel_m2 = gsd_m**2
    return Unit("ha", pixel_m2 / M2_PER_HECTARE) if pixels * pixel_m2 >= M2_PER_HECTARE else Unit("m2", pixel_m2)


def rounded(value: float | None) -> str:
    """Return an amount with thin spaces between thousands, about three digits below; a dash where it is not known."""
    if value is None:
        return "–"
    if abs(value) >= 1000 or value == round(value):
        return f"{round(value):,}".replace(",", "\u202f")
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:#.3g}"
