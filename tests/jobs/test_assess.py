"""A map against its reference: the figures, the files, and every refusal."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import from_origin
from scipy import ndimage

from engine.contract.errors import DataError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.specs.assess import AssessSpec
from engine.jobs import assess
from engine.metrics import Confusion
from engine.run import main

NAMES = ("building", "land", "road", "water")
PLACE = from_origin(500_000, 2_780_000, 0.5, 0.5)


def write(path, ids, names=NAMES, crs="EPSG:32640", place=PLACE, dtype="uint8"):
    with rasterio.open(
        path, "w", driver="GTiff", height=ids.shape[0], width=ids.shape[1], count=1, dtype=dtype, crs=crs, transform=place,
        nodata=None if dtype == "int8" else 255, tiled=True, blockxsize=256, blockysize=256,
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


def test_amounts_are_areas_where_pixels_have_a_size(case):
    found = case(table=str(case.folder / "t.csv"))
    land = found["per_class"][1]
    assert found["gsd_m"] == pytest.approx(0.5, rel=1e-3)
    assert land["map_m2"] == pytest.approx(land["map_px"] / 4, rel=1e-3)
    rows = list(csv.DictReader((case.folder / "t.csv").open()))
    assert next(float(r["value"]) for r in rows if (r["measure"], r["class"]) == ("map_m2", "land")) == land["map_m2"]
    report = (case.folder / "report.html").read_text()
    assert "<th>Map, ha</th>" in report and f"<td>{land['map_m2'] / 10_000:#.3g}</td>" in report
    assert "; 1 px is 0.5 m." in report
    wrong = sum(b["errors"] for b in found["errors_by_distance"]) * found["gsd_m"] ** 2 / 10_000
    assert f"of all {wrong:#.3g} ha that are wrong lie within 5 px" in report


def test_without_a_place_pixels_are_counted(case):
    plain = {
        role: write(case.folder / f"plain_{role}.tif", ids, crs=None, place=rasterio.Affine.identity())
        for role, ids in (("map", case.mapped), ("reference", case.reference))
    }
    found = case(**plain)
    assert found["gsd_m"] is None and found["per_class"][1]["map_m2"] is None
    report = (case.folder / "report.html").read_text()
    assert "<th>Map, px</th>" in report and "wrong pixels lie within 5 px of a reference border." in report


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
    confidence = write(case.folder / "percent.tif", np.full_like(case.mapped, 80), names=())
    found = case(metrics=str(case.folder / "m.json"), table=str(case.folder / "t.csv"), confidence=confidence)
    stored = json.loads((case.folder / "m.json").read_text())
    assert stored["miou"] == found["miou"]
    rows = {(r["measure"], r["class"], r["detail"]): r["value"] for r in csv.DictReader((case.folder / "t.csv").open())}
    assert float(rows["miou", "", ""]) == found["miou"]
    assert float(rows["miou_low", "", "95 %"]) == found["intervals"]["miou"]["low"]
    assert float(rows["boundary_mean_f1", "", "3 px"]) == found["boundary"]["mean_f1"][1]
    assert float(rows["reliability", "", "confidence 0.800"]) == pytest.approx(found["overall_accuracy"])
    assert int(rows["error_px", "", "20 to more px from a border"]) == found["errors_by_distance"][-1]["errors"]
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


def test_what_lies_outside_the_area_of_interest_does_not_count(case):
    west, north = 500_020, 2_779_980
    box = shapely.box(west, north - 60, west + 80, north)
    gpd.GeoDataFrame(geometry=[box], crs=32640).to_crs(4326).to_file(case.folder / "area.gpkg")
    found = case(area_of_interest=str(case.folder / "area.gpkg"))
    inside = np.s_[40:160, 40:200]
    expected = Confusion.of(case.mapped[inside], case.reference[inside], 4)
    assert (
        abs(found["pixels"]["Compared"] - expected.pixels) < 400
    )  # the box is not quite straight after its way through degrees
    assert found["overall_accuracy"] == pytest.approx(expected.overall_accuracy, abs=0.005)
    assert sum(found["pixels"].values()) == case.mapped.size


def test_confidence_is_judged_by_what_is_right(case):
    right = case.mapped == case.reference
    percent = np.where(right, 90, 30).astype(np.uint8)
    found = case(confidence=write(case.folder / "percent.tif", percent, names=()))
    bins = {round(b["confidence"], 2): b["accuracy"] for b in found["calibration"]["bins"] if b["pixels"]}
    assert bins == {0.9: 1.0, 0.3: 0.0}
    shares = write(case.folder / "shares.tif", percent / 100, names=(), dtype="float32")
    signed = write(case.folder / "signed.tif", percent, names=(), dtype="int8")
    assert case(confidence=shares)["calibration"] == case(confidence=signed)["calibration"] == found["calibration"]


def test_the_error_raster_shows_what_was_taken_for_what(case):
    case(errors=str(case.folder / "errors.tif"))
    with rasterio.open(case.folder / "errors.tif") as file:
        painted, legend = file.read(1), json.loads(file.tags()["EDGEWISE_LEGEND"])
    named = {item["id"]: item["name"] for item in legend}
    compared = (case.mapped != 255) & (case.reference != 255)
    assert ((painted == 0) == (compared & (case.mapped == case.reference))).all()
    assert ((painted == 255) == ~compared).all()
    row, col = np.argwhere(compared & (case.mapped == 1) & (case.reference == 2))[0]
    assert named[painted[row, col]] == "road mapped as land"


def test_the_better_of_two_maps_is_found_and_chance_is_not(case):
    rng = np.random.default_rng(2)
    worse = np.where(rng.random(case.mapped.shape) < 0.2, rng.integers(0, 4, case.mapped.shape), case.mapped)
    worse[case.mapped == 255] = 255
    second = case(second_map=write(case.folder / "worse.tif", worse), block=32)["comparison"]
    assert second["figures"][0]["difference"] < 0 and second["figures"][0]["p"] < 0.01
    assert "worse.tif is worse" in second["verdict"]
    same = case(second_map=write(case.folder / "again.tif", case.mapped), block=32)["comparison"]
    assert same["figures"][1]["p"] == 1
    assert "no difference" in same["verdict"]


def test_labels_that_the_model_or_its_teacher_was_trained_on_are_said(case):
    """The map's record names the student, its card the teacher, and the teacher's card the labels."""
    from engine.record import fingerprint
    from models import build, checkpoint
    from models.card import Card

    teacher, student, reference = (str(case.folder / n) for n in ("t.safetensors", "s.safetensors", "reference.tif"))
    for model, seen in ((teacher, reference), (student, teacher)):
        card = Card(
            network="unet_mobilenet_v2_thin", bands=("red",), scaling=((127.0, 60.0),), dtype="uint8", gsd_m=None,
            legend=Legend.from_names(NAMES), halo_px=32, tile_px=256, grade="seamless",
            training={"inputs": {seen: fingerprint(seen)}},
        )  # fmt: skip
        checkpoint.save(model, build(card.network, bands=1, classes=4), card)
    Path(f"{case.folder / 'map.tif'}.job.json").write_text(json.dumps({"inputs": {student: {}}}))
    assert any("reference.tif is what t.safetensors was trained on" in w for w in case()["warnings"])
    assert not any("was trained on" in w for w in case(reference=write(case.folder / "new.tif", case.mapped))["warnings"])


def test_a_reference_that_is_the_map_itself_is_said(case):
    assert any("is the map itself" in w for w in case(reference=str(case.folder / "map.tif"))["warnings"])
    assert not any("itself" in w for w in case()["warnings"])


def test_few_blocks_are_said(case):
    assert any("blocks of 256 px" in w for w in case()["warnings"])


def in_zone_39(x, y):
    return Transformer.from_crs(32640, 32639, always_xy=True).transform(x, y)


@pytest.mark.parametrize(
    ("make", "option", "error", "remedy"),
    [
        (lambda f, m: write(f / "x.tif", m, place=from_origin(500_010, 2_780_000, 0.5, 0.5)), "reference", DataError,
         "not on the grid of the map.*gdalwarp .*-te 500000.0"),
        (lambda f, m: write(f / "x.tif", m[::2, ::2], place=from_origin(500_000, 2_780_000, 1, 1)), "reference", DataError,
         "not on the grid of the map.*gdalwarp .*-ts 400 300 -r near"),
        (lambda f, m: write(f / "x.tif", m, crs="EPSG:32639", place=from_origin(*in_zone_39(500_000, 2_780_000), 0.5, 0.5)),
         "reference", DataError, "in another CRS than the map.*gdalwarp -t_srs EPSG:32640"),
        (lambda f, m: write(f / "x.tif", m, place=from_origin(600_000, 2_780_000, 0.5, 0.5)), "reference", DataError,
         "does not overlap the map. Choose the layer that belongs"),
        (lambda f, m: write(f / "x.tif", m[::2, ::2], place=from_origin(500_000, 2_780_000, 1, 1)), "second_map", DataError,
         "not on the grid of the map.*gdalwarp"),
        (lambda f, m: write(f / "x.tif", m, ("Haus", "Boden", "Weg", "See")), "reference", DataError,
         "The classes do not match: .*Haus.*Rename the classes"),
        (lambda f, m: write(f / "x.tif", np.where(m == 255, 0, 255)), "reference", DataError,
         "no labelled pixel in common.*Choose the reference that covers"),
        (lambda f, m: write(f / "x.tif", m.astype("int16") + 101, (), dtype="int16"), "confidence", DataError,
         "has the confidence .*, expected 0 to 100. Give percents"),
        (lambda f, m: str(f), "report", SpecError, "should end in .html"),
        (lambda f, m: str(f / "missing" / "r.html"), "report", DataError, "does not exist. Create it or choose another"),
        (lambda f, m: str(f / "map.tif" / "r.html"), "report", DataError, "map.tif is not a folder. Choose another output"),
        (lambda f, m: (f / "folder.html").mkdir() or str(f / "folder.html"), "report", DataError,
         "is a folder.*Choose another name"),
        (lambda f, m: None, "map", SpecError, "Give --map, or --model and --image"),
        (lambda f, m: str(f / "map.tif"), "model", SpecError, "Give --map, or --model and --image"),
        (lambda f, m: "3 2 1", "bands", SpecError, "leave --bands and --resample out"),
    ],
)  # fmt: skip
def test_a_request_that_cannot_hold_is_refused_with_the_remedy(case, make, option, error, remedy):
    before = set(case.folder.iterdir())
    value = make(case.folder, case.mapped)
    with pytest.raises(error, match=remedy):
        case(**{option: value})
    left = {p.name for p in set(case.folder.iterdir()) - before} - {"x.tif", "folder.html"}
    assert not left, f"{left} was left behind"


def test_the_command_line_says_what_is_wrong_with_exit_code_3(case, capfd):
    far = write(case.folder / "far.tif", case.reference, place=from_origin(600_000, 2_780_000, 0.5, 0.5))
    words = ["--map", str(case.folder / "map.tif"), "--reference", far, "--report", str(case.folder / "r.html")]
    assert main(["assess", *words, "--progress", "json"]) == 3
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert last["event"] == "failed" and "does not overlap the map" in last["text"] and "belongs to this map" in last["hint"]
    assert not (case.folder / "r.html").exists()


def test_a_model_is_run_on_the_fly(case):
    """The map that `segment` writes and the map that `assess` makes are the same."""
    from engine.contract.specs.segment import SegmentSpec
    from engine.jobs import segment
    from models import build, checkpoint
    from models.card import Card

    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (3, *case.mapped.shape), dtype=np.uint8)
    with rasterio.open(
        case.folder / "image.tif", "w", driver="GTiff", height=300, width=400, count=3, dtype="uint8", crs="EPSG:32640",
        transform=PLACE,
    ) as file:  # fmt: skip
        file.write(image)
    network = build("unet_mobilenet_v2_thin", bands=3, classes=4)
    card = Card(
        network="unet_mobilenet_v2_thin", bands=("red", "green", "blue"), scaling=((127.0, 60.0),) * 3, dtype="uint8",
        gsd_m=(0.4, 0.6),
        legend=Legend.from_names(NAMES), halo_px=32, tile_px=256, grade="seamless",
    )  # fmt: skip
    model, image_path, classes = (str(case.folder / n) for n in ("model.safetensors", "image.tif", "classes.tif"))
    checkpoint.save(model, network, card)
    spec = SegmentSpec.from_dict({"image": image_path, "model": model, "output": classes, "device": "cpu"})
    segment.run(spec, Reporter(lambda event: None))
    made = case(map=None, model=model, image=[image_path], bands="1 2 3", second_map=classes)
    given = case(map=classes)
    assert made["confusion"] == given["confusion"]
    assert made["calibration"]["ece"] is not None
    assert [(f["difference"], f["p"]) for f in made["comparison"]["figures"]] == [(0, 1), (0, 1)]
    assert not [p for p in case.folder.iterdir() if p.name.startswith(".assess")]
    assert not [e for e in made["events"] if e["event"] == "artifact" and not Path(e["path"]).exists()]


def title_in_browser(page):
    """Return the title that the page's own script sets."""
    done = subprocess.run(
        ["/usr/bin/python3", str(Path(__file__).with_name("show.py")), str(page)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stderr}\n`make setup-qgis` installs what this test needs."
    return done.stdout


def test_the_report_fits_a_phone_in_a_real_browser_and_asks_the_network_for_nothing(case):
    names = ("<b>roof</b>", "land & sand", 'a "long" name of a class that nobody would give', "water")
    legend = dict(enumerate(names))
    found = case(
        map=write(case.folder / "odd.tif", case.mapped, legend),
        reference=write(case.folder / "odd_reference.tif", case.reference, legend),
    )
    report = case.folder / "report.html"
    text = report.read_text()
    assert "<script" not in text and "<link" not in text and "<img" not in text and "@import" not in text and "url(" not in text
    assert ">wrong pixels</text>" in text, "an axis does not say what it counts"
    probe = case.folder / "probe.html"
    probe.write_text(
        '<body><iframe id="f" src="report.html" width="390" height="800"></iframe><script>'
        "f.onload = () => { const d = f.contentDocument; document.title = JSON.stringify({"
        "wide: d.documentElement.scrollWidth, svgs: [...d.querySelectorAll('svg')].map(s => s.getBoundingClientRect().width),"
        "requests: f.contentWindow.performance.getEntriesByType('resource').length,"
        "text: d.body.innerText.slice(0, 20000)}); }</script></body>"
    )
    seen = json.loads(title_in_browser(probe))
    assert seen["wide"] <= 390, "the page scrolls sideways on a phone"
    assert seen["requests"] == 0
    assert len(seen["svgs"]) == 1 and all(250 < w <= 390 for w in seen["svgs"])
    assert f"{found['miou']:.3f}" in seen["text"]
    for name in names:
        assert name in seen["text"], "a class name is not shown as it is"


def test_an_area_of_interest_that_is_none_is_refused(case):
    far, line = case.folder / "far.gpkg", case.folder / "line.gpkg"
    gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9)], crs=32640).to_file(far)
    gpd.GeoDataFrame(geometry=[shapely.LineString([(500_000, 2_779_900), (500_100, 2_779_900)])], crs=32640).to_file(line)
    with pytest.raises(DataError, match=r"does not overlap the map. Choose the area of interest"):
        case(area_of_interest=str(far))
    with pytest.raises(DataError, match=r"no polygons.*Choose a polygon layer"):
        case(area_of_interest=str(line))
    with pytest.raises(DataError, match=r"no labelled pixel in common.*widen the area of interest"):
        empty = case.folder / "empty.gpkg"
        gpd.GeoDataFrame(geometry=[shapely.box(500_001, 2_779_990, 500_005, 2_779_995)], crs=32640).to_file(empty)
        case(area_of_interest=str(empty))
