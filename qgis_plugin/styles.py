"""How results look: classes in their own colours, confidence from 0 to 100 percent; beside the file and on load.

The engine writes colours into the file; QGIS alone would show them as 256 entries, and Processing ignores a style file
beside a result that it loads. So the style is written beside the file for every later visit, and set again on load.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsColorRampShader,
    QgsMapLayer,
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsRasterLayer,
    QgsRasterShader,
    QgsRendererCategory,
    QgsSingleBandPseudoColorRenderer,
    QgsSymbol,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QColor

from ..engine.contract.legend import Legend
from ..engine.contract.params import Param

_PERCENT = ((0, "#440154"), (25, "#3b528b"), (50, "#21918c"), (75, "#5ec962"), (100, "#fde725"))
_IN_PERCENT = ("confidence", "probabilities")
_CLASS_FIELDS = ("class_id", "class", "name")
_kept: dict[str, _OnLoad] = {}  # QGIS keeps a bare pointer to a post-processor; Python must keep the object


def style(param: Param, path: str, classes: Sequence[Mapping[str, Any]], context: QgsProcessingContext) -> None:
    """Paint a result when QGIS loads it; a raster also gets a style file beside it.

    Args:
        param: the output; decides what it looks like.
        path: its file, spelled as Processing knows it.
        classes: the legend of a vector layer as JSON; empty where the job gives none. Rasters carry their own.
        context: knows what will be loaded.
    """
    if param.kind == "output_raster":
        paint = paint_percent if param.name in _IN_PERCENT else paint_classes
        layer = QgsRasterLayer(path, Path(path).stem)
        paint(layer)
        layer.saveNamedStyle(str(Path(path).with_suffix(".qml")))
    else:
        paint = paint_vector(Legend.from_json(classes))
    if context.willLoadLayerOnCompletion(path):
        _kept[path] = _OnLoad(paint)
        context.layerToLoadOnCompletionDetails(path).setPostProcessor(_kept[path])


def paint_classes(layer: QgsMapLayer) -> None:
    """Show a raster with the classes of its own colour table, and none of the table's empty entries."""
    entries = [
        QgsPalettedRasterRenderer.Class(item.value, item.color, item.label)
        for item in layer.dataProvider().colorTable(1)
        if item.color.alpha() and (item.label != f"{item.value:.0f}" or item.color.rgb() & 0xFFFFFF)
    ]
    if entries:
        layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, entries))


def paint_percent(layer: QgsMapLayer) -> None:
    """Show the first band of a raster of percent on a fixed ramp, so that two maps compare."""
    ramp = QgsColorRampShader(0, 100, None, QgsColorRampShader.Type.Interpolated)
    ramp.setColorRampItemList(
        [QgsColorRampShader.ColorRampItem(percent, QColor(color), f"{percent} %") for percent, color in _PERCENT]
    )
    shader = QgsRasterShader(0, 100)
    shader.setRasterShaderFunction(ramp)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader)
    renderer.setClassificationMin(0)
    renderer.setClassificationMax(100)
    layer.setRenderer(renderer)


def paint_vector(legend: Legend) -> Callable[[QgsMapLayer], None]:
    """Return what shows a vector layer in its own embedded style, else by its class."""

    def paint(layer: QgsMapLayer) -> None:
        _, embedded = layer.loadDefaultStyle()
        if not embedded and len(legend):
            _categorize(layer, legend)

    return paint


def _categorize(layer: QgsVectorLayer, legend: Legend) -> None:
    names = [field.name() for field in layer.fields()]
    for name in (n for n in _CLASS_FIELDS if n in names):
        by_number = layer.fields().field(name).isNumeric()
        categories = []
        for item in legend:
            symbol = QgsSymbol.defaultSymbol(layer.geometryType())
            symbol.setColor(QColor(item.color))
            categories.append(QgsRendererCategory(item.id if by_number else item.name, symbol, item.name))
        layer.setRenderer(QgsCategorizedSymbolRenderer(name, categories))
        return


class _OnLoad(QgsProcessingLayerPostProcessorInterface):
    def __init__(self, paint: Callable[[QgsMapLayer], None]) -> None:
        super().__init__()
        self._paint = paint

    def postProcessLayer(self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback) -> None:
        self._paint(layer)
        layer.triggerRepaint()
