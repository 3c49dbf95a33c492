"""The bar: it rises with the stages that a job names, and the time that is left counts those that follow."""

import pytest


@pytest.fixture
def told(plugin, log):
    """Return percents and texts of progress events, for a job with the given stages."""

    def told(stages, *progress):
        from edgewise.qgis_plugin.feedback import Narrator

        narrator = Narrator(log, stages)
        for stage, done, unit, eta_s in progress:
            narrator.event({"event": "progress", "stage": stage, "done": done, "total": 4, "unit": unit, "eta_s": eta_s})
        return [round(percent, 1) for percent in log.percents], log.texts

    return told


def test_each_stage_fills_its_share_of_the_bar(told):
    percents, _ = told({"a": 0.8, "b": 0.2}, ("a", 2, "tiles", None), ("a", 4, "tiles", None), ("b", 2, "Mpx", None))
    assert percents == [40, 80, 90]


def test_the_time_that_is_left_counts_the_stages_that_follow(told):
    _, texts = told({"a": 0.5, "b": 0.5}, ("a", 2, "tiles", 20.0), ("b", 2, "Mpx", 10.0))
    assert texts == ["a: 2 / 4 tiles, 1 min 00 s left", "b: 2 / 4 Mpx, 10 s left"]


def test_what_a_job_did_not_name_moves_nothing(told):
    percents, texts = told(
        {"train": 1.0}, ("train", 2, "steps", None), ("validate", 1, "tiles", 3.0), ("train", 3, "steps", None)
    )
    assert percents == [50, 75]
    assert texts[1] == "validate: 1 / 4 tiles, 3 s left"


def test_percent_counts_the_whole_job(told):
    assert told({}, ("chapter 1", 1, "%", 60.0), ("chapter 2", 2, "%", 40.0))[0] == [25, 50]


def test_without_known_stages_the_bar_never_goes_back(told):
    percents, _ = told({}, ("a", 4, "", None), ("b", 0, "", None), ("b", 4, "", None))
    assert percents == sorted(percents) and percents[-1] < 100
