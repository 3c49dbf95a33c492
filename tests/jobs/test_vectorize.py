"""The job, from class rasters to layers that other programs open."""

import json
import sqlite3
import sys

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
import rasterio
import rasterio.features
import shapely
from affine import Affine

from engine.contract.errors import DataError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.vectorize import VectorizeSpec
from engine.geo import writer
from engine.geo.geobox import GeoBox
from engine.jobs import vectorize
from engine.run import main

LEGEND = Legend.from_names({0: "land", 1: "water", 4: "building"})
UTM = rasterio.CRS.from_epsg(32640)
TRANSFORM = Affine(0.5, 0, 330_000, 0, -0.5, 2_790_000)


@pytest.fixture
def map_file(tmp_path):
    """Write a class raster: `map_file(ids)`."""

    def make(ids, name="map.tif", legend=LEGEND, crs=UTM, transform=TRANSFORM, **more):
        geobox = GeoBox(crs.to_wkt() if crs else "", transform, *ids.shape)
        with writer.create(tmp_path / name, geobox, legend=legend, dtype=str(ids.dtype), **more) as out:
            out.write(geobox.frame, ids)
        return str(tmp_path / name)

    return make


@pytest.fixture
def town():
    """Class ids (90, 120): land with a pond, two buildings, specks and a corner without data."""
    ids = np.zeros((90, 120), np.uint8)
    rows, cols = np.mgrid[:90, :120]
    ids[(rows - 45) ** 2 + (cols - 90) ** 2 < 400] = 1
    ids[10:30, 15:45] = 4
    ids[60:75, 20:50] = 4
    ids[40:42, 10:12] = ids[5, 100] = 1
    ids[80:, 100:] = UNLABELLED
    return ids


def read(path):
    return pyogrio.read_dataframe(path, layer=path.stem)


def run(report=None, **values):
    return vectorize.run(VectorizeSpec.from_dict(values), report or Reporter(lambda event: None))


def test_polygons_carry_class_size_confidence_and_style(tmp_path, map_file, town):
    percent = np.where(town == 4, 90, 60).astype(np.uint8)
    percent[town == UNLABELLED] = UNLABELLED
    output = tmp_path / "polygons.gpkg"
    events = []
    summary = run(
        Reporter(events.append), map=map_file(town), confidence=map_file(percent, "c.tif", None), output=str(output), tile=64
    )
    frame = read(output)
    assert list(frame.columns) == ["class_id", "name", "area_m2", "perimeter_m", "confidence", "geometry"]
    assert len(frame) == summary["polygons"] == 6
    assert summary["by_class"] == {"land": 1, "water": 3, "building": 2}
    houses = frame[frame.name == "building"]
    assert houses.class_id.tolist() == [4, 4] and houses.confidence.tolist() == [90, 90]
    assert sorted(houses.area_m2) == pytest.approx([112.5, 150], rel=0.01)
    assert sorted(houses.perimeter_m) == pytest.approx([45, 50], rel=0.01)
    assert (frame[frame.name != "building"].confidence == 60).all()
    back = np.full(town.shape, UNLABELLED, np.uint8)
    rasterio.features.rasterize(zip(frame.geometry, frame.class_id, strict=True), out=back, transform=TRANSFORM)
    assert (back == town).all()
    with sqlite3.connect(output) as database:
        [(style,)] = database.execute("select styleQML from layer_styles").fetchall()
        assert database.execute("select count(*) from gpkg_extensions where extension_name = 'gpkg_rtree_index'").fetchone()[0]
    assert "building" in style
    assert ("artifact", "polygons") in {(e["event"], e.get("role")) for e in events}
    assert not list(tmp_path.glob("*.part*"))


def test_small_areas_go_and_borders_stay_shared(tmp_path, map_file, town):
    output = tmp_path / "polygons.gpkg"
    summary = run(map=map_file(town), output=str(output), minimum_area=2, tolerance=0.6, smooth=True, tile=64)
    frame = read(output)
    assert summary["by_class"] == {"land": 1, "water": 1, "building": 2}
    assert shapely.coverage_is_valid(frame.geometry.to_numpy())
    assert 0 < summary["changed_share"] <= 0.02
    assert summary["below_minimum"] == 0


