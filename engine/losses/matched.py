"""What losses on the channels of a feature share: each channel of the student has one of the teacher beside it."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from models.outputs import Outputs

from . import places


class Matched(nn.Module):
    """A loss on one feature; its parameter, if any, is a 1x1 convolution to the teacher's channels where they differ."""

    def __init__(self, student: Mapping[str, int], teacher: Mapping[str, int], classes: int, tap: str) -> None:
        super().__init__()
        self._tap = tap
        self.adapter = places.adapter(*(places.channels(of, tap, classes) for of in (student, teacher)))

    def pairs(self, student: Outputs, teacher: Outputs, labels: Tensor, grid: int | None = None) -> list[tuple[Tensor, Tensor]]:
        """Return (channels, places) of the student and of the teacher for each chip that has data, as `places.chips`."""
        chips = places.chips(student, teacher, labels, self._tap, grid)
        return [(self.adapter(chip.found.T).T, chip.wanted) for chip in chips]
