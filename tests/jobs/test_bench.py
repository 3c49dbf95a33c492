"""The speed measurement names every stage and three shares of the limit."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from rasterio.transform import from_origin

import models
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.specs.bench import BenchSpec
from engine.jobs import bench
from models import checkpoint
from models.card import Card


@pytest.fixture
def asked(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEWISE_CACHE", str(tmp_path))
    torch.set_num_threads(1)
    with rasterio.open(
        tmp_path / "ortho.tif", "w", driver="GTiff", count=3, height=96, width=64, dtype="uint8", crs="EPSG:25833",
        transform=from_origin(400_000, 5_800_000, 0.2, 0.2), photometric="RGB",
    ) as dataset:  # fmt: skip
        dataset.write(np.random.default_rng(0).integers(1, 255, (3, 96, 64), dtype=np.uint8))
    card = Card(
        "unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", None,
        Legend.from_names(["road", "water"]), halo_px=128, tile_px=512, grade="exact",
    )  # fmt: skip
    checkpoint.save(tmp_path / "model.safetensors", models.build("unet_mobilenet_v2_thin", 3, 2).eval(), card)
    return {n: str(tmp_path / v) for n, v in (("image", "ortho.tif"), ("model", "model.safetensors"), ("output", "speed.json"))}


def test_every_stage_and_every_efficiency_has_a_figure(asked, monkeypatch):
    monkeypatch.setattr(bench.limits, "_PEAK_SIDE", {"cpu": 64})
    events = []
    part = {"extent": "0,5799987.2,400006.4,6e6", "bands": "3 2 1"}
    spec = BenchSpec.from_dict({**asked, **part, "repeats": 1, "runtime": "torch", "precision": "fp32"})
    summary = bench.run(spec, Reporter(events.append))
    assert all(summary[key][stage] > 0 for key in ("mpx_per_s", "seconds") for stage in ("decode", "model", "encode", "whole"))
    assert set(summary["efficiency"]) == {"pipeline", "overlap", "model"} and summary["efficiency"]["overlap"] == 1.0
    assert summary["pixels"] == 64 * 32
    assert json.loads(Path(asked["output"]).read_text(encoding="utf-8")) == summary
    assert [e["text"].split()[0] for e in events if e["event"] == "message"][-8:-3] == [
        "stage", "decode", "model", "encode", "whole",
    ]  # fmt: skip
