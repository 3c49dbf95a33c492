"""A rectangle of ground as text: what people type, and what QGIS writes."""

from __future__ import annotations

import re

_NUMBER = r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*"
_EXTENT = re.compile(rf"{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER},?\s*(|\[.*\]|[^\[\],\d].*)\s*")


def split(text: str) -> tuple[tuple[float, float, float, float], str]:
    """Return xmin, ymin, xmax, ymax and the CRS, empty where none is named, of an extent.

    Args:
        text: `xmin,ymin,xmax,ymax`, a CRS behind it if need be; or as QGIS writes it, `xmin,xmax,ymin,ymax [EPSG:4326]`,
            which its brackets tell.

    Raises:
        ValueError: it is not written so, or the rectangle has no inside.
    """
    found = _EXTENT.fullmatch(text)
    if not found:
        raise ValueError(text)
    first, second, third, fourth = (float(found[i]) for i in range(1, 5))
    is_of_qgis = found[5].startswith("[")
    left, bottom, right, top = (first, third, second, fourth) if is_of_qgis else (first, second, third, fourth)
    if not (left < right and bottom < top):
        raise ValueError(text)
    return (left, bottom, right, top), found[5].strip("[] ")


def written(bounds: tuple[float, float, float, float], crs: str) -> str:
    """Return the text of an extent: `xmin,ymin,xmax,ymax`, and its CRS behind it where it has one."""
    return f"{','.join(repr(edge) for edge in bounds)} {crs}".strip()
