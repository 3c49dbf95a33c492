"""A window such as QGIS has, as far as the dock knows it: a map, a message bar, a place for docks; and a hand that draws."""

from itertools import pairwise

from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY, QgsProject
from qgis.gui import QgsLayerTreeMapCanvasBridge, QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QEvent, QPointF, Qt
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtWidgets import QApplication, QMainWindow, QToolBar, QVBoxLayout, QWidget


class Window(QMainWindow):
    """Answers as `iface` does."""

    def __init__(self, epsg=32632):
        super().__init__()
        self.canvas, self.bar, self.tools = QgsMapCanvas(self), QgsMessageBar(self), QToolBar(self)
        self.canvas.setDestinationCrs(QgsCoordinateReferenceSystem.fromEpsgId(epsg))
        self.canvas.enableAntiAliasing(True)
        self._bridge = QgsLayerTreeMapCanvasBridge(QgsProject.instance().layerTreeRoot(), self.canvas, self)
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.bar)
        column.addWidget(self.canvas)
        self.setCentralWidget(middle)
        self.addToolBar(self.tools)
        self.menu = self.menuBar().addMenu("Plugins")
        self.resize(1200, 760)

    def mainWindow(self):
        return self

    def mapCanvas(self):
        return self.canvas

    def messageBar(self):
        return self.bar

    def addToolBarIcon(self, action):
        self.tools.addAction(action)

    def removeToolBarIcon(self, action):
        self.tools.removeAction(action)

    def addPluginToMenu(self, name, action):
        self.menu.addAction(action)

    def removePluginMenu(self, name, action):
        self.menu.removeAction(action)

    def said(self):
        """Return the messages that stand in the bar, oldest first."""
        return [item.text() for item in reversed(self.bar.items())]

    def draw(self, *points):
        """Drag the mouse with the left button along ground points, ten steps for each piece."""
        steps = [points[0]]
        for (x0, y0), (x1, y1) in pairwise(points):
            steps += [(x0 + (x1 - x0) * k / 10, y0 + (y1 - y0) * k / 10) for k in range(1, 11)]
        self._mouse(QEvent.Type.MouseButtonPress, steps[0], Qt.MouseButton.LeftButton)
        for step in steps[1:]:
            self._mouse(QEvent.Type.MouseMove, step, Qt.MouseButton.NoButton)
        self._mouse(QEvent.Type.MouseButtonRelease, steps[-1], Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton)

    def click(self, x, y):
        """Click on the ground."""
        self._mouse(QEvent.Type.MouseButtonPress, (x, y), Qt.MouseButton.LeftButton)
        self._mouse(QEvent.Type.MouseButtonRelease, (x, y), Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton)

    def _mouse(self, kind, ground, button, buttons=Qt.MouseButton.LeftButton):
        pixel = self.canvas.mapSettings().mapToPixel().transform(QgsPointXY(*ground))
        place = QPointF(pixel.x(), pixel.y())
        whole = QPointF(self.canvas.viewport().mapToGlobal(place.toPoint()))
        event = QMouseEvent(kind, place, whole, button, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.canvas.viewport(), event)
