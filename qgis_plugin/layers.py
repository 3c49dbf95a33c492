"""From layers to files the engine can read: a layer's own file, or a copy where QGIS holds what the file does not."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

from qgis.core import (
    QgsCoordinateTransformContext,
    QgsMapLayer,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from ..engine.contract.errors import DataError
from .i18n import tr


def file_of(layer: QgsMapLayer, label: str, export: Callable[[QgsVectorLayer], str]) -> str:
    """Return the file of a layer; one of several layers in a file as `file.gpkg|layername=name`.

    Args:
        layer: what the user chose.
        label: the parameter's name in the dialog.
        export: copies a vector layer whose file is not what QGIS shows (edited, filtered, in memory) and returns the copy.

    Raises:
        DataError: the layer has no file and cannot be given one: a web map, a raster in memory, a mesh; or it has unsaved
            edits and belongs to a file whose other layers a copy would lose.
    """
    if isinstance(layer, QgsRasterLayer):
        return _raster_file(layer, label)
    if isinstance(layer, QgsVectorLayer):
        return _own_file(layer, label) or export(layer)
    raise DataError(
        tr("{label}: {layer} is neither a raster nor a vector layer.").format(label=label, layer=layer.name()),
        tr("Choose another layer."),
    )


def whole_file_of(layer: QgsMapLayer, label: str) -> str:
    """Return the file in which a layer lies, for a job that reads all its layers.

    Raises:
        DataError: the layer has no file, or edits that are not saved to it.
    """
    path = _path(layer)
    if not path:
        raise DataError(
            tr("{label}: {layer} is no layer of a file.").format(label=label, layer=layer.name()),
            tr("Choose the GeoPackage itself."),
        )
    opened = [other for other in QgsProject.instance().mapLayers().values() if _path(other) == path]
    for edited in [layer, *opened]:
        if isinstance(edited, QgsVectorLayer) and edited.isModified():
            raise _unsaved(edited, label)
    return path


def export_vector(
    layer: QgsVectorLayer, folder: Path, transforms: QgsCoordinateTransformContext, label: str, selected_only: bool = False
) -> str:
    """Copy a vector layer as QGIS shows it, unsaved edits included, to a GeoPackage in `folder`; call it in the main thread.

    Raises:
        DataError: the copy cannot be written.
    """
    shown = re.sub(r"[^\w-]+", "_", layer.name())[:40]  # messages of the engine name the file: let it be known again
    path = folder / f"{shown}_{uuid.uuid4().hex[:8]}.gpkg"
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = "labels"
    options.onlySelectedFeatures = selected_only
    options.layerOptions = ["FID=edgewise_fid"]  # a field of the layer may be called fid and repeat
    result = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), transforms, options)
    if result[0] != QgsVectorFileWriter.WriterError.NoError:
        raise DataError(
            tr("{label}: {layer} cannot be copied to a file: {why}.").format(label=label, layer=layer.name(), why=result[1]),
            _save_first(),
        )
    return str(path)


def _raster_file(layer: QgsRasterLayer, label: str) -> str:
    source = layer.source()
    if layer.providerType() != "gdal" or source.upper().startswith(("/VSIMEM", "MEM:", "<VRT")):
        found = (
            tr("{label}: {layer} is in memory, and the engine reads files.")
            if layer.providerType() == "gdal"
            else tr("{label}: {layer} is a {kind} layer, and the engine reads files.")
        )
        raise DataError(found.format(label=label, layer=layer.name(), kind=layer.providerType()), _save_first())
    return source.partition("|")[0]


def _own_file(layer: QgsVectorLayer, label: str) -> str:
    """Return where exactly this layer lies, or nothing where only a copy shows what QGIS shows."""
    path = _path(layer)
    if not path or layer.subsetString():
        return ""
    alone = len(QgsProviderRegistry.instance().querySublayers(path)) == 1
    if layer.isModified():
        if not alone:
            raise _unsaved(layer, label)
        return ""
    if len(layer.fields()) != len(layer.dataProvider().fields()):  # joined or virtual fields
        return ""
    name = QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("layerName")
    return path if alone else f"{path}|layername={name}" if name else ""


def _path(layer: QgsMapLayer) -> str:
    """Return the file of a vector layer, or nothing where it has none."""
    if not isinstance(layer, QgsVectorLayer) or layer.providerType() != "ogr":
        return ""
    path = QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("path") or ""
    return path if Path(path).is_file() else ""


def _unsaved(layer: QgsVectorLayer, label: str) -> DataError:
    return DataError(
        tr("{label}: {layer} has edits that are not saved, and its file is read as a whole.").format(
            label=label, layer=layer.name()
        ),
        tr("Save them (Layer, Save Layer Edits), then run this again."),
    )


def _save_first() -> str:
    return tr("Save it as a file first (right-click the layer, Export, Save As), then choose that file.")
