"""A student learns from labels, teachers and unlabelled orthophotos; teachers that do not fit are refused."""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
import rasterio
import torch
from affine import Affine
from onnx import TensorProto, helper, numpy_helper

import models
from engine.contract.errors import DataError, ModelError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.distill import DistillSpec
from engine.jobs import distill
from models import checkpoint
from models.card import Card

QUIET = Reporter(lambda event: None)
RGB = ("red", "green", "blue")


def write(path, array, gsd_m=0.5):
    array = np.asarray(array) if np.ndim(array) == 3 else np.asarray(array)[None]
    more = {"photometric": "RGB"} if len(array) == 3 else {}
    with rasterio.open(
        path, "w", driver="GTiff", count=len(array), height=array.shape[1], width=array.shape[2], dtype=array.dtype,
        crs="EPSG:32640", transform=Affine(gsd_m, 0, 330_000, 0, -gsd_m, 2_790_000), **more,
    ) as file:  # fmt: skip
        file.write(array)
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An orthophoto with labels of dark (0) and bright (1) squares, another without, and two teachers."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("distill")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (16, 16), np.uint8).repeat(16, 0).repeat(16, 1)
    image = np.clip(rng.normal(60 + 80 * labels, 10, (3, 256, 256)), 1, 255).astype(np.uint8)
    labels[:, :20] = UNLABELLED
    write(folder / "a.tif", image)
    write(folder / "a_labels.tif", labels)
    write(folder / "unlabelled.tif", image[:, ::-1])
    teacher(folder / "resnet.safetensors", "unet_resnet18_thin")
    teacher(folder / "mobilenet.safetensors", "unet_mobilenet_v2_thin")
    return folder


def teacher(path, network="unet_resnet18_thin", *, bands=RGB, names=("class 0", "class 1"), gsd_m=(0.2, 1.0)):
    torch.manual_seed(1)
    card = Card(
        network, bands, ((100.0, 50.0),) * len(bands), "uint8", gsd_m, Legend.from_names(names), halo_px=128, tile_px=512,
        grade="exact",
    )  # fmt: skip
    checkpoint.save(path, models.build(network, len(bands), len(names)), card)
    return str(path)


