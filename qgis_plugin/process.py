"""Run the engine as a child process and hear its events; of QGIS only its language is known here.

The child has its own process group and an open stdin: closing it asks the engine to leave, and it closes by itself when
QGIS dies. Two threads read its pipes in binary, so neither a full pipe nor half a line nor a foreign encoding blocks.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Optional

from ..engine.contract.errors import Cancelled, EngineError, ResourceError
from .heard import Heard, failure
from .i18n import tr

POLL_SECONDS = 0.1
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
    code, heard, stopping = _converse(command, environ, folder, Heard(on_event, on_log), is_cancelled, patience)
    if heard.finished is not None:
        return heard.finished
    raise failure(code, heard, stopping)


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
    heard = Heard(lambda _: on_log(tr("Still at work.")), on_log)
    code, heard, stopping = _converse(command, environ, folder, heard, is_cancelled, patience)
    if stopping:
        raise Cancelled(tr("The program was cancelled."))
    if code:
        left = tr("{program} left with code {code}. Its last words:").format(program=os.path.basename(command[0]), code=code)
        raise EngineError(f"{left}\n{heard.last_words()}")


def quoted(command: Sequence[str]) -> str:
    """Return a command as one would type it here; it is shown, never run."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def _converse(
    command: Sequence[str],
    environ: Mapping[str, str],
    folder: str,
    heard: Heard,
    is_cancelled: Callable[[], bool],
    patience: Patience,
) -> tuple[int, Heard, bool]:
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
    heard: Heard,
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
                text = tr("The engine has said nothing for {seconds} s. Wait, or cancel.")
                text = text.format(seconds=round(patience.silence_s))
                heard.on_event({"event": "message", "level": "warning", "text": text})
        elif now - leaving_since > patience.terminate_s + patience.kill_s:
            break
        elif now - leaving_since > patience.terminate_s and not terminated:
            terminated = True
            _end_group(child, force=False)
    return cancelled


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
            tr("{program} cannot be started: {why}.").format(program=command[0], why=error.strerror),
            tr("Choose another Python for the engine."),
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
