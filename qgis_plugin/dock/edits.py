"""One change of a layer, saved at once through its edit buffer, and the way back.

A layer stays in edit mode until `leave`: QGIS switches a GeoPackage to write-ahead logging with the mode and back, and a map
that is drawn meanwhile finds a file it cannot open. Nothing is locked between two changes. What the user changed in such a
layer is saved with the next answer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from qgis.core import QgsFeature, QgsVectorLayer

from ...engine.contract.errors import DataError
from ..i18n import tr

Undo = Callable[[], object]
"""Takes a saved change back, saving that too."""


def add(layer: QgsVectorLayer, features: Sequence[QgsFeature]) -> Undo:
    """Add features and save.

    Raises:
        DataError: the layer cannot be written.
    """
    numbers: list[int] = []

    def remember(_: str, added: list[QgsFeature]) -> None:
        numbers.extend(feature.id() for feature in added)

    layer.committedFeaturesAdded.connect(remember)
    try:
        with _saving(layer):
            layer.addFeatures(list(features))
    finally:
        layer.committedFeaturesAdded.disconnect(remember)
    return lambda: remove(layer, numbers)


def remove(layer: QgsVectorLayer, numbers: Sequence[int]) -> Undo:
    """Delete features by their numbers and save; raises as `add` does."""
    gone = [QgsFeature(layer.getFeature(number)) for number in numbers]
    with _saving(layer):
        layer.deleteFeatures(list(numbers))
    return lambda: add(layer, gone)


def change(layer: QgsVectorLayer, values: Mapping[int, Mapping[str, Any]]) -> Undo:
    """Change fields of features, by their numbers, and save; default values of the form stay out of it.

    Raises:
        DataError: a feature is gone, or the layer cannot be written.
    """
    fields = layer.fields()
    old: dict[int, dict[str, Any]] = {}
    for number, new in values.items():
        before = layer.getFeature(number)
        if not before.isValid():
            raise DataError(
                tr("{layer}: feature {number} is gone.").format(layer=layer.name(), number=number),
                tr("Open the campaign again."),
            )
        old[number] = {name: before[name] for name in new}
    with _saving(layer):
        for number, new in values.items():
            layer.changeAttributeValues(number, {fields.indexOf(name): value for name, value in new.items()}, {}, True)
    return lambda: change(layer, old)


def leave(layer: QgsVectorLayer) -> None:
    """Leave edit mode, unless the user has changes there that are not saved."""
    if layer.isEditable() and not layer.isModified():
        layer.commitChanges()


@contextlib.contextmanager
def _saving(layer: QgsVectorLayer) -> Iterator[None]:
    """Edit a layer and save it, or leave it as it was and say why."""
    if not layer.isEditable() and not layer.startEditing():
        raise _refusal(layer, tr("it cannot be edited"))
    users_own = layer.isModified()
    yield
    if not layer.commitChanges(False):
        why = "; ".join(layer.commitErrors())
        if not users_own:
            layer.rollBack(False)
        raise _refusal(layer, why)


def _refusal(layer: QgsVectorLayer, why: str) -> DataError:
    return DataError(
        tr("{layer}: the answer was not saved: {why}.").format(layer=layer.name(), why=why.rstrip(".")),
        tr("Make the file writable, close other programs that write it, and answer again."),
    )
