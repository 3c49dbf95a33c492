"""An output gets its final name when it is whole, never before.

Writers write to `name.part.suffix` beside the output under a lock that the system frees when the process dies;
success renames, anything else removes. Open parts are known, so that a process that must leave at once can clean up.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.contract.errors import DataError, ResourceError

_open_parts: set[Path] = set()
_open_locks: set[Path] = set()
_last_acts: list[Callable[[], None]] = []


def part_path(path: str | Path) -> Path:
    """Return where an unfinished output lives: `classes.tif` -> `classes.part.tif`."""
    path = Path(path)
    return path.with_name(f"{path.stem}.part{path.suffix}")


@contextlib.contextmanager
def output(path: str | Path, *, keep_part: bool = False) -> Iterator[Path]:
    """Yield the `.part` path to write; on leaving without an error it becomes `path`, else it is removed.

    Args:
        path: final name; an existing file is replaced in one step, when the new one is whole.
        keep_part: leave an unfinished part where it is after an error or a cancel, for a run that resumes.

    Raises:
        DataError: the folder is missing or not writable, or another run is writing the same output.
        ResourceError: the disk is full.
    """
    path = Path(path)
    part = part_path(path)
    with lock(path):
        if not keep_part:
            remove(part)
        _open_parts.add(part)
        try:
            yield part
            os.replace(part, path)
        except OSError as error:
            raise explain(error, path) from error
        finally:
            _open_parts.discard(part)
            if not keep_part:
                remove(part)


@contextlib.contextmanager
def lock(path: str | Path) -> Iterator[None]:
    """Hold the right to write `path`; the system frees it when the process ends, however it ends.

    Raises:
        DataError: the folder is missing or not writable, or another run holds the right.
    """
    path = Path(path)
    lock_path = path.with_name(f".{path.name}.lock")
    try:
        handle = _locked_handle(lock_path)
    except OSError as error:
        raise explain(error, path) from error
    if handle is None:
        raise DataError(f"{path}: another run is writing this output.", "Wait for it, or choose another name.")
    _open_locks.add(lock_path)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(lock_path)
        _open_locks.discard(lock_path)
        os.close(handle)


def remove(path: Path) -> None:
    """Delete a file or folder with its sidecars if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
        return
    for extra in ("", ".aux.xml", ".ovr", ".msk", "-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{path}{extra}")


def abandon() -> None:
    """Remove every open part and lock, and call what `before_leaving` was given: the last act of a job, however it ends."""
    for path in (*_open_parts, *_open_locks):
        with contextlib.suppress(OSError):
            remove(path)
    while _last_acts:
        with contextlib.suppress(OSError):
            _last_acts.pop()()


def before_leaving(act: Callable[[], None]) -> None:
    """Let `abandon` call a function; it must not fail but with OSError."""
    _last_acts.append(act)


def explain(error: OSError, path: Path) -> DataError | ResourceError:
    """Return the error a user understands for a failed write to `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ResourceError(
            f"{path}: the disk is full, or the file reached its size limit.", "Free space or choose another disk."
        )
    if error.errno == errno.ENOTDIR:
        return DataError(f"{path}: {path.parent} is not a folder.", "Choose another output.")
    if error.errno == errno.ENOENT:
        return DataError(f"{path}: the folder {path.parent} does not exist.", "Create it or choose another output.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DataError(f"{path}: the folder {path.parent} cannot be written.", "Choose a folder you may write to.")
    return DataError(f"{path}: {error.strerror or error}.", "Choose another output.")


def _locked_handle(lock_path: Path) -> int | None:
    """Return an open handle that holds the lock, or None where another process holds it."""
    while True:
        handle = os.open(lock_path, os.O_CREAT | os.O_RDWR)
        if not _try_lock(handle):
            os.close(handle)
            return None
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(handle), os.stat(lock_path)):
                return handle
        os.close(handle)  # its last owner deleted the file between our open and our lock


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
