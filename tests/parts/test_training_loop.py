"""The one loop, with and without teachers: what is trained, what is averaged, and how it goes on after a kill."""

import copy
import dataclasses
import math
import resource

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from torch import nn

from engine.contract.errors import Cancelled, ModelError, ResourceError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.losses import drd
from engine.training import chips, loop, resume, scaling, survey, validate
from engine.training.objective import Objective, Teacher, teach
from engine.training.scene import Reader
from models.card import Card
from models.model import Model
from models.outputs import Outputs

CPU = torch.device("cpu")
QUIET = Reporter(lambda event: None)
LEGEND = Legend.from_names(["dark", "bright"])
PLAN = loop.Plan(
    iterations=12, learning_rate=1e-2, weight_decay=1e-2, schedule="cosine", ema=0.9, seed=0, chip=32, validate_every=4
)


class Small(nn.Module):
    """A network of two convolutions with everything the loop asks of one."""

    is_local, stride = True, 1

    def __init__(self, bands=3, classes=2, width=8):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(bands, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.Dropout(0.1))
        self.head = nn.Conv2d(width, classes, 1)
        self.feature_channels = {"decoder": width}

    def forward(self, images):
        feature = self.body(images)
        return Outputs(self.head(feature), {"decoder": feature})


def small(seed=0, **more):
    torch.manual_seed(seed)
    return Small(**more)


