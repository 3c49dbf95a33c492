"""Real files; they stand beside the project and are skipped where they are absent."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.windows import Window as RasterioWindow

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED
from engine.geo import labels, raster, support, writer
from engine.geo.tiles import Window, block_rows

from .conftest import overwrite_block

ROOT = Path(__file__).parents[2]
TRICKY = ROOT.parent / "shared" / "data" / "tricky"
FILES = sorted(TRICKY.iterdir()) if TRICKY.is_dir() else []
REFUSED = {
    "05_corrupt_truncated_tile.tif": "Copy or export it again",
    "08_gcps_only_uint16.tif": "gdalwarp -tps -t_srs EPSG:",
    "08b_gcps_uint8_nodata_ovr.tif": "gdalwarp -tps -t_srs EPSG:",
    "09_RGB.byte.rpc.vrt": "gdalwarp -rpc -t_srs EPSG:",
    "10_RGB.byte.gcp.vrt": "gdalwarp -order 1 -t_srs EPSG:",
    "32_complex_int16_gcps_no_crs.tif": "gdal_translate DERIVED_SUBDATASET:AMPLITUDE:.* && gdalwarp",
    "RGB.byte.tif.aux.xml": "Give a raster that GDAL reads",
}


def test_the_page_says_what_happens_to_each_file(data):
    assert support.table(data / "tricky") == (ROOT / "docs" / "rasters.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_name_and_remedy(data, name):
    with pytest.raises(DataError, match=rf"{name}.*{REFUSED[name]}") as refusal:
        raster.open(data / "tricky" / name)
    assert refusal.value.exit_code == 3


@pytest.mark.parametrize("path", [p for p in FILES if p.name not in REFUSED], ids=lambda p: p.name)
def test_the_output_has_the_grid_and_validity_of_the_input(tmp_path, path):
    with raster.open(path) as image:
        grid = image.geobox
        top = Window(0, 0, min(grid.height, 1024), grid.width)
        with writer.create(tmp_path / "out.tif", grid) as out:
            for window in block_rows(top.height, top.width, 512):
                out.write(window, np.where(image.read(window)[1], np.uint8(0), np.uint8(UNLABELLED)))
    with rasterio.open(path) as source, rasterio.open(tmp_path / "out.tif") as result:
        assert (result.shape, result.transform, result.crs) == (source.shape, source.transform, source.crs)
        place = RasterioWindow(0, 0, top.width, top.height)
        assert ((result.read(1, window=place) == 0) == (source.dataset_mask(window=place) > 0)).all()


@pytest.mark.parametrize("name", ["tricky/01_jpeg_ycbcr_internal_mask_cog.tif", "dubai/T2.tif"])
def test_a_damaged_block_is_refused_and_its_place_said(data, tmp_path, name):
    """Both are JPEG, of which libtiff only warns; every file above is read without a warning."""
    path = tmp_path / "damaged.tif"
    path.write_bytes((data / name).read_bytes())
    overwrite_block(path, 1, 1)
    with raster.open(path) as image, pytest.raises(DataError, match=r"damaged\.tif: rows 512 to .*copy or export it again"):
        image.read(Window(0, 0, 512, 512))
        image.read(Window(512, 512, 512, 512))


def test_dubai_labels_lie_on_their_images(data):
    with (
        raster.open(data / "dubai" / "T2.tif") as image,
        labels.open_labels(data / "dubai" / "T2_labels.tif", image.geobox) as truth,
    ):
        assert truth.legend.ids == (0, 1, 2, 3, 4)
        assert truth.legend.classes[0].color == "#3c1098"
        assert image.read(Window(0, 0, 64, 64))[1].all()
        assert truth.counts.sum() == image.geobox.height * image.geobox.width
        assert image.geobox.gsd_m == pytest.approx(0.8, rel=1e-3)


def test_plain_photographs_have_labels_without_a_place(data):
    folder = data / "dronedeploy"
    with (
        raster.open(folder / "images" / "000.jpg") as image,
        labels.open_labels(folder / "labels" / "000.png", image.geobox) as truth,
    ):
        assert image.geobox.crs_wkt == "" and image.bands == ("red", "green", "blue")
        assert set(truth.legend.ids) <= {0, 1, 2, 3, 4, 5}


def test_buildings_in_degrees_label_an_image_in_mercator_metres(data, tmp_path):
    buildings = gpd.read_file(data / "kampala" / "buildings.geojson").assign(kind="building")
    buildings.to_file(tmp_path / "buildings.gpkg")
    with (
        raster.open(data / "kampala" / "block1.tif") as image,
        labels.open_labels(tmp_path / "buildings.gpkg", image.geobox, class_field="kind") as truth,
    ):
        share = labels.count_ids(truth)[0] / (image.geobox.height * image.geobox.width)
        assert 0.1 < share < 0.6
        with pytest.raises(DataError, match=r"osm_id holds the number .*Choose the field"):
            labels.open_labels(data / "kampala" / "buildings.geojson", image.geobox, class_field="osm_id")


def test_classes_written_as_text_numbers_are_ids_and_255_is_unlabelled(data):
    folder = data / "new_brunswick"
    with (
        raster.open(folder / "23322E759967N_clipped_1m_1of2.tif") as image,
        labels.open_labels(folder / "BakerLake_2017_clipped.gpkg", image.geobox, class_field="Quatreclasses") as truth,
    ):
        assert truth.legend.ids == (1, 2, 3, 4)
        assert (labels.count_ids(truth)[1:5] > 0).all()


def test_the_mask_inside_a_mosaic_is_its_validity(data):
    with raster.open(data / "kathmandu" / "kathmandu.tif") as image:
        window = Window(2000, 0, 512, image.geobox.width)
        valid = image.read(window)[1]
        with rasterio.open(image.path) as source:
            mask = source.dataset_mask(window=RasterioWindow(0, 2000, image.geobox.width, 512))
        assert (valid == (mask > 0)).all() and not valid.all()
        assert image.geobox.gsd_m == pytest.approx(0.066, rel=0.01)
