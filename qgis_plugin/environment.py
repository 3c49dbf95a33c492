"""The engine's Python and the environment it starts in; standard library only.

`sys.executable` inside QGIS is QGIS itself on Windows and macOS, and QGIS's variables for Python, Qt, PROJ and GDAL break
another Python. So the interpreter is chosen by the user, and the environment holds only what cannot reach into it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..engine.contract.errors import ResourceError

ROOT = Path(__file__).resolve().parent.parent
"""The plugin folder: holds `engine` and `models`, which the engine's Python finds through PYTHONPATH."""

ICON = ROOT / "qgis_plugin" / "icons" / "edgewise.svg"
PYTHON_SETTING = "edgewise/python"
VARIABLE = "EDGEWISE_PYTHON"
_PLACE = "Settings > Options > Processing > Providers > Edgewise"
_DROPPED = (
    "PYTHON", "__PYVENV", "VIRTUAL_ENV", "CONDA_", "PIP_", "PYQT", "QT_", "QML", "QGIS", "O4W_QT", "OSGEO4W", "GISBASE",
    "GRASS", "PROJ_", "GDAL_", "OGR_", "CPL_", "GEOTIFF_CSV", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_",
)  # fmt: skip
_NEEDED = ("torch", "rasterio", "geopandas", "segmentation_models_pytorch", "safetensors")
_OLDEST, _NEWEST = (3, 10), (3, 13)
_QUESTION = (
    "import importlib.util as u, json, sys;"
    "print(json.dumps([sys.version_info[:2], [m for m in sys.argv[1:] if u.find_spec(m) is None]]))"
)
_ANSWER_SECONDS = 20


def find_python(setting: str, environ: Mapping[str, str], root: Path) -> str:
    """Return the engine's Python: the setting, the variable EDGEWISE_PYTHON, or the `.venv` of a checkout, in this order.

    Args:
        setting: path of a Python or of its environment's folder; empty when the user set none.
        environ: variables of this process.
        root: the plugin folder.

    Raises:
        ResourceError: the one that is named does not exist, or none is named.
    """
    for path, origin in ((setting, f"set in {_PLACE}"), (environ.get(VARIABLE, ""), f"from the variable {VARIABLE}")):
        if path:
            return _python_at(Path(path).expanduser()) or _refuse(
                f"The engine's Python {path}, {origin}, does not exist.",
                f"Correct it in {_PLACE}, or in the variable {VARIABLE}.",
            )
    return _python_at(root / ".venv") or _refuse(
        "Edgewise needs a Python of its own for its engine, and none is set.",
        f"{how_to_install(root)} Then name it in {_PLACE}.",
    )


def child_environment(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Return the variables for the engine: this process's own without those of QGIS, Qt, PROJ, GDAL and any Python."""
    kept = {name: value for name, value in environ.items() if not name.upper().startswith(_DROPPED)}
    bundle = environ.get("OSGEO4W_ROOT", "")
    if bundle:
        folders = environ.get("PATH", "").split(os.pathsep)
        kept["PATH"] = os.pathsep.join(f for f in folders if not f.lower().startswith(bundle.lower()))
    return {
        **kept,
        "PYTHONPATH": str(root),
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
    }


def diagnose(python: str, environ: Mapping[str, str], root: Path) -> str:
    """Return what keeps this Python from running the engine, with the remedy; empty when nothing is seen."""
    try:
        asked = subprocess.run(
            [python, "-c", _QUESTION, *_NEEDED], env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_ANSWER_SECONDS, check=True,
        )  # fmt: skip
        version, missing = json.loads(asked.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return f"{python} does not answer as a Python does. {how_to_install(root)}"
    if not _OLDEST <= tuple(version) <= _NEWEST:
        return f"{python} is Python {version[0]}.{version[1]}; the engine needs 3.10 to 3.13. {how_to_install(root)}"
    if missing:
        return f"{python} lacks {', '.join(missing)}. {how_to_install(root)}"
    return ""


def how_to_install(root: Path) -> str:
    """Return the sentence with the two commands that make an environment for the engine."""
    bin_folder = "Scripts" if os.name == "nt" else "bin"
    constraints = root / "engine" / "constraints.txt"
    return (
        "To make one, type in a terminal: python3 -m venv edgewise-engine, then: "
        f'edgewise-engine/{bin_folder}/python -m pip install -c "{constraints}" "{root}".'
    )


def _python_at(path: Path) -> str:
    """Return the interpreter at `path`, a file or an environment's folder; its links stay, they tell Python where it lives."""
    for candidate in (path, path / "bin" / "python", path / "Scripts" / "python.exe", path / "python.exe"):
        if candidate.is_file():
            return str(candidate.absolute())
    return ""


def _refuse(text: str, hint: str) -> str:
    raise ResourceError(text, hint)
