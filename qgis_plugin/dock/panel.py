"""What the dock looks like; it shows what it is told and hands on clicks, and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Optional

from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QCloseEvent, QKeyEvent
from qgis.PyQt.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QFrame,
    QGraphicsOpacityEffect,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.contract.legend import Legend
from ..i18n import tr
from . import keys
from .bars import Bars

_GAP = 10
_FAINT = 0.65


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


class Panel(QDockWidget):
    """The dock "Edgewise labels"."""

    open_asked = pyqtSignal(str)
    merge_asked = pyqtSignal(str)
    command = pyqtSignal(str)
    class_key_asked = pyqtSignal(int)
    label_asked = pyqtSignal()
    round_asked = pyqtSignal()
    cancel_asked = pyqtSignal()
    closed = pyqtSignal()

    def __init__(self, parent: Optional[QWidget] = None) -> None:
        super().__init__(tr("Edgewise labels"), parent)
        self.setObjectName("EdgewiseLabels")
        self.bars: Optional[Bars] = None
        self._picker: Optional[QFileDialog] = None
        body = QWidget(self)
        body.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(body)
        column = QVBoxLayout(body)
        column.setSpacing(_GAP)
        column.addLayout(self._head(body))
        column.addLayout(self._progress(body))
        column.addWidget(self._card(body))
        column.addLayout(self._buttons(body))
        self._classes = QVBoxLayout()
        column.addLayout(self._classes)
        self._agreement = _label(body, faint=True)
        column.addWidget(self._agreement)
        column.addStretch(1)
        column.addLayout(self._foot(body))
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        scroll.setMinimumWidth(body.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width())
        self.setWidget(scroll)
        self.show_view(View(tr("Open a campaign to begin."), tr("The job “Suggest regions to label” writes one.")))
        self.show_campaign("", 0)

    def show_campaign(self, path: str, turn: int) -> None:
        """Show which campaign is open; none where the path is empty."""
        name = path.replace("\\", "/").rpartition("/")[2]
        self._campaign.setText(f"<b>{escape(name)}</b> · {tr('round {turn}').format(turn=turn)}" if path else "")
        self._campaign.setToolTip(path)
        for widget in (self._merge, self._label, self._round, *self._commands.values()):
            widget.setEnabled(bool(path))

    def show_legend(self, legend: Legend, quotas: Mapping[int, int]) -> None:
        """Show a row for each class, with how many units the batch offers for it."""
        if self.bars is not None:
            self._classes.removeWidget(self.bars)
            self.bars.deleteLater()
        self.bars = Bars(legend, quotas, self)
        self.bars.chosen.connect(self.class_key_asked)
        self._classes.addWidget(self.bars)

    def show_view(self, view: View) -> None:
        """Show a unit."""
        self._question.setText(view.question)
        self._reason.setText(view.reason)
        self._hint.setText(view.hint)
        self._position.setText(_position(view))
        self._minutes.setText(_minutes(view.minutes))
        self._done.setMaximum(max(1, view.total))
        self._done.setValue(view.answered)
        same, asked = view.agreement
        self._agreement.setText(tr("Asked twice: {same} of {asked} the same.").format(same=same, asked=asked) if asked else "")
        self._agreement.setVisible(bool(asked))

    def show_labelling(self, active: bool) -> None:
        """Show whether the keys and the mouse are the dock's."""
        self._label.setChecked(active)

    def show_round(self, percent: Optional[float], text: str = "") -> None:
        """Show how far the next round is; None when none is running."""
        running = percent is not None
        self._round.setVisible(not running)
        for widget in (self._round_bar, self._round_text, self._cancel):
            widget.setVisible(running)
        self._round_bar.setValue(round(percent or 0))
        self._round_text.setText(text)

    def pick(self, title: str, chosen: pyqtSignal) -> None:
        """Let the user choose a GeoPackage beside the work, not in its way: the dialog is not modal."""
        self._picker = QFileDialog(self, title, QgsProject.instance().homePath(), f"GeoPackage (*.gpkg);;{tr('All files')} (*)")
        self._picker.setFileMode(QFileDialog.FileMode.ExistingFile)
        self._picker.setWindowModality(Qt.WindowModality.NonModal)
        self._picker.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._picker.fileSelected.connect(chosen)
        self._picker.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()  # the dock's keys were taken by its filter; all others are QGIS's

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closed.emit()
        super().closeEvent(event)

    def _head(self, body: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        self._campaign = _label(body)
        self._label = _tool(body, tr("Label"), tr("Give keys and mouse on the map to this dock."))
        self._label.setCheckable(True)
        self._label.clicked.connect(lambda: self.label_asked.emit())
        self._merge = _tool(body, tr("Merge…"), tr("Take over the answers of another analyst's copy of this campaign."))
        self._merge.clicked.connect(lambda: self.pick(tr("Campaign of another analyst"), self.merge_asked))
        opener = _tool(body, tr("Open…"), tr("Open a labelling campaign."))
        opener.clicked.connect(lambda: self.pick(tr("Labelling campaign"), self.open_asked))
        row.addWidget(self._campaign, 1)
        for widget in (self._label, self._merge, opener):
            row.addWidget(widget)
        return row

    def _progress(self, body: QWidget) -> QVBoxLayout:
        column, row = QVBoxLayout(), QHBoxLayout()
        column.setSpacing(4)
        self._position, self._minutes = _label(body), _label(body, faint=True)
        self._minutes.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._minutes.setWordWrap(False)
        row.addWidget(self._position)
        row.addWidget(self._minutes)
        self._done = QProgressBar(body)
        self._done.setTextVisible(False)
        self._done.setFixedHeight(6)
        column.addLayout(row)
        column.addWidget(self._done)
        return column

    def _card(self, body: QWidget) -> QFrame:
        card = QFrame(body)
        card.setFrameShape(QFrame.Shape.StyledPanel)
        column = QVBoxLayout(card)
        self._question, self._reason, self._hint = _label(card), _label(card, faint=True), _label(card)
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

    def _buttons(self, body: QWidget) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(4)
        self._commands: dict[str, QPushButton] = {}
        shown = (
            (keys.CONFIRM, tr("Confirm"), "⏎"), (keys.UNSURE, tr("Unsure"), "U"), (keys.SKIP, tr("Skip"), "K"),
            (keys.BACK, tr("Back"), "⌫"), (keys.UNDO, tr("Undo"), tr("Ctrl+Z")), (keys.OUTLINE, tr("Outline"), tr("Space")),
        )  # fmt: skip
        for place, (command, text, key) in enumerate(shown):
            button = self._commands[command] = QPushButton(f"{text}  {key}", body)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, command=command: self.command.emit(command))
            grid.addWidget(button, place // 3, place % 3)
        return grid

    def _foot(self, body: QWidget) -> QVBoxLayout:
        column, row = QVBoxLayout(), QHBoxLayout()
        self._round = QPushButton(tr("Next round"), body)
        self._round.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._round.setToolTip(tr("Learn from the answers in the background, and load the next batch."))
        self._round.clicked.connect(lambda: self.round_asked.emit())
        self._round_text = _label(body, faint=True)
        self._round_bar = QProgressBar(body)
        self._cancel = _tool(body, tr("Cancel"), tr("Stop the round; the answers stay."))
        self._cancel.clicked.connect(lambda: self.cancel_asked.emit())
        row.addWidget(self._round_bar, 1)
        row.addWidget(self._cancel)
        for part in (self._round, self._round_text):
            column.addWidget(part)
        column.addLayout(row)
        self.show_round(None)
        return column


def _position(view: View) -> str:
    if not view.position:
        return tr("{answered} of {total} answered").format(answered=view.answered, total=view.total) if view.total else ""
    return tr("Unit {position} of {total}").format(position=view.position, total=view.total)


def _minutes(minutes: Optional[float]) -> str:
    if minutes is None:
        return ""
    return tr("under 1 min left") if minutes < 1 else tr("{minutes} min left").format(minutes=round(minutes))


def _label(parent: QWidget, faint: bool = False) -> QLabel:
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    if faint:
        effect = QGraphicsOpacityEffect(label)  # what matters less fades, in light and dark themes alike
        effect.setOpacity(_FAINT)
        label.setGraphicsEffect(effect)
    return label


def _tool(parent: QWidget, text: str, tip: str) -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
