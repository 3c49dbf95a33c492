"""What is kept of teachers' answers says what they said, and lies on a chip where the labels do."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.events import Reporter
from engine.geo.tiles import tiles
from engine.losses import DISAGREEMENT, NO_DATA
from engine.training import augment, chips, survey, taught
from engine.training.objective import together
from engine.training.scene import Reader

CPU = torch.device("cpu")


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(2, 8), st.integers(0, 2**32))
def test_what_is_kept_is_what_was_said(teachers, classes, seed):
    logits = 3 * torch.randn(teachers, classes, 5, 7, generator=torch.Generator().manual_seed(seed % 2**31))
    probs = logits.softmax(dim=1)
    mean, apart = together(probs[:, None])
    found = taught.said(torch.from_numpy(taught.stored(probs))[None])
    assert found.logits.shape == (1, classes, 5, 7)
    assert torch.allclose(found.logits.exp(), mean, atol=0.005)
    assert torch.allclose(found.features[DISAGREEMENT], apart[None], atol=0.01)


@pytest.fixture
def scene(tmp_path):
    """Return a surveyed orthophoto with labels in cells of 24 px, and a place for what is kept."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, (15, 20), np.uint8).repeat(24, 0).repeat(24, 1)
    place = {"crs": "EPSG:32640", "transform": Affine(0.5, 0, 330_000, 0, -0.5, 2_790_000)}
    for name, array in (("a", rng.integers(1, 255, (3, *labels.shape), np.uint8)), ("a_labels", labels[None])):
        with rasterio.open(
            tmp_path / f"{name}.tif", "w", driver="GTiff", count=len(array), height=360, width=480, dtype="uint8", **place
        ) as file:
            file.write(array)
    pairs = [(str(tmp_path / "a.tif"), str(tmp_path / "a_labels.tif"))]
    return survey.survey(pairs, [], "", None, Reporter(lambda event: None))[0], labels


def one_hot(labels, asked):
    """Return a teacher that knows the labels, tile by tile, and counts how often it is asked."""

    def ask(path):
        asked.append(path)
        for window in (t.core for t in tiles(*labels.shape, 200, 0)):
            known = np.eye(4, dtype=np.float32)[labels[window.slices]].transpose(2, 0, 1)
            yield window, torch.from_numpy(np.stack([known]))

    return ask


def test_on_every_chip_it_lies_where_the_labels_do(scene, tmp_path):
    ground, labels = scene
    asked = []
    teacher = SimpleNamespace(model=SimpleNamespace(card=SimpleNamespace(hash="h")), channels=(0, 1, 2, 3))
    for _ in range(2):  # the second time it is there
        kept = taught.keep(
            tmp_path / "taught", [ground.scenes[0].image], [teacher], ground.legend.names, one_hot(labels, asked)
        )
    assert len(asked) == 1
    scenes = [dataclasses.replace(ground.scenes[0], taught=kept[0])]
    places = chips.Ground(ground.counts, [None])
    with Reader(scenes) as reader:
        source = chips.Source(reader, [(360, 480)], places, chips.Style(64, 0.5, True, True), 4, 0, 0)
        for step in range(5):
            batch = source.read(step)
            _, valid, found = augment.apply(batch, 64, ((128.0, 60.0),) * 3, CPU)
            said = augment.taught(batch, 64, CPU)
            assert said.logits.shape == (4, 4, 64, 64)
            is_known = valid & (found != NO_DATA)
            agree = (said.logits.argmax(dim=1) == found)[is_known].float().mean()
            assert agree > 0.99  # at the border of two cells the nearest pixel and the mean of four may differ
