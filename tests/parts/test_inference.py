"""Tiles over a raster give what one pass over the whole raster gives, wherever the raster ends or has no data."""

import contextlib
import threading
import time

import numpy as np
import pytest
import torch
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from engine.contract.errors import Cancelled, ResourceError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.geo.geobox import GeoBox
from engine.inference import budget, execute, lanes, plan, predict
from engine.inference.labelling import Labels, Probabilities
from models.card import Card
from models.model import Model
from models.outputs import Outputs

CPU = torch.device("cpu")
LENGTHS = st.integers(1, 2000)
CLASSES = ("building", "road", "water")


class Ground:
    """A raster in memory that counts how often each row is decoded."""

    def __init__(self, data, valid=None, block=(32, 32)):
        self.valid = np.ones(data.shape[1:], bool) if valid is None else valid
        self.data = np.where(self.valid, data, 0).astype(data.dtype)
        self.geobox = GeoBox("", Affine.identity(), *data.shape[1:])
        self.count, self.dtype, self.block_shape = len(data), data.dtype, block
        self.decoded = np.zeros(data.shape[1], int)

    def read(self, window):
        rows, cols = window.slices
        self.decoded[rows] += 1
        return self.data[:, rows, cols], self.valid[rows, cols]


def texture(height, width, bands=3, dtype="uint8", seed=0):
    return np.random.default_rng(seed).integers(0, 255, (bands, height, width)).astype(dtype)


class LocalNetwork(nn.Module):
    """A network small enough for many tests: two convolutions at half size between two at full size; radius 7 px."""

    stride, is_local, radius_px = 8, True, 8

    def __init__(self, bands, classes):
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv2d(bands, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()
        )
        self.head = nn.Conv2d(8, classes, 3, padding=1)

    def forward(self, images):
        height, width = images.shape[-2:]
        padded = nn.functional.pad(images, (0, -width % 8, 0, -height % 8))
        deep = self.down(padded)
        logits = self.head(nn.functional.interpolate(deep, scale_factor=2.0, mode="nearest"))
        return Outputs(logits[..., :height, :width], {"stage1": deep})


@pytest.fixture(scope="module")
def student():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    card = Card(
        "unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", None, Legend.from_names(CLASSES),
        halo_px=LocalNetwork.radius_px, tile_px=64, grade="exact",
    )  # fmt: skip
    return Model(LocalNetwork(3, len(CLASSES)).eval(), card)


def segment(model, source, tiles, report=None):
    """Return the whole map as the segment job writes it."""
    ids = np.full(source.valid.shape, 77, np.uint8)
    percent = ids.copy()
    maker = execute.runner_maker(model, Labels, source, CPU)
    for band in predict.bands(model, source, report or Reporter(lambda _: None), tiles, maker):
        ids[band.window.slices], percent[band.window.slices] = band.classes, band.confidence
    return ids, percent


