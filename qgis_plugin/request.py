"""From what a dialog, a model or `qgis_process` holds to the request that the engine reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Optional

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProperty,
    QgsVectorLayer,
)

from ..engine.contract.errors import DataError, EngineError, SpecError
from ..engine.contract.params import Param
from ..engine.contract.spec import Spec
from . import layers
from .i18n import tr
from .parameters import LAYER_KINDS, LAYER_OUTPUT_KINDS, is_list, qgis_name, value


class Request:
    """Reads the parameters of one run.

    Args:
        algorithm: reads single values as Processing does.
        spec: what the job takes.
        given: what the user gave, by parameter name.
        context: knows the project's layers and the temporary folder.
        folder: takes the copies of layers that are no files; None only checks, and copies and creates nothing.
    """

    def __init__(
        self,
        algorithm: QgsProcessingAlgorithm,
        spec: type[Spec],
        given: dict[str, Any],
        context: QgsProcessingContext,
        folder: Optional[Path],
    ) -> None:
        self._algorithm = algorithm
        self._given = given
        self._context = context
        self._folder = folder
        self.destinations: dict[str, str] = {}
        """The outputs asked for, by parameter name, spelled as Processing knows them."""
        self.spec = spec.from_dict({param.name: self._read(param) for param in spec.params()})

    def _read(self, param: Param) -> Any:
        if self._given.get(qgis_name(param)) in (None, "", []):
            return None
        if param.is_output:
            return self._destination(param)
        if param.kind in LAYER_KINDS:
            return self._files(param)
        found = value(self._algorithm, param, self._given, self._context)
        if param.kind in ("model", "file"):
            if param.multiple:
                return _with_folders(found, param.suffixes)
            _check_ending(param, found)
        return found

    def _files(self, param: Param) -> Any:
        name = qgis_name(param)
        label = tr(param.label)
        given, selected_only = _source(self._given[name], label)
        if not is_list(param):
            layer = self._algorithm.parameterAsLayer({**self._given, name: given}, name, self._context)
            found = [] if layer is None else [layer]
            wanted = 1
        else:
            found = self._algorithm.parameterAsLayerList(self._given, name, self._context)
            wanted = len(given) if isinstance(given, (list, tuple)) else 1
        if len(found) < wanted:
            raise _not_opened(given, label)
        if param.whole:
            files = [layers.whole_file_of(layer, label) for layer in found]
        elif selected_only:
            return self._export(found[0], label, selected_only=True)
        else:
            files = [layers.file_of(layer, label, lambda v: self._export(v, label)) for layer in found]
        return files if is_list(param) else files[0]

    def _export(self, layer: QgsVectorLayer, label: str, selected_only: bool = False) -> str:
        if selected_only and not layer.selectedFeatureCount():
            raise DataError(
                tr("{label}: no feature of {layer} is selected.").format(label=label, layer=layer.name()),
                tr("Select some, or take the whole layer."),
            )
        if self._folder is None:
            return QgsProcessingUtils.tempFolder()  # only checked; exists as the copy will
        return layers.export_vector(layer, self._folder, self._context.transformContext(), label, selected_only)

    def _destination(self, param: Param) -> str:
        name = qgis_name(param)
        if self._folder is None:
            return self._would_be(param)
        layer = param.kind in LAYER_OUTPUT_KINDS
        read = self._algorithm.parameterAsOutputLayer if layer else self._algorithm.parameterAsFileOutput
        self.destinations[name] = read(self._given, name, self._context)
        return self.destinations[name]

    def _would_be(self, param: Param) -> str:
        """Return the path of an output without telling Processing that it will be loaded."""
        given = self._given[qgis_name(param)]
        if isinstance(given, QgsProcessingOutputLayerDefinition):
            given = given.sink
        if isinstance(given, QgsProperty):
            given = given.valueAsString(self._context.expressionContext())[0]
        if given != QgsProcessing.TEMPORARY_OUTPUT:
            return str(given)
        return str(Path(QgsProcessingUtils.tempFolder(), param.name).with_suffix("".join(f".{s}" for s in param.suffixes[:1])))


def _source(given: Any, label: str) -> tuple[Any, bool]:
    """Return the layer that was given, and whether its selected features alone are meant.

    Raises:
        DataError: only the first so many features are asked for.
    """
    if not isinstance(given, QgsProcessingFeatureSourceDefinition):
        return given, False
    if given.featureLimit >= 0:
        raise DataError(
            tr("{label}: the number of features cannot be limited.").format(label=label),
            tr("Select the features, or filter the layer."),
        )
    return given.source.staticValue(), given.selectedFeaturesOnly


def _with_folders(paths: list[str], suffixes: tuple[str, ...]) -> list[str]:
    """Return paths with each folder that has the ending asked for in place of its files: QGIS's lists take no folders."""
    found: list[str] = []
    for path in paths:
        folder = str(Path(path).parent)
        if Path(folder).suffix.lstrip(".") not in suffixes:
            found.append(path)
        elif folder not in found:
            found.append(folder)
    return found


def _check_ending(param: Param, path: str) -> None:
    """Refuse a file with an ending that the dialog does not offer, before QGIS does so without a reason."""
    if path and Path(path).suffix.lstrip(".").lower() not in param.suffixes:
        raise SpecError(
            tr("{label}: {path} is no file of the kind that is asked for.").format(label=tr(param.label), path=path),
            tr("Choose one that ends in {endings}.").format(endings=", ".join(f".{suffix}" for suffix in param.suffixes)),
        )


def _not_opened(given: Any, label: str) -> DataError:
    """Return the error for files that QGIS opens as no layer of the kind that is asked for."""
    paths = [str(path) for path in (given if isinstance(given, (list, tuple)) else [given])]
    missing = [path for path in paths if not Path(path).exists()]
    if missing:
        text, hint = tr("{label}: {path} does not exist."), tr("Check the path.")
        return DataError(text.format(label=label, path=", ".join(missing)), hint)
    return DataError(
        tr("{label}: QGIS finds no such layer in {path}.").format(label=label, path=", ".join(paths)),
        tr("Drag the file into QGIS to see what it holds, or choose another."),
    )


def dialog_words(error: EngineError, spec: type[Spec]) -> str:
    """Return an error's text and hint in the words of the dialog."""
    return with_labels(f"{error.text}\n{error.hint}".strip(), spec)


def with_labels(text: str, spec: type[Spec]) -> str:
    """Return a text with the names of the dialog in place of the flags of the shell."""
    labels = {param.flag: f"'{tr(param.label)}'" for param in spec.params()}
    switched = {f"--no-{param.flag[2:]}": param for param in spec.params() if param.kind == "boolean"}
    labels |= {flag: tr("'{label}' off").format(label=tr(param.label)) for flag, param in switched.items()}
    return re.sub(r"--[a-z][a-z-]*", lambda found: labels.get(found.group(), found.group()), text)
