"""Words and buttons of the dock: words wrap, faint ones matter less, and no button takes the keys from the map."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QGraphicsOpacityEffect, QLabel, QSizePolicy, QToolButton, QWidget

_FAINT = 0.65


def words(parent: QWidget, faint: bool = False) -> QLabel:
    """Return a place for words."""
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    if faint:
        effect = QGraphicsOpacityEffect(label)  # what matters less fades, in light and dark themes alike
        effect.setOpacity(_FAINT)
        label.setGraphicsEffect(effect)
    return label


def tool(parent: QWidget, text: str, tip: str) -> QToolButton:
    """Return a small button with what it does as its tip."""
    button = QToolButton(parent)
    button.setText(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
