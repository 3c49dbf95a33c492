"""A chain of jobs that travels with the plugin: a model of QGIS's designer, shown in the language of QGIS."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from qgis.core import QgsProcessingModelAlgorithm

from . import environment
from .algorithm import ready
from .i18n import tr


class Chain(QgsProcessingModelAlgorithm):
    """A model in the toolbox; it has no children where its file is none.

    Args:
        path: the .model3 file, which `make chain` writes.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.fromFile(str(path))

    def createInstance(self) -> Chain:
        """Return a fresh copy; Processing runs each on its own."""
        return Chain(self._path)

    def displayName(self) -> str:
        """Return the title in the toolbox."""
        return tr("Map and suggest")

    def group(self) -> str:
        """Return the heading in the toolbox."""
        return tr("Chains")

    def groupId(self) -> str:
        """Return the heading's id."""
        return "chains"

    def shortDescription(self) -> str:
        """Return the first sentence of the help."""
        return tr("Segment an orthophoto, draw its classes as polygons, and suggest the regions whose labels teach most.")

    def shortHelpString(self) -> str:
        """Return the help."""
        how = tr(
            "It is a chain of three algorithms. To change it, choose Models > Open Existing Model in the toolbox, and {path}."
        )
        return self.shortDescription() + "\n\n" + how.format(path=self._path)

    def helpUrl(self) -> str:
        """Return the page of the documentation."""
        return environment.page("docs/algorithms/README.md")

    def canExecute(self) -> tuple[bool, str]:
        """Return whether there is a Python for the engine, else the sentence that QGIS shows instead of the dialog."""
        return ready()

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        """Declare the parameters of the model, whose labels and helps are those of the jobs they go to."""
        super().initAlgorithm(configuration or {})
        for definition in self.parameterDefinitions():
            definition.setDescription(tr(definition.description()))
            definition.setHelp(tr("Number of regions to suggest.") if definition.name() == "BUDGET" else tr(definition.help()))
