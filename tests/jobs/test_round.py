"""A round makes a model of the answers and asks the next questions; stopped, it goes on where it stood."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from scipy import ndimage

import models
from engine.campaign import history, store
from engine.contract.errors import Cancelled, DataError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.contract.specs.distill import DistillSpec
from engine.contract.specs.round import RoundSpec
from engine.contract.specs.suggest import SuggestSpec
from engine.jobs import round as next_round
from engine.jobs import suggest
from models import checkpoint
from models.card import Card

LEGEND = Legend.from_names({1: "building", 2: "road", 7: "water"})
QUIET = Reporter(lambda _: None)


def answer(path, sql):
    """Change answers as QGIS does, in the file."""
    db = sqlite3.connect(path)
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        db.create_function(name, 1, lambda _: 0)
    db.execute(sql)
    db.commit()
    db.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with an orthophoto, a model that is sure of itself, and an answered campaign."""
    torch.set_num_threads(1)
    folder, rng = tmp_path_factory.mktemp("round"), np.random.default_rng(0)
    image = np.stack([ndimage.gaussian_filter(rng.normal(size=(200, 230)), 10) for _ in range(3)])
    with rasterio.open(
        folder / "ortho.tif", "w", driver="GTiff", count=3, height=200, width=230, dtype="uint8", crs="EPSG:25833",
        transform=Affine(0.2, 0, 400_000, 0, -0.2, 5_800_000), photometric="RGB",
    ) as dataset:  # fmt: skip
        dataset.write(np.clip(image * 1000 + 128, 1, 254).astype(np.uint8))
    torch.manual_seed(0)
    network = models.build("unet_mobilenet_v2_thin", 3, len(LEGEND)).eval()
    with torch.no_grad():
        [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)][-1].weight.mul_(300)
    card = Card(
        "unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", (0.1, 0.4), LEGEND,
        halo_px=32, tile_px=256, grade="seamless",
    )  # fmt: skip
    checkpoint.save(folder / "first.safetensors", network, card)
    paths = {"image": (str(folder / "ortho.tif"),), "model": str(folder / "first.safetensors")}
    campaign = str(folder / "campaign.gpkg")
    suggest.run(SuggestSpec(**paths, budget=30, edge_share=0.2, device="cpu", output=campaign), QUIET)
    answer(campaign, "update units set answer = 'confirm', seconds = 3 where kind = 'region'")
    answer(campaign, "update units set answer = 'class', class_id = 7 where kind = 'edge'")
    (folder / "answered.gpkg").write_bytes(Path(campaign).read_bytes())
    return folder


def request(folder, **more):
    values = {
        "campaign": str(folder / "campaign.gpkg"), "image": str(folder / "ortho.tif"), "iterations": 3, "batch": 2, "chip": 64,
        "held_out_share": 0.3, "budget": 12, "device": "cpu", "output": str(folder), "report": str(folder / "report.html"),
        **more,
    }  # fmt: skip
    spec = RoundSpec.from_dict(values)
    spec.check()
    return spec


def stopped_in(stage):
    """Return a reporter that asks the job to stop at the first sign of a stage."""

    def emit(event):
        if event["event"] == "progress" and event["stage"] == stage:
            report.cancelled.set()

    report = Reporter(emit)
    return report


