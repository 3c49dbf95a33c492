"""Border, piece, calibration and block figures: the same in tiles as on the whole, and right by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from engine.assessment.boundary import MARGIN_PX, TOLERANCES_PX, BoundaryTally, borders
from engine.assessment.calibration import CalibrationTally
from engine.assessment.connectivity import LEAST_PX, PieceCounter
from engine.assessment.resample import BlockTally, compare, intervals
from engine.contract.legend import UNLABELLED


def patches(seed, height=60, width=70, classes=3, grain=6):
    """Return blobs of classes with some unlabelled ground."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(classes + 1, height, width)), (0, grain / 3, grain / 3))
    ids = field.argmax(axis=0).astype(np.uint8)
    ids[ids == classes] = UNLABELLED
    return ids


def pair(seed, **more):
    mapped, reference = patches(seed, **more), patches(seed + 1000, **more)
    mapped = np.where(np.random.default_rng(seed).random(mapped.shape) < 0.6, reference, mapped)
    empty = (mapped == UNLABELLED) | (reference == UNLABELLED)
    return np.where(empty, UNLABELLED, mapped).astype(np.uint8), np.where(empty, UNLABELLED, reference).astype(np.uint8)


def whole(mapped, reference, classes=3):
    tally = BoundaryTally(classes)
    tally.add(mapped, reference, np.s_[:, :])
    return tally


def fields(tally):
    return {name: value for name, value in vars(tally).items() if isinstance(value, np.ndarray)}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(8, 40))
def test_border_figures_of_tiles_add_up_to_those_of_the_whole(seed, side):
    mapped, reference = pair(seed)
    tally = BoundaryTally(3)
    for row in range(0, mapped.shape[0], side):
        for col in range(0, mapped.shape[1], side):
            top, left = max(row - MARGIN_PX, 0), max(col - MARGIN_PX, 0)
            read = np.s_[top : row + side + MARGIN_PX, left : col + side + MARGIN_PX]
            core = np.s_[row - top : row - top + side, col - left : col - left + side]
            tally.add(mapped[read], reference[read], core)
    for name, value in fields(whole(mapped, reference)).items():
        np.testing.assert_array_equal(value, getattr(tally, name), err_msg=name)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_boundary_f1_and_iou_follow_their_definitions(seed):
    mapped, reference = pair(seed)
    tally = whole(mapped, reference)
    for t, tolerance in enumerate(TOLERANCES_PX):
        for c in range(3):
            border_m, border_r = borders(mapped) & (mapped == c), borders(reference) & (reference == c)
            hits = border_m & (ndimage.distance_transform_edt(~border_r) <= tolerance) & border_r.any()
            assert tally.mapped_hits[t, c] == hits.sum()
            band_m = (mapped == c) & near((mapped != c) & (mapped != UNLABELLED), tolerance)
            band_r = (reference == c) & near((reference != c) & (reference != UNLABELLED), tolerance)
            assert tally.band_both[t, c] == (band_m & band_r).sum()
            assert tally.band_either[t, c] == (band_m | band_r).sum()


def near(mask, tolerance):
    return ndimage.distance_transform_edt(~mask) <= tolerance if mask.any() else np.zeros_like(mask)


def test_a_border_moved_by_two_pixels_is_missed_at_one_and_found_at_three():
    reference = np.zeros((40, 40), np.uint8)
    reference[:, 20:] = 1
    mapped = np.roll(reference, 2, axis=1)
    mapped[:, :2] = 0
    tally = whole(mapped, reference, 2)
    np.testing.assert_array_equal(tally.f1, [[0, 0], [1, 1], [1, 1]])
    assert tally.error_rates[0] == pytest.approx(0.5)  # border pixels: column 20 is mapped 0, column 19 is right


def test_the_same_map_has_perfect_borders_and_unlabelled_ground_makes_none():
    reference = patches(5)
    tally = whole(reference, reference)
    assert (tally.f1 == 1).all() and (tally.iou == 1).all()
    assert tally.errors_by_distance.sum() == 0
    hole = np.zeros((20, 20), np.uint8)
    hole[5:9, 5:9] = UNLABELLED
    assert not borders(hole).any()


def test_more_classes_than_the_bits_of_a_word():
    rng = np.random.default_rng(1)
    reference, mapped = rng.integers(0, 130, (2, 50, 50)).astype(np.uint8)
    tally = whole(mapped, reference, 130)
    for c in (0, 63, 64, 129):
        border_m, border_r = borders(mapped) & (mapped == c), borders(reference) & (reference == c)
        assert tally.mapped[c] == border_m.sum()
        assert tally.mapped_hits[1, c] == (border_m & (ndimage.distance_transform_edt(~border_r) <= 3)).sum()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 50), st.integers(1, 8))
def test_pieces_of_tiles_are_those_of_the_whole(seed, side, grain):
    ids = patches(seed, grain=grain)
    counter = PieceCounter(3, ids.shape[1])
    for row in range(0, ids.shape[0], side):
        for col in range(0, ids.shape[1], side):
            counter.add(row, col, ids[row : row + side, col : col + side])
    counter.finish()
    for c in range(3):
        labels, count = ndimage.label(ids == c, np.ones((3, 3)))
        sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        assert counter.pieces[c] == (sizes >= LEAST_PX).sum()
        assert counter.specks[c] == (sizes < LEAST_PX).sum()


def test_calibration_of_an_honest_and_of_an_overconfident_map():
    rng = np.random.default_rng(0)
    percent = rng.integers(0, 101, 200_000)
    honest, boastful = CalibrationTally(), CalibrationTally()
    honest.add(percent, rng.random(percent.size) < percent / 100)
    boastful.add(np.full(1000, 95), np.arange(1000) % 2 == 0)
    assert honest.ece < 0.01
    assert boastful.ece == pytest.approx(0.45)
    assert boastful.bins[-1].tolist() == pytest.approx([0.95, 0.5, 1000])


def blocks(mapped, reference, px=16):
    tally = BlockTally(3, px)
    tally.add(mapped, reference)
    return tally.counts


def test_block_interval_holds_the_figure_and_a_clearly_better_map_is_found():
    reference = patches(3, 256, 256)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 3, reference.shape)
    worse = np.where((reference < 3) & (rng.random(reference.shape) < 0.4), noise, reference).astype(np.uint8)
    better = np.where((reference < 3) & (rng.random(reference.shape) < 0.2), noise, reference).astype(np.uint8)
    found = intervals(blocks(worse, reference), seed=0)["miou"]
    assert found.low < found.value < found.high
    change = compare(blocks(worse, reference), blocks(better, reference), seed=0)
    assert change["miou"].value > 0 and change["miou"].p < 0.01
    same = compare(blocks(worse, reference), blocks(worse, reference), seed=0)
    assert same["overall_accuracy"].value == 0 and same["overall_accuracy"].p == 1


def test_two_maps_that_are_equally_wrong_in_patches_do_not_differ():
    """A pixel-wise McNemar test would call these thousands of pixels different; 16 patches of ground cannot tell."""
    rng = np.random.default_rng(4)
    reference = np.zeros((128, 128), np.uint8)
    reference[::2] = 1
    maps = []
    for bad in (rng.random((4, 4)) < 0.45, rng.random((4, 4)) < 0.5):
        wrong = np.kron(bad, np.ones((32, 32), bool)).astype(bool)
        maps.append(np.where(wrong, 1 - reference, reference).astype(np.uint8))
    change = compare(blocks(maps[0], reference, 32), blocks(maps[1], reference, 32), seed=0)
    assert change["overall_accuracy"].p > 0.05
