"""The figures of benchmarks/buildings.py, on houses whose answers are known by hand."""

import sys
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

import buildings

DRAWN = np.array([shapely.box(0, 0, 10, 10), shapely.box(100, 0, 110, 10)])
MOVED = shapely.box(105, 0, 115, 10)


def layer(*shapes):
    return geopandas.GeoDataFrame({"regular": [True] * len(shapes)}, geometry=list(shapes))


def test_a_house_that_is_met_counts_and_one_moved_by_half_does_not():
    found = buildings.compare(DRAWN, layer(DRAWN[0], MOVED))
    assert (found["drawn"], found["found"], found["matched"]) == (2, 2, 1)
    assert (found["drawn_m2"], found["found_m2"]) == (200, 200)
    assert (found["iou"], found["precision"], found["recall"]) == (0.6, 0.75, 0.75)
    assert found["mean_best_iou"] == pytest.approx((1 + 1 / 3) / 2, abs=1e-3)
    assert (found["corners_each"], found["regular_share"]) == (4, 1)


def test_the_same_houses_are_perfect_and_none_are_nothing():
    same, none = buildings.compare(DRAWN, layer(*DRAWN)), buildings.overlaps(DRAWN, np.array([]))
    assert same["iou"] == same["boundary_f1_0.5_m"] == same["boundary_f1_1_m"] == 1
    assert none.tolist() == [0, 0]


def test_one_polygon_over_two_houses_meets_neither():
    best = buildings.overlaps(DRAWN, np.array([shapely.box(0, 0, 110, 10)]))
    assert best == pytest.approx([100 / 1100] * 2)


def test_outlines_are_near_within_the_distance_alone():
    one, other = shapely.LineString([(0, 0), (10, 0)]), shapely.LineString([(0, 0.8), (10, 0.8)])
    assert buildings.share_near(one, other, 1.0) == pytest.approx(1)
    assert buildings.share_near(one, other, 0.5) == 0