def test_a_stopped_round_goes_on_and_asks_the_next_units(folder):
    spec = request(folder, pseudolabels=True)
    before = store.read(spec.campaign).units
    with pytest.raises(Cancelled):
        next_round.run(spec, stopped_in(next_round.TRAIN))
    made = folder / "round-01"
    kept = {p.name: p.stat().st_mtime_ns for p in made.glob("*.tif")}
    assert set(kept) == {"labels.tif", "held_out.tif", "pseudolabels.tif"}
    assert store.read(spec.campaign).last_round == 1, "nothing is asked before the model is there"
    events = []
    summary = next_round.run(spec, Reporter(events.append))
    assert {p.name: p.stat().st_mtime_ns for p in made.glob("*.tif")} == kept, "what was done is not done again"
    assert sum("done before" in e.get("text", "") for e in events) == 2
    progress = [e["done"] for e in events if e["event"] == "progress"]
    assert progress == sorted(progress) and progress[-1] == 100
    campaign = store.read(spec.campaign)
    first = campaign.units[campaign.units["round"] == 1]
    assert first.drop(columns="answered").equals(before.drop(columns="answered")), "answers stay as they are"
    row = history.rounds(campaign)[-1]
    assert (row["round"], summary["next_round"], row["model"]) == (2, 2, str(made / "model.safetensors"))
    assert row["labelled_px"] == summary["labelled_pixels"] > 0 and row["pseudo_px"] >= 0
    again = {**spec.to_dict(), "model": summary["model"]}
    kept = {name: again[name] for name in row if name in again}
    assert {name: row[name] for name in kept} == kept, "the next round can be asked as this one was"
    assert {"iterations", "chip", "held_out_share", "budget", "output"} <= set(kept)
    assert row["held_out_px"] > 0 and 0 <= row["miou"] <= 1 and 0 <= row["miou_before"] <= 1
    assert checkpoint.load(summary["model"]).card.legend == LEGEND
    page = (folder / "report.html").read_text()
    assert all(words in page for words in ("Learning curve", "What round 2 asks", "building", "Confirmed"))
    assert "<script" not in page and "src=" not in page
    with pytest.raises(DataError, match="Answer its units in QGIS"):
        next_round.run(spec, QUIET)


def test_the_model_before_is_measured_but_teaches_by_its_pseudo_labels_only_where_that_is_asked(folder, tmp_path):
    campaign = tmp_path / "campaign.gpkg"
    campaign.write_bytes((folder / "answered.gpkg").read_bytes())
    events = []
    summary = next_round.run(request(folder, campaign=str(campaign), output=str(tmp_path), report=""), Reporter(events.append))
    assert 0 <= summary["miou_before"] <= 1 and summary["pseudo_pixels"] == {}
    assert history.rounds(store.read(str(campaign)))[-1]["pseudo_px"] == 0
    assert not any("pseudolabels" in event.get("values", {}) for event in events)


def test_a_round_without_answers_or_without_its_model_is_refused(folder, tmp_path):
    campaign = str(tmp_path / "fresh.gpkg")
    Path(campaign).write_bytes((folder / "campaign.gpkg").read_bytes())
    answer(campaign, "update units set answer = '', class_id = null")
    with pytest.raises(DataError, match="Answer units in QGIS, or draw polygons"):
        next_round.run(
            request(folder, campaign=campaign, output=str(tmp_path), report="", model=str(folder / "first.safetensors")), QUIET
        )
    answer(campaign, "update rounds set model = '/gone.safetensors'")
    with pytest.raises(DataError, match="Give it with --model"):
        next_round.run(request(folder, campaign=campaign, output=str(tmp_path), report=""), QUIET)


def test_with_teachers_training_further_is_distilling(folder):
    teacher = str(folder / "first.safetensors")
    files = next_round._Files.inside(folder)
    for is_told, unlabelled in ((False, (str(folder / "ortho.tif"),)), (True, ())):
        lesson = next_round._lesson(request(folder, teachers=[teacher]), files, teacher, True, is_told)
        assert isinstance(lesson, DistillSpec)
        assert (lesson.teachers, lesson.start, lesson.unlabelled_images) == ((teacher,), teacher, unlabelled)
        assert lesson.pseudolabels == ((files.pseudolabels,) if is_told else ())
    assert not isinstance(next_round._lesson(request(folder), files, teacher, False, False), DistillSpec)


@pytest.mark.parametrize(
    ("more", "match"), [({"chip": 100}, "Use 256 or 512"), ({"distillation": "drdd"}, "Did you mean 'drd'")]
)
def test_a_request_that_cannot_be_trained_is_refused(folder, more, match):
    with pytest.raises(SpecError, match=match):
        request(folder, **more)
