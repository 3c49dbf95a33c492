"""What QGIS starts and stops: a Processing provider, in the window and in `qgis_process` alike, and in the window the dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon

from .i18n import tr
from .icons import icon_of
from .provider import Provider

if TYPE_CHECKING:
    from qgis.PyQt.QtWidgets import QAction

    from .dock.desk import Desk

_MENU = "Edgewise"


class Plugin:
    """The plugin as QGIS sees it; needs no window.

    Args:
        iface: QGIS's window, or None in `qgis_process`.
    """

    def __init__(self, iface: Any) -> None:
        self.iface = iface
        self.provider: Provider | None = None
        self.desk: Desk | None = None
        self._action: QAction | None = None

    def initProcessing(self) -> None:
        """Add the provider; `qgis_process` calls this and nothing else."""
        self.provider = Provider()
        QgsApplication.processingRegistry().addProvider(self.provider)
        self.provider.refreshAlgorithms()  # chains find their parts only now that the provider is known

    def initGui(self) -> None:
        """Start in the window."""
        self.initProcessing()
        from .dock.desk import Desk  # needs a window, which qgis_process has not

        self.desk = Desk(self.iface)
        self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.desk.panel)
        self.desk.panel.hide()
        self._action = self.desk.panel.toggleViewAction()
        self._action.setIcon(QIcon(icon_of("edgewise")))
        self._action.setToolTip(tr("Label the regions that Edgewise suggests."))
        self.iface.addToolBarIcon(self._action)
        self.iface.addPluginToMenu(_MENU, self._action)

    def unload(self) -> None:
        """Leave nothing behind."""
        if self.desk is not None:
            self.iface.removePluginMenu(_MENU, self._action)
            self.iface.removeToolBarIcon(self._action)
            self.desk.unload()
            self.desk = self._action = None
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