def test_areas_that_simplification_makes_smaller_than_the_minimum_are_said(tmp_path, map_file):
    ids, events = np.zeros((60, 60), np.uint8), []
    ids[20:24, 20:24] = ids[40:44, 40:50] = 1
    summary = run(
        Reporter(events.append), map=map_file(ids), output=str(tmp_path / "p.gpkg"), minimum_area=3.9, smooth=True,
        tolerated_share=1,
    )  # fmt: skip
    small = int((read(tmp_path / "p.gpkg").area_m2 < 3.9).sum())
    assert summary["below_minimum"] == small == 1
    assert any("1 polygon is a little smaller than the minimum area" in e.get("text", "") for e in events)


@pytest.mark.parametrize("suffix", ["fgb", "geojson", "gpkg"])
def test_the_suffix_decides_the_format(tmp_path, map_file, town, suffix):
    output = tmp_path / f"polygons.{suffix}"
    run(map=map_file(town), output=str(output))
    frame = read(output)
    assert len(frame) == 6 and set(frame.name) == {"land", "water", "building"}
    if suffix == "geojson":
        assert frame.crs.to_epsg() == 4326
        assert frame.total_bounds == pytest.approx([55.31, 25.21, 55.32, 25.22], abs=0.1)
    else:
        assert frame.crs.to_epsg() == 32640
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("map")) == [output.name]


def test_geoparquet_is_what_geopandas_reads(tmp_path, map_file, town):
    output = tmp_path / "polygons.parquet"
    summary = run(map=map_file(town), output=str(output))
    frame = gpd.read_parquet(output)
    assert len(frame) == summary["polygons"] == 6 and frame.crs.to_epsg() == 32640
    assert list(frame.columns) == ["class_id", "name", "area_m2", "perimeter_m", "geometry"]
    back = np.full(town.shape, UNLABELLED, np.uint8)
    rasterio.features.rasterize(zip(frame.geometry, frame.class_id, strict=True), out=back, transform=TRANSFORM)
    assert (back == town).all()
    head = json.loads(pq.read_schema(output).metadata[b"geo"])
    assert head["columns"][head["primary_column"]]["geometry_types"] == ["Polygon"] and head["version"] == "1.0.0"
    empty = np.full((20, 30), UNLABELLED, np.uint8)
    run(map=map_file(empty, "empty.tif"), output=str(output))
    assert len(gpd.read_parquet(output)) == 0
    assert not list(tmp_path.glob("*.part*"))


def test_geoparquet_without_its_package_is_refused_with_the_remedy(tmp_path, map_file, town, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"needs the Python package pyarrow.*pip install pyarrow"):
        run(map=map_file(town), output=str(tmp_path / "polygons.parquet"))
    assert not list(tmp_path.glob("polygons*"))


def test_a_map_without_a_class_gives_an_empty_layer_with_its_fields(tmp_path, map_file):
    output = tmp_path / "polygons.gpkg"
    empty = np.full((20, 30), UNLABELLED, np.uint8)
    assert run(map=map_file(empty), output=str(output), minimum_area=3, tolerance=1)["polygons"] == 0
    info = pyogrio.read_info(output, layer="polygons")
    assert info["features"] == 0 and list(info["fields"]) == ["class_id", "name", "area_m2", "perimeter_m"]


def test_a_map_without_a_class_is_said(tmp_path, map_file):
    events = []
    empty = map_file(np.full((20, 30), UNLABELLED, np.uint8))
    run(Reporter(events.append), map=empty, output=str(tmp_path / "polygons.gpkg"))
    assert any("no pixel with a class" in e.get("text", "") for e in events)


def test_confidence_as_shares_is_confidence_in_percent(tmp_path, map_file, town):
    for name, values in (("percent", np.full(town.shape, 70, np.uint8)), ("share", np.full(town.shape, 0.7, np.float32))):
        confidence = map_file(values, f"{name}.tif", None)
        run(map=map_file(town), confidence=confidence, output=str(tmp_path / f"{name}.gpkg"))
        assert (read(tmp_path / f"{name}.gpkg").confidence == 70).all()


