"""The next round in the background: the job `round` as QGIS runs every algorithm, heard by the dock."""

from __future__ import annotations

import json
from typing import Any, Optional

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
)
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...engine.contract.errors import ResourceError, SpecError
from ...engine.contract.spec import Spec
from ...engine.contract.specs import BY_JOB
from ..i18n import tr
from ..parameters import qgis_name
from .campaign import Campaign

JOB = "round"
_running: set[Round] = set()  # QGIS keeps bare pointers to a task's algorithm, context and feedback; Python must keep them


class Round(QObject):
    """Runs one round at a time."""

    progressed = pyqtSignal(float, str)
    """Percent and what is being done."""

    ended = pyqtSignal(bool, str)
    """Whether the round is done, and if not, why; empty when it was cancelled."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.path = ""
        """The campaign of the round that is being computed, or was computed last."""
        self._task: Optional[QgsProcessingAlgRunnerTask] = None
        self._heard = _Heard()
        self._kept: tuple[Any, ...] = ()

    @property
    def running(self) -> bool:
        """Return whether a round is being computed."""
        return self._task is not None

    def start(self, campaign: Campaign) -> None:
        """Start the round after the newest one of a campaign.

        Raises:
            SpecError: the job needs what the campaign does not know, or what is not there.
            ResourceError: this QGIS has no such algorithm, or the engine's Python is missing.
        """
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"edgewise:{JOB}")
        if algorithm is None:
            raise ResourceError(
                tr("Processing has no algorithm {name}.").format(name=f"edgewise:{JOB}"),
                tr("Switch on the Processing plugin in Plugins > Manage and Install Plugins."),
            )
        able, why = algorithm.canExecute()
        if not able:
            raise ResourceError(why)
        given = request(BY_JOB[JOB], campaign)
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        accepted, why = algorithm.checkParameterValues(given, context)
        if not accepted:  # a task whose preparation fails ends without a word
            raise SpecError(why)
        heard = _Heard()
        heard.progressChanged.connect(self._say_progress)  # methods of a QObject: called in this thread, not in the job's
        task = QgsProcessingAlgRunnerTask(algorithm, given, context, heard)
        task.executed.connect(self._end)
        self.path = campaign.path
        self._task, self._heard, self._kept = task, heard, (algorithm, context)
        _running.add(self)
        QgsApplication.taskManager().addTask(task)

    def cancel(self) -> None:
        """Ask the engine to stop; `ended` follows."""
        if self._task is not None:
            self._task.cancel()

    def _say_progress(self, percent: float) -> None:
        self.progressed.emit(percent, self._heard.text)

    def _end(self, ok: bool, _results: dict[str, Any]) -> None:
        _running.discard(self)
        cancelled = self._task is not None and self._task.isCanceled()
        self._task = None
        self.ended.emit(ok, "" if cancelled else "\n".join(self._heard.errors))


def request(spec: type[Spec], campaign: Campaign) -> dict[str, Any]:
    """Return the parameters of a job as far as the campaign knows them: its file, and how its newest round was made.

    Raises:
        SpecError: a required parameter is not among them, or has several values where the job takes one.
    """
    known = {**(campaign.rounds[-1] if campaign.rounds else {}), "campaign": campaign.path}
    given = {}
    for param in spec.params():
        value = known.get(param.name)
        is_list = isinstance(value, str) and value.startswith("[")
        if value not in (None, "") and (param.multiple or not is_list):
            given[qgis_name(param)] = json.loads(value) if param.multiple else value
        elif param.required:
            raise SpecError(
                tr("The campaign does not know '{label}' of the next round.").format(label=param.label),
                tr("Run '{title}' in the Processing Toolbox.").format(title=spec.title),
            )
    return given


class _Heard(QgsProcessingFeedback):
    """Remembers the words of a job; written in its thread, read in QGIS's."""

    def __init__(self) -> None:
        super().__init__(False)
        self.text = ""
        self.errors: list[str] = []

    def setProgressText(self, text: str) -> None:
        self.text = text
        super().setProgressText(text)

    def reportError(self, error: str, fatalError: bool = False) -> None:
        self.errors.append(error)
        super().reportError(error, fatalError)
