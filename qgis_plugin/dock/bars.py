"""One row for each class: its key, its colour and name, and how many answers name it against what the batch offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from qgis.PyQt.QtCore import QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPalette
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from ...engine.contract.legend import Legend
from ..i18n import tr

_HEIGHT_PX = 10
_SWATCH_PX = 14


class Bars(QWidget):
    """The classes of a campaign.

    Args:
        legend: the classes.
        quotas: for each class, how many units the batch offers for it.
        parent: the dock.
    """

    chosen = pyqtSignal(int)
    """A class whose key was clicked: the next key shall name it."""

    def __init__(self, legend: Legend, quotas: Mapping[int, int], parent: QWidget) -> None:
        super().__init__(parent)
        self._quotas = quotas
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(3, 1)
        self._keys: dict[int, QToolButton] = {}
        self._bars: dict[int, _Bar] = {}
        self._counts: dict[int, QLabel] = {}
        for row, item in enumerate(legend):
            key = self._keys[item.id] = QToolButton(self)
            key.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            key.setToolTip(tr("Key of {name}. Click, then press another key.").format(name=item.name))
            key.clicked.connect(lambda _=False, class_id=item.id: self.chosen.emit(class_id))
            swatch = _Swatch(item.color, self)
            name = QLabel(item.name, self)
            name.setTextFormat(Qt.TextFormat.PlainText)
            bar = self._bars[item.id] = _Bar(item.color, self)
            count = self._counts[item.id] = QLabel(self)
            count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            count.setToolTip(tr("Answers that name this class, of the units that the batch offers for it."))
            for column, widget in enumerate((key, swatch, name, bar, count)):
                grid.addWidget(widget, row, column)

    def show_keys(self, keys: Mapping[int, str], waiting: Optional[int] = None) -> None:
        """Show the key of each class; `waiting` is the class whose key is being chosen."""
        for class_id, button in self._keys.items():
            button.setText("…" if class_id == waiting else keys.get(class_id) or "–")

    def show_counts(self, reached: Mapping[int, int]) -> None:
        """Show how many answers name each class."""
        for class_id, bar in self._bars.items():
            done, wanted = reached.get(class_id, 0), self._quotas.get(class_id, 0)
            bar.show_share(done / wanted if wanted else float(done > 0))
            self._counts[class_id].setText(f"{done} / {wanted}")


class _Swatch(QWidget):
    """A square in a class's colour."""

    def __init__(self, color: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._color = QColor(color)
        self.setFixedSize(QSize(_SWATCH_PX, _SWATCH_PX))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._color)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)


class _Bar(QWidget):
    """A bar in a class's colour; full at one."""

    def __init__(self, color: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._color, self._share = QColor(color), 0.0
        self.setFixedHeight(_HEIGHT_PX)
        self.setMinimumWidth(40)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_share(self, share: float) -> None:
        self._share = min(1.0, share)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        radius = whole.height() / 2
        painter.setBrush(self.palette().color(QPalette.ColorRole.Midlight))
        painter.drawRoundedRect(whole, radius, radius)
        if self._share > 0:
            whole.setWidth(max(whole.height(), whole.width() * self._share))
            painter.setBrush(self._color)
            painter.drawRoundedRect(whole, radius, radius)
