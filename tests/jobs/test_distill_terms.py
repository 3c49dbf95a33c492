"""What a request says of terms stands in the student's card: measured weights, and which term led."""

import json

import pytest

from engine.contract.events import Reporter
from engine.jobs import distill
from models import checkpoint
from tests.jobs.test_distill import folder, request  # noqa: F401


@pytest.fixture
def distilled(folder, tmp_path):  # noqa: F811
    def run(**more):
        spec = request(folder, tmp_path / "student.safetensors", **more)
        summary = distill.run(spec, Reporter(lambda event: None))
        return summary, checkpoint.load(spec.output)

    return run


def test_measured_weights_and_the_term_that_led_are_on_the_card(distilled):
    summary, model = distilled(distillation="ace,brd_premask=auto,csc_joint", iterations=2)
    weights = model.card.training["losses"]
    assert set(weights) == {"ace", "brd_premask", "csc_joint"} and weights["ace"] == weights["csc_joint"] == 1.0
    assert 0 < weights["brd_premask"] != 1.0
    assert json.loads(json.dumps(weights)) == weights
    assert summary["parameters"] == sum(p.numel() for p in model.network.parameters())  # no head is left


def test_a_task_loss_with_heads_leaves_none_in_the_student(distilled):
    _, model = distilled(distillation="ensemble_flip,drd", loss="deep_supervision")
    assert set(model.card.training["losses"]) == {"deep_supervision", "ensemble_flip", "drd"}
    assert not any("heads" in name for name in model.network.state_dict())