def model(network, legend=LEGEND, scale=100.0):
    card = Card(
        "unet_resnet18", ("red", "green", "blue"), ((0.0, scale),) * 3, "uint8", None, legend, halo_px=32, tile_px=256,
        grade="exact",
    )  # fmt: skip
    return Model(network, card)


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """A scene of dark and bright squares, in noise."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("ground")
    labels = rng.integers(0, 2, (16, 16), np.uint8).repeat(16, 0).repeat(16, 1)
    image = np.clip(rng.normal(60 + 80 * labels, 10, (3, 256, 256)), 0, 255).astype(np.uint8)
    labels[:, :20] = UNLABELLED
    paths = str(folder / "image.tif"), str(folder / "labels.tif")
    for path, array in zip(paths, (image, labels[None]), strict=True):
        with rasterio.open(
            path, "w", driver="GTiff", count=len(array), height=256, width=256, dtype="uint8", crs="EPSG:32640",
            transform=Affine(0.5, 0, 330_000, 0, -0.5, 2_790_000),
        ) as file:  # fmt: skip
            file.write(array)
    return survey.survey([paths], [], "", LEGEND, QUIET)[0]


@pytest.fixture
def train(ground, monkeypatch):
    """Run a training: `train(plan, objective=..., report=..., start=...)` gives the `Training`."""
    torch.set_num_threads(1)
    monkeypatch.setattr(drd, "GRID", 8)
    monkeypatch.setattr(validate, "CORE_PX", 128)
    monkeypatch.setattr(validate, "HALO_PX", 16)
    reader = Reader(ground.scenes)
    bands = scaling.measure(reader, [(256, 256)], 0)
    style = chips.Style(32, 0.25, True, True)
    source = chips.Source(reader, [(256, 256)], chips.Ground(ground.counts, [None]), style, 4, 1, 0)
    source._areas = np.array([1.0])  # the labelled scene serves as the unlabelled one
    ward = validate.Ward(reader, ground.scenes, [c.sum(axis=-1) > 0 for c in ground.counts])

    def measure(network):
        return validate.measure(network, ward, bands, 2, CPU, None, QUIET, quick=True)

    def begin(plan=PLAN, teachers=(), weights=None):
        network = small()
        objective = Objective("cross_entropy", 2, network.feature_channels, bands, teachers, weights)
        return loop.begin(network, objective, plan)

    def run(plan=PLAN, training=None, report=QUIET, **more):
        training = training or begin(plan, **more)
        batches = source.batches(training.step, plan.iterations, 1)
        loop.run(training, plan, batches, bands, CPU, None, report, measure, lambda t: None)
        return training

    run.begin, run.measure = begin, measure
    return run


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def reporter_that_cancels_after(steps):
    report = Reporter(lambda event: None)

    def progress(stage, done, total, unit):
        if stage == "train" and done == steps:
            raise Cancelled

    report.progress = progress
    return report


def test_a_network_learns_to_tell_dark_from_bright(train):
    training = train(dataclasses.replace(PLAN, iterations=60, validate_every=20))
    assert train.measure(training.average).miou > 0.95
    assert [step for step, _ in training.history] == [20, 40, 60]
    assert training.best_miou == max(miou for _, miou in training.history)


@pytest.mark.parametrize("stop", [3, 4, 11])
def test_a_resumed_run_ends_with_the_very_weights_of_an_uninterrupted_one(train, tmp_path, stop):
    teachers = [Teacher(model(small(3, width=12)), (1, 0))]
    more = {"teachers": teachers, "weights": {"drd": 1.0, "pixel_kd": 0.5}}
    whole = train(**more)
    stopped = train.begin(**more)
    with pytest.raises(Cancelled):
        train(training=stopped, report=reporter_that_cancels_after(stop))
    resume.save(tmp_path / "m.resume", stopped, "key")
    resumed = train.begin(**more)
    assert resume.load(tmp_path / "m.resume", resumed, "key") == f"Training goes on after step {stop}."
    train(training=resumed)
    assert equal(resumed.network.state_dict(), whole.network.state_dict())
    assert equal(resumed.average.state_dict(), whole.average.state_dict())
    assert equal(resumed.objective.state_dict(), whole.objective.state_dict())
    assert equal(resumed.best, whole.best)
    assert resumed.history == whole.history


def test_a_state_of_another_request_is_not_continued(train, tmp_path):
    resume.save(tmp_path / "m.resume", train.begin(), "key")
    training = train.begin()
    assert "another request" in resume.load(tmp_path / "m.resume", training, "other key")
    assert training.step == 0


@pytest.mark.parametrize("kept_bytes", [0, 7, 900])
def test_a_damaged_state_is_not_continued(train, tmp_path, kept_bytes):
    path = tmp_path / "m.resume"
    resume.save(path, train.begin(), "key")
    path.write_bytes(path.read_bytes()[:kept_bytes])
    assert "damaged; training starts anew" in resume.load(path, train.begin(), "key")


def test_no_state_is_nothing_to_tell(train, tmp_path):
    assert resume.load(tmp_path / "m.resume", train.begin(), "key") == ""


def test_a_full_disk_while_keeping_the_state_is_named_and_leaves_no_part(train, tmp_path):
    training = train.begin()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(ResourceError, match="Free space or choose another disk"):
            resume.save(tmp_path / "m.resume", training, "key")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_no_number_stops_the_training_at_its_step(train):
    training = train.begin()
    with pytest.raises(Cancelled):
        train(training=training, report=reporter_that_cancels_after(5))
    with torch.no_grad():
        training.network.head.bias.fill_(math.nan)
    with pytest.raises(ModelError, match=r"at step 6: loss nan.*Lower --learning-rate \(it is 0.01\)"):
        train(training=training)
    assert training.average.head.bias.isfinite().all()


def test_a_gradient_that_is_no_number_stops_the_training_at_its_step(train):
    training = train.begin()
    training.network.head.weight.register_hook(lambda gradient: gradient * math.inf)
    with pytest.raises(ModelError, match=r"at step 1: gradient (nan|inf).*Lower --learning-rate"):
        train(training=training)


def test_every_step_is_reported_with_all_its_terms(train):
    events = []
    teachers = [Teacher(model(small(3)), (0, 1))]
    plan = dataclasses.replace(PLAN, iterations=3)
    train(plan, report=Reporter(events.append), teachers=teachers, weights={"pixel_kd": 2.0})
    last = [e for e in events if e["event"] == "metric" and "loss" in e["values"]][-1]["values"]
    assert last["loss"] == pytest.approx(last["cross_entropy"] + 2 * last["pixel_kd"], rel=1e-5)
    assert [e["done"] for e in events if e["event"] == "progress"][-1] == 3


def test_the_shares_of_a_step_are_told_for_a_training_of_ten_steps(train):
    teachers = [Teacher(model(small(3)), (0, 1))]
    assert train(dataclasses.replace(PLAN, iterations=9), teachers=teachers, weights={"drd": 1.0}).pace.shares() == {}
    shares = train(teachers=teachers, weights={"drd": 1.0}).pace.shares()
    assert set(shares) == {"network", "teachers", "losses"} and sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert min(shares.values()) > 0


def test_gradients_in_two_parts_are_those_of_one():
    networks = [small(0).eval() for _ in range(2)]
    images, labels = torch.randn(2, 3, 16, 16), torch.randint(0, 2, (2, 16, 16))
    taught = small(3)(images)
    teachers = [Teacher(model(small(3)), (0, 1))]
    objective = Objective("cross_entropy", 2, {"decoder": 8}, ((0.0, 1.0),) * 3, teachers, {"drd": 2.0})
    outputs = networks[0](images)
    objective.total(objective(outputs, taught, labels)).backward()
    outputs = networks[1](images)
    judged = loop._leaves(outputs)
    objective.total(objective(judged, taught, labels)).backward()
    loop._pass_on(judged, outputs)
    for one, two in zip(networks[0].parameters(), networks[1].parameters(), strict=True):
        torch.testing.assert_close(one.grad, two.grad)


@pytest.mark.parametrize("schedule", ["cosine", "poly"])
@pytest.mark.parametrize("iterations", [1, 2, 30, 5000])
def test_the_learning_rate_rises_to_its_peak_and_falls_towards_zero(schedule, iterations):
    plan = dataclasses.replace(PLAN, schedule=schedule, iterations=iterations)
    rates = [loop.rate(plan, step) for step in range(iterations)]
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(plan.learning_rate)
    assert rates[: peak + 1] == sorted(rates[: peak + 1]) and rates[peak:] == sorted(rates[peak:], reverse=True)
    assert min(rates) > 0 and (iterations < 30 or rates[-1] < 0.1 * plan.learning_rate)


def test_norms_and_biases_do_not_decay():
    network = small()
    training = loop.begin(network, Objective("cross_entropy", 2, {"decoder": 8}, ((0.0, 1.0),) * 3), PLAN)
    decay = {id(p): group["weight_decay"] for group in training.optimizer.param_groups for p in group["params"]}
    assert {n for n, p in network.named_parameters() if decay[id(p)] == 0} == {
        "body.0.bias", "body.1.weight", "body.1.bias", "head.bias"
    }  # fmt: skip


def test_without_averaging_the_last_weights_are_kept(train):
    training = train(dataclasses.replace(PLAN, ema=0.0, iterations=3))
    assert equal(training.average.state_dict(), training.network.state_dict())


def test_the_average_follows_slowly_statistics_of_norms_included(train):
    training = train(dataclasses.replace(PLAN, ema=0.99, iterations=3))
    assert not torch.equal(training.average.head.weight, training.network.head.weight)
    assert not torch.equal(training.average.body[1].running_mean, training.network.body[1].running_mean)
    assert training.average.body[1].num_batches_tracked == training.network.body[1].num_batches_tracked == 3


def test_a_teacher_is_only_read_and_adapters_are_trained_but_no_part_of_the_student(train):
    network = small(3, width=12).train()
    before = copy.deepcopy(network.state_dict())
    training = train(teachers=[Teacher(model(network), (0, 1))], weights={"drd": 1.0})
    assert not network.training and equal(network.state_dict(), before)
    assert all(p.grad is None and not p.requires_grad for p in network.parameters())
    optimized = {id(p) for group in training.optimizer.param_groups for p in group["params"]}
    adapters = list(training.objective.parameters())
    assert len(adapters) == 1 and all(id(p) in optimized for p in adapters)
    assert not any(id(p) in optimized for p in network.parameters())
    assert training.network.state_dict().keys() == Small().state_dict().keys()


def test_a_distilled_student_comes_nearer_to_its_teacher_without_any_label(train):
    teacher = model(train(dataclasses.replace(PLAN, iterations=40)).average, scale=100.0)
    images, valid = torch.randn(2, 3, 32, 32), torch.ones(2, 32, 32, dtype=torch.bool)
    student = small(9)
    objective = Objective(
        "cross_entropy", 2, {"decoder": 8}, ((0.0, 100.0),) * 3, [Teacher(teacher, (0, 1))], {"pixel_kd": 1.0}
    )
    optimizer = torch.optim.AdamW(student.parameters(), 1e-2)
    labels = torch.full((2, 32, 32), UNLABELLED)
    found = []
    for _ in range(30):
        values = objective(student(images), objective.ask(images, valid), labels)
        assert values["cross_entropy"] == 0
        found.append(values["pixel_kd"].item())
        optimizer.zero_grad()
        objective.total(values).backward()
        optimizer.step()
    assert found[-1] < 0.3 * found[0]


def test_several_teachers_speak_with_their_mean_probabilities_and_the_features_of_the_first():
    first, second = small(1), small(2)
    legend = Legend.from_names(["bright", "dark"])
    teachers = [Teacher(model(first), (0, 1)), teach("t.safetensors", model(second, legend, scale=50.0), LEGEND)]
    objective = Objective("cross_entropy", 2, {"decoder": 8}, ((0.0, 100.0),) * 3, teachers, {"pixel_kd": 1.0})
    images, valid = torch.randn(1, 3, 16, 16), torch.ones(1, 16, 16, dtype=torch.bool)
    taught = objective.ask(images, valid)
    expected = (first(images).logits.softmax(1) + second(images * 2).logits.softmax(1)[:, [1, 0]]) / 2
    assert torch.allclose(taught.logits.softmax(1), expected, atol=1e-5)
    assert torch.allclose(taught.features["decoder"], first(images).features["decoder"], atol=1e-5)


def test_classes_of_a_teacher_are_matched_by_name_else_by_id():
    by_name = teach(
        "t", model(small(classes=3), Legend.from_names(["c", "a", "b"])), Legend.from_names({4: "a", 5: "b", 9: "c"})
    )
    assert by_name.channels == (1, 2, 0)
    by_id = teach("t", model(small(), Legend.from_names({3: "x", 7: "y"})), Legend.from_names({3: "road", 7: "water"}))
    assert by_id.channels == (0, 1)


def test_a_teacher_of_other_classes_is_refused():
    with pytest.raises(ModelError, match=r"knows the classes dark, bright; the labels have road, water.*--legend"):
        teach("t.safetensors", model(small()), Legend.from_names({3: "road", 7: "water"}))
