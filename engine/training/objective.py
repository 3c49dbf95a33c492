"""What a network is trained for: a loss against the labels and, when distilling, weighted terms against teachers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine import losses
from engine.contract.catalogue import AUTO
from engine.contract.errors import ModelError, SpecError
from engine.contract.legend import Legend
from engine.losses.cross_entropy import cross_entropy
from models.model import Model
from models.outputs import Outputs

from .calibrate import Calibration
from .scaling import Scaling, renormalize

PSEUDOLABELS, PSEUDOLABELS_WEIGHT = "pseudolabels", 0.5
"""The cross entropy with pseudo-labels, a mean over their own pixels: many as they are, an answer counts twice as much."""


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained network and what stands between its world and the student's.

    Args:
        model: frozen, in eval mode.
        channels: for each class of the student, the teacher's output channel.
    """

    model: Model
    channels: tuple[int, ...]


class Objective(nn.Module):
    """The weighted sum of all terms; its parameters are the adapters of the distillation losses and the heads of the task loss.

    Several teachers speak as one: logits are the logarithm of their mean probabilities, features are the first one's. A term
    such as `ace` stands in the place of the task loss.

    Args:
        task: word of the loss against the labels.
        classes: number of output channels.
        student: channels of the student's features, by name.
        scaling: offset and scale of each band of the student.
        teachers: none for plain training, or where their answers come with the chips.
        weights: weight of each distillation loss, by word; AUTO is measured in the first steps.

    Raises:
        SpecError: AUTO for a term that stands in the place of the task loss.
    """

    def __init__(
        self, task: str, classes: int, student: Mapping[str, int], scaling: Scaling, teachers: Sequence[Teacher] = (),
        weights: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._task_name, self._task = task, losses.task(task, classes, student)
        self._scaling, self._weights = scaling, dict(weights or {})
        self._teachers = list(teachers)  # not submodules: never trained, never saved
        for teacher in teachers:
            teacher.model.network.requires_grad_(False).eval()
        of_teacher = getattr(teachers[0].model.network, "feature_channels", {}) if teachers else {}
        self.terms = nn.ModuleDict({n: losses.distillation(n, student, of_teacher, classes) for n in self._weights})
        for name, term in self.terms.items():
            if not teachers and getattr(term, "asks_flipped", False):
                raise SpecError(
                    f"Distillation: {name} asks the teachers for mirrored chips, which cached signals do not hold.",
                    "Use --teacher-signals live, or the term ensemble.",
                )
        self._leading = [n for n, term in self.terms.items() if getattr(term, "replaces_task_loss", False)] or [task]
        automatic = [n for n, weight in self._weights.items() if weight == AUTO]
        for name in set(automatic) & set(self._leading):
            raise SpecError(
                f"Distillation: {name} stands in the place of the loss against the labels, by which `auto` weighs the others.",
                f"Write {name}=1.0.",
            )
        self.calibration = Calibration(automatic) if automatic else None

    def forward(
        self, outputs: Outputs, taught: Outputs | None, labels: Tensor, pseudolabels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return each term, not yet weighted, by its word.

        Args:
            outputs: of the student.
            taught: what `ask` said of the same chips.
            labels: (N, H, W) output channels, UNLABELLED or NO_DATA.
            pseudolabels: (N, H, W) output channels or UNLABELLED, where a model was right.
        """
        values = {}
        if self._task_name in self._leading or taught is None:
            values[self._task_name] = self._task(outputs, labels)
        if taught is not None:
            values.update({name: term(outputs, taught, labels) for name, term in self.terms.items()})
            self._calibrate(values, outputs)
        if pseudolabels is not None:
            values[PSEUDOLABELS] = cross_entropy(outputs, pseudolabels)
        return values

    def total(self, values: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted sum of the terms; the loss against the labels weighs 1."""
        weights = {**self.weights, PSEUDOLABELS: PSEUDOLABELS_WEIGHT}
        return torch.stack([value * weights.get(name, 1.0) for name, value in values.items()]).sum()

    @property
    def weights(self) -> dict[str, float]:
        """Return the weight of each term by its word, as far as it is measured."""
        task = {self._task_name: 1.0} if self._task_name in self._leading else {}
        return {**task, **self._weights, **(self.calibration.weights() if self.calibration else {})}

    def _calibrate(self, values: Mapping[str, Tensor], outputs: Outputs) -> None:
        if self.calibration is None or self.calibration.is_done or not torch.is_grad_enabled():
            return
        reference = torch.stack([values[n] * self._weights.get(n, 1.0) for n in self._leading]).sum()
        self.calibration.observe(reference, values, list(outputs.features.values()))

    def to_device(self, device: torch.device) -> Objective:
        """Move adapters and teachers."""
        for teacher in self._teachers:
            teacher.model.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self.to(device)

    @torch.no_grad()
    def ask(self, images: Tensor, valid: Tensor) -> Outputs | None:
        """Return what the teachers say of chips, in the order of the student's classes; None without teachers.

        Of several answers, the feature DISAGREEMENT is the entropy of their mean less the mean of their entropies.

        Args:
            images: (N, B, H, W) as the student takes them; each teacher sees them in its own scaling.
            valid: (N, H, W) bool.
        """
        if not self._teachers:
            return None
        answers = [self._ask_one(t, images, valid) for t in self._teachers]
        if any(getattr(term, "asks_flipped", False) for term in self.terms.values()):
            mirrored = [self._ask_one(t, images.flip(-1), valid.flip(-1)) for t in self._teachers]
            answers += [Outputs(a.logits.flip(-1), {}) for a in mirrored]
        if len(answers) == 1:
            return answers[0]
        mean, apart = together(torch.stack([a.logits.float().softmax(dim=1) for a in answers]))
        logits = mean.clamp(min=torch.finfo(mean.dtype).tiny).log()
        return Outputs(logits, {**answers[0].features, losses.DISAGREEMENT: apart[:, None]})

    def _ask_one(self, teacher: Teacher, images: Tensor, valid: Tensor) -> Outputs:
        seen = renormalize(images, valid, self._scaling, teacher.model.card.scaling)
        outputs = teacher.model.network(seen.contiguous(memory_format=torch.channels_last))
        return Outputs(outputs.logits[:, list(teacher.channels)], outputs.features)


def together(probs: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (N, C, H, W) of probabilities (M, N, C, H, W), and its entropy less the mean of theirs, (N, H, W)."""
    mean = probs.mean(dim=0)
    return mean, torch.special.entr(mean).sum(dim=1) - torch.special.entr(probs).sum(dim=2).mean(dim=0)


def teach(path: str, model: Model, legend: Legend) -> Teacher:
    """Return a teacher whose classes are those of the student, matched by name, else by id.

    Raises:
        ModelError: the teacher has other classes.
    """
    found = model.card.legend
    for of_teacher, of_student in ((found.names, legend.names), (found.ids, legend.ids)):
        if sorted(of_teacher) == sorted(of_student):
            return Teacher(model, tuple(of_teacher.index(i) for i in of_student))
    raise ModelError(
        f"{path}: the teacher knows the classes {', '.join(found.names)}; the labels have {', '.join(legend.names)}.",
        "Name the classes of the labels as the teacher does with --legend, or train a teacher on these labels.",
    )
