"""A campaign keeps what people wrote, says who holds the file, and reads well in plain QGIS."""

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import MultiPolygon, box

from engine.campaign import form, store
from engine.contract.errors import DataError
from engine.contract.legend import Legend

LEGEND = Legend.from_names({0: "building & roof", 3: "road", 9: "water"})


def batch(turn=1, count=3, crs="EPSG:32640"):
    columns = {
        "unit": [f"edge-{turn}-{i}" for i in range(count)],
        "round": np.full(count, turn, np.int32),
        "rank": np.arange(1, count + 1),
        "kind": ["edge", "region", "edge"][:count],
        "class_a": [0, 3, 0][:count],
        "class_b": [3, 9, 9][:count],
        "score": np.linspace(1, 0.5, count),
        "reason": ["Border building / road."] * count,
        "clicks": [3] * count,
        "pixels": [100] * count,
        "model": ["abc"] * count,
    }
    shapes = [MultiPolygon([box(10 * i, 20 * turn, 10 * i + 5, 20 * turn + 5)]) for i in range(count)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def inside(units):
    """Return predictions: class 0 everywhere."""
    columns = {"unit": units["unit"], "round": units["round"], "class_id": np.zeros(len(units), np.int32)}
    return gpd.GeoDataFrame(columns, geometry=units.geometry, crs=units.crs)


def create(path, units, record):
    store.create(path, units, inside(units), LEGEND, record)


def append(path, units, record):
    store.append(path, units, inside(units), record)


@pytest.fixture
def path(tmp_path):
    create(tmp_path / "campaign.gpkg", batch(), {"round": 1, "seed": 0, "class_shares": {"road": 0.5}})
    return tmp_path / "campaign.gpkg"


def test_what_was_written_is_read(path):
    campaign = store.read(path)
    assert campaign.legend == LEGEND
    assert campaign.units["unit"].tolist() == batch()["unit"].tolist()
    assert campaign.units.geometry.reset_index(drop=True).geom_equals(batch().geometry).all()
    assert (campaign.units["status"] == "open").all() and (campaign.units["answer"] == "").all()
    assert campaign.units["class_id"].isna().all()
    assert campaign.predictions["class_id"].tolist() == [0, 0, 0]
    assert len(campaign.corrections) == len(campaign.borders) == len(campaign.points) == len(campaign.answers) == 0
    assert campaign.corrections.crs == campaign.units.crs
    assert json.loads(campaign.rounds["class_shares"].iloc[0]) == {"road": 0.5}


def test_a_campaign_may_have_no_crs(tmp_path):
    create(tmp_path / "plain.gpkg", batch(crs=None), {"round": 1})
    assert store.read(tmp_path / "plain.gpkg").units.crs is None


def test_a_round_is_appended_and_the_first_stays(path):
    frame = gpd.GeoDataFrame({"class_id": [3], "note": ["verge"]}, geometry=[MultiPolygon([box(0, 0, 1, 1)])], crs="EPSG:32640")
    frame.to_file(path, layer="corrections", mode="a", driver="GPKG")
    append(path, batch(turn=2), {"round": 2, "seed": 0, "class_shares": {}})
    campaign = store.read(path)
    assert campaign.units["round"].tolist() == [1, 1, 1, 2, 2, 2]
    assert campaign.rounds["round"].tolist() == [1, 2]
    assert campaign.last_round == 2
    assert campaign.corrections["note"].tolist() == ["verge"]


def test_a_round_reaches_a_program_that_has_the_file_open(path):
    with sqlite3.connect(path) as open_in_qgis:
        assert open_in_qgis.execute("select count(*) from units").fetchone() == (3,)
        open_in_qgis.commit()
        append(path, batch(turn=2), {"round": 2})
        assert open_in_qgis.execute("select count(*) from units").fetchone() == (6,)


def test_unsaved_edits_elsewhere_are_waited_for_and_then_named(path):
    before = path.read_bytes()
    other = sqlite3.connect(path)
    other.execute("begin immediate")
    with pytest.raises(DataError, match="Save the edits in QGIS"):
        append(path, batch(turn=2), {"round": 2})
    other.rollback()
    other.close()
    assert path.read_bytes() == before


def test_reading_does_not_wait_for_edits_in_write_ahead_mode_and_sees_only_what_was_saved(path):
    other = sqlite3.connect(path)
    other.execute("pragma journal_mode=wal")
    other.execute("update rounds set seed = 5")
    assert store.read(path).rounds["seed"].tolist() == [0]
    other.commit()
    assert store.read(path).rounds["seed"].tolist() == [5]
    other.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("attempt to write a readonly database", "Make the file and its folder writable"),
        ("database is locked", "Save the edits in QGIS"),
        ("database or disk is full", "Free space"),
        ("database disk image is malformed", "Give the GeoPackage that suggest wrote"),
    ],
)
def test_what_sqlite_says_becomes_a_next_step(text, words):
    assert words in store._explained(sqlite3.OperationalError(text), "a.gpkg").hint


