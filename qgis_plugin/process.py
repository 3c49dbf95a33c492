"""Run the engine as a child process and hear its events; standard library only, so that it is tested without QGIS.

The child has its own process group and an open stdin: closing it asks the engine to leave, and it closes by itself when
QGIS dies. Two threads read its pipes in binary, so neither a full pipe nor half a line nor a foreign encoding blocks.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Optional

from ..engine.contract.errors import CANCELLED, Cancelled, EngineError, ResourceError

POLL_SECONDS = 0.1
_TAIL_LINES = 15
_READERS_SECONDS = 2.0


@dataclass(frozen=True)
class Patience:
    """How long a silent engine is waited for before the user hears of it, and a cancelled one before it is ended."""

    silence_s: float = 60.0
    terminate_s: float = 10.0
    kill_s: float = 5.0


def run(
    command: Sequence[str],
    environ: Mapping[str, str],
    folder: str,
    on_event: Callable[[dict[str, Any]], object],
    on_log: Callable[[str], object],
    is_cancelled: Callable[[], bool],
    patience: Patience = Patience(),
) -> dict[str, Any]:
    """Run the engine until it leaves and return its `finished` event; no process of its group outlives the call.

    Args:
        command: program and arguments; never a shell string.
        environ: the whole environment of the child.
        folder: where the child starts; nothing importable should lie there.
        on_event: receives every event but heartbeats and the last; called in this thread, as `on_log` is.
        on_log: receives every line that is no event.
        is_cancelled: asked ten times a second.
        patience: how long to wait.

    Raises:
        Cancelled: the user cancelled, and the engine has left.
        ResourceError: the engine cannot be started, or was killed.
        EngineError: the engine failed; text and hint are its own where it had words.
    """
    code, heard, stopping = _converse(command, environ, folder, _Heard(on_event, on_log), is_cancelled, patience)
    if heard.finished is not None:
        return heard.finished
    raise _failure(code, heard, stopping)


def call(
    command: Sequence[str],
    environ: Mapping[str, str],
    folder: str,
    on_log: Callable[[str], object],
    is_cancelled: Callable[[], bool],
    patience: Patience = Patience(terminate_s=0.0),
) -> None:
    """Run another program until it leaves with code 0; no process of its group outlives the call.

    Args:
        command, environ, folder, on_log, is_cancelled, patience: as in `run`; a program that is no engine is ended at once.

    Raises:
        Cancelled: the user cancelled, and the program has left.
        ResourceError: the program cannot be started.
        EngineError: it left with another code; its last words are the text.
    """
    heard = _Heard(lambda _: on_log("Still at work."), on_log)
    code, heard, stopping = _converse(command, environ, folder, heard, is_cancelled, patience)
    if stopping:
        raise Cancelled("The program was cancelled.")
    if code:
        words = "\n".join(heard.tail) or "It said nothing."
        raise EngineError(f"{os.path.basename(command[0])} left with code {code}. Its last words:\n{words}")


def _converse(
    command: Sequence[str],
    environ: Mapping[str, str],
    folder: str,
    heard: _Heard,
    is_cancelled: Callable[[], bool],
    patience: Patience,
) -> tuple[int, _Heard, bool]:
    """Run a child to its end and return its exit code, what it said, and whether it was cancelled."""
    child = _start(command, environ, folder)
    lines: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
    readers = [
        threading.Thread(target=_read, args=(stream, name, lines), daemon=True)
        for stream, name in ((child.stdout, "stdout"), (child.stderr, "stderr"))
    ]
    try:
        for reader in readers:
            reader.start()
        stopping = _attend(child, lines, heard, is_cancelled, patience)
    finally:
        _end_group(child, force=True)
        child.wait()
        _close_stdin(child)
    deadline = time.monotonic() + _READERS_SECONDS
    for reader in readers:
        reader.join(max(0.0, deadline - time.monotonic()))
    while not lines.empty():
        heard.take(*lines.get())
    return child.returncode, heard, stopping


def _attend(
    child: subprocess.Popen[bytes],
    lines: queue.SimpleQueue[tuple[str, bytes]],
    heard: _Heard,
    is_cancelled: Callable[[], bool],
    patience: Patience,
) -> bool:
    """Listen until the child has left, ending it step by step once cancelled or finished; return whether it was cancelled."""
    last_word = time.monotonic()
    warned = cancelled = terminated = False
    leaving_since: Optional[float] = None
    while child.poll() is None:
        with contextlib.suppress(queue.Empty):
            heard.take(*lines.get(timeout=POLL_SECONDS))
            last_word, warned = time.monotonic(), False
        now = time.monotonic()
        if leaving_since is None:
            cancelled = is_cancelled()
            if cancelled or heard.finished is not None:
                leaving_since = now
                _close_stdin(child)
            elif now - last_word > patience.silence_s and not warned:
                warned = True
                text = f"The engine has said nothing for {patience.silence_s:.0f} s. Wait, or cancel."
                heard.on_event({"event": "message", "level": "warning", "text": text})
        elif now - leaving_since > patience.terminate_s + patience.kill_s:
            break
        elif now - leaving_since > patience.terminate_s and not terminated:
            terminated = True
            _end_group(child, force=False)
    return cancelled


class _Heard:
    """What the engine said: events are passed on, the last words are kept."""

    def __init__(self, on_event: Callable[[dict[str, Any]], object], on_log: Callable[[str], object]) -> None:
        self.on_event = on_event
        self.on_log = on_log
        self.finished: Optional[dict[str, Any]] = None
        self.failed: Optional[dict[str, Any]] = None
        self.tail: collections.deque[str] = collections.deque(maxlen=_TAIL_LINES)

    def take(self, stream: str, line: bytes) -> None:
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


def _event(text: str) -> Optional[dict[str, Any]]:
    if not text.startswith("{"):
        return None
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event.get("event"), str) else None


def _failure(code: int, heard: _Heard, stopping: bool) -> Exception:
    """Return the error for an engine that left without `finished`."""
    if stopping or code == CANCELLED:
        return Cancelled("The job was cancelled.")
    if heard.failed is not None:
        error = EngineError(str(heard.failed.get("text", "")), str(heard.failed.get("hint", "")))
        error.exit_code = code
        return error
    if code in (-9, 137):
        return ResourceError(
            "The engine was killed, probably because the machine ran out of memory.",
            "Use a smaller tile, batch or chip, or close other programs.",
        )
    words = "\n".join(heard.tail) or "It said nothing."
    if code < 0:
        with contextlib.suppress(ValueError):
            return EngineError(f"The engine crashed ({signal.Signals(-code).name}). Its last words:\n{words}")
    shown = str(code) if abs(code) < 256 else f"0x{code & 0xFFFFFFFF:08X}"  # Windows: NTSTATUS
    return EngineError(f"The engine left with code {shown} and without a result. Its last words:\n{words}")


def _start(command: Sequence[str], environ: Mapping[str, str], folder: str) -> subprocess.Popen[bytes]:
    own_group: dict[str, Any] = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}  # type: ignore[attr-defined]
        if os.name == "nt"
        else {"start_new_session": True}
    )
    try:
        return subprocess.Popen(
            list(command), env=dict(environ), cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            **own_group,
        )  # fmt: skip
    except OSError as error:
        raise ResourceError(
            f"{command[0]} cannot be started: {error.strerror}.", "Choose another Python for the engine."
        ) from None


def _read(stream: IO[bytes], name: str, lines: queue.SimpleQueue[tuple[str, bytes]]) -> None:
    with stream:
        for line in iter(stream.readline, b""):
            lines.put((name, line))


def _close_stdin(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        child.stdin.close()  # type: ignore[union-attr]


def _end_group(child: subprocess.Popen[bytes], *, force: bool) -> None:
    """End the child with its children; those that outlived it are ended too."""
    if os.name == "nt":
        if child.poll() is None:
            taskkill = ["taskkill", "/PID", str(child.pid), "/T", *(["/F"] if force else [])]
            subprocess.run(taskkill, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL if force else signal.SIGTERM)
