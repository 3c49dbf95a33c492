"""What the dock looks like; it shows what it is told and hands on clicks, and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Optional

from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QCloseEvent, QKeyEvent
from qgis.PyQt.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ...engine.contract.legend import Legend
from ..i18n import tr
from . import keys
from .bars import Bars
from .card import Card, View
from .foot import Foot
from .widgets import tool, words

_GAP = 10


class Panel(QDockWidget):
    """The dock "Edgewise labels"."""

    open_asked = pyqtSignal(str)
    merge_asked = pyqtSignal(str)
    command = pyqtSignal(str)
    class_key_asked = pyqtSignal(int)
    label_asked = pyqtSignal()
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
        self._card = Card(body)
        column.addWidget(self._card)
        column.addLayout(self._buttons(body))
        self._classes = QVBoxLayout()
        column.addLayout(self._classes)
        self._agreement = words(body, faint=True)
        column.addWidget(self._agreement)
        column.addStretch(1)
        self.foot = Foot(body)
        column.addWidget(self.foot)
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
        for widget in (self._merge, self._label, self.foot.start, *self._commands.values()):
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
        """Show a unit, and how consistent the answers are."""
        self._card.show_view(view)
        same, asked = view.agreement
        self._agreement.setText(tr("Asked twice: {same} of {asked} the same.").format(same=same, asked=asked) if asked else "")
        self._agreement.setVisible(bool(asked))

    def show_labelling(self, active: bool) -> None:
        """Show whether the keys and the mouse are the dock's."""
        self._label.setChecked(active)

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
        self._campaign = words(body)
        self._label = tool(body, tr("Label"), tr("Give keys and mouse on the map to this dock."))
        self._label.setCheckable(True)
        self._label.clicked.connect(lambda: self.label_asked.emit())
        self._merge = tool(body, tr("Merge…"), tr("Take over the answers of another analyst's copy of this campaign."))
        self._merge.clicked.connect(lambda: self.pick(tr("Campaign of another analyst"), self.merge_asked))
        opener = tool(body, tr("Open…"), tr("Open a labelling campaign."))
        opener.clicked.connect(lambda: self.pick(tr("Labelling campaign"), self.open_asked))
        row.addWidget(self._campaign, 1)
        for widget in (self._label, self._merge, opener):
            row.addWidget(widget)
        return row

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
