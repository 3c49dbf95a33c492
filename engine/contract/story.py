"""Chapters of known length in one progress: how a job that consists of jobs says how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .events import Reporter


@dataclass
class Story:
    """Chapters of known length in one progress bar: a nested job reports into its chapter's share of the whole.

    Args:
        report: of the whole job.
        lengths: about how long each chapter takes, in seconds, in their order.
        seconds: how long each finished chapter took.
    """

    report: Reporter
    lengths: dict[str, float]
    seconds: dict[str, float] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)

    @contextmanager
    def chapter(self, name: str, stage: str = "") -> Iterator[Reporter]:
        """Yield the reporter of a nested job.

        Args:
            name: one of the known chapters.
            stage: the stage of the nested job whose progress counts; any when empty.
        """
        before = sum(self.lengths[n] for n in self.seconds)
        self._tell(name, before)
        farthest = 0.0

        def pass_on(event: dict[str, Any]) -> None:
            nonlocal farthest
            if event["event"] == "progress" and stage in ("", event["stage"]) and event["total"]:
                farthest = max(farthest, event["done"] / event["total"])
                self._tell(name, before + farthest * self.lengths[name])
            elif event["event"] == "message" and event["level"] == "warning":
                self.report.warning(f"{name}: {event['text']}")
            elif event["event"] == "metric" and "validation_miou" in event["values"]:
                self.report.metric(event["step"], event["values"])

        started = time.monotonic()
        yield Reporter(pass_on, self.report.cancelled)
        self.seconds[name] = round(time.monotonic() - started, 1)
        self._tell(name, before + self.lengths[name])

    def _tell(self, name: str, done: float) -> None:
        self.report.check()
        total = sum(self.lengths.values())
        elapsed = time.monotonic() - self._started
        left = elapsed / done * (total - done) if done else total
        self.report.send("progress", stage=name, done=round(100 * done / total, 1), total=100.0, unit="%", eta_s=round(left, 1))
