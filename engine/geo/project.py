"""A QGIS project, written without QGIS: what it needs to open a list of layers as they are meant to look.

Layers are named relative to the project, so that a folder can be moved whole. QGIS 3.22 and later fill in the rest.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from pyproj import CRS

from engine import atomic
from engine.contract.legend import Legend
from engine.geo.geobox import GeoBox

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_VERSION = "3.22.0-Białowieża"
_PERCENT_RAMP = ((0, "#440154"), (25, "#3b528b"), (50, "#21918c"), (75, "#5ec962"), (100, "#fde725"))


@dataclass(frozen=True)
class ProjectLayer:
    """One layer of a project.

    Args:
        name: shown in the layer list.
        path: raster, or GeoPackage with `|layername=`.
        style: QML, as `paletted`, `percent`, `color` or a style of a GeoPackage gives it.
        is_vector: a vector layer, else a raster.
        is_shown: switched on when the project opens.
        group: name of the group it stands in; empty for none.
    """

    name: str
    path: str
    style: str
    is_vector: bool = False
    is_shown: bool = True
    group: str = ""


def write(path: str | Path, title: str, layers: Sequence[ProjectLayer], view: GeoBox) -> None:
    """Write a project that opens on `view`, with the first layer on top.

    Raises:
        DataError: the folder is missing or not writable, or another run writes the same file.
        ResourceError: the disk is full.
    """
    root = Element("qgis", projectname=title, version=_VERSION)
    SubElement(root, "title").text = title
    SubElement(root, "projectCrs").append(_reference_system(view.crs_wkt))
    tree = SubElement(root, "layer-tree-group")
    canvas = SubElement(root, "mapcanvas", annotationsVisible="1", name="theMapCanvas")
    SubElement(canvas, "units").text = "meters"
    canvas.append(_extent(view))
    SubElement(canvas, "rotation").text = "0"
    SubElement(canvas, "destinationsrs").append(_reference_system(view.crs_wkt))
    listed, order = SubElement(root, "projectlayers"), SubElement(root, "layerorder")
    groups: dict[str, Element] = {"": tree}
    for number, layer in enumerate(layers):
        identity = f"edgewise_layer_{number}"  # QGIS takes an id of more than 10 letters
        if layer.group not in groups:
            groups[layer.group] = SubElement(tree, "layer-tree-group", name=layer.group, checked="Qt::Checked", expanded="1")
        SubElement(
            groups[layer.group], "layer-tree-layer", id=identity, name=layer.name, expanded="1" if layer.is_shown else "0",
            checked="Qt::Checked" if layer.is_shown else "Qt::Unchecked", providerKey=_provider(layer),
        )  # fmt: skip
        listed.append(_map_layer(layer, identity, Path(path).parent, view))
        SubElement(order, "layer", id=identity)
    properties = SubElement(root, "properties")
    SubElement(SubElement(properties, "Paths"), "Absolute", type="bool").text = "false"
    SubElement(SubElement(properties, "SpatialRefSys"), "ProjectionsEnabled", type="int").text = "1"
    ElementTree.indent(root)
    text = _DOCTYPE + ElementTree.tostring(root, encoding="unicode") + "\n"
    with atomic.output(path) as part:
        part.write_text(text, encoding="utf-8")


def paletted(legend: Legend, opacity: float = 1.0) -> str:
    """Return the style of a class raster: the classes of the legend and nothing else."""
    renderer = Element("rasterrenderer", type="paletted", band="1", opacity=f"{opacity:g}", alphaBand="-1", nodataColor="")
    entries = SubElement(renderer, "colorPalette")
    for item in legend:
        SubElement(entries, "paletteEntry", value=str(item.id), color=item.color, label=item.name, alpha="255")
    return _raster_style(renderer)


def percent(opacity: float = 1.0) -> str:
    """Return the style of a raster of percent, from dark 0 to bright 100."""
    renderer = Element(
        "rasterrenderer", type="singlebandpseudocolor", band="1", opacity=f"{opacity:g}", alphaBand="-1", nodataColor="",
        classificationMin="0", classificationMax="100",
    )  # fmt: skip
    shader = SubElement(
        SubElement(renderer, "rastershader"), "colorrampshader", colorRampType="INTERPOLATED", classificationMode="1",
        minimumValue="0", maximumValue="100", clip="0", labelPrecision="0",
    )  # fmt: skip
    for value, color in _PERCENT_RAMP:
        SubElement(shader, "item", value=str(value), color=color, label=f"{value} %", alpha="255")
    return _raster_style(renderer)


def color() -> str:
    """Return the style of an orthophoto of 8 bits: bands 1, 2, 3 as they are."""
    return _raster_style(
        Element(
            "rasterrenderer",
            type="multibandcolor",
            redBand="1",
            greenBand="2",
            blueBand="3",
            opacity="1",
            alphaBand="-1",
            nodataColor="",
        )
    )


def _raster_style(renderer: Element) -> str:
    root = Element("qgis", version=_VERSION, styleCategories="Symbology")
    pipe = SubElement(root, "pipe")
    pipe.append(renderer)
    SubElement(pipe, "brightnesscontrast", contrast="0", brightness="0", gamma="1")
    SubElement(pipe, "huesaturation", saturation="0", grayscaleMode="0", colorizeOn="0")
    SubElement(pipe, "rasterresampler", maxOversampling="2")
    SubElement(root, "blendMode").text = "0"
    return ElementTree.tostring(root, encoding="unicode")


def _map_layer(layer: ProjectLayer, identity: str, folder: Path, view: GeoBox) -> Element:
    element = Element("maplayer", type="vector" if layer.is_vector else "raster", styleCategories="AllStyleCategories")
    if layer.is_vector:
        element.set("geometry", "Polygon")
    SubElement(element, "id").text = identity
    source, bar, options = layer.path.partition("|")
    relative = Path(os.path.relpath(source, folder)).as_posix()
    SubElement(element, "datasource").text = f"./{relative}{bar}{options}"
    SubElement(element, "layername").text = layer.name
    SubElement(element, "srs").append(_reference_system(view.crs_wkt))
    SubElement(element, "provider", encoding="UTF-8").text = _provider(layer)
    # The style was made by this engine, not read from anywhere.
    style = ElementTree.fromstring(layer.style.removeprefix(_DOCTYPE))  # noqa: S314
    element.extend(list(style))
    return element


def _provider(layer: ProjectLayer) -> str:
    return "ogr" if layer.is_vector else "gdal"


def _reference_system(wkt: str) -> Element:
    crs = CRS.from_wkt(wkt)
    element = Element("spatialrefsys", nativeFormat="Wkt")
    SubElement(element, "wkt").text = crs.to_wkt()
    SubElement(element, "authid").text = ":".join(crs.to_authority() or ())
    SubElement(element, "description").text = crs.name
    SubElement(element, "geographicflag").text = str(crs.is_geographic).lower()
    return element


def _extent(view: GeoBox) -> Element:
    element = Element("extent")
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), view.footprint.bounds, strict=True):
        SubElement(element, name).text = f"{value:.6f}"
    return element
