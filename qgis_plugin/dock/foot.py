"""The foot of the dock: starts the next round, shows how far it is, and stops it."""

from __future__ import annotations

from typing import Optional

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from ..i18n import tr
from .widgets import tool, words


class Foot(QWidget):
    """A button, and while a round runs its progress in the button's place."""

    round_asked = pyqtSignal()
    cancel_asked = pyqtSignal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column, row = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        self.start = QPushButton(tr("Next round"), self)
        self.start.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.start.setToolTip(tr("Learn from the answers in the background, and load the next batch."))
        self.start.clicked.connect(lambda: self.round_asked.emit())
        self._text = words(self, faint=True)
        self.bar = QProgressBar(self)
        self.cancel = tool(self, tr("Cancel"), tr("Stop the round; the answers stay."))
        self.cancel.clicked.connect(lambda: self.cancel_asked.emit())
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        for part in (self.start, self._text):
            column.addWidget(part)
        column.addLayout(row)
        self.show_round(None)

    def show_round(self, percent: Optional[float], text: str = "") -> None:
        """Show how far the next round is; None when none is running."""
        running = percent is not None
        self.start.setVisible(not running)
        for widget in (self.bar, self._text, self.cancel):
            widget.setVisible(running)
        self.bar.setValue(round(percent or 0))
        self._text.setText(text)
