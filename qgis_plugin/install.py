"""Make, renew and remove the engine's own Python environment; of QGIS only its language is known here.

An environment is named after its pins and counts once its stamp is written, which is the last step: a stopped run is gone
on with, other pins get a new environment, and the old ones go when the new one works.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from ..engine.contract.errors import EngineError, ResourceError
from . import process
from .environment import STAMP
from .i18n import tr
from .lock import only_one
from .order import Order, answers

GIB = {"cpu": 4, "cuda": 12}
"""Free disk that an environment takes while it is made, downloads included."""


def install(
    wanted: Order,
    environ: Mapping[str, str],
    on_log: Callable[[str], object],
    on_step: Callable[[int, int, str], object],
    is_cancelled: Callable[[], bool],
) -> str:
    """Make the environment, or go on with a stopped one, and return its Python; older environments are removed.

    Args:
        wanted: what to install.
        environ: the variables of the commands.
        on_log: receives every line that the commands print.
        on_step: receives number, count and name of each step as it begins.
        is_cancelled: asked ten times a second.

    Raises:
        Cancelled: the user cancelled; what was downloaded stays for the next run.
        ResourceError: another window installs, the disk is too full, or the folder cannot be written.
        EngineError: a command failed, with its last words.
    """
    home = wanted.folder.parent
    with only_one(home):
        (wanted.folder / STAMP).unlink(missing_ok=True)
        _check_disk(home, wanted.build)
        steps = wanted.steps()
        if answers(wanted.own_python, environ):
            steps.pop("make")
        else:
            _remove(wanted.folder)
        steps["try"] = [str(wanted.own_python), "-c", "import " + ", ".join(wanted.needed)]
        for number, (name, command) in enumerate(steps.items()):
            on_step(number, len(steps), name)
            on_log(process.quoted(command))
            try:
                process.call(command, environ, str(home), on_log, is_cancelled)
            except EngineError as error:
                if name == "try":  # half of a package, left by a run that was killed
                    _remove(wanted.folder)
                raise EngineError(error.text, error.hint or _go_on()) from None
        record = {"build": wanted.build, "wheels": wanted.wheels, "python": wanted.python}
        (wanted.folder / STAMP).write_text(json.dumps(record), encoding="utf-8")
        for folder in _environments(home):
            if folder != wanted.folder:
                _remove(folder)
    return str(wanted.own_python)


def uninstall(home: Path) -> int:
    """Remove every environment below `home` and return the bytes that are free again; nothing else there is touched.

    Raises:
        ResourceError: another window installs, or a file is in use.
    """
    if not home.is_dir():
        return 0
    freed = 0
    with only_one(home):
        for folder in _environments(home):
            freed += sum(p.lstat().st_size for p in folder.rglob("*") if p.is_symlink() or p.is_file())
            _remove(folder)
    with contextlib.suppress(OSError):
        home.rmdir()
    return freed


def _go_on() -> str:
    return tr(
        "Check the network, the proxy (Settings > Options > Network) and the free disk, then run this again: it goes on where "
        "it was. Without a network, name a folder of wheels."
    )


def _check_disk(home: Path, build: str) -> None:
    free_gib = shutil.disk_usage(home).free / 2**30
    if free_gib < GIB[build]:
        raise ResourceError(
            tr("{folder}: {free} GiB are free, and the engine needs {needed} GiB while it is installed.").format(
                folder=home, free=f"{free_gib:.1f}", needed=GIB[build]
            ),
            tr("Free some, choose the CPU build, or set the variable EDGEWISE_HOME to a folder on another disk."),
        )


def _environments(home: Path) -> list[Path]:
    return [p for p in home.glob("engine-*") if p.is_dir() and not p.is_symlink()]


def _remove(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise ResourceError(
            tr("{folder} cannot be removed: {why}.").format(folder=folder, why=error.strerror),
            tr("Close other windows of QGIS and programs that use it, then try again."),
        ) from None
