"""The ground before anything stands on it: parcels, meadows, fields, water, street surfaces and paint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from engine.scene import noise
from engine.scene.canvas import Canvas, turned
from engine.scene.plan import GSD_M, SIDEWALK_M, Class, Plan, Streets, Surface, Use

_CORNER_M = 1.6
_BRIDGE_M = 1.5
_LAWN, _DRY, _MEADOW, _EARTH, _HEDGE = (90, 108, 72), (140, 136, 100), (108, 118, 78), (150, 130, 106), (70, 92, 54)
_CONCRETE, _PAVERS, _GRAVEL, _TAR, _KERB = (166, 163, 157), (158, 148, 138), (172, 162, 146), (112, 112, 114), (182, 180, 174)
_DEEP, _SHALLOW, _POOL_BLUE, _PAINT = (52, 70, 72), (84, 98, 84), (110, 186, 204), (214, 214, 210)


@dataclass(frozen=True)
class _Place:
    """Where each pixel of a window lies: in the world, in street coordinates, in which block; and three kinds of noise."""

    x: np.ndarray  # (1, w) metres
    y: np.ndarray  # (h, 1)
    u: np.ndarray  # (h, w)
    v: np.ndarray
    i: np.ndarray  # (h, w) interval between streets of constant u
    j: np.ndarray
    use: np.ndarray
    coarse: np.ndarray  # (h, w) of unit deviation, patches of 38 m
    middle: np.ndarray  # patches of 7 m
    fine: np.ndarray  # patches of 0.9 m


def lay(plan: Plan, row: int, col: int, height: int, width: int) -> Canvas:
    """Return the bare ground of a window."""
    place = _place(plan, row, col, height, width)
    labels = np.full((height, width), Class.VEGETATION, np.uint8)
    flat, albedo = np.zeros((height, width), np.float32), np.empty((3, height, width), np.float32)
    canvas = Canvas(row, col, labels, flat, albedo, 1 + 0.035 * place.fine + 0.03 * place.middle)
    _blocks(plan, place, canvas)
    _waters(plan, place, canvas)
    _patches(plan, canvas)
    _streets(plan, place, canvas)
    return canvas


def _place(plan: Plan, row: int, col: int, height: int, width: int) -> _Place:
    x, y = ((np.arange(col, col + width) + 0.5) * GSD_M)[None], ((np.arange(row, row + height) + 0.5) * GSD_M)[:, None]
    u, v = (axis.astype(np.float32) for axis in plan.bend(x, y))
    i, j = _between(plan.streets_u, u), _between(plan.streets_v, v)
    noises = (
        noise.fractal(row, col, height, width, cell_m / GSD_M, octaves, plan.salt(salt))
        for cell_m, octaves, salt in ((38, 6, 1), (7, 4, 2), (0.9, 2, 3))
    )
    return _Place(x, y, u, v, i, j, plan.use[i, j], *noises)


def _between(streets: Streets, at: np.ndarray) -> np.ndarray:
    return np.clip(np.searchsorted(streets.place.astype(np.float32), at) - 1, 0, len(streets.place) - 2)


def _blocks(plan: Plan, at: _Place, canvas: Canvas) -> None:
    """Cover each block with what its use wants: grass that dries in patches, earth, gravel, concrete, crops."""
    wild = (at.use == Use.PARK) | (at.use == Use.WOOD)
    mixed = np.clip(0.5 + 0.32 * at.coarse + 0.3 * at.middle, 0, 1)
    dry = np.clip(0.7 * at.coarse + 0.5 * at.middle - 0.1, 0, 1) * np.where(wild, np.float32(1.0), np.float32(0.45))
    for band, lawn, meadow, straw in zip(canvas.albedo, _LAWN, _MEADOW, _DRY, strict=True):
        grass = (lawn + mixed * (meadow - lawn)) * (1 + 0.09 * at.fine)
        band[...] = grass + dry * (straw - grass)
    canvas.fill(wild & (at.coarse + 0.7 * at.middle > 2.0), _EARTH, Class.GROUND)
    canvas.fill((at.use == Use.PARK) & (_from_level_line(at.coarse) < 1.1), _GRAVEL, Class.GROUND)
    luck = noise.hashed(at.i, at.j, plan.salt(7))
    if (fields := at.use == Use.FIELD).any():
        _fields(at, canvas, fields, luck)
    if (houses := at.use == Use.HOUSES).any():
        _gardens(plan, at, canvas, houses)
    canvas.fill((at.use == Use.YARDS) & (luck > -0.2), _CONCRETE, Class.GROUND)
    canvas.fill((at.use == Use.YARDS) & (luck <= -0.2), _GRAVEL, Class.GROUND)
    canvas.fill((at.use == Use.YARDS) & (at.coarse > 1.3), _MEADOW, Class.VEGETATION)
    canvas.fill((at.use == Use.FLATS) & (at.middle > 2.1), _EARTH, Class.GROUND)


def _from_level_line(field: np.ndarray) -> np.ndarray:
    """Return the distance in metres to the lines where a field is zero, right near the lines."""
    field = gaussian_filter(field, 2.0 / GSD_M)
    slope_down, slope_right = np.gradient(field, GSD_M)
    return np.abs(field) / np.maximum(np.hypot(slope_down, slope_right), 0.02)


def _fields(at: _Place, canvas: Canvas, here: np.ndarray, luck: np.ndarray) -> None:
    """Sow crops in rows; where they have not come up there is earth."""
    canvas.fill(here, _EARTH, Class.GROUND)
    canvas.fill(here & (0.8 * at.coarse + 0.35 * at.middle + 1.6 * luck > -0.1), _MEADOW, Class.VEGETATION)
    rows = np.sin(2 * np.pi / 1.9 * np.where(luck > 0, at.u, at.v) + 0.3 * at.middle)
    canvas.shade(np.where(here, 1 + 0.07 * rows, 1))


def _gardens(plan: Plan, at: _Place, canvas: Canvas, here: np.ndarray) -> None:
    """Tell parcels apart: lawn, dry lawn, gravel or bare earth; some have a hedge."""
    left, right = _edges(plan.streets_u, at.i, at.j)
    near, far = _edges(plan.streets_v, at.j, at.i)
    count = np.maximum(1, np.rint((right - left) / plan.parcel_m[at.i, at.j]))
    along = (at.u - left) / (right - left) * count
    number = np.floor(along)
    parcel = at.i * 64 + number.astype(int), at.j * 2 + (at.v > (near + far) / 2)
    luck, shade = noise.hashed(*parcel, plan.salt(8)), noise.hashed(*parcel, plan.salt(9))
    canvas.shade(np.where(here, 1 + 0.12 * shade, 1))
    canvas.fill(here & (luck < -0.86), _GRAVEL, Class.GROUND)
    canvas.fill(here & (luck > 0.62), _DRY, Class.VEGETATION)
    canvas.fill(here & (luck > 0.5) & (at.middle > 1.25), _EARTH, Class.GROUND)
    to_side = np.minimum(along - number, 1 - along + number) * (right - left) / count
    to_back = np.abs(at.v - (near + far) / 2)
    hedge = here & (np.minimum(to_side, to_back) < 0.55 + 0.15 * at.middle) & (np.abs(shade) > 0.45)
    canvas.fill(hedge & (at.v - near > 2) & (far - at.v > 2), _HEDGE, Class.VEGETATION, 1.5)


def _edges(streets: Streets, index: np.ndarray, interval: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the ground between two streets begins and ends, behind the sidewalks."""
    edge = np.where(streets.exists, (streets.width / 2 + SIDEWALK_M)[:, None], 0.0) + 0.5
    begins, ends = (streets.place[:, None] + edge).astype(np.float32), (streets.place[:, None] - edge).astype(np.float32)
    return begins[index, interval], ends[index + 1, interval]