def test_a_legend_file_renames_the_classes(tmp_path, map_file, town):
    legend = tmp_path / "legend.json"
    legend.write_text('[{"id": 0, "name": "Land"}, {"id": 1, "name": "Wasser"}, {"id": 4, "name": "Haus"}]')
    run(map=map_file(town), legend=str(legend), output=str(tmp_path / "p.gpkg"))
    assert set(read(tmp_path / "p.gpkg").name) == {"Land", "Wasser", "Haus"}
    legend.write_text("{")
    with pytest.raises(DataError, match=r"is no legend.*Write it as"):
        run(map=map_file(town), legend=str(legend), output=str(tmp_path / "p.gpkg"))


def test_a_map_of_signed_bytes_gives_the_same_polygons(tmp_path, map_file, town):
    for name, dtype in (("bytes", np.uint8), ("signed", np.int8)):
        run(map=map_file(town[:80].astype(dtype), f"{name}.tif", None, nodata=7), output=str(tmp_path / f"{name}.gpkg"))
    plain, signed = (read(tmp_path / f"{name}.gpkg") for name in ("bytes", "signed"))
    assert signed.area.tolist() == plain.area.tolist() and len(plain)


def test_other_inputs_are_refused_with_the_remedy(tmp_path, map_file, town):
    output = str(tmp_path / "p.gpkg")
    plain = map_file(town)
    with pytest.raises(DataError, match=r"has 2 bands, a class raster has one.*gdal_translate -b 1"):
        run(map=two_bands(tmp_path, town), output=output)
    with pytest.raises(DataError, match=r"holds float32 numbers.*gdal_translate -ot Byte"):
        run(map=map_file(town.astype(np.float32), "float.tif", None), output=output)
    with pytest.raises(DataError, match=r"has the class id 9; known are 0 land.*gdal_translate -a_nodata 9"):
        run(map=map_file(np.where(town == 4, 9, town).astype(np.uint8), "nine.tif"), output=output)
    with pytest.raises(DataError, match=r"has the class id 700; known are 0 to 254.*-a_nodata 700"):
        run(map=map_file(np.where(town == 4, 700, town.astype(np.int16)), "wide.tif", None), output=output)
    with pytest.raises(DataError, match=r"has no class 'Building'.*Did you mean 'building'"):
        run(map=plain, output=output, regularize="Building")
    with pytest.raises(DataError, match=r"is not on the grid of the map: found 80 x 120 px.*gdalwarp"):
        run(map=plain, confidence=map_file(np.zeros((80, 120), np.uint8), "small.tif", None), output=output)
    elsewhere = map_file(np.zeros(town.shape, np.uint8), "zone.tif", None, crs=rasterio.CRS.from_epsg(32639))
    with pytest.raises(DataError, match=r"zone.tif does not overlap the map. Choose the layer that belongs"):
        run(map=plain, confidence=elsewhere, output=output)
    with pytest.raises(DataError, match=r"has the confidence 200, expected 0 to 100. Give percents"):
        run(map=plain, confidence=map_file(np.full(town.shape, 200, np.uint8), "high.tif", None), output=output)
    assert not list(tmp_path.glob("p*"))


def two_bands(tmp_path, ids):
    path, (height, width) = tmp_path / "bands.tif", ids.shape
    profile = {"driver": "GTiff", "count": 2, "height": height, "width": width, "dtype": "uint8", "crs": UTM}
    with rasterio.open(path, "w", transform=TRANSFORM, **profile) as file:
        file.write(np.stack([ids, ids]))
    return str(path)


def test_the_command_line_says_what_is_wrong_with_exit_code_3(tmp_path, map_file, town, capfd):
    words = ["vectorize", "--map", map_file(town), "--output", str(tmp_path / "p.gpkg"), "--regularize", "hut"]
    assert main([*words, "--progress", "json"]) == 3
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert last["event"] == "failed" and "has no class 'hut'" in last["text"] and "Known are" in last["hint"]
