"""What QGIS shows of a campaign without any plugin: symbols, attribute forms with lists of words, default values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from xml.sax.saxutils import quoteattr

import pandas as pd

from engine.contract.legend import Legend

ANSWERS = {
    "": "not answered",
    "confirm": "right as the model has it",
    "class": "one class, chosen below",
    "redraw": "redrawn in the layer borders",
    "unsure": "cannot be told",
    "skip": "ask again later",
}
"""What an analyst can say of a unit, and how it reads in the form."""

_EDGE, _REGION, _DONE = "230,159,0", "0,114,178", "0,158,115"  # Okabe and Ito: told apart by colour-blind people
_OFFERED = ("unit", "round", "rank", "kind", "class_a", "class_b", "score", "reason", "clicks", "pixels", "status", "model")
_NOW = {"answered": "now()", "who": "@user_account_name"}


def layer_styles(legend: Legend) -> pd.DataFrame:
    """Return the rows of the table `layer_styles`, one for each layer of a campaign."""
    drawn = {"drawn": "now()", "who": "@user_account_name"}
    classes = {str(c.id): c.name for c in legend}
    styles = {
        "units": _qml(
            _rules(
                ("edge, open", "coalesce(answer, '') = '' AND kind = 'edge'", _outline(0, _EDGE)),
                ("region, open", "coalesce(answer, '') = '' AND kind = 'region'", _outline(1, _REGION)),
                ("answered", "coalesce(answer, '') <> ''", _outline(2, _DONE)),
            ),
            maps={"answer": ANSWERS, "class_id": classes, "class_a": classes, "class_b": classes},
            aliases={
                "class_a": "class", "class_b": "other class", "class_id": "class of the whole unit", "reason": "why",
                "answered": "answered on", "who": "answered by",
            },
            fixed=_OFFERED,
            defaults=_NOW, sort="rank", title="\"rank\" || ': ' || \"reason\"",
        ),
        "predictions": _qml(
            _categories(legend, "faint"), maps={"class_id": classes}, aliases={"class_id": "class seen by the model"},
            fixed=("unit", "round", "class_id"), defaults={},
        ),
        "borders": _qml(
            _single(_line(0, _DONE)), maps={"class_left": classes, "class_right": classes},
            aliases={"class_left": "class on the left", "class_right": "class on the right"}, fixed=(), defaults=drawn,
        ),
        "corrections": _qml(
            _categories(legend, "fill"), maps={"class_id": classes}, aliases={"class_id": "class"}, fixed=(), defaults=drawn
        ),
        "points": _qml(
            _categories(legend, "marker"), maps={"class_id": classes}, aliases={"class_id": "class"}, fixed=(), defaults=drawn
        ),
    }  # fmt: skip
    now = pd.Timestamp(datetime.now(timezone.utc).replace(tzinfo=None))
    rows = [
        {
            "f_table_catalog": "", "f_table_schema": "", "f_table_name": layer, "f_geometry_column": "geom",
            "styleName": "campaign", "styleQML": qml, "styleSLD": "", "useAsDefault": True,
            "description": "Labelling campaign of Edgewise", "owner": "", "ui": None, "update_time": now,
        }
        for layer, qml in styles.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _qml(
    renderer: str,
    *,
    maps: Mapping[str, Mapping[str, str]],
    aliases: Mapping[str, str],
    fixed: Sequence[str],
    defaults: Mapping[str, str],
    sort: str = "",
    title: str = "",
) -> str:
    """Return a style for QGIS 3.22 and later: symbols, value maps, names, fields that are not edited, default values."""
    widgets = "".join(f"<field name={quoteattr(name)}>{_value_map(words)}</field>" for name, words in maps.items())
    named = "".join(f'<alias field="{f}" index="-1" name={quoteattr(name)}/>' for f, name in aliases.items())
    editable = "".join(f'<field name="{f}" editable="0"/>' for f in fixed)
    filled = "".join(f'<default field="{f}" expression={quoteattr(e)} applyOnUpdate="1"/>' for f, e in defaults.items())
    order = f'<attributetableconfig sortExpression={quoteattr(sort)} sortOrder="0"/>' if sort else ""
    shown = f"<previewExpression>{title.replace('&', '&amp;')}</previewExpression>" if title else ""
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.22.0" styleCategories="Symbology|Fields|Forms|AttributeTable">'
        f"<fieldConfiguration>{widgets}</fieldConfiguration><aliases>{named}</aliases><defaults>{filled}</defaults>"
        f"<editable>{editable}</editable>{order}{shown}{renderer}</qgis>"
    )


def _value_map(words: Mapping[str, str]) -> str:
    items = "".join(
        f'<Option type="Map"><Option type="QString" name={quoteattr(text)} value={quoteattr(value)}/></Option>'
        for value, text in words.items()
    )
    listed = f'<Option type="List" name="map">{items}</Option>'
    return f'<editWidget type="ValueMap"><config><Option type="Map">{listed}</Option></config></editWidget>'


def _rules(*rules: tuple[str, str, str]) -> str:
    listed = "".join(
        f'<rule key="rule{i}" symbol="{i}" label={quoteattr(label)} filter={quoteattr(condition)}/>'
        for i, (label, condition, _) in enumerate(rules)
    )
    symbols = "".join(symbol for _, _, symbol in rules)
    return (
        f'<renderer-v2 type="RuleRenderer" symbollevels="0" enableorderby="0" forceraster="0">'
        f'<rules key="root">{listed}</rules><symbols>{symbols}</symbols></renderer-v2>'
    )


def _categories(legend: Legend, kind: str) -> str:
    categories = "".join(
        f'<category render="true" symbol="{i}" type="long" value="{c.id}" label={quoteattr(c.name)}/>'
        for i, c in enumerate(legend)
    )
    make = {"marker": _dot, "fill": _fill, "faint": _faint}[kind]
    symbols = "".join(make(i, ",".join(map(str, c.rgb))) for i, c in enumerate(legend))
    return (
        '<renderer-v2 type="categorizedSymbol" attr="class_id" enableorderby="0" forceraster="0" symbollevels="0">'
        f"<categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>"
    )


def _single(symbol: str) -> str:
    return f'<renderer-v2 type="singleSymbol" symbollevels="0"><symbols>{symbol}</symbols></renderer-v2>'


def _outline(number: int, rgb: str) -> str:
    """Return an outline without fill: what is under a unit must be seen to be judged."""
    return _symbol(number, "fill", "SimpleLine", {"line_color": f"{rgb},255", "line_width": "0.6", "line_width_unit": "MM"})


def _line(number: int, rgb: str) -> str:
    return _symbol(number, "line", "SimpleLine", {"line_color": f"{rgb},255", "line_width": "0.8", "line_width_unit": "MM"})


def _fill(number: int, rgb: str) -> str:
    options = {"color": f"{rgb},120", "outline_color": f"{rgb},255", "outline_width": "0.4", "style": "solid"}
    return _symbol(number, "fill", "SimpleFill", options)


def _faint(number: int, rgb: str) -> str:
    options = {"color": f"{rgb},40", "outline_color": f"{rgb},255", "outline_width": "0.2", "style": "solid"}
    return _symbol(number, "fill", "SimpleFill", options)


def _dot(number: int, rgb: str) -> str:
    options = {"color": f"{rgb},255", "name": "circle", "size": "3", "outline_color": "255,255,255,255"}
    return _symbol(number, "marker", "SimpleMarker", options)


def _symbol(number: int, kind: str, layer: str, options: Mapping[str, str]) -> str:
    listed = "".join(f'<Option name="{name}" type="QString" value="{value}"/>' for name, value in options.items())
    props = "".join(f'<prop k="{name}" v="{value}"/>' for name, value in options.items())
    return (
        f'<symbol name="{number}" type="{kind}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{layer}" enabled="1" locked="0" pass="0"><Option type="Map">{listed}</Option>{props}</layer></symbol>'
    )
