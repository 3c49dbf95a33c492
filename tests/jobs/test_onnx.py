"""An ONNX file with Deepness metadata is a model as it is: its tile, its scaling, its classes, blended."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import rasterio
import torch
from onnx import TensorProto, helper, numpy_helper
from rasterio.transform import from_origin

from engine.contract.errors import ModelError, SpecError
from engine.contract.events import Reporter
from engine.contract.specs.bench import BenchSpec
from engine.contract.specs.export import ExportSpec
from engine.contract.specs.segment import SegmentSpec
from engine.contract.specs.suggest import SuggestSpec
from engine.jobs import bench, export, segment, suggest

DATA = Path(__file__).parents[3] / "shared" / "data" / "weights" / "deepness-onnx"
WEIGHT = np.array([[3.0, -1.0, -1.0], [-1.0, 3.0, -1.0], [-1.0, -1.0, 3.0]], np.float32)
TILE = 64


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setenv("EDGEWISE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def ortho(tmp_path):
    def make(height, width, gsd_m=0.1):
        data = np.random.default_rng(0).integers(1, 255, (3, height, width), dtype=np.uint8)
        data[:, : height // 4, : width // 4] = 0
        with rasterio.open(
            tmp_path / "ortho.tif", "w", driver="GTiff", count=3, height=height, width=width, dtype="uint8", nodata=0,
            crs="EPSG:25833", transform=from_origin(400_000, 5_800_000, gsd_m, gsd_m), photometric="RGB",
        ) as dataset:  # fmt: skip
            dataset.write(data)
        return str(tmp_path / "ortho.tif"), data, data.any(axis=0)

    return make


@pytest.fixture
def model(tmp_path):
    """Write a network that names the brightest of three bands, for tiles of 64 px."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", "weight"], ["sums"]), helper.make_node("Softmax", ["sums"], ["output"], axis=1)],
        "brightest",
        [value("input", TensorProto.FLOAT, [1, 3, TILE, TILE])],
        [value("output", TensorProto.FLOAT, [1, 3, TILE, TILE])],
        [numpy_helper.from_array(WEIGHT[..., None, None], "weight")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    metadata = {
        "model_type": '"Segmentor"', "class_names": '{"0": "red", "1": "green", "2": "blue"}', "resolution": "10",
        "tiles_overlap": "25", "standardization_mean": "[0.5, 0.5, 0.5]", "standardization_std": "[0.25, 0.25, 0.25]",
    }  # fmt: skip
    for key, text in metadata.items():
        made.metadata_props.add(key=key, value=text)
    onnx.save(made, tmp_path / "brightest.onnx")
    return str(tmp_path / "brightest.onnx")


def run(tmp_path, **values):
    spec = SegmentSpec.from_dict({"output": str(tmp_path / "classes.tif"), **values})
    spec.check()
    summary = segment.run(spec, Reporter(lambda _: None))
    with rasterio.open(tmp_path / "classes.tif") as dataset:
        return summary, dataset.read(1)


@pytest.mark.parametrize(("height", "width"), [(150, 201), (40, 30)])
def test_an_onnx_file_gives_its_own_labels(tmp_path, ortho, model, height, width):
    image, data, valid = ortho(height, width)
    summary, classes = run(tmp_path, image=image, model=model, probabilities=str(tmp_path / "probs.tif"))
    sums = np.einsum("cb,bhw->chw", WEIGHT, (data / 255 - 0.5) / 0.25)
    likelier, likeliest = np.sort(sums, axis=0)[-2:]
    is_clear = valid & (likeliest - likelier > 1e-3)
    assert (classes == sums.argmax(axis=0))[is_clear].all() and is_clear.sum() > 0.9 * valid.sum()
    assert ((classes == 255) == ~valid).all()
    assert (summary["runtime"], summary["precision"], summary["grade"]) == ("onnxruntime", "fp32", "blended")
    assert summary["tile_px"] == [TILE, TILE] and [c["name"] for c in summary["legend"]] == ["red", "green", "blue"]
    probs = np.exp(sums) / np.exp(sums).sum(axis=0)
    with rasterio.open(tmp_path / "probs.tif") as dataset:
        assert dataset.descriptions == ("red", "green", "blue")
        assert (np.abs(dataset.read() - 100 * probs)[:, valid] <= 0.51).all()


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"tile": 128}, SpecError, "found 128, expected 64.*Leave --tile away"),
        ({"runtime": "openvino"}, SpecError, "Use --runtime auto"),
        ({"grade": "exact"}, ModelError, "does not say how far it looks.*Use --grade blended"),
    ],
)
def test_what_an_onnx_file_cannot_do_is_refused(tmp_path, ortho, model, values, error, words):
    with pytest.raises(error, match=words):
        run(tmp_path, image=ortho(80, 80)[0], model=model, **values)


def test_pixels_of_another_size_are_refused_with_the_line_to_type(tmp_path, ortho, model):
    with pytest.raises(ModelError, match=r"gdalwarp -tr 0\.\d+ 0\.\d+ -r bilinear"):
        run(tmp_path, image=ortho(80, 80, gsd_m=0.5)[0], model=model)


def test_regions_are_suggested_from_an_onnx_file(tmp_path, ortho, model):
    image, _, valid = ortho(300, 280)
    spec = SuggestSpec.from_dict({"image": image, "model": model, "output": str(tmp_path / "regions.gpkg"), "budget": 10})
    summary = suggest.run(spec, Reporter(lambda _: None))
    assert summary["offered"] == 10 and summary["valid_pixels"] == valid.sum()


def test_the_speed_measurement_needs_a_model_whose_arithmetic_is_known(ortho, model):
    with pytest.raises(ModelError, match="Measure a model that Edgewise wrote"):
        bench.run(BenchSpec.from_dict({"image": ortho(80, 80)[0], "model": model}), Reporter(lambda _: None))


def test_an_onnx_file_is_not_exported_again(tmp_path, model):
    with pytest.raises(ModelError, match="Use it as it is"):
        export.run(ExportSpec.from_dict({"model": model, "output": str(tmp_path / "out")}), Reporter(lambda _: None))


def test_a_file_of_deepness_segments_a_raster_smaller_than_its_tile(tmp_path, ortho):
    path = DATA / "one_output_sigmoid_bsx1x512x512.onnx"
    if not path.exists():
        pytest.skip("../shared/data is absent")
    image, data, valid = ortho(300, 280)
    _, classes = run(tmp_path, image=image, model=str(path))
    stored = {i.name: numpy_helper.to_array(i) for i in onnx.load(path).graph.initializer}
    weight, bias = (next(a for n, a in stored.items() if n.endswith(end)) for end in ("weight", "bias"))
    coffee = np.einsum("b,bhw->hw", weight[0, :, 0, 0], data / np.float32(255)) + bias[0] > 0
    assert (classes != coffee)[valid].mean() < 1e-4 and (classes[~valid] == 255).all()
