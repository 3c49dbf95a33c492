"""The job, from a model file to a folder that other programs open."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pystac
import pytest
import rasterio
import torch
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from referencing import Registry, Resource

import models
from engine.contract.errors import DataError, ResourceError
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.specs.export import ExportSpec
from engine.contract.specs.segment import SegmentSpec
from engine.export import onnx, openvino
from engine.jobs import export, segment
from engine.run import main
from models import checkpoint
from models.card import Card

SCHEMAS = Path(__file__).resolve().parents[1] / "stac"
LEGEND = Legend.from_names({1: "building", 2: "Straße", 7: "open water"})
TILE_PX = 192


def run(report=None, **values):
    spec = ExportSpec.from_dict(values)
    spec.check()
    return export.run(spec, report or Reporter(lambda _: None))


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = models.build("unet_mobilenet_v2_thin", 3, len(LEGEND)).eval()
    card = Card(
        "unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.3, 57.7), (99.1, 61.0), (80.0, 33.3)), "uint8", (0.1, 0.4),
        LEGEND, halo_px=32, tile_px=TILE_PX, grade="exact", licence="CC BY 4.0",
    )  # fmt: skip
    path = tmp_path_factory.mktemp("export") / "my student.safetensors"
    checkpoint.save(path, network, card)
    return str(path)


@pytest.fixture(scope="module")
def exported(student):
    folder, events = Path(student).parent / "out", []
    summary = run(Reporter(events.append), model=student, format="all", output=str(folder))
    return folder, summary, events


def test_all_files_are_there_and_give_the_labels_of_the_engine(exported):
    folder, summary, events = exported
    assert summary["files"] == [
        "example/classes.tif", "example/confidence.tif", "example/image.tif", "item.json",
        "my student.bin", "my student.onnx", "my student.xml",
    ]  # fmt: skip
    assert all((folder / name).is_file() for name in summary["files"]) and not list(folder.rglob("*.part*"))
    assert summary["differing_pixels"] == {"onnx": 0, "openvino": 0} and summary["example_pixels"] == TILE_PX**2
    assert {e["role"] for e in events if e["event"] == "artifact"} == {"onnx", "openvino"}
    assert not [e for e in events if e.get("level") == "warning"]


def test_what_comes_after_an_export_in_a_chain_finds_the_files_and_whether_they_agree(exported):
    folder, summary, _ = exported
    assert {result.name: result.of(summary) for result in ExportSpec.results} == {
        "onnx_model": str(folder / "my student.onnx"), "openvino_model": str(folder / "my student.xml"), "tile_px": TILE_PX,
        "overlap_percent": 50, "onnx_differing": 0, "openvino_differing": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("format", "name"), [(onnx, "my student.onnx"), (openvino, "my student.xml")])
def test_an_importer_can_check_its_own_answer_by_the_example(exported, format, name):
    folder, _, _ = exported
    item = json.loads((folder / "item.json").read_text(encoding="utf-8"))
    with rasterio.open(folder / "example" / "image.tif") as image, rasterio.open(folder / "example" / "classes.tif") as classes:
        data, expected = image.read(), classes.read(1)
        assert image.descriptions == ("red", "green", "blue") and image.crs.linear_units == "metre"
        assert image.res[0] == pytest.approx(item["properties"]["gsd"]) == 0.2
    scaling = item["properties"]["mlm:input"][0]["value_scaling"]
    standardized = np.stack([(b - s["mean"]) / s["stddev"] for b, s in zip(data, scaling, strict=True)]).astype(np.float32)
    several = np.stack([standardized, standardized[:, ::-1].copy(), standardized])
    probs = format.probabilities(folder / name, several)
    assert probs.shape == (3, 3, TILE_PX, TILE_PX) and len(np.unique(expected)) == 3
    for found in (probs[0], probs[2]):
        np.testing.assert_array_equal(np.array(LEGEND.ids)[found.argmax(axis=0)], expected)


def test_segmenting_the_example_gives_its_classes(exported, student, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEWISE_CACHE", str(tmp_path))
    folder, _, _ = exported
    asked = {"image": str(folder / "example" / "image.tif"), "model": student, "output": str(tmp_path / "classes.tif")}
    segment.run(SegmentSpec.from_dict({**asked, "grade": "exact", "runtime": "torch"}), Reporter(lambda _: None))
    with rasterio.open(tmp_path / "classes.tif") as found, rasterio.open(folder / "example" / "classes.tif") as expected:
        np.testing.assert_array_equal(found.read(1), expected.read(1))


def test_the_item_obeys_the_schemas_of_stac_and_of_its_extensions(exported):
    folder, _, _ = exported
    item = json.loads((folder / "item.json").read_text(encoding="utf-8"))
    JsonSchemaSTACValidator().validate_core(item, pystac.STACObjectType.ITEM, "1.1.0")
    for uri in item["stac_extensions"]:
        schema(uri).validate(item)
    assert all((folder / asset["href"]).is_file() for asset in item["assets"].values())
    properties = item["properties"]
    assert (item["id"], properties["title"], properties["license"]) == ("my-student", "my student", "other")
    classes = properties["mlm:output"][0]["classification:classes"]
    assert [(c["value"], c["name"], c["title"]) for c in classes[1:]] == [
        (1, "Stra-e", "Straße"),
        (2, "open-water", "open water"),
    ]
    assert [c["value"] for c in item["assets"]["example_classes"]["classification:classes"]] == [1, 2, 7]
    read = pystac.Item.from_dict(item)
    assert read.assets["onnx"].roles == ["mlm:model"] and read.common_metadata.gsd == 0.2


@pytest.mark.parametrize("field", ["mlm:name", "mlm:input", "bands"])
def test_the_schema_would_see_a_field_that_is_missing(exported, field):
    item = json.loads((exported[0] / "item.json").read_text(encoding="utf-8"))
    del item["properties"][field]
    with pytest.raises(jsonschema.ValidationError):
        schema(item["stac_extensions"][0]).validate(item)


def schema(uri):
    """Return the validator of an extension; no schema is fetched. MLM 1.4.0 asks for the classes of classification 1.1.0,
    which are those of 2.0.0 with fewer demands."""
    files = {uri_of(path): json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
    files[uri_of("classification-v1.1.0.json")] = files[uri_of("classification-v2.0.0.json")]
    registry = Registry().with_resources((uri, Resource.from_contents(contents)) for uri, contents in files.items())
    return jsonschema.Draft7Validator(files[uri], registry=registry)


def uri_of(path):
    name, version = Path(path).name.removesuffix(".json").split("-")
    return f"https://stac-extensions.github.io/{name}/{version}/schema.json"


@pytest.mark.parametrize(("word", "module", "other"), [("onnx", onnx, "openvino"), ("openvino", openvino, "onnx")])
def test_a_package_that_is_not_installed_is_named_with_the_remedy(student, tmp_path, monkeypatch, word, module, other):
    monkeypatch.setattr(module, "missing", lambda: "It is not installed; `pip install it` installs it.")
    with pytest.raises(ResourceError, match=rf"Format: It is not installed; `pip install it`.*Or use --format {other}"):
        run(model=student, format=word, output=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_refused(student, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match=r"out is not a folder. Choose another output"):
        run(model=student, output=str(tmp_path / "out"))


def test_the_command_line_says_what_is_wrong_with_exit_code_3(tmp_path, capfd):
    (tmp_path / "model.safetensors").write_text("no model")
    words = ["--model", str(tmp_path / "model.safetensors"), "--output", str(tmp_path / "out")]
    assert main(["export", *words, "--progress", "json"]) == 3
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert last["event"] == "failed" and "not an Edgewise model file" in last["text"] and "train and distill" in last["hint"]
    assert not (tmp_path / "out").exists()


def test_the_command_line_refuses_a_tile_with_exit_code_2(student, tmp_path, capfd):
    words = ["export", "--model", student, "--output", str(tmp_path / "out"), "--tile", "100", "--progress", "json"]
    assert main(words) == 2
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert last["event"] == "failed" and "multiple of 32 from 96 on" in last["text"] and "--tile 96" in last["hint"]
