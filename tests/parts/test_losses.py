"""The properties every loss must have; a new loss is tested by its line in the catalogue."""

import pytest
import torch

from engine import losses
from engine.contract.catalogue import DISTILLATION, TASK_LOSSES
from engine.contract.legend import UNLABELLED
from engine.losses import drd
from models.outputs import STAGES, Outputs

CLASSES = 4
STUDENT = {"stage1": 8, "stage2": 8, "stage3": 12, "stage4": 16, "decoder": 8}
TEACHER = {"stage1": 16, "stage2": 24, "stage3": 32, "stage4": 40, "decoder": 12}

distilling = pytest.mark.parametrize("name", DISTILLATION)
against_labels = pytest.mark.parametrize("name", TASK_LOSSES)


def outputs(channels, size=(48, 40), seed=0, decoder_stride=1, grad=False, scale=1.0, batch=2, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)

    def tensor(count, stride):
        made = torch.randn(batch, count, size[0] // stride, size[1] // stride, generator=generator, dtype=dtype)
        return made.mul_(scale).requires_grad_(grad)

    strides = {**dict(zip(STAGES, (4, 8, 16, 32), strict=True)), "decoder": decoder_stride}
    return Outputs(tensor(CLASSES, 1), {key: tensor(channels[key], strides[key]) for key in strides})


def labels_of(size=(48, 40), batch=2, seed=1):
    labels = torch.randint(0, CLASSES, (batch, *size), generator=torch.Generator().manual_seed(seed))
    labels[:, : size[0] // 4] = UNLABELLED
    return labels


def tensors(made):
    return [made.logits, *made.features.values()]


@distilling
def test_a_student_equal_to_its_teacher_has_no_loss_and_no_gradient(name):
    teacher = outputs(TEACHER)
    student = Outputs(
        teacher.logits.clone().requires_grad_(), {k: v.clone().requires_grad_() for k, v in teacher.features.items()}
    )
    loss = losses.distillation(name, TEACHER, TEACHER, CLASSES)(student, teacher, labels_of())
    loss.backward()
    assert abs(loss.item()) < 1e-6
    assert all(t.grad is None or t.grad.abs().max() < 1e-6 for t in tensors(student))


@distilling
def test_a_distillation_loss_is_positive_and_reaches_the_student_and_its_adapters_only(name):
    student, teacher = outputs(STUDENT, grad=True), outputs(TEACHER, seed=5, grad=True)
    module = losses.distillation(name, STUDENT, TEACHER, CLASSES)
    loss = module(student, teacher, labels_of())
    loss.backward()
    assert loss.shape == () and loss.item() > 1e-4
    assert any(t.grad is not None and t.grad.abs().max() > 0 for t in tensors(student))
    assert all(t.grad is None for t in tensors(teacher))
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in module.parameters())


@distilling
@pytest.mark.parametrize("size", [(48, 40), (37, 61)])
@pytest.mark.parametrize("strides", [(1, 4), (4, 1), (2, 2)])
def test_student_and_teacher_may_differ_in_the_size_of_their_features(name, size, strides):
    size = (max(size[0], 32), max(size[1], 32))
    student = outputs(STUDENT, size, decoder_stride=strides[0])
    teacher = outputs(TEACHER, size, seed=5, decoder_stride=strides[1])
    assert losses.distillation(name, STUDENT, TEACHER, CLASSES)(student, teacher, labels_of(size)).isfinite()


@distilling
def test_a_distillation_loss_stays_finite_in_bfloat16_with_large_logits(name):
    student, teacher = outputs(STUDENT, scale=50.0, grad=True), outputs(TEACHER, seed=5, scale=50.0)
    module = losses.distillation(name, STUDENT, TEACHER, CLASSES)
    with torch.autocast("cpu", torch.bfloat16):
        loss = module(
            Outputs(student.logits.bfloat16(), {k: v.bfloat16() for k, v in student.features.items()}), teacher, labels_of()
        )
    loss.backward()
    assert loss.dtype == torch.float32 and loss.isfinite()
    assert all(t.grad is None or t.grad.isfinite().all() for t in tensors(student))


@distilling
def test_a_distillation_loss_of_silent_features_has_a_bounded_gradient(name):
    student, teacher = outputs(STUDENT, scale=0.0, grad=True), outputs(TEACHER, seed=5)
    losses.distillation(name, STUDENT, TEACHER, CLASSES)(student, teacher, labels_of()).backward()
    assert all(t.grad is None or t.grad.abs().max() < 1e3 for t in tensors(student))


@distilling
def test_a_distillation_loss_does_not_depend_on_the_order_of_the_chips(name):
    student, teacher, labels = outputs(STUDENT, batch=3), outputs(TEACHER, seed=5, batch=3), labels_of(batch=3)
    module = losses.distillation(name, STUDENT, TEACHER, CLASSES)
    order = torch.tensor([2, 0, 1])
    turned = [Outputs(o.logits[order], {k: v[order] for k, v in o.features.items()}) for o in (student, teacher)]
    assert torch.isclose(module(student, teacher, labels), module(*turned, labels[order]), rtol=1e-5)


@distilling
def test_a_distillation_loss_of_chips_without_labels_is_finite(name):
    labels = torch.full((2, 48, 40), UNLABELLED)
    assert losses.distillation(name, STUDENT, TEACHER, CLASSES)(outputs(STUDENT), outputs(TEACHER, seed=5), labels).isfinite()


@distilling
def test_gradients_of_a_distillation_loss_are_right(name, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    channels = {"decoder": 8, "stage1": 8, "stage2": 8, "stage3": 8, "stage4": 8}
    wanted = {**channels, "decoder": 6}
    module = losses.distillation(name, channels, wanted, CLASSES).double()
    teacher = outputs(wanted, (32, 32), seed=5, dtype=torch.float64, decoder_stride=4)
    student = outputs(channels, (32, 32), dtype=torch.float64, decoder_stride=4)
    labels = labels_of((32, 32))

    def of_decoder(feature):
        return module(Outputs(student.logits, {**student.features, "decoder": feature}), teacher, labels)

    def of_logits(logits):
        small = Outputs(teacher.logits[..., :4, :4], teacher.features)
        return module(Outputs(logits, student.features), small, labels[:, :4, :4])

    decoder = student.features["decoder"].requires_grad_()
    logits = student.logits[..., :4, :4].clone().requires_grad_()
    tested = [(f, x) for f, x in ((of_decoder, decoder), (of_logits, logits)) if f(x).requires_grad and _depends(f, x)]
    assert tested
    assert all(torch.autograd.gradcheck(f, (x,), fast_mode=True) for f, x in tested)


def _depends(function, variable):
    return torch.autograd.grad(function(variable), variable, allow_unused=True)[0] is not None


@against_labels
def test_a_chip_without_labels_has_no_task_loss_and_no_gradient(name):
    student = outputs(STUDENT, grad=True)
    loss = losses.task(name, CLASSES)(student, torch.full((2, 48, 40), UNLABELLED, dtype=torch.uint8))
    loss.backward()
    assert loss.item() == 0.0
    assert student.logits.grad.abs().max() == 0


@against_labels
def test_unlabelled_pixels_and_pixels_without_data_never_count(name):
    student, labels = outputs(STUDENT), labels_of()
    noisy = Outputs(torch.where((labels == UNLABELLED)[:, None], 100.0, student.logits), student.features)
    no_data = torch.where(labels == UNLABELLED, losses.NO_DATA, labels)
    loss = losses.task(name, CLASSES)
    assert loss(student, labels) == loss(noisy, labels) == loss(student, no_data) == loss(student, labels.to(torch.uint8))


@against_labels
def test_a_task_loss_falls_when_the_labels_are_met_and_class_zero_is_a_class(name):
    labels = torch.zeros(2, 48, 40, dtype=torch.long)
    right = torch.zeros(2, CLASSES, 48, 40)
    right[:, 0] = 8.0
    loss = losses.task(name, CLASSES)
    assert loss(Outputs(right, {}), labels) < 0.01 < loss(Outputs(-right, {}), labels)


@against_labels
def test_a_task_loss_stays_finite_in_bfloat16_with_large_logits(name):
    student = outputs(STUDENT, scale=50.0, grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        loss = losses.task(name, CLASSES)(Outputs(student.logits.bfloat16(), student.features), labels_of())
    loss.backward()
    assert loss.isfinite() and student.logits.grad.isfinite().all()


def test_cross_entropy_of_a_pixel_computed_by_hand():
    logits = torch.tensor([0.0, 0.0]).log_softmax(0).reshape(1, 2, 1, 1)
    loss = losses.task("cross_entropy", 2)(Outputs(logits, {}), torch.zeros(1, 1, 1, dtype=torch.long))
    assert loss.item() == pytest.approx(0.693147, abs=1e-5)


def test_pixel_kd_ignores_pixels_without_data_and_counts_unlabelled_ones():
    module = losses.distillation("pixel_kd", STUDENT, TEACHER, CLASSES)
    student, teacher, labels = outputs(STUDENT), outputs(TEACHER, seed=5), labels_of()
    empty = torch.where(labels == UNLABELLED, losses.NO_DATA, labels)
    filled = Outputs(torch.where((labels == UNLABELLED)[:, None], 9.0, student.logits), {})
    assert module(student, teacher, empty) == module(filled, teacher, empty)
    assert module(student, teacher, labels) != module(filled, teacher, labels)


def test_drd_spatial_relations_do_not_know_the_order_of_channels_nor_of_places():
    feature, wanted = (
        outputs(c, (32, 32), seed, batch=1, decoder_stride=2).features["decoder"] for c, seed in ((STUDENT, 0), (TEACHER, 5))
    )
    loss = drd.row_divergence(drd._spatial_relation(feature), drd._spatial_relation(wanted))
    turned = drd.row_divergence(drd._spatial_relation(feature[:, torch.randperm(8)]), drd._spatial_relation(wanted))
    order = torch.randperm(256)
    moved = [x.flatten(2)[..., order].reshape(x.shape) for x in (feature, wanted)]
    shuffled = drd.row_divergence(*(drd._spatial_relation(x) for x in moved))
    assert torch.isclose(loss, turned, rtol=1e-5) and torch.isclose(loss, shuffled, rtol=1e-5)
