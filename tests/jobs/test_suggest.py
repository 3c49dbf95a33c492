"""A model and an orthophoto give a batch of units to label; a second run gives the next round of the same campaign."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.features
import torch
from rasterio.transform import from_origin
from rasterio.windows import Window
from scipy import ndimage

import models
from engine.campaign import history, store
from engine.contract import catalogue
from engine.contract.errors import DataError, ModelError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.specs.suggest import SuggestSpec
from engine.inference import predict
from engine.jobs import suggest
from models import checkpoint
from models.card import Card

ROOT = Path(__file__).resolve().parents[2]
LEGEND = Legend.from_names({1: "building", 2: "road", 7: "water"})


def save_model(path, legend=LEGEND, seed=0):
    torch.manual_seed(seed)
    network = models.build("unet_mobilenet_v2_thin", 3, len(legend)).eval()
    card = Card(
        "unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", (0.1, 0.4), legend,
        halo_px=64, tile_px=512, grade="seamless",
    )  # fmt: skip
    checkpoint.save(path, network, card)
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("suggest")


@pytest.fixture(scope="module")
def student(folder):
    return save_model(folder / "student.safetensors")


def write_ortho(path, epsg=25833):
    rng = np.random.default_rng(0)
    data = np.stack([ndimage.gaussian_filter(rng.normal(size=(330, 420)), 9) for _ in range(3)])
    data = (np.clip(data * 900 + 128, 1, 254)).astype(np.uint8)
    data[:, :60, :50] = 0
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=330, width=420, dtype="uint8", nodata=0, crs=f"EPSG:{epsg}",
        transform=from_origin(400_000, 5_800_000, 0.2, 0.2), photometric="RGB", tiled=True,
    ) as dataset:  # fmt: skip
        dataset.write(data)
    return str(path)


@pytest.fixture(scope="module")
def ortho(folder):
    return write_ortho(folder / "ortho.tif")


def run(report=None, **values):
    spec = SuggestSpec.from_dict({"device": "cpu", **values})
    spec.check()
    return suggest.run(spec, report or Reporter(lambda _: None))


@pytest.fixture(scope="module")
def first_round(folder, student, ortho):
    path = str(folder / "campaign.gpkg")
    return path, run(image=ortho, model=student, output=path, budget=24)


def test_a_batch_has_its_budget_in_both_kinds_and_ranks_without_gaps(first_round):
    path, summary = first_round
    units = store.read(path).units
    assert summary["offered"] == len(units) == 24
    assert summary["edge_units"] == 24 * SuggestSpec.edge_share
    assert sorted(units["rank"]) == list(range(1, 25))
    assert set(units["class_a"]) | set(units["class_b"]) <= set(LEGEND.ids)
    assert (units["status"] == "open").all() and units["reason"].str.endswith(".").all()
    assert units["unit"].is_unique


def test_units_lie_on_whole_valid_pixels_of_the_orthophoto_and_share_none(first_round, ortho):
    units = store.read(first_round[0]).units
    with rasterio.open(ortho) as dataset:
        assert units.crs == dataset.crs
        covered = np.zeros(dataset.shape, int)
        for shape, pixels in zip(units.geometry, units["pixels"], strict=True):
            own = rasterio.features.rasterize([shape], dataset.shape, transform=dataset.transform)
            assert own.sum() == pixels, "the polygon is exact to the pixel"
            assert shape.area == pytest.approx(pixels * 0.04)
            covered += own
        assert covered.max() == 1
        assert dataset.dataset_mask()[covered > 0].all()


def test_what_the_model_sees_fills_each_unit(first_round):
    campaign = store.read(first_round[0])
    areas = campaign.predictions.assign(area=campaign.predictions.area).groupby("unit")["area"].sum()
    assert areas.to_dict() == pytest.approx(dict(zip(campaign.units["unit"], campaign.units.area, strict=True)))
    edges = campaign.units.loc[campaign.units["kind"] == "edge", "unit"]
    assert (campaign.predictions.groupby("unit").size()[edges] >= 1).all()


def test_the_same_request_gives_the_same_batch_and_another_seed_another(first_round, folder, student, ortho):
    one, same, other = store.read(first_round[0]).units, folder / "same.gpkg", folder / "other.gpkg"
    run(image=ortho, model=student, output=str(same), budget=24)
    run(image=ortho, model=student, output=str(other), budget=24, seed=1)
    again = store.read(same).units
    assert again.drop(columns=["answered"]).equals(one.drop(columns=["answered"]))
    assert set(store.read(other).units["unit"]) != set(one["unit"])


def test_adjoining_files_with_other_bands_give_the_batch_of_the_whole(first_round, folder, student, ortho):
    tiles, path = folder / "tiles", str(folder / "tiled.gpkg")
    tiles.mkdir()
    with rasterio.open(ortho) as whole:
        for col, width in ((0, 200), (200, 220)):
            part = Window(col, 0, width, 330)
            place = whole.window_transform(part)
            profile = {**whole.profile, "width": width, "transform": place, "photometric": "MINISBLACK"}
            with rasterio.open(tiles / f"{col:03d}.tif", "w", **profile) as tile:
                tile.descriptions = ("blue", "green", "red")
                tile.write(whole.read([3, 2, 1], window=part))
    events = []
    run(Reporter(events.append), image=str(tiles), model=student, output=path, budget=24)
    one, again = store.read(first_round[0]), store.read(path)
    assert again.units.drop(columns="answered").equals(one.units.drop(columns="answered"))
    assert any("Reading the bands red, green, blue" in e.get("text", "") for e in events)
    files = [str(file) for file in sorted(tiles.glob("*.tif"))]
    run(image=files, model=student, output=path, budget=5)
    assert [r["image"] for r in history.rounds(store.read(path))] == [str(tiles), files]


def test_a_part_with_finer_pixels_is_looked_at_in_those_of_the_model(folder, ortho, student, legend):
    with rasterio.open(ortho) as whole, rasterio.open(
        folder / "fine.tif", "w", **{**whole.profile, "height": 640, "width": 640, "transform": from_origin(4e5, 0, 0.05, 0.05)}
    ) as fine:  # fmt: skip
        fine.write(whole.read(window=Window(100, 100, 160, 160)).repeat(4, axis=1).repeat(4, axis=2))
    asked = {"image": str(folder / "fine.tif"), "extent": "400000,-16,400032,0", "budget": 8}
    with pytest.raises(ModelError, match="--resample auto"):
        run(**asked, model=student, output=str(folder / "refused.gpkg"))
    for name, more, side in (("fine", {"model": student, "resample": "auto"}, 0.2), ("cold_part", {"legend": legend}, 0.05)):
        run(**asked, **more, output=str(folder / f"{name}.gpkg"))
        units = store.read(folder / f"{name}.gpkg").units
        assert units.total_bounds[1] >= -16 - side and len(units) == 8
        assert units.area.to_numpy() == pytest.approx(units["pixels"].to_numpy() * side**2, rel=0.01)


def test_a_round_is_appended_keeps_the_answers_and_asks_no_ground_twice(first_round, folder, student, ortho):
    path = str(folder / "rounds.gpkg")
    shutil.copy(first_round[0], path)
    with Gpkg(path) as db:
        db.execute("update units set answer = 'class', class_id = 7, note = 'pond' where rank = 3")
        db.execute("update units set answer = 'skip' where rank = 4")
    assert run(image=ortho, model=student, output=path, budget=16)["round"] == 2
    campaign = store.read(path)
    first, second = (campaign.units[campaign.units["round"] == r] for r in (1, 2))
    assert (len(first), len(second)) == (24, 16)
    answered = first[first["rank"] == 3].iloc[0]
    assert (answered["answer"], answered["class_id"], answered["note"]) == ("class", 7, "pond")
    asked = set(first.loc[first["answer"] != "skip", "unit"])
    assert not asked & set(second["unit"])
    assert campaign.rounds["round"].tolist() == [1, 2]


def test_ground_that_was_corrected_is_not_asked_again(first_round, folder, student, ortho):
    path = str(folder / "corrected.gpkg")
    shutil.copy(first_round[0], path)
    with rasterio.open(ortho) as dataset:
        left, bottom, _, top = dataset.bounds
    half = gpd.GeoSeries.from_wkt(
        [f"MULTIPOLYGON((({left} {bottom},{left + 42} {bottom},{left + 42} {top},{left} {top},{left} {bottom})))"]
    )
    frame = gpd.GeoDataFrame({"class_id": [1]}, geometry=half, crs="EPSG:25833")
    frame.to_file(path, layer="corrections", driver="GPKG", mode="a")
    run(image=ortho, model=student, output=path, budget=8)
    units = store.read(path).units
    second = units[units["round"] == 2]
    assert len(second) == 8
    assert (second.geometry.centroid.x > left + 41).all()


def test_only_edges_or_only_regions_can_be_asked_for(folder, student, ortho):
    for share, kind in ((1.0, {"edge"}), (0.0, {"region"})):
        path = str(folder / f"share{share}.gpkg")
        run(image=ortho, model=student, output=path, budget=10, edge_share=share, score="entropy")
        assert set(store.read(path).units["kind"]) == kind


def test_a_budget_may_be_in_clicks_or_pixels_and_is_never_exceeded(folder, student, ortho):
    for unit, budget in (("clicks", 30), ("pixels", 2000)):
        path = str(folder / f"{unit}.gpkg")
        summary = run(image=ortho, model=student, output=path, budget=budget, budget_unit=unit)
        assert budget / 2 < store.read(path).units[unit].sum() == summary[unit] <= budget
    with pytest.raises(SpecError, match=r"Give --budget \d+ or more"):
        run(image=ortho, model=student, output=str(folder / "poor.gpkg"), budget=1, budget_unit="pixels")


def test_a_round_with_held_out_labels_measures_the_model_and_asks_for_what_it_gets_wrong(folder, student, ortho):
    model, path = checkpoint.load(student), str(folder / "weighed.gpkg")
    with rasterio.open(ortho) as dataset, rasterio.open(
        folder / "held_out.tif", "w", **{**dataset.profile, "count": 1, "nodata": 255, "photometric": "minisblack"}
    ) as target:  # fmt: skip
        seen, _ = predict.whole(model, dataset.read(), dataset.dataset_mask() > 0)
        common = int(np.bincount(seen.ravel(), minlength=255)[:255].argmax())
        truth = np.where(seen == common, common, LEGEND.ids[(LEGEND.ids.index(common) + 1) % 3])
        target.write(np.where(seen == 255, 255, truth).astype(np.uint8)[None])
    summary = run(
        image=ortho, model=student, output=path, budget=10, held_out=str(folder / "held_out.tif"), class_weights="performance"
    )
    row = history.rounds(store.read(path))[0]
    assert row["held_out_px"] == (seen != 255).sum()
    assert 0 < row["miou"] == summary["miou"] < 1
    name = LEGEND.names[LEGEND.ids.index(common)]
    assert row["class_iou"][name] == max(row["class_iou"].values())
    assert row["class_weights"] == "performance"
    assert row["weights_by_class"][name] == min(row["weights_by_class"].values())


def test_a_campaign_with_other_classes_is_refused(first_round, folder, ortho):
    other = save_model(folder / "other.safetensors", Legend.from_names({1: "car", 2: "road", 7: "water"}))
    with pytest.raises(DataError, match="begin a campaign under another name"):
        run(image=ortho, model=other, output=first_round[0])


def test_a_campaign_in_another_crs_is_refused(first_round, folder, student):
    elsewhere = write_ortho(folder / "elsewhere.tif", epsg=32633)
    with pytest.raises(DataError, match="Reproject the orthophoto"):
        run(image=elsewhere, model=student, output=first_round[0])


@pytest.fixture(scope="module")
def legend(folder):
    path = folder / "legend.json"
    path.write_text(json.dumps([{"id": k, "name": n} for k, n in ((1, "building"), (2, "road"), (7, "water"), (9, "car"))]))
    return str(path)


def test_a_first_batch_needs_no_model_and_foretells_no_class(folder, ortho, legend, student):
    path = str(folder / "cold.gpkg")
    summary = run(image=ortho, legend=legend, output=path, budget=30)
    campaign = store.read(path)
    assert summary["offered"] == len(campaign.units) == 30
    assert campaign.legend.names == ("building", "road", "water", "car")
    assert set(campaign.units["kind"]) == {"region"}
    assert campaign.units["class_a"].isna().all() and not len(campaign.predictions)
    assert campaign.units["reason"].str.contains("no model has seen it").all()
    assert run(image=ortho, model=student, output=path, budget=10)["round"] == 2, "the model does not know cars yet"
    second = store.read(path)
    asked = second.units[second.units["round"] == 2]
    assert set(asked["class_a"]) <= set(LEGEND.ids) and set(second.predictions["class_id"]) <= set(LEGEND.ids)
    assert set(second.predictions["unit"]) <= set(asked["unit"]), "predictions name their units"
    assert not set(asked["unit"]) & set(campaign.units["unit"])
    assert run(image=ortho, legend=legend, output=path, budget=5)["round"] == 3


def test_a_model_of_other_classes_shows_where_to_look_and_foretells_nothing(folder, ortho, legend):
    shipped = save_model(folder / "shipped.safetensors", Legend.from_names({0: "roof", 1: "tree", 2: "soil"}))
    path = str(folder / "shipped.gpkg")
    run(image=ortho, model=shipped, legend=legend, output=path, budget=12)
    campaign = store.read(path)
    assert campaign.legend.names == ("building", "road", "water", "car")
    assert campaign.units["class_a"].isna().all() and not len(campaign.predictions)
    assert set(campaign.units["kind"]) == {"edge", "region"}


def test_views_and_more_models_may_disagree(folder, ortho, student):
    other = save_model(folder / "second.safetensors", seed=1)
    for k, more in enumerate(({"tta": "flips"}, {"more_models": [other]})):
        path = str(folder / f"bald{k}.gpkg")
        run(image=ortho, model=student, score="bald", output=path, budget=8, **more)
        assert (store.read(path).units["score"] > 0).all()


def test_models_of_other_classes_cannot_be_asked_together(folder, ortho, student):
    other = save_model(folder / "apart.safetensors", Legend.from_names({0: "roof", 1: "tree", 2: "soil"}))
    with pytest.raises(ModelError, match="trained with the same legend"):
        run(image=ortho, model=student, more_models=[other], score="bald", output=str(folder / "apart.gpkg"))


@pytest.mark.parametrize("selection", catalogue.DIVERSE)
def test_a_batch_may_be_chosen_by_the_features_of_the_model(folder, ortho, student, selection):
    path = str(folder / f"{selection}.gpkg")
    assert run(image=ortho, model=student, selection=selection, output=path, budget=6)["offered"] == 6


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"score": "bald"}, "Ask for views with --tta flips"),
        ({"selection": "badge", "budget_unit": "clicks"}, "Give --budget-unit units"),
    ],
)
def test_a_request_that_means_nothing_is_refused(folder, ortho, student, values, remedy):
    with pytest.raises(SpecError) as raised:
        run(image=ortho, output=str(folder / "new.gpkg"), **{"model": student, **values})
    assert remedy in raised.value.hint


@pytest.mark.parametrize(("name", "value"), [("held_out", "ortho.tif"), ("bands", "3 2 1"), ("resample", "auto")])
def test_what_only_a_model_needs_is_refused_without_one(folder, ortho, legend, name, value):
    with pytest.raises(SpecError, match=rf"without a model\. .* or leave --{name.replace('_', '-')} out"):
        run(image=ortho, legend=legend, output=str(folder / "new.gpkg"), **{name: value})


def test_a_file_that_is_no_campaign_is_refused_and_left_alone(folder, student, ortho):
    path = folder / "parcels.gpkg"
    gpd.GeoDataFrame({"a": [1]}, geometry=gpd.points_from_xy([0], [0]), crs=25833).to_file(path, layer="parcels")
    before = path.read_bytes()
    with pytest.raises(DataError, match="no labelling campaign"):
        run(image=ortho, model=student, output=str(path))
    assert path.read_bytes() == before


def test_an_orthophoto_without_data_is_refused(folder, student):
    path = folder / "empty.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=300, width=300, dtype="uint8", nodata=0, crs="EPSG:25833",
        transform=from_origin(0, 0, 0.2, 0.2), photometric="RGB",
    ) as dataset:  # fmt: skip
        dataset.write(np.zeros((3, 300, 300), np.uint8))
    with pytest.raises(DataError, match="orthophoto with data"):
        run(image=str(path), model=student, output=str(folder / "none.gpkg"))
    assert not (folder / "none.gpkg").exists()


def test_the_command_line_writes_the_campaign_and_its_record(folder, student, ortho):
    path = folder / "shell.gpkg"
    done = subprocess.run(
        [sys.executable, "-m", "engine.run", "suggest", "--image", ortho, "--model", student, "--output", str(path),
         "--budget", "5", "--device", "cpu"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert path.exists() and Path(f"{path}.job.json").exists()
    assert [p.name for p in folder.glob("shell*part*")] == []


class Gpkg:
    """A GeoPackage opened for plain SQL, with the functions that its triggers call."""

    def __init__(self, path):
        self.db = sqlite3.connect(path)
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            self.db.create_function(name, 1, lambda _: 0)

    def __enter__(self):
        return self.db

    def __exit__(self, *_):
        self.db.commit()
        self.db.close()
