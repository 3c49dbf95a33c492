"""A reference sample: drawn as designed, answered in plain QGIS, read back by assess."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from engine.contract.errors import DataError, SpecError
from engine.contract.events import Reporter
from engine.contract.specs.assess import AssessSpec
from engine.contract.specs.sample import SampleSpec
from engine.jobs import assess, sample
from engine.run import main

NAMES = ("building", "land", "road")
SHARES = (0.1, 0.75, 0.15)


@pytest.fixture
def study(tmp_path):
    """Return a folder with a map of 400 x 500 px, its truth, and functions to sample, to answer and to assess."""
    rng = np.random.default_rng(0)
    mapped = rng.choice(3, size=(400, 500), p=SHARES).astype(np.uint8)
    mapped[:10] = 255
    truth = np.where(rng.random(mapped.shape) < 0.85, mapped, rng.integers(0, 3, mapped.shape)).astype(np.uint8)
    path = tmp_path / "map.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=400, width=500, count=1, dtype="uint8", crs="EPSG:32640", nodata=255,
        transform=from_origin(5e5, 2e6, 2.0, 2.0),
    ) as file:  # fmt: skip
        file.write(mapped, 1)
        file.update_tags(EDGEWISE_LEGEND=json.dumps([{"id": i, "name": n} for i, n in enumerate(NAMES)]))
    events = []

    class Study:
        folder, output = tmp_path, str(tmp_path / "sample.gpkg")

        def sample(self, **more):
            spec = SampleSpec.from_dict({"map": str(path), "output": self.output, **more})
            spec.check()
            return sample.run(spec, Reporter(events.append))

        def answer(self, change=lambda frame: frame):
            """Fill in the truth as QGIS would: the field, in place."""
            frame = gpd.read_file(self.output, layer="sample")
            rows, cols = ((2e6 - frame.geometry.y) // 2).astype(int), ((frame.geometry.x - 5e5) // 2).astype(int)
            frame["reference"] = truth[rows, cols]
            frame = change(frame)
            strata = pyogrio.read_dataframe(self.output, layer="strata")
            Path(self.output).unlink()
            pyogrio.write_dataframe(frame, self.output, layer="sample", driver="GPKG")
            pyogrio.write_dataframe(strata, self.output, layer="strata", driver="GPKG", append=True)
            return frame

        def assess(self, **more):
            spec = AssessSpec.from_dict(
                {"map": str(path), "reference": self.output, "report": str(tmp_path / "report.html"), **more}
            )
            spec.check()
            return assess.run(spec, Reporter(events.append))

    study = Study()
    study.mapped, study.truth, study.events = mapped, truth, events
    return study


def test_points_are_drawn_as_designed(study):
    found = study.sample(points=300, least=50)
    frame = gpd.read_file(study.output, layer="sample")
    assert len(frame) == found["points"] == 300
    rows, cols = ((2e6 - frame.geometry.y) // 2).astype(int), ((frame.geometry.x - 5e5) // 2).astype(int)
    assert (study.mapped[rows, cols] == frame["stratum"]).all()
    assert len(set(zip(rows, cols, strict=True))) == 300
    assert frame["stratum"].value_counts().min() == 50
    assert frame["reference"].isna().all()
    assert [s["pixels"] for s in found["strata"]] == np.bincount(study.mapped[10:].ravel()).tolist()
    assert frame["stratum"].is_monotonic_increasing is False


def test_every_pixel_of_a_stratum_has_the_same_chance(study, monkeypatch):
    monkeypatch.setattr(sample, "ROWS", 64)
    hits = np.zeros(10)
    for seed in range(6):
        study.sample(points=3000, allocation="equal", seed=seed)
        frame = gpd.read_file(study.output, layer="sample")
        rows = ((2e6 - frame.geometry.y) // 2).astype(int)
        hits += np.bincount(np.minimum((rows - 10) * 10 // 390, 9), minlength=10)
    expected = hits.sum() / 10
    assert ((hits - expected) ** 2 / expected).sum() < 27.9  # chi-squared, 9 degrees of freedom, p = 0.001


def test_the_same_seed_draws_the_same_points(study):
    study.sample(points=50)
    first = gpd.read_file(study.output, layer="sample")
    study.sample(points=50)
    assert first.geometry.geom_equals(gpd.read_file(study.output, layer="sample").geometry).all()


def test_a_standard_error_decides_the_number_of_points(study):
    points = {}
    for kind in ("proportional", "neyman", "equal"):
        found = study.sample(standard_error=0.02, least=0, accuracies="road=0.6, building=0.99", allocation=kind)
        assert found["expected_standard_error"] == pytest.approx(0.02, rel=0.01)
        points[kind] = found["points"]
    assert points["neyman"] < points["proportional"] < points["equal"]


def test_points_stay_inside_the_area_of_interest(study):
    box = shapely.box(500_200, 1_999_500, 500_700, 1_999_900)
    gpd.GeoDataFrame(geometry=[box], crs=32640).to_crs(4326).to_file(study.folder / "area.gpkg")
    found = study.sample(points=200, area_of_interest=str(study.folder / "area.gpkg"))
    frame = gpd.read_file(study.output, layer="sample")
    assert frame.within(box.buffer(0.1)).all()
    assert sum(s["pixels"] for s in found["strata"]) == pytest.approx(250 * 200, abs=600)


def test_the_answered_sample_gives_the_truth_within_its_interval(study):
    study.sample(points=1200)
    study.answer()
    found = study.assess(table=str(study.folder / "t.csv"))["sample"]
    valid = study.mapped != 255
    accuracy = (study.mapped == study.truth)[valid].mean()
    assert abs(found["overall_accuracy"]["value"] - accuracy) < 1.5 * found["overall_accuracy"]["half_width"]
    for c, item in enumerate(found["per_class"]):
        area_ha = (study.truth[valid] == c).sum() * 4 / 10_000
        assert abs(item["area"]["value"] - area_ha) < 1.6 * item["area"]["half_width"]
        assert item["mapped_area"] == pytest.approx((study.mapped == c).sum() * 4 / 10_000, rel=1e-3)
    assert sum(i["area"]["value"] for i in found["per_class"]) == pytest.approx(valid.sum() * 4 / 10_000, rel=1e-3)
    table = pd.read_csv(study.folder / "t.csv")
    assert table[table.measure == "sample_share_of_area"].value.sum() == pytest.approx(1)
    assert ">Confusion matrix<" in (study.folder / "report.html").read_text()


def test_a_class_that_the_map_never_found_can_be_answered(study):
    found = study.sample(points=90)
    assert [s["name"] for s in found["strata"]] == list(NAMES)
    with rasterio.open(study.folder / "map.tif", "r+") as file:
        file.write(np.where(study.mapped == 2, 1, study.mapped), 1)
    found = study.sample(points=90)
    assert found["strata"][2] == {"stratum": 2, "name": "road", "pixels": 0, "weight": 0.0, "points": 0}
    study.answer()
    estimates = study.assess()
    road = estimates["sample"]["per_class"][2]
    assert road["name"] == "road" and road["share"]["value"] > 0 and road["producers"]["value"] == 0
    assert not any("road" in w for w in estimates["warnings"])


def test_mapped_areas_are_those_of_the_sampled_ground(study):
    box = shapely.box(500_200, 1_999_500, 500_700, 1_999_900)
    gpd.GeoDataFrame(geometry=[box], crs=32640).to_file(study.folder / "area.gpkg")
    pixels = {
        s["name"]: s["pixels"] for s in study.sample(points=200, area_of_interest=str(study.folder / "area.gpkg"))["strata"]
    }
    study.answer()
    for item in study.assess()["sample"]["per_class"]:
        assert item["mapped_area"] == pytest.approx(pixels[item["name"]] * 4 / 10_000, rel=1e-3)
    other = study.folder / "other.tif"
    other.write_bytes((study.folder / "map.tif").read_bytes())
    with rasterio.open(other, "r+") as file:
        file.write(np.where(study.mapped == 255, 255, study.truth).astype(np.uint8), 1)
    assert study.assess(map=str(other))["sample"]["per_class"][0]["mapped_area"] is None


def test_a_design_with_a_stratum_twice_is_refused(study):
    study.sample(points=40, least=5)
    study.answer()
    strata = pyogrio.read_dataframe(study.output, layer="strata")
    pyogrio.write_dataframe(strata, study.output, layer="strata", driver="GPKG", append=True)
    with pytest.raises(DataError, match=r"lists stratum 0 twice. Take the file that was designed"):
        study.assess()


def test_class_names_are_answers_too(study):
    study.sample(points=300)
    by_id = study.answer() is not None and study.assess()["sample"]["overall_accuracy"]

    def named(frame):
        return frame.assign(reference=[NAMES[i] for i in frame["reference"]])

    study.answer(named)
    assert study.assess()["sample"]["overall_accuracy"] == by_id


def test_points_without_a_design_are_weighted_by_the_map(study):
    study.sample(points=300)
    frame = study.answer()
    plain = study.folder / "plain.gpkg"
    frame[["reference", "geometry"]].to_crs(4326).to_file(plain)
    found = study.assess(reference=str(plain))
    assert "classes of the map" in found["sample"]["basis"]
    assert found["sample"]["overall_accuracy"]["value"] == pytest.approx(study.assess()["sample"]["overall_accuracy"]["value"])


def test_an_answer_that_no_map_class_has_is_said_by_its_id(study):
    study.sample(points=40, least=5)
    study.answer(lambda frame: frame.assign(reference=[9, *frame["reference"][1:]]))
    assert any("map.tif has no class 9;" in w for w in study.assess()["warnings"])


def test_points_with_a_place_on_a_map_without_one_are_refused(study):
    study.sample(points=40, least=5)
    study.answer()
    plain = study.folder / "plain.tif"
    with rasterio.open(plain, "w", driver="GTiff", height=400, width=500, count=1, dtype="uint8") as file:
        file.write(study.mapped, 1)
    with pytest.raises(DataError, match=r"no point on the map. Choose the points .*, or give the map its CRS"):
        study.assess(map=str(plain))


@pytest.mark.parametrize("nothing", [None, 255, 255.0, ""])
def test_points_without_a_label_are_points_without_an_answer(study, nothing):
    study.sample(points=90)

    def some(frame):
        texts = frame["reference"].map(lambda i: NAMES[i]) if nothing == "" else frame["reference"]
        return frame.assign(reference=[nothing] * 5 + texts.tolist()[5:])

    study.answer(some)
    assert study.assess()["pixels"] == {"Answered points": 85, "Points without an answer": 5}


def test_what_a_reader_must_know_is_said(study):
    study.sample(points=60, least=5)

    def holes(frame):
        frame["reference"] = frame["reference"].astype("Int32")
        frame.loc[frame.index[:7], "reference"] = None
        return frame[frame["stratum"] != 2]

    study.answer(holes)
    said = " ".join(study.assess()["warnings"])
    assert "points have no answer" in said
    assert "Stratum road" in said and "no answered point" in said
    assert "fewer than 30" in said


def test_a_second_map_is_tested_on_the_same_points(study):
    study.sample(points=800)
    study.answer()
    better = study.folder / "better.tif"
    better.write_bytes((study.folder / "map.tif").read_bytes())
    with rasterio.open(better, "r+") as file:
        file.write(np.where(study.mapped == 255, 255, study.truth).astype(np.uint8), 1)
    found = study.assess(second_map=str(better))["comparison"]
    row = found["figures"][0]
    assert row["second"] == pytest.approx(1)
    assert row["difference"] > 0 and row["p"] < 0.001
    assert "better" in found["verdict"]


def test_the_form_in_qgis_asks_for_the_class_and_hides_the_stratum(study):
    if (
        not Path("/usr/bin/python3").exists()
        or subprocess.run(["/usr/bin/python3", "-c", "import qgis"], check=False).returncode
    ):
        pytest.skip("QGIS is not installed")
    study.sample(points=20)
    script = (
        "from qgis.core import *\n"
        "app = QgsApplication([], False); app.initQgis()\n"
        f"layer = QgsVectorLayer({study.output!r} + '|layername=sample', 's', 'ogr')\n"
        "kinds = {f.name(): layer.editorWidgetSetup(i).type() for i, f in enumerate(layer.fields())}\n"
        "i = layer.fields().indexOf('reference')\n"
        "import json\n"
        "print('RESULT' + json.dumps([kinds, layer.editorWidgetSetup(i).config(), layer.renderer().type(),"
        " layer.startEditing(), layer.changeAttributeValue(1, i, 2), layer.commitChanges()]))\n"
    )
    done = subprocess.run(
        ["/usr/bin/python3", "-c", script], capture_output=True, text=True, check=False,
        env={"QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "HOME": str(study.folder)},
    )  # fmt: skip
    line = next(li for li in done.stdout.splitlines() if li.startswith("RESULT"))
    kinds, config, renderer, *edited = json.loads(line.removeprefix("RESULT"))
    assert kinds["reference"] == "ValueMap" and kinds["stratum"] == "Hidden"
    assert {k: v for item in config["map"] for k, v in item.items()} == {"building": "0", "land": "1", "road": "2"}
    assert renderer == "categorizedSymbol"
    assert edited == [True, True, True]


@pytest.mark.parametrize(
    ("values", "error", "remedy"),
    [
        ({"accuracies": "roof=0.5"}, SpecError, "no class 'roof'. Did you mean 'road'"),
        ({"accuracies": "road=5"}, SpecError, "Write a share from 0 to 1"),
        ({"accuracies": "road"}, SpecError, "found 'road'. Write a share from 0 to 1, as road=0.8"),
        ({"allocation": "even"}, SpecError, "no 'even'"),
        ({"map": "missing.tif"}, DataError, "does not exist"),
    ],
)
def test_a_wrong_request_is_refused_with_the_remedy(study, values, error, remedy):
    with pytest.raises(error, match=remedy):
        study.sample(**values)


def test_the_command_line_says_what_is_wrong_with_exit_code_3(study, capfd):
    empty = study.folder / "empty.tif"
    with rasterio.open(study.folder / "map.tif") as file, rasterio.open(empty, "w", **file.profile) as out:
        out.write(np.full((400, 500), 255, np.uint8), 1)
    assert main(["sample", "--map", str(empty), "--output", study.output, "--progress", "json"]) == 3
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert last["event"] == "failed" and "no pixel with a class" in last["text"] and "Choose another map" in last["hint"]
    assert not Path(study.output).exists()


def test_more_points_for_each_class_than_in_all_is_said(study):
    assert study.sample(points=40)["points"] == 90
    assert any("90 are drawn" in e.get("text", "") for e in study.events)


@pytest.mark.parametrize(
    ("change", "more", "remedy"),
    [
        (lambda f: f.assign(reference=None), {}, "Fill in the reference class of the points in QGIS"),
        (
            lambda f: f.assign(geometry=[shapely.Point(5e5 + 1, 2e6 - 1), *f.geometry[1:]]), {},
            r"1 of 40 answered points lie where map.tif has no class, .*Delete these points",
        ),
        (lambda f: f.assign(geometry=f.geometry.translate(1e6)), {}, r"no point on the map. Choose the points that belong"),
        (lambda f: f.assign(stratum=9), {}, r"points have the stratum 9.*Do not change the field stratum"),
        (lambda f: f.assign(reference=300), {}, "300 is outside 0 to 254. Choose the field"),
        (lambda f: f.assign(reference=1.5), {}, "1.5 is neither a whole number nor a name. Correct"),
        (lambda f: f.assign(reference="moor"), {}, "The classes do not match.*Rename the classes"),
        (lambda f: f, {"class_field": "referenc"}, "no field 'referenc'. Did you mean 'reference'"),
        (lambda f: f, {"errors": "e.tif"}, "points does not go with --errors. Leave out --errors"),
    ],
)  # fmt: skip
def test_wrong_points_are_refused_with_the_remedy(study, change, more, remedy):
    study.sample(points=40, least=5)
    study.answer(change)
    with pytest.raises((DataError, SpecError), match=remedy):
        study.assess(**{k: str(study.folder / v) if k == "errors" else v for k, v in more.items()})
