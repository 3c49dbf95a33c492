"""Where the classes are, which chips are drawn, and what is done to them."""

import dataclasses

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.errors import DataError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED
from engine.geo.tiles import Window
from engine.losses import NO_DATA
from engine.training import ahead, augment, census, chips, scaling, survey
from engine.training.scene import Reader

CPU = torch.device("cpu")
QUIET = Reporter(lambda event: None)
PLACE = {"crs": "EPSG:32640", "transform": Affine(0.5, 0, 330_000, 0, -0.5, 2_790_000)}


def write(path, array, **more):
    array = np.asarray(array) if np.ndim(array) == 3 else np.asarray(array)[None]
    count, height, width = array.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=array.dtype, **{**PLACE, **more}
    ) as file:
        file.write(array)
    return str(path)


@pytest.fixture
def ground(tmp_path):
    """Make surveyed ground from pairs of image (B, H, W) and labels (H, W)."""

    def make(*pairs):
        paths = [
            (write(tmp_path / f"{n}.tif", image), write(tmp_path / f"{n}_labels.tif", labels))
            for n, (image, labels) in enumerate(pairs)
        ]
        return survey.survey(paths, [], "", None, QUIET)[0]

    return make


def coordinates(height, width):
    """Return an image whose bands are row and column, so that every pixel tells where it was."""
    rows, cols = np.mgrid[0:height, 0:width]
    return np.stack([rows, cols]).astype(np.float32)


def quarters(height, width):
    """Return labels with class 0 to 3 in the quarters."""
    return (2 * (np.mgrid[0:height, 0:width][0] >= height // 2) + (np.mgrid[0:height, 0:width][1] >= width // 2)).astype(
        "uint8"
    )


def source(ground, *, held_out=None, style=None, batch=4, unlabelled=0, seed=0):
    places = chips.Ground(ground.counts, held_out or [None] * len(ground.scenes))
    style = style or chips.Style(64, 0.0, False, True)
    return chips.Source(Reader(ground.scenes), [s.size for s in ground.scenes], places, style, batch, unlabelled, seed)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 700), st.integers(1, 300), st.integers(0, 2**32))
def test_a_census_counts_every_labelled_pixel_once_in_its_block(height, width, seed):
    labels = np.random.default_rng(seed).choice(np.array([0, 7, 254, UNLABELLED], np.uint8), (height, width))
    taken = census.take(lambda w: labels[w.slices], height, width, lambda pixels: None)
    assert taken.pixels() == {i: int((labels == i).sum()) for i in (0, 7, 254) if (labels == i).any()}
    corner = labels[: census.BLOCK_PX, : census.BLOCK_PX]
    assert taken.counts[0, 0].tolist() == [(corner == i).sum() for i in taken.ids]


def test_held_out_ground_is_about_a_fifth_by_place_and_leaves_every_class_in_training():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 4097, (40, 50, 3))
    counts[..., 2] = 0
    counts[3, 4, 2], counts[30, 40, 2] = 9, 9  # a class in two places only
    held = census.hold_out([counts], seed=1)[0]
    share = counts[held].sum(axis=0) / counts.sum(axis=(0, 1))
    assert share[:2] == pytest.approx([0.2, 0.2], abs=0.06)
    assert (counts[~held].sum(axis=0) > 0).all()
    cells = held.reshape(10, 4, -1)[:, :, :48].reshape(10, 4, 12, 4)
    assert (cells.any(axis=(1, 3)) == cells.all(axis=(1, 3))).all()  # whole cells, not salt and pepper
    assert np.array_equal(held, census.hold_out([counts], seed=1)[0])


def test_ground_of_one_block_cannot_be_held_out():
    assert census.hold_out([np.full((1, 1, 2), 100)], seed=0) is None


def test_chips_depend_on_seed_and_step_alone_whatever_the_threads(ground):
    made = ground((coordinates(300, 320), quarters(300, 320)), (coordinates(100, 90), quarters(100, 90)))
    style = chips.Style(64, 0.25, True, True)
    alone = [source(made, style=style).read(step) for step in range(6)]
    resumed = list(source(made, style=style).batches(2, 6, threads=3))
    for expected, found in zip(alone[2:], resumed, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(vars(expected).values(), vars(found).values(), strict=True))
    other = source(made, style=style, seed=1).read(2)
    assert not np.array_equal(other.images, alone[2].images)


