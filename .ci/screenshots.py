"""Take the pictures of the documentation; QGIS runs this after it has started, `.ci/screenshots` starts it."""

import os
import traceback
from pathlib import Path

import qgis.utils
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QDockWidget, QTreeView, QWidget
from qgis.utils import iface

DEMO = Path(os.environ["EDGEWISE_DEMO"])
CAMPAIGN = os.environ["EDGEWISE_CAMPAIGN"]
IMAGES = Path(os.environ["EDGEWISE_IMAGES"])


def save(widget: QWidget, name: str) -> None:
    """Save what a widget shows."""
    for _ in range(20):
        QgsApplication.processEvents()
    widget.grab().save(str(IMAGES / f"{name}.png"))


def show_map() -> None:
    """Wait until the canvas has drawn everything."""
    canvas = iface.mapCanvas()
    canvas.refreshAllLayers()
    canvas.waitWhileRendering()
    for _ in range(50):
        QgsApplication.processEvents()
    canvas.waitWhileRendering()


def show_orthophoto_alone() -> None:
    """Leave the orthophoto of the project and nothing above it, as an analyst labels."""
    root = QgsProject.instance().layerTreeRoot()
    for node in root.findLayers():
        node.setItemVisibilityChecked(node.name() == "Orthophoto")
        node.setExpanded(False)


def take() -> None:
    """Show one thing after the other."""
    qgis.utils.updateAvailablePlugins()
    for name in ("processing", "edgewise"):
        if name not in qgis.utils.active_plugins:
            assert qgis.utils.loadPlugin(name) and qgis.utils.startPlugin(name), name
    window = iface.mainWindow()
    window.resize(1240, 820)
    for dock in window.findChildren(QDockWidget):
        dock.setVisible(dock.objectName() in ("Layers", "ProcessingToolbox"))
    QgsProject.instance().read(str(DEMO / "demo.qgs"))
    iface.messageBar().clearWidgets()
    toolbox = window.findChild(QDockWidget, "ProcessingToolbox")
    toolbox.setVisible(True)
    tree = toolbox.findChild(QTreeView)
    tree.collapseAll()
    model = tree.model()
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if index.data() == "Edgewise":
            tree.expandRecursively(index)
            tree.scrollTo(index, QTreeView.ScrollHint.PositionAtTop)
    show_map()
    save(window, "result")
    toolbox.setFloating(True)
    toolbox.resize(360, 700)
    save(toolbox, "toolbox")
    toolbox.hide()

    import processing

    dialog = processing.createAlgorithmDialog("edgewise:segment", {"IMAGE": str(DEMO / "ortho.tif")})
    dialog.resize(900, 560)
    dialog.show()
    save(dialog, "dialog")
    dialog.close()

    desk = qgis.utils.plugins["edgewise"].desk
    desk.panel.show()
    window.resizeDocks([desk.panel], [440], Qt.Orientation.Horizontal)
    show_orthophoto_alone()
    desk.open(CAMPAIGN)
    show_map()
    save(window, "dock")


def main() -> None:
    """Take the pictures and leave, whatever happens."""
    try:
        take()
    except Exception:
        traceback.print_exc()
    finally:
        QgsProject.instance().setDirty(False)
        os._exit(0)


QTimer.singleShot(3000, main)
