"""The button "Next round": in the background, with progress, with the engine's words, and back with the new batch."""

import pytest
from fakes import processes
from qgis.PyQt.QtCore import Qt
from test_dock import answers, place, press
from test_run import pump

K = Qt.Key


@pytest.fixture(autouse=True)
def model(tmp_path, monkeypatch):
    """The model that the campaign names, in the folder from which QGIS was started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.safetensors").touch()
    return tmp_path / "m.safetensors"


def shown(desk):
    """Return what the foot of the dock shows of the round."""
    return [name for name in ("start", "bar", "cancel") if getattr(desk.panel.foot, name).isVisibleTo(desk.panel)]


def test_the_next_round_runs_in_the_background_and_its_batch_opens(window, desk, path, engine):
    engine("next_round")
    press(desk, K.Key_Return)
    desk.panel.foot.start.click()
    assert shown(desk) == ["bar", "cancel"]
    pump(lambda: not desk.round.running, seconds=60)
    assert "The next batch is here." in window.said()[-1] and shown(desk) == ["start"]
    assert desk.labelling.campaign.round == 2 and len(desk.labelling.session.units) == 10
    assert desk.labelling.session.current.rank == 31 and answers(path)[0][1] == "confirm"
    press(desk, K.Key_Return)
    assert answers(path)[1] == ("edge-30-0", "confirm", None)


def test_a_round_that_fails_says_why_in_the_engines_words(window, desk, engine):
    engine("refuse")
    desk.start_round()
    pump(lambda: not desk.round.running, seconds=60)
    assert "has 4 bands, the image 3" in window.said()[-1] and place(desk) == 0


def test_a_round_whose_model_is_gone_is_refused_before_it_begins(window, desk, model, engine):
    model.unlink()
    desk.start_round()
    assert not desk.round.running and shown(desk) == ["start"]
    assert f"Model: {model} does not exist." in window.said()[-1]


def test_a_round_is_cancelled_without_a_trace_and_the_answers_stay(window, desk, path, engine, tmp_path):
    engine("long")
    told = []
    desk.round.progressed.connect(lambda percent, text: told.append(text))
    press(desk, K.Key_Return)
    desk.start_round()
    pump(lambda: told, seconds=60)
    press(desk, K.Key_1)
    desk.panel.foot.cancel.click()
    pump(lambda: not desk.round.running, seconds=60)
    assert "The round was cancelled; the answers stay." in window.said()[-1]
    assert processes(tmp_path) == [] and len(answers(path)) == 2


def test_a_batch_for_a_campaign_that_was_closed_meanwhile_is_announced(window, desk, engine):
    engine("next_round")
    desk.start_round()
    desk.close()
    pump(lambda: not desk.round.running, seconds=60)
    assert "The next batch of orte.gpkg is here; open it." in window.said()[-1] and desk.labelling is None


def test_a_round_is_asked_as_the_newest_one_was(desk, path):
    from edgewise.engine.contract.specs import BY_JOB
    from edgewise.qgis_plugin.dock.rounds import request

    newest = desk.labelling.campaign.rounds[-1]
    known = {"CAMPAIGN": path, "IMAGE": newest["image"], "MODEL": "m.safetensors", "SEED": 0}
    assert request(BY_JOB["round"], desk.labelling.campaign) == known
    newest |= {
        "teachers": '["a.safetensors", "b.safetensors"]',
        "iterations": 50,
        "pseudolabels": 0,
        "output": "/r",
        "digest": "f",
    }
    known |= {"TEACHERS": ["a.safetensors", "b.safetensors"], "ITERATIONS": 50, "PSEUDOLABELS": 0, "OUTPUT": "/r"}
    assert request(BY_JOB["round"], desk.labelling.campaign) == known
    for image in (None, '["north.tif", "south.tif"]'):  # a round trains on one file
        newest["image"] = image
        with pytest.raises(Exception, match="Run 'Next labelling round' in the Processing Toolbox"):
            request(BY_JOB["round"], desk.labelling.campaign)
