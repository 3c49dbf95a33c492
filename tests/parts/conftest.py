from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import models
from engine.contract.legend import Legend
from models.card import Card


@pytest.fixture
def card():
    """Make a card; keyword arguments replace its fields."""

    def make(**fields) -> Card:
        usual = {
            "network": "unet_mobilenet_v2_thin",
            "bands": ("red", "green", "blue"),
            "scaling": ((10.0, 50.0), (20.0, 60.0), (30.0, 70.0)),
            "dtype": "uint8",
            "gsd_m": (0.2, 0.4),
            "legend": Legend.from_names(["ground", "building", "road", "water"]),
            "halo_px": 32,
            "tile_px": 256,
            "grade": "exact",
            "training": {"iterations": 3, "spec": {"seed": 1}},
            "measured": {"miou": 0.5},
            "licence": "CC-BY-4.0",
            "edgewise": "0.1.0",
        }
        return Card(**{**usual, **fields})

    return make


@pytest.fixture(scope="session")
def network():
    """Make a network whose batch normalizations have seen data, so that its outputs have the size of trained ones."""

    def make(name: str, bands: int = 3, classes: int = 4, seed: int = 0):
        torch.manual_seed(seed)
        made = models.build(name, bands, classes)
        norms = [m for m in made.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        for norm in norms:
            norm.momentum = None
            torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
            torch.nn.init.uniform_(norm.bias, -0.3, 0.3)
        with torch.no_grad():
            made.train()(torch.randn(4, bands, 64, 64))
        for norm in norms:
            norm.momentum = 0.1
        return made.eval()

    return make


@pytest.fixture
def raster():
    """Make what a model asks of an open raster; keyword arguments replace its attributes."""

    def make(gsd_m: float = 0.3, bands=("red", "green", "blue"), dtype: str = "uint8", unit_m: float = 1.0):
        step = gsd_m / unit_m
        transform = SimpleNamespace(a=step, b=0.0, d=0.0, e=-step)
        return SimpleNamespace(
            path="/data/my scene.tif", bands=tuple(bands), count=len(bands), dtype=np.dtype(dtype),
            geobox=SimpleNamespace(gsd_m=gsd_m, transform=transform),
        )  # fmt: skip

    return make
