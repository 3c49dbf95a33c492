"""The sum of all terms: which of them leads, how `auto` weighs, what several and mirrored teachers say."""

import pytest
import torch
from torch import nn

from engine.contract.catalogue import AUTO, DISTILLATION, parse_weights
from engine.contract.errors import SpecError
from engine.contract.legend import Legend
from engine.losses import DISAGREEMENT
from engine.training import calibrate
from engine.training.objective import Objective, Teacher
from models.card import Card
from models.model import Model
from models.outputs import STAGES, Outputs

CHANNELS = {**dict.fromkeys(STAGES, 4), "decoder": 4}
IMAGES, VALID = torch.randn(2, 3, 16, 16), torch.ones(2, 16, 16, dtype=torch.bool)
LABELS = torch.randint(0, 2, (2, 16, 16), generator=torch.Generator().manual_seed(0))


class Small(nn.Module):
    """A network with all features that the losses know."""

    feature_channels, is_local, stride = CHANNELS, True, 1

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.stages = nn.ModuleList([nn.Conv2d(c, 4, 3, padding=1) for c in (3, 4, 4, 4)])
        self.head = nn.Conv2d(4, 2, 1)
        self.head.weight.data.mul_(10)  # so that its answers differ from place to place

    def forward(self, images):
        features = {}
        for name, stage in zip(STAGES, self.stages, strict=True):
            images = features[name] = torch.relu(stage(images))
        return Outputs(self.head(images), {**features, "decoder": images + 0.0})


def teacher(seed):
    card = Card(
        "unet_resnet18", ("red", "green", "blue"), ((0.0, 1.0),) * 3, "uint8", None, Legend.from_names(["dark", "bright"]),
        halo_px=32, tile_px=256, grade="exact",
    )  # fmt: skip
    return Teacher(Model(Small(seed), card), (0, 1))


def objective(weights, teachers=(5,), task="cross_entropy"):
    torch.set_num_threads(1)
    return Objective(task, 2, CHANNELS, ((0.0, 1.0),) * 3, [teacher(s) for s in teachers], weights)


def step(made, student):
    values = made(student(IMAGES), made.ask(IMAGES, VALID), LABELS)
    return values, made.total(values)


def test_adaptive_cross_entropy_stands_in_the_place_of_the_task_loss():
    made = objective({"ace": 1.0, "csc_joint": 2.0})
    values, total = step(made, Small(0))
    assert set(values) == {"ace", "csc_joint"} and made.weights == {"ace": 1.0, "csc_joint": 2.0}
    assert torch.isclose(total, values["ace"] + 2 * values["csc_joint"])


def test_heads_of_the_task_loss_are_trained_with_the_adapters():
    made = objective({}, teachers=(), task="deep_supervision")
    assert len(list(made.parameters())) == 6 and made.weights == {"deep_supervision": 1.0}


def test_auto_weights_pull_half_as_hard_as_the_labels_and_freeze():
    made, student = objective({"drd": AUTO, "feature_mse": AUTO, "pixel_kd": 1.0}), Small(0)
    values, _ = step(made, student)
    assert made.weights["pixel_kd"] == 1.0 == made.weights["cross_entropy"]
    outputs = student(IMAGES)
    values = made.terms["drd"](outputs, made.ask(IMAGES, VALID), LABELS), made._task(outputs, LABELS)
    of_term, of_task = (calibrate._pull(v, list(outputs.features.values())) for v in values)
    assert made.weights["drd"] * of_term == pytest.approx(0.5 * of_task.item(), rel=1e-3)
    for _ in range(calibrate.STEPS - 1):
        step(made, student)
    frozen = made.weights
    step(made, Small(9))
    assert made.calibration.is_done and made.weights == frozen


def test_auto_weights_survive_a_resumed_training():
    made = objective({"drd": AUTO})
    step(made, Small(0))
    resumed = objective({"drd": AUTO})
    resumed.load_state_dict(made.state_dict())
    assert resumed.weights == made.weights and int(resumed.calibration.seen) == 1


def test_auto_without_any_gradient_weighs_one():
    calibration = calibrate.Calibration(["drd"])
    feature = torch.ones(2, requires_grad=True)
    calibration.observe(feature.sum() * 0.0, {"drd": feature.sum() * 0.0}, [feature])
    assert calibration.weights() == {"drd": 1.0}


def test_auto_is_written_like_a_weight():
    assert parse_weights("drd=auto,cwd", DISTILLATION, "x") == {"drd": AUTO, "cwd": 1.0}


def test_what_leads_cannot_be_weighed_by_itself():
    with pytest.raises(SpecError, match=r"ace stands in the place of the loss against the labels.*Write ace=1\.0"):
        objective({"ace": AUTO})


def test_several_teachers_tell_how_far_they_are_apart_and_one_alone_does_not():
    assert DISAGREEMENT not in objective({"pixel_kd": 1.0}).ask(IMAGES, VALID).features
    apart = objective({"ensemble": 1.0}, teachers=(5, 6)).ask(IMAGES, VALID).features[DISAGREEMENT]
    same = objective({"ensemble": 1.0}, teachers=(5, 5)).ask(IMAGES, VALID).features[DISAGREEMENT]
    assert apart.shape == (2, 1, 16, 16) and apart.min() > -1e-6 and apart.max() > 1e-3
    assert same.abs().max() < 1e-6


def test_mirrored_teachers_answer_the_same_for_a_mirrored_chip():
    made = objective({"ensemble_flip": 1.0})
    there, back = made.ask(IMAGES, VALID), made.ask(IMAGES.flip(-1), VALID)
    assert torch.allclose(there.logits, back.logits.flip(-1), atol=1e-5)
    assert there.features[DISAGREEMENT].max() > 1e-4
    assert not torch.allclose(there.logits.softmax(1), objective({"pixel_kd": 1.0}).ask(IMAGES, VALID).logits.softmax(1))
