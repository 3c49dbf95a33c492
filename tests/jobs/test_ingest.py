"""What people answered becomes labels on the orthophoto's grid, and what cannot be used is named."""

import hashlib
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import Affine
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, Polygon, box

from engine.campaign import store
from engine.campaign.answers import is_held_out
from engine.contract.errors import DataError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.ingest import IngestSpec
from engine.jobs import ingest

LEGEND = Legend.from_names({1: "building", 2: "road", 7: "water"})
GSD, LEFT, TOP = 0.5, 1000.0, 2000.0
HEIGHT, WIDTH = 60, 80
NAMES = ["region-0-0", "edge-20-0", "edge-40-0"]


def ground(row, col, height, width):
    """Return a rectangle of pixels as a polygon."""
    return MultiPolygon([box(LEFT + GSD * col, TOP - GSD * (row + height), LEFT + GSD * (col + width), TOP - GSD * row)])


def point(row, col):
    return Point(LEFT + GSD * (col + 0.5), TOP - GSD * (row + 0.5))


@pytest.fixture
def ortho(tmp_path):
    data = np.full((3, HEIGHT, WIDTH), 100, np.uint8)
    data[:, :, 70:] = 0
    with rasterio.open(
        tmp_path / "ortho.tif", "w", driver="GTiff", count=3, height=HEIGHT, width=WIDTH, dtype="uint8", nodata=0,
        crs="EPSG:32640", transform=Affine(GSD, 0, LEFT, 0, -GSD, TOP), photometric="RGB",
    ) as dataset:  # fmt: skip
        dataset.write(data)
    return str(tmp_path / "ortho.tif")


def campaign(path, answers=(), corrections=(), points=(), borders=()):
    """Write a campaign with three units, a region at rows 0-9 and edges at rows 20-29 and 40-49, and answer them."""
    names = NAMES
    shapes = [ground(20 * k, 0, 10, 20) for k in range(3)]
    units = gpd.GeoDataFrame(
        {"unit": names, "round": [1, 1, 2], "rank": [1, 2, 1], "kind": ["region", "edge", "edge"], "class_a": [1] * 3,
         "class_b": [2] * 3, "score": [0.5] * 3, "reason": ["Why."] * 3, "clicks": [1] * 3, "pixels": [200] * 3,
         "model": ["m"] * 3}, geometry=shapes, crs="EPSG:32640",
    )  # fmt: skip
    parts = [ground(20 * k, col, 10, 10) for k in range(3) for col in (0, 10)]
    seen = gpd.GeoDataFrame(
        {"unit": np.repeat(names, 2), "round": [1, 1, 1, 1, 2, 2], "class_id": [1, 2] * 3}, geometry=parts, crs="EPSG:32640"
    )
    answered = dict(answers)
    store.create(path, units, seen, LEGEND, {"round": 1})
    frame = store._completed(units)
    for name, (answer, class_id) in answered.items():
        frame.loc[frame["unit"] == name, "answer"] = answer
        frame.loc[frame["unit"] == name, "class_id"] = class_id
    frame.to_file(path, layer="units", driver="GPKG", mode="w")
    for layer, rows in (("corrections", corrections), ("points", points), ("borders", borders)):
        if rows:
            drawn = gpd.GeoDataFrame([r[0] for r in rows], geometry=[r[1] for r in rows], crs="EPSG:32640")
            drawn = drawn.astype({name: "Int32" for name in drawn if name.startswith("class_")})
            drawn.to_file(path, layer=layer, driver="GPKG", mode="a")
    return str(path)


def run(folder, ortho, events=None, labels="", values=(), **made):
    path = campaign(folder / "campaign.gpkg", **made)
    before = hashlib.sha256(Path(path).read_bytes()).digest()
    spec = IngestSpec.from_dict(
        {"campaign": path, "image": ortho, "labels": labels, "output": str(folder / "labels.tif"), **dict(values)}
    )  # fmt: skip
    spec.check()
    summary = ingest.run(spec, Reporter((events if events is not None else []).append))
    assert hashlib.sha256(Path(path).read_bytes()).digest() == before, "the campaign is only read"
    with rasterio.open(spec.output) as dataset, rasterio.open(ortho) as image:
        assert (dataset.crs, dataset.transform, dataset.shape) == (image.crs, image.transform, image.shape)
        return dataset.read(1), summary


