"""What Qt6 asks of the code, seen in any QGIS: Qt by way of `qgis.PyQt`, enums by their names, and nothing that Qt6 dropped.

That Qt6 has the names which are used, in the modules from which they are taken, is held by `.ci/qt6.txt`.
"""

from __future__ import annotations

import ast
import enum
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = [*sorted((ROOT / "qgis_plugin").rglob("*.py")), ROOT / "__init__.py"]
REMOVED = {
    "exec_", "print_", "qApp", "QRegExp", "QRegExpValidator", "QDesktopWidget", "QMatrix", "QTextCodec", "resources_rc",
    "globalPos", "globalX", "globalY", "localPos", "windowPos", "screenPos", "posF", "delta",  # of mouse and wheel events
    "toTime_t", "setTime_t", "fromTime_t", "setMargin", "setTabStopWidth", "MidButton", "TextColorRole",
    "BackgroundColorRole", "HighQualityAntialiasing", "AA_EnableHighDpiScaling", "AA_UseHighDpiPixmaps",
}  # fmt: skip
"""What Qt5 has and Qt6 has not, and compiled resources, which PyQt6 does not load."""

OVERLOADED = {"activated", "highlighted", "currentIndexChanged", "valueChanged", "buttonClicked"}
"""Signals of which Qt6 kept one overload."""


def imported(tree):
    """Return name -> object of all that a module takes from QGIS and its Qt."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").startswith("qgis."):
            module = importlib.import_module(node.module)
            found.update({alias.asname or alias.name: getattr(module, alias.name) for alias in node.names})
    return found


def dotted(node):
    """Return the names of `a.b.c`, or none where the expression begins with something else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else []


def is_enum(kind):
    """Return whether a type is an enum: Python's, or the subclass of int by which sip shows those of C++."""
    return issubclass(kind, enum.Enum) or (issubclass(kind, int) and kind not in (int, bool))


def members(tree):
    """Yield (names, owner, value) of every attribute of what comes from QGIS that is a member of an enum."""
    names = imported(tree)
    for node in ast.walk(tree):
        first, *rest = dotted(node) or [""]
        if rest and first in names:
            owner = value = names[first]
            for name in rest:
                owner, value = value, getattr(value, name, None)
            if is_enum(type(value)):
                yield [first, *rest], owner, value


def unscoped(source):
    return [".".join(names) for names, owner, value in members(ast.parse(source)) if owner is not type(value)]


def flag_sets(source):
    """Return the sets of flags, such as `Qt.Alignment`, and the types of QVariant: Qt6 has `Qt.AlignmentFlag` and QMetaType."""
    tree = ast.parse(source)
    names = imported(tree)
    found = []
    for node in ast.walk(tree):
        first, *rest = dotted(node) or [""]
        owner = names.get(first)
        value = getattr(owner, rest[0], None) if rest else None
        is_set = isinstance(value, type) and hasattr(value, "__invert__") and not is_enum(value)
        if is_set or (first == "QVariant" and rest):
            found.append(f"{first}.{rest[0]}")
    return found


def dropped(source):
    """Return what Qt6 dropped: names, the width of a text as `width`, and overloads of signals chosen by a type of Python."""
    tree = ast.parse(source)
    used = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    used += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    used += [alias.name for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)) for alias in n.names]
    found = [name for name in used if name in REMOVED]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "width" and isinstance(node.value, ast.Call):
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            found += ["fontMetrics().width"] if name in ("fontMetrics", "QFontMetrics", "QFontMetricsF") else []
        if isinstance(node, ast.Subscript) and getattr(node.value, "attr", "") in OVERLOADED:
            found.append(ast.unparse(node).rpartition(".")[2])
    return found


def direct(source):
    """Return the modules of Qt that are not taken from `qgis.PyQt`, and the one of these that mixes all."""
    tree = ast.parse(source)
    modules = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return [name for name in modules if name.startswith(("PyQt", "PySide", "sip")) or name == "qgis.PyQt.Qt"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_names_enums_and_qt_as_qt6_does(path):
    source = path.read_text(encoding="utf-8")
    assert (unscoped(source), flag_sets(source), dropped(source), direct(source)) == ([], [], [], [])


def test_a_member_without_its_enum_is_found():
    source = "from qgis.PyQt.QtCore import Qt\nfrom qgis.core import QgsProcessing\n"
    assert unscoped(source + "Qt.UserRole, Qt.ItemDataRole.UserRole") == ["Qt.UserRole"]
    assert unscoped(source + "QgsProcessing.TypeFile, QgsProcessing.SourceType.TypeFile") == ["QgsProcessing.TypeFile"]


def test_sets_of_flags_and_types_of_qvariant_are_found():
    used = "Qt.Alignment(), Qt.WindowFlags, Qt.AlignmentFlag, QVariant.Int, QVariant()"
    found = flag_sets(f"from qgis.PyQt.QtCore import Qt, QVariant\n{used}\n")
    assert sorted(found) == ["QVariant.Int", "Qt.Alignment", "Qt.WindowFlags"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("dialog.exec_()", "exec_"),
        ("from qgis.PyQt.QtCore import QRegExp", "QRegExp"),
        ("event.globalPos()", "globalPos"),
        ("Qt.AA_EnableHighDpiScaling", "AA_EnableHighDpiScaling"),
        ("label.fontMetrics().width('a')", "fontMetrics().width"),
        ("QFontMetrics(font).width('a')", "fontMetrics().width"),
        ("box.activated[str].connect(f)", "activated[str]"),
        ("import resources_rc", "resources_rc"),
        ("dialog.exec(); event.pos(); widget.width(); box.activated.connect(f); found['str']", ""),
    ],
)
def test_what_qt6_dropped_is_found(line, found):
    assert dropped(line) == ([found] if found else [])


def test_a_font_weight_without_its_enum_is_found():
    assert unscoped("from qgis.PyQt.QtGui import QFont\nQFont.Bold, QFont.Weight.Bold") == ["QFont.Bold"]


@pytest.mark.parametrize(
    "line", ["from PyQt5.QtCore import Qt", "import PyQt6.QtGui", "from qgis.PyQt.Qt import Qt", "import sip"]
)
def test_qt_that_does_not_come_from_qgis_is_found(line):
    assert len(direct(line)) == 1
