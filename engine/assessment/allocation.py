"""How many points each stratum of a reference sample gets.

Sizes and Neyman's allocation after Cochran 1977 (eqs. 5.25, 5.26 and 5.60), as Olofsson et al. 2014 recommend them
(eq. 13, https://doi.org/10.1016/j.rse.2014.02.015).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def size_for(standard_error: float, sizes: np.ndarray, accuracy: np.ndarray, share: Callable[[int], np.ndarray]) -> int:
    """Return the fewest points that give overall accuracy this standard error.

    Under Neyman's allocation this is eq. 13 of Olofsson et al. 2014; other allocations need more. All pixels at most.

    Args:
        standard_error: of overall accuracy, as a share: 0.01.
        sizes: (H,) pixels of each stratum.
        accuracy: (H,) expected user's accuracy of each stratum.
        share: from a total to the points of each stratum.
    """
    low, high = len(sizes), int(sizes.sum())
    while low < high:
        middle = (low + high) // 2
        if expected_error(share(middle), sizes, accuracy) <= standard_error:
            high = middle
        else:
            low = middle + 1
    return low


def expected_error(points: np.ndarray, sizes: np.ndarray, accuracy: np.ndarray) -> float:
    """Return the standard error of overall accuracy to expect (Cochran 1977, eq. 5.7); infinite without points."""
    spread = (sizes / sizes.sum()) ** 2 * accuracy * (1 - accuracy)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.sqrt(np.where(spread > 0, spread / points, 0).sum()))


def proportional(total: int, sizes: np.ndarray, least: int = 0) -> np.ndarray:
    """Share `total` points by area; each stratum that exists gets at least `least`."""
    return _share(total, sizes.astype(float), sizes, least)


def equal(total: int, sizes: np.ndarray) -> np.ndarray:
    """Give each stratum that exists the same number of points."""
    return _share(total, (sizes > 0).astype(float), sizes, 0)


def neyman(total: int, sizes: np.ndarray, accuracy: np.ndarray, least: int = 0) -> np.ndarray:
    """Share `total` points by area times expected spread, which makes overall accuracy most certain.

    A stratum expected to be all right, or all wrong, has no spread and gets `least`.
    """
    return _share(total, sizes * np.sqrt(accuracy * (1 - accuracy)), sizes, least)


def _share(total: int, desire: np.ndarray, sizes: np.ndarray, least: int) -> np.ndarray:
    """Round to whole points that sum to `total` by largest remainders, never more than a stratum has pixels."""
    floor = np.minimum(least, sizes).astype(np.int64)
    points = floor.copy()
    open_ = np.ones(len(sizes), dtype=bool)
    while open_.any():  # close strata one kind at a time: too small, or served by their minimum
        left = total - points[~open_].sum()
        wish = np.where(open_, desire, 0.0)
        if left <= 0 or wish.sum() == 0:
            break
        exact = left * wish / wish.sum()
        full, served = open_ & (exact >= sizes), open_ & (exact < floor)
        if not (full.any() or served.any()):
            points[open_] = _round(exact[open_], int(left))
            break
        points[full] = sizes[full]
        points[served] = floor[served]
        open_ &= ~(full | served)
    return points


def _round(exact: np.ndarray, total: int) -> np.ndarray:
    down = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - down), kind="stable")
    down[order[: total - down.sum()]] += 1
    return down
