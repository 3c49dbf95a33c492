"""Class names and colours that travel with a raster: category names, a legend tag, a colour table."""

from __future__ import annotations

import json
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.enums import ColorInterp
from rasterio.io import MemoryFile

from engine.contract.errors import DataError
from engine.contract.legend import UNLABELLED, Legend

LEGEND_TAG = "EDGEWISE_LEGEND"


def palette(dataset: rasterio.DatasetReader) -> np.ndarray | None:
    """Return the colour table of the first band as (N, 4) red, green, blue, alpha; None where it has none."""
    if dataset.colorinterp[0] != ColorInterp.palette:
        return None
    table = dataset.colormap(1)
    colors = np.zeros((max(table) + 1, 4), np.uint8)
    for entry, color in table.items():
        colors[entry] = color
    return colors


def colors_by_id(dataset: rasterio.DatasetReader) -> dict[int, str]:
    """Return the colours of the colour table without the black that fills its end."""
    table = palette(dataset)
    if table is None:
        return {}
    used = np.flatnonzero(table[:UNLABELLED, :3].any(axis=1))
    last = int(used[-1]) if len(used) else -1
    return {i: "#{:02x}{:02x}{:02x}".format(*table[i, :3]) for i in range(last + 1)}


def read_legend(dataset: rasterio.DatasetReader) -> Legend | None:
    """Return the legend of a raster: category names with the colours of the table, else our tag, else colours alone."""
    colors = colors_by_id(dataset)
    named = {i: name for i, name in enumerate(_category_names(dataset)) if name and i < UNLABELLED}
    if named:
        return Legend.from_names(_apart(named), colors)
    tag = dataset.tags().get(LEGEND_TAG)
    if tag:
        try:
            return Legend.from_json(json.loads(tag))
        except (ValueError, DataError):
            return None
    return Legend.from_names({i: f"class {i}" for i in colors}, colors) if colors else None


def has_names(dataset: rasterio.DatasetReader) -> bool:
    """Return whether the raster names its classes, so that an id without a name is a mistake."""
    return any(_category_names(dataset)) or LEGEND_TAG in dataset.tags()


def tag(legend: Legend) -> str:
    """Return the text of the tag that keeps the legend inside the raster, for copies without their `.aux.xml`."""
    return json.dumps(legend.to_json())


def sidecar(legend: Legend) -> str:
    """Return the text of the `.aux.xml` beside a class raster: category names and an attribute table for QGIS."""
    named = {c.id: c.name for c in legend}
    categories = "".join(f"<Category>{escape(named.get(i, ''))}</Category>" for i in range(max(named, default=-1) + 1))
    fields = (("Value", 0, 5), ("Class", 2, 2), ("Red", 0, 6), ("Green", 0, 7), ("Blue", 0, 8))
    header = "".join(
        f'<FieldDefn index="{i}"><Name>{name}</Name><Type>{kind}</Type><Usage>{usage}</Usage></FieldDefn>'
        for i, (name, kind, usage) in enumerate(fields)
    )
    rows = "".join(
        f'<Row index="{i}">' + "".join(f"<F>{escape(str(v))}</F>" for v in (c.id, c.name, *c.rgb)) + "</Row>"
        for i, c in enumerate(legend)
    )
    table = f'<GDALRasterAttributeTable tableType="thematic">{header}{rows}</GDALRasterAttributeTable>'
    band = f'<PAMRasterBand band="1"><CategoryNames>{categories}</CategoryNames>{table}</PAMRasterBand>'
    return f"<PAMDataset>{band}</PAMDataset>\n"


def _category_names(dataset: rasterio.DatasetReader) -> list[str]:
    """Return GDAL's category names of the first band; rasterio has no call for them, a VRT of the raster lists them."""
    with MemoryFile(ext=".vrt") as memory:
        rasterio.shutil.copy(dataset, memory.name, driver="VRT")
        root = ElementTree.fromstring(memory.read())  # noqa: S314 - GDAL wrote it a line above, no foreign XML
    return [(item.text or "").strip() for item in root.iterfind("VRTRasterBand[@band='1']/CategoryNames/Category")]


def _apart(named: dict[int, str]) -> dict[int, str]:
    """Return the names with those that stand twice told apart by their id."""
    seen = list(named.values())
    return {i: name if seen.count(name) == 1 else f"{name} ({i})" for i, name in named.items()}
