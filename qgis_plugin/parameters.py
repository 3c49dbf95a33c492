"""From the fields of a spec to Processing parameters and back; what depends on a field hangs on its kind, in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingDestinationParameter,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
    QgsProcessingParameterVectorLayer,
)

from ..engine.contract import extent as extents
from ..engine.contract.params import Param
from .i18n import tr

_SOURCES = {
    "raster": QgsProcessing.SourceType.TypeRaster,
    "vector": QgsProcessing.SourceType.TypeVectorAnyGeometry,
    "layer": QgsProcessing.SourceType.TypeMapLayer,
    "model": QgsProcessing.SourceType.TypeFile,
    "file": QgsProcessing.SourceType.TypeFile,
}
LAYER_KINDS = ("raster", "mosaic", "vector", "layer")
LAYER_OUTPUT_KINDS = ("output_raster", "output_vector")


def qgis_name(param: Param) -> str:
    """Return the name in scripts, models and `qgis_process`: the field's name in upper case, forever."""
    return param.name.upper()


def declare(param: Param) -> QgsProcessingParameterDefinition:
    """Return the Processing parameter of a field, with its help and folded when advanced."""
    kind = "whole" if param.whole else param.kind
    definition = _multiple(param) if is_list(param) else _DECLARE[kind](param)
    words = "".join(f"\n{choice.value}: {tr(choice.label)}." for choice in param.choices)
    definition.setHelp(tr(param.help) + words)
    if param.advanced:
        definition.setFlags(definition.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    if isinstance(definition, QgsProcessingDestinationParameter):
        definition.setCreateByDefault(param.required)
    return definition


def value(algorithm: QgsProcessingAlgorithm, param: Param, parameters: dict[str, Any], context: QgsProcessingContext) -> Any:
    """Return the plain value of a field that is neither a layer nor an output, None where it is not given."""
    name = qgis_name(param)
    if parameters.get(name) is None:
        return None
    if param.kind == "extent":
        return _extent(algorithm, name, parameters, context)
    if is_list(param):
        return algorithm.parameterAsFileList(parameters, name, context)
    read = _READ.get(param.kind, "parameterAsString")
    return getattr(algorithm, read)(parameters, name, context)


def is_list(param: Param) -> bool:
    """Return whether the dialog takes a list of layers: adjoining tiles are one layer in QGIS, a virtual raster."""
    return param.multiple and param.kind not in ("mosaic", "words")


def _extent(algorithm: QgsProcessingAlgorithm, name: str, parameters: dict[str, Any], context: QgsProcessingContext) -> str:
    """Return an extent as text, in the CRS in which it was given; empty for an empty one."""
    box = algorithm.parameterAsExtent(parameters, name, context)
    crs = algorithm.parameterAsExtentCrs(parameters, name, context)
    if box.isEmpty():
        return str(parameters[name])
    edges = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
    return extents.written(edges, crs.authid() or crs.toProj())


def _multiple(param: Param) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterMultipleLayers(
        qgis_name(param), tr(param.label), _SOURCES[param.kind], optional=not param.required
    )  # fmt: skip


def _file_filter(param: Param) -> str:
    return f"{tr(param.label)} ({' '.join('*.' + suffix for suffix in param.suffixes)})"


def _number(number_type: Any) -> Callable[[Param], QgsProcessingParameterDefinition]:
    def declare_number(param: Param) -> QgsProcessingParameterDefinition:
        return QgsProcessingParameterNumber(
            qgis_name(param), tr(param.label), number_type, param.default, not param.required, param.minimum, param.maximum
        )

    return declare_number


def _choice(param: Param) -> QgsProcessingParameterDefinition:
    words = [choice.value for choice in param.choices]
    return QgsProcessingParameterEnum(
        qgis_name(param),
        tr(param.label),
        words,
        defaultValue=param.default,
        optional=not param.required,
        usesStaticStrings=True,
    )


def _field(param: Param) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterField(
        qgis_name(param), tr(param.label), param.default or None, param.parent.upper(), optional=not param.required
    )


def _layer(definition: Callable[..., QgsProcessingParameterDefinition]) -> Callable[[Param], QgsProcessingParameterDefinition]:
    return lambda param: definition(qgis_name(param), tr(param.label), optional=not param.required)


def _source(param: Param) -> QgsProcessingParameterDefinition:
    """Return a parameter that also offers the selected features alone."""
    return QgsProcessingParameterFeatureSource(
        qgis_name(param), tr(param.label), [_SOURCES["vector"]], optional=not param.required
    )  # fmt: skip


def _file(param: Param) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterFile(
        qgis_name(param), tr(param.label), QgsProcessingParameterFile.Behavior.File,
        optional=not param.required, fileFilter=_file_filter(param),
    )  # fmt: skip


def _file_destination(param: Param) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterFileDestination(
        qgis_name(param), tr(param.label), _file_filter(param), optional=not param.required
    )  # fmt: skip


def _string(param: Param) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterString(qgis_name(param), tr(param.label), param.default, optional=not param.required)


def _words(param: Param) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterString(qgis_name(param), tr(param.label), "", optional=not param.required)


def _boolean(param: Param) -> QgsProcessingParameterDefinition:
    return QgsProcessingParameterBoolean(qgis_name(param), tr(param.label), param.default, optional=not param.required)


_DECLARE: dict[str, Callable[[Param], QgsProcessingParameterDefinition]] = {
    "raster": _layer(QgsProcessingParameterRasterLayer),
    "mosaic": _layer(QgsProcessingParameterRasterLayer),
    "vector": _source,
    "whole": _layer(QgsProcessingParameterVectorLayer),
    "layer": _layer(QgsProcessingParameterMapLayer),
    "model": _file,
    "file": _file,
    "field": _field,
    "text": _string,
    "words": _words,
    "extent": _layer(QgsProcessingParameterExtent),
    "integer": _number(QgsProcessingParameterNumber.Type.Integer),
    "number": _number(QgsProcessingParameterNumber.Type.Double),
    "boolean": _boolean,
    "choice": _choice,
    "output_raster": _layer(QgsProcessingParameterRasterDestination),
    "output_vector": _layer(QgsProcessingParameterVectorDestination),
    "output_file": _file_destination,
    "output_folder": _layer(QgsProcessingParameterFolderDestination),
}
_READ = {
    "integer": "parameterAsInt",
    "number": "parameterAsDouble",
    "boolean": "parameterAsBoolean",
    "choice": "parameterAsEnumString",
    "model": "parameterAsFile",
    "file": "parameterAsFile",
}
