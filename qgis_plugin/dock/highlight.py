"""What the dock shows on the map: the unit in question, the prediction's outline, its border, and ground not named yet."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsWkbTypes,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from ...engine.contract.legend import Legend

_CONTEXT = 4.0
"""The map shows this many times the unit's size."""

_UNIT, _BORDER, _HALO = "#e69f00", "#009e73", "#ffffff"  # Okabe and Ito: told apart by colour-blind people
_POLYGON, _LINE = QgsWkbTypes.GeometryType.PolygonGeometry, QgsWkbTypes.GeometryType.LineGeometry


class Highlight:
    """Outlines above the map; nothing of it is a layer, and nothing stays behind.

    Args:
        canvas: the map.
        crs: CRS of the campaign, in which all geometry is given.
        legend: colours of the prediction.
    """

    def __init__(self, canvas: QgsMapCanvas, crs: QgsCoordinateReferenceSystem, legend: Legend) -> None:
        self._canvas, self._crs = canvas, crs
        self._colors = {item.id: item.color for item in legend}
        self._halo = self._band(_POLYGON, _HALO, 5)
        self._unit = self._band(_POLYGON, _UNIT, 2)
        self._border_halo = self._band(_LINE, _HALO, 5)
        self._border = self._band(_LINE, _BORDER, 3)
        self._ground = self._band(_POLYGON, _UNIT, 2, filled=True)
        self._parts: list[QgsRubberBand] = []
        self._outline_shown = True

    def show(self, unit: QgsGeometry, parts: Sequence[tuple[int, QgsGeometry]]) -> None:
        """Show a unit with what the model sees in it; nothing but the unit where `parts` is empty."""
        self.clear()
        self._halo.setToGeometry(unit, self._crs)
        self._unit.setToGeometry(unit, self._crs)
        for class_id, ground in parts:
            band = self._band(_POLYGON, self._colors.get(class_id, _HALO), 2, filled=True)
            band.setLineStyle(Qt.PenStyle.DashLine)
            band.setToGeometry(ground, self._crs)
            band.setVisible(self._outline_shown)
            self._parts.append(band)

    def show_border(self, border: QgsGeometry) -> None:
        """Show a redrawn border."""
        for band in (self._border_halo, self._border):
            band.setToGeometry(border, self._crs)

    def show_ground(self, ground: QgsGeometry) -> None:
        """Show ground that waits for its class."""
        self._ground.reset(ground.type())
        self._ground.setToGeometry(ground, self._crs)

    def hide_ground(self) -> None:
        """Show no ground that waits."""
        self._ground.reset(_POLYGON)

    def toggle_outline(self) -> bool:
        """Show or hide what the model sees, for this unit and the next; return whether it is shown."""
        self._outline_shown = not self._outline_shown
        for band in self._parts:
            band.setVisible(self._outline_shown)
        return self._outline_shown

    def zoom_to(self, unit: QgsGeometry) -> None:
        """Put a unit into the middle of the map, with the ground around it."""
        box = self._to_map().transformBoundingBox(unit.boundingBox())
        side = max(box.width(), box.height())
        box.grow((_CONTEXT - 1) / 2 * side)
        self._canvas.setExtent(box)
        self._canvas.refresh()

    def to_campaign(self, points: Sequence[QgsPointXY]) -> list[QgsPointXY]:
        """Return points of the map in the CRS of the campaign."""
        back = self._to_map()
        direction = Qgis.TransformDirection.Reverse
        return [back.transform(point, direction) for point in points]

    @property
    def tremor(self) -> float:
        """Return what two pixels of the screen measure on the ground, in units of the campaign's CRS."""
        center = self._canvas.extent().center()
        aside = QgsPointXY(center.x() + 2 * self._canvas.mapUnitsPerPixel(), center.y())
        a, b = self.to_campaign([center, aside])
        return a.distance(b)

    def clear(self) -> None:
        """Show nothing."""
        for band in (self._halo, self._unit, self._ground):
            band.reset(_POLYGON)
        for band in (self._border_halo, self._border):
            band.reset(_LINE)
        self._drop(self._parts)

    def remove(self) -> None:
        """Take everything off the map, for good."""
        self._drop(self._parts)
        self._drop([self._halo, self._unit, self._border_halo, self._border, self._ground])

    def _drop(self, bands: list[QgsRubberBand]) -> None:
        for band in bands:
            self._canvas.scene().removeItem(band)
        bands.clear()

    def _to_map(self) -> QgsCoordinateTransform:
        return QgsCoordinateTransform(self._crs, self._canvas.mapSettings().destinationCrs(), QgsProject.instance())

    def _band(self, kind: QgsWkbTypes.GeometryType, color: str, width: int, filled: bool = False) -> QgsRubberBand:
        band = QgsRubberBand(self._canvas, kind)
        band.setStrokeColor(QColor(color))
        fill = QColor(color)
        fill.setAlpha(50 if filled else 0)
        band.setFillColor(fill)
        band.setWidth(width)
        band.setBrushStyle(Qt.BrushStyle.SolidPattern if filled else Qt.BrushStyle.NoBrush)
        return band
