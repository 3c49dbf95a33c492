"""What Qt6 asks of the code, seen in any QGIS: Qt by way of `qgis.PyQt`, and each enum's member by the name of its enum."""

from __future__ import annotations

import ast
import enum
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = [*sorted((ROOT / "qgis_plugin").rglob("*.py")), ROOT / "__init__.py"]
REMOVED = {"exec_", "print_", "QRegExp", "QDesktopWidget"}


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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_names_enums_and_qt_as_qt6_does(path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert unscoped(source) == []
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert not used & REMOVED
    direct = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    direct += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in direct if name.startswith(("PyQt", "sip"))], "Import Qt from qgis.PyQt."


def test_a_member_without_its_enum_is_found():
    source = "from qgis.PyQt.QtCore import Qt\nfrom qgis.core import QgsProcessing\n"
    assert unscoped(source + "Qt.UserRole, Qt.ItemDataRole.UserRole") == ["Qt.UserRole"]
    assert unscoped(source + "QgsProcessing.TypeFile, QgsProcessing.SourceType.TypeFile") == ["QgsProcessing.TypeFile"]
