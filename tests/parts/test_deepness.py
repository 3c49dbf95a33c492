"""ONNX files with Deepness metadata are models as they are; those that would need more than the file are refused."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from engine.contract.errors import ModelError, ResourceError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.specs.info import InfoSpec
from engine.inference import race
from engine.inference.labelling import Labels, Probabilities
from engine.jobs import info
from models import checkpoint, onnx_file

DATA = Path(__file__).parents[3] / "shared" / "data" / "weights" / "deepness-onnx"
BUILDING = {"model_type": '"Segmentor"', "class_names": '{"0": "background", "1": "building"}'}


def write_onnx(
    path, metadata, *, channels=1, last="Sigmoid", side=32, bands=3, batch=1, domain="", outputs=1, rank=4, out_side=None
):
    """Write a network of one 1 x 1 convolution that adds the bands, with the last layer and the metadata asked for."""
    weight = np.repeat(np.arange(1, channels + 1, dtype=np.float32), bands).reshape(channels, bands, 1, 1)
    names = [f"output{i or ''}" for i in range(outputs)]
    nodes = [helper.make_node("Conv", ["input", "weight"], ["sums"])]
    for name in names:
        options = {"axis": 1} if last == "Softmax" else {}
        made = name if rank == 4 else f"{name}_4"
        nodes.append(helper.make_node(last, ["sums"], [made], domain=domain, **options))
        if rank == 3:
            nodes.append(helper.make_node("Squeeze", [made, "axis"], [name]))
    size = side or "side"
    shape = [batch, channels, out_side or size, out_side or size]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, bands, size, size])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape if rank == 4 else [shape[0], *shape[2:]]) for n in names],
        [
            onnx.numpy_helper.from_array(weight, "weight"),
            onnx.numpy_helper.from_array(np.array([1], np.int64), "axis"),
        ],
    )
    domains = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    model = helper.make_model(graph, opset_imports=domains, ir_version=8, producer_name="test")
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


def pixels(side=32, bands=3, value=None):
    stored = np.random.default_rng(0).integers(0, 255, (2, bands + 1, side, side), dtype=np.uint8)
    if value is not None:
        stored[:, :-1] = value
    stored[:, -1] = 1
    return torch.from_numpy(stored)


def test_the_metadata_becomes_the_card(tmp_path):
    path = write_onnx(
        tmp_path / "m.onnx",
        {
            **BUILDING, "resolution": "20", "tiles_overlap": "20", "standardization_mean": "[0.5, 0.4, 0.3]",
            "standardization_std": "[0.2, 0.2, 0.1]",
        },
    )  # fmt: skip
    card = checkpoint.read_card(path)
    assert (card.network, card.grade, card.dtype, card.tile_px, card.halo_px) == ("onnx", "blended", "uint8", 32, 3)
    assert card.bands == ("red", "green", "blue") and card.legend.names == ("background", "building")
    assert np.allclose(card.scaling, [(127.5, 51), (102, 51), (76.5, 25.5)])
    assert card.gsd_m == pytest.approx((0.16, 0.25))
    assert checkpoint.load(path).card == card
    assert card.training["activation"] == "sigmoid" and card.training["producer"] == "test"


def test_an_exported_file_keeps_the_card_of_its_model(tmp_path, card):
    legend = Legend.from_names({3: "road", 7: "water"})
    inputs = {"labels.tif": {"sha256": "00"}}
    told = card(
        legend=legend, dtype="uint16", scaling=((900.0, 300.0),) * 3, licence="CC-BY-4.0", training={"inputs": inputs}
    )  # fmt: skip
    path = write_onnx(tmp_path / "m.onnx", {**BUILDING, "edgewise": json.dumps(told.to_json())}, channels=2, last="Softmax")
    found = checkpoint.read_card(path)
    assert (found.legend, found.dtype, found.scaling, found.licence) == (legend, "uint16", told.scaling, "CC-BY-4.0")
    assert (found.network, found.grade, found.tile_px) == ("onnx", "blended", 32)
    assert found.training["inputs"] == inputs, "assess could not say that it was trained on a reference"
    other = card(bands=("red",), scaling=((0.0, 1.0),), legend=legend)
    write_onnx(path, {**BUILDING, "edgewise": json.dumps(other.to_json())}, channels=2, last="Softmax")
    with pytest.raises(ModelError, match="expected the card of this network"):
        checkpoint.read_card(path)


@pytest.mark.parametrize("rank", [3, 4])
@pytest.mark.parametrize(("threshold", "building"), [(None, True), ("0.95", True), ("0.96", False)])
def test_a_single_channel_is_the_second_class_from_its_threshold_on(tmp_path, rank, threshold, building):
    """Three bands of 255 sum to 3, whose sigmoid is 0.9526."""
    more = {"seg_thresh": threshold} if threshold else {}
    model = checkpoint.load(write_onnx(tmp_path / "m.onnx", {**BUILDING, **more}, rank=rank))
    ids, percent = Labels(model)(pixels(value=255))
    assert (ids == int(building)).all()
    assert not threshold or (percent < 60).all()
    if not threshold:
        (probs,) = Probabilities(model)(pixels())
        sums = pixels()[:, :3].float().sum(dim=1) / 255
        torch.testing.assert_close(probs[:, 1], torch.sigmoid(sums), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("last", ["Softmax", "Identity"])
def test_the_likeliest_of_several_channels_wins(tmp_path, last):
    names = {"model_type": '"Segmentor"', "class_names": "{0: 'low', 1: 'middle', 2: 'high'}"}
    model = checkpoint.load(write_onnx(tmp_path / "m.onnx", names, channels=3, last=last, batch="N"))
    (probs,) = Probabilities(model)(pixels())
    sums = pixels()[:, :3].float().sum(dim=1, keepdim=True) / 255
    expected = torch.softmax(sums * torch.tensor([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1), dim=1)
    torch.testing.assert_close(probs, expected, atol=1e-5, rtol=1e-4)
    assert (Labels(model)(pixels())[0] == 2).all()


def test_a_fixed_batch_is_filled_up_and_another_tile_is_refused(tmp_path):
    model = checkpoint.load(write_onnx(tmp_path / "m.onnx", BUILDING, batch=3))
    (probs,) = Probabilities(model)(pixels())
    assert probs.shape == (2, 2, 32, 32)
    with pytest.raises(ModelError, match="Give it tiles or chips of 32 px"):
        Probabilities(model)(pixels(side=64))
    free = checkpoint.load(write_onnx(tmp_path / "free.onnx", BUILDING, side=None))
    assert free.fixed_tile is None and Probabilities(free)(pixels(side=64))[0].shape == (2, 2, 64, 64)


def test_more_outputs_are_left_out_with_a_warning(tmp_path, raster):
    metadata = {"model_type": '"Segmentor"', "class_names": '[{"0": "Coffee"}, {"0": "Juice"}]'}
    model = checkpoint.load(write_onnx(tmp_path / "m.onnx", metadata, outputs=2))
    assert model.card.legend.names == ("background", "Coffee")
    assert any("left out: output1. onnx.utils.extract_model" in w for w in model.accept(raster()))


def test_info_shows_the_card_of_an_onnx_file(tmp_path):
    events = []
    summary = info.run(InfoSpec(model=str(write_onnx(tmp_path / "m.onnx", BUILDING))), Reporter(events.append))
    assert summary["network"] == "onnx" and "1 building" in events[0]["text"]
    assert "Edgewise" not in events[0]["text"] and "Deepness" in events[0]["text"]


@pytest.mark.parametrize(
    ("metadata", "options", "words"),
    [
        ({}, {}, r"no Deepness metadata\. Describe it as Deepness does.*metadata_props\.add"),
        ({"model_type": '"Detector"'}, {}, r"of type Detector.*choose a model that segments"),
        ({"model_type": "Regressor"}, {}, "of type Regressor"),
        ({**BUILDING, "class_names": '{"0": "a", "1": "b", "2": "c"}'}, {}, "names 3 classes.*the 2 that its output has"),
        ({**BUILDING, "class_names": '{"0": "a", "2": "c"}'}, {}, "every number from 0 on"),
        ({**BUILDING, "class_names": "[1, 2]"}, {}, "names by number"),
        ({**BUILDING, "class_names": '{"0": "a", "1": "a"}'}, {}, "Describe it as Deepness does"),
        ({**BUILDING, "class_names": "{" * 5000}, {}, "expected JSON"),
        ({**BUILDING, "standardization_mean": "[0]", "standardization_std": "[1]"}, {}, "3 means and 3 deviations"),
        ({**BUILDING, "standardization_mean": "[0,0,0]", "standardization_std": "[1,0,1]"}, {}, "deviations above 0"),
        ({**BUILDING, "resolution": '"fine"'}, {}, "a number from 0 to"),
        ({**BUILDING, "seg_thresh": "7"}, {}, "a number from 0 to 1"),
        (BUILDING, {"channels": 300, "last": "Softmax"}, "names 2 classes"),
        (BUILDING, {"domain": "my.company", "last": "Secret"}, "my.company.Secret.*Export the model again, as one file"),
        (BUILDING, {"out_side": 28}, "28 x 28 px.*Export the model again so that it fits"),
    ],
)
def test_what_a_file_cannot_give_is_refused(tmp_path, metadata, options, words):
    path = write_onnx(tmp_path / "m.onnx", metadata, **options)
    for read in (checkpoint.read_card, checkpoint.load):
        with pytest.raises(ModelError, match=words):
            read(path)


@pytest.mark.parametrize("place", ["initializer", "attribute", "branch"])
def test_weights_in_another_file_are_never_opened(tmp_path, place):
    model = onnx.load(write_onnx(tmp_path / "m.onnx", BUILDING))
    outside = helper.make_tensor("outside", TensorProto.FLOAT, [1], [0.0])
    outside.ClearField("float_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../../etc/passwd")
    if place == "initializer":
        model.graph.initializer.append(outside)
    else:
        constant = helper.make_node("Constant", [], ["c"], value=outside)
        if place == "branch":
            inner = helper.make_graph([constant], "inner", [], [helper.make_tensor_value_info("c", TensorProto.FLOAT, [1])])
            constant = helper.make_node("If", ["yes"], ["d"], then_branch=inner, else_branch=inner)
        model.graph.node.append(constant)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"of outside lie in another file, which is never opened\. Export the model again"):
        checkpoint.load(tmp_path / "m.onnx")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty.*Copy the model file again"),
        (b"\x80\x04pickle", "can run code and is never loaded"),
        (b"\x08\x08\x12\x07pytorch\x1a\x052.5.0" + b"\x00" * 50, "damaged"),
        (b"\x08\x08\x12\x07pytorch", "holds no network"),
    ],
)
def test_other_files_under_the_name_of_onnx_are_refused(tmp_path, content, words):
    (tmp_path / "m.onnx").write_bytes(content)
    for read in (checkpoint.read_card, checkpoint.load):
        with pytest.raises(ModelError, match=words):
            read(tmp_path / "m.onnx")


def test_a_cut_file_is_refused_and_none_is_trained_or_missing(tmp_path):
    path = write_onnx(tmp_path / "m.onnx", BUILDING)
    with pytest.raises(ModelError, match="Distill a student from it"):
        checkpoint.load(path, training=True)
    whole = path.read_bytes()
    for keep in range(20, len(whole) - 1, 37):
        path.write_bytes(whole[:keep])
        with pytest.raises(ModelError):
            checkpoint.load(path)
    with pytest.raises(ModelError, match="Check the path"):
        checkpoint.load(tmp_path / "none.onnx")


def test_metadata_that_is_no_text_is_refused(tmp_path):
    path = write_onnx(tmp_path / "m.onnx", {**BUILDING, "class_names": '"caf\u00e9"'})
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xff\xff"))
    with pytest.raises(ModelError, match="names by number"):
        checkpoint.read_card(path)


def test_absent_packages_are_named(tmp_path, monkeypatch):
    path = write_onnx(tmp_path / "m.onnx", BUILDING)
    monkeypatch.setattr(onnx_file, "missing", lambda: ("onnx", "onnxruntime"))
    with pytest.raises(ResourceError, match="pip install onnx onnxruntime"):
        checkpoint.read_card(path)


def test_only_onnx_runtime_runs_an_onnx_file(tmp_path):
    model = checkpoint.load(write_onnx(tmp_path / "m.onnx", BUILDING))
    asked = (model, None, None, torch.device("cpu"), None, None)
    assert race.choose(*asked, runtime="auto", precision="auto") == race.Choice("onnxruntime", "fp32")
    for runtime, precision in (("openvino", "auto"), ("auto", "bf16")):
        with pytest.raises(SpecError, match="Use --runtime auto --precision auto"):
            race.choose(*asked, runtime=runtime, precision=precision)


SEGMENTING = {
    "one_output_sigmoid_bsx1x512x512.onnx": ("background", "Coffee"),
    "one_output_sigmoid_bsx512x512.onnx": ("background", "Coffee"),
    "two_outputs_sigmoid_bsx1x512x512.onnx": ("background", "Coffee"),
    "two_outputs_softmax_bsx2x512x512.onnx": ("Coffee", "Tea"),
}


@pytest.mark.parametrize("path", sorted(DATA.glob("*.onnx")) or [None], ids=lambda p: p.stem if p else "none")
def test_each_file_of_deepness_runs_or_is_refused_in_words(path):
    if path is None:
        pytest.skip("../shared/data is absent")
    data = path.read_bytes()
    if path.name not in SEGMENTING:
        kind = {p.key: p.value for p in onnx.load(path).metadata_props}.get("model_type")
        words = f"of type {json.loads(kind)}" if kind else "no Deepness metadata"
        with pytest.raises(ModelError, match=words):
            checkpoint.load(path)
        return
    model = checkpoint.load(path)
    assert model.card.legend.names == SEGMENTING[path.name] and model.fixed_tile == (512, 512)
    stored = pixels(512)[:1]
    ids, percent = Labels(model)(stored)
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    raw = session.run(None, {"input": (stored[:, :3].numpy() / np.float32(255)).astype(np.float32)})[0]
    expected = raw.argmax(axis=1) if raw.ndim == 4 and raw.shape[1] > 1 else (raw.reshape(1, 512, 512) >= 0.5)
    assert (ids.numpy() != expected).mean() < 1e-5 and percent.min() >= 50
