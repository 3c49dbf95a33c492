"""The student that ships: small, with a card that names data, licence and figures, and no trace of the machine it grew on."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch

import models
from engine.contract import shipped
from engine.contract.errors import ModelError
from engine.contract.legend import Legend
from models import checkpoint
from models.card import Card

ROOT = Path(__file__).resolve().parent.parent
FLAGS = {"data": "Made towns, CC0 1.0", "licence": "CC0-1.0"}


@pytest.fixture
def script(monkeypatch, tmp_path):
    """Return .ci/ship.py as a module that ships into a folder of the test."""
    found = importlib.util.spec_from_file_location("ship", ROOT / ".ci" / "ship.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "shipped")
    return module


@pytest.fixture
def trained(tmp_path):
    """Return a model file as a training leaves it, with paths of its machine in the card."""
    spec = {"images": ["/home/ada/T1.tif"], "network": "unet_mobilenet_v2_thin", "distillation": "drd=0.1,pixel_kd"}
    card = Card(
        "unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", (0.3, 2.0),
        Legend.from_names(["building", "ground"]), halo_px=128, tile_px=512, grade="seamless",
        training={"spec": spec, "inputs": {"/home/ada/T1.tif": {"bytes": 1}, "C:\\data\\T2.tif": {}}},
        measured={"validation": {"miou": 0.5}},
    )  # fmt: skip
    torch.manual_seed(0)
    checkpoint.save(tmp_path / "student.safetensors", models.build(card.network, 3, 2).eval(), card)
    return tmp_path / "student.safetensors"


@pytest.fixture
def figures(tmp_path):
    metrics = {"miou": 0.61234, "mean_f1": 0.7, "overall_accuracy": 0.8,
               "per_class": [{"name": "building", "iou": 0.5}, {"name": "ground", "iou": None}]}  # fmt: skip
    (tmp_path / "T4.json").write_text(json.dumps(metrics))
    return {"T4": tmp_path / "T4.json"}


def test_a_student_is_shipped_small_and_with_its_figures(script, trained, figures):
    path = script.ship(trained, "town", **FLAGS, figures=figures)
    assert path == Path(shipped.student())
    assert path.stat().st_size < 0.53 * trained.stat().st_size
    card = checkpoint.load(path).card
    assert card.licence == "CC0-1.0" and card.training["data"] == "Made towns, CC0 1.0"
    assert card.measured["T4"] == {
        "miou": 0.6123,
        "mean_f1": 0.7,
        "overall_accuracy": 0.8,
        "iou": {"building": 0.5, "ground": None},
    }
    assert card.measured["validation"] == {"miou": 0.5}
    assert card.training["spec"]["images"] == ["T1.tif"] and set(card.training["inputs"]) == {"T1.tif", "T2.tif"}
    assert card.training["spec"]["distillation"] == "drd=0.1,pixel_kd"
    page = path.with_suffix(".md").read_text()
    assert "| T4 | 0.612 | 0.700 | 0.800 | building 0.500 |" in page and "CC0-1.0" in page and "Made towns" in page


def test_classes_that_had_only_numbers_get_names_everywhere(script, trained, figures):
    path = script.ship(trained, "town", **FLAGS, figures=figures, classes=["house", "water"])
    card = checkpoint.load(path).card
    assert card.legend.names == ("house", "water") and card.legend.ids == (0, 1)
    assert card.measured["T4"]["iou"] == {"house": 0.5, "water": None}
    assert "Classes: house, water" in path.with_suffix(".md").read_text()
    with pytest.raises(ValueError):
        script.ship(trained, "town", **FLAGS, figures=figures, classes=["house"])


def test_a_second_student_and_one_that_is_too_large_are_refused(script, trained, figures, monkeypatch):
    first = script.ship(trained, "town", **FLAGS, figures=figures)
    assert script.ship(trained, "town", **FLAGS, figures=figures) == first  # the same again replaces
    with pytest.raises(ModelError, match=r"Remove .*town\.safetensors"):
        script.ship(trained, "village", **FLAGS, figures=figures)
    first.unlink()
    monkeypatch.setattr(script, "MAX_BYTES", 1000)
    with pytest.raises(ModelError, match="Ship a lighter network"):
        script.ship(trained, "town", **FLAGS, figures=figures)
    assert not shipped.student()


def test_what_ships_here_keeps_these_promises():
    found = sorted(shipped.FOLDER.glob("*.safetensors"))
    assert len(found) <= 1, "one student is the default"
    for path in found:
        card = checkpoint.load(path).card
        assert path.stat().st_size <= 8_000_000
        assert card.licence and card.training["data"] and {"T7N", "T4"} <= set(card.measured)
        assert '"/' not in json.dumps(card.to_json()), "the card names a path of one machine"
        assert f"| T4 | {card.measured['T4']['miou']:.3f} |" in path.with_suffix(".md").read_text(encoding="utf-8")
