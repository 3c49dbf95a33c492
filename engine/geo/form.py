"""The form and style of a layer to be answered in QGIS: classes by name, some fields hidden; its GeoPackage carries them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from xml.sax.saxutils import quoteattr

import pandas as pd

from engine.contract.legend import Legend


def layer_styles(layer: str, geometry_column: str, answer: str, hidden: Sequence[str], legend: Legend) -> pd.DataFrame:
    """Return the row of the table `layer_styles` that makes QGIS ask for the field `answer` with the classes of the legend."""
    now = pd.Timestamp(datetime.now(timezone.utc).replace(tzinfo=None))
    row = {
        "f_table_catalog": "", "f_table_schema": "", "f_table_name": layer, "f_geometry_column": geometry_column,
        "styleName": "reference sample", "styleQML": _qml(answer, hidden, legend), "styleSLD": "", "useAsDefault": True,
        "description": "Form and style of an Edgewise reference sample", "owner": "", "ui": None, "update_time": now,
    }  # fmt: skip
    return pd.DataFrame([row])


def _qml(answer: str, hidden: Sequence[str], legend: Legend) -> str:
    """Return symbols by answer, hollow where there is none, and a form with the classes by name."""
    colors = {str(c.id): (c.name, f"{c.rgb[0]},{c.rgb[1]},{c.rgb[2]},255") for c in legend}
    items = [*colors.items(), ("", ("not answered", "255,255,255,60"))]
    categories = "".join(
        f'<category render="true" symbol="{i}" type="long" value="{value}" label={quoteattr(name)}/>'
        for i, (value, (name, _)) in enumerate(items)
    )
    symbols = "".join(_symbol(i, color) for i, (_, (_, color)) in enumerate(items))
    choices = "".join(
        f'<Option type="Map"><Option name={quoteattr(c.name)} type="QString" value="{c.id}"/></Option>' for c in legend
    )
    value_map = f'<Option type="Map"><Option name="map" type="List">{choices}</Option></Option>'
    fields = {"number": ("TextEdit", "", False), **{name: ("Hidden", "", False) for name in hidden}}
    fields |= {answer: ("ValueMap", value_map, True), "note": ("TextEdit", "", True)}
    widgets = "".join(
        f'<field name="{name}" configurationFlags="None"><editWidget type="{kind}"><config>{config or "<Option/>"}</config>'
        "</editWidget></field>"
        for name, (kind, config, _) in fields.items()
    )
    editable = "".join(f'<field name="{name}" editable="{int(free)}"/>' for name, (_, _, free) in fields.items())
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.22.0" styleCategories="Symbology|Fields|Forms">'
        f"<fieldConfiguration>{widgets}</fieldConfiguration>"
        f'<renderer-v2 type="categorizedSymbol" attr="{answer}" enableorderby="0" forceraster="0" symbollevels="0">'
        f"<categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>"
        f"<editable>{editable}</editable><editorlayout>generatedlayout</editorlayout></qgis>"
    )


def _symbol(position: int, color: str) -> str:
    options = {
        "name": "square", "color": color, "outline_color": "255,230,0,255", "outline_style": "solid", "outline_width": "0.6",
        "outline_width_unit": "MM", "size": "3.2", "size_unit": "MM",
    }  # fmt: skip
    listed = "".join(f'<Option name="{name}" type="QString" value="{value}"/>' for name, value in options.items())
    props = "".join(f'<prop k="{name}" v="{value}"/>' for name, value in options.items())
    return (
        f'<symbol name="{position}" type="marker" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleMarker" enabled="1" locked="0" pass="0"><Option type="Map">{listed}</Option>{props}</layer>'
        "</symbol>"
    )