def expected(*painted):
    labels = np.full((HEIGHT, WIDTH), UNLABELLED, np.uint8)
    for row, col, height, width, class_id in painted:
        labels[row : row + height, col : col + width] = class_id
    labels[:, 70:] = UNLABELLED
    return labels


def test_a_class_for_a_unit_fills_it_and_a_confirmed_unit_gets_what_the_model_saw(tmp_path, ortho):
    labels, summary = run(tmp_path, ortho, answers={"region-0-0": ("class", 7), "edge-20-0": ("confirm", pd.NA)})
    assert np.array_equal(labels, expected((0, 0, 10, 20, 7), (20, 0, 10, 10, 1), (20, 10, 10, 10, 2)))
    assert summary["answers"] == {"confirm": 1, "class": 1, "redraw": 0, "unsure": 0, "skip": 0}
    assert summary["open_units"] == 1 and summary["labelled_pixels"] == 400
    assert not summary["unused"]


@pytest.mark.parametrize("upward", [True, False])
def test_a_redrawn_border_gives_each_side_its_class(tmp_path, ortho, upward):
    ends = [(LEFT + GSD * 4, TOP - GSD * 31), (LEFT + GSD * 4, TOP - GSD * 19)]
    line = MultiLineString([LineString(ends if upward else ends[::-1])])
    left, right = (1, 2) if upward else (2, 1)
    labels, summary = run(
        tmp_path, ortho, answers={"edge-20-0": ("redraw", pd.NA)},
        borders=[({"unit": "edge-20-0", "class_left": left, "class_right": right}, line)],
    )  # fmt: skip
    assert np.array_equal(labels, expected((20, 0, 10, 4, 1), (20, 4, 10, 16, 2)))
    assert not summary["unused"]


def test_free_corrections_and_points_count_anywhere_and_lie_above_answers(tmp_path, ortho):
    labels, summary = run(
        tmp_path, ortho, answers={"region-0-0": ("class", 1)},
        corrections=[({"class_id": 2}, ground(5, 15, 10, 30))], points=[({"class_id": 7}, point(50, 60))],
    )  # fmt: skip
    assert np.array_equal(labels, expected((0, 0, 10, 20, 1), (5, 15, 10, 30, 2), (50, 60, 1, 1, 7)))
    assert summary["corrections"] == 2


def test_unsure_wipes_an_earlier_label_and_other_earlier_labels_stay(tmp_path, ortho):
    with rasterio.open(ortho) as image:
        profile = {**image.profile, "count": 1, "nodata": 255, "photometric": "minisblack"}
    with rasterio.open(tmp_path / "earlier.tif", "w", **profile) as dataset:
        dataset.write(np.full((1, HEIGHT, WIDTH), 2, np.uint8))
    labels, _ = run(
        tmp_path, ortho, labels=str(tmp_path / "earlier.tif"),
        answers={"region-0-0": ("unsure", pd.NA), "edge-20-0": ("class", 1), "edge-40-0": ("skip", pd.NA)},
    )  # fmt: skip
    assert np.array_equal(labels, expected((0, 0, 60, 80, 2), (0, 0, 10, 20, UNLABELLED), (20, 0, 10, 20, 1)))


def test_held_out_units_are_kept_apart_by_name_and_wipe_what_was_known_of_their_ground(tmp_path, ortho):
    share = next(s / 100 for s in range(100) if sum(is_held_out(n, s / 100) for n in NAMES) == 1)
    (kept,) = [k for k, n in enumerate(NAMES) if is_held_out(n, share)]
    with rasterio.open(ortho) as image:
        profile = {**image.profile, "count": 1, "nodata": 255, "photometric": "minisblack"}
    with rasterio.open(tmp_path / "earlier.tif", "w", **profile) as dataset:
        dataset.write(np.full((1, HEIGHT, WIDTH), 2, np.uint8))
    values = {"held_out": str(tmp_path / "held_out.tif"), "held_out_share": share}
    labels, summary = run(
        tmp_path, ortho, labels=str(tmp_path / "earlier.tif"), values=values, answers=dict.fromkeys(NAMES, ("class", 7))
    )
    painted = [(20 * k, 0, 10, 20, 7) for k in range(3)]
    assert np.array_equal(
        labels, expected((0, 0, 60, 80, 2), *painted[:kept], (20 * kept, 0, 10, 20, UNLABELLED), *painted[kept + 1 :])
    )
    with rasterio.open(values["held_out"]) as dataset:
        assert np.array_equal(dataset.read(1), expected(painted[kept]))
    assert summary["held_out_pixels"] == {"building": 0, "road": 0, "water": 200}


