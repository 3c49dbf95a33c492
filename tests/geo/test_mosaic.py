"""Adjoining files read as the one raster they were cut from, whatever window is asked for and however many they are."""

import gzip
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from engine.contract.errors import DataError
from engine.geo import mosaic, raster
from engine.geo.tiles import Window

from .conftest import NORTH_UP

CUTS = ((0, 40), (40, 70), (70, 96))


@pytest.fixture
def scene():
    return np.random.default_rng(0).integers(1, 256, (3, 96, 96), dtype=np.uint8)


@pytest.fixture
def cut(ortho, scene):
    """Write the part of the scene in rows and columns as a file: `cut((0, 40), (40, 70))`."""

    def make(rows, cols, name=None, shift_px=0.0, array=None, **profile):
        part = scene[:, slice(*rows), slice(*cols)] if array is None else array
        place = NORTH_UP @ Affine.translation(cols[0] + shift_px, rows[0])
        name = name or f"tile_{rows[0]:02d}_{cols[0]:02d}.tif"
        return str(ortho(part, name, **{"transform": place, "photometric": "RGB", **profile}))

    return make


def test_files_cut_from_one_raster_read_as_it(cut, ortho, scene, tmp_path):
    files = [cut(rows, cols) for rows in CUTS for cols in CUTS]
    whole = raster.open(ortho(scene, "whole.tif", photometric="RGB"))
    for paths in (files, str(tmp_path), files[::-1]):
        if paths == str(tmp_path):  # the folder, without the whole
            os.rename(tmp_path / "whole.tif", tmp_path / "whole.vrt.keep")
            (tmp_path / "notes.txt").write_text("no raster")
            (tmp_path / "scene.vrt").write_text("a VRT of the same tiles would be them twice")
        with mosaic.open(paths) as one:
            assert one.geobox.matches(whole.geobox)
            assert (one.bands, one.dtype) == (whole.bands, whole.dtype)
            for window in (Window(0, 0, 96, 96), Window(35, 35, 40, 40), Window(-5, 60, 120, 50), Window(200, 0, 4, 4)):
                for found, expected in zip(one.read(window), whole.read(window), strict=True):
                    assert (found == expected).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(-10, 100), st.integers(-10, 100), st.integers(1, 60), st.integers(1, 60))
def test_a_window_does_not_depend_on_where_files_end(tmp_path_factory, row, col, height, width):
    folder = tmp_path_factory.getbasetemp() / "windows"
    scene = np.random.default_rng(0).integers(1, 256, (1, 96, 96), dtype=np.uint8)
    if not folder.exists():
        folder.mkdir()
        for rows in CUTS:
            for cols in CUTS:
                part = scene[:, slice(*rows), slice(*cols)]
                with rasterio.open(
                    folder / f"{rows[0]}_{cols[0]}.tif", "w", driver="GTiff", count=1, height=part.shape[1],
                    width=part.shape[2], dtype="uint8", crs="EPSG:32640",
                    transform=NORTH_UP @ Affine.translation(cols[0], rows[0]),
                ) as file:  # fmt: skip
                    file.write(part)
    with mosaic.open(str(folder)) as one:
        data, valid = one.read(Window(row, col, height, width))
    padded = np.pad(scene[0], 100)[row + 100 : row + 100 + height, col + 100 : col + 100 + width]
    assert (data[0] == padded).all() and (valid == (padded > 0)).all()


def test_ground_without_a_file_and_pixels_without_data_are_not_valid(cut, scene):
    holed = scene[:, :40, :40].copy()
    holed[:, 5, 5] = 0
    files = [cut((0, 40), (0, 40), array=holed, nodata=0), cut((40, 70), (40, 70))]
    with mosaic.open(files) as one:
        data, valid = one.read(one.geobox.frame)
    expected = np.zeros((70, 70), bool)
    expected[:40, :40] = expected[40:, 40:] = True
    expected[5, 5] = False
    assert (valid == expected).all() and not data[:, ~valid].any()


def test_where_files_overlap_the_later_one_is_on_top_unless_it_is_empty_there(cut):
    low, high = (np.full((3, 20, 20), value, np.uint8) for value in (10, 20))
    high[:, :, :5] = 0
    below, above = cut((0, 20), (0, 20), array=low), cut((0, 20), (10, 30), array=high, nodata=0)
    with mosaic.open([below, above]) as one:
        assert one.read(Window(3, 0, 1, 30))[0][0, 0].tolist() == [10] * 15 + [20] * 15
    with mosaic.open([above, below]) as one:
        assert one.read(Window(3, 0, 1, 30))[0][0, 0].tolist() == [10] * 20 + [20] * 10


