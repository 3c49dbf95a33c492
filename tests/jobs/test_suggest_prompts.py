"""A first batch by text prompts, from the request to the campaign."""

import json
import threading

import numpy as np
import pytest

from engine.campaign import history, store
from engine.contract.errors import Cancelled, SpecError
from engine.contract.events import Reporter
from engine.contract.specs.suggest import SuggestSpec
from engine.jobs import suggest
from tests.jobs.test_suggest import save_model, write_ortho
from tests.parts import clip

NAMES = ("building", "road", "water")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("prompts")


@pytest.fixture(scope="module")
def asked(folder):
    """What every request has: an orthophoto, the classes and a tiny CLIP model of random weights."""
    legend = folder / "legend.json"
    legend.write_text(json.dumps([{"id": k, "name": n} for k, n in zip((1, 2, 7), NAMES, strict=True)]))
    model = clip.save(folder / "clip")
    return {"image": write_ortho(folder / "ortho.tif"), "legend": str(legend), "prompt_model": str(model), "device": "cpu"}


def run(report=None, **values):
    spec = SuggestSpec.from_dict(values)
    spec.check()
    return suggest.run(spec, report or Reporter(lambda _: None))


def test_a_prompt_model_offers_each_class_its_share_foretells_none_and_asks_no_ground_twice(asked, folder):
    path, events = str(folder / "campaign.gpkg"), []
    asked = {**asked, "prompts": "building=a roof seen from above"}
    summary = run(Reporter(events.append), **asked, output=path, budget=12)
    units = store.read(path).units
    assert summary["offered"] == len(units) == 12 and set(units["kind"]) == {"region"}
    assert units["class_a"].isna().all() and not len(store.read(path).predictions)
    assert [units["reason"].str.contains(name).sum() for name in NAMES] == [4, 4, 4]
    assert units["reason"].str.startswith("The prompt model ").all() and units["reason"].str.endswith(".").all()
    told = [e for e in events if e["event"] == "progress" and e["unit"] == "pictures"]
    assert told[-1]["done"] == told[-1]["total"] == 120
    assert any("sees red, green, blue as" in e.get("text", "") for e in events)
    assert history.rounds(store.read(path))[0]["prompt_model"] == asked["prompt_model"]
    again = str(folder / "again.gpkg")
    run(**{**asked, "prompt_model": f"{asked['prompt_model']}/model.safetensors"}, output=again, budget=12)
    assert store.read(again).units.drop(columns="answered").equals(units.drop(columns="answered"))
    assert run(**asked, output=path, budget=6)["round"] == 2
    both = store.read(path).units
    assert both["unit"].is_unique and np.bincount(both["round"]).tolist() == [0, 12, 6]


def test_a_run_that_is_cancelled_while_pictures_are_seen_writes_nothing(asked, folder):
    cancelled, path = threading.Event(), folder / "cancelled.gpkg"
    report = Reporter(lambda e: cancelled.set() if e.get("unit") == "pictures" else None, cancelled)
    with pytest.raises(Cancelled):
        run(report, **asked, output=str(path), budget=12)
    assert not path.exists()


def test_the_record_weighs_the_model_that_was_named_by_its_folder(asked, folder):
    spec = SuggestSpec.from_dict({**asked, "output": str(folder / "new.gpkg")})
    assert str(folder / "clip" / "model.safetensors") in spec.inputs()
    assert SuggestSpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"legend": ""}, "Give the classes with --legend and leave --model out"),
        ({"model": "student.safetensors"}, "leave --model out, or leave --prompt-model out"),
        ({"prompt_model": "", "prompts": "road=asphalt"}, "Name a CLIP model with --prompt-model"),
        ({"prompts": "lake=a lake"}, "Known are: building, road, water"),
    ],
)
def test_prompts_are_refused_where_they_mean_nothing(asked, folder, values, remedy):
    if "model" in values:
        values = {"model": save_model(folder / values["model"])}
    with pytest.raises(SpecError, match=remedy):
        run(**{**asked, **values}, output=str(folder / "refused.gpkg"))
