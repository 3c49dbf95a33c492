"""Regular outlines of buildings: two directions at right angles, kept only where the raw outline stays covered."""

from __future__ import annotations

import math

import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray

_STAIR_PX = 1.5
_LEAST_SIDE_PX = 3.0
_RECTANGLE_BONUS = 0.02
"""A plain rectangle is preferred to more corners that gain less IoU than this."""


def regular(polygon: shapely.Polygon, least_iou: float, stretch: float = 1.0) -> shapely.Polygon | None:
    """Return the polygon with sides along its dominant direction and across it, or None where that does not fit.

    Args:
        polygon: in pixels.
        least_iou: least intersection over union of the raw and the regular outline.
        stretch: width of a pixel on the ground over its height.

    The dominant direction is the mean of the sides' directions modulo 90 degrees, weighted by length; the smallest
    rectangle around the polygon offers a second one. Holes are made regular in the same direction.
    """
    ground = shapely.affinity.scale(polygon, stretch, 1, origin=(0, 0))
    outline = shapely.simplify(ground, _STAIR_PX)
    around = shapely.minimum_rotated_rectangle(ground)
    candidates = [(_RECTANGLE_BONUS, around)] if isinstance(around, shapely.Polygon) and not polygon.interiors else []
    for angle in {_dominant_direction(outline), _dominant_direction(around)}:
        turned = shapely.affinity.rotate(outline, -angle, origin=(0, 0), use_radians=True)
        rings = [_rectilinear(shapely.get_coordinates(ring)[:-1]) for ring in shapely.get_rings(turned)]
        if rings[0] is not None:
            made = shapely.Polygon(rings[0], [ring for ring in rings[1:] if ring is not None])
            candidates.append((0.0, shapely.affinity.rotate(made, angle, origin=(0, 0), use_radians=True)))
    scored = [(bonus + _iou(ground, made), bonus, made) for bonus, made in candidates if made.is_valid]
    if not scored:
        return None
    score, bonus, best = max(scored, key=lambda item: item[0])
    if score - bonus < least_iou:
        return None
    return shapely.affinity.scale(best, 1 / stretch, 1, origin=(0, 0))


def _dominant_direction(polygon: shapely.Geometry) -> float:
    """Return an angle modulo a quarter turn, in radians."""
    sides = np.diff(shapely.get_coordinates(shapely.get_rings(polygon)[0]), axis=0)
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    quadruple = 4 * np.arctan2(sides[:, 1], sides[:, 0])
    return math.atan2(float(lengths @ np.sin(quadruple)), float(lengths @ np.cos(quadruple))) / 4


def _rectilinear(points: NDArray) -> NDArray | None:
    """Return the corners of the closed line of level and upright sides nearest to a closed line; None without four sides."""
    sides = np.roll(points, -1, axis=0) - points
    middles = points + sides / 2
    is_level = np.abs(sides[:, 0]) >= np.abs(sides[:, 1])
    if is_level.all() or not is_level.any():
        return None
    turn = int(np.flatnonzero(is_level != np.roll(is_level, 1))[0])
    lines: list[tuple[bool, float, float]] = []  # level, offset, weight
    for position in np.roll(np.arange(len(points)), -turn).tolist():
        level = bool(is_level[position])
        offset, weight = float(middles[position, int(level)]), float(np.hypot(*sides[position]))
        if lines and lines[-1][0] == level:
            lines[-1] = _merged(lines[-1], (level, offset, weight))
        else:
            lines.append((level, offset, weight))
    while len(lines) > 4:
        spans = [abs(lines[i - 1][1] - lines[(i + 1) % len(lines)][1]) for i in range(len(lines))]
        shortest = int(np.argmin(spans))
        if spans[shortest] >= _LEAST_SIDE_PX:
            break
        lines = lines[shortest:] + lines[:shortest]  # the short side goes; those before and behind it become one
        lines = [_merged(lines[1], lines[-1]), *lines[2:-1]]
    if len(lines) < 4:
        return None
    ends = [lines[i - 1] for i in range(len(lines))]
    return np.array([(b[1], a[1]) if a[0] else (a[1], b[1]) for a, b in zip(ends, lines, strict=True)])


def _merged(one: tuple[bool, float, float], other: tuple[bool, float, float]) -> tuple[bool, float, float]:
    weight = one[2] + other[2]
    return one[0], (one[1] * one[2] + other[1] * other[2]) / weight, weight


def _iou(one: shapely.Geometry, other: shapely.Geometry) -> float:
    shared = shapely.area(shapely.intersection(one, other))
    return float(shared / (shapely.area(one) + shapely.area(other) - shared))
