"""The properties every loss must have; a new loss is tested by its line in the catalogue."""

import pytest
import torch

from engine import losses
from engine.contract.catalogue import DISTILLATION, TASK_LOSSES
from engine.contract.legend import UNLABELLED
from models.outputs import STAGES, Outputs

CLASSES = 4
SIZE = 64, 40
STUDENT = {"stage1": 8, "stage2": 8, "stage3": 12, "stage4": 16, "decoder": 8}
TEACHER = {"stage1": 16, "stage2": 24, "stage3": 32, "stage4": 40, "decoder": 12}

distilling = pytest.mark.parametrize("name", DISTILLATION)
against_labels = pytest.mark.parametrize("name", TASK_LOSSES)
divergence = pytest.mark.parametrize("name", [n for n in DISTILLATION if not n.startswith("ace")])


@pytest.fixture(autouse=True)
def one_thread_and_the_same_adapters():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def outputs(channels, size=SIZE, seed=0, decoder_stride=1, grad=False, scale=1.0, batch=2, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)

    def tensor(count, stride):
        made = torch.randn(batch, count, size[0] // stride, size[1] // stride, generator=generator, dtype=dtype)
        return made.mul_(scale).requires_grad_(grad)

    strides = {**dict(zip(STAGES, (4, 8, 16, 32), strict=True)), "decoder": decoder_stride}
    return Outputs(tensor(CLASSES, 1), {key: tensor(channels[key], strides[key]) for key in strides})


def labels_of(size=SIZE, batch=2, seed=1):
    labels = torch.randint(0, CLASSES, (batch, *size), generator=torch.Generator().manual_seed(seed))
    labels[:, : size[0] // 4] = UNLABELLED
    return labels


def tensors(made):
    return [made.logits, *made.features.values()]


@divergence
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
@pytest.mark.parametrize("size", [SIZE, (37, 61)])
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
def test_a_distillation_loss_is_computed_in_float32_under_autocast(name):
    student, teacher = outputs(STUDENT), outputs(TEACHER, seed=5)
    module = losses.distillation(name, STUDENT, TEACHER, CLASSES)
    with torch.autocast("cpu", torch.bfloat16):
        found = module(student, teacher, labels_of())
    assert torch.isclose(found, module(student, teacher, labels_of()), rtol=1e-5)


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
def test_chips_without_labels_teach_all_the_same_unless_the_term_stands_for_the_task_loss(name):
    module = losses.distillation(name, STUDENT, TEACHER, CLASSES)
    student = outputs(STUDENT, grad=True)
    loss = module(student, outputs(TEACHER, seed=5), torch.full((2, *SIZE), UNLABELLED))
    loss.backward()
    assert loss.isfinite() and all(t.grad is None or t.grad.isfinite().all() for t in tensors(student))
    assert (loss.item() == 0) == getattr(module, "replaces_task_loss", False)


@distilling
def test_chips_without_data_have_no_distillation_loss_and_no_gradient(name):
    student = outputs(STUDENT, grad=True)
    module = losses.distillation(name, STUDENT, TEACHER, CLASSES)
    loss = module(student, outputs(TEACHER, seed=5), torch.full((2, *SIZE), losses.NO_DATA))
    loss.backward()
    assert loss.item() == 0
    assert all(t.grad is None or t.grad.abs().max() == 0 for t in tensors(student))


@distilling
def test_pixels_without_data_never_count_in_a_distillation_loss(name):
    size = 64, 32
    labels = labels_of(size)
    labels[:, :32] = losses.NO_DATA

    def altered(made, by):
        other = outputs(TEACHER if by else STUDENT, size, 8 + by)
        upper = [(t, o, t.shape[-2] // 2) for t, o in zip(tensors(made), tensors(other), strict=True)]
        mixed = [torch.cat([o[..., :half, :], t[..., half:, :]], dim=-2) for t, o, half in upper]
        return Outputs(mixed[0], dict(zip(made.features, mixed[1:], strict=True)))

    student, teacher = outputs(STUDENT, size), outputs(TEACHER, size, seed=5)
    module = losses.distillation(name, STUDENT, TEACHER, CLASSES)
    assert torch.isclose(module(student, teacher, labels), module(altered(student, 0), altered(teacher, 1), labels), rtol=1e-5)


@distilling
def test_gradients_of_a_distillation_loss_are_right(name, monkeypatch):
    """In eval mode: a loss with a memory gives the same for the same only as long as nothing enters it."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    channels = dict.fromkeys(STUDENT, 8)
    wanted = {**channels, "decoder": 6}
    module = losses.distillation(name, channels, wanted, CLASSES).double().eval()
    teacher = outputs(wanted, (64, 64), seed=5, dtype=torch.float64, decoder_stride=8)
    student = outputs(channels, (64, 64), dtype=torch.float64, decoder_stride=8)
    labels = labels_of((64, 64))

    def of_feature(key):
        return lambda feature: module(Outputs(student.logits, {**student.features, key: feature}), teacher, labels)

    def of_logits(logits):
        small = Outputs(teacher.logits[..., :4, :4], teacher.features)
        return module(Outputs(logits, student.features), small, labels[:, :4, :4])

    variables = [(of_feature(key), student.features[key].requires_grad_()) for key in ("decoder", "stage1", "stage4")]
    variables.append((of_logits, student.logits[..., :4, :4].clone().requires_grad_()))
    tested = [(f, x) for f, x in variables if f(x).requires_grad and _depends(f, x)]
    assert tested
    assert all(torch.autograd.gradcheck(f, (x,), fast_mode=True) for f, x in tested)


def _depends(function, variable):
    return torch.autograd.grad(function(variable), variable, allow_unused=True)[0] is not None


@against_labels
def test_a_chip_without_labels_has_no_task_loss_and_no_gradient(name):
    student = outputs(STUDENT, grad=True)
    loss = losses.task(name, CLASSES, STUDENT)(student, torch.full((2, *SIZE), UNLABELLED, dtype=torch.uint8))
    loss.backward()
    assert loss.item() == 0.0
    assert student.logits.grad.abs().max() == 0


@against_labels
def test_unlabelled_pixels_and_pixels_without_data_never_count(name):
    student, labels = outputs(STUDENT), labels_of()
    noisy = Outputs(torch.where((labels == UNLABELLED)[:, None], 100.0, student.logits), student.features)
    no_data = torch.where(labels == UNLABELLED, losses.NO_DATA, labels)
    loss = losses.task(name, CLASSES, STUDENT)
    assert loss(student, labels) == loss(noisy, labels) == loss(student, no_data) == loss(student, labels.to(torch.uint8))


@against_labels
def test_a_task_loss_falls_when_the_labels_are_met_and_class_zero_is_a_class(name):
    labels = torch.zeros(2, *SIZE, dtype=torch.long)
    right = torch.zeros(2, CLASSES, *SIZE)
    right[:, 0] = 8.0
    loss = losses.task(name, CLASSES, STUDENT)
    silent = outputs(STUDENT, scale=0.0).features
    for head in getattr(loss, "heads", {}).values():  # they name class 0 wherever they look
        torch.nn.init.constant_(head.bias[:1].detach(), 20.0)
    assert loss(Outputs(right, silent), labels) < 0.01 < loss(Outputs(-right, silent), labels)


@against_labels
def test_the_parameters_of_a_task_loss_are_trained_by_it(name):
    loss = losses.task(name, CLASSES, STUDENT)
    parameters = list(loss.parameters()) if isinstance(loss, torch.nn.Module) else []
    loss(outputs(STUDENT, grad=True), labels_of()).backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in parameters)


@against_labels
def test_a_task_loss_stays_finite_in_bfloat16_with_large_logits(name):
    student = outputs(STUDENT, scale=50.0, grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        loss = losses.task(name, CLASSES, STUDENT)(Outputs(student.logits.bfloat16(), student.features), labels_of())
    loss.backward()
    assert loss.isfinite() and student.logits.grad.isfinite().all()