def test_about_the_share_asked_for_is_held_out():
    names = [f"edge-{i}-{i * 7}" for i in range(4000)]
    assert np.mean([is_held_out(n, 0.2) for n in names]) == pytest.approx(0.2, abs=0.02)
    assert not any(is_held_out(n, 0.0) for n in names)


def test_a_class_without_an_answer_counts_and_is_said(tmp_path, ortho):
    labels, summary = run(tmp_path, ortho, answers={"region-0-0": ("", 2)})
    assert np.array_equal(labels, expected((0, 0, 10, 20, 2)))
    assert "counts as one class" in summary["noticed"][0]


BOWTIE = MultiPolygon([Polygon([(1005, 1995), (1010, 1990), (1010, 1995), (1005, 1990)])])
GOOD = ({"class_id": 1}, ground(50, 30, 5, 5))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"answers": {"edge-20-0": ("class", pd.NA)}}, "edge-20-0 .* has no class; choose one of building"),
        ({"answers": {"edge-20-0": ("class", 3)}}, "edge-20-0 .* has class 3; the legend has 1 building"),
        ({"answers": {"edge-20-0": ("maybe", 1)}}, "edge-20-0 .* has the answer 'maybe'; choose one of confirm"),
        ({"answers": {"edge-20-0": ("redraw", pd.NA)}}, "no border names it; draw it, with edge-20-0"),
        (
            {
                "answers": {"edge-20-0": ("redraw", pd.NA)},
                "borders": [
                    (
                        {"unit": "edge-20-0", "class_left": 1, "class_right": 2},
                        MultiLineString([LineString([(1001, 1988), (1002, 1989)])]),
                    )
                ],
            },
            "does not cross it; draw the line from one side",
        ),
        (
            {
                "borders": [
                    ({"unit": "edge-9-9", "class_left": 1, "class_right": 2}, MultiLineString([LineString([(0, 0), (1, 1)])]))
                ]
            },
            "names no unit",
        ),
        ({"corrections": [GOOD, ({"class_id": pd.NA}, ground(0, 30, 5, 5))]}, "corrections, feature 2 has no class"),
        ({"corrections": [GOOD, ({"class_id": 1}, ground(0, 900, 5, 5))]}, "feature 2 lies outside the orthophoto; check"),
        ({"corrections": [GOOD, ({"class_id": 1}, ground(0.6, 30, 0.3, 20))]}, "feature 2 is a sliver .* draw it wider"),
    ],
)
def test_what_cannot_be_used_is_named_with_the_next_step_and_the_rest_is_used(tmp_path, ortho, made, words):
    events = []
    labels, summary = run(tmp_path, ortho, events, **{"corrections": [GOOD], **made})
    assert any(re.search(words, text) for text in summary["unused"]), summary["unused"]
    assert any(e.get("level") == "warning" and re.search(words, e["text"]) for e in events)
    assert (labels[50:55, 30:35] == 1).all()


@pytest.mark.parametrize(
    ("corrections", "words"),
    [
        ([({"class_id": 1}, BOWTIE)], "feature 1 crosses itself; it was repaired"),
        ([GOOD, ({"class_id": 7}, ground(52, 32, 5, 5))], "feature 1 and corrections, feature 2 cover the same ground"),
        ([({"class_id": 1}, ground(-5, 0, 10, 10))], "feature 1 reaches beyond the orthophoto"),
    ],
)
def test_what_is_used_in_a_way_worth_knowing_is_said(tmp_path, ortho, corrections, words):
    labels, summary = run(tmp_path, ortho, corrections=corrections)
    assert any(words in text for text in summary["noticed"])
    assert (labels != UNLABELLED).any()


def test_a_campaign_without_answers_is_refused(tmp_path, ortho):
    with pytest.raises(DataError, match="Answer units in QGIS"):
        run(tmp_path, ortho)
    assert not (tmp_path / "labels.tif").exists()


def test_an_orthophoto_in_another_crs_is_refused(tmp_path, ortho):
    with (
        rasterio.open(ortho) as image,
        rasterio.open(tmp_path / "b.tif", "w", **{**image.profile, "crs": "EPSG:32639"}) as copy,
    ):
        copy.write(image.read())
    with pytest.raises(DataError, match="Give the orthophoto of the campaign"):
        run(tmp_path, str(tmp_path / "b.tif"), corrections=[GOOD])
