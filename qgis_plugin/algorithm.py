"""One Processing algorithm for every job: the dialog comes from the spec, the work is done by the engine.

QGIS runs `prepareAlgorithm` and `postProcessAlgorithm` in its main thread and `processAlgorithm` in a worker: so layers are
turned into files in the first, results are styled in the last, and the worker meets nothing but paths.
"""

from __future__ import annotations

import inspect
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Optional

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingUtils,
    QgsSettings,
)
from qgis.PyQt.QtGui import QIcon

from ..engine.contract.errors import BUG, Cancelled, EngineError
from ..engine.contract.spec import Spec
from . import environment, parameters, process, styles
from .environment import ROOT
from .feedback import Narrator
from .i18n import tr
from .icons import icon_of
from .network import proxy_variables
from .request import Request, dialog_words, with_labels

SUMMARY = "SUMMARY"


def engine_python() -> str:
    """Return the engine's Python: the setting, the variable, or the `.venv` of a checkout.

    Raises:
        ResourceError: there is none; the hint says how to get one.
    """
    setting = str(QgsSettings().value(environment.PYTHON_SETTING) or "")
    return environment.find_python(setting, os.environ, ROOT)


def ready() -> tuple[bool, str]:
    """Return whether there is a Python for the engine, else the sentence that says why not and what to do."""
    try:
        engine_python()
    except EngineError as error:
        return False, str(error)
    return True, ""


