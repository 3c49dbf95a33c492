"""What stands on a block: one function for each use, in the block's own coordinates, bent into the world at the end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial import cKDTree

from engine.scene.plan import SIDEWALK_M, Plan, Roof, Streets, Surface, Use

_TILES = (
    (160, 96, 76),
    (140, 80, 66),
    (176, 116, 92),
    (124, 84, 72),
    (150, 88, 70),
    (166, 106, 86),
    (98, 94, 98),
    (128, 122, 118),
)
_FLAT_ROOFS = ((204, 202, 198), (176, 170, 160), (122, 140, 158), (112, 110, 112), (146, 112, 98), (122, 146, 132))
_CARS = (
    (226, 227, 228),
    (196, 198, 200),
    (52, 53, 57),
    (86, 88, 92),
    (142, 144, 148),
    (128, 48, 46),
    (56, 72, 104),
    (96, 88, 74),
)


@dataclass
class _Things:
    """Rows in street coordinates: u, v, angle against the street, then what the kind needs."""

    rng: np.random.Generator
    patches: list = field(default_factory=list)
    buildings: list = field(default_factory=list)
    cars: list = field(default_factory=list)
    trees: list = field(default_factory=list)
    ponds: list = field(default_factory=list)

    def patch(self, u: float, v: float, angle: float, length: float, width: float, surface: int) -> None:
        self.patches.append((u, v, angle, length, width, surface))

    def building(self, u: float, v: float, angle: float, length: float, width: float, eave: float, roof: int) -> None:
        rng = self.rng
        wing = rng.random() < 0.35 and length > max(8.0, 1.2 * width)
        reach = rng.uniform(2.5, 5.0) * rng.choice([-1, 1]) if wing else 0.0
        wing_width = min(width * rng.uniform(0.6, 0.85), length / 2) if wing else 0.0
        offset = (length - wing_width) / 2 * rng.choice([-1, 1]) if wing else 0.0
        colors = _FLAT_ROOFS if roof == Roof.FLAT else _TILES
        color = np.array(colors[rng.integers(len(colors))]) + rng.normal(0, 7)
        self.buildings.append((u, v, angle, length, width, eave, roof, offset, reach, wing_width, *color))

    def car(self, u: float, v: float, angle: float) -> None:
        color = _CARS[self.rng.integers(len(_CARS))]
        self.cars.append((u, v, angle + self.rng.normal(0, 0.04), self.rng.uniform(3.8, 4.9), *color))

    def tree(self, u: float, v: float, radius: float) -> None:
        self.trees.append((u, v, 0.0, radius, radius * self.rng.uniform(1.7, 2.4), self.rng.normal()))

    def parking(self, u: float, v: float, length: float) -> None:
        """Two facing rows of bays."""
        self.patch(u, v, 0.0, length, 16.0, Surface.ASPHALT)
        full = self.rng.uniform(0.25, 0.8)
        for side in (-1, 1):
            for bay in np.arange(-length / 2 + 1.4, length / 2 - 1.2, 2.6):
                if self.rng.random() < full:
                    self.car(u + bay, v + side * 5.4, np.pi / 2)


def furnish(plan: Plan) -> Plan:
    """Return the plan with ponds, patches, buildings, cars and trees on its blocks."""
    things = _Things(np.random.default_rng([plan.seed, 21]))
    builders = {Use.HOUSES: _houses, Use.FLATS: _flats, Use.YARDS: _yards, Use.PARK: _park, Use.FIELD: _field, Use.WOOD: _wood}
    for i, j in np.ndindex(*plan.use.shape):
        u0, u1 = _inside(plan.streets_u, i, j)
        v0, v1 = _inside(plan.streets_v, j, i)
        if u1 - u0 > 16 and v1 - v0 > 16:
            builders[Use(int(plan.use[i, j]))](things, (u0, u1, v0, v1), float(plan.parcel_m[i, j]))
    _line_streets(things, plan.streets_u, plan.streets_v.place, along_u=False)
    _line_streets(things, plan.streets_v, plan.streets_u.place, along_u=True)
    return _settle(plan, things)


def _inside(streets: Streets, index: int, interval: int) -> tuple[float, float]:
    """Return where the ground between two streets begins and ends, behind the sidewalks."""
    bounds = []
    for line, sign in ((index, 1), (index + 1, -1)):
        edge = streets.width[line] / 2 + SIDEWALK_M if streets.exists[line, interval] else 0.0
        bounds.append(streets.place[line] + sign * (edge + 0.5))
    return bounds[0], bounds[1]


def _houses(things: _Things, block: tuple[float, ...], parcel_m: float) -> None:
    rng = things.rng
    u0, u1, v0, v1 = block
    count = max(1, round((u1 - u0) / parcel_m))
    parcel = (u1 - u0) / count
    depth = (v1 - v0) / 2 if v1 - v0 > 34 else v1 - v0
    roof = Roof.GABLE if rng.random() < 0.67 else Roof.HIP
    for front, inward in ((v0, 1.0), (v1, -1.0))[: 2 if v1 - v0 > 34 else 1]:
        for middle in u0 + (np.arange(count) + 0.5) * parcel:
            if rng.random() < 0.06:
                continue
            length, width = min(rng.uniform(9.5, 14.5), parcel - 5.0), rng.uniform(7.5, 10)
            setback = rng.uniform(3.5, 7.5)
            side = rng.choice([-1, 1])
            drive_u, reach = middle + side * (parcel / 2 - 1.8), setback + width * rng.uniform(0.5, 1.2)
            surface = Surface.ASPHALT if rng.random() < 0.15 else Surface.PAVED
            things.patch(drive_u, front + inward * reach / 2, np.pi / 2, reach + 1.0, 3.0, surface)
            things.patch(middle, front + inward * (setback + width + 1.6), 0.0, rng.uniform(3, 8), 3.6, Surface.PAVED)
            turn = rng.normal(0, 0.02) + (np.pi / 2 if rng.random() < 0.3 else 0.0)
            house_v = front + inward * (setback + width / 2)
            things.building(
                middle - side * 1.2,
                house_v,
                turn,
                length,
                width,
                rng.uniform(3.2, 6.2),
                roof if rng.random() < 0.8 else Roof.HIP,
            )
            if rng.random() < 0.5:
                things.car(drive_u, front + inward * rng.uniform(2.4, max(2.6, reach - 2)), np.pi / 2)
            back = depth - setback - width
            if back > 7:
                _garden(things, middle, front, inward, parcel, depth - back, depth)


def _garden(things: _Things, middle: float, front: float, inward: float, parcel: float, near: float, far: float) -> None:
    """Shed, pool and trees behind a house."""
    rng = things.rng
    if rng.random() < 0.45:
        where = middle + rng.choice([-1, 1]) * (parcel / 2 - 3)
        things.building(where, front + inward * (far - 2.6), 0.0, rng.uniform(3, 5.5), rng.uniform(2.6, 3.4), 2.3, Roof.FLAT)
    if far - near > 10 and rng.random() < 0.16:
        place = middle + rng.uniform(-2, 2), front + inward * (near + far + 2) / 2
        things.patch(*place, 0.0, 9.5, 6.0, Surface.PAVED)
        things.patch(*place, 0.0, 7.5, 3.8, Surface.POOL)
    if rng.random() < 0.3:
        things.patch(
            middle + rng.uniform(-4, 4), front + inward * (far - 4), 0.1, rng.uniform(4, 7), rng.uniform(3, 5), Surface.SOIL
        )
    for _ in range(rng.poisson(2.6)):
        things.tree(
            middle + rng.uniform(-0.45, 0.45) * parcel, front + inward * rng.uniform(near + 2, far), rng.uniform(1.1, 3.4)
        )


def _flats(things: _Things, block: tuple[float, ...], parcel_m: float) -> None:
    rng = things.rng
    u0, u1, v0, v1 = block
    floors, flat = rng.integers(3, 6), rng.random() < 0.7
    rows = max(1, int((v1 - v0) / 32))
    for row in range(rows):
        v = v0 + (row + 0.5) * (v1 - v0) / rows
        left = u0 + 4
        while u1 - left > 20:
            length = min(rng.uniform(20, 38), u1 - left - 4)
            things.building(
                left + length / 2,
                v - 6,
                rng.normal(0, 0.01),
                length,
                rng.uniform(10, 12.5),
                3.0 * floors,
                Roof.FLAT if flat else Roof.HIP,
            )
            left += length + rng.uniform(9, 14)
        if v1 - v0 > 26:
            things.parking((u0 + u1) / 2, v + 10, (u1 - u0) * rng.uniform(0.4, 0.85))
    _scatter(things, block, 13, 0.7, (1.6, 4.2))


def _yards(things: _Things, block: tuple[float, ...], parcel_m: float) -> None:
    rng = things.rng
    u0, u1, v0, v1 = block
    length, width = (u1 - u0) * rng.uniform(0.5, 0.72), (v1 - v0) * rng.uniform(0.38, 0.55)
    things.building(u0 + 4 + length / 2, v0 + 4 + width / 2, 0.0, length, width, rng.uniform(6, 9), Roof.FLAT)
    if u1 - u0 - length > 20:
        shape = Roof.FLAT if rng.random() < 0.5 else Roof.GABLE
        things.building(u1 - 9, v0 + 5 + width / 3, np.pi / 2, width * 0.66, 9.0, rng.uniform(4, 7), shape)
    if v1 - v0 - width > 24:
        things.parking((u0 + u1) / 2, v1 - 10, (u1 - u0) * 0.8)
    for _ in range(rng.poisson(5)):
        things.car(
            rng.uniform(u0 + 2, u1 - 2), rng.uniform(v0 + width + 8, max(v1 - 20, v0 + width + 9)), rng.choice([0.0, np.pi / 2])
        )
    for v in (v0 + 0.5, v1 - 0.5):
        for u in np.arange(u0 + 3, u1 - 3, rng.uniform(7, 14)):
            if rng.random() < 0.6:
                things.tree(u, v, rng.uniform(1.2, 2.6))


def _park(things: _Things, block: tuple[float, ...], parcel_m: float) -> None:
    rng = things.rng
    u0, u1, v0, v1 = block
    if rng.random() < 0.7:
        things.ponds.append((rng.uniform(0.35, 0.65) * (u1 - u0) + u0, rng.uniform(0.35, 0.65) * (v1 - v0) + v0, 0.0,
                             min(u1 - u0, v1 - v0) * rng.uniform(0.16, 0.26)))  # fmt: skip
    for _ in range(rng.integers(3, 6)):
        middle = rng.uniform(u0, u1), rng.uniform(v0, v1)
        for _ in range(rng.poisson(9)):
            u, v = rng.normal(middle, 8)
            if u0 < u < u1 and v0 < v < v1:
                things.tree(u, v, rng.uniform(1.8, 5.2))


def _field(things: _Things, block: tuple[float, ...], parcel_m: float) -> None:
    rng = things.rng
    u0, u1, v0, _ = block
    if rng.random() < 0.6:
        for u in np.arange(u0, u1, 4.5):
            things.tree(u, v0 + rng.normal(0, 0.6), rng.uniform(1.4, 3))


def _wood(things: _Things, block: tuple[float, ...], parcel_m: float) -> None:
    _scatter(things, block, 5.2, 0.93, (2.0, 4.6))


def _scatter(things: _Things, block: tuple[float, ...], step: float, share: float, radius: tuple[float, float]) -> None:
    rng = things.rng
    u0, u1, v0, v1 = block
    for u in np.arange(u0 + 1, u1 - 1, step):
        for v in np.arange(v0 + 1, v1 - 1, step):
            if rng.random() < share:
                things.tree(u + rng.uniform(-0.45, 0.45) * step, v + rng.uniform(-0.45, 0.45) * step, rng.uniform(*radius))


def _line_streets(things: _Things, streets: Streets, crossings: np.ndarray, along_u: bool) -> None:
    """Park and drive cars on each stretch of street and plant trees on its sidewalks."""
    rng = things.rng

    def at(along: float, across: float) -> tuple[float, float]:
        return (along, across) if along_u else (across, along)

    angle = 0.0 if along_u else np.pi / 2
    for line, place in enumerate(streets.place):
        half = streets.width[line] / 2
        for start, end in zip(
            crossings[np.flatnonzero(streets.exists[line])], crossings[1:][streets.exists[line]], strict=True
        ):
            parked, planted = rng.uniform(0.05, 0.5), rng.random() < 0.5
            for side in (-1, 1):
                for along in np.arange(start + 12, end - 12, 6.2):
                    if rng.random() < parked and (side > 0 or streets.is_major[line]):
                        things.car(*at(along, place + side * (half - 1.15)), angle)
                for along in np.arange(start + 9, end - 9, rng.uniform(8, 13)) if planted else ():
                    if rng.random() < 0.85:
                        things.tree(*at(along, place + side * (half + SIDEWALK_M * 0.6)), rng.uniform(1.3, 3.3))
                if rng.random() < (0.9 if streets.is_major[line] else 0.3):
                    things.car(*at(rng.uniform(start + 8, max(start + 9, end - 8)), place + side * half * 0.35), angle)


def _settle(plan: Plan, things: _Things) -> Plan:
    """Bend everything into the world and clear the river, the ponds and the ground under buildings."""
    patches, buildings = _placed(plan, things.patches, 6), _placed(plan, things.buildings, 13)
    cars, trees, ponds = _placed(plan, things.cars, 7), _placed(plan, things.trees, 6), _placed(plan, things.ponds, 4)
    buildings = buildings[plan.river_m(*buildings[:, :2].T) > 2 + buildings[:, 3:5].max(axis=1, initial=0) / 2]
    patches = patches[plan.river_m(*patches[:, :2].T) > 1 + patches[:, 3] / 2]
    trees = trees[plan.river_m(*trees[:, :2].T) > 0.3 * trees[:, 3]]
    cars = cars[plan.river_m(*cars[:, :2].T) > 4]
    if len(buildings):
        distance, _ = cKDTree(buildings[:, :2]).query(trees[:, :2])
        trees = trees[distance > 5.0]
    for x, y, _, radius in ponds:
        trees = trees[np.hypot(trees[:, 0] - x, trees[:, 1] - y) > radius * 1.1]
    return replace(
        plan, patches=patches, buildings=buildings, cars=cars, trees=trees[:, [0, 1, 3, 4, 5]], ponds=ponds[:, [0, 1, 3]]
    )


def _placed(plan: Plan, rows: list, columns: int) -> np.ndarray:
    """Return rows in the world: x, y, and the angle against the x axis."""
    table = np.array(rows, float).reshape(-1, columns)
    x, y = plan.unbend(table[:, 0], table[:, 1])
    ahead_x, ahead_y = plan.unbend(table[:, 0] + 1.0, table[:, 1])
    angle = np.arctan2(ahead_y - y, ahead_x - x) + table[:, 2]
    return np.column_stack([x, y, angle, table[:, 3:]])