def _waters(plan: Plan, at: _Place, canvas: Canvas) -> None:
    """Flood the river and the ponds; their banks are grass or earth."""
    shore = (plan.river_m(at.x, at.y) + 0.5 * at.middle).astype(np.float32)
    for x, y, radius in plan.ponds:
        if np.abs(at.x - x).min() < 2 * radius and np.abs(at.y - y).min() < 2 * radius:
            shore = np.minimum(shore, np.hypot(at.x - x, at.y - y) - radius * (1 + 0.16 * at.coarse) + 0.4 * at.middle)
    canvas.fill((shore < 2.2) & (at.middle > 0.2), _EARTH, Class.GROUND)
    canvas.fill((shore < 2.2) & (at.middle <= 0.2), _MEADOW, Class.VEGETATION)
    wet = shore < 0
    depth = np.clip(-shore[wet] / 4, 0, 1)
    for band, shallow, deep in zip(canvas.albedo, _SHALLOW, _DEEP, strict=True):
        band[wet] = shallow + depth * (deep - shallow) + 3.5 * at.coarse[wet] + 1.2 * at.middle[wet]
    canvas.labels[wet] = Class.WATER


def _patches(plan: Plan, canvas: Canvas) -> None:
    """Lay drives, terraces, car parks, pools and beds."""
    kinds = {Surface.ASPHALT: (_TAR, Class.ROAD), Surface.POOL: (_POOL_BLUE, Class.WATER), Surface.SOIL: (_EARTH, Class.GROUND)}
    for x, y, angle, length, width, kind in plan.patches:
        where, right, down = canvas.around(x, y, float(np.hypot(length, width)) / 2)
        if not (right.size and down.size):
            continue
        a, b = turned(right, down, angle)
        inside = (np.abs(a) < length / 2) & (np.abs(b) < width / 2)
        color, label = kinds.get(Surface(kind), (_PAVERS, Class.GROUND))
        canvas.fill(inside, color, label, where=where)
        if kind == Surface.ASPHALT and width > 10:  # the lines between the bays of a car park
            lines = (np.abs(np.abs(b) - 5.3) < 2.4) & (np.abs((a + length / 2) / 2.6 % 1 - 0.5) > 0.47)
            canvas.fill(inside & lines, [0.85 * value for value in _PAINT], Class.ROAD, where=where)


