"""What answers cost is counted click by click, and the copies of several analysts become one campaign."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, box

from engine.campaign import answers, ledger, merge, progress, store
from engine.contract.errors import DataError
from engine.contract.legend import Legend

from .test_campaign import append, batch, create

CRS = "EPSG:32640"


def answered(path, answers, when="2026-01-01", **layers):
    """Write answers {unit: (answer, class id)} into a campaign, and features into its other layers."""
    units = store.read(path).units.astype({"class_id": "Int32"})
    for name, (said, class_id) in answers.items():
        rows = units["unit"] == name
        units.loc[rows, "answer"], units.loc[rows, "class_id"] = said, class_id
        units.loc[rows, "answered"], units.loc[rows, "seconds"] = pd.Timestamp(when), 6.0
    units.to_file(path, layer="units", driver="GPKG", mode="w")
    for layer, rows in layers.items():
        frame = gpd.GeoDataFrame([r[0] for r in rows], geometry=[r[1] for r in rows], crs=CRS)
        frame.to_file(path, layer=layer, driver="GPKG", mode="a")
    return path


@pytest.fixture
def copies(tmp_path):
    """Return two copies of a campaign of two rounds."""
    for name in ("a", "b"):
        create(tmp_path / f"{name}.gpkg", batch(), {"round": 1, "created": "2025-12-01"})
        append(tmp_path / f"{name}.gpkg", batch(turn=2), {"round": 2, "created": "2025-12-02", "miou": 0.5})
    return str(tmp_path / "a.gpkg"), str(tmp_path / "b.gpkg")


BORDER = ({"unit": "edge-1-2", "class_left": 0, "class_right": 9}, MultiLineString([LineString([(0, 0), (1, 1), (2, 1)])]))
POND = ({"class_id": 9}, MultiPolygon([box(0, 0, 1, 1)]))


def test_the_ledger_counts_clicks_pixels_and_seconds_of_each_round(copies):
    path = answered(
        copies[0], {"edge-1-0": ("confirm", pd.NA), "edge-1-1": ("class", 3), "edge-1-2": ("redraw", pd.NA),
                    "edge-2-0": ("skip", pd.NA)},
        borders=[BORDER], corrections=[POND], points=[({"class_id": 0}, Point(0, 0))],
    )  # fmt: skip
    campaign = store.read(path)
    first, second = ledger.entries(campaign)
    assert first.answers == {"confirm": 1, "class": 1, "redraw": 1} and first.answered == 3
    assert first.clicks == 1 + 1 + (3 + 2) and first.pixels == 300 and first.seconds == 18
    assert first.confirm_rate == pytest.approx(1 / 3)
    assert (second.clicks, second.pixels, second.confirm_rate) == (1, 0, None)
    assert ledger.free_clicks(campaign) == (4 + 1) + 1


def test_the_figures_of_a_campaign_follow_its_rounds(copies):
    campaign = store.read(answered(copies[0], {"edge-1-0": ("confirm", pd.NA)}))
    found = progress.figures(campaign, "town", {"building & roof": 300, "road": 100})
    assert [r["clicks_before"] for r in found["rounds"]] == [0, 1]
    assert [r["miou"] for r in found["rounds"]] == [None, 0.5], "a column that came later is empty in earlier rounds"
    assert [c["share"] for c in found["classes"]] == [0.75, 0.25, 0.0]
    assert found["next"]["round"] == 2 and sum(found["next"]["pairs"].values()) == 3
    assert found["minutes"] == 0.1


def test_copies_are_merged_by_unit_and_the_newest_answer_counts(copies):
    a = answered(copies[0], {"edge-1-0": ("confirm", pd.NA), "edge-1-1": ("class", 3)}, corrections=[POND])
    b = answered(
        copies[1], {"edge-1-1": ("class", 9), "edge-2-0": ("unsure", pd.NA)}, when="2026-01-02",
        corrections=[POND, ({"class_id": 0}, MultiPolygon([box(5, 5, 6, 6)]))],
    )  # fmt: skip
    for paths in ([a, b], [b, a]):
        campaign, differences = merge.read(paths)
        units = campaign.units.set_index("unit")
        assert len(units) == 6
        assert units["answer"][["edge-1-0", "edge-1-1", "edge-2-0", "edge-2-1"]].tolist() == ["confirm", "class", "unsure", ""]
        assert units["class_id"]["edge-1-1"] == 9
        assert len(differences) == 1 and "class 3 in a.gpkg" in differences[0] and "class 9 in b.gpkg" in differences[0]
        assert sorted(campaign.corrections["class_id"]) == [0, 9], "what both copies have counts once"
        assert set(campaign.corrections["file"]) <= {"a.gpkg", "b.gpkg"}
        assert len(campaign.predictions) == 6 and campaign.units.crs == CRS


def test_a_border_comes_from_the_copy_whose_answer_counts(copies):
    other = (BORDER[0], MultiLineString([LineString([(9, 9), (8, 8)])]))
    a = answered(copies[0], {"edge-1-2": ("redraw", pd.NA)}, borders=[BORDER])
    b = answered(copies[1], {"edge-1-2": ("redraw", pd.NA)}, when="2026-01-02", borders=[other])
    campaign, _ = merge.read([a, b])
    assert campaign.borders.geometry.to_wkt().tolist() == [other[1].wkt]


def test_files_that_are_no_copies_of_one_campaign_are_refused(copies, tmp_path):
    store.create(tmp_path / "c.gpkg", batch(), batch(turn=3)[["unit", "round", "geometry"]].assign(class_id=0),
                 Legend.from_names(["tree"]), {"round": 1})  # fmt: skip
    create(tmp_path / "d.gpkg", batch(turn=7), {"round": 7})
    create(tmp_path / "e.gpkg", batch(crs="EPSG:32639"), {"round": 1})
    for name, words in (("c", "asks for the classes tree"), ("d", "no unit in common"), ("e", "another CRS")):
        with pytest.raises(DataError, match=f"{words}.*Give copies of one campaign"):
            merge.read([copies[0], str(tmp_path / f"{name}.gpkg")])


def test_a_campaign_of_one_file_is_read_as_it_is(copies):
    campaign, differences = merge.read(copies[:1])
    assert not differences and np.array_equal(campaign.units.index, store.read(copies[0]).units.index)


def heard(campaign):
    return answers.ground(campaign, (1.0, 0.0, 0.0, 0.0, -1.0, 500.0), box(-1000, -1000, 1000, 1000))


def test_a_unit_marked_as_done_without_an_answer_is_named(copies):
    campaign = store.read(copies[0])
    campaign.units.loc[campaign.units["unit"] == "edge-1-1", "status"] = "done"
    made = heard(campaign)
    assert len(made.unused) == 1
    assert "edge-1-1 (round 1, rank 2) is marked 'done' but has no answer; choose one of confirm" in made.unused[0]


def test_a_unit_that_was_split_in_qgis_may_have_an_answer_for_each_part(copies):
    whole = store.read(copies[0]).units.astype({"class_id": "Int32"})
    parts = whole[whole["unit"] == "edge-1-0"].iloc[[0, 0]].copy()
    parts["answer"], parts["class_id"] = ["class", "confirm"], pd.array([9, pd.NA], "Int32")
    parts.geometry = [MultiPolygon([box(0, 20, 2, 25)]), MultiPolygon([box(2, 20, 5, 25)])]
    units = pd.concat([parts, whole[whole["unit"] != "edge-1-0"]], ignore_index=True)
    gpd.GeoDataFrame(units, crs=CRS).to_file(copies[0], layer="units", driver="GPKG", mode="w")
    for campaign in (store.read(copies[0]), merge.read(copies)[0]):
        made = heard(campaign)
        assert {i: p.area for i, p in zip(made.ids, made.polygons, strict=True)} == {9: 10.0, 0: 15.0}


def test_an_answer_to_an_older_round_counts_and_is_said(copies):
    path = answered(copies[0], {"edge-1-0": ("class", 3), "edge-2-0": ("class", 3)})
    made = heard(store.read(path))
    assert made.ids == [3, 3]
    assert len(made.noticed) == 1 and "edge-1-0" in made.noticed[0] and "after a newer round" in made.noticed[0]


def test_the_digest_is_that_of_the_answers_alone(copies):
    first = heard(store.read(copies[0])).digest
    assert heard(store.read(copies[1])).digest == first
    answered(copies[1], {"edge-1-0": ("class", 3)})
    assert heard(store.read(copies[1])).digest != first


def test_the_page_on_campaigns_names_every_layer_and_field():
    page = (Path(__file__).resolve().parents[2] / "docs" / "campaign.md").read_text(encoding="utf-8")
    assert all(f"**{table}**" in page for table in store._TABLES)
    assert all(f"`{field}`" in page for field in store.UNITS)
    drawn = {field for _, fields in store._EMPTY_LAYERS.values() for field in fields}
    assert all(field in page for field in {*drawn, *store.PARTS, *store._ANSWERS})