def onnx_teacher(path, side):
    """Write a network that tells dark from bright, described as Deepness does; a side that is a word takes any."""
    shape = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", c, side, side]) for n, c in (("in", 3), ("out", 2))]
    weight = np.array([[-1.0] * 3, [1.0] * 3], np.float32)[..., None, None]
    node = helper.make_node("Conv", ["in", "weight"], ["out"])
    graph = helper.make_graph([node], "bright", shape[:1], shape[1:], [numpy_helper.from_array(weight, "weight")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    said = {"model_type": '"Segmentor"', "class_names": '{"0": "class 0", "1": "class 1"}', "resolution": "50"}
    for key, value in said.items():
        made.metadata_props.add(key=key, value=value)
    onnx.save(made, path)
    return path


def request(folder, output, **more):
    values = {
        "images": [folder / "a.tif"], "labels": [folder / "a_labels.tif"], "teachers": [folder / "resnet.safetensors"],
        "network": "unet_mobilenet_v2_thin", "encoder_weights": "none", "iterations": 1, "batch": 2, "chip": 64,
        "device": "cpu", "output": output, **more,
    }  # fmt: skip
    return DistillSpec.from_dict({n: [str(i) for i in v] if isinstance(v, list) else v for n, v in values.items()})


def refused(folder, tmp_path, error, match, **more):
    with pytest.raises(error, match=match):
        spec = request(folder, tmp_path / "student.safetensors", **more)
        spec.check()
        distill.run(spec, QUIET)
    assert not list(tmp_path.glob("student*"))


def test_a_student_is_distilled_from_two_teachers_and_unlabelled_ground(folder, tmp_path):
    teachers = [folder / "mobilenet.safetensors", folder / "resnet.safetensors"]
    before = [Path(t).read_bytes() for t in teachers]
    events = []
    spec = request(
        folder, tmp_path / "student.safetensors", teachers=teachers, unlabelled_images=[folder / "unlabelled.tif"],
        iterations=3, distillation="drd=0.5,pixel_kd",
    )  # fmt: skip
    summary = distill.run(spec, Reporter(events.append))
    student = checkpoint.load(spec.output)
    assert student.card.training["losses"] == {"cross_entropy": 1.0, "drd": 0.5, "pixel_kd": 1.0}
    assert set(student.card.training["inputs"]) == set(spec.inputs())
    plain = models.build("unet_mobilenet_v2_thin", 3, 2)
    assert summary["parameters"] == sum(p.numel() for p in plain.parameters())  # no adapter is left
    values = [e["values"] for e in events if e["event"] == "metric" and "loss" in e["values"]]
    assert {"cross_entropy", "drd", "pixel_kd"} <= set(values[-1])
    texts = [e["text"] for e in events if e["event"] == "message"]
    assert any("mean probabilities of 2 teachers and the features of the first" in t for t in texts)
    assert [Path(t).read_bytes() for t in teachers] == before


def test_an_onnx_file_teaches_by_its_logits(folder, tmp_path):
    spec = request(
        folder, tmp_path / "student.safetensors", teachers=[onnx_teacher(tmp_path / "t.onnx", "side")],
        distillation="pixel_kd=3", loss="focal",
    )  # fmt: skip
    events = []
    distill.run(spec, Reporter(events.append))
    assert checkpoint.load(spec.output).card.training["losses"] == {"focal": 1.0, "pixel_kd": 3.0}
    values = [e["values"] for e in events if e["event"] == "metric" and "loss" in e["values"]]
    assert values[-1]["pixel_kd"] > 0


def test_an_onnx_file_has_no_features_and_may_take_one_size_only(folder, tmp_path):
    teachers = [onnx_teacher(tmp_path / "t.onnx", "side")]
    refused(folder, tmp_path, ModelError, r"logits only.*such as pixel_kd", teachers=teachers, distillation="drd,pixel_kd")
    teachers = [onnx_teacher(tmp_path / "t128.onnx", 128)]
    refused(folder, tmp_path, ModelError, r"takes 128 x 128 px only; chips have 64.*Give --chip 128", teachers=teachers)
    teachers = [onnx_teacher(tmp_path / "t100.onnx", 100)]
    refused(folder, tmp_path, ModelError, r"Export it again for any size", teachers=teachers)


def test_teachers_are_asked_once_and_what_they_said_is_removed(folder, tmp_path):
    events = []
    spec = request(
        folder, tmp_path / "student.safetensors", teachers=[folder / "mobilenet.safetensors", folder / "resnet.safetensors"],
        unlabelled_images=[folder / "unlabelled.tif"], distillation="pixel_kd,ensemble", teacher_signals="cached", iterations=4,
    )  # fmt: skip
    distill.run(spec, Reporter(events.append))
    values = [e["values"] for e in events if e["event"] == "metric" and "loss" in e["values"]]
    assert values[-1]["pixel_kd"] > 0 and values[-1]["ensemble"] > 0
    assert {e["stage"] for e in events if e["event"] == "progress"} >= set(spec.stages())
    assert not list(tmp_path.glob("*.taught"))
    live = request(folder, tmp_path / "live.safetensors", distillation="pixel_kd", seed=3)
    cached = request(
        folder, tmp_path / "cached.safetensors", distillation="pixel_kd", seed=3, teacher_signals="cached", photometric=False
    )
    of_first_step = []
    for asked in (dataclasses.replace(live, photometric=False), cached):
        distill.run(asked, Reporter(events.append))
        of_first_step.append([e["values"]["pixel_kd"] for e in events if "pixel_kd" in e.get("values", {})][-1])
    assert of_first_step[1] == pytest.approx(of_first_step[0], rel=0.25)  # the same lesson, but for the ground around the chip


def test_what_is_kept_of_teachers_has_no_features_and_no_mirror(folder, tmp_path):
    more = {"teacher_signals": "cached"}
    refused(folder, tmp_path, ModelError, r"logits only.*such as pixel_kd", distillation="drd,pixel_kd", **more)
    refused(folder, tmp_path, SpecError, r"mirrored chips.*--teacher-signals live", distillation="ensemble_flip", **more)
    teachers = [onnx_teacher(tmp_path / "t64.onnx", 64)]
    refused(folder, tmp_path, ModelError, r"--teacher-signals live", teachers=teachers, distillation="pixel_kd", **more)


def test_a_teacher_with_other_bands_is_refused(folder, tmp_path):
    wrong = teacher(tmp_path / "four.safetensors", bands=(*RGB, "nir"))
    refused(folder, tmp_path, ModelError, r"takes 4 bands.*Train a teacher on orthophotos with these", teachers=[wrong])


def test_a_teacher_with_other_classes_is_refused(folder, tmp_path):
    wrong = teacher(tmp_path / "wrong.safetensors", names=("a", "b", "c"))
    refused(folder, tmp_path, ModelError, r"Name the classes of the labels as the teacher does", teachers=[wrong])


def test_a_teacher_for_other_pixel_sizes_is_refused(folder, tmp_path):
    wrong = teacher(tmp_path / "coarse.safetensors", gsd_m=(5.0, 20.0))
    refused(folder, tmp_path, ModelError, r"has pixels of 0.5 m.*gdalwarp -tr", teachers=[wrong])


def test_a_teacher_that_is_no_model_is_refused(folder, tmp_path):
    (tmp_path / "text.safetensors").write_text("no weights")
    refused(folder, tmp_path, ModelError, "not an Edgewise model", teachers=[tmp_path / "text.safetensors"])


def test_unlabelled_orthophotos_with_other_bands_are_refused(folder, tmp_path):
    other = write(tmp_path / "other.tif", np.ones((2, 64, 64), np.uint8))
    refused(folder, tmp_path, DataError, "Choose the same bands of all orthophotos", unlabelled_images=[other])


def test_an_unknown_distillation_loss_is_refused_with_the_nearest(folder, tmp_path):
    refused(folder, tmp_path, SpecError, "Did you mean 'pixel_kd'", distillation="pixelkd")
