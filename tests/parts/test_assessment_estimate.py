"""The estimators reproduce the published worked examples, and hold their promises on any sample."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.assessment import allocation
from engine.assessment.estimate import difference, estimate, warnings

OLOFSSON_SIZES = np.array([200_000, 150_000, 3_200_000, 6_450_000])
OLOFSSON_BY_MAP = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
"""Olofsson et al. 2014, Table 8: rows map class, columns reference class."""
HECTARES_PER_PIXEL = 0.09


def olofsson():
    counts = np.zeros((4, 4, 4), dtype=int)  # stratum, reference, map
    for stratum in range(4):
        counts[stratum, :, stratum] = OLOFSSON_BY_MAP[stratum]
    return counts


def stehman():
    """Stehman 2014, Table 2: ten points in each of four strata, strata not the map classes."""
    strata = "A" * 10 + "B" * 10 + "C" * 10 + "D" * 10
    mapped = "AAAAAAABBB" + "A" + "B" * 9 + "BB" + "C" * 6 + "BB" + "D" * 10
    reference = "AAAAACBABC" + "ABBBBBAABB" + "CCCCCDDBBA" + "DDDDDDDCCB"
    counts = np.zeros((4, 4, 4), dtype=int)
    for s, m, r in zip(strata, mapped, reference, strict=True):
        counts["ABCD".index(s), "ABCD".index(r), "ABCD".index(m)] += 1
    return counts, np.array([40_000, 30_000, 20_000, 10_000])


def test_olofsson_2014_table_9_area_proportions():
    by_map = estimate(olofsson(), OLOFSSON_SIZES).matrix.T
    printed = [
        [0.0176, 0, 0.0013, 0.0011],
        [0, 0.0110, 0.0016, 0.0024],
        [0.0019, 0, 0.2967, 0.0213],
        [0.0040, 0.0020, 0.0179, 0.6212],
    ]
    np.testing.assert_array_equal(by_map.round(4), printed)
    np.testing.assert_array_equal(by_map.sum(axis=0).round(4), [0.0235, 0.0130, 0.3175, 0.6460])


def test_olofsson_2014_areas_in_hectares():
    areas = [a.scaled(OLOFSSON_SIZES.sum()) for a in estimate(olofsson(), OLOFSSON_SIZES).areas]
    assert round(areas[0].value) == 235_086  # pixels
    assert round(areas[0].half_width) == 68_418
    assert [round(a.value * HECTARES_PER_PIXEL) for a in areas] == [21_158, 11_686, 285_770, 581_386]
    assert [round(a.half_width * HECTARES_PER_PIXEL) for a in areas] == [6_158, 3_756, 15_510, 16_282]


def test_olofsson_2014_accuracies():
    found = estimate(olofsson(), OLOFSSON_SIZES)
    assert (round(found.overall_accuracy.value, 2), round(found.overall_accuracy.half_width, 2)) == (0.95, 0.02)
    assert [round(u.value, 2) for u in found.users] == [0.88, 0.73, 0.93, 0.96]
    assert [round(u.half_width, 2) for u in found.users] == [0.07, 0.10, 0.04, 0.02]
    assert [round(p.value, 2) for p in found.producers] == [0.75, 0.85, 0.93, 0.96]
    # The paper prints 0.21, 0.23, 0.03, 0.01; its own eq. 7 gives 0.25 and 0.02 for the second and the last.
    assert [round(p.half_width, 2) for p in found.producers] == [0.21, 0.25, 0.03, 0.02]


def test_stehman_2014_worked_example():
    found = estimate(*stehman())
    b, c = 1, 2
    assert round(found.areas[0].value, 2) == 0.35
    assert round(found.areas[c].value, 2) == 0.20
    assert round(found.overall_accuracy.value, 2) == 0.63
    assert round(found.users[b].value, 3) == 0.574
    assert round(found.producers[b].value, 3) == 0.794
    assert round(found.matrix[c, b], 2) == 0.08  # map B, reference C
    assert round(found.areas[0].se, 3) == 0.082
    assert round(found.areas[c].se, 3) == 0.064
    assert round(found.overall_accuracy.se, 3) == 0.085
    assert round(found.users[b].se, 3) == 0.125
    # The paper prints 0.114, with a variance of 0 where its Table 3 gives 0.10; its eq. 28 gives 0.117.
    assert round(found.producers[b].se, 3) == 0.117


def test_olofsson_2014_sample_size_and_proportional_allocation():
    accuracy = np.array([0.7, 0.6, 0.9, 0.95])
    total = allocation.size_for(0.01, OLOFSSON_SIZES, accuracy, lambda n: allocation.neyman(n, OLOFSSON_SIZES, accuracy))
    assert total == 641
    assert allocation.proportional(total, OLOFSSON_SIZES).tolist() == [13, 10, 205, 413]
    assert allocation.equal(640, OLOFSSON_SIZES).tolist() == [160] * 4


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), min_size=1, max_size=8),
    st.integers(0, 800),
    st.integers(0, 20),
)
def test_every_allocation_spends_the_points_and_no_stratum_twice(strata, total, least):
    sizes = np.array([s for s, _ in strata])
    accuracy = np.array([a for _, a in strata])
    for points in (
        allocation.proportional(total, sizes, least),
        allocation.equal(total, sizes),
        allocation.neyman(total, sizes, accuracy, least),
    ):
        assert (points <= sizes).all()
        assert (points >= 0).all()
    shared = allocation.proportional(total, sizes, least)
    floor = np.minimum(least, sizes).sum()
    assert shared.sum() == max(min(total, sizes.sum()), floor)


def test_neyman_gives_the_smallest_error_of_overall_accuracy():
    sizes, accuracy = OLOFSSON_SIZES, np.array([0.7, 0.6, 0.9, 0.95])
    best = allocation.expected_error(allocation.neyman(640, sizes, accuracy), sizes, accuracy)
    assert best <= allocation.expected_error(allocation.proportional(640, sizes), sizes, accuracy)
    assert best <= allocation.expected_error(allocation.equal(640, sizes), sizes, accuracy)


def test_intervals_hold_the_truth_in_about_95_of_100_samples():
    rng = np.random.default_rng(3)
    truth = np.array([0.9, 0.6])  # share of class 0 in each of two strata that are the map classes
    sizes = np.array([70_000, 30_000])
    area = float(truth @ sizes / sizes.sum())
    held = 0
    for _ in range(400):
        ones = rng.binomial(120, truth)
        counts = np.zeros((2, 2, 2), dtype=int)
        counts[0, :, 0] = ones[0], 120 - ones[0]
        counts[1, :, 1] = ones[1], 120 - ones[1]
        found = estimate(counts, sizes).areas[0]
        held += abs(found.value - area) <= found.half_width
    assert 0.91 <= held / 400 <= 0.98


def test_a_stratum_without_points_is_left_out_and_said():
    counts, sizes = stehman()
    counts[3] = 0
    found = estimate(counts, sizes)
    assert found.covered == pytest.approx(0.9)
    assert any("no answered point" in w for w in warnings(counts, sizes, ("A", "B", "C", "D")))
    assert any("fewer than 30" in w for w in warnings(counts, sizes, ("A", "B", "C", "D")))


def test_one_point_gives_a_value_and_no_standard_error():
    counts = np.array([[[1, 0], [0, 0]]])
    found = estimate(counts, np.array([10]))
    assert found.overall_accuracy.value == 1
    assert math.isnan(found.overall_accuracy.se)
    assert any("answer at least two" in w for w in warnings(counts, np.array([10]), ("all",)))


def test_equal_maps_do_not_differ_and_a_better_one_does():
    right = np.array([True, False, True, True] * 10)
    strata, sizes = np.arange(40) % 2, np.array([100, 300])
    assert difference(right, right, strata, sizes).value == 0
    better = difference(right, np.ones(40, bool), strata, sizes)
    assert better.value == pytest.approx(0.75 * 0.5)  # stratum 1 holds all errors of the first map, half of its points
    assert better.se > 0
