"""Halving leaves pixels without data out, and the mode of four is a value of the four."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.geo.halve import halve

IMAGES = st.tuples(st.just(1), st.integers(1, 7), st.integers(1, 7)).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 255]))
)


def quads(pixels):
    """Yield the place of each halved pixel and the values with data under it, in reading order."""
    _, height, width = pixels.shape
    for row in range(-(-height // 2)):
        for col in range(-(-width // 2)):
            under = pixels[0, 2 * row : 2 * row + 2, 2 * col : 2 * col + 2].ravel()
            yield row, col, [int(v) for v in under if v != 255]


@settings(max_examples=200, deadline=None)
@given(IMAGES)
def test_the_mode_is_the_most_frequent_value_with_data(pixels):
    half = halve(pixels, 255, "mode")
    for row, col, values in quads(pixels):
        best = max((values.count(v) for v in values), default=0)
        expected = next((v for v in values if values.count(v) == best), 255)
        assert half[0, row, col] == expected, values


@settings(max_examples=200, deadline=None)
@given(IMAGES)
def test_the_average_is_of_the_values_with_data(pixels):
    half = halve(pixels, 255, "average")
    for row, col, values in quads(pixels):
        assert half[0, row, col] == (np.rint(np.mean(values)) if values else 255), values


@pytest.mark.parametrize("resampling", ["mode", "average", "nearest"])
def test_type_and_bands_are_kept(resampling):
    pixels = np.stack([np.full((5, 4), 3.5, np.float32), np.full((5, 4), np.nan, np.float32)])
    half = halve(pixels, np.nan, resampling)
    assert half.shape == (2, 3, 2) and half.dtype == np.float32
    assert (half[0] == 3.5).all() and np.isnan(half[1]).all()
