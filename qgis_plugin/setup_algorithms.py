"""Install the engine, and remove it: the two algorithms that need no engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Optional

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
)
from qgis.PyQt.QtGui import QIcon

from ..engine.contract.errors import Cancelled, EngineError
from . import environment, install, order, process
from .environment import ROOT
from .i18n import tr
from .icons import icon_of
from .network import proxy_variables

BUILDS = ("auto", "cpu", "cuda")


class _SetupAlgorithm(QgsProcessingAlgorithm):
    """What both share: the place in the toolbox, the drawing by the name, the page."""

    def group(self) -> str:
        """Return the heading in the toolbox."""
        return tr("Set up")

    def groupId(self) -> str:
        """Return the heading's id."""
        return "setup"

    def icon(self) -> QIcon:
        """Return the icon."""
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        """Return the icon as a file."""
        return icon_of(self.name())

    def helpUrl(self) -> str:
        """Return the page of the documentation."""
        return environment.page("docs/install.md")


class InstallAlgorithm(_SetupAlgorithm):
    """Makes the engine's Python environment, and says each command."""

    def createInstance(self) -> InstallAlgorithm:
        """Return a fresh copy; Processing runs each on its own."""
        return InstallAlgorithm()

    def name(self) -> str:
        """Return the second half of the id, forever."""
        return "install"

    def displayName(self) -> str:
        """Return the title in the toolbox."""
        return tr("Install the engine")

    def shortDescription(self) -> str:
        """Return the first sentence of the help."""
        return tr("Make a Python environment of its own for the engine of Edgewise.")

    def shortHelpString(self) -> str:
        """Return the help."""
        return "\n\n".join((
            self.shortDescription(),
            tr(
                "QGIS and its own Python stay as they are: the environment lies in your user folder and is removed by "
                "'Remove the engine'. Versions are pinned. The download has 1 to 4 GB; it can be cancelled, and goes on where "
                "it was when it is run again. QGIS's proxy and the system's certificates are used."
            ),
            tr(
                "On a machine without a network, name a folder with the wheels. Administrators can have the commands shown "
                "and type them."
            ),
        ))  # fmt: skip

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        """Declare the parameters and the output."""
        build = QgsProcessingParameterEnum(
            "BUILD", tr("Build of PyTorch"), list(BUILDS), defaultValue="auto", usesStaticStrings=True
        )
        build.setHelp(tr("auto: with CUDA where an NVIDIA driver answers, else without. cpu is a far smaller download."))
        wheels = QgsProcessingParameterFile(
            "WHEELS", tr("Folder of wheels"), QgsProcessingParameterFile.Behavior.Folder, optional=True
        )
        wheels.setHelp(tr("Install from this folder alone and without a network."))
        show = QgsProcessingParameterBoolean("ONLY_SHOW", tr("Only show the commands"), False)
        show.setHelp(tr("Write the commands to the log and change nothing."))
        python = QgsProcessingParameterFile(
            "PYTHON", tr("Python"), QgsProcessingParameterFile.Behavior.File, optional=True, fileFilter=tr("Programs") + " (*)"
        )
        python.setHelp(tr("A Python from 3.10 to 3.13 to make the environment of; left empty, one is looked for."))
        for definition in (show, python):
            definition.setFlags(definition.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        for definition in (build, wheels, show, python):
            self.addParameter(definition)
        self.addOutput(QgsProcessingOutputString("ENGINE", tr("Python of the engine")))

    def processAlgorithm(
        self, given: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Install, or show how."""
        environ = order.variables({**os.environ, **proxy_variables()}, ROOT)

        doing = {
            "make": tr("making an environment"), "fetch uv": tr("fetching uv"),
            "fill": tr("fetching and installing the packages"), "try": tr("loading each package once"),
        }  # fmt: skip

        def step(number: int, count: int, name: str) -> None:
            feedback.setProgress(100 * number / count)
            told = tr("Step {number} of {count}: {name}")
            feedback.setProgressText(told.format(number=number + 1, count=count, name=doing[name]))

        try:
            wanted = order.for_machine(
                environ,
                ROOT,
                build=self.parameterAsEnumString(given, "BUILD", context),
                python=self.parameterAsFile(given, "PYTHON", context),
                wheels=self.parameterAsFile(given, "WHEELS", context),
            )
            if self.parameterAsBoolean(given, "ONLY_SHOW", context):
                for command in wanted.steps().values():
                    feedback.pushCommandInfo(process.quoted(command))
                feedback.pushInfo(environment.how_to_install(ROOT))
                return {"ENGINE": ""}
            python = install.install(wanted, environ, feedback.pushConsoleInfo, step, feedback.isCanceled)
        except Cancelled:
            raise QgsProcessingException(tr("Cancelled. Run it again to go on.")) from None
        except EngineError as error:
            raise QgsProcessingException(f"{error.text}\n{error.hint}".strip()) from None
        feedback.pushInfo(tr("The engine is ready: {python}").format(python=python))
        return {"ENGINE": python}


class UninstallAlgorithm(_SetupAlgorithm):
    """Removes every environment that `InstallAlgorithm` made."""

    def createInstance(self) -> UninstallAlgorithm:
        """Return a fresh copy."""
        return UninstallAlgorithm()

    def name(self) -> str:
        """Return the second half of the id, forever."""
        return "uninstall"

    def displayName(self) -> str:
        """Return the title in the toolbox."""
        return tr("Remove the engine")

    def shortDescription(self) -> str:
        """Return the first sentence of the help."""
        return tr("Remove the Python environments that 'Install the engine' made.")

    def shortHelpString(self) -> str:
        """Return the help."""
        return self.shortDescription() + "\n\n" + tr("Do this before the plugin itself is uninstalled; maps and models stay.")

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        """Declare the output."""
        self.addOutput(QgsProcessingOutputString("REMOVED", tr("Folder that was emptied")))

    def processAlgorithm(
        self, given: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Remove, and say how much is free again."""
        home: Path = environment.home(os.environ)
        try:
            freed = install.uninstall(home)
        except EngineError as error:
            raise QgsProcessingException(f"{error.text}\n{error.hint}".strip()) from None
        feedback.pushInfo(tr("{home}: {size} MB are free again.").format(home=home, size=round(freed / 1e6)))
        return {"REMOVED": str(home)}
