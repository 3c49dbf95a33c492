"""The next round in the background: the job `round` as QGIS runs every algorithm, heard by the dock."""

from __future__ import annotations

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


class Round(QObject):
    """Runs one round at a time."""

    progressed = pyqtSignal(float, str)
    """Percent and what is being done."""

    ended = pyqtSignal(bool, str)
    """Whether the round is done, and if not, why; empty when it was cancelled."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._task: Optional[QgsProcessingAlgRunnerTask] = None
        self._kept: tuple[Any, ...] = ()  # QGIS keeps bare pointers to these while the task runs

    @property
    def running(self) -> bool:
        """Return whether a round is being computed."""
        return self._task is not None

    def start(self, campaign: Campaign, job: str = JOB) -> None:
        """Start the round after the newest one of a campaign.

        Raises:
            SpecError: the job needs what the campaign does not know.
            ResourceError: this QGIS has no such algorithm, or the engine's Python is missing.
        """
        algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"edgewise:{job}")
        if algorithm is None:
            raise ResourceError(
                tr("Processing has no algorithm {name}.").format(name=f"edgewise:{job}"),
                tr("Switch on the Processing plugin in Plugins > Manage and Install Plugins."),
            )
        able, why = algorithm.canExecute()
        if not able:
            raise ResourceError(why)
        given = request(BY_JOB[job], campaign)
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        heard = _Heard()
        heard.progressChanged.connect(lambda percent: self.progressed.emit(percent, heard.text))
        task = QgsProcessingAlgRunnerTask(algorithm, given, context, heard)
        task.executed.connect(lambda ok, _: self._end(ok, "\n".join(heard.errors)))
        self._task, self._kept = task, (algorithm, context, heard)
        QgsApplication.taskManager().addTask(task)

    def cancel(self) -> None:
        """Ask the engine to stop; `ended` follows."""
        if self._task is not None:
            self._task.cancel()

    def _end(self, ok: bool, why: str) -> None:
        cancelled = self._task is not None and self._task.isCanceled()
        self._task = None
        self.ended.emit(ok, "" if cancelled else why)


def request(spec: type[Spec], campaign: Campaign) -> dict[str, Any]:
    """Return the parameters of a job as far as the campaign knows them: its file and what its newest round was made from.

    Raises:
        SpecError: a required parameter is not among them.
    """
    known = {**(campaign.rounds[-1] if campaign.rounds else {}), "campaign": campaign.path}
    given = {}
    for param in spec.params():
        value = known.get(param.name)
        if value not in (None, "") and param.is_input:
            given[qgis_name(param)] = [value] if param.multiple else value
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
