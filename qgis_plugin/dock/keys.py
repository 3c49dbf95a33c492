"""What each key means: a class or a command; class keys are the analyst's own, checked against the shortcuts of QGIS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Optional

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtGui import QKeyEvent, QKeySequence
from qgis.PyQt.QtWidgets import QAction, QShortcut

from ...engine.contract.errors import SpecError
from ..i18n import tr

CONFIRM, UNSURE, SKIP, BACK, UNDO, OUTLINE, DISCARD = "confirm", "unsure", "skip", "back", "undo", "outline", "discard"
COMMANDS: Mapping[str, str] = {
    "Return": CONFIRM, "Enter": CONFIRM, "U": UNSURE, "K": SKIP, "Backspace": BACK, "Ctrl+Z": UNDO, "Space": OUTLINE,
    "Esc": DISCARD,
}  # fmt: skip
"""Keys of the commands, as QGIS spells keys; they are fixed."""

SETTING = "edgewise/dock/keys"
_USUAL = "1234567890" + "QWERTYIOP" + "ASDFGHJL" + "ZXCVBNM"
_PLAIN = {Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr}


def spelled(event: QKeyEvent) -> str:
    """Return a pressed key as QGIS spells it: `1`, `A`, `Ctrl+Z`; empty for a modifier alone.

    Shift and the number pad do not count: on some keyboards digits need Shift.
    """
    if event.key() in _PLAIN or event.key() <= 0:
        return ""
    key = QKeySequence(event.key()).toString(QKeySequence.SequenceFormat.PortableText)
    held = event.modifiers()
    names = (("Ctrl", Qt.KeyboardModifier.ControlModifier), ("Alt", Qt.KeyboardModifier.AltModifier))
    return "+".join([*(name for name, modifier in names if held & modifier), key])


class ClassKeys:
    """Which key names which class.

    Args:
        class_ids: the legend's, in its order; the keys 1 to 0 are given first, then letters.
        kept: keys by class id that the analyst chose earlier; one that is no longer free is passed over.
    """

    def __init__(self, class_ids: Sequence[int], kept: Optional[Mapping[int, str]] = None) -> None:
        self.by_class: dict[int, str] = {}
        for class_id in class_ids:
            key = (kept or {}).get(class_id, "")
            if key and key not in self.by_class.values() and key not in COMMANDS:
                self.by_class[class_id] = key
        free = (key for key in _USUAL if key not in self.by_class.values())
        for class_id in class_ids:
            if class_id not in self.by_class:
                self.by_class[class_id] = next(free, "")

    def class_of(self, key: str) -> Optional[int]:
        """Return the class that a key names."""
        return next((class_id for class_id, own in self.by_class.items() if own and own == key), None)

    def knows(self, key: str) -> bool:
        """Return whether a key names a class or a command."""
        return key in COMMANDS or self.class_of(key) is not None

    def clashes(self, taken: Mapping[str, str]) -> dict[str, str]:
        """Return the keys of classes and single-key commands that QGIS uses too, with what QGIS does on them."""
        own = [*self.by_class.values(), *(key for key in COMMANDS if "+" not in key)]
        return {key: taken[key] for key in own if key in taken}

    def choose(self, class_id: int, key: str, taken: Mapping[str, str]) -> None:
        """Give a class another key; a class that had it gets the old one.

        Args:
            class_id: the class.
            key: as `spelled`.
            taken: shortcuts of QGIS, from `shortcuts`.

        Raises:
            SpecError: the key is a command of the dock, or a shortcut of QGIS.
        """
        if key in COMMANDS:
            raise SpecError(tr("{key} is a command of this dock.").format(key=key), tr("Press another key."))
        if key in taken:
            raise SpecError(
                tr("{key} already means '{action}' in QGIS.").format(key=key, action=taken[key]),
                tr("Press another key, or change it in Settings > Keyboard Shortcuts."),
            )
        other = self.class_of(key)
        if other is not None:
            self.by_class[other] = self.by_class[class_id]
        self.by_class[class_id] = key


def load(class_ids: Sequence[int]) -> ClassKeys:
    """Return the class keys, with those that the analyst chose earlier."""
    kept = QgsSettings().value(SETTING) or {}
    return ClassKeys(class_ids, {int(class_id): str(key) for class_id, key in dict(kept).items()})


def save(keys: ClassKeys) -> None:
    """Keep the class keys for the next time."""
    QgsSettings().setValue(SETTING, {str(class_id): key for class_id, key in keys.by_class.items()})


def shortcuts(window: QObject) -> dict[str, str]:
    """Return every shortcut of a window with what it does, in the words of its menus."""
    found: dict[str, str] = {}
    for action in window.findChildren(QAction):
        _note(found, action.shortcuts(), action.text().replace("&", ""))
    for shortcut in window.findChildren(QShortcut):
        _note(found, [shortcut.key()], shortcut.objectName() or shortcut.whatsThis())
    return found


def _note(found: dict[str, str], sequences: Iterable[QKeySequence], what: str) -> None:
    for sequence in sequences:
        key = sequence.toString(QKeySequence.SequenceFormat.PortableText)
        if key:
            found.setdefault(key, what or key)
