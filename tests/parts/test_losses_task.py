"""What each loss against the labels promises of its own."""

import math

import pytest
import torch
import torch.nn.functional as F

from engine import losses
from engine.contract.errors import ModelError
from engine.contract.legend import UNLABELLED
from engine.losses import border
from models.outputs import Outputs


def loss(name, logits, labels):
    return losses.task(name, logits.shape[1], {})(Outputs(logits, {}), labels)


def random(classes=3, size=16, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, classes, size, size, generator=generator)
    return logits, torch.randint(0, classes, (2, size, size), generator=generator)


def test_cross_entropy_of_a_pixel_computed_by_hand():
    assert loss("cross_entropy", torch.zeros(1, 2, 1, 1), torch.zeros(1, 1, 1).long()).item() == pytest.approx(math.log(2))


def test_focal_loss_of_a_pixel_computed_by_hand():
    logits = torch.tensor([0.75, 0.25]).log().reshape(1, 2, 1, 1)
    found = loss("focal", logits, torch.zeros(1, 1, 1).long())
    assert found.item() == pytest.approx(0.25**2 * -math.log(0.75), rel=1e-4)


def test_dice_loss_of_two_pixels_computed_by_hand():
    logits = torch.tensor([[0.5, 0.5], [0.5, 0.5]]).log().reshape(1, 2, 1, 2)
    found = loss("dice", logits, torch.tensor([[[0, 1]]]))
    assert found.item() == pytest.approx(1 - 2 * 0.5 / (1 + 1), rel=1e-4)


def test_lovasz_loss_of_hard_predictions_is_one_minus_the_mean_iou():
    logits, labels = random()
    hard = F.one_hot(logits.argmax(1), 3).movedim(-1, 1) * 60.0
    iou = [((logits.argmax(1) == k) & (labels == k)).sum() / ((logits.argmax(1) == k) | (labels == k)).sum() for k in range(3)]
    assert loss("lovasz", hard, labels).item() == pytest.approx(1 - torch.stack(iou).mean().item(), abs=1e-4)


def test_cross_entropy_and_dice_are_added():
    logits, labels = random()
    parts = loss("cross_entropy", logits, labels) + loss("dice", logits, labels)
    assert torch.isclose(loss("ce_dice", logits, labels), parts)


def test_the_band_lies_on_both_sides_of_a_border_and_nowhere_at_unlabelled_ground():
    labels = torch.zeros(1, 20, 20, dtype=torch.long)
    labels[:, :, 10:] = 1
    labels[:, :5] = UNLABELLED
    labels[:, 15:] = losses.NO_DATA
    band = border.band(labels)[0]
    assert band[5:15, 7:13].all() and band.sum() == 10 * 6


def test_boundary_cross_entropy_weighs_the_band_five_times():
    labels = torch.zeros(1, 20, 20, dtype=torch.long)
    labels[:, :, 10:] = 1
    logits = torch.zeros(1, 2, 20, 20)
    logits[:, 0, :, 10:13] = 2.0  # wrong in half of the band
    wrong, right = math.log(1 + math.exp(2)), math.log(2)
    expected = (60 * 5 * wrong + 60 * 5 * right + 280 * right) / (120 * 5 + 280)
    assert loss("boundary_cross_entropy", logits, labels).item() == pytest.approx(expected, rel=1e-5)


def test_boundary_cross_entropy_of_one_class_is_cross_entropy():
    logits, _ = random()
    labels = torch.ones(2, 16, 16, dtype=torch.long)
    assert torch.isclose(loss("boundary_cross_entropy", logits, labels), loss("cross_entropy", logits, labels))


def test_deep_supervision_needs_the_stages_of_the_encoder():
    with pytest.raises(ModelError, match="the feature `stage2`; a network here offers decoder"):
        losses.task("deep_supervision", 3, {"decoder": 8})
