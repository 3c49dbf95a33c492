"""A unit of a campaign as the analyst meets it, and what can be said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

from ...engine.contract.campaign import CONFIRM, EDGE, ONE_CLASS, REDRAW


@dataclass(frozen=True)
class Answer:
    """What an analyst says of a unit.

    Args:
        word: one of the answers of `engine.contract.campaign`.
        class_id: the class of the whole unit, for `ONE_CLASS`.
        sides: classes on the left and on the right of the border, for `REDRAW`.
        border: the border itself, in the CRS of the campaign, for `REDRAW`.
    """

    word: str
    class_id: Optional[int] = None
    sides: tuple[int, ...] = ()
    border: Any = None


@dataclass(frozen=True)
class Unit:
    """A piece of ground offered for one answer; `fid` is its number in the layer, the other names are those of the layer.

    Args:
        sides: classes of its redrawn border, left and right; empty where none is drawn.
        answered: when it was answered, as ISO text that sorts by time; empty while it is open.
    """

    fid: int
    name: str
    round: int
    rank: int
    kind: str
    class_a: int
    class_b: int
    reason: str
    answer: str = ""
    class_id: Optional[int] = None
    sides: tuple[int, ...] = ()
    who: str = ""
    answered: str = ""
    seconds: Optional[float] = None

    @property
    def is_edge(self) -> bool:
        """Return whether the unit is a stretch of one border."""
        return self.kind == EDGE

    @property
    def is_open(self) -> bool:
        """Return whether nobody has said anything of it."""
        return not self.answer

    @property
    def offered(self) -> frozenset[int]:
        """Return the classes that the model sees on it."""
        return frozenset((self.class_a, self.class_b))

    @property
    def said(self) -> frozenset[int]:
        """Return the classes that its answer names; none where it is open, unsure or skipped."""
        return classes(self, Answer(self.answer, self.class_id, self.sides))

    def answered_with(self, answer: Answer, who: str, when: str, seconds: float) -> Unit:
        """Return the unit with an answer."""
        return replace(
            self, answer=answer.word, class_id=answer.class_id, sides=answer.sides, who=who, answered=when, seconds=seconds
        )


def classes(unit: Unit, answer: Answer) -> frozenset[int]:
    """Return the classes that an answer to a unit names."""
    if answer.word == CONFIRM:
        return unit.offered
    if answer.word == ONE_CLASS and answer.class_id is not None:
        return frozenset((answer.class_id,))
    return frozenset(answer.sides) if answer.word == REDRAW else frozenset()
