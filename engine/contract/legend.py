"""Classes and their colours: one legend for label rasters, models, maps, GeoPackages and QGIS."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import DataError

UNLABELLED = 255
"""The id of a pixel without a label, always; also the nodata value of every class raster."""

MAX_CLASSES = 255
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_PALETTE = ("#d1495b", "#c9b79c", "#6c757d", "#588157", "#3a86c8", "#f2c14e", "#8e5ea2", "#e07a3f", "#2a9d8f", "#b5838d")
_COLORS_BY_NAME = {
    "building": "#d1495b", "road": "#6c757d", "vegetation": "#588157", "forest": "#2f5d3a", "tree": "#2f5d3a",
    "grass": "#9bc17c", "water": "#3a86c8", "ground": "#c9b79c", "land": "#c9b79c", "car": "#f2c14e",
    "clutter": "#8e5ea2", "crop": "#d9c45a", "bare": "#b99b6b",
}  # fmt: skip


@dataclass(frozen=True)
class LegendClass:
    """One class: id 0-254 as it stands in rasters, name as people say it, colour as `#rrggbb`."""

    id: int
    name: str
    color: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Return red, green and blue, 0-255."""
        return int(self.color[1:3], 16), int(self.color[3:5], 16), int(self.color[5:7], 16)


@dataclass(frozen=True)
class Legend:
    """The classes of a map, in order of their ids; ids and names are unique.

    Raises:
        DataError: an id is outside 0-254 or stands twice, a name is empty or stands twice, a colour is not `#rrggbb`.
    """

    classes: tuple[LegendClass, ...]

    def __post_init__(self) -> None:
        seen_ids: set[int] = set()
        seen_names: set[str] = set()
        for item in self.classes:
            if not 0 <= item.id < UNLABELLED:
                raise DataError(f"The legend has class id {item.id}; ids go from 0 to 254 and 255 means unlabelled.")
            if item.id in seen_ids:
                raise DataError(f"The legend has class id {item.id} twice.", "Give each class its own id.")
            if not item.name or item.name in seen_names:
                raise DataError(f"The legend has the class name {item.name!r} twice, or empty.", "Name each class once.")
            if not _COLOR.fullmatch(item.color):
                raise DataError(f"The legend gives class {item.name} the colour {item.color!r}.", "Write it as #rrggbb.")
            seen_ids.add(item.id)
            seen_names.add(item.name)
        object.__setattr__(self, "classes", tuple(sorted(self.classes, key=lambda c: c.id)))

    def __len__(self) -> int:
        return len(self.classes)

    def __iter__(self) -> Iterator[LegendClass]:
        return iter(self.classes)

    @property
    def ids(self) -> tuple[int, ...]:
        """Return the class ids, ascending; position in this tuple is the network's output channel."""
        return tuple(c.id for c in self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the class names in order of their ids."""
        return tuple(c.name for c in self.classes)

    @classmethod
    def from_names(cls, names: Mapping[int, str] | Iterable[str], colors: Mapping[int, str] | None = None) -> Legend:
        """Make a legend from names, by id or in order from 0; colours missing in `colors` are chosen by name."""
        by_id = dict(names) if isinstance(names, Mapping) else dict(enumerate(names))
        chosen = dict(colors or {})
        return cls(tuple(LegendClass(i, n, chosen.get(i) or default_color(i, n)) for i, n in by_id.items()))

    @classmethod
    def from_json(cls, items: Any) -> Legend:
        """Read what `to_json` wrote, or a hand-made list of `{id, name, color}`; colour may be left out.

        Raises:
            DataError: the value is not such a list.
        """
        try:
            classes = tuple(
                LegendClass(int(i["id"]), str(i["name"]), str(i.get("color") or default_color(int(i["id"]), str(i["name"]))))
                for i in items
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise DataError("A legend is a list of {id, name, color}; this one is not.") from None
        return cls(classes)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the legend as a list of `{id, name, color}`."""
        return [{"id": c.id, "name": c.name, "color": c.color} for c in self.classes]


def default_color(class_id: int, name: str) -> str:
    """Return a colour for a class: by its name where the name is a usual one, else from a palette, else spread hues."""
    lowered = name.lower().rstrip("s")
    for word, color in _COLORS_BY_NAME.items():
        if word in lowered:
            return color
    if class_id < len(_PALETTE):
        return _PALETTE[class_id]
    red, green, blue = colorsys.hsv_to_rgb((class_id * 0.618034) % 1.0, 0.55, 0.85)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
