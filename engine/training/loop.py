"""The one training loop. Plain training and distilling differ in the objective that is handed in, nowhere here."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

from engine.contract.errors import ModelError
from engine.contract.events import Reporter
from engine.metrics import Confusion
from models.outputs import Outputs

from . import augment
from .chips import Batch
from .objective import Objective
from .pace import Pace
from .scaling import Scaling

WARM_UP_SHARE, WARM_UP_STEPS = 0.1, 200
POLY_POWER = 0.9
GRADIENT_NORM = 5.0
"""Gradients longer than this are shortened. Networks from scratch begin above it (MobileNetV2: 21, 6 after 30 steps)."""

METRIC_SECONDS = 1.5
FIRST_KEEP_SECONDS, KEEP_SECONDS = 5.0, 60.0
"""The state is kept at 5, 10, 20, 40 seconds and then every minute: a short run loses little, a long one no time."""


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train; the words are those of the request."""

    iterations: int
    learning_rate: float
    weight_decay: float
    schedule: str
    ema: float
    seed: int
    chip: int
    validate_every: int


@dataclass(eq=False)
class Training:
    """All that changes while a network is trained, and all that a resumed run needs.

    Args:
        network: the weights that are trained.
        average: their moving average, which is validated and saved.
        objective: its adapters.
        optimizer: AdamW with its moments.
        step: steps done.
        seconds: time spent, earlier runs included.
        best: weights of the best validation so far.
        best_miou: its mIoU.
        history: (step, mIoU) of each validation.
        pace: where the time of this run's steps went.
    """

    network: nn.Module
    average: nn.Module
    objective: Objective
    optimizer: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0
    best: dict[str, Tensor] = field(default_factory=dict)
    best_miou: float = -1.0
    history: list[tuple[int, float]] = field(default_factory=list)
    pace: Pace = field(default_factory=Pace)

    @cached_property
    def pairs(self) -> list[tuple[Tensor, Tensor]]:
        """Return each tensor of the average with that of the network; both stay the same tensors for good."""
        return list(zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True))


def begin(network: nn.Module, objective: Objective, plan: Plan) -> Training:
    """Return a training at step 0; norms and biases do not decay."""
    trained = [*network.parameters(), *objective.parameters()]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": plan.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW([g for g in groups if g["params"]], lr=plan.learning_rate, fused=True)
    return Training(network, copy.deepcopy(network).requires_grad_(False), objective, optimizer)


def run(
    training: Training, plan: Plan, batches: Iterator[Batch], scaling: Scaling, device: torch.device,
    dtype: torch.dtype | None, report: Reporter, validate: Callable[[nn.Module], Confusion] | None,
    keep: Callable[[Training], None],
) -> None:  # fmt: skip
    """Train until the plan is done; the result stands in `training`.

    Args:
        training: changed in place; where it stands is where it goes on.
        plan: how long and how fast.
        batches: from step `training.step` on.
        scaling: offset and scale of each band.
        device: where everything is.
        dtype: number format of autocast, or None for float32.
        report: told of every step; the place where a cancelled job stops.
        validate: measures a network; None where no ground is kept for it.
        keep: stores the training so that it can resume; called about once a minute.

    Raises:
        ModelError: a loss or a gradient is no number any more.
        Cancelled: the job was asked to stop.
    """
    started = time.monotonic() - training.seconds
    first = kept = told = time.monotonic()
    sums: dict[str, float] = {}
    since = training.step
    while True:
        if validate and _is_due(training, plan):
            _validate(training, validate, report)
        if training.step == plan.iterations:
            return
        report.check()
        for name, value in _step(training, plan, next(batches), scaling, device, dtype).items():
            sums[name] = sums.get(name, 0.0) + value
        training.step += 1
        training.seconds = time.monotonic() - started
        report.progress("train", training.step, plan.iterations, "steps")
        if time.monotonic() - told >= METRIC_SECONDS or training.step == plan.iterations:
            steps = training.step - since
            report.metric(training.step, {n: v / steps for n, v in sums.items()} | {"lr": rate(plan, training.step - 1)})
            sums, since, told = {}, training.step, time.monotonic()
        if time.monotonic() - kept >= min(max(kept - first, FIRST_KEEP_SECONDS), KEEP_SECONDS):
            keep(training)
            kept = time.monotonic()


