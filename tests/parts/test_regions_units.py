import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import label

from engine.acquisition import bvsb
from engine.contract.legend import UNLABELLED
from engine.regions import CELL_PX, MARGIN_PX, crumbs, cuts, edges, superpixels, units

torch.set_num_threads(1)
SCALE = np.full(3, 0.25, np.float32)
SETTINGS = units.Settings(bvsb.score, SCALE, 0.15)


def scene(size, classes=5, seed=0):
    """Return probabilities, image and validity of a made-up map of `size` px with a hole, noise and small things."""
    rng = np.random.default_rng(seed)
    height, width = size
    logits = rng.normal(size=(classes, height, width)).astype(np.float32)
    logits = np.stack([30 * ndimage.gaussian_filter(p, 6) + 0.4 * p for p in logits])
    probs = np.exp(logits - logits.max(axis=0))
    probs /= probs.sum(axis=0)
    ground = probs.argmax(axis=0)
    image = rng.random((classes, 3)).astype(np.float32)[ground].transpose(2, 0, 1)
    image = image + 0.05 * rng.normal(size=image.shape).astype(np.float32)
    image[:, 20:22] += 1.0  # a line that no class follows
    valid = np.ones(size, bool)
    valid[height // 3 : height // 3 + 40, width // 2 : width // 2 + 70] = False
    return (probs * 255).round().astype(np.uint8), image.astype(np.float32), valid


def tiled(probs, image, valid, core, settings=SETTINGS):
    """Return every unit of a map and the pixels it has, found tile by tile."""
    height, width = valid.shape
    far = [(MARGIN_PX, MARGIN_PX + 4 * core)] * 2
    probs, image, valid = np.pad(probs, [(0, 0), *far]), np.pad(image, [(0, 0), *far]), np.pad(valid, far)
    tables, pixels = [], {}
    for row in range(0, height, core):
        for col in range(0, width, core):
            rows, cols = slice(row, row + core + 2 * MARGIN_PX), slice(col, col + core + 2 * MARGIN_PX)
            found = units.find(probs[:, rows, cols], image[:, rows, cols], valid[rows, cols], (row, col), settings)
            labels, table = found.labels, found.units
            tables.append(table)
            for k in range(len(table)):
                key = (int(table.kind[k]), int(table.row[k]), int(table.col[k]))
                at = np.argwhere(labels == table.label[k]) + np.array([row, col]) - units.RIM_PX
                assert key not in pixels, "a unit was found in two tiles"
                pixels[key] = at
    return units.Units.join(tables), pixels


@pytest.fixture(scope="module")
def found():
    return tiled(*scene((200, 260)), core=128)


@pytest.mark.parametrize("core", [64, 320])
def test_units_do_not_depend_on_the_tiling(found, core):
    table, pixels = tiled(*scene((200, 260)), core=core)
    assert pixels.keys() == found[1].keys()
    assert all(np.array_equal(pixels[k], found[1][k]) for k in pixels)
    for field in dataclasses.fields(units.Units):
        if field.name not in ("tile", "label"):
            assert np.array_equal(getattr(table, field.name), getattr(found[0], field.name)), field.name


def test_units_share_no_pixel_and_lie_on_valid_ground(found):
    valid = scene((200, 260))[2]
    everything = np.concatenate(list(found[1].values()))
    assert len(np.unique(everything, axis=0)) == len(everything)
    assert valid[tuple(everything.T)].all()
    assert len(everything) > 0.9 * valid.sum(), "most of the valid ground is offered"


def test_both_kinds_are_found_and_no_unit_is_larger_than_its_cell_and_the_band(found):
    table, pixels = found
    assert {units.EDGE, units.REGION} == set(table.kind.tolist())
    for (kind, *_), at in pixels.items():
        reach = 2 * cuts.BAND_PX if kind == units.EDGE else 0
        assert (np.ptp(at, axis=0) < CELL_PX + reach).all()


def test_the_pieces_partition_the_band():
    probs, _, valid = scene((200, 200))
    classes = np.where(valid, probs.argmax(axis=0), UNLABELLED).astype(np.uint8)
    line = edges.predicted(classes)
    pieces = cuts.cut(classes, classes, edges.Edges(line, line, np.zeros_like(line)), (0, 0))
    near = ndimage.distance_transform_edt(~line) <= cuts.BAND_PX
    assert np.array_equal(pieces.labels > 0, near & valid)
    assert pieces.area_px.sum() == (near & valid).sum()
    assert pieces.line_px.sum() == line.sum()


def test_each_band_pixel_belongs_to_a_nearest_line_pixel_of_its_piece():
    probs, _, _ = scene((150, 150))
    classes = edges.clean(probs.argmax(axis=0).astype(np.uint8))
    line = edges.predicted(classes)
    pieces = cuts.cut(classes, classes, edges.Edges(line, line, np.zeros_like(line)), (0, 0))
    nearest = ndimage.distance_transform_edt(~line)
    for piece in range(1, len(pieces.area_px) + 1):
        own = ndimage.distance_transform_edt(~(line & (pieces.labels == piece)))
        at = pieces.labels == piece
        assert np.allclose(own[at], nearest[at])


def test_one_straight_border_gives_one_unit_for_each_cell_it_crosses():
    classes = np.zeros((128, 128), np.uint8)
    classes[:, 90:] = 3
    line = edges.predicted(classes)
    pieces = cuts.cut(classes, classes, edges.Edges(line, ~line, np.zeros_like(line)), (0, 0))
    assert pieces.area_px.tolist() == [64 * 8, 64 * 8]  # two line pixels and three on each side
    assert pieces.line_px.tolist() == [128, 128]
    assert pieces.unsupported_px.tolist() == [128, 128]
    assert (pieces.class_a.tolist(), pieces.class_b.tolist()) == ([0, 0], [3, 3])


def test_a_crumb_joins_the_piece_it_touches():
    classes = np.zeros((64, 64), np.uint8)
    classes[:, 30:] = 1
    classes[60:, 28:32] = 2
    line = edges.predicted(classes)
    pieces = cuts.cut(classes, classes, edges.Edges(line, line, np.zeros_like(line)), (0, 0))
    assert pieces.whole.all()
    assert pieces.area_px.sum() == (pieces.labels > 0).sum()


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_small_pieces_join_what_they_touch_in_their_cell_and_no_ground_is_lost(seed, least_px):
    rng = np.random.default_rng(seed)
    cell = edges.cells((24, 40), (0, 0), 8).astype(np.int64)
    parts = label(cell * 4 + rng.integers(0, 4, cell.shape), connectivity=1, background=0)
    joined = crumbs.join(parts, cell, least_px)
    assert np.array_equal(joined > 0, parts > 0)
    assert all(len(np.unique(joined[parts == part])) == 1 for part in range(1, parts.max() + 1)), "pieces join whole"
    for part in np.unique(joined[joined > 0]):
        at = joined == part
        assert len(np.unique(cell[at])) == 1 and label(at, connectivity=1).max() == 1
        if at.sum() < least_px:
            around = ndimage.binary_dilation(at) & ~at & (cell == cell[at][0])
            assert not (joined[around] > 0).any(), "it touches nothing to join"


def test_speckle_takes_the_class_around_it_and_larger_things_stay():
    classes = np.zeros((64, 64), np.uint8)
    classes[10:13, 10:13] = 1
    classes[30:34, 30:34] = 2
    classes[50, 50:52] = UNLABELLED
    cleaned = edges.clean(classes)
    assert (cleaned[10:13, 10:13] == 0).all()
    assert (cleaned[30:34, 30:34] == 2).all()
    assert (cleaned[50, 50:52] == UNLABELLED).all()


def test_the_rim_of_the_valid_area_is_no_border():
    classes = np.ones((32, 32), np.uint8)
    classes[8:16, 8:16] = UNLABELLED
    assert not edges.predicted(classes).any()
    image = np.where(classes == UNLABELLED, 0, 200)[None].astype(np.uint8)
    grad = edges.gradient(image, classes != UNLABELLED, np.ones(1, np.float32))
    assert not grad.any()


def test_an_image_edge_is_thin_and_lies_on_the_step():
    image = np.zeros((1, 64, 64), np.uint8)
    image[:, :, 32:] = 100
    grad = edges.gradient(image, np.ones((64, 64), bool), np.ones(1, np.float32))
    shown = edges.image_edges(grad, 40.0, (0, 0))
    assert (shown[4:-4].sum(axis=1) == 1).all()
    assert set(np.flatnonzero(shown.any(axis=0))) <= {31, 32}


def test_an_image_edge_without_a_border_is_offered_only_where_the_model_is_unsure():
    classes = np.zeros((64, 64), np.uint8)
    shown = np.zeros((64, 64), bool)
    shown[:, 40] = True
    sure, unsure = np.zeros((64, 64), np.float32), np.full((64, 64), 0.9, np.float32)
    assert not edges.find(classes, shown, sure, (0, 0)).centreline.any()
    found = edges.find(classes, shown, unsure, (0, 0))
    assert found.missed[:, 40].all()
    pieces = cuts.cut(classes, np.full_like(classes, 2), found, (0, 0))
    assert (pieces.class_a.tolist(), pieces.class_b.tolist()) == ([0], [2])
    assert not edges.find(classes, shown, unsure, (0, 0), use="prediction").centreline.any()


def test_superpixels_follow_the_image():
    image = np.zeros((1, 64, 64), np.float32)
    image[:, :, 40:] = 1.0
    pieces = superpixels.cut(image, np.ones((64, 64), bool), np.array([0.25], np.float32))
    assert not set(pieces[:, :40].ravel()) & set(pieces[:, 40:].ravel())


def test_float_and_byte_probabilities_give_the_same_units():
    probs, image, valid = scene((128, 128))
    _, pixels = tiled(probs, image, valid, 128)
    _, soft = tiled(probs.astype(np.float32) / 255, image, valid, 128)
    assert pixels.keys() == soft.keys()


def test_a_tile_without_valid_ground_has_no_unit():
    side = 64 + 2 * MARGIN_PX
    nothing = np.zeros((4, side, side), np.uint8), np.zeros((3, side, side), np.uint8), np.zeros((side, side), bool)
    found = units.find(*nothing, (0, 0), SETTINGS)
    assert len(found.units) == 0 and not found.labels.any()


def test_two_classes_are_enough_and_scores_stay_finite():
    table, _ = tiled(*scene((128, 128), classes=2), core=128)
    assert np.isfinite(table.uncertainty).all() and torch.tensor(table.share_a).ge(0).all()
