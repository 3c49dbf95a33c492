"""The provider `edgewise`: one algorithm for each spec, and one setting, the engine's Python."""

from __future__ import annotations

import configparser

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ..engine.contract.specs import SPECS
from .algorithm import EngineAlgorithm, ready
from .chain import Chain
from .environment import PYTHON_SETTING, ROOT
from .i18n import tr
from .icons import icon_of
from .setup_algorithms import InstallAlgorithm, UninstallAlgorithm

CHAINS = ROOT / "qgis_plugin" / "chains"
"""Models that show how the algorithms go together; the designer opens them."""


class Provider(QgsProcessingProvider):
    """Edgewise in the Processing Toolbox."""

    def id(self) -> str:
        """Return the first half of every algorithm id; never renamed."""
        return "edgewise"

    def name(self) -> str:
        """Return the name in the toolbox."""
        return "Edgewise"

    def icon(self) -> QIcon:
        """Return the icon of the provider."""
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        """Return the icon as a file."""
        return icon_of("edgewise")

    def versionInfo(self) -> str:
        """Return the version that QGIS writes into logs."""
        metadata = configparser.ConfigParser()
        metadata.read(ROOT / "metadata.txt", encoding="utf-8")
        return metadata.get("general", "version", fallback="")

    def warningMessage(self) -> str:
        """Return why no job can run, or nothing."""
        return ready()[1]

    def load(self) -> bool:
        """Offer the setting under Processing > Providers and the algorithms in the toolbox."""
        from processing.core.ProcessingConfig import ProcessingConfig, Setting

        setting = Setting(
            self.name(), PYTHON_SETTING, tr("Python of the engine"), "", valuetype=Setting.FILE,
            placeholder=tr("a python that has the engine's packages"),
        )  # fmt: skip
        setting.qname = PYTHON_SETTING  # else it is stored below Processing/Configuration, where scripts do not look
        setting.read()
        ProcessingConfig.settingIcons[self.name()] = self.icon()
        ProcessingConfig.addSetting(setting)
        self.refreshAlgorithms()
        return True

    def unload(self) -> None:
        """Take the setting out of the options; its value stays."""
        from processing.core.ProcessingConfig import ProcessingConfig

        ProcessingConfig.settings.pop(PYTHON_SETTING, None)
        ProcessingConfig.settingIcons.pop(self.name(), None)

    def loadAlgorithms(self) -> None:
        """Make one algorithm of each spec, the two that need no engine, and the chains."""
        for spec in SPECS:
            self.addAlgorithm(EngineAlgorithm(spec))
        self.addAlgorithm(InstallAlgorithm())
        self.addAlgorithm(UninstallAlgorithm())
        for path in sorted(CHAINS.glob("*.model3")):
            chain = Chain(path)
            if chain.childAlgorithms():  # none before this provider is known, see `Plugin.initProcessing`
                self.addAlgorithm(chain)

    def supportsNonFileBasedOutput(self) -> bool:
        """Return False: the engine writes files."""
        return False

    def supportedOutputRasterLayerExtensions(self) -> list[str]:
        """Return what the engine writes rasters as."""
        return ["tif"]

    def supportedOutputVectorLayerExtensions(self) -> list[str]:
        """Return what the engine writes vector layers as."""
        return ["gpkg"]

    def defaultRasterFileExtension(self, *_: object) -> str:
        """Return the ending of temporary rasters, whatever the user's own default is."""
        return "tif"

    def defaultVectorFileExtension(self, *_: object) -> str:
        """Return the ending of temporary vector layers."""
        return "gpkg"
