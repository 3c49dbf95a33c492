"""How a job says how it goes: one JSON object a line, and the same on a terminal as a progress bar.

    started{job, device, versions}   progress{stage, done, total, unit, eta_s}   metric{step, values}
    message{level, text}   artifact{role, path}   heartbeat   finished{outputs, summary}   failed{error, text, hint}

Only `finished` is success.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from .errors import Cancelled

HEARTBEAT_SECONDS = 2.0
PROGRESS_SECONDS = 0.1
_ETA_AFTER_SECONDS = 1.0


class Reporter:
    """What a job talks to; every call is also the place where a cancelled job stops.

    Args:
        emit: receives each event as a dict; called from any thread, one call at a time.
        cancelled: set by whoever wants the job to stop.
    """

    def __init__(self, emit: Callable[[dict[str, Any]], object], cancelled: threading.Event | None = None) -> None:
        self._emit = emit
        self._lock = threading.Lock()
        self.cancelled = cancelled or threading.Event()
        self._stage = ""
        self._stage_start = 0.0
        self._done_at_start = 0.0
        self._last_progress = -1.0

    def check(self) -> None:
        """Raise `Cancelled` once the job was asked to stop."""
        if self.cancelled.is_set():
            raise Cancelled

    def send(self, event: str, **values: Any) -> None:
        """Send any event; jobs use the methods below."""
        with self._lock:
            self._emit({"event": event, **values})

    def progress(self, stage: str, done: float, total: float, unit: str) -> None:
        """Say how far a stage is, in the user's unit; at most ten events a second leave, the last of a stage always.

        Raises:
            Cancelled: the job was asked to stop.
        """
        self.check()
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_start, self._done_at_start, self._last_progress = stage, now, done, -1.0
        if now - self._last_progress < PROGRESS_SECONDS and done < total:
            return
        self._last_progress = now
        elapsed, worked = now - self._stage_start, done - self._done_at_start
        known = worked > 0 and elapsed > _ETA_AFTER_SECONDS
        eta_s = round(elapsed / worked * (total - done), 1) if known else None
        self.send("progress", stage=stage, done=done, total=total, unit=unit, eta_s=eta_s)

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        """Report measured values of one step: loss, learning rate, mIoU."""
        self.check()
        self.send("metric", step=step, values=dict(values))

    def message(self, text: str, level: str = "info") -> None:
        """Tell the user something, as a full sentence; `level` is info or warning."""
        self.check()
        self.send("message", level=level, text=text)

    def warning(self, text: str) -> None:
        """Tell the user what to look at, and what to do."""
        self.message(text, "warning")

    def artifact(self, role: str, path: str) -> None:
        """Name a file that is whole and has its final name."""
        self.send("artifact", role=role, path=str(path))


def write_json_lines(stream: TextIO) -> Callable[[dict[str, Any]], None]:
    """Return an `emit` that writes each event as one line of JSON and flushes it."""

    def emit(event: dict[str, Any]) -> None:
        stream.write(json.dumps(event, ensure_ascii=True, allow_nan=False, default=str) + "\n")
        stream.flush()

    return emit


def draw(stream: TextIO) -> Callable[[dict[str, Any]], None]:
    """Return an `emit` for people: a progress bar on a terminal, else a line for each tenth of a stage."""
    return _Drawing(stream)


class _Drawing:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._on_bar = False
        self._tenth = ("", -1)

    def __call__(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "progress":
            self._bar(event)
        elif kind == "message":
            self._line(("Warning: " if event["level"] == "warning" else "") + event["text"])
        elif kind == "metric":
            self._line(f"  step {event['step']}: " + ", ".join(f"{k} {v:.4g}" for k, v in event["values"].items()))
        elif kind == "started":
            self._line(event["job"] + (f" on {event['device']}" if event["device"] else ""))
        elif kind == "finished":
            for path in event["outputs"].values():
                self._line(f"wrote {path}")
        elif kind == "failed":
            self._line(f"Error: {event['text']}" + (f"\n{event['hint']}" if event["hint"] else ""))

    def _bar(self, event: dict[str, Any]) -> None:
        share = event["done"] / event["total"] if event["total"] else 1.0
        eta = "" if event["eta_s"] is None else f", {duration(event['eta_s'])} left"
        text = f"{event['stage']}: {event['done']:g} of {event['total']:g} {event['unit']}{eta}"
        if self._live:
            filled = round(share * 24)
            self._stream.write(f"\r\x1b[K[{'#' * filled}{'.' * (24 - filled)}] {text}")
            self._stream.flush()
            self._on_bar = True
            if event["done"] >= event["total"]:
                self._line("")
        elif (event["stage"], int(share * 10)) != self._tenth:
            self._tenth = (event["stage"], int(share * 10))
            self._line(f"  {text}")

    def _line(self, text: str) -> None:
        self._stream.write(("\n" if self._on_bar else "") + (f"{text}\n" if text or not self._on_bar else ""))
        self._stream.flush()
        self._on_bar = False


def duration(seconds: float) -> str:
    """Return a time span as people say it: `45 s`, `3 min 20 s`, `2 h 05 min`."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
