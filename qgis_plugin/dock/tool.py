"""The map tool of the dock: a drag draws a stroke, a click sets a point, and keys belong to the dock while it is active.

The wheel and the middle button zoom and pan as always.
"""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsPointXY, QgsWkbTypes
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool, QgsRubberBand
from qgis.PyQt.QtCore import QEvent, QObject, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor

from .keys import spelled

_CLICK_PX = 4
_STROKE_WIDTH_PX = 3
_STROKE = "#e69f00"


class LabelTool(QgsMapTool):
    """Hands on what the mouse draws, in the CRS of the map."""

    stroke = pyqtSignal(object)
    """A list of points in the order in which they were drawn."""

    point = pyqtSignal(object)
    """A point."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._points: list[QgsPointXY] = []
        self._start = None
        self._band = QgsRubberBand(canvas, QgsWkbTypes.GeometryType.LineGeometry)
        self._band.setColor(QColor(_STROKE))
        self._band.setWidth(_STROKE_WIDTH_PX)

    def canvasPressEvent(self, event: QgsMapMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._start, self._points = event.pos(), [event.mapPoint()]
            self._band.reset(QgsWkbTypes.GeometryType.LineGeometry)
            self._band.addPoint(event.mapPoint())

    def canvasMoveEvent(self, event: QgsMapMouseEvent) -> None:
        if self._points and event.buttons() & Qt.MouseButton.LeftButton:
            self._points.append(event.mapPoint())
            self._band.addPoint(event.mapPoint())

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self._points:
            return
        points, self._points = [*self._points, event.mapPoint()], []
        self._band.reset(QgsWkbTypes.GeometryType.LineGeometry)
        if (event.pos() - self._start).manhattanLength() < _CLICK_PX and len(points) < 2 * _CLICK_PX:
            self.point.emit(points[0])
        else:
            self.stroke.emit([p for k, p in enumerate(points) if k == 0 or p != points[k - 1]])

    def deactivate(self) -> None:
        self._points = []
        self._band.reset(QgsWkbTypes.GeometryType.LineGeometry)
        super().deactivate()


class KeyFilter(QObject):
    """Gives the dock its keys before QGIS's shortcuts and the map see them.

    Args:
        knows: whether a key is the dock's at this moment.
        press: acts on it.
    """

    def __init__(self, parent: QObject, knows: Callable[[str], bool], press: Callable[[str], object]) -> None:
        super().__init__(parent)
        self._knows, self._press = knows, press

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return False
        key = spelled(event)
        if not key or not self._knows(key):
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            self._press(key)
        return True