def rate(plan: Plan, step: int) -> float:
    """Return the learning rate of a step: a linear rise, then half a cosine or a polynomial down to zero."""
    warm_up = min(WARM_UP_STEPS, math.ceil(plan.iterations * WARM_UP_SHARE))
    if step < warm_up:
        return plan.learning_rate * (step + 1) / warm_up
    done = (step - warm_up) / max(plan.iterations - warm_up, 1)
    falling = {"cosine": 0.5 * (1 + math.cos(math.pi * done)), "poly": (1 - done) ** POLY_POWER}
    return plan.learning_rate * falling[plan.schedule]


def _step(
    training: Training, plan: Plan, batch: Batch, scaling: Scaling, device: torch.device, dtype: torch.dtype | None
) -> dict[str, float]:
    """Do one step and return its losses; all its random numbers follow from seed and step.

    Gradients flow back in two parts, through the losses to the outputs and from there through the network: so the cost of
    the losses, backward too, can be told from that of the network.
    """
    end = training.pace.measured(training.step, device)
    _seed(plan.seed * 1_000_003 + training.step, device)
    for group in training.optimizer.param_groups:
        group["lr"] = rate(plan, training.step)
    images, valid, labels = augment.apply(batch, plan.chip, scaling, device)
    images = images.contiguous(memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype, enabled=dtype is not None):
        outputs = training.network(images)
        end("network")
        taught = augment.taught(batch, plan.chip, device) or training.objective.ask(images, valid)
        end("teachers")
    calibration = training.objective.calibration
    is_measuring = calibration is not None and not calibration.is_done  # the pull on features of a loss at the logits
    judged = outputs if is_measuring else _leaves(outputs)
    losses = training.objective(judged, taught, labels, augment.pseudolabels(batch, plan.chip, device))
    loss = training.objective.total(losses)
    values = {"loss": loss.item(), **{n: v.item() for n, v in losses.items()}}
    _refuse_nan(values, training.step, plan)
    training.optimizer.zero_grad()
    loss.backward()
    end("losses")
    if not is_measuring:
        _pass_on(judged, outputs)
    trained = [p for group in training.optimizer.param_groups for p in group["params"]]
    norm = nn.utils.clip_grad_norm_(trained, GRADIENT_NORM)
    _refuse_nan({"gradient": norm.item()}, training.step, plan)
    training.optimizer.step()
    _follow(training.pairs, min(plan.ema, (1 + training.step) / (10 + training.step)))
    end("network")
    return values


def _seed(seed: int, device: torch.device) -> None:
    """Seed what a step may draw from; `torch.manual_seed` also prepares devices that are not there, 2 % of a small step."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def _leaves(outputs: Outputs) -> Outputs:
    """Return outputs with the same values, at which gradients stop and gather."""
    logits, features = outputs
    return Outputs(logits.detach().requires_grad_(), {n: f.detach().requires_grad_() for n, f in features.items()})


def _pass_on(leaves: Outputs, outputs: Outputs) -> None:
    """Let the gradients that gathered at the leaves flow on through the network."""
    pairs = [(outputs.logits, leaves.logits.grad), *((f, leaves.features[n].grad) for n, f in outputs.features.items())]
    reached = [(tensor, gradient) for tensor, gradient in pairs if gradient is not None]
    torch.autograd.backward([tensor for tensor, _ in reached], [gradient for _, gradient in reached])


def _refuse_nan(values: dict[str, float], step: int, plan: Plan) -> None:
    if not all(map(math.isfinite, values.values())):
        found = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        raise ModelError(
            f"Training stopped at step {step + 1}: {found}.",
            f"Lower --learning-rate (it is {plan.learning_rate:g}), or look for extreme values with gdalinfo -stats.",
        )


@torch.no_grad()
def _follow(pairs: Sequence[tuple[Tensor, Tensor]], decay: float) -> None:
    """Move the average towards the network; running statistics of norms are averaged too, counters are copied."""
    moving = [(mine, theirs) for mine, theirs in pairs if mine.is_floating_point()]
    torch._foreach_lerp_([m for m, _ in moving], [t for _, t in moving], 1 - decay)
    for mine, theirs in pairs:
        if not mine.is_floating_point():
            mine.copy_(theirs)


def _is_due(training: Training, plan: Plan) -> bool:
    due = training.step > 0 and (training.step % plan.validate_every == 0 or training.step == plan.iterations)
    return due and (not training.history or training.history[-1][0] != training.step)


def _validate(training: Training, validate: Callable[[nn.Module], Confusion], report: Reporter) -> None:
    miou = validate(training.average).miou
    miou = miou if math.isfinite(miou) else 0.0
    training.history.append((training.step, miou))
    report.metric(training.step, {"validation_miou": miou})
    if miou > training.best_miou:
        training.best_miou = miou
        training.best = {n: t.detach().cpu().clone() for n, t in training.average.state_dict().items()}
