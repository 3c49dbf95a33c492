"""Noise that is a function of place: the same value at a pixel whatever window it is asked in."""

from __future__ import annotations

import numpy as np

_UNIFORM_TO_UNIT_STD = np.sqrt(3.0)  # a uniform number in [-1, 1] has the standard deviation 1/sqrt(3)
_SPLINE_ENERGY = 151 / 315  # mean of the summed squares of the four cubic B-spline weights


def hashed(rows: np.ndarray, cols: np.ndarray, seed: int) -> np.ndarray:
    """Return a uniform number in [-1, 1) for each pair of integers; the arguments are broadcast.

    The mixing is lowbias32 by Chris Wellons, https://nullprogram.com/blog/2018/07/31/
    """
    with np.errstate(over="ignore"):
        bits = np.asarray(rows).astype(np.uint32) * np.uint32(0x9E3779B1)
        bits = bits ^ (np.asarray(cols).astype(np.uint32) * np.uint32(0x85EBCA77) + np.uint32(seed & 0xFFFFFFFF))
        for shift, factor in ((16, 0x21F0AAAD), (15, 0x735A2D97)):
            bits = (bits ^ (bits >> np.uint32(shift))) * np.uint32(factor)
        bits ^= bits >> np.uint32(15)
    return bits.astype(np.float32) * np.float32(2.0**-31) - np.float32(1.0)


def smooth(row: int, col: int, height: int, width: int, cell_px: float, seed: int) -> np.ndarray:
    """Return (height, width) noise of zero mean and unit deviation whose bumps are about `cell_px` wide."""
    first_row, rows = _spline(row, height, cell_px)  # (height, knots)
    first_col, cols = _spline(col, width, cell_px)
    knots = hashed(
        np.arange(first_row, first_row + rows.shape[1])[:, None], np.arange(first_col, first_col + cols.shape[1])[None], seed
    )
    field = rows @ knots @ cols.T  # in float64, so that no pixel depends on how the product was blocked
    return (field * (_UNIFORM_TO_UNIT_STD / _SPLINE_ENERGY)).astype(np.float32)


def fractal(row: int, col: int, height: int, width: int, cell_px: float, octaves: int, seed: int) -> np.ndarray:
    """Return (height, width) noise of unit deviation; each octave halves the bumps and weighs 0.55 of the one before."""
    total = np.zeros((height, width), np.float32)
    energy = 0.0
    for octave in range(octaves):
        gain = 0.55**octave
        total += np.float32(gain) * smooth(row, col, height, width, cell_px / 2**octave, seed + 101 * octave)
        energy += gain**2
    return total / np.float32(np.sqrt(energy))


def grain(row: int, col: int, height: int, width: int, seed: int) -> np.ndarray:
    """Return (height, width) noise of unit deviation, independent from pixel to pixel and nearly normal."""
    rows, cols = np.arange(row, row + height)[:, None], np.arange(col, col + width)[None]
    return hashed(rows, cols, seed) + hashed(rows, cols, seed + 1) + hashed(rows, cols, seed + 2)


def _spline(start: int, count: int, cell_px: float) -> tuple[int, np.ndarray]:
    """Return the first knot and the (count, knots) cubic B-spline weights of a run of pixels."""
    place = (np.arange(start, start + count) + 0.5) / cell_px
    base = np.floor(place).astype(int)
    t = (place - base)[:, None]
    taps = np.hstack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    first = int(base[0]) - 1
    weights = np.zeros((count, int(base[-1]) - first + 3))
    for tap in range(4):
        weights[np.arange(count), base - 1 - first + tap] = taps[:, tap]
    return first, weights
