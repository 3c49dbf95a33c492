"""From layers to files the engine can read: a layer's own file, or a copy where QGIS holds what the file does not."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

from qgis.core import (
    QgsCoordinateTransformContext,
    QgsMapLayer,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from ..engine.contract.errors import DataError

_SAVE_FIRST = "Save it as a file first (right-click the layer, Export, Save As), then choose that file."


def file_of(layer: QgsMapLayer, label: str, export: Callable[[QgsVectorLayer], str]) -> str:
    """Return the file of a layer.

    Args:
        layer: what the user chose.
        label: the parameter's name in the dialog.
        export: copies a vector layer whose file is not what QGIS shows (edited, filtered, in memory) and returns the copy.

    Raises:
        DataError: the layer has no file and cannot be given one: a web map, a raster in memory, a mesh.
    """
    if isinstance(layer, QgsRasterLayer):
        return _raster_file(layer, label)
    if isinstance(layer, QgsVectorLayer):
        return _own_file(layer) or export(layer)
    raise DataError(f"{label}: {layer.name()} is neither a raster nor a vector layer.", "Choose another layer.")


def export_vector(layer: QgsVectorLayer, folder: Path, transforms: QgsCoordinateTransformContext, label: str) -> str:
    """Copy a vector layer as QGIS shows it, unsaved edits included, to a GeoPackage in `folder`; call it in the main thread.

    Raises:
        DataError: the copy cannot be written.
    """
    path = folder / f"layer_{uuid.uuid4().hex[:8]}.gpkg"
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = "labels"
    options.layerOptions = ["FID=edgewise_fid"]  # a field of the layer may be called fid and repeat
    result = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), transforms, options)
    if result[0] != QgsVectorFileWriter.WriterError.NoError:
        raise DataError(f"{label}: {layer.name()} cannot be copied to a file: {result[1]}.", _SAVE_FIRST)
    return str(path)


def _raster_file(layer: QgsRasterLayer, label: str) -> str:
    source = layer.source()
    if layer.providerType() != "gdal" or source.upper().startswith(("/VSIMEM", "MEM:")):
        kind = "in memory" if layer.providerType() == "gdal" else f"a {layer.providerType()} layer"
        raise DataError(f"{label}: {layer.name()} is {kind}, and the engine reads files.", _SAVE_FIRST)
    return source.partition("|")[0]


def _own_file(layer: QgsVectorLayer) -> str:
    """Return the file that holds exactly this layer, or nothing."""
    if layer.providerType() != "ogr" or layer.subsetString() or layer.isModified():
        return ""
    providers = QgsProviderRegistry.instance()
    path = providers.decodeUri("ogr", layer.source()).get("path", "")
    alone = len(providers.querySublayers(path)) == 1
    provided = len(layer.fields()) == len(layer.dataProvider().fields())  # no joined or virtual field
    return path if alone and provided and Path(path).is_file() else ""
