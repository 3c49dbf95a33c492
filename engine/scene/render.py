"""Paint a window of the town: surfaces and heights first, then the sun, then the camera."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from engine.scene import ground, noise
from engine.scene.canvas import Canvas, turned
from engine.scene.plan import GSD_M, Class, Plan, Roof

HALO_PX = 128
"""What stands outside a window and still throws its shadow into it: 24 m of height under the lowest sun."""

_SHADOW_STEPS = 7  # 2**7 steps of a pixel reach past the halo
_SKY = np.array([0.30, 0.35, 0.44], np.float32)[:, None, None]


def paint(plan: Plan, row: int, col: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the image (3, height, width) uint8 and the labels (height, width) uint8 of a window."""
    wide = (row - HALO_PX, col - HALO_PX, height + 2 * HALO_PX, width + 2 * HALO_PX)
    rough = noise.fractal(*wide, 1.4 / GSD_M, 3, plan.salt(31))
    canvas = ground.lay(plan, *wide)
    for building in _near(plan.buildings, wide, np.hypot(plan.buildings[:, 3], plan.buildings[:, 4]) / 2 + 6):
        _build(canvas, building, rough)
    for car in _near(plan.cars, wide, np.full(len(plan.cars), 3.0)):
        _park(canvas, car)
    for tree in _near(plan.trees, wide, plan.trees[:, 2] * 1.6):
        _grow(canvas, tree, rough)
    image = _expose(plan, _light(plan, canvas), *wide)
    inner = (slice(HALO_PX, -HALO_PX), slice(HALO_PX, -HALO_PX))
    return image[(slice(None), *inner)], canvas.labels[inner]


def _near(objects: np.ndarray, window: tuple[int, int, int, int], radius_m: np.ndarray) -> np.ndarray:
    """Return the objects that reach into a window."""
    row, col, height, width = window
    x, y = objects[:, 0], objects[:, 1]
    in_cols = (x + radius_m > col * GSD_M) & (x - radius_m < (col + width) * GSD_M)
    return objects[in_cols & (y + radius_m > row * GSD_M) & (y - radius_m < (row + height) * GSD_M)]


def _build(canvas: Canvas, building: np.ndarray, rough: np.ndarray) -> None:
    x, y, angle, length, width, eave, roof, offset, reach, wing_width, *roof_color = building
    where, right, down = canvas.around(x, y, np.hypot(length, width) / 2 + abs(reach))
    a, b = turned(right, down, angle)
    inside, top, ridge = _wing(a, b, length, width, roof)
    if wing_width:
        end = np.sign(reach) * width / 2 + reach
        wing_inside, wing_top, wing_ridge = _wing(
            b - end / 2, a - offset, abs(end), wing_width, Roof.GABLE if roof != Roof.FLAT else Roof.FLAT
        )
        top = np.where(wing_inside & ~(inside & (top > wing_top)), wing_top, top)
        ridge, inside = np.where(inside, ridge, wing_ridge), inside | wing_inside
    rng = np.random.default_rng(int(abs(x * 7919 + y * 104729)))
    height_m = np.where(inside, eave + top, 0).astype(np.float32)
    is_flat = roof == Roof.FLAT
    if is_flat:
        tint = 1 + 0.035 * rough[where] + (0.05 * np.sin(a * 2 * np.pi / 1.2) if rng.random() < 0.3 else 0)
    else:
        tint = 1 + 0.04 * rough[where] + 0.05 * np.sin(b * 2 * np.pi / 0.9) + 0.1 * np.exp(-((ridge / 0.18) ** 2))
    color = np.array(roof_color, np.float32)[:, None, None] * tint[None]
    for _ in range(rng.poisson(length * width / (90 if is_flat else 60))):
        at_a, at_b, half_a, half_b, rise, fitting_color = _fitting(rng, length, width, is_flat)
        spot = (np.abs(a - at_a) < half_a) & (np.abs(b - at_b) < half_b)
        color[:, spot] = np.array(fitting_color, np.float32)[:, None]
        height_m[spot] += rise
    canvas.put(where, inside, height_m, color, Class.BUILDING)


def _fitting(
    rng: np.random.Generator, length: float, width: float, is_flat: bool
) -> tuple[float, float, float, float, float, tuple[int, int, int]]:
    """Return place, half sides, height and colour of a solar panel, ventilator, chimney or skylight."""
    at_a, at_b = rng.uniform(-0.42, 0.42) * length, rng.uniform(-0.36, 0.36) * width
    if rng.random() < 0.3:
        return at_a, at_b, rng.uniform(1, 3.4), rng.uniform(0.8, 1.7), 0.0, (38, 44, 62)
    color = (176, 176, 176) if is_flat else ((70, 66, 66), (120, 130, 142))[rng.integers(2)]
    return at_a, at_b, rng.uniform(0.3, 0.9), rng.uniform(0.3, 0.8), 1.2 if is_flat else 0.7, color