@given(LENGTHS, LENGTHS, st.integers(64, 600), st.integers(0, 200), st.sampled_from((1, 8, 32)))
@settings(deadline=None, max_examples=50)
def test_cores_partition_the_raster_and_keep_their_halo_inside_it(height, width, core, halo, stride):
    for tiles in (
        plan.cut_raster(height, width, core=core, halo=halo, stride=stride),
        plan.cut_grid(height, width, core=core, halo=halo, stride=stride),
    ):
        for spans, length, size in ((tiles.rows, height, tiles.tile_height), (tiles.cols, width, tiles.tile_width)):
            padded = -(-length // stride) * stride
            assert size % stride == 0
            assert [s.core_start for s in spans] == [0, *(s.core_stop for s in spans[:-1])]
            assert spans[-1].core_stop == length
            for span in spans:
                assert span.start % stride == 0 and span.start >= 0 and span.start + size <= padded
                assert span.start == 0 or span.core_start - span.start >= halo
                assert span.start + size == padded or span.start + size - span.core_stop >= halo


@given(st.integers(1200, 40000))
@settings(deadline=None, max_examples=30)
def test_bands_end_on_whole_blocks_of_the_output(height):
    tiles = plan.cut_raster(height, 3000, core=1024, halo=128, stride=32)
    assert all(r.core_stop % plan.BLOCK_PX == 0 for r in tiles.rows[:-1])


def test_memory_of_a_run_does_not_grow_with_the_height():
    low, high = (plan.cut_raster(h, 4096, core=1024, halo=128, stride=32) for h in (4096, 65536))
    assert low.memory_bytes(3, 1, 512, 500.0) == high.memory_bytes(3, 1, 512, 500.0)


@pytest.mark.parametrize(("height", "width"), [(500, 333), (70, 900), (41, 20)])
def test_tiles_give_the_labels_of_one_pass_over_the_whole_raster(student, height, width):
    data = texture(height, width)
    valid = np.ones((height, width), bool)
    valid[: height // 3, : width // 2] = False
    tiles = plan.cut_raster(height, width, core=128, halo=8, stride=8, batch=2)
    ids, percent = segment(student, Ground(data, valid), tiles)
    expected_ids, expected_percent = predict.whole(student, data, valid)
    np.testing.assert_array_equal(ids, expected_ids)
    assert (np.abs(percent.astype(int) - expected_percent) <= 1).all()
    assert ((ids == UNLABELLED) == ~valid).all() and ((percent == UNLABELLED) == ~valid).all()


def test_every_row_is_decoded_once(student):
    source = Ground(texture(700, 96))
    tiles = plan.cut_raster(700, 96, core=128, halo=64, stride=8)
    assert len(tiles.rows) > 3
    segment(student, source, tiles)
    assert (source.decoded == 1).all()


def test_tiles_without_a_valid_pixel_are_not_computed():
    source = Ground(texture(512, 512), np.zeros((512, 512), bool))
    source.valid[:100, :100] = True
    tiles = plan.cut_raster(512, 512, core=128, halo=0, stride=32)
    computed = []

    def runner(batch):
        computed.append(batch)
        return lambda: (np.zeros(batch[:, 0].shape, np.uint8), np.full(batch[:, 0].shape, 50, np.uint8))

    bands = list(predict.bands(None, source, Reporter(lambda _: None), tiles, lambda _: runner))
    assert len(computed) == 1 < tiles.count
    classes = np.concatenate([b.classes for b in bands])
    assert ((classes == UNLABELLED) == ~source.valid).all()


def test_legend_ids_and_not_channels_are_written(student):
    legend = Legend.from_names({3: "building", 40: "road", 254: "water"})
    card = Card(**{**student.card.__dict__, "legend": legend})
    ids, _ = segment(Model(student.network, card), Ground(texture(64, 64)), plan.cut_raster(64, 64, core=64, halo=32, stride=8))
    assert set(np.unique(ids)) <= set(legend.ids)


def test_a_full_memory_halves_the_tiles_and_goes_on_saying_so(student):
    source, events = Ground(texture(600, 300)), []
    tiles = plan.cut_raster(600, 300, core=256, halo=8, stride=8, batch=2)
    plain = execute.runner_maker(student, Labels, source, CPU)
    calls = []

    def maker(chosen):
        runner = plain(chosen)

        def run(batch):
            calls.append(len(batch))
            if len(calls) > 1 and (chosen.batch > 1 or chosen.tile_height > 160):
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
            return runner(batch)

        return run

    bands = list(predict.bands(student, source, Reporter(events.append), tiles, maker))
    ids = np.concatenate([b.classes for b in bands])
    np.testing.assert_array_equal(ids, predict.whole(student, source.data)[0])
    warnings = [e["text"] for e in events if e["event"] == "message"]
    assert len(warnings) == 2 and all("Going on with tiles of" in w for w in warnings)


def test_a_memory_without_room_for_the_smallest_tile_is_refused(student):
    def maker(_):
        raise MemoryError

    tiles = plan.cut_raster(600, 300, core=256, halo=64, stride=32)
    with pytest.raises(ResourceError, match="choose a lighter model"):
        list(predict.bands(student, Ground(texture(600, 300)), Reporter(lambda _: None), tiles, maker))


@pytest.mark.parametrize("where", ["reading", "computing"])
def test_an_error_on_a_thread_arrives_as_itself(student, where):
    class Broken(Ground):
        def read(self, window):
            if where == "reading" and window.row > 300:
                raise ZeroDivisionError("row 300")
            return super().read(window)

    def runner(batch):
        raise ZeroDivisionError("row 0")

    source = Broken(texture(1400, 64))
    tiles = plan.cut_raster(1400, 64, core=128, halo=32, stride=32)
    maker = (lambda _: runner) if where == "computing" else execute.runner_maker(student, Labels, source, CPU)
    with pytest.raises(ZeroDivisionError, match="row"):
        list(predict.bands(student, source, Reporter(lambda _: None), tiles, maker))


def test_cancelling_stops_all_threads_within_a_second(student):
    report = Reporter(lambda _: None, threading.Event())
    before = threading.active_count()

    def runner(batch):
        time.sleep(0.05)
        return lambda: (np.zeros(batch[:, 0].shape, np.uint8),) * 2

    made = predict.bands(
        student, Ground(texture(1500, 64)), report, plan.cut_raster(1500, 64, core=64, halo=0, stride=32), lambda _: runner
    )
    next(made)
    report.cancelled.set()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        list(made)
    while threading.active_count() > before and time.monotonic() - started < 1.0:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_leaving_early_stops_the_threads():
    before = threading.active_count()
    with contextlib.closing(lanes.ahead(iter(range(1000)), 2, lambda: None)) as numbers:
        assert next(numbers) == 0
    assert threading.active_count() == before


def test_what_is_done_behind_is_done_in_order_and_before_leaving():
    seen = []
    with lanes.behind(lambda i: (time.sleep(0.001), seen.append(i)), 2, lambda: None) as put:
        for i in range(20):
            put(i)
    assert seen == list(range(20))


def test_an_error_behind_is_raised_as_itself():
    def act(_):
        raise ZeroDivisionError("disk")

    with pytest.raises(ZeroDivisionError, match="disk"), lanes.behind(act, 1, lambda: None) as put:
        for i in range(100):
            put(i)
            time.sleep(0.001)


def test_probabilities_come_tile_by_tile_with_image_and_validity(student):
    data = texture(300, 210)
    valid = np.ones((300, 210), bool)
    valid[:50] = False
    source, seen = Ground(data, valid), np.zeros((300, 210), int)
    tiles = list(predict.probability_bands(student, source, Reporter(lambda _: None), margin_px=10, core_px=100, halo_px=8))
    whole = predict.whole(student, data, valid)[0]
    assert [(t.core.row, t.core.col) for t in tiles] == [(r, c) for r in (0, 100, 200) for c in (0, 100, 200)]
    for tile in tiles:
        seen[tile.core.slices] += 1
        assert tile.read == tile.core.expand(10).clip(source.geobox.frame)
        np.testing.assert_allclose(tile.probs.sum(axis=0), 1.0, atol=1e-5)
        np.testing.assert_array_equal(tile.data, source.data[(slice(None), *tile.read.slices)])
        np.testing.assert_array_equal(tile.valid, valid[tile.read.slices])
        ids = tile.probs.argmax(axis=0).astype(np.uint8)
        np.testing.assert_array_equal(ids[tile.valid], whole[tile.read.slices][tile.valid])
    assert (seen == 1).all()


def test_a_core_without_data_is_not_asked_about_and_all_others_are_as_they_were(student):
    valid = np.zeros((300, 210), bool)
    valid[90:, :100] = True
    source = Ground(texture(300, 210), valid)
    tiles, make_runner = (
        plan.cut_grid(300, 210, core=100, halo=32, stride=32),
        execute.runner_maker(student, Probabilities, source, CPU),
    )
    asked, skipped = (
        list(predict.probability_tiles(student, source, Reporter(lambda _: None), tiles, make_runner, skip_empty=skip))
        for skip in (False, True)
    )
    assert [t.core for t in skipped] == [t.core for t in asked]
    for before, now in zip(asked, skipped, strict=True):
        np.testing.assert_array_equal(now.valid, before.valid)
        assert now.data.shape == before.data.shape and now.data.dtype == before.data.dtype
        if now.valid.any():
            np.testing.assert_array_equal(now.probs, before.probs)
        else:
            assert now.probs.shape == before.probs.shape and not now.probs.any()
    assert sum(not t.probs.any() for t in skipped) == 6


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32", "float64", "uint32"])
def test_every_stored_type_travels_as_it_is_or_as_float32(student, dtype):
    data = texture(64, 64, dtype=dtype)
    tiles = plan.cut_raster(64, 64, core=64, halo=0, stride=32)
    ids, _ = segment(student, Ground(data), tiles)
    np.testing.assert_array_equal(ids, predict.whole(student, data.astype("float32"))[0])


def test_a_light_student_leaves_memory_to_others_and_nobody_takes_more_than_half(student, monkeypatch):
    heavy = Model(torch.nn.Linear(4000, 4000), student.card)
    monkeypatch.setattr(budget, "available_bytes", lambda: 64 << 30)
    assert budget.memory_for_network(CPU, student) <= 1 << 30 < budget.memory_for_network(CPU, heavy)
    monkeypatch.setattr(budget, "available_bytes", lambda: 1 << 30)
    assert budget.memory_for_network(CPU, student) == budget.memory_for_network(CPU, heavy) == 1 << 29


def test_the_tile_is_chosen_from_the_memory_and_the_bound_is_said(student):
    source = Ground(texture(64, 64))
    chosen = budget.choose(student, source, CPU, halo_px=32)
    assert (chosen.tile_height, chosen.tile_width, chosen.batch) == (64, 64, 1)
    bound = budget.bound_bytes(chosen, student, source, CPU)
    said = f"at most {bound / 2**30:.2f} GiB"
    assert said in budget.describe(chosen, bound) and bound > budget.resident_bytes() > 100 << 20
