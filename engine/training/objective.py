"""What a network is trained for: a loss against the labels and, when distilling, weighted terms against teachers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine import losses
from engine.contract.errors import ModelError
from engine.contract.legend import Legend
from models.model import Model
from models.outputs import Outputs

from .scaling import Scaling, renormalize


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
    """The weighted sum of all terms; its parameters are the adapters of the distillation losses.

    Several teachers speak as one: logits are the logarithm of their mean probabilities, features are the first one's.

    Args:
        task: word of the loss against the labels.
        classes: number of output channels.
        student: channels of the student's features, by name.
        scaling: offset and scale of each band of the student.
        teachers: none for plain training.
        weights: weight of each distillation loss, by word.
    """

    def __init__(
        self, task: str, classes: int, student: Mapping[str, int], scaling: Scaling, teachers: Sequence[Teacher] = (),
        weights: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._task_name, self._task = task, losses.task(task, classes)
        self._scaling, self._weights = scaling, dict(weights or {})
        self._teachers = list(teachers)  # not submodules: never trained, never saved
        for teacher in teachers:
            teacher.model.network.requires_grad_(False).eval()
        of_teacher = teachers[0].model.network.feature_channels if teachers else {}
        self.terms = nn.ModuleDict({n: losses.distillation(n, student, of_teacher, classes) for n in self._weights})

    def forward(self, outputs: Outputs, taught: Outputs | None, labels: Tensor) -> dict[str, Tensor]:
        """Return each term, not yet weighted, by its word.

        Args:
            outputs: of the student.
            taught: what `ask` said of the same chips.
            labels: (N, H, W) output channels, UNLABELLED or NO_DATA.
        """
        values = {self._task_name: self._task(outputs, labels)}
        if taught is not None:
            values.update({name: term(outputs, taught, labels) for name, term in self.terms.items()})
        return values

    def total(self, values: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted sum of the terms; the loss against the labels weighs 1."""
        return torch.stack([value * self._weights.get(name, 1.0) for name, value in values.items()]).sum()

    def to_device(self, device: torch.device) -> Objective:
        """Move adapters and teachers."""
        for teacher in self._teachers:
            teacher.model.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self.to(device)

    @torch.no_grad()
    def ask(self, images: Tensor, valid: Tensor) -> Outputs | None:
        """Return what the teachers say of chips, in the order of the student's classes; None without teachers.

        Args:
            images: (N, B, H, W) as the student takes them; each teacher sees them in its own scaling.
            valid: (N, H, W) bool.
        """
        if not self._teachers:
            return None
        answers = [self._ask_one(t, images, valid) for t in self._teachers]
        if len(answers) == 1:
            return answers[0]
        probs = torch.stack([a.logits.float().softmax(dim=1) for a in answers]).mean(dim=0)  # (N, C, H, W)
        return Outputs(probs.clamp(min=torch.finfo(probs.dtype).tiny).log(), answers[0].features)

    def _ask_one(self, teacher: Teacher, images: Tensor, valid: Tensor) -> Outputs:
        seen = renormalize(images, valid, self._scaling, teacher.model.card.scaling)
        outputs = teacher.model.network(seen.contiguous(memory_format=torch.channels_last))
        return Outputs(outputs.logits[:, list(teacher.channels)], outputs.features)


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