def test_a_missing_file_and_a_foreign_file_are_named(tmp_path):
    with pytest.raises(DataError, match="Check the path of the campaign"):
        store.read(tmp_path / "none.gpkg")
    (tmp_path / "text.gpkg").write_text("not a database, " * 100)
    with pytest.raises(DataError, match="Give the GeoPackage that suggest wrote"):
        store.read(tmp_path / "text.gpkg")


def test_nothing_is_left_where_the_folder_is_missing(tmp_path):
    with pytest.raises(DataError, match="Create it or choose another output"):
        create(tmp_path / "no" / "campaign.gpkg", batch(), {"round": 1})


_IN_QGIS = """
import json, sys
from qgis.core import QgsApplication, QgsFeatureRequest, QgsVectorLayer, QgsExpression, QgsExpressionContext
app = QgsApplication([], False)
app.initQgis()
said = {}
for name in ("units", "predictions", "borders", "corrections", "points"):
    layer = QgsVectorLayer(f"{sys.argv[1]}|layername={name}", name, "ogr")
    assert layer.isValid(), name
    fields = layer.fields()
    config = lambda f: layer.editorWidgetSetup(fields.indexOf(f))
    said[name] = {
        "renderer": layer.renderer().type(),
        "symbols": len(layer.renderer().rootRule().children()) if layer.renderer().type() == "RuleRenderer" else
            len(layer.renderer().categories()) if layer.renderer().type() == "categorizedSymbol" else 1,
        "widgets": {f.name(): config(f.name()).type() for f in fields},
        "maps": {f.name(): [list(e.items())[0] for e in config(f.name()).config().get("map", [])] for f in fields
                 if config(f.name()).type() == "ValueMap"},
        "fixed": [f.name() for k, f in enumerate(fields) if layer.editFormConfig().readOnly(k)],
        "aliases": {f.name(): f.alias() for f in fields if f.alias()},
        "defaults": {f.name(): f.defaultValueDefinition().expression() for f in fields if f.defaultValueDefinition().isValid()},
        "sort": layer.attributeTableConfig().sortExpression(),
        "crs": layer.crs().authid(),
    }
layer = QgsVectorLayer(f"{sys.argv[1]}|layername=units", "units", "ogr")
assert layer.startEditing()
feature = next(layer.getFeatures(QgsFeatureRequest().setFilterExpression("rank = 2")))
layer.changeAttributeValue(feature.id(), layer.fields().indexOf("answer"), "class")
layer.changeAttributeValue(feature.id(), layer.fields().indexOf("class_id"), 9)
assert layer.commitChanges(), layer.commitErrors()
print(json.dumps(said))
del feature, layer
app.exitQgis()
"""


@pytest.fixture(scope="module")
def in_qgis(tmp_path_factory):
    python = Path("/usr/bin/python3")
    folder = tmp_path_factory.mktemp("qgis")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C.UTF-8"}
    asked = [str(python), "-c", "import qgis.core"]
    if shutil.which(str(python)) is None or subprocess.run(asked, env=environment, capture_output=True).returncode:
        pytest.skip("QGIS is not installed on this machine")
    path = folder / "campaign.gpkg"
    create(path, batch(), {"round": 1})
    done = subprocess.run(
        [str(python), "-c", _IN_QGIS, str(path)], env=environment, capture_output=True, text=True, timeout=120
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return path, json.loads(done.stdout.strip().splitlines()[-1])


def test_plain_qgis_shows_the_campaign_with_its_own_symbols(in_qgis):
    said = in_qgis[1]
    assert said["units"]["renderer"] == "RuleRenderer" and said["units"]["symbols"] == 3
    assert said["corrections"]["renderer"] == said["points"]["renderer"] == "categorizedSymbol"
    assert said["corrections"]["symbols"] == len(LEGEND)
    assert said["units"]["crs"] == "EPSG:32640"
    assert said["units"]["sort"] == "rank"


def test_plain_qgis_offers_answers_and_classes_by_name(in_qgis):
    units = in_qgis[1]["units"]
    assert units["widgets"]["answer"] == units["widgets"]["class_id"] == "ValueMap"
    assert dict(units["maps"]["class_id"]) == {"building & roof": "0", "road": "3", "water": "9"}
    assert [value for _, value in units["maps"]["answer"]] == list(form.ANSWERS)
    assert dict(in_qgis[1]["corrections"]["maps"]["class_id"]) == {"building & roof": "0", "road": "3", "water": "9"}


def test_plain_qgis_keeps_what_the_engine_wrote_from_being_typed_over(in_qgis):
    units = in_qgis[1]["units"]
    assert {"unit", "rank", "score", "reason"} <= set(units["fixed"])
    assert not {"answer", "class_id", "note"} & set(units["fixed"])
    assert units["defaults"]["answered"] == "now()"
    assert units["aliases"]["reason"] == "why"


def test_an_answer_given_in_plain_qgis_is_read(in_qgis):
    answered = store.read(in_qgis[0]).units.set_index("rank").loc[2]
    assert (answered["answer"], answered["class_id"]) == ("class", 9)
