"""Accuracy and area from a stratified random sample, with standard errors.

One estimator serves all: every measure is a ratio of two stratified means (Stehman 2014, eqs. 2, 21, 27 and 28,
https://doi.org/10.1080/01431161.2014.930207). Where the strata are the map classes it gives the figures of Olofsson et al.
2014 (eqs. 5-11, https://doi.org/10.1016/j.rse.2014.02.015). Both assume simple random sampling within a stratum. The finite
population correction is left out, as Olofsson et al. do: it matters only where a stratum is sampled nearly whole.

Normal intervals are too narrow for rare classes whose area rests on a few omitted points: in the population of Olofsson et al.
with their 640 points they hold the truth in 74 % (forest gain) to 95 % of samples (benchmarks/assess.py, 2026-11-20).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Z95 = 1.96
"""The normal quantile of a 95 % interval, rounded as Olofsson et al. 2014 use it."""

FEW_POINTS = 30
"""Below this many points in a stratum the normal interval is rough; said in a warning."""


@dataclass(frozen=True)
class Estimate:
    """A value and its standard error; the interval is the value plus and minus 1.96 standard errors."""

    value: float
    se: float

    @property
    def half_width(self) -> float:
        """Return half the width of the 95 % interval."""
        return Z95 * self.se

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate in other units, as a share times an area."""
        return Estimate(self.value * factor, self.se * factor)


@dataclass(frozen=True)
class Estimates:
    """What a sample says of a map; tuples are in the order of the classes.

    Args:
        matrix: (C, C) estimated area shares, rows reference, columns map; they sum to 1.
        areas: share of the area that each class really covers.
        covered: share of the area in strata with at least one point; everything else holds for this part.
        points: number of points used.
    """

    matrix: np.ndarray
    overall_accuracy: Estimate
    users: tuple[Estimate, ...]
    producers: tuple[Estimate, ...]
    f1: tuple[Estimate, ...]
    iou: tuple[Estimate, ...]
    areas: tuple[Estimate, ...]
    covered: float
    points: int


def estimate(counts: np.ndarray, sizes: np.ndarray) -> Estimates:
    """Return accuracy and area shares from a sample.

    Args:
        counts: (H, C, C) points by stratum, reference class and map class.
        sizes: (H,) pixels of each stratum, or its area in any unit.

    A stratum without points is left out, and the rest is weighted as if it were all (`covered` says how much that is). A
    stratum with one point has no variance: the standard errors it takes part in are NaN.
    """
    sampled = (counts.sum(axis=(1, 2)) > 0) & (sizes > 0)
    covered = float(sizes[sampled].sum() / sizes.sum())
    counts = counts[sampled].astype(float)
    weights = sizes[sampled] / sizes[sampled].sum()
    classes = counts.shape[1]
    reference, mapped = np.indices((classes, classes))
    everywhere = np.ones((classes, classes))

    def of(part: np.ndarray, whole: np.ndarray) -> Estimate:
        return ratio(counts, weights, part, whole)

    right = [(reference == c) & (mapped == c) for c in range(classes)]
    in_map = [mapped == c for c in range(classes)]
    in_reference = [reference == c for c in range(classes)]
    return Estimates(
        matrix=np.einsum("h,hij->ij", weights / counts.sum(axis=(1, 2)), counts),
        overall_accuracy=of(reference == mapped, everywhere),
        users=tuple(of(r, m) for r, m in zip(right, in_map, strict=True)),
        producers=tuple(of(r, t) for r, t in zip(right, in_reference, strict=True)),
        f1=tuple(of(2 * r, m.astype(int) + t) for r, m, t in zip(right, in_map, in_reference, strict=True)),
        iou=tuple(of(r, m | t) for r, m, t in zip(right, in_map, in_reference, strict=True)),
        areas=tuple(of(t, everywhere) for t in in_reference),
        covered=covered,
        points=int(counts.sum()),
    )


def ratio(counts: np.ndarray, weights: np.ndarray, part: np.ndarray, whole: np.ndarray) -> Estimate:
    """Return the ratio of two stratified means and its standard error (Stehman 2014, eqs. 27 and 28).

    Args:
        counts: (H, ...) points by stratum and by what a point may be (its reference and map class, say).
        weights: (H,) share of each stratum, sum 1.
        part: (...) the value of such a point in the numerator.
        whole: (...) its value in the denominator.
    """
    flat = counts.reshape(len(counts), -1)
    part, whole = np.ravel(part).astype(float), np.ravel(whole).astype(float)
    size = flat.sum(axis=1)
    shares = flat / size[:, None]
    denominator = float(weights @ (shares @ whole))
    if denominator == 0:
        return Estimate(float("nan"), float("nan"))
    value = float(weights @ (shares @ part)) / denominator
    residual = part - value * whole
    spread = shares @ residual**2 - (shares @ residual) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(size > 1, np.maximum(spread, 0) / (size - 1), np.nan)
    return Estimate(value, float(np.sqrt((weights**2) @ variance)) / denominator)


def difference(right_first: np.ndarray, right_second: np.ndarray, strata: np.ndarray, sizes: np.ndarray) -> Estimate:
    """Return the overall accuracy of the second map less the first, on the same points.

    The paired form of McNemar's test (Foody 2004, https://doi.org/10.14358/PERS.70.5.627) for points whose chances of
    being drawn differ: the mean of (-1, 0, 1) per point, weighted by stratum.

    Args:
        right_first: (N,) whether the first map is right at each point.
        right_second: (N,) whether the second is.
        strata: (N,) index of each point's stratum in `sizes`.
        sizes: (H,) pixels of each stratum.
    """
    change = right_second.astype(int) - right_first.astype(int)
    counts = np.stack([np.bincount(strata[change == d], minlength=len(sizes)) for d in (-1, 0, 1)], axis=1)
    sampled = (counts.sum(axis=1) > 0) & (sizes > 0)
    weights = sizes[sampled] / sizes[sampled].sum()
    return ratio(counts[sampled].astype(float), weights, np.array([-1, 0, 1]), np.ones(3))


def warnings(counts: np.ndarray, sizes: np.ndarray, names: tuple[str, ...]) -> list[str]:
    """Return what a reader must know of a sample: strata without points, with one, or with few."""
    found = []
    for points, size, name in zip(counts.sum(axis=(1, 2)), sizes, names, strict=True):
        share = 100 * size / sizes.sum()
        if size == 0:
            continue
        if points == 0:
            found.append(f"Stratum {name} ({share:.3g} % of the area) has no answered point: all estimates leave it out.")
        elif points == 1:
            found.append(f"Stratum {name} has one answered point, so that no standard error can be given: answer at least two.")
        elif points < FEW_POINTS:
            found.append(f"Stratum {name} has {points} answered points, fewer than {FEW_POINTS}: its 95 % intervals are rough.")
    return found
