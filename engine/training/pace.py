"""Where the time of a training step goes. One step in ten is measured, because a GPU must be waited for at every part."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

EVERY = 10


@dataclass
class Pace:
    """Seconds of each part of the measured steps, added up."""

    seconds: dict[str, float] = field(default_factory=dict)

    def measured(self, step: int, device: torch.device) -> Callable[[str], None]:
        """Return what ends a part of a step, by the part's name; it does nothing in a step that is not measured."""
        if (step + 1) % EVERY:
            return lambda part: None
        last = _now(device)

        def end(part: str) -> None:
            nonlocal last
            now = _now(device)
            self.seconds[part] = self.seconds.get(part, 0.0) + now - last
            last = now

        return end

    def shares(self) -> dict[str, float]:
        """Return the share of each part, 0 ... 1; empty where no step was measured."""
        total = sum(self.seconds.values())
        return {part: round(seconds / total, 4) for part, seconds in self.seconds.items()} if total else {}


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
