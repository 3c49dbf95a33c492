"""The unit in question as the dock shows it: where one is, what is asked and why, and what the last key did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from ..i18n import tr
from .widgets import words

_GAP_PX = 10


@dataclass(frozen=True)
class View:
    """All that the dock says of the current unit.

    Args:
        question: what is asked, as rich text.
        reason: why it is asked, plain.
        hint: what the last key did or the next one will do, plain.
        position: the unit's place in the batch, from 1; 0 where there is none.
        total: units of the batch.
        answered: units with an answer.
        minutes: minutes left, None before the pace is known.
        agreement: blind answers that agree, and all of them.
    """

    question: str
    reason: str = ""
    hint: str = ""
    position: int = 0
    total: int = 0
    answered: int = 0
    minutes: Optional[float] = None
    agreement: tuple[int, int] = (0, 0)


class Card(QWidget):
    """Shows a `View`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_GAP_PX)
        column.addLayout(self._progress())
        column.addWidget(self._asked())

    def show_view(self, view: View) -> None:
        """Show a unit."""
        self._question.setText(view.question)
        self._reason.setText(view.reason)
        self._hint.setText(view.hint)
        self._position.setText(_position(view))
        self._minutes.setText(_minutes(view.minutes))
        self._done.setMaximum(max(1, view.total))
        self._done.setValue(view.answered)

    def _progress(self) -> QVBoxLayout:
        column, row = QVBoxLayout(), QHBoxLayout()
        column.setSpacing(4)
        self._position, self._minutes = words(self), words(self, faint=True)
        self._minutes.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._minutes.setWordWrap(False)
        row.addWidget(self._position)
        row.addWidget(self._minutes)
        self._done = QProgressBar(self)
        self._done.setTextVisible(False)
        self._done.setFixedHeight(6)
        column.addLayout(row)
        column.addWidget(self._done)
        return column

    def _asked(self) -> QFrame:
        card = QFrame(self)
        card.setFrameShape(QFrame.Shape.StyledPanel)
        column = QVBoxLayout(card)
        self._question, self._reason, self._hint = words(card), words(card, faint=True), words(card)
        font = self._question.font()
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self._question.setFont(font)
        for label in (self._reason, self._hint):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._hint.setMinimumHeight(2 * self._hint.fontMetrics().lineSpacing())
        self._hint.setAlignment(Qt.AlignmentFlag.AlignBottom)
        for label in (self._question, self._reason, self._hint):
            column.addWidget(label)
        return card


def _position(view: View) -> str:
    if not view.position:
        return tr("{answered} of {total} answered").format(answered=view.answered, total=view.total) if view.total else ""
    return tr("Unit {position} of {total}").format(position=view.position, total=view.total)


def _minutes(minutes: Optional[float]) -> str:
    if minutes is None:
        return ""
    return tr("under 1 min left") if minutes < 1 else tr("{minutes} min left").format(minutes=round(minutes))
