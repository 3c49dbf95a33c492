"""Take over the answers of another analyst's copy of a campaign, unit by unit.

Merging A into B gives the same answers as merging B into A: where both answered, the later answer stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from qgis.core import NULL, QgsFeature, QgsFeatureRequest, QgsProject, QgsVectorLayer

from ...engine.contract.campaign import ANSWERS, BORDERS, CORRECTIONS, POINTS, UNITS
from ...engine.contract.errors import DataError
from ..i18n import tr
from . import edits
from .campaign import Campaign
from .records import iso

_TAKEN = ("status", "answer", "class_id", "note", "who", "answered", "seconds")


@dataclass(frozen=True)
class Merged:
    """What a merge did.

    Args:
        taken: units whose answer was taken over.
        both: units that both analysts had answered.
        same: of these, units with the same answer.
        corrections: free corrections taken over.
        unknown: answered units that this campaign does not have.
    """

    taken: int
    both: int
    same: int
    corrections: int
    unknown: int


def merge(ours: Campaign, path: str) -> Merged:
    """Take over what another copy of a campaign knows more; nothing is taken twice.

    Args:
        ours: receives the answers.
        path: the other copy; it is only read.

    Raises:
        DataError: it is no copy of this campaign, or ours cannot be written.
    """
    theirs = Campaign(path, QgsProject())
    _check(ours, theirs)
    own = {_key(f): f for f in _features(ours, UNITS)}
    taken: dict[int, QgsFeature] = {}
    both = same = unknown = 0
    for other in _features(theirs, UNITS):
        mine = own.get(_key(other))
        if not _text(other["answer"]):
            continue
        if mine is None:
            unknown += 1
        elif not _text(mine["answer"]):
            taken[mine.id()] = other
        else:
            both += 1
            same += _said(mine) == _said(other)
            if _stamp(other) > _stamp(mine):
                taken[mine.id()] = other
    names = {other["unit"] for other in taken.values()}
    borders = ours.layers[BORDERS]
    edits.remove(borders, [f.id() for f in _features(ours, BORDERS) if f["unit"] in names])
    _copy(borders, (f for f in _features(theirs, BORDERS) if f["unit"] in names))
    edits.change(ours.layers[UNITS], {number: {name: other[name] for name in _TAKEN} for number, other in taken.items()})
    corrections = sum(_copy_new(ours, theirs, name, _drawing) for name in (CORRECTIONS, POINTS))
    _copy_new(ours, theirs, ANSWERS, _entry)
    return Merged(len(taken), both, same, corrections, unknown)


def _check(ours: Campaign, theirs: Campaign) -> None:
    if ours.path == theirs.path:
        raise DataError(
            tr("{path} is the campaign that is open.").format(path=theirs.path), tr("Choose the other analyst's copy.")
        )
    same_units = {_key(f) for f in _features(ours, UNITS)} & {_key(f) for f in _features(theirs, UNITS)}
    if (ours.legend.ids, ours.legend.names) != (theirs.legend.ids, theirs.legend.names) or not same_units:
        raise DataError(
            tr("{path} is no copy of this campaign: its classes or its units are others.").format(path=theirs.path),
            tr("Choose a copy of the same campaign, answered by another analyst."),
        )


def _copy(layer: QgsVectorLayer, features: Iterable[QgsFeature]) -> int:
    copies = []
    for feature in features:
        copy = QgsFeature(layer.fields())
        copy.setGeometry(feature.geometry())
        for field in layer.fields().names():
            if field != "fid":
                copy[field] = feature[field]
        copies.append(copy)
    if copies:
        edits.add(layer, copies)
    return len(copies)


def _copy_new(ours: Campaign, theirs: Campaign, name: str, identity: Callable[[QgsFeature], object]) -> int:
    known = {identity(f) for f in _features(ours, name)}
    return _copy(ours.layers[name], (f for f in _features(theirs, name) if identity(f) not in known))


def _features(campaign: Campaign, name: str) -> list[QgsFeature]:
    return list(campaign.layers[name].getFeatures(QgsFeatureRequest()))


def _key(unit: QgsFeature) -> tuple[str, int]:
    return unit["unit"], unit["round"]


def _said(unit: QgsFeature) -> tuple[str, Any]:
    return _text(unit["answer"]), None if unit["class_id"] == NULL else unit["class_id"]


def _stamp(unit: QgsFeature) -> tuple[str, str]:
    return _when(unit["answered"]), _text(unit["who"])


def _drawing(feature: QgsFeature) -> object:
    return feature["class_id"], _text(feature["who"]), _when(feature["drawn"]), feature.geometry().asWkb().data()


def _entry(row: QgsFeature) -> object:
    return row["unit"], row["round"], row["answer"], _text(row["who"]), _when(row["answered"]), row["accepted"]


def _when(value: Any) -> str:
    return "" if value == NULL else iso(value)


def _text(value: Any) -> str:
    return "" if value == NULL else str(value)
