from __future__ import annotations

import math

import pytest
import torch

from engine.contract.errors import ModelError
from models.model import Model


@pytest.fixture
def model(card):
    def make(**fields):
        return Model(torch.nn.Identity(), card(**fields))

    return make


def test_normalizing_takes_each_band_by_its_scaling_and_gaps_become_zero(model):
    values = torch.tensor([60, 80, 100], dtype=torch.uint8)[:, None, None].expand(3, 2, 2)
    valid = torch.tensor([[True, True], [True, False]])
    normalized = model().normalize(values, valid)  # (3, 2, 2)
    assert normalized.dtype == torch.float32
    assert torch.equal(normalized, torch.where(valid, 1.0, 0.0).expand(3, 2, 2))
    batch = model().normalize(values[None], valid[None])
    assert torch.equal(batch[0], normalized)


def test_gaps_of_nan_become_zero(model):
    values = torch.full((3, 1, 1), float("nan"))
    assert model().normalize(values, torch.zeros(1, 1, dtype=torch.bool)).eq(0).all()


@pytest.mark.parametrize("gsd_m", [0.2, 0.3, 0.4, 0.191, 0.419])
def test_rasters_like_the_training_ones_are_accepted_without_a_word(model, raster, gsd_m):
    assert model().accept(raster(gsd_m)) == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"bands": ("red", "green")}, "has 2 bands; the model takes 3 bands .*a model for 2 bands.*gdalbuildvrt -separate"),
        (
            {"bands": ("red", "green", "blue", "nir")},
            r"gdal_translate -b 1 -b 2 -b 3 '/data/my scene.tif' 'my scene_bands.tif'",
        ),
        ({"bands": ("nir", "red", "green", "blue")}, "gdal_translate -b 2 -b 3 -b 4"),
        ({"bands": ("Band 1", "Band 2", "Band 3", "Band 4")}, "gdal_translate -b 1 -b 2 -b 3"),
        ({"bands": ("blue", "green", "red")}, "in the order blue, green, red.*gdal_translate -b 3 -b 2 -b 1"),
        ({"dtype": "uint16"}, "values are uint16; .* trained on uint8.*gdal_translate -ot Byte"),
        ({"gsd_m": 0.1}, r"0.1 m; .* 0.2 to 0.4 m.*gdalwarp -tr 0.282843 0.282843 -r average"),
        ({"gsd_m": 1.0}, "gdalwarp -tr 0.282843 0.282843 -r bilinear"),
        ({"gsd_m": 1.0, "unit_m": 111_320.0}, r"gdalwarp -tr 2\.54081e-06 2\.54081e-06"),
    ],
)
def test_a_raster_that_does_not_fit_is_refused_with_the_line_to_type(model, raster, fields, words):
    with pytest.raises(ModelError, match=words):
        model().accept(raster(**fields))


def test_other_band_names_are_a_warning_and_missing_names_are_not(model, raster):
    (warning,) = model().accept(raster(bands=("nir", "red", "green")))
    assert "Check that they mean the same" in warning
    assert model().accept(raster(bands=("Band 1", "Band 2", "Band 3"))) == ()
    assert model(bands=("gray", "undefined", "undefined")).accept(raster()) == ()


def test_an_unknown_pixel_size_is_a_warning(model, raster):
    (warning,) = model().accept(raster(math.nan))
    assert "Check that they are of that size" in warning
    assert model(gsd_m=None).accept(raster(5.0)) == ()
