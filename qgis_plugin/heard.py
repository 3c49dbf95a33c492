"""What a child process says: events are passed on, the last words are kept, and a bad end gets its name."""

from __future__ import annotations

import collections
import contextlib
import json
import signal
from collections.abc import Callable
from typing import Any, Optional

from ..engine.contract.errors import CANCELLED, Cancelled, EngineError, ResourceError
from .i18n import tr

_TAIL_LINES = 15


class Heard:
    """What a child said so far.

    Args:
        on_event: receives every event but heartbeats and the last.
        on_log: receives every line that is no event.
    """

    def __init__(self, on_event: Callable[[dict[str, Any]], object], on_log: Callable[[str], object]) -> None:
        self.on_event = on_event
        self.on_log = on_log
        self.finished: Optional[dict[str, Any]] = None
        self.failed: Optional[dict[str, Any]] = None
        self.tail: collections.deque[str] = collections.deque(maxlen=_TAIL_LINES)

    def take(self, stream: str, line: bytes) -> None:
        """Hear one line; events come on stdout alone."""
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        event = _event(text) if stream == "stdout" else None
        if event is None:
            if text.strip():
                self.tail.append(text)
                self.on_log(text)
        elif event["event"] == "finished":
            self.finished = event
        elif event["event"] == "failed":
            self.failed = event
        elif event["event"] != "heartbeat":
            self.on_event(event)

    def last_words(self) -> str:
        """Return the last lines that were no events."""
        return "\n".join(self.tail) or tr("It said nothing.")


def failure(code: int, heard: Heard, stopping: bool) -> Exception:
    """Return the error for an engine that left without `finished`."""
    if stopping or code == CANCELLED:
        return Cancelled(tr("The job was cancelled."))
    if heard.failed is not None:
        error = EngineError(str(heard.failed.get("text", "")), str(heard.failed.get("hint", "")))
        error.exit_code = code
        return error
    if code in (-9, 137):
        return ResourceError(
            tr("The engine was killed, probably because the machine ran out of memory."),
            tr("Use a smaller tile, batch or chip, or close other programs."),
        )
    if code < 0:
        with contextlib.suppress(ValueError):
            crashed = tr("The engine crashed ({signal}). Its last words:").format(signal=signal.Signals(-code).name)
            return EngineError(f"{crashed}\n{heard.last_words()}")
    shown = str(code) if abs(code) < 256 else f"0x{code & 0xFFFFFFFF:08X}"  # Windows: NTSTATUS
    left = tr("The engine left with code {code} and without a result. Its last words:").format(code=shown)
    return EngineError(f"{left}\n{heard.last_words()}")


def _event(text: str) -> Optional[dict[str, Any]]:
    if not text.startswith("{"):
        return None
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event.get("event"), str) else None
