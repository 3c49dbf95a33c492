"""The engine's Python and the environment it starts in; of QGIS only its language is known here.

`sys.executable` inside QGIS is QGIS itself on Windows and macOS, and QGIS's variables for Python, Qt, PROJ and GDAL break
another Python. So the interpreter is chosen by the user, and the environment holds only what cannot reach into it.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ..engine.contract.errors import ResourceError
from .i18n import tr

ROOT = Path(__file__).resolve().parent.parent
"""The plugin folder: holds `engine` and `models`, which the engine's Python finds through PYTHONPATH."""

PYTHON_SETTING = "edgewise/python"
VARIABLE = "EDGEWISE_PYTHON"
HOME_VARIABLE = "EDGEWISE_HOME"
STAMP = "edgewise.json"
"""The file in an environment that `install` writes last: without it the environment is not whole."""

RUNTIMES = ("openvino", "onnx", "onnxruntime", "onnxscript")
"""What the engine's Python gets besides `engine/requirements.txt`: faster on processors, and models of other programs."""
_DROPPED = (
    "PYTHON", "__PYVENV", "VIRTUAL_ENV", "CONDA_", "PIP_", "PYQT", "QT_", "QML", "QGIS", "O4W_QT", "OSGEO4W", "GISBASE",
    "GRASS", "PROJ_", "GDAL_", "OGR_", "CPL_", "GEOTIFF_CSV", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_",
)  # fmt: skip
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
NEEDED = ("torch", "rasterio", "geopandas", "segmentation_models_pytorch", "safetensors")
_OLDEST, _NEWEST = (3, 10), (3, 13)
_QUESTION = (
    "import importlib.util as u, json, sys;"
    "print(json.dumps([sys.version_info[:2], [m for m in sys.argv[1:] if u.find_spec(m) is None]]))"
)
_ANSWER_SECONDS = 20


def find_python(setting: str, environ: Mapping[str, str], root: Path) -> str:
    """Return the engine's Python: the setting, the variable, the `.venv` of a checkout, what `install` made; in this order.

    Args:
        setting: path of a Python or of its environment's folder; empty when the user set none.
        environ: variables of this process.
        root: the plugin folder.

    Raises:
        ResourceError: the one that is named does not exist, or none is named.
    """
    place = tr("Settings > Options > Processing > Providers > Edgewise")
    origins = (
        (setting, tr("The engine's Python {path}, set in {place}, does not exist.")),
        (environ.get(VARIABLE, ""), tr("The engine's Python {path}, from the variable {variable}, does not exist.")),
    )
    for path, gone in origins:
        if path:
            return _python_at(Path(path).expanduser()) or _refuse(
                gone.format(path=path, place=place, variable=VARIABLE),
                tr("Correct it in {place}, or in the variable {variable}.").format(place=place, variable=VARIABLE),
            )
    made = engine_folder(environ, root)
    found = _python_at(root / ".venv") or ((made / STAMP).is_file() and _python_at(made))
    stale = made.parent.is_dir() and any(made.parent.glob("engine-*/" + STAMP))
    return found or _refuse(
        tr("Edgewise was updated, and its engine was made for the version before.")
        if stale
        else tr("Edgewise needs a Python of its own for its engine, and none is set."),
        tr("Run 'Install the engine' in the group 'Set up'. {by_hand} Then name it in {place}.").format(
            by_hand=how_to_install(root), place=place
        ),
    )


def home(environ: Mapping[str, str]) -> Path:
    """Return the folder of the engines that `install` makes: the user's own, which no update of the plugin touches."""
    if environ.get(HOME_VARIABLE):
        return Path(environ[HOME_VARIABLE]).expanduser()
    if os.name == "nt":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "edgewise"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "edgewise"
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "edgewise"


def engine_folder(environ: Mapping[str, str], root: Path) -> Path:
    """Return where `install` makes the engine's environment: named after its pins, so that other pins get another one."""
    pins = b"".join(path.read_bytes() for path in pin_files(root) if path.is_file())
    return home(environ) / f"engine-{hashlib.sha256(pins).hexdigest()[:8]}"


def page(path: str) -> str:
    """Return the address of a page of the documentation: in a checkout its file, else below the repository of metadata.txt."""
    file = ROOT / path
    if file.is_file():
        return file.as_uri()
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    return f"{metadata['general']['repository']}/blob/main/{path}"


def pin_files(root: Path) -> tuple[Path, Path]:
    """Return the list of the packages that the engine needs, and that of their versions."""
    return root / "engine" / "requirements.txt", root / "engine" / "constraints.txt"


def child_environment(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Return the variables for the engine: this process's own without those of QGIS, Qt, PROJ, GDAL and any Python.

    Variables that name certificates stay unless they lead into QGIS, whose own may be older than the network's.
    """
    kept = {name: value for name, value in environ.items() if not name.upper().startswith(_DROPPED)}
    bundle = environ.get("OSGEO4W_ROOT", "")
    for name in _CERTIFICATES:
        inside = bundle and kept.get(name, "").lower().startswith(bundle.lower())
        if inside or ".app/Contents/" in kept.get(name, ""):
            del kept[name]
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
            [python, "-c", _QUESTION, *NEEDED], env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_ANSWER_SECONDS, check=True,
        )  # fmt: skip
        version, missing = json.loads(asked.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return tr("{python} does not answer as a Python does.").format(python=python) + " " + how_to_install(root)
    if not _OLDEST <= tuple(version) <= _NEWEST:
        found = tr("{python} is Python {version}; the engine needs 3.10 to 3.13.")
        return found.format(python=python, version="{}.{}".format(*version)) + " " + how_to_install(root)
    if missing:
        lacks = tr("{python} lacks {packages}.").format(python=python, packages=", ".join(missing))
        return f"{lacks} {how_to_install(root)}"
    return ""


def how_to_install(root: Path) -> str:
    """Return the sentence with the two commands that make an environment for the engine by hand."""
    bin_folder = "Scripts" if os.name == "nt" else "bin"
    requirements, constraints = pin_files(root)
    own = f"edgewise-engine/{bin_folder}/python"
    return tr("By hand, in a terminal: {make} (python3.13 where python3 is newer), then: {fill}.").format(
        make="python3 -m venv edgewise-engine",
        fill=f'{own} -m pip install -r "{requirements}" -c "{constraints}" {" ".join(RUNTIMES)}',
    )


def _python_at(path: Path) -> str:
    """Return the interpreter at `path`, a file or an environment's folder; its links stay, they tell Python where it lives."""
    for candidate in (path, path / "bin" / "python", path / "Scripts" / "python.exe", path / "python.exe"):
        if candidate.is_file():
            return str(candidate.absolute())
    return ""


def _refuse(text: str, hint: str) -> str:
    raise ResourceError(text, hint)
