"""An exported file, read as other programs read it, gives the labels of the engine."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from engine.contract.errors import ModelError, SpecError
from engine.contract.legend import Legend
from engine.export import example, graph, onnx
from engine.inference import predict
from models.card import Card
from models.model import Model
from models.outputs import Outputs

LEGEND = Legend.from_names({2: "building", 5: "road", 9: "water"})


class Local(nn.Module):
    """Sees 4 px around, through a stride of 2 that must stay in step."""

    stride, is_local = 8, True

    def __init__(self, bands=3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(bands, 8, 3, padding=1, stride=2), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(8, 3, 3, padding=1)
        )

    def forward(self, images):
        return Outputs(self.layers(images), {})


class Threshold(nn.Module):
    """Says that pixels below 77 are of the first class, those above of the second, and both are equal at 77."""

    stride, is_local = 1, True

    def forward(self, images):
        value = images[:, :1] - (77.0 - 120.3) * (1.0 / 57.7)
        return Outputs(nn.functional.pad(value, (0, 0, 0, 0, 1, 0)), {})


def card(**changes):
    values = {
        "network": "unet_resnet18", "bands": ("red", "green", "blue"), "dtype": "uint8", "gsd_m": (0.05, 0.2),
        "scaling": ((120.3, 57.7), (99.1, 61.0), (80.0, 33.3)), "legend": LEGEND, "halo_px": 8, "tile_px": 64, "grade": "exact",
    }  # fmt: skip
    return Card(**{**values, **changes})


def written(tmp_path, model, tile_px=64):
    (path,) = onnx.write(graph.trace(model, tile_px), tmp_path / "student")
    return path


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A network and the file it was exported to; exporting takes longer than all that is asked of the file."""
    import torch

    torch.manual_seed(0)
    model = Model(Local().eval(), card())
    return model, written(tmp_path_factory.mktemp("local"), model)


