"""The unit in question on the map, and what is drawn there: a border across the unit, or ground that waits for its class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from qgis.core import QgsGeometry, QgsPointXY

from ...engine.contract.campaign import REDRAW
from . import strokes
from .campaign import Campaign
from .highlight import Highlight
from .unit import Unit


class Drawing:
    """Shows a unit and keeps what is drawn on it until it is saved or forgotten.

    Args:
        campaign: knows the ground of units.
        highlight: shows it on the map.
    """

    def __init__(self, campaign: Campaign, highlight: Highlight) -> None:
        self._campaign, self._highlight = campaign, highlight
        self._outline, self._parts = QgsGeometry(), []
        self.border: Optional[QgsGeometry] = None
        """The redrawn border of the unit: saved with its answer, or waiting for the classes of its sides."""
        self.ground: Optional[QgsGeometry] = None
        """Ground that waits for its class."""

    def show(self, unit: Optional[Unit], blind: bool, zoom: bool = True) -> None:
        """Show a unit as it is saved, with what the model sees unless it is asked blind; nothing where there is none."""
        self.forget_ground()
        self.border = None
        if unit is None:
            self._highlight.clear()
            return
        self._outline, self._parts = self._campaign.geometry(unit), self._campaign.parts(unit)
        self._highlight.show(self._outline, [] if blind else self._parts)
        saved = None if blind or unit.answer != REDRAW else self._campaign.border(unit)
        if saved is not None:
            self.draw(saved)
        if zoom:
            self.look()

    def look(self) -> None:
        """Put the unit into the middle of the map."""
        self._highlight.zoom_to(self._outline)

    def toggle_outline(self) -> bool:
        """Show or hide what the model sees; return whether it is shown."""
        return self._highlight.toggle_outline()

    def stroke(self, points: Sequence[QgsPointXY]) -> tuple[QgsGeometry, bool]:
        """Return what a stroke of the mouse means, and whether it is ground: closed, else a border across the unit.

        Args:
            points: in the CRS of the map.

        Returns:
            A geometry in the CRS of the campaign; empty where the stroke encloses nothing or misses the unit.
        """
        drawn, tremor = self._highlight.to_campaign(points), self._highlight.tremor
        if strokes.is_loop(drawn):
            return strokes.enclosed(drawn, tremor), True
        return strokes.drawn(drawn, self._outline, tremor), False

    def point(self, point: QgsPointXY) -> QgsGeometry:
        """Return a click, in the CRS of the map, as ground of one pixel."""
        return QgsGeometry.fromPointXY(self._highlight.to_campaign([point])[0])

    def draw(self, border: QgsGeometry) -> None:
        """Keep and show a border."""
        self.border = border
        self._highlight.show_border(border)

    def wait(self, ground: QgsGeometry) -> None:
        """Keep and show ground until its class is named."""
        self.ground = ground
        self._highlight.show_ground(ground)

    def forget_ground(self) -> None:
        """Forget ground that waits."""
        self.ground = None
        self._highlight.hide_ground()

    def predicted(self, unit: Unit) -> QgsGeometry:
        """Return the border that the model draws, the unit's first class on its left; empty where it draws none."""
        return strokes.predicted(self._parts, unit.class_a)

    def sides(self, unit: Unit, border: QgsGeometry, first: int, second: int) -> tuple[int, ...]:
        """Return the classes left and right of a border, or nothing where it has one side only.

        `first` lies where the model sees the unit's first class.
        """
        inside = strokes.seen(self._parts, unit.class_a) if unit.class_a != unit.class_b else QgsGeometry()
        return strokes.sides(self._outline, border, inside, first, second)
