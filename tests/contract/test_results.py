"""The named numbers and texts of a summary, and the stages that jobs name."""

import ast
from pathlib import Path

import pytest

from engine.contract.results import Result
from engine.contract.specs import SPECS

ENGINE = Path(__file__).resolve().parents[2] / "engine"
SUMMARY = {"miou": 0.5, "best": {"iou": {"road": 1}}, "legend": [1, 2], "device": "CPU", "nothing": None, "wrong": float("nan")}


@pytest.mark.parametrize(
    ("result", "value"),
    [
        (Result("miou", "mIoU"), 0.5),
        (Result("road", "IoU of roads", "best.iou.road"), 1.0),
        (Result("class_count", "Classes", "legend"), 2.0),
        (Result("used", "Device", "device", is_text=True), "CPU"),
        (Result("nothing", "None"), None),
        (Result("wrong", "Not a number"), None),
        (Result("deep", "Missing", "miou.deeper"), None),
    ],
)
def test_a_result_is_read_from_the_summary_or_not_there(result, value):
    assert result.of(SUMMARY) == value


def test_every_stage_that_a_request_names_is_one_that_the_engine_reports():
    words = {
        node.value
        for path in ENGINE.rglob("*.py")
        if "contract" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for spec in SPECS:
        values = {p.name: 1 if p.kind in ("integer", "number") else "x" for p in spec.params()}
        stages = spec(**values).stages()
        assert not stages or abs(sum(stages.values()) - 1) < 1e-9
        assert set(stages) <= words, spec.job
