"""Make, renew and remove the engine's own Python environment; standard library only, so that it is tested without QGIS.

An environment is named after its pins and counts once its stamp is written, which is the last step: a stopped run is gone
on with, other pins get a new environment, and the old ones go when the new one works.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..engine.contract.errors import EngineError, ResourceError
from . import process
from .environment import NEEDED, RUNTIMES, STAMP, child_environment, engine_folder, pin_files
from .lock import only_one

GIB = {"cpu": 4, "cuda": 12}
"""Free disk that an environment takes while it is made, downloads included."""

_PYTHONS = ("python3.12", "python3.13", "python3.11", "python3.10", "python3", "python")
_ANSWER_SECONDS = 20
_MISLEADING = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_PYTHON")
_GO_ON = (
    "Check the network, the proxy (Settings > Options > Network) and the free disk, then run this again: it goes on where it "
    "was. Without a network, name a folder of wheels."
)
_USABLE = "import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))"


@dataclass(frozen=True)
class Order:
    """What is to be installed, and with what.

    Args:
        folder: the environment.
        requirements, constraints: the packages and their versions.
        build: of PyTorch, cpu or cuda.
        python: the interpreter that the environment is made of; may be empty where uv finds or fetches one.
        uv: the program, or empty for venv and pip.
        wheels: folder with all wheels, for a machine without a network; or empty.
        extra: further packages.
        needed: modules that must load at the end.
    """

    folder: Path
    requirements: Path
    constraints: Path
    build: str
    python: str
    uv: str
    wheels: str = ""
    extra: tuple[str, ...] = RUNTIMES
    needed: tuple[str, ...] = NEEDED

    @property
    def own_python(self) -> Path:
        """Return the interpreter of the environment."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def steps(self) -> dict[str, list[str]]:
        """Return the commands by what they do; shown to administrators, who may type them."""
        asked = ["-r", str(self.requirements), "-c", str(self.constraints), *self.extra]
        offline = ["--no-index", "--find-links", self.wheels] if self.wheels else []
        backend = [] if offline else ["--torch-backend", "cpu" if self.build == "cpu" else "auto"]
        if self.uv:
            python = self.python or ">=3.10,<3.14"
            return {
                "make": [self.uv, "venv", "--python", python, str(self.folder)],
                "fill": [self.uv, "pip", "install", "--python", str(self.own_python), *asked, *offline, *backend],
            }
        make = {"make": [self.python, "-m", "venv", str(self.folder)]}
        own = str(self.own_python)
        if offline:
            return {**make, "fill": [own, "-m", "pip", "install", *asked, *offline]}
        return {
            **make,
            "fetch uv": [own, "-m", "pip", "install", "uv"],
            "fill": [own, "-m", "uv", "pip", "install", "--python", own, *asked, *backend],
        }


def order(environ: Mapping[str, str], root: Path, *, build: str = "auto", python: str = "", wheels: str = "") -> Order:
    """Return what to install on this machine.

    Args:
        environ: the variables that the commands will see.
        root: the plugin folder, which holds the pins.
        build: cpu, cuda, or auto: cuda where an NVIDIA driver answers.
        python: an interpreter to use; empty to look for one.
        wheels: folder with wheels; empty for the network.

    Raises:
        ResourceError: no Python from 3.10 to 3.13 is found, or the wheel folder is empty.
    """
    if wheels and not any(Path(wheels).glob("*.whl")):
        raise ResourceError(
            f"The folder {wheels} holds no wheel.",
            "Fill it on a machine with a network, of the same system and Python: pip download -d FOLDER -r REQUIREMENTS.",
        )
    uv = shutil.which("uv", path=environ.get("PATH")) or ""
    if python and not _answers(Path(python), environ, _USABLE):
        raise ResourceError(
            f"{python} is no Python from 3.10 to 3.13 with venv.", "Choose another under Python, or leave it empty."
        )
    found = python or _find_python(environ)
    if not found and (not uv or wheels):
        raise ResourceError(
            "No Python from 3.10 to 3.13 with venv was found.",
            "Install one from python.org or your distribution (python3-venv or python3.13-venv), or name one under Python.",
        )
    requirements, constraints = pin_files(root)
    chosen = ("cuda" if has_gpu(environ) else "cpu") if build == "auto" else build
    return Order(engine_folder(environ, root), requirements, constraints, chosen, found, uv, wheels)


def has_gpu(environ: Mapping[str, str]) -> bool:
    """Return whether an NVIDIA driver answers with at least one GPU."""
    program = shutil.which("nvidia-smi", path=environ.get("PATH"))
    if not program:
        return False
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run([program, "-L"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)
        return asked.returncode == 0 and b"GPU" in asked.stdout
    return False


def variables(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Return the variables for uv and pip: those of the engine, and the user's settings of pip that choose no other place."""
    kept = {n: v for n, v in environ.items() if n.startswith("PIP_") and n not in _MISLEADING}
    ours = {n: v for n, v in child_environment(environ, root).items() if n != "PYTHONPATH"}
    return {"UV_SYSTEM_CERTS": "true", "UV_NO_PROGRESS": "1", "PIP_NO_INPUT": "1", **ours, **kept}


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
        if _answers(wanted.own_python, environ):
            steps.pop("make")
        else:
            _remove(wanted.folder)
        steps["try"] = [str(wanted.own_python), "-c", "import " + ", ".join(wanted.needed)]
        for number, (name, command) in enumerate(steps.items()):
            on_step(number, len(steps), name)
            on_log(quoted(command))
            try:
                process.call(command, environ, str(home), on_log, is_cancelled)
            except EngineError as error:
                if name == "try":  # half of a package, left by a run that was killed
                    _remove(wanted.folder)
                raise EngineError(error.text, error.hint or _GO_ON) from None
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


def quoted(command: list[str]) -> str:
    """Return a command as one would type it here; it is shown, never run."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def _find_python(environ: Mapping[str, str]) -> str:
    """Return the first interpreter on the path that can make an environment, or nothing."""
    for name in _PYTHONS:
        path = shutil.which(name, path=environ.get("PATH"))
        if path and _answers(Path(path), environ, _USABLE):
            return path
    return ""


def _answers(python: Path, environ: Mapping[str, str], question: str = "import sys") -> bool:
    if not python.is_file():
        return False
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run(
            [str(python), "-c", question], env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_ANSWER_SECONDS, check=False,
        )  # fmt: skip
        return asked.returncode == 0
    return False


def _check_disk(home: Path, build: str) -> None:
    free_gib = shutil.disk_usage(home).free / 2**30
    if free_gib < GIB[build]:
        raise ResourceError(
            f"{home}: {free_gib:.1f} GiB are free, and the engine needs {GIB[build]} GiB while it is installed.",
            "Free some, choose the CPU build, or set the variable EDGEWISE_HOME to a folder on another disk.",
        )


def _environments(home: Path) -> list[Path]:
    return [p for p in home.glob("engine-*") if p.is_dir() and not p.is_symlink()]


def _remove(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise ResourceError(
            f"{folder} cannot be removed: {error.strerror}.",
            "Close other windows of QGIS and programs that use it, then try again.",
        ) from None