def _wing(a: np.ndarray, b: np.ndarray, length: float, width: float, roof: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return whether inside, the height above the eave, and the distance from the ridge."""
    to_end, to_side = length / 2 - np.abs(a), width / 2 - np.abs(b)
    inside = (to_end > 0) & (to_side > 0)
    if roof == Roof.FLAT:
        return inside, np.where(np.minimum(to_end, to_side) < 0.35, 0.5, 0.0), np.full(a.shape, 9.0)
    top = 0.75 * to_side if roof == Roof.GABLE else 0.7 * np.minimum(to_end, to_side)
    ridge = np.abs(b) if roof == Roof.GABLE else np.abs(b) + np.maximum(0, width / 2 - to_end)
    return inside, top, ridge


def _park(canvas: Canvas, car: np.ndarray) -> None:
    x, y, angle, length, *paint_color = car
    where, right, down = canvas.around(x, y, 3.2)
    a, b = turned(right, down, angle)
    half = length / 2
    inside = (np.abs(a) / half) ** 6 + (np.abs(b) / 0.92) ** 6 < 1
    glass = (np.abs(b) < 0.75) & (((a > 0.12 * half) & (a < 0.45 * half)) | ((a > -0.88 * half) & (a < -0.6 * half)))
    cabin = (a > -0.75 * half) & (a < 0.3 * half)
    color = np.where(glass, np.array([40, 46, 54], np.float32)[:, None, None], np.array(paint_color, np.float32)[:, None, None])
    canvas.put(where, inside, np.where(cabin, 1.5, 1.0).astype(np.float32), color, Class.CAR)


def _grow(canvas: Canvas, tree: np.ndarray, rough: np.ndarray) -> None:
    x, y, radius, tall, hue = tree
    where, right, down = canvas.around(x, y, radius * 1.5)
    bumps = rough[where]
    distance = np.hypot(right, down) / (radius * (1 + 0.16 * bumps))
    crown = np.sqrt(np.maximum(0, 1 - distance**2))
    height_m = (tall * (0.45 + 0.55 * crown) + 0.45 * bumps).astype(np.float32)
    green = np.array([66 + 9 * hue, 90 + 5 * hue, 52 + 3 * hue], np.float32)[:, None, None]
    canvas.put(where, distance < 1, height_m, green * (0.86 + 0.2 * crown + 0.14 * bumps)[None], Class.VEGETATION)


def _light(plan: Plan, canvas: Canvas) -> np.ndarray:
    """Return the lit colours: sun on slopes, shadows thrown, a blue sky that corners see less of."""
    rng = np.random.default_rng([plan.seed, 4])
    azimuth, elevation = rng.uniform(0.7, 2.4), np.radians(rng.uniform(44, 56))
    to_sun = np.array([np.cos(azimuth), -np.sin(azimuth)])  # right and down; the sun stands in the upper half
    height_m = canvas.height_m
    horizon = height_m.copy()
    for step in range(_SHADOW_STEPS):
        shift = np.rint(to_sun * 2**step).astype(int)
        drop = np.float32(np.hypot(*shift) * GSD_M * np.tan(elevation))
        np.maximum(horizon, _shifted(horizon, -shift[1], -shift[0]) - drop, out=horizon)
    sunlit = gaussian_filter((horizon - height_m < 0.15).astype(np.float32), 0.7)
    slope_down, slope_right = np.gradient(height_m, GSD_M)
    slope_down, slope_right = np.clip(slope_down, -1.4, 1.4), np.clip(slope_right, -1.4, 1.4)
    facing = np.sin(elevation) - np.cos(elevation) * (slope_right * to_sun[0] + slope_down * to_sun[1])
    facing = np.maximum(facing, 0) / np.sqrt(1 + slope_right**2 + slope_down**2) / np.sin(elevation)
    open_sky = np.exp(-0.09 * np.maximum(0, gaussian_filter(height_m, 9) - height_m))
    sun = (1 - _SKY) * np.array([1.04, 1.0, 0.93], np.float32)[:, None, None]
    return canvas.albedo * (_SKY * open_sky[None] + sun * (facing * sunlit)[None])


def _shifted(field: np.ndarray, down: int, right: int) -> np.ndarray:
    """Return the field moved by whole pixels; what comes in from outside has no height."""
    moved = np.zeros_like(field)
    height, width = field.shape
    to_rows, from_rows = slice(max(0, down), height + min(0, down)), slice(max(0, -down), height - max(0, down))
    to_cols, from_cols = slice(max(0, right), width + min(0, right)), slice(max(0, -right), width - max(0, right))
    moved[to_rows, to_cols] = field[from_rows, from_cols]
    return moved


def _expose(plan: Plan, lit: np.ndarray, row: int, col: int, height: int, width: int) -> np.ndarray:
    """Return what the camera stores: blurred, tinted by district, hazy, noisy, 8 bit."""
    lit = np.stack([gaussian_filter(band, 0.62) for band in lit])
    for band in range(3):
        lit[band] *= 1.1 * (1 + 0.05 * noise.smooth(row, col, height, width, 110 / GSD_M, plan.salt(61 + band)))
    lit = 16 + 0.93 * lit
    for band in range(3):
        lit[band] += (1.2 + 0.012 * lit[band]) * noise.grain(row, col, height, width, plan.salt(71 + 3 * band))
    return np.clip(np.rint(lit), 0, 255).astype(np.uint8)
