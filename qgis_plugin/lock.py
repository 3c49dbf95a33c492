"""One window at a time changes a folder; the system frees the right when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ..engine.contract.errors import ResourceError
from .i18n import tr

_NAME = "install.lock"


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the right to change `folder`, which is made where it is missing.

    Raises:
        ResourceError: another process holds the right, or the folder cannot be written.
    """
    path = folder / _NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR)
    except OSError as error:
        raise ResourceError(
            tr("{folder} cannot be written: {why}.").format(folder=folder, why=error.strerror),
            tr("Set the variable EDGEWISE_HOME to a folder of yours."),
        ) from None
    try:
        if not _claim(handle, path):
            raise ResourceError(
                tr("Another window is changing the engine in {folder}.").format(folder=folder),
                tr("Wait until it is done, or cancel it there."),
            )
        yield
        with contextlib.suppress(OSError):  # Windows keeps a file that is open
            path.unlink()
    finally:
        os.close(handle)


def _claim(handle: int, path: Path) -> bool:
    """Lock the file; False where another process has it, or had it and deleted it between our open and our lock."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except OSError:
        return False
