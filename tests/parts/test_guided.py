"""The guided filter: its formula, and what it does to borders."""

import numpy as np
import pytest
import torch

from engine.contract.errors import SpecError
from engine.contract.specs.segment import SegmentSpec
from engine.inference import guided


@pytest.fixture
def scene():
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    probs = rng.dirichlet(np.ones(3), (20, 23)).transpose(2, 0, 1).astype(np.float32)
    valid = (rng.random((20, 23)) > 0.2).astype(np.float32)
    return probs, rng.normal(size=(20, 23)).astype(np.float32), valid


def smoothed(probs, guide, valid):
    tensors = (torch.from_numpy(a) for a in (probs[None], guide[None, None], valid[None, None]))
    return guided.smoothed(*tensors)[0].numpy()


def test_it_is_the_published_formula_over_the_pixels_with_data(scene):
    probs, guide, valid = (a.astype(float) for a in scene)
    height, width = guide.shape
    r = guided.RADIUS_PX
    windows = {
        (y, x): (slice(max(0, y - r), y + r + 1), slice(max(0, x - r), x + r + 1)) for y in range(height) for x in range(width)
    }

    def mean(values):
        return np.array([[(values * valid)[windows[y, x]].sum() / valid[windows[y, x]].sum() for x in range(width)]
                         for y in range(height)])  # fmt: skip

    for p, found in zip(probs, smoothed(*scene), strict=True):
        a = (mean(guide * p) - mean(guide) * mean(p)) / (mean(guide**2) - mean(guide) ** 2 + guided.EPSILON)
        expected = mean(a) * guide + mean(mean(p) - a * mean(guide))
        np.testing.assert_allclose(found, expected.clip(0, 1), atol=2e-5)


def test_probabilities_that_agree_stay_as_they_are(scene):
    _, guide, valid = scene
    found = smoothed(np.full((2, *guide.shape), [[[0.3]], [[0.7]]], np.float32), guide, valid)
    np.testing.assert_allclose(found[0], 0.3, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=0), 1.0, atol=1e-5)


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_border_moves_to_where_the_image_has_it(shift):
    columns = np.arange(40)
    guide = np.broadcast_to(np.where(columns < 20, -1.0, 1.0), (30, 40)).astype(np.float32)
    left = np.broadcast_to(np.where(columns < 20 + shift, 0.8, 0.2), (30, 40)).astype(np.float32)
    found = smoothed(np.stack([left, 1 - left]), guide, np.ones((30, 40), np.float32)).argmax(axis=0)
    assert (found == (columns >= 20)).all()


def test_a_pixel_sees_no_further_than_said(scene):
    probs, guide, valid = (np.tile(a, (2, 2)) for a in scene)
    other = guide.copy()
    other[0, 0] += 5
    differs = (smoothed(probs, guide, valid) != smoothed(probs, other, valid)).any(axis=0)
    assert differs.any() and not differs[guided.REACH_PX + 1 :].any() and not differs[:, guided.REACH_PX + 1 :].any()


def test_half_the_bits_are_refused():
    spec = SegmentSpec(image=("a.tif",), model="m.safetensors", output="c.tif", refine="guided", precision="bf16")
    with pytest.raises(SpecError, match="Use --precision auto"):
        spec.check()
