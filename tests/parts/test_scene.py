import hashlib

import numpy as np
import pytest

from engine import scene
from engine.scene import noise

SIZE = 640


@pytest.fixture(scope="module")
def town():
    return scene.make(SIZE, seed=1)


def test_every_pixel_has_a_class_of_the_legend(town):
    image, labels, legend = town
    assert image.shape == (3, SIZE, SIZE) and image.dtype == np.uint8
    assert labels.shape == (SIZE, SIZE) and labels.dtype == np.uint8
    assert set(np.unique(labels)) == set(legend.ids)


def test_legend_names_the_classes_of_an_orthophoto():
    assert scene.LEGEND.names == ("building", "road", "vegetation", "water", "ground", "car")


def test_the_same_seed_is_the_same_town_and_another_seed_another(town):
    image, labels, _ = town
    again, again_labels, _ = scene.make(SIZE, seed=1)
    other, other_labels, _ = scene.make(SIZE, seed=2)
    assert (again == image).all() and (again_labels == labels).all()
    assert (other_labels != labels).mean() > 0.3 and (other != image).mean() > 0.9


def test_a_pixel_does_not_depend_on_the_window_it_is_painted_in(town):
    image, labels, _ = town
    plan = scene.draw(SIZE, seed=1)
    for row, col, height, width in ((0, 0, 100, 150), (300, 211, 129, 97), (SIZE - 64, SIZE - 70, 64, 70)):
        part, part_labels = scene.paint(plan, row, col, height, width)
        here = (slice(row, row + height), slice(col, col + width))
        assert (part_labels == labels[here]).all()
        assert (part == image[(slice(None), *here)]).all()


@pytest.mark.parametrize("seed", (3, 4))
def test_every_class_is_there_on_two_megapixels(seed):
    labels = scene.make(1448, seed)[1]
    shares = np.bincount(labels.ravel(), minlength=6) / labels.size
    assert shares.min() > 0.002, dict(zip(scene.LEGEND.names, shares, strict=True))
    assert shares.max() < 0.8


def test_streets_curve_and_close():
    plan = scene.draw(1024, seed=0)
    rng = np.random.default_rng(0)
    u, v = rng.uniform(-300, 500, (2, 200))
    x, y = plan.unbend(u, v)
    back_u, back_v = plan.bend(x, y)
    assert np.abs(back_u - u).max() < 1e-3 and np.abs(back_v - v).max() < 1e-3


def test_shadows_fall_away_from_the_sun_and_are_no_class(town):
    """A shadow darkens ground and road; the label below stays what it is."""
    image, labels, _ = town
    roads = image.mean(axis=0)[labels == scene.Class.ROAD]
    assert np.percentile(roads, 1) < 0.65 * np.median(roads)


def test_colour_alone_does_not_tell_the_classes_apart(town):
    """The nearest mean colour must leave work for a network, and still beat chance."""
    image, labels, _ = town
    pixels, truth = image.reshape(3, -1).T[::7].astype(float), labels.ravel()[::7]
    means = np.array([pixels[truth == c].mean(axis=0) for c in scene.LEGEND.ids])
    guess = ((pixels[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert 0.3 < (guess == truth).mean() < 0.8


def test_noise_is_centred_and_of_unit_deviation():
    field = noise.smooth(-50, 10, 600, 600, 4.0, seed=3)
    assert abs(field.mean()) < 0.05 and abs(field.std() - 1) < 0.05
    assert abs(noise.grain(0, 0, 500, 500, seed=3).std() - 1) < 0.02


def test_hash_is_the_same_on_every_machine():
    values = noise.hashed(np.arange(-4, 4)[:, None], np.arange(8)[None], 12345)
    assert hashlib.sha256(values.tobytes()).hexdigest()[:16] == "fe7ff5e91f7b1e63"
