"""A map against its reference: the figures, the files, and every refusal."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin
from scipy import ndimage

from engine.contract.errors import DataError, EngineError, SpecError
from engine.contract.events import Reporter
from engine.contract.specs.assess import AssessSpec
from engine.jobs import assess
from engine.metrics import Confusion

NAMES = ("building", "land", "road", "water")
PLACE = from_origin(500_000, 2_780_000, 0.5, 0.5)


def write(path, ids, names=NAMES, crs="EPSG:32640", place=PLACE, dtype="uint8"):
    with rasterio.open(
        path, "w", driver="GTiff", height=ids.shape[0], width=ids.shape[1], count=1, dtype=dtype, crs=crs, transform=place,
        nodata=255, tiled=True, blockxsize=256, blockysize=256,
    ) as file:  # fmt: skip
        file.write(ids.astype(dtype), 1)
        if names:
            legend = names if isinstance(names, dict) else dict(enumerate(names))
            file.update_tags(EDGEWISE_LEGEND=json.dumps([{"id": i, "name": n} for i, n in legend.items()]))
    return str(path)


def ground(seed=0, height=300, width=400, classes=4):
    """Return a reference of blobs with an unlabelled corner, and a map that is right in most places."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(classes, height, width)), (0, 9, 9))
    reference = field.argmax(axis=0).astype(np.uint8)
    field += 0.3 * ndimage.gaussian_filter(rng.normal(size=field.shape), (0, 9, 9))
    mapped = field.argmax(axis=0).astype(np.uint8)
    reference[:40, :50] = 255
    mapped[-20:] = 255
    return mapped, reference


@pytest.fixture
def case(tmp_path):
    """Return a folder with a map and a reference, and a function that assesses them."""
    mapped, reference = ground()
    paths = {"map": write(tmp_path / "map.tif", mapped), "reference": write(tmp_path / "reference.tif", reference)}

    def run(**more):
        values = {**paths, "report": str(tmp_path / "report.html"), **more}
        spec = AssessSpec.from_dict({k: v for k, v in values.items() if v is not None})
        spec.check()
        events = []
        return assess.run(spec, Reporter(events.append)) | {"events": events}

    run.mapped, run.reference, run.folder = mapped, reference, tmp_path
    return run


def test_the_figures_are_those_of_the_pixels(case):
    found = case()
    confusion = Confusion.of(case.mapped, case.reference, 4)
    assert found["miou"] == pytest.approx(confusion.miou)
    assert found["overall_accuracy"] == pytest.approx(confusion.overall_accuracy)
    assert found["confusion"] == confusion.counts.tolist()
    assert [c["name"] for c in found["per_class"]] == list(NAMES)
    assert found["per_class"][2]["iou"] == pytest.approx(confusion.iou[2])
    assert sum(found["pixels"].values()) == case.mapped.size
    assert found["pixels"]["Without a reference"] == 40 * 50
    assert found["pixels"]["With a reference, without a class in the map"] == 20 * 400
    assert found["intervals"]["miou"]["low"] <= found["miou"] <= found["intervals"]["miou"]["high"]


def test_tiles_do_not_change_the_figures(case, monkeypatch):
    whole = case()
    monkeypatch.setattr(assess, "TILE_PX", 64)
    tiled = case(block=64)
    for key in ("confusion", "boundary", "errors_by_distance", "pixels"):
        assert tiled[key] == whole[key]
    assert [c["map_pieces"] for c in tiled["per_class"]] == [c["map_pieces"] for c in whole["per_class"]]


def test_a_map_that_is_its_reference_is_perfect(case):
    found = case(reference=write(case.folder / "same.tif", case.mapped))
    assert found["miou"] == found["overall_accuracy"] == 1
    assert found["boundary"]["mean_f1"] == found["boundary"]["mean_iou"] == [1, 1, 1]


def test_report_json_and_table_say_the_same(case):
    found = case(metrics=str(case.folder / "m.json"), table=str(case.folder / "t.csv"))
    stored = json.loads((case.folder / "m.json").read_text())
    assert stored["miou"] == found["miou"]
    rows = list(csv.DictReader((case.folder / "t.csv").open()))
    assert float(next(r["value"] for r in rows if r["measure"] == "miou")) == found["miou"]
    assert f"{found['miou']:.3f}" in (case.folder / "report.html").read_text()


def test_classes_are_matched_by_name_whatever_their_ids(case):
    other_ids = np.array([7, 3, 0, 1], np.uint8)
    renumbered = np.where(case.reference == 255, 255, other_ids[np.minimum(case.reference, 3)])
    names = {int(i): n.upper() for i, n in zip(other_ids, NAMES, strict=True)}
    found = case(reference=write(case.folder / "renumbered.tif", renumbered, names))
    assert found["confusion"] == case()["confusion"]
    assert found["matched_by"] == "name"


def test_classes_without_names_are_matched_by_id_and_said(case):
    found = case(reference=write(case.folder / "nameless.tif", case.reference, names=()))
    assert found["matched_by"] == "id"
    assert [c["name"] for c in found["per_class"]] == list(NAMES)
    assert any("matched by id" in w for w in found["warnings"])


def test_a_class_that_only_the_map_has_is_an_error_and_said(case):
    case_map = case.mapped.copy()
    case_map[100:120, 100:120] = 4
    found = case(map=write(case.folder / "five.tif", case_map, (*NAMES, "car")))
    assert found["per_class"][4]["iou"] == 0
    assert any("has no class car" in w for w in found["warnings"])


def test_polygons_are_a_reference(case):
    boxes = gpd.GeoDataFrame(
        {"kind": ["road", "water"]},
        geometry=[shapely.box(500_000, 2_779_850, 500_100, 2_780_000), shapely.box(500_100, 2_779_850, 500_200, 2_780_000)],
        crs="EPSG:32640",
    )
    boxes.to_crs(4326).to_file(case.folder / "parcels.gpkg")
    found = case(reference=str(case.folder / "parcels.gpkg"), class_field="kind")
    reference = np.full(case.mapped.shape, 2, np.uint8)
    reference[:, 200:] = 3
    assert found["overall_accuracy"] == pytest.approx((case.mapped == reference)[:-20].mean(), abs=0.01)


def test_inputs_stay_as_they_are(case):
    before = {p: p.read_bytes() for p in case.folder.iterdir()}
    case()
    assert all(p.read_bytes() == data for p, data in before.items())
