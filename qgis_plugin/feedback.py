"""Tell QGIS's log and progress bar what the engine says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsProcessingFeedback

from ..engine.contract.events import duration

_SHARE_OF_THE_REST = 0.9
"""How much of the bar that is left a stage fills: the number of stages is not known, and the bar never goes back."""


class Narrator:
    """Receives events; the bar only ever rises, whatever stages come."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback = feedback
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
        device = f" on {event['device']}" if event.get("device") else ""
        self._feedback.pushInfo(f"The engine has started{device} ({versions}).")

    def _progress(self, event: dict[str, Any]) -> None:
        stage, done, total = str(event["stage"]), float(event["done"]), float(event["total"])
        if stage != self._stage:
            self._stage, self._start = stage, self._percent
        share = min(1.0, done / total) if total > 0 else 1.0
        self._percent = max(self._percent, self._start + (100.0 - self._start) * _SHARE_OF_THE_REST * share)
        self._feedback.setProgress(self._percent)
        eta_s = event.get("eta_s")
        left = "" if eta_s is None else f", {duration(eta_s)} left"
        self._feedback.setProgressText(f"{stage}: {done:g} of {total:g} {event.get('unit', '')}{left}")

    def _metric(self, event: dict[str, Any]) -> None:
        values = ", ".join(f"{name} {value:.4g}" for name, value in event.get("values", {}).items())
        self._feedback.pushInfo(f"Step {event.get('step')}: {values}")

    def _message(self, event: dict[str, Any]) -> None:
        push = self._feedback.pushWarning if event.get("level") == "warning" else self._feedback.pushInfo
        push(str(event.get("text", "")))

    def _artifact(self, event: dict[str, Any]) -> None:
        self._feedback.pushDebugInfo(f"Written: {event.get('path')}")