def deepness(path, raster):
    """Return the channels (H, W) that Deepness, 0.6 and later, finds over a whole layer (B, H, W) with the settings of a file.

    Written from what it does: the layer grows to whole steps at its top and right with zeros, each tile keeps what is more
    than half an overlap from its border, or from the border of the layer.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    settings = {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
    (entry,), (_, bands, tile, width) = session.get_inputs(), session.get_inputs()[0].shape
    assert [o.shape[2:] for o in session.get_outputs()] == [[tile, tile]]
    assert isinstance(entry.shape[0], str) and tile == width == settings["tile_size"] and bands == len(raster)
    assert settings["model_type"].capitalize() == "Segmentor" and settings["seg_small_segment"] // 2 * 2 + 1 == 1
    mean, std = (np.array(settings[f"standardization_{k}"], np.float32) for k in ("mean", "std"))
    overlap = int(tile * settings["tiles_overlap"] / 100 * 2) // 2
    step, half = tile - overlap, overlap // 2
    sizes = [max(tile, n + (tile - n) % step) for n in raster.shape[1:]]
    layer = np.zeros((*sizes, bands), raster.dtype)  # (H, W, B)
    layer[sizes[0] - raster.shape[1] :, : raster.shape[2]] = raster.transpose(1, 2, 0)
    rows, cols = (range(0, n - tile + 1, step) for n in sizes)
    channels = np.full(sizes, -1)
    for row in rows:
        batch = np.stack([layer[row : row + tile, col : col + tile] for col in cols])
        batch = ((np.float32(batch * 1.0 / 255.0) - mean) / std).transpose(0, 3, 1, 2)
        (probs,) = session.run(None, {entry.name: batch})
        np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)
        probs[probs < settings["seg_thresh"]] = 0
        for col, found in zip(cols, probs.argmax(axis=1), strict=True):
            keep = [
                slice(half if at else 0, tile if at == all_at[-1] else tile - half) for at, all_at in ((row, rows), (col, cols))
            ]
            target = channels[row : row + tile, col : col + tile]
            target[keep[0], keep[1]] = found[keep[0], keep[1]]
    assert (channels >= 0).all()
    return channels[sizes[0] - raster.shape[1] :, : raster.shape[2]]


@pytest.mark.parametrize(("height", "width"), [(160, 112), (64, 64), (48, 64), (144, 100)])
def test_deepness_finds_the_labels_of_one_pass_of_the_engine(local, height, width):
    model, file = local
    raster = np.random.default_rng(0).integers(0, 256, (3, height, width), dtype=np.uint8)
    ids, _ = predict.whole(model, raster)
    found = np.array(LEGEND.ids)[deepness(file, raster)]
    whole_steps = (height - 64) % 48 == 0 and (width - 64) % 48 == 0
    margin = 0 if whole_steps else model.card.halo_px  # Deepness pads with zeros as stored, the engine as normalized
    inside = (slice(margin, height - margin), slice(margin, width - margin))
    assert len(np.unique(ids)) == 3
    np.testing.assert_array_equal(found[inside], ids[inside])


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_pixel_at_the_border_of_two_classes_survives_the_standardization_of_others(tmp_path, dtype):
    one = card(bands=("grey",), scaling=((120.3, 57.7),), legend=Legend.from_names(["dark", "light"]), dtype=dtype, halo_px=0)
    model = Model(Threshold(), one)
    raster = np.arange(64 * 64, dtype=np.uint16).reshape(1, 64, 64) % (256 if dtype == "uint8" else 4096)
    raster = raster.astype(dtype)
    ids, _ = predict.whole(model, raster)
    np.testing.assert_array_equal(deepness(written(tmp_path, model), raster), ids)
    np.testing.assert_array_equal(ids, raster[0] > 77)


def test_the_metadata_say_what_the_card_says(local):
    import onnxruntime

    model, file = local
    found = onnxruntime.InferenceSession(str(file)).get_modelmeta().custom_metadata_map
    values = {k: json.loads(v) for k, v in found.items()}
    assert values["class_names"] == {"0": "building", "1": "road", "2": "water"}
    assert values["resolution"] == pytest.approx(10) and values["tile_size"] == values["tiles_size"] == 64
    assert values["tiles_overlap"] == 25 and values["standardization_mean"][0] == pytest.approx(120.3 / 255)
    assert Card.from_json(values["edgewise"]) == model.card
    assert "resolution" not in onnx.metadata(card(gsd_m=None), 64, 8)


@given(st.integers(1, 40), st.integers(0, 20), st.sampled_from([8, 32]))
def test_half_an_overlap_covers_the_margin(core, halo, stride):
    tile_px, halo_px = (core + 2 * halo) * stride, halo * stride
    percent = onnx.overlap_percent(tile_px, halo_px, stride)
    assert 0 <= percent <= 100
    assert tile_px * percent / 100 / 2 >= halo_px


@pytest.mark.parametrize("halo_px", [0, 32, 64, 128, 192, 320])
def test_tiles_of_a_trained_model_start_at_multiples_of_the_stride(halo_px):
    tile_px = 768 + 2 * halo_px
    assert tile_px * onnx.overlap_percent(tile_px, halo_px, 32) % 3200 == 0


@pytest.mark.parametrize(("asked", "remedy"), [(60, "--tile 64"), (16, "--tile 24"), (100, "--tile 96")])
def test_a_tile_that_the_network_cannot_take_is_refused(asked, remedy):
    with pytest.raises(SpecError, match=rf"multiple of 8 from 24 on.*{remedy}, or 0"):
        graph.tile_px(Model(Local(), card()), asked)
    assert graph.tile_px(Model(Local(), card()), 0) == 64


def test_a_model_of_another_program_is_refused():
    with pytest.raises(ModelError, match=r"an ONNX file already.*export the model file that train or distill wrote"):
        graph.tile_px(Model(Local(), card(network="onnx")), 0)


def test_a_tie_that_rounding_decides_is_told_from_another_class():
    ids = np.array([[2, 2, 2, 9]], np.uint8)
    building = np.array([0.4, 0.4, 0.1, 0.2])
    road = np.array([0.3, 0.4 + 1e-6, 0.2, 0.2])
    probs = np.stack([building, road, 1 - building - road])[:, None]  # (3, 1, 4): right, tie, wrong, right
    assert example.differing(probs, card(), ids) == (2, 1)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_the_example_fills_the_range_of_its_type(dtype):
    data = example.image(card(dtype=dtype), 100)
    assert data.shape == (3, 100, 100) and data.dtype == dtype
    np.testing.assert_array_equal(data, example.image(card(dtype=dtype), 100))
    assert np.abs(graph.standardized(card(dtype=dtype), data).std(axis=(1, 2)) - 1).max() < 0.4
