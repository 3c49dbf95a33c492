"""The town as lists: a street grid bent by slow waves, a use for each block, and what stands on it, in metres.

Streets are lines of constant `u` or `v`, where (u, v) are the world's (x, y) turned and bent; so streets curve, blocks
close, and houses stand along them. `x` goes right and `y` goes down from the upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

GSD_M = 0.2
MARGIN_M = 60.0
SIDEWALK_M = 2.2


class Class(IntEnum):
    """What a pixel is."""

    BUILDING, ROAD, VEGETATION, WATER, GROUND, CAR = range(6)


class Use(IntEnum):
    """What a block is for."""

    HOUSES, FLATS, YARDS, PARK, FIELD, WOOD = range(6)


class Roof(IntEnum):
    """The shape of a roof."""

    GABLE, HIP, FLAT = range(3)


class Surface(IntEnum):
    """What a patch of ground is covered with."""

    PAVED, ASPHALT, POOL, SOIL = range(4)


_DECK = (Use.HOUSES,) * 10 + (Use.FLATS,) * 3 + (Use.YARDS,) * 3 + (Use.PARK,) * 3 + (Use.FIELD,) * 2 + (Use.WOOD,)


@dataclass(frozen=True)
class Streets:
    """Parallel lines of the bent grid: where, how wide, and between which crossing lines they exist."""

    place: np.ndarray  # (L,) ascending
    width: np.ndarray  # (L,)
    is_major: np.ndarray  # (L,)
    exists: np.ndarray  # (L, crossing intervals)


@dataclass(frozen=True)
class Plan:
    """A town; every array row is one object: x, y, angle first, then what its kind needs."""

    size: int
    seed: int
    turn: np.ndarray  # (2, 2) world to straight grid
    waves: np.ndarray  # (n, 5) kx, ky, phase, amplitude in u, amplitude in v
    streets_u: Streets
    streets_v: Streets
    use: np.ndarray  # (U intervals, V intervals) what a block is for
    parcel_m: np.ndarray  # (U intervals, V intervals)
    river: np.ndarray  # x, y, angle, width, amplitude 1, wavelength 1, phase 1, amplitude 2, ...
    ponds: np.ndarray  # (n, 3) x, y, radius
    patches: np.ndarray  # (n, 6) x, y, angle, length, width, surface
    buildings: np.ndarray  # (n, 13) x, y, angle, length, width, eave, roof, wing offset, wing length, wing width, r, g, b
    cars: np.ndarray  # (n, 7) x, y, angle, length, r, g, b
    trees: np.ndarray  # (n, 5) x, y, radius, height, hue

    def salt(self, use: int) -> int:
        """Return the seed of one kind of noise in this town."""
        return self.seed * 100_003 + use

    def bend(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the street coordinates (u, v) of places."""
        u = self.turn[0, 0] * x + self.turn[0, 1] * y
        v = self.turn[1, 0] * x + self.turn[1, 1] * y
        for kx, ky, phase, amplitude_u, amplitude_v in self.waves:
            wave = np.sin(kx * x + ky * y + phase)
            u, v = u + amplitude_u * wave, v + amplitude_v * wave
        return u, v

    def unbend(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the places of street coordinates, to a millimetre."""
        x, y = np.zeros_like(u), np.zeros_like(v)
        for _ in range(30):  # a contraction: the waves are slower than they are long
            found_u, found_v = self.bend(x, y)
            x = x + self.turn[0, 0] * (u - found_u) + self.turn[1, 0] * (v - found_v)
            y = y + self.turn[0, 1] * (u - found_u) + self.turn[1, 1] * (v - found_v)
        return x, y

    def river_m(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the distance to the river's bank, negative in the water."""
        x0, y0, angle, width = self.river[:4]
        along = np.cos(angle) * (x - x0) + np.sin(angle) * (y - y0)
        across = -np.sin(angle) * (x - x0) + np.cos(angle) * (y - y0)
        for amplitude, length, phase in self.river[4:].reshape(-1, 3):
            across = across + amplitude * np.sin(2 * np.pi * along / length + phase)
        return np.abs(across) * 0.9 - width / 2


def survey(size: int, seed: int) -> Plan:
    """Return the bare town of a seed: streets, blocks and a river, for a square of `size` pixels."""
    rng = np.random.default_rng([seed, 20])
    side = size * GSD_M
    angle = rng.uniform(-0.6, 0.6)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    waves = np.array([_wave(rng, length, slope) for length, slope in ((520, 0.34), (270, 0.22), (150, 0.12))])
    middle = turn @ np.array([side / 2, side / 2])
    reach = side * 0.75 + MARGIN_M + 60
    streets_u, streets_v = _streets(rng, middle[0], reach, 92), _streets(rng, middle[1], reach, 74)
    streets_u = _open(rng, streets_u, len(streets_v.place) - 1)
    streets_v = _open(rng, streets_v, len(streets_u.place) - 1)
    use = _uses(rng, streets_u, streets_v)
    river = [side * rng.uniform(0.35, 0.65), side * rng.uniform(0.35, 0.65), angle + rng.uniform(-0.5, 0.5), rng.uniform(9, 15)]
    river += [rng.uniform(10, 18), rng.uniform(220, 340), rng.uniform(0, 6.3), 4.0, rng.uniform(80, 130), rng.uniform(0, 6.3)]
    none = np.zeros((0, 13))
    parcel_m, none = rng.uniform(16, 22, use.shape), np.zeros((0, 13))
    return Plan(size, seed, turn, waves, streets_u, streets_v, use, parcel_m, np.array(river), none, none, none, none, none)


def _wave(rng: np.random.Generator, length_m: float, slope: float) -> list[float]:
    heading, k = rng.uniform(0, 2 * np.pi), 2 * np.pi / length_m
    lean = rng.uniform(0, 2 * np.pi)
    amplitude = slope / k
    return [k * np.cos(heading), k * np.sin(heading), rng.uniform(0, 6.3), amplitude * np.cos(lean), amplitude * np.sin(lean)]


def _streets(rng: np.random.Generator, middle: float, reach: float, spacing: float) -> Streets:
    count = int(2 * reach / spacing) + 2
    place = middle - reach + np.cumsum(rng.uniform(0.75, 1.3, count) * spacing)
    is_major = np.arange(count) % 3 == rng.integers(3)
    return Streets(place, np.where(is_major, rng.uniform(9, 11.5, count), rng.uniform(5.2, 6.6, count)), is_major, np.zeros(0))


def _open(rng: np.random.Generator, streets: Streets, intervals: int) -> Streets:
    exists = streets.is_major[:, None] | (rng.random((len(streets.place), intervals)) < 0.8)
    return Streets(streets.place, streets.width, streets.is_major, exists)


def _uses(rng: np.random.Generator, streets_u: Streets, streets_v: Streets) -> np.ndarray:
    """Deal a use to each block; intervals that no street parts are one block."""
    shape = (len(streets_u.place) - 1, len(streets_v.place) - 1)
    cell = np.arange(shape[0] * shape[1]).reshape(shape)
    across_u, across_v = ~streets_u.exists[1:-1], ~streets_v.exists[1:-1].T
    first = np.concatenate([cell[:-1][across_u], cell[:, :-1][across_v]])
    second = np.concatenate([cell[1:][across_u], cell[:, 1:][across_v]])
    blocks, block = connected_components(coo_array((np.ones(len(first)), (first, second)), shape=(cell.size, cell.size)))
    deck = np.concatenate([rng.permutation(_DECK) for _ in range(blocks // len(_DECK) + 1)])
    return deck[block].reshape(shape)