def _streets(plan: Plan, at: _Place, canvas: Canvas) -> None:
    """Lay sidewalks, kerbs, asphalt and paint; only major streets cross the river, on bridges with rails."""
    river = plan.river_m(at.x, at.y)
    over_water = river < _BRIDGE_M
    to_u, line_u, offset_u = _nearest(plan.streets_u, at.i, at.j, at.u, over_water)
    to_v, line_v, offset_v = _nearest(plan.streets_v, at.j, at.i, at.v, over_water)
    blend = np.clip(0.5 + 0.5 * (to_v - to_u) / _CORNER_M, 0, 1)
    edge = to_v * (1 - blend) + to_u * blend - _CORNER_M * blend * (1 - blend)  # a smooth minimum rounds the corners
    is_u = to_u < to_v
    major = np.where(is_u, plan.streets_u.is_major[line_u], plan.streets_v.is_major[line_v])
    urban = major | ~np.isin(at.use, (Use.FIELD, Use.WOOD, Use.PARK))
    walk = (edge > 0) & (edge < SIDEWALK_M) & np.where(over_water, major & (edge < 1.6), urban)
    canvas.fill(walk, _PAVERS, Class.GROUND)
    canvas.fill(walk & (edge < 0.3), _KERB, Class.GROUND)
    canvas.fill(walk & over_water & (edge > 1.25), _KERB, Class.GROUND, 1.1)
    road = (edge <= 0) & (~over_water | major)
    canvas.fill(road, _TAR, Class.ROAD)
    age = np.where(is_u, noise.hashed(line_u, np.array(1), plan.salt(11)), noise.hashed(line_v, np.array(2), plan.salt(11)))
    wear = (1 + 0.13 * age + 0.03 * at.coarse) * np.where(at.coarse + 0.5 * at.middle > 1.5, 0.9, 1.0)
    from_track = np.abs(np.abs(np.where(is_u, offset_u, offset_v)) - 1.7) - 0.8
    wear *= 1 - 0.05 * np.exp(-((from_track / 0.35) ** 2))
    canvas.shade(np.where(road, wear, 1))
    paint = _paint(road & major, to_u, to_v, offset_u, at.v) | _paint(road & major, to_v, to_u, offset_v, at.u)
    for band, value in zip(canvas.albedo, _PAINT, strict=True):
        band[paint] += 0.75 * (value - band[paint])


def _nearest(
    streets: Streets, index: np.ndarray, interval: np.ndarray, at: np.ndarray, over_water: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distance to the edge of the nearer of two streets, which line it is, and the offset from its middle."""
    place, half = streets.place.astype(np.float32), (streets.width / 2).astype(np.float32)
    edges, offsets = [], []
    for line in (index, index + 1):
        offset = at - place[line]
        gone = ~streets.exists[line, interval] | (over_water & ~streets.is_major[line])
        edges.append(np.abs(offset) - half[line] + np.where(gone, np.float32(1e3), np.float32(0)))
        offsets.append(offset)
    first = edges[0] <= edges[1]
    return np.minimum(*edges), np.where(first, index, index + 1), np.where(first, *offsets)


def _paint(road: np.ndarray, edge: np.ndarray, other: np.ndarray, offset: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return where a street has a dashed middle line, edge lines and, before it meets another, a crossing."""
    on = road & (edge < 0)
    dashed = (along / 3 % 2 < 1) | (other < 14)
    middle_line = (np.abs(offset) < 0.13) & dashed & (other > 6)
    edge_line = (np.abs(edge + 0.35) < 0.11) & (other > 3)
    crossing = (other > 2.2) & (other < 5.2) & (offset % 1.1 < 0.5) & (edge < -0.4)
    return on & (middle_line | edge_line | crossing)
