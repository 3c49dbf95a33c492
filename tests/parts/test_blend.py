"""Networks that look at the whole tile: overlapping tiles are blended into one map that no share of the rows changes."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from engine.contract.errors import ResourceError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.geo.geobox import GeoBox
from engine.inference import blend, budget, execute, plan, predict, prepare, seam_index
from engine.inference.labelling import Labels, LabelsAndProbabilities, Probabilities
from models.card import Card
from models.model import Model
from models.outputs import Outputs

CPU = torch.device("cpu")
QUIET = Reporter(lambda _: None)
LENGTHS = st.integers(1, 1500)


class Ground:
    def __init__(self, data, valid=None):
        self.valid = np.ones(data.shape[1:], bool) if valid is None else valid
        self.data = np.where(self.valid, data, 0).astype(data.dtype)
        self.geobox = GeoBox("", Affine.identity(), *data.shape[1:])
        self.count, self.dtype, self.block_shape = len(data), data.dtype, (32, 32)

    def read(self, window):
        return self.data[(slice(None), *window.slices)], self.valid[window.slices]


class GlobalNetwork(nn.Module):
    """Two convolutions and the mean of the whole tile."""

    stride, is_local = 8, False

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 6, 5, padding=2), nn.ReLU(), nn.Conv2d(6, 3, 5, padding=2))

    def forward(self, images):
        deep = self.layers(images)
        return Outputs(deep - 2 * deep.mean(dim=(2, 3), keepdim=True), {})


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    legend = Legend.from_names({2: "building", 5: "road", 9: "water"})
    card = Card(
        "segformer_b2", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", None, legend, 16, 64, "blended", hash="abc"
    )
    return Model(GlobalNetwork().eval(), card)


def rolling(height, width, seed=0):
    """Return ground that changes slowly, so that the mean of a tile depends on where the tile lies."""
    rows, cols = np.mgrid[:height, :width]
    noise = np.random.default_rng(seed).integers(-40, 40, (3, height, width))
    return (128 + 50 * np.sin(rows / 37 + cols / 53) + noise).clip(1, 254).astype(np.uint8)


def overlapping(height, width, tile=64, overlap=32):
    return blend.cut_overlapping(height, width, tile=(tile, tile), overlap_px=overlap, stride=8, is_fixed=False)


def bands_of(model, source, tiles, **options):
    maker = execute.runner_maker(model, Probabilities, source, CPU)
    return list(predict.bands(model, source, QUIET, tiles, maker, **options))


def mosaic(bands):
    bands = list(bands)
    return np.concatenate([b.classes for b in bands]), np.concatenate([b.confidence for b in bands])


@given(LENGTHS, LENGTHS, st.integers(1, 12), st.integers(0, 6), st.sampled_from((1, 8, 32)), st.booleans())
@settings(deadline=None, max_examples=40)
def test_overlapping_tiles_cover_the_raster_and_their_shares_sum_to_one(height, width, parts, overlap, stride, is_fixed):
    side = 2 * parts * stride
    overlap_px = min(overlap * stride, side // 2)
    tiles = blend.cut_overlapping(height, width, tile=(side, side), overlap_px=overlap_px, stride=stride, is_fixed=is_fixed)
    for spans, length, size in ((tiles.rows, height, tiles.tile_height), (tiles.cols, width, tiles.tile_width)):
        assert not is_fixed or size == side
        assert [s.core_start for s in spans] == [0, *(s.core_stop for s in spans[:-1])] and spans[-1].core_stop == length
        assert all(s.start % stride == 0 and s.core_start < s.core_stop for s in spans)
        assert all(a.start + size - b.start >= overlap_px // stride * stride for a, b in itertools.pairwise(spans))
        total = np.zeros(spans[-1].start + size)
        for start, share in blend.shares(spans, size).items():
            assert (share > 0).all()
            total[start : start + size] += share
        np.testing.assert_allclose(total, 1.0, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(150, 333), (64, 64), (9, 200), (41, 20)])
def test_a_blended_map_is_the_weighted_mean_of_the_tiles_probabilities(model, height, width):
    valid = np.ones((height, width), bool)
    valid[: height // 3, : width // 2] = False
    source, tiles = Ground(rolling(height, width), valid), overlapping(height, width)
    padded = np.zeros((4, 1, tiles.rows[-1].start + tiles.tile_height, tiles.cols[-1].start + tiles.tile_width), np.uint8)
    padded[:3, 0, :height, :width], padded[3, 0, :height, :width] = source.data, valid
    window = [np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in (tiles.tile_height, tiles.tile_width)]
    total, weights = np.zeros((3, *padded.shape[2:])), np.zeros(padded.shape[2:])
    for row in tiles.rows:
        for col in tiles.cols:
            place = (slice(row.start, row.start + tiles.tile_height), slice(col.start, col.start + tiles.tile_width))
            pixels = torch.from_numpy(padded[(slice(None), 0, *place)][None].copy())
            with torch.inference_mode():
                probs = Probabilities(model)(pixels)[0][0].numpy()
            total[(slice(None), *place)] += probs * np.outer(*window)
            weights[place] += np.outer(*window)
    expected = (total / weights)[:, :height, :width]
    made = bands_of(model, source, tiles, with_probabilities=True)
    classes, confidence = mosaic(made)
    percents = np.concatenate([b.probabilities for b in made], axis=1)
    np.testing.assert_allclose(percents[:, valid], 100 * expected[:, valid], atol=0.501)
    assert (classes != np.array([2, 5, 9])[expected.argmax(axis=0)])[valid].mean() < 1e-4
    np.testing.assert_array_equal(confidence[valid], percents.max(axis=0)[valid])
    for plane in (classes, confidence, *percents):
        assert ((plane == UNLABELLED) == ~valid).all()


def test_any_share_of_the_rows_gives_the_bytes_of_the_whole_run(model):
    source, tiles = Ground(rolling(300, 130)), overlapping(300, 130)
    classes, confidence = mosaic(bands_of(model, source, tiles))
    assert len(tiles.rows) > 5
    for count in (1, 2, 3, len(tiles.rows)):
        cuts = [tiles.shard(i, count) for i in range(count)]
        assert [c[0] for c in cuts] == [0, *(c[1] for c in cuts[:-1])] and cuts[-1][1] == 300
        for first, stop in cuts:
            made = mosaic(bands_of(model, source, tiles.clipped(first, stop)))
            np.testing.assert_array_equal(made[0], classes[first:stop])
            np.testing.assert_array_equal(made[1], confidence[first:stop])


def test_a_run_that_goes_on_computes_one_row_of_tiles_again(model):
    tiles = overlapping(300, 130, overlap=16)
    for done in range(1, len(tiles.rows)):
        left = tiles.clipped(tiles.rows[done].core_start, 300)
        assert len(left.rows) == len(tiles.rows) - done + 1


def test_where_tiles_meet_shows_less_after_blending_than_after_cropping(model):
    source = Ground(rolling(400, 400))
    cropped = plan.cut_raster(400, 400, core=64, halo=8, stride=8)
    labels = execute.runner_maker(model, Labels, source, CPU)
    found = {}
    for name, tiles, bands in (
        ("cropped", cropped, predict.bands(model, source, QUIET, cropped, labels)),
        ("blended", overlapping(400, 400), bands_of(model, source, overlapping(400, 400))),
    ):
        seams = seam_index.SeamIndex(*seam_index.lines(tiles), 400)
        for band in bands:
            seams.add(band.window.row, band.classes)
        found[name] = seams.value
    assert found["cropped"] > 1.04 and abs(found["blended"] - 1) < 0.03, found


def test_a_border_on_a_seam_raises_the_index_by_as_much_as_it_is_more_frequent_there():
    """Columns change at 64 in every row and at 53 in half of the rows: 1 of 1 against 1/2 of 1 among 8 lines."""
    classes = np.zeros((40, 128), np.uint8)
    classes[:, 64:] = 1
    classes[::2, 53:64] = 2
    for order in (slice(None), slice(None, None, -1)):
        seams = seam_index.SeamIndex([], [64], 128)
        for start in range(0, 40, 10)[order]:
            seams.add(start, classes[start : start + 10])
        assert seams.value == pytest.approx(1 / (0.5 / 8))


def test_seams_between_bands_count_in_any_order():
    classes = np.random.default_rng(0).integers(0, 3, (200, 50)).astype(np.uint8)
    classes[100:120] = UNLABELLED
    values = []
    for cuts in ([0, 200], [0, 64, 100, 128, 200], [128, 0, 64]):
        seams = seam_index.SeamIndex([64, 128], [25], 50)
        edges = sorted({*cuts, 200})
        stops = dict(itertools.pairwise(edges))
        for start in cuts:
            if start in stops:
                seams.add(start, classes[start : stops[start]])
        values.append(seams.value)
    assert values[0] == values[1] == values[2] == pytest.approx(1.0, abs=0.2)


def test_a_map_without_seams_or_borders_has_no_index():
    none, flat = seam_index.SeamIndex([], [], 64), seam_index.SeamIndex([32], [32], 64)
    for seams in (none, flat):
        seams.add(0, np.zeros((64, 64), np.uint8))
        assert seams.value is None


def test_tiles_without_a_valid_pixel_are_not_computed(model):
    valid = np.zeros((256, 256), bool)
    valid[:40, :40] = True
    computed = []

    def runner(batch):
        computed.append(batch)
        return lambda: (np.full((1, 3, 64, 64), 1 / 3, np.float32),)

    tiles = overlapping(256, 256)
    classes, _ = mosaic(predict.bands(model, Ground(rolling(256, 256), valid), QUIET, tiles, lambda _: runner))
    assert len(computed) == 4 < tiles.count
    assert ((classes == UNLABELLED) == ~valid).all()


def test_a_full_memory_halves_the_batch_but_never_the_tile(model):
    source, tiles = Ground(rolling(200, 130)), dataclasses.replace(overlapping(200, 130), batch=2)
    plain, events = execute.runner_maker(model, Probabilities, source, CPU), []

    def maker(chosen):
        if chosen.batch > 1:
            raise MemoryError
        return plain(chosen)

    made = mosaic(predict.bands(model, source, Reporter(events.append), tiles, maker))
    np.testing.assert_array_equal(made[0], mosaic(bands_of(model, source, overlapping(200, 130)))[0])
    assert any("Going on with tiles of 64 x 64 px, 1 at once" in e.get("text", "") for e in events)

    def full(_):
        raise MemoryError

    with pytest.raises(ResourceError, match="Begin anew with smaller tiles, such as --tile 512 --no-resume"):
        list(predict.bands(model, source, QUIET, tiles, full))


def test_a_network_with_global_parts_is_prepared_for_blending(model):
    source, events = Ground(rolling(200, 130)), []
    first = prepare.prepare(model, source, CPU, Reporter(events.append), runtime="torch", precision="fp32")
    assert first.grade == "blended" and first.plan.is_blended and first.plan.halo == 16
    assert (first.plan.tile_height, first.plan.tile_width) == (64, 64)
    assert any("its tiles overlap and are blended" in e["text"] for e in events if e["event"] == "message")
    again = prepare.prepare(model, source, CPU, QUIET, chosen=first.chosen)
    assert (again.plan, again.choice) == (first.plan, first.choice)
    assert "blended over 32 px or more" in budget.describe(first.plan, 1 << 30)


def test_memory_of_a_blended_run_does_not_grow_with_the_height():
    low, high = (overlapping(h, 4096, 512, 128) for h in (4096, 65536))
    bytes_at_most = [p.memory_bytes(3, 1, 512, 500.0, classes=6) for p in (low, high)]
    assert bytes_at_most[1] < 1.01 * bytes_at_most[0]
    assert bytes_at_most[0] > low.tile_height * 4096 * 6 * 4


@pytest.mark.parametrize("views", ["none", "flips"])
def test_the_probabilities_beside_the_labels_are_those_of_the_model(model, views):
    data = rolling(64, 64)
    pixels = torch.from_numpy(np.concatenate([data, np.ones((1, 64, 64), np.uint8)])[None])
    with torch.inference_mode():
        ids, percent, percents = LabelsAndProbabilities(model, views=views)(pixels)
        plain, (probs,) = Labels(model, views=views)(pixels), Probabilities(model, views=views)(pixels)
    assert torch.equal(ids, plain[0]) and torch.equal(percent, plain[1])
    assert (percents.float() - 100 * probs).abs().max() <= 0.501 and percents.dtype == torch.uint8