class EngineAlgorithm(QgsProcessingAlgorithm):
    """A job of the engine in the Processing Toolbox.

    Args:
        spec: the request that the job takes.
    """

    def __init__(self, spec: type[Spec]) -> None:
        super().__init__()
        self._spec = spec
        self._request: Optional[Request] = None
        self._folder: Optional[Path] = None
        self._python = ""
        self._refusal: Optional[EngineError] = None
        self._shown: dict[str, Any] = {}
        """How QGIS shows the outputs: asked for before the worker starts, whose own context starts anew."""

        self._summary: dict[str, Any] = {}

    def createInstance(self) -> EngineAlgorithm:
        """Return a fresh copy; Processing runs each on its own."""
        return EngineAlgorithm(self._spec)

    def name(self) -> str:
        """Return the job's name: the second half of the id, forever."""
        return self._spec.job

    def displayName(self) -> str:
        """Return the title in the toolbox."""
        return tr(self._spec.title)

    def group(self) -> str:
        """Return the heading in the toolbox."""
        return tr(self._spec.group)

    def groupId(self) -> str:
        """Return the heading's id, which no translation changes."""
        return self._spec.group.lower().replace(" ", "")

    def tags(self) -> list[str]:
        """Return further words under which the toolbox finds this algorithm."""
        return ["segmentation", "classification", "deep learning", "orthophoto", self._spec.job]

    def icon(self) -> QIcon:
        """Return the drawing of this job."""
        return QIcon(self.svgIconPath())

    def svgIconPath(self) -> str:
        """Return the icon as a file."""
        return icon_of(self.name())

    def shortDescription(self) -> str:
        """Return the first sentence of the help, shown as a tooltip."""
        return self._paragraphs()[0]

    def shortHelpString(self) -> str:
        """Return the help, one paragraph a line: reads well in the dialog and in a terminal."""
        return "\n\n".join(self._paragraphs())

    def _paragraphs(self) -> list[str]:
        text = inspect.cleandoc(self._spec.__doc__ or self._spec.title)
        return [tr(" ".join(paragraph.split())) for paragraph in text.split("\n\n")]

    def helpUrl(self) -> str:
        """Return the page of the documentation."""
        return environment.page(f"docs/algorithms/{self._spec.job}.md")

    def initAlgorithm(self, configuration: Optional[dict[str, Any]] = None) -> None:
        """Declare the parameters of the spec, their outputs, its numbers and texts, and the summary."""
        for param in self._spec.params():
            self.addParameter(parameters.declare(param))
        for result in self._spec.results:
            output = QgsProcessingOutputString if result.is_text else QgsProcessingOutputNumber
            self.addOutput(output(result.name.upper(), tr(result.label)))
        self.addOutput(QgsProcessingOutputString(SUMMARY, tr("Summary as JSON")))

    def canExecute(self) -> tuple[bool, str]:
        """Return whether there is a Python for the engine, else the sentence that QGIS shows instead of the dialog."""
        return ready()

    def checkParameterValues(self, given: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        """Refuse in the dialog, before anything starts, what the engine would refuse without opening a file."""
        try:
            Request(self, self._spec, given, context, folder=None).spec.check()
        except EngineError as error:
            return False, dialog_words(error, self._spec)
        return super().checkParameterValues(given, context)

    def prepareAlgorithm(
        self, given: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:  # fmt: skip
        """Turn layers into files, find the engine, and check what batches and models did not, in the main thread.

        What is refused is said by `processAlgorithm`: newer QGIS takes a failure here for a cancel, of a whole batch too.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="edgewise_", dir=QgsProcessingUtils.tempFolder()))
        try:
            self._python = engine_python()
            self._request = Request(self, self._spec, given, context, self._folder)
            self._request.spec.check()
        except EngineError as error:
            self._refusal = error
        else:
            asked = set(self._request.destinations.values())
            self._shown = {path: how for path, how in context.layersToLoadOnCompletion().items() if path in asked}
        return True

    def processAlgorithm(
        self, given: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Run the engine; in a worker thread, with paths only."""
        try:
            if self._refusal is not None:
                raise self._refusal
            self._summary = self._run_engine(feedback)
        except Cancelled:
            raise QgsProcessingException(tr("Cancelled.")) from None
        except EngineError as error:
            raise QgsProcessingException(dialog_words(error, self._spec)) from None
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        found = {result.name.upper(): result.of(self._summary) for result in self._spec.results}
        for result in self._spec.results:
            value = found[result.name.upper()]
            if value is not None:
                feedback.pushInfo(f"{tr(result.label)}: {value if result.is_text else format(value, '.10g')}")
        known = {name: value for name, value in found.items() if value is not None}
        return {**self._written(), **known, SUMMARY: json.dumps(self._summary)}

    def _run_engine(self, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        spec = self._request.spec
        request_path = self._folder / f"{spec.job}.job.json"
        request_path.write_text(json.dumps({"job": spec.job, "spec": spec.to_dict()}), encoding="utf-8")
        engine = [self._python, "-m", "engine.run"]
        feedback.pushInfo(tr("The same without QGIS:"))
        feedback.pushCommandInfo(f'cd "{ROOT}" && {process.quoted([*engine, *spec.to_flags()])}')
        environ = environment.child_environment({**os.environ, **proxy_variables()}, ROOT)
        narrator = Narrator(feedback, spec.stages(), lambda text: with_labels(text, self._spec))
        command = [*engine, spec.job, "--spec", str(request_path), "--attended", "--progress", "json"]
        try:
            finished = process.run(command, environ, str(self._folder), narrator.event, narrator.log, feedback.isCanceled)
        except EngineError as error:
            wrong = environment.diagnose(self._python, environ, ROOT) if error.exit_code == BUG else ""
            raise EngineError(error.text, wrong or error.hint) from None
        return dict(finished.get("summary") or {})

    def postProcessAlgorithm(self, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> dict[str, Any]:
        """Style the results, in the main thread."""
        written = self._written()
        others = {p: how for p, how in context.layersToLoadOnCompletion().items() if p not in self._shown}
        shown = {path: how for path, how in self._shown.items() if path in written.values()}  # a share leaves nothing to show
        context.setLayersToLoadOnCompletion({**others, **shown})
        for param in self._spec.params():
            path = written.get(parameters.qgis_name(param))
            if path and param.kind in parameters.LAYER_OUTPUT_KINDS:
                styles.style(param, path, self._summary.get("legend") or [], context)
        return {}

    def _written(self) -> dict[str, str]:
        """Return the outputs by parameter name, without layers that are not there."""
        layers = {parameters.qgis_name(p) for p in self._spec.params() if p.kind in parameters.LAYER_OUTPUT_KINDS}
        asked = self._request.destinations.items()
        return {name: path for name, path in asked if path and (name not in layers or Path(path).exists())}