def test_few_of_many_files_are_open_at_once(cut, monkeypatch):
    monkeypatch.setattr(mosaic, "MAX_OPEN", 4)
    files = [cut((0, 8), (8 * i, 8 * i + 8)) for i in range(12)]

    def held():
        links = (
            os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")
        )
        return sum(".tif" in link for link in links)

    with mosaic.open(files) as one:
        valid = one.read(one.geobox.frame)[1]
        assert valid.all() and one.geobox.width == 96
        assert 0 < held() <= 4
        one.fingerprint()
        assert held() <= 4
    assert held() == 0


def test_the_fingerprint_knows_files_their_order_and_their_content(cut, scene):
    files = [cut((0, 40), (0, 40)), cut((0, 40), (40, 70))]

    def fingerprint(paths):
        with mosaic.open(paths) as one:
            return one.fingerprint()

    before = fingerprint(files)
    assert fingerprint(files) == before != fingerprint(files[::-1])
    cut((0, 40), (40, 70), array=255 - scene[:, :40, 40:70])
    assert fingerprint(files) != before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shift_px": 0.3}, r"off the grid of .* by 0\.3 of its pixels.*gdalwarp -t_srs EPSG:32640 -te .*tile_00_40\.tif"),
        ({"crs": CRS.from_epsg(32639)}, r"zone 39N \(EPSG:32639\).*zone 40N \(EPSG:32640\).*gdalwarp -t_srs EPSG:32640"),
        ({"transform": NORTH_UP @ Affine.translation(40, 0) @ Affine.scale(2)}, r"off the grid.*gdalwarp .*-ts 60 80 "),
        ({"array": np.ones((4, 40, 30), np.uint8)}, r"has the bands red, green, blue, band 4; .*gdal_translate -b 1 -b 2 -b 3"),
        ({"array": np.ones((3, 40, 30), np.uint16)}, r"type uint16, .* of uint8.*gdal_translate -ot Byte"),
        ({"crs": None, "transform": Affine.identity()}, r"tile_00_40\.tif has no georeference.*segment it alone"),
    ],
)
def test_a_file_that_does_not_belong_is_refused_with_the_line_to_type(cut, change, words):
    first, other = cut((0, 40), (0, 40)), cut((0, 40), (40, 70), **change)
    with pytest.raises(DataError, match=words):
        mosaic.open([first, other])


def test_a_file_with_its_bands_in_another_order_is_refused_with_the_line_that_puts_them_right(cut):
    first, other = cut((0, 40), (0, 40)), cut((0, 40), (40, 70), photometric="MINISBLACK")
    with rasterio.open(other, "r+") as file:
        file.descriptions = ("blue", "green", "red")
    with pytest.raises(DataError, match=r"bands blue, green, red; .* has red, green, blue.*gdal_translate -b 3 -b 2 -b 1"):
        mosaic.open([first, other])


def test_each_file_is_judged_by_its_own_nodata_across_a_gap(cut):
    values = np.array([[[0, 7, 255]]], np.uint8).repeat(3, axis=0).repeat(4, axis=1)  # (3, 4, 3)
    files = [
        cut((0, 4), (0, 3), array=values, nodata=0),
        cut((0, 4), (5, 8), array=values, nodata=255),
        cut((0, 4), (8, 11), array=values),
    ]
    with mosaic.open(files) as one:
        data, valid = one.read(one.geobox.frame)
    assert valid[0].tolist() == [False, True, True, False, False, True, True, False, True, True, True]
    assert data[0, 0].tolist() == [0, 7, 255, 0, 0, 0, 7, 0, 0, 7, 255]


def test_a_folder_without_rasters_is_refused(cut, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "scene.vrt").write_text("not taken")
    for paths in (str(empty), [cut((0, 40), (0, 40)), str(empty)]):
        with pytest.raises(DataError, match=r"empty is a folder, and no raster lies in it\. Name the files.*VRTs are not read"):
            mosaic.open(paths)


def test_compressed_files_and_archives_adjoin_files(cut, scene, tmp_path):
    left, middle, right = (cut((0, 40), cols) for cols in CUTS)
    Path(f"{left}.gz").write_bytes(gzip.compress(Path(left).read_bytes()))
    with zipfile.ZipFile(tmp_path / "tiles.zip", "w") as archive:
        archive.write(middle, "inside/middle.tif")
    with mosaic.open([f"/vsigzip/{left}.gz", f"/vsizip/{tmp_path}/tiles.zip/inside/middle.tif", right]) as one:
        data, valid = one.read(one.geobox.frame)
    assert valid.all() and (data == scene[:, :40]).all()


def test_a_thousandth_of_a_pixel_is_no_gap(cut):
    with mosaic.open([cut((0, 40), (0, 40)), cut((0, 40), (40, 70), shift_px=9e-4)]) as one:
        assert one.read(one.geobox.frame)[1].all()


def test_a_missing_file_is_named(cut, tmp_path):
    with pytest.raises(DataError, match=r"gone\.tif does not exist\. Check the path"):
        mosaic.open([cut((0, 40), (0, 40)), str(tmp_path / "gone.tif")])
