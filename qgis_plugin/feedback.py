"""Tell QGIS's log and progress bar what the engine says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qgis.core import QgsProcessingFeedback

from ..engine.contract.events import duration
from .i18n import tr

_SHARE_OF_THE_REST = 0.9
"""How much of the bar that is left a stage fills where the stages of a job are not known; the bar never goes back."""

_WHOLE = "%"
"""The unit of progress that counts the whole job and not one stage of it."""


class Narrator:
    """Receives events; the bar only ever rises, whatever stages come.

    Args:
        feedback: of Processing.
        stages: the stages of the job in their order with their shares of its time; empty where they are not known.
        spelled: puts the names of the dialog into a message in place of the flags of the shell.
    """

    def __init__(
        self, feedback: QgsProcessingFeedback, stages: Mapping[str, float], spelled: Callable[[str], str] = str
    ) -> None:
        self._feedback = feedback
        self._stages, self._spelled = stages, spelled
        self._stage = ""
        self._start, self._percent = 0.0, 0.0
        self._translations: dict[str, Callable[[dict[str, Any]], None]] = {
            "started": self._started,
            "progress": self._progress,
            "metric": self._metric,
            "message": self._message,
            "artifact": self._artifact,
        }

    def event(self, event: dict[str, Any]) -> None:
        """Translate one event; kinds that are not known yet are passed over."""
        translate = self._translations.get(event["event"])
        if translate is not None:
            translate(event)

    def log(self, line: str) -> None:
        """Show a line that some library printed."""
        self._feedback.pushConsoleInfo(line)

    def _started(self, event: dict[str, Any]) -> None:
        versions = ", ".join(f"{name} {version}" for name, version in event.get("versions", {}).items())
        text = (
            tr("The engine has started on {device} ({versions}).")
            if event.get("device")
            else tr("The engine has started ({versions}).")
        )
        self._feedback.pushInfo(text.format(device=event.get("device"), versions=versions))

    def _progress(self, event: dict[str, Any]) -> None:
        stage, done, total = str(event["stage"]), float(event["done"]), float(event["total"])
        share = min(1.0, done / total) if total > 0 else 1.0
        left_s = event.get("eta_s")
        if event.get("unit") == _WHOLE:
            percent = 100 * share
        elif self._stages:
            percent, rest = self._placed(stage, share)
            left_s = None if left_s is None else left_s * rest
        else:
            if stage != self._stage:
                self._stage, self._start = stage, self._percent
            percent = self._start + (100.0 - self._start) * _SHARE_OF_THE_REST * share
        self._percent = max(self._percent, percent)
        self._feedback.setProgress(self._percent)
        text = f"{stage}: {done:g} / {total:g} {event.get('unit', '')}"
        self._feedback.setProgressText(
            text if left_s is None else text + ", " + tr("{time} left").format(time=duration(left_s))
        )

    def _placed(self, stage: str, share: float) -> tuple[float, float]:
        """Return the percent of the whole, and how many times as long as this stage the rest of the job takes."""
        if stage not in self._stages:
            return self._percent, 1.0
        names = list(self._stages)
        before, after = names[: names.index(stage)], names[names.index(stage) + 1 :]
        own = self._stages[stage] * (1 - share)
        later = sum(self._stages[name] for name in after)
        return 100 * (sum(self._stages[name] for name in before) + self._stages[stage] * share), (
            own + later
        ) / own if own else 1.0

    def _metric(self, event: dict[str, Any]) -> None:
        values = ", ".join(f"{name} {value:.4g}" for name, value in event.get("values", {}).items())
        self._feedback.pushInfo(tr("Step {step}: {values}").format(step=event.get("step"), values=values))

    def _message(self, event: dict[str, Any]) -> None:
        push = self._feedback.pushWarning if event.get("level") == "warning" else self._feedback.pushInfo
        push(self._spelled(str(event.get("text", ""))))

    def _artifact(self, event: dict[str, Any]) -> None:
        self._feedback.pushDebugInfo(tr("Written: {path}").format(path=event.get("path")))
