"""What each distillation loss promises of its own."""

import math

import pytest
import torch
import torch.nn.functional as F

from engine import losses
from engine.contract.errors import ModelError
from engine.contract.legend import UNLABELLED
from engine.losses import brd, relation
from models.outputs import STAGES, Outputs

CLASSES = 3
CHANNELS = {**dict.fromkeys(STAGES, 6), "decoder": 6}


def made(seed=0, side=16, batch=2, channels=6, grad=False):
    generator = torch.Generator().manual_seed(seed)
    sizes = dict(zip((*STAGES, "decoder"), (side, side // 2, side // 4, max(side // 8, 1), side), strict=True))
    features = {k: torch.randn(batch, channels, s, s, generator=generator).requires_grad_(grad) for k, s in sizes.items()}
    return Outputs(torch.randn(batch, CLASSES, side, side, generator=generator).requires_grad_(grad), features)


def loss(name, student, teacher, labels=None):
    torch.manual_seed(0)
    if labels is None:
        labels = torch.randint(0, CLASSES, student.logits[:, 0].shape, generator=torch.Generator().manual_seed(1))
    channels = [{k: v.shape[1] for k, v in side.features.items()} for side in (student, teacher)]
    return losses.distillation(name, *channels, CLASSES)(student, teacher, labels)


def shuffled(outputs, order):
    def turn(t):
        return t.flatten(2)[..., order].reshape(t.shape)

    return Outputs(turn(outputs.logits), {"decoder": turn(outputs.features["decoder"])})


ORDERLESS = [
    "pixel_kd",
    "drd",
    "csc_factorized",
    "cwd",
    "cwd_logits",
    "skd",
    "cirkd",
    "dist",
    "ickd",
    "aicsd",
    "ifvd",
    "at",
    "pkd",
]


@pytest.mark.parametrize("name", ORDERLESS)
def test_the_order_of_places_does_not_matter_where_no_neighbours_are_compared(name):
    order = torch.randperm(256, generator=torch.Generator().manual_seed(3))
    labels = torch.randint(0, CLASSES, (2, 16, 16), generator=torch.Generator().manual_seed(1))
    moved = labels.flatten(1)[:, order].reshape(labels.shape)
    found = loss(name, shuffled(made(), order), shuffled(made(5), order), moved)
    assert torch.isclose(loss(name, made(), made(5), labels), found, rtol=1e-4)


@pytest.mark.parametrize("name", ["drd_spatial", "skd", "cirkd", "ifvd", "at"])
def test_relations_of_places_do_not_know_the_order_of_the_channels(name):
    student = made()
    turned = Outputs(student.logits, {k: v[:, torch.tensor([3, 0, 5, 1, 4, 2])] for k, v in student.features.items()})
    assert torch.isclose(loss(name, student, made(5)), loss(name, turned, made(5)), rtol=1e-4)


@pytest.mark.parametrize("name", ["drd_spatial", "skd", "cirkd", "csc_factorized", "drd_square"])
def test_cosines_do_not_know_the_scale_of_a_feature(name):
    student = made()
    scaled = Outputs(student.logits, {k: 7 * v for k, v in student.features.items()})
    assert torch.isclose(loss(name, student, made(5)), loss(name, scaled, made(5)), rtol=1e-4)


def test_row_divergence_stays_within_a_factor_of_two_from_256_to_4096_places():
    generator = torch.Generator().manual_seed(0)
    prototypes = torch.randn(6, 256, generator=generator)
    values = []
    for places in (256, 1024, 4096):
        ids = torch.arange(places) * 6 // places
        student, teacher = (
            torch.relu(prototypes[ids] + noise * torch.randn(places, 256, generator=generator)) for noise in (1.5, 0.5)
        )
        values.append(relation.row_divergence(relation.cosine(student), relation.cosine(teacher), 0.1).item())
    assert max(values) < 2 * min(values)


@pytest.mark.parametrize("name", ["drd", "drd_channel", "drd_spatial"])
def test_dual_relation_is_the_sum_of_its_maps(name):
    parts = loss("drd_spatial", made(), made(5)) + loss("drd_channel", made(), made(5))
    assert torch.isclose(loss("drd", made(), made(5)), parts, rtol=1e-5)


def test_pixel_kd_counts_unlabelled_pixels_and_ace_does_not():
    labels = torch.zeros(2, 16, 16, dtype=torch.long)
    labels[:, :8] = UNLABELLED
    student, teacher = made(), made(5)
    filled = Outputs(torch.where((labels == UNLABELLED)[:, None], 9.0, student.logits), student.features)
    assert loss("pixel_kd", student, teacher, labels) != loss("pixel_kd", filled, teacher, labels)
    assert loss("ace", student, teacher, labels) == loss("ace", filled, teacher, labels)


def with_logits(logits):
    return Outputs(logits, made(5).features)


def sure_of(ids, strength=60.0):
    return with_logits(F.one_hot(ids, CLASSES).movedim(-1, 1) * strength)


@pytest.mark.parametrize("name", ["ace", "ace_soft"])
def test_adaptive_cross_entropy_is_cross_entropy_where_the_teacher_is_wrong(name):
    labels = torch.randint(0, CLASSES, (2, 16, 16))
    found = loss(name, made(), sure_of((labels + 1) % CLASSES), labels)
    assert torch.isclose(found, F.cross_entropy(made().logits, labels), rtol=1e-5)


def test_adaptive_cross_entropy_takes_the_probabilities_of_a_teacher_that_is_right():
    teacher = made(5)
    labels = teacher.logits.argmax(1)
    expected = -(teacher.logits.softmax(1) * made().logits.log_softmax(1)).sum(1).mean()
    assert torch.isclose(loss("ace", made(), teacher, labels), expected, rtol=1e-5)


def test_adaptive_cross_entropy_never_pushes_the_true_class_down_where_the_teacher_is_wrong():
    student, teacher = made(grad=True), made(5)
    labels = torch.randint(0, CLASSES, (2, 16, 16))
    loss("ace", student, teacher, labels).backward()
    of_label = student.logits.grad.gather(1, labels[:, None])[:, 0]
    assert (of_label[teacher.logits.argmax(1) != labels] <= 0).all()


def test_a_sure_teacher_weighs_one_and_a_clueless_one_nothing():
    student = made()
    ids = torch.randint(0, CLASSES, (2, 16, 16))
    assert torch.isclose(loss("ensemble", student, sure_of(ids)), loss("pixel_kd", student, sure_of(ids)), rtol=1e-4)
    assert loss("ensemble", student, with_logits(torch.zeros(2, CLASSES, 16, 16))) == pytest.approx(0, abs=1e-5)


def test_pixels_where_the_teachers_disagree_most_are_cut_off():
    student, teacher = made(), made(5)
    disagreement = torch.rand(2, 1, 16, 16)
    worst = disagreement[:, 0] > disagreement.flatten().kthvalue(round(0.95 * 512)).values
    told = Outputs(teacher.logits, {**teacher.features, losses.DISAGREEMENT: disagreement})
    altered = Outputs(torch.where(worst[:, None], 5.0 - student.logits, student.logits), student.features)
    assert worst.sum() == 26
    assert torch.isclose(loss("ensemble", student, told), loss("ensemble", altered, told))
    assert not torch.isclose(loss("ensemble", student, teacher), loss("ensemble", altered, teacher))


def squares(column):
    labels = torch.zeros(1, 32, 32, dtype=torch.long)
    labels[..., column:] = 1
    return labels


def stepped(column):
    """Return outputs whose every stage steps at a column."""
    features = {k: torch.ones(1, 2, 32 // s, 32 // s) for k, s in zip(STAGES, (1, 2, 4, 8), strict=True)}
    for stride, feature in zip((1, 2, 4, 8), features.values(), strict=True):
        feature[..., column // stride :] = 3.0
    decoder = F.one_hot(squares(column), CLASSES).movedim(-1, 1).float()
    return Outputs(8.0 * decoder, {**features, "decoder": decoder})


def test_a_boundary_at_another_place_costs_more_than_the_same_boundary_at_another_strength():
    teacher, labels = stepped(16), squares(16)
    fainter = Outputs(teacher.logits, {k: 0.5 * v for k, v in teacher.features.items()})
    assert loss("brd_boundary", fainter, teacher, labels) < 0.01 < loss("brd_boundary", stepped(8), teacher, labels)


def test_an_error_in_the_band_costs_five_times_that_far_from_it():
    term = brd.StageBoundary()
    band = brd._band(squares(16), stepped(16), (32, 32))[0, 0]
    assert band[:, 13:19].all() and band.sum() == 32 * 6
    teacher = stepped(16)
    moved = [term(stepped(8), teacher, labels) for labels in (squares(8), squares(24))]
    assert moved[0] > 1.5 * moved[1]


def test_the_heads_of_the_premask_learn_to_name_the_classes():
    torch.manual_seed(0)
    teacher, labels = stepped(16), squares(16)
    channels = {k: v.shape[1] for k, v in teacher.features.items()}
    module = losses.distillation("brd_premask", channels, channels, CLASSES)
    optimizer = torch.optim.Adam(module.parameters(), 0.2)
    for _ in range(40):
        optimizer.zero_grad()
        module(teacher, teacher, labels).backward()
        optimizer.step()
    for heads in (module.boundary.of_teacher, module.boundary.of_student):
        assert (heads["stage1"](teacher.features["stage1"]).argmax(1) == labels).all()


def test_boundaries_follow_the_teacher_where_nobody_labelled():
    teacher = stepped(16)
    nothing = torch.full((1, 32, 32), UNLABELLED)
    student = stepped(8)
    assert torch.isclose(loss("brd_boundary", student, teacher, nothing), loss("brd_boundary", student, teacher, squares(16)))
    assert torch.isclose(loss("bpkd", student, teacher, nothing), loss("bpkd", student, teacher, squares(16)))


def test_the_edge_term_of_bpkd_looks_at_the_bands_alone():
    teacher, labels = stepped(16), squares(16)
    inside = Outputs(torch.where(torch.arange(32) < 8, 1.0, teacher.logits), teacher.features)
    at_border = Outputs(torch.where((torch.arange(32) - 16).abs() < 2, 1.0, teacher.logits), teacher.features)
    bands = [losses.distillation("bpkd", {}, {}, CLASSES)(s, teacher, labels).item() for s in (inside, at_border)]
    assert bands[1] > 2 * bands[0] > 0


def test_the_joint_correlation_knows_where_and_which_channel():
    teacher = made(5)
    student = made(5)
    turned = Outputs(student.logits, {**student.features, "decoder": student.features["decoder"].flip(-1)})
    swapped = Outputs(student.logits, {**student.features, "decoder": student.features["decoder"].flip(1)})
    assert loss("csc_joint", student, teacher) < 1e-6
    assert loss("csc_joint", turned, teacher) > 1e-3 and loss("csc_joint", swapped, teacher) > 1e-3


def test_nodes_that_are_silent_do_not_rule_the_gradient_of_the_joint_correlation():
    student = made(side=32)
    feature = student.features["decoder"].clone()
    feature[..., :16] *= 1e-3
    feature.requires_grad_()
    loss("csc_joint", Outputs(student.logits, {**student.features, "decoder": feature}), made(5, side=32)).backward()
    assert feature.grad[..., :16].norm() < 30 * feature.grad[..., 16:].norm()


def test_the_control_of_csc_groups_other_channels():
    assert not torch.isclose(loss("csc_joint", made(channels=32), made(5, channels=32)),
                             loss("csc_shuffled", made(channels=32), made(5, channels=32)), rtol=1e-4)  # fmt: skip


def test_cross_image_relations_of_one_chip_are_the_spatial_relation_of_drd():
    student, teacher = made(batch=1), made(5, batch=1)
    assert torch.isclose(loss("cirkd", student, teacher), loss("drd_spatial", student, teacher), rtol=1e-5)


def test_cross_image_relations_of_chips_with_and_without_gaps_agree():
    labels = torch.zeros(2, 16, 16, dtype=torch.long)
    whole = loss("cirkd", made(), made(5), labels)
    labels[0, 0, 0] = losses.NO_DATA
    assert torch.isclose(loss("cirkd", made(), made(5), labels), whole, rtol=0.05)


def test_a_memory_compares_with_earlier_chips_and_keeps_the_last_of_each_class():
    def module():
        return losses.distillation("cirkd_memory", CHANNELS, CHANNELS, CLASSES)

    labels = torch.zeros(2, 16, 16, dtype=torch.long)
    fresh, experienced = module(), module()
    for seed in range(60):  # 32 places and 2 regions each
        experienced(made(), made(100 + seed), labels)
    assert experienced.places.seen.tolist() == [1920, 0, 0] and experienced.regions.seen.tolist() == [120, 0, 0]
    assert len(experienced.places.keys()) == 4096 // CLASSES and len(experienced.regions.keys()) == 120
    last = F.normalize(F.adaptive_avg_pool2d(made(159).features["decoder"], 16)[1].flatten(1).T[::16], dim=1)
    assert torch.cdist(last, experienced.places.keys()).min(dim=1).values.max() < 1e-3
    assert not torch.isclose(fresh(made(), made(5), labels), experienced(made(), made(5), labels), rtol=1e-3)


def test_a_memory_survives_a_resumed_training_and_stays_as_it_is_in_eval_mode():
    first, second = (losses.distillation("cirkd_memory", CHANNELS, CHANNELS, CLASSES) for _ in range(2))
    labels = torch.zeros(2, 16, 16, dtype=torch.long)
    first(made(), made(5), labels)
    second.load_state_dict(first.state_dict())
    values = [m.eval()(made(), made(6), labels) for m in (first, second, first)]
    assert values[0] == values[1] == values[2] and values[0] > 0


@pytest.mark.parametrize(("name", "expected"), [("feature_mse", 10 * 4.0), ("pkd", 0.0), ("at", 0.0)])
def test_a_shifted_or_scaled_feature_costs_only_where_scale_and_offset_matter(name, expected):
    teacher = made(5)
    alike = {"feature_mse": lambda t: t + 2.0, "pkd": lambda t: 3 * t - 1.0, "at": lambda t: -2 * t}[name]
    student = Outputs(teacher.logits, {k: alike(v) for k, v in teacher.features.items()})
    assert loss(name, student, teacher).item() == pytest.approx(expected, abs=1e-4)


def test_channel_wise_divergence_of_two_places_computed_by_hand():
    student = with_logits(torch.zeros(1, 1, 1, 2))
    teacher = with_logits(torch.tensor([0.9, 0.1]).log().reshape(1, 1, 1, 2) * 4)
    wanted = 3 * 16 * (0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5))
    found = losses.distillation("cwd_logits", {}, {}, 1)(student, teacher, torch.zeros(1, 1, 2, dtype=torch.long))
    assert found.item() == pytest.approx(wanted, rel=1e-4)


def test_dist_is_two_where_all_is_the_opposite():
    logits = torch.randn(1, 2, 8, 8) * 3
    found = losses.distillation("dist", {}, {}, 2)(with_logits(-logits), with_logits(logits), torch.zeros(1, 8, 8).long())
    assert found.item() == pytest.approx(4.0, abs=0.05)  # 1 - r is 2 for pixels and 2 for classes


@pytest.mark.parametrize(
    "name", ["drd", "brd", "csc_joint", "cwd", "feature_mse", "ifvd", "at", "cirkd", "cirkd_memory", "ickd", "skd", "pkd"]
)
def test_a_teacher_without_features_is_refused_with_the_terms_that_need_none(name):
    with pytest.raises(ModelError, match=r"offers logits only.*such as pixel_kd, cwd_logits or dist"):
        losses.distillation(name, CHANNELS, {}, CLASSES)


@pytest.mark.parametrize("name", ["pixel_kd", "ensemble", "cwd_logits", "dist", "bpkd", "aicsd", "ace"])
def test_a_teacher_without_features_teaches_by_its_logits(name):
    teacher = Outputs(made(5).logits, {})
    labels = torch.zeros(2, 16, 16, dtype=torch.long)
    assert losses.distillation(name, CHANNELS, {}, CLASSES)(made(), teacher, labels) > 0
