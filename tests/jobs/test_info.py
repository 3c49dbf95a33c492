from __future__ import annotations

import subprocess
import sys

import pytest

import models
from engine.contract.errors import ModelError
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.specs.info import InfoSpec
from engine.jobs import info
from models import checkpoint
from models.card import Card


@pytest.fixture
def model_path(tmp_path):
    card = Card(
        network="unet_mobilenet_v2_thin", bands=("red",), scaling=((1.5, 2.0),), dtype="uint16", gsd_m=(0.2, 0.4),
        legend=Legend.from_names(["ground", "building"]), halo_px=32, tile_px=256, grade="exact",
        measured={
            "validation": {"miou": 0.51234, "iou": {}}, "T4": {"miou": 0.25},
            "seam": {"0": 0.029, "128": 1.6e-4}, "runtimes": {"openvino bf16": 1e-3},
        },
        training={"iterations": 3, "spec": {"seed": 1}}, licence="CC-BY-4.0",
    )  # fmt: skip
    checkpoint.save(tmp_path / "m.safetensors", models.build(card.network, 1, 2), card)
    return tmp_path / "m.safetensors"


def test_info_says_the_card_in_words_and_returns_it(model_path):
    events = []
    summary = info.run(InfoSpec(model=str(model_path)), Reporter(events.append))
    text = events[0]["text"]
    for words in (
        "red, (value - 1.5) / 2",
        "0.2 to 0.4 m",
        "0 ground, 1 building",
        "T4: miou 0.25; validation: miou 0.5123",
        "iterations 3",
        "CC-BY-4.0",
        "0 px 2.9 %, 128 px 0.016 %",
        "openvino bf16 0.1 %",
    ):
        assert words in text
    assert summary == checkpoint.read_card(model_path).to_json()


def test_info_does_not_import_torch(model_path):
    code = (
        "import sys; from engine.jobs import info; from engine.contract.specs.info import InfoSpec; "
        "from engine.contract.events import Reporter; "
        f"info.run(InfoSpec(model={str(model_path)!r}), Reporter(lambda e: None)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_info_refuses_a_file_that_is_no_model(tmp_path):
    (tmp_path / "m.safetensors").write_text("hello, this is text")
    with pytest.raises(ModelError, match="a text file"):
        info.run(InfoSpec(model=str(tmp_path / "m.safetensors")), Reporter(lambda e: None))
