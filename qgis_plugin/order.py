"""What an engine's environment is made of on this machine: the packages, the Python, the programs, and the commands."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..engine.contract.errors import ResourceError
from .environment import NEEDED, RUNTIMES, child_environment, engine_folder, pin_files
from .i18n import tr

_PYTHONS = ("python3.12", "python3.13", "python3.11", "python3.10", "python3", "python")
_ANSWER_SECONDS = 20
_MISLEADING = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_PYTHON")
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


def for_machine(environ: Mapping[str, str], root: Path, *, build: str = "auto", python: str = "", wheels: str = "") -> Order:
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
            tr("The folder {folder} holds no wheel.").format(folder=wheels),
            tr("Fill it on a machine with a network, of the same system and Python: {command}.").format(
                command="pip download -d FOLDER -r REQUIREMENTS"
            ),
        )
    uv = shutil.which("uv", path=environ.get("PATH")) or ""
    if python and not answers(Path(python), environ, _USABLE):
        raise ResourceError(
            tr("{python} is no Python from 3.10 to 3.13 with venv.").format(python=python),
            tr("Choose another under Python, or leave it empty."),
        )
    found = python or _find_python(environ)
    if not found and (not uv or wheels):
        raise ResourceError(
            tr("No Python from 3.10 to 3.13 with venv was found."),
            tr("Install one from python.org or your distribution (python3-venv or python3.13-venv), or name one under Python."),
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


def answers(python: Path, environ: Mapping[str, str], question: str = "import sys") -> bool:
    """Return whether a Python runs a line of code to its end."""
    if not python.is_file():
        return False
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run(
            [str(python), "-c", question], env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_ANSWER_SECONDS, check=False,
        )  # fmt: skip
        return asked.returncode == 0
    return False


def _find_python(environ: Mapping[str, str]) -> str:
    """Return the first interpreter on the path that can make an environment, or nothing."""
    for name in _PYTHONS:
        path = shutil.which(name, path=environ.get("PATH"))
        if path and answers(Path(path), environ, _USABLE):
            return path
    return ""
