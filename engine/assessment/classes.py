"""The classes of several layers brought together: by name, or by id where one of them has no names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend, LegendClass


@dataclass(frozen=True)
class Matching:
    """One list of classes for all layers, and for each layer a table from its ids to positions in the list.

    Args:
        classes: the classes of the first layer in its order, then those that only others have.
        tables: (256,) position of each id, by layer; UNLABELLED for ids without a class.
        by_name: whether names decided; else ids did.
        notes: what a reader must know: matched by id, classes that a layer lacks.
    """

    classes: tuple[LegendClass, ...]
    tables: Mapping[str, NDArray[np.uint8]]
    by_name: bool
    notes: tuple[str, ...]


def has_names(legend: Legend) -> bool:
    """Return whether people named the classes; `class 3` is what a file without names gets."""
    return any(c.name.casefold() not in (f"class {c.id}", str(c.id)) for c in legend)


def match(legends: Mapping[str, Legend], names: Mapping[str, str]) -> Matching:
    """Bring legends together.

    Args:
        legends: by the role of their layer, the reference last.
        names: of the layers by role, for people.

    Raises:
        DataError: a layer shares no class with the reference.
    """
    by_name = all(has_names(legend) for legend in legends.values())

    def key(item: LegendClass) -> str:
        return item.name.strip().casefold() if by_name else str(item.id)

    sides = {layer: {key(c): c for c in legend} for layer, legend in legends.items()}
    *maps, reference = legends
    for layer in maps:
        if not set(sides[layer]) & set(sides[reference]):
            kind = "names" if by_name else "ids"
            raise DataError(
                f"The classes do not match: {names[reference]} has the class {kind} {_list(sides[reference], by_name)}, "
                f"{names[layer]} has {_list(sides[layer], by_name)}.",
                "Rename the classes of one of them, or choose the class field that holds them.",
            )
    found: dict[str, LegendClass] = {}
    for side in sides.values():
        for k, item in side.items():
            if k not in found or (not by_name and not _is_named(found[k]) and _is_named(item)):
                found[k] = item  # where ids decide, the layer with names lends them
    keys = list(found)
    tables = {}
    for layer, legend in legends.items():
        table = np.full(UNLABELLED + 1, UNLABELLED, np.uint8)
        for item in legend:
            table[item.id] = keys.index(key(item))
        tables[layer] = table
    notes = []
    nameless = [names[layer] for layer, legend in legends.items() if not has_names(legend)]
    if nameless and len(nameless) < len(legends):
        notes.append(f"Classes were matched by id, because {' and '.join(nameless)} has no class names.")
    for layer, side in sides.items():
        lacking = [c.name.removeprefix("class ") for k, c in found.items() if k not in side]
        if lacking:
            notes.append(f"{names[layer]} has no class {', '.join(lacking)}; wherever another layer has it counts as an error.")
    return Matching(tuple(found.values()), tables, by_name, tuple(notes))


def _is_named(item: LegendClass) -> bool:
    return has_names(Legend((item,)))


def _list(side: Mapping[str, LegendClass], by_name: bool) -> str:
    return ", ".join(c.name if by_name else str(c.id) for c in side.values())
