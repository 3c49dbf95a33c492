"""One open campaign under the analyst's hands: what each key, stroke and click does.

A stroke that redraws a border is saved at once but stays in view, so that it can be seen and drawn again; every other
answer goes on to the next unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Optional

from qgis.core import QgsGeometry, QgsPointXY

from ...engine.contract.campaign import CONFIRM, ONE_CLASS, REDRAW, SKIP, UNSURE
from ...engine.contract.errors import EngineError
from ..i18n import tr
from . import keys
from .campaign import Campaign
from .card import View
from .drawing import Drawing
from .highlight import Highlight
from .keys import ClassKeys
from .session import Session
from .steps import Steps
from .unit import Answer, Unit
from .words import named, view


class Labelling:
    """A walk through the newest batch of a campaign.

    Args:
        campaign: keeps the answers.
        class_keys: what the keys mean.
        highlight: shows the unit on the map.
        changed: called when there is something new to show.
        refused: called with an error of the log, which is written after the analyst was shown the next unit.
    """

    def __init__(
        self,
        campaign: Campaign,
        class_keys: ClassKeys,
        highlight: Highlight,
        changed: Callable[[], object],
        refused: Callable[[EngineError], object],
    ) -> None:
        self.campaign = campaign
        self.class_keys = class_keys
        self.session = Session(campaign.units, campaign.repeats())
        self._drawing, self._changed = Drawing(campaign, highlight), changed
        self._hint = ""
        self._typed: Optional[int] = None
        self._steps = Steps(campaign, self.session, refused)
        self._commands: dict[str, Callable[[], object]] = {
            keys.CONFIRM: self._confirm, keys.UNSURE: lambda: self._answer(Answer(UNSURE)), keys.BACK: self._back,
            keys.SKIP: lambda: self._answer(Answer(SKIP)), keys.UNDO: self._undo, keys.OUTLINE: self._toggle_outline,
            keys.DISCARD: self._discard,
        }  # fmt: skip
        self._advance()

    def press(self, key: str) -> None:
        """Do what a key means; raises as `command` does."""
        class_id = self.class_keys.class_of(key)
        if class_id is None:
            self.command(keys.COMMANDS[key])
        else:
            self._hint = ""
            self._class(class_id)
            self._changed()

    def command(self, command: str) -> None:
        """Do what a button or a key says.

        Raises:
            DataError: the answer was not saved; the unit stays.
        """
        self._hint = ""
        self._commands[command]()
        self._changed()

    def stroke(self, points: Sequence[QgsPointXY]) -> None:
        """Take a stroke of the mouse, in the CRS of the map: a border across the unit, or closed, ground to correct.

        Raises:
            DataError: the border was not saved.
        """
        drawn, is_ground = self._drawing.stroke(points)
        if is_ground:
            self._wait_for_class(drawn)
        elif self.session.current is None or drawn.isEmpty():
            self._hint = tr("This line does not cross the unit. Draw it from side to side, or close it to correct ground.")
        else:
            self._draw(self.session.current, drawn)
        self._changed()

    def point(self, point: QgsPointXY) -> None:
        """Take a click, in the CRS of the map: a point to correct."""
        self._wait_for_class(self._drawing.point(point))
        self._changed()

    def look(self) -> None:
        """Put the unit in question into the middle of the map."""
        if self.session.current is not None:
            self._drawing.look()

    def view(self) -> View:
        """Return what the dock shows now."""
        return view(self.session, self.campaign.legend, self._hint, self._typed)

    def close(self) -> None:
        """Write what is not in the log yet, and leave the file."""
        self._steps.write_log()
        self.campaign.close()

    def _class(self, class_id: int) -> None:
        """Take a class key: of drawn ground first, else of the unit."""
        unit = self.session.current
        if self._drawing.ground is not None:
            self._steps.correct(self._drawing.ground, class_id)
            self._forget()
            self._hint = tr("Corrected: {name}.").format(name=named(class_id, self.campaign.legend))
        elif unit is None:
            self._hint = tr("Draw a closed line or click on the map first, then press the class.")
        elif not unit.is_edge and self._drawing.border is None:
            self._answer(Answer(ONE_CLASS, class_id))
        elif self._typed is None:
            self._typed = class_id
        else:
            first, self._typed = self._typed, None
            self._pair(unit, first, class_id)

    def _pair(self, unit: Unit, first: int, second: int) -> None:
        """Take two classes: of the two sides of a border."""
        if first == second:
            self._answer(Answer(ONE_CLASS, first))
        elif self._drawing.border is not None:
            self._redraw(unit, self._drawing.border, first, second, stay=False)
        elif (first, second) == (unit.class_a, unit.class_b) or (self.session.blind and {first, second} == unit.offered):
            self._answer(Answer(CONFIRM))
        elif self.session.blind:
            self._answer(Answer(REDRAW, sides=(first, second)))
        else:
            border = self._drawing.predicted(unit)
            if border.isEmpty():
                self._hint = tr("The model draws no border here. Draw it with one stroke, then name its sides.")
            else:
                self._redraw(unit, border, first, second, stay=False)

    def _draw(self, unit: Unit, border: QgsGeometry) -> None:
        """Take a border drawn across the unit."""
        self._typed = None
        self._drawing.draw(border)
        if unit.class_a == unit.class_b:
            self._hint = tr("Press the class left of the line, then the class right of it.")
        else:
            self._redraw(unit, border, unit.class_a, unit.class_b, stay=not self.session.blind)

    def _redraw(self, unit: Unit, border: QgsGeometry, first: int, second: int, *, stay: bool) -> None:
        """Answer with a border; the class `first` lies where the model sees the first class of the unit."""
        sides = self._drawing.sides(unit, border, first, second)
        if not sides:
            self._hint = tr("This border has one side only. Draw it with one stroke across the unit.")
        elif self.session.blind and {first, second} == unit.offered:
            self._answer(Answer(CONFIRM))
        else:
            self._answer(Answer(REDRAW, sides=sides, border=border), stay=stay)
            if stay:
                self._hint = tr("Border redrawn. Enter goes on; draw again to replace it.")

    def _confirm(self) -> None:
        unit = self.session.current
        if self._pending:
            self._hint = tr("Press the class of what you drew, or Esc to discard it.")
        elif unit is None:
            return
        elif self.session.blind:
            self._hint = tr("Name what you see: this answer shows how consistent the labels are.")
        elif unit.is_open or unit.answer == SKIP:
            self._answer(Answer(CONFIRM))
        else:
            self._advance()

    def _back(self) -> None:
        if not self._discard() and not self.session.back():
            self._hint = tr("This is the first unit.")
        self._show()

    @property
    def _pending(self) -> bool:
        """Whether something is drawn that has no class yet; a border that is saved belongs to its answer."""
        unit, border = self.session.current, self._drawing.border
        return self._drawing.ground is not None or (border is not None and (unit is None or unit.answer != REDRAW))

    def _discard(self) -> bool:
        """Forget what was typed or drawn and not saved; return whether there was anything."""
        pending = self._typed is not None or self._pending
        if pending:
            self._show(zoom=False)
        return pending

    def _toggle_outline(self) -> None:
        if self.session.blind:
            self._hint = tr("The prediction stays hidden while a unit is asked once more.")
        elif not self._drawing.toggle_outline():
            self._hint = tr("The prediction is hidden; Space shows it.")

    def _answer(self, answer: Answer, *, stay: bool = False) -> None:
        """Save an answer and go on."""
        unit, place = self.session.current, self.session.place
        if unit is None or place is None:
            return
        self._steps.answer(unit, place, answer)
        if not stay:
            self._advance()

    def _undo(self) -> None:
        """Take the last saved step back, in the file too."""
        if self._discard():
            return
        step = self._steps.take_back()
        if step is None:
            self._hint = tr("There is nothing to undo.")
        elif step.unit is None:
            self._hint = tr("The correction is taken back.")
        else:
            self._show()
            self._hint = tr("The answer is taken back.")

    def _advance(self) -> None:
        self.session.advance()
        self._show()

    def _wait_for_class(self, ground: QgsGeometry) -> None:
        self._forget()
        if ground.isEmpty():
            self._hint = tr("This line encloses no ground. Draw around what is wrong.")
            return
        self._drawing.wait(ground)
        self._hint = tr("Press the class of what you drew, or Esc to discard it.")

    def _forget(self) -> None:
        self._typed = None
        self._drawing.forget_ground()

    def _show(self, zoom: bool = True) -> None:
        """Show the current unit on the map."""
        self._typed = None
        self._drawing.show(self.session.current, self.session.blind, zoom)
