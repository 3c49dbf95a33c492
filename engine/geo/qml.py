"""The style of class polygons as QGIS reads it from a GeoPackage: one symbol for each class of the legend."""

from __future__ import annotations

from datetime import datetime, timezone
from xml.sax.saxutils import quoteattr

import pandas as pd

from engine.contract.legend import Legend, LegendClass

CLASS_FIELD = "class_id"


def layer_styles(layer: str, geometry_column: str, legend: Legend) -> pd.DataFrame:
    """Return the row of the table `layer_styles` that makes QGIS open `layer` in the legend's colours."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    row = {
        "f_table_catalog": "", "f_table_schema": "", "f_table_name": layer, "f_geometry_column": geometry_column,
        "styleName": "classes", "styleQML": style(legend), "styleSLD": "", "useAsDefault": True,
        "description": "Classes of Edgewise", "owner": "", "ui": None, "update_time": pd.Timestamp(now),
    }  # fmt: skip
    return pd.DataFrame([row])


def style(legend: Legend) -> str:
    """Return a categorized style on the field `class_id` as QML for QGIS 3.22 and later."""
    categories = "".join(
        f'<category render="true" symbol="{i}" type="long" value="{c.id}" label={quoteattr(c.name)}/>'
        for i, c in enumerate(legend)
    )
    symbols = "".join(_symbol(i, c) for i, c in enumerate(legend))
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.22.0" styleCategories="Symbology">'
        f'<renderer-v2 type="categorizedSymbol" attr="{CLASS_FIELD}" enableorderby="0" forceraster="0" symbollevels="0">'
        f"<categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2></qgis>"
    )


def _symbol(position: int, item: LegendClass) -> str:
    red, green, blue = item.rgb
    options = {
        "color": f"{red},{green},{blue},180", "outline_color": f"{red // 2},{green // 2},{blue // 2},255",
        "outline_style": "solid", "outline_width": "0.2", "outline_width_unit": "MM", "style": "solid", "joinstyle": "bevel",
    }  # fmt: skip
    listed = "".join(f'<Option name="{name}" type="QString" value="{value}"/>' for name, value in options.items())
    props = "".join(f'<prop k="{name}" v="{value}"/>' for name, value in options.items())
    return (
        f'<symbol name="{position}" type="fill" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">{listed}</Option>{props}</layer>'
        "</symbol>"
    )
