"""Look up in PyQt6 every name of Qt that the plugin uses, and record them in .ci/qt6.txt: no QGIS with Qt6 is needed.

    python3 -m venv qt6 && qt6/bin/pip install PyQt6 && qt6/bin/python .ci/qt6.py

Run it when a test says that a name is new; it fails with the names that Qt6 does not have.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / ".ci" / "qt6.txt"
PATCHED = {"QtWidgets": ("QAction", "QShortcut")}
"""Classes that Qt6 moved to QtGui and that `qgis.PyQt` offers in their old module too."""


def used() -> list[str]:
    """Return every name of Qt in the plugin, as `QtCore.Qt.Key.Key_Shift`."""
    return sorted({name for path in (ROOT / "qgis_plugin").rglob("*.py") for name in names(path.read_text("utf-8"))})


def names(source: str) -> Iterator[str]:
    """Yield the classes that a module imports from `qgis.PyQt`, and the longest dotted names that begin with one."""
    tree = ast.parse(source)
    of_qt: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qgis.PyQt."):
            module = (node.module or "").rpartition(".")[2]
            of_qt.update({alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names})
    yield from of_qt.values()
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            first, *rest = ast.unparse(node).split(".")
            if first in of_qt and "(" not in "".join(rest):
                yield ".".join([of_qt[first], *rest])


def known(name: str) -> bool:
    """Return whether PyQt6 has a name, in the place where `qgis.PyQt` shows it."""
    module, first, *rest = name.split(".")
    home = "QtGui" if first in PATCHED.get(module, ()) else module
    try:
        found = importlib.import_module(f"PyQt6.{home}")
        for part in (first, *rest):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return False
    return True


def main() -> None:
    """Record the names, or fail with those that Qt6 lacks."""
    from PyQt6.QtCore import PYQT_VERSION_STR

    lacking = [name for name in used() if not known(name)]
    if lacking:
        sys.exit("PyQt6 has no\n" + "\n".join(lacking))
    TARGET.write_text("\n".join(used()) + "\n", encoding="utf-8")
    print(f"{len(used())} names of Qt, all in PyQt6 {PYQT_VERSION_STR}.")


if __name__ == "__main__":
    main()