@pytest.mark.parametrize("size", [(300, 320), (40, 500), (30, 30)])
def test_pixels_and_labels_of_a_chip_stay_together_through_turns_and_scales(ground, size):
    height, width = size
    made = ground((coordinates(height, width), quarters(height, width)))
    drawn = source(made, style=chips.Style(64, 0.25, False, False), batch=8)
    labelled = 0
    for step in range(3):
        images, valid, labels = augment.apply(drawn.read(step), 64, ((0.0, 1.0), (0.0, 1.0)), CPU)
        row, col = images[:, 0], images[:, 1]
        expected = 2 * (row >= height // 2 - 0.5).long() + (col >= width // 2 - 0.5).long()
        far = ((row - height // 2 + 0.5).abs() > 1) & ((col - width // 2 + 0.5).abs() > 1) & valid
        assert (labels[far] == expected[far]).all()
        assert (labels[~valid] == NO_DATA).all() and (images[(~valid)[:, None].expand_as(images)] == 0).all()
        labelled += int(far.sum())
    assert labelled > 1000


def test_without_jitter_a_chip_is_the_raster_itself_turned(ground):
    image = np.random.default_rng(0).integers(0, 256, (3, 200, 200)).astype("uint8")
    made = ground((image, quarters(200, 200)))
    images, valid, _ = augment.apply(source(made).read(0), 64, ((0.0, 1.0),) * 3, CPU)
    assert valid.all()
    windows = np.lib.stride_tricks.sliding_window_view(image[0], (64, 64))
    for chip in images[:, 0].round().to(torch.uint8).numpy():
        turned = [np.rot90(t, k) for t in (chip, chip.T) for k in range(4)]
        assert any((windows[:, :, ::21, ::21] == t[::21, ::21]).all(axis=(2, 3)).any() for t in turned)
    assert torch.allclose(images, images.round(), atol=1e-3)


def test_rare_classes_are_drawn_more_often_when_balanced(ground):
    labels = np.zeros((640, 640), np.uint8)
    labels[:64, :64] = 1
    made = ground((np.zeros((1, 640, 640), np.uint8), labels))
    places = chips.Ground(made.counts, [None])
    share = {
        balanced: np.mean([max(places.draw(np.random.default_rng([1, n]), balanced)[1:]) < 64 for n in range(400)])
        for balanced in (True, False)
    }
    assert share[False] == pytest.approx(0.01, abs=0.015)
    assert 0.15 < share[True] < 0.4


def test_every_chip_of_sparsely_labelled_ground_has_a_label(ground):
    labels = np.full((1000, 1000), UNLABELLED, np.uint8)
    labels[500, 500:502] = 0, 1
    made = ground((np.ones((1, 1000, 1000), np.uint8), labels))
    drawn = source(made, style=chips.Style(64, 0.25, False, True), batch=8)
    assert all((drawn.read(step).labels != UNLABELLED).any(axis=(1, 2)).all() for step in range(3))


def test_labels_of_held_out_ground_never_reach_a_chip(ground):
    made = ground((coordinates(1024, 1024), quarters(1024, 1024)))
    held_out = census.hold_out(made.counts, seed=0)
    drawn = source(made, held_out=held_out, batch=8)
    for step in range(6):
        images, _, labels = augment.apply(drawn.read(step), 64, ((0.0, 1.0), (0.0, 1.0)), CPU)
        row, col = (images[:, band].round().long() for band in (0, 1))
        held = torch.from_numpy(held_out[0])[row // census.BLOCK_PX, col // census.BLOCK_PX]
        assert (labels[held] == UNLABELLED).all() and (labels[~held] < UNLABELLED).all()


def test_a_share_of_a_batch_comes_from_unlabelled_scenes(ground, tmp_path):
    made = ground((np.full((1, 200, 200), 1, np.uint8), quarters(200, 200)))
    other = survey.Scene(
        write(tmp_path / "u.tif", np.full((1, 80, 80), 9, np.uint8)), "", "", made.scenes[0].geobox, made.legend
    )
    scenes = [*made.scenes, other]
    places = chips.Ground(made.counts, [None])
    style = chips.Style(64, 0.0, False, True)
    batch = chips.Source(Reader(scenes), [(200, 200), (80, 80)], places, style, 4, 3, 0).read(0)
    assert batch.images.max(axis=(1, 2, 3)).tolist() == [9, 9, 9, 1]
    assert (batch.labels[:3] == UNLABELLED).all() and (batch.labels[3] != UNLABELLED).all()


def test_pixels_without_data_become_zero_and_carry_no_label(ground):
    image = np.full((2, 200, 200), 7.0, np.float32)
    image[:, :, 100:] = np.nan
    made = ground((image, quarters(200, 200)))
    images, valid, labels = augment.apply(source(made, batch=8).read(0), 64, ((5.0, 2.0),) * 2, CPU)
    assert images.isfinite().all() and not valid.all()
    assert (images.movedim(1, -1)[valid] == 1).all() and (images.movedim(1, -1)[~valid] == 0).all()
    assert (labels[~valid] == NO_DATA).all() and (labels[valid] < UNLABELLED).all()


def test_light_varies_between_chips_but_not_where_there_is_no_data(ground):
    image = np.full((2, 200, 200), 7.0, np.float32)
    image[:, :100] = np.nan
    made = ground((image, quarters(200, 200)))
    drawn = source(made, style=chips.Style(64, 0.0, True, True), batch=8)
    images, valid, _ = augment.apply(drawn.read(0), 64, ((5.0, 2.0),) * 2, CPU)
    values = [chip[:, seen].mean().item() for chip, seen in zip(images, valid, strict=True) if seen.any()]
    assert np.std(values) > 0.05 and np.allclose(values, 1, atol=0.7)
    assert (images.movedim(1, -1)[~valid] == 0).all()


def test_scaling_is_mean_and_deviation_of_valid_pixels(ground):
    rng = np.random.default_rng(0)
    image = np.stack([rng.normal(100, 5, (300, 300)), np.full((300, 300), 3.0)]).astype(np.float32)
    image[:, :150] = np.nan
    made = ground((image, quarters(300, 300)))
    (mean, deviation), constant = scaling.measure(Reader(made.scenes), [(300, 300)], seed=0)
    assert (mean, deviation) == pytest.approx((100, 5), rel=0.02)
    assert constant == (3.0, 1.0)


def test_scaling_of_rasters_without_data_is_refused(ground):
    made = ground((np.full((1, 100, 100), np.nan, np.float32), quarters(100, 100)))
    with pytest.raises(DataError, match="Check their nodata value with gdalinfo"):
        scaling.measure(Reader(made.scenes), [(100, 100)], seed=0)


def test_a_teacher_sees_the_student_s_chip_in_its_own_scaling():
    values = torch.rand(2, 2, 4, 4) * 100
    valid = torch.rand(2, 4, 4) > 0.3
    mine, other = ((10.0, 2.0), (50.0, 9.0)), ((0.0, 255.0), (3.0, 4.0))
    seen = scaling.renormalize(scaling.normalize(values, valid, mine), valid, mine, other)
    assert torch.allclose(seen, scaling.normalize(values, valid, other), atol=1e-4)


def test_reading_ahead_keeps_the_order_bounds_what_waits_and_passes_errors_on():
    running = []

    def read(order):
        running.append(order)
        if order == 7:
            raise DataError("block 7 is damaged.")
        return order * 2

    items = ahead.ahead(read, range(100), threads=2, waiting=3)
    assert [next(items) for _ in range(3)] == [0, 2, 4]
    assert max(running) <= 3 + 3
    with pytest.raises(DataError, match="block 7"):
        list(items)
    assert max(running) < 15


def test_a_block_mask_repeats_the_value_of_each_block():
    blocks = np.array([[True, False], [False, True]])
    mask = census.block_mask(blocks, Window(60, -10, 10, 80))
    assert mask[:4, :74].all() and not mask[:4, 74:].any() and not mask[4:, :74].any() and mask[4:, 74:].all()


def test_pseudo_labels_are_turned_like_labels_and_reach_chips_without_labels(ground):
    made = ground((coordinates(300, 320), quarters(300, 320)))
    (scene,) = made.scenes
    told = dataclasses.replace(scene, pseudolabels=scene.labels)
    anywhere = dataclasses.replace(told, labels="")
    places = chips.Ground(made.counts, [None])
    style = chips.Style(64, 0.25, False, True)
    drawn = chips.Source(Reader([told, anywhere]), [scene.size] * 2, places, style, 4, 2, 0).read(0)
    _, _, labels = augment.apply(drawn, 64, ((0.0, 1.0), (0.0, 1.0)), CPU)
    said = augment.pseudolabels(drawn, 64, CPU)
    assert (labels[:2][labels[:2] != NO_DATA] == UNLABELLED).all() and (said[:2] != UNLABELLED).any()
    known = (labels[2:] != NO_DATA) & (labels[2:] != UNLABELLED)
    assert known.any() and torch.equal(labels[2:][known], said[2:][known])
    assert augment.pseudolabels(source(made).read(0), 64, CPU) is None
