"""The walk through a batch: which unit is next, which comes back blind, and the way back.

Nothing here is saved: all of it follows from the units and the log of the campaign, so a session goes on where QGIS was closed.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Optional

from ...engine.contract.campaign import REDRAW, SKIP
from .unit import Answer, Unit, classes

REPEAT_SHARE = 0.05
"""Share of the units that come back once more, without the prediction and without the first answer."""

REPEAT_AFTER = 10
"""So many other units are answered before one comes back: nobody remembers it by then."""


class Session:
    """A walk through the units of one round.

    Args:
        units: the batch, in the order of the walk.
        repeats: earlier blind answers: the unit's place in `units`, and what was said.
        share: share of the units that come back blind, 0 to 1.
        clock: seconds that only rise.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        repeats: Iterable[tuple[int, Answer]] = (),
        share: float = REPEAT_SHARE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.units = list(units)
        self.repeats = dict(repeats)
        self.place: Optional[int] = None
        """Place of the current unit in `units`; None before the first and when there is none left."""
        self.blind = False
        """Whether the current unit is asked once more, blind."""
        self._share, self._clock = share, clock
        self._order = sorted((i for i, u in enumerate(units) if not u.is_open), key=lambda i: units[i].answered)
        self._visited: list[int] = []
        self._since = clock()

    @property
    def current(self) -> Optional[Unit]:
        """Return the unit in question."""
        return None if self.place is None else self.units[self.place]

    @property
    def open_count(self) -> int:
        """Return how many units wait for an answer."""
        return sum(u.is_open for u in self.units)

    @property
    def seconds(self) -> float:
        """Return how long the current unit has been shown."""
        return round(self._clock() - self._since, 1)

    def advance(self) -> None:
        """Go to a unit that is due to come back, else to the next open one along the walk, else to none."""
        if self.place is not None and not self.blind:
            self._visited.append(self.place)
        due = self._due()
        if due is not None:
            self._go(due, blind=True)
            return
        start = 0 if self.place is None else self.place + 1
        along = [*range(start, len(self.units)), *range(start)]
        self._go(next((i for i in along if self.units[i].is_open), None))

    def back(self) -> bool:
        """Go to the unit seen before, or to the one before along the walk; return whether there is one."""
        if self._visited:
            self._go(self._visited.pop())
            return True
        before = len(self.units) if self.place is None else self.place
        if before == 0:
            return False
        self._go(before - 1)
        return True

    def take(self, place: int, unit: Unit) -> None:
        """Keep an answer, or the unit as it was before one that is undone."""
        self.units[place] = unit
        self._order = [i for i in self._order if i != place]
        if not unit.is_open:
            self._order.append(place)

    def visit(self, place: int, blind: bool = False) -> None:
        """Go to a unit by its place."""
        self._go(place, blind)

    def agreement(self) -> tuple[int, int]:
        """Return how many blind answers mean the same as the first answer does now, and how many there are."""
        same = asked = 0
        for place, answer in self.repeats.items():
            unit = self.units[place]
            asked += answer.word != SKIP
            same += _meaning(unit, answer) == _meaning(unit, Answer(unit.answer, unit.class_id, unit.sides))
        return same, asked

    def _go(self, place: Optional[int], blind: bool = False) -> None:
        self.place, self.blind, self._since = place, blind, self._clock()

    def _due(self) -> Optional[int]:
        for place in self._order[:-REPEAT_AFTER]:
            unit = self.units[place]
            if place not in self.repeats and unit.said and _drawn(unit.name) < self._share:
                return place
        return None


def _drawn(name: str) -> float:
    """Return a number from 0 to 1 that depends on a unit's name alone, so that it is the same after a restart."""
    return zlib.crc32(name.encode()) / 2**32


def _meaning(unit: Unit, answer: Answer) -> object:
    """Return what two answers are compared by: the model's classes, one class, or others; the log keeps no more of a border."""
    named = classes(unit, answer)
    if answer.word == REDRAW and named != unit.offered:
        return REDRAW
    return named
