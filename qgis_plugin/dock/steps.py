"""What was saved, step by step: the answer goes to the file at once, the log follows, and each step can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Optional

from qgis.core import QgsGeometry
from qgis.PyQt.QtCore import QDateTime, QTimer

from ...engine.contract.errors import EngineError
from .campaign import Campaign
from .edits import Undo
from .records import iso
from .session import Session
from .unit import Answer, Unit


@dataclass
class Step:
    """What was saved last, and how it was before; `unit` is None for a free correction."""

    undo: list[Undo] = field(default_factory=list)
    place: Optional[int] = None
    unit: Optional[Unit] = None
    blind: bool = False


class Steps:
    """Saves answers and corrections.

    Args:
        campaign: keeps the answers.
        session: the walk, which learns of them.
        refused: called with an error of the log, which is written after the analyst was shown the next unit.
    """

    def __init__(self, campaign: Campaign, session: Session, refused: Callable[[EngineError], object]) -> None:
        self._campaign, self._session, self._refused = campaign, session, refused
        self._done: list[Step] = []
        self._unlogged: list[tuple[Step, Callable[[], Undo]]] = []

    def answer(self, unit: Unit, place: int, answer: Answer) -> None:
        """Save the answer to the unit at a place of the walk; a blind one is only logged.

        Raises:
            DataError: the answer was not saved.
        """
        when, seconds, blind = QDateTime.currentDateTimeUtc(), self._session.seconds, self._session.blind
        step = Step(place=place, unit=unit, blind=blind)
        if blind:
            self._session.repeats[place] = answer
        else:
            step.undo = self._campaign.answer(unit, answer, when, seconds)
            self._session.take(place, unit.answered_with(answer, self._campaign.who, iso(when), seconds))
        self._done.append(step)
        self._unlogged.append((step, lambda: self._campaign.log(unit, answer, when, seconds, accepted=not blind)))
        QTimer.singleShot(0, self.write_log)

    def correct(self, ground: QgsGeometry, class_id: int) -> None:
        """Save a free correction.

        Raises:
            DataError: it was not saved.
        """
        self._done.append(Step([self._campaign.correct(ground, class_id, QDateTime.currentDateTimeUtc())]))

    def write_log(self) -> None:
        """Write what is not in the log yet."""
        while self._unlogged:
            step, write = self._unlogged.pop(0)
            try:
                step.undo.append(write())
            except EngineError as error:
                self._refused(error)

    def take_back(self) -> Optional[Step]:
        """Take the last step back, in the file and in the walk, and return it; None where there is none."""
        self.write_log()
        if not self._done:
            return None
        step = self._done.pop()
        for undo in reversed(step.undo):
            undo()
        if step.place is None or step.unit is None:
            return step
        if step.blind:
            self._session.repeats.pop(step.place, None)
        else:
            self._session.take(step.place, step.unit)
        self._session.visit(step.place, step.blind)
        return step
