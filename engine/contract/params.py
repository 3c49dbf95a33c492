"""The fields of a request, described once: from this come the QGIS dialog, the flags, the check and the record.

The fields of a `Spec` are made by the functions below (`raster`, `integer`, `output_raster` ...). Each carries a `Param`;
what depends on the kind of a parameter hangs on `Param.kind` and stands in one table.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import extent as extents
from .errors import SpecError

RASTER_SUFFIXES = ("tif", "tiff", "vrt", "jp2", "img", "png", "jpg")
POLYGON_SUFFIXES = ("gpkg", "fgb", "geojson", "json", "parquet")
"""Formats in which polygons are written; what is written without a suffix is the first."""
VECTOR_SUFFIXES = ("gpkg", "geojson", "json", "fgb", "parquet", "shp")


@dataclass(frozen=True)
class Choice:
    """One entry of a drop-down: the word written in specs and flags, and the label that people read."""

    value: str
    label: str


@dataclass(frozen=True)
class Param:
    """What is known of one field of a spec.

    Args:
        kind: one of `KINDS`; decides widget, flag, parsing and check.
        label: the name in the dialog.
        help: one or two sentences, plain text.
        default: value when the field is not given; None with `required` means that it must be given.
        required: the field must be given.
        multiple: the value is a tuple; on the command line several words follow the flag.
        minimum, maximum: range of numbers, inclusive.
        choices: for `choice`.
        suffixes: file name endings, without the dot; the first is the default of an output.
        parent: for `field`, the name of the parameter with the layer.
        advanced: shown folded in dialogs.
        shipped: for `model`, the student that ships with Edgewise is taken when none is given.
        whole: for `vector`, the file is read with all its layers, not the one that was chosen.
        unless: for a shipped model, the name of the parameter that makes it unnecessary.
    """

    kind: str
    label: str
    help: str
    default: Any = None
    required: bool = False
    multiple: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Choice, ...] = ()
    suffixes: tuple[str, ...] = ()
    parent: str = ""
    advanced: bool = False
    shipped: bool = False
    whole: bool = False
    unless: str = ""
    name: str = ""

    @property
    def is_input(self) -> bool:
        """Return whether the value names files that are read."""
        return self.kind in ("raster", "mosaic", "vector", "layer", "model", "file")

    @property
    def is_output(self) -> bool:
        """Return whether the value names a file or folder that is written."""
        return self.kind.startswith("output_")

    @property
    def flag(self) -> str:
        """Return the command-line flag, `--like-this`."""
        return "--" + self.name.replace("_", "-")


def raster(label: str, help: str, **more: Any) -> Any:
    """Declare one raster, or several with `multiple=True`."""
    return _field(Param("raster", label, help, suffixes=RASTER_SUFFIXES, **_required_unless_default(more)))


def mosaic(label: str, help: str, **more: Any) -> Any:
    """Declare a raster that may lie in several files or folders: adjoining tiles, read as one; a tuple of paths."""
    more = _required_unless_default({"multiple": True, **more})
    return _field(Param("mosaic", label, help, suffixes=RASTER_SUFFIXES, **more))


def vector(label: str, help: str, **more: Any) -> Any:
    """Declare a vector layer."""
    return _field(Param("vector", label, help, suffixes=VECTOR_SUFFIXES, **_required_unless_default(more)))


def layer(label: str, help: str, **more: Any) -> Any:
    """Declare layers that may be rasters or vectors, as labels are."""
    suffixes = RASTER_SUFFIXES + VECTOR_SUFFIXES
    return _field(Param("layer", label, help, suffixes=suffixes, **_required_unless_default(more)))


def model(label: str, help: str, **more: Any) -> Any:
    """Declare a model file; with `shipped=True` it is optional, and the student that ships with Edgewise stands in."""
    return _field(Param("model", label, help, suffixes=("safetensors", "onnx"), **_required_unless_default(more)))


def file(label: str, help: str, suffixes: tuple[str, ...], **more: Any) -> Any:
    """Declare any other input file."""
    return _field(Param("file", label, help, suffixes=suffixes, **_required_unless_default(more)))


def field(label: str, help: str, parent: str, **more: Any) -> Any:
    """Declare the name of an attribute of the layer in parameter `parent`; empty by default."""
    return _field(Param("field", label, help, parent=parent, default=more.pop("default", ""), **more))


def text(label: str, help: str, default: str = "", **more: Any) -> Any:
    """Declare a line of text."""
    return _field(Param("text", label, help, default=default, **more))


def words(label: str, help: str, **more: Any) -> Any:
    """Declare words, a tuple; as one text they are set apart by spaces or commas, quoted where they hold one."""
    return _field(Param("words", label, help, default=(), multiple=True, **more))


def extent(label: str, help: str, **more: Any) -> Any:
    """Declare a rectangle of ground; what `extent.split` reads, empty by default."""
    return _field(Param("extent", label, help, default="", **more))


def integer(label: str, help: str, default: int, minimum: int, maximum: int, **more: Any) -> Any:
    """Declare a whole number and its range, both ends included."""
    return _field(Param("integer", label, help, default=default, minimum=minimum, maximum=maximum, **more))


def number(label: str, help: str, default: float, minimum: float, maximum: float, **more: Any) -> Any:
    """Declare a number and its range, both ends included."""
    return _field(Param("number", label, help, default=default, minimum=minimum, maximum=maximum, **more))


def boolean(label: str, help: str, default: bool, **more: Any) -> Any:
    """Declare a switch: `--name` and `--no-name`."""
    return _field(Param("boolean", label, help, default=default, **more))


def choice(label: str, help: str, choices: Mapping[str, str], default: str, **more: Any) -> Any:
    """Declare a drop-down; `choices` maps the word to its label."""
    entries = tuple(Choice(value, text) for value, text in choices.items())
    return _field(Param("choice", label, help, default=default, choices=entries, **more))


def output_raster(label: str, help: str, **more: Any) -> Any:
    """Declare a GeoTIFF that is written."""
    return _field(Param("output_raster", label, help, suffixes=("tif",), **_required_unless_default(more)))


def output_vector(label: str, help: str, **more: Any) -> Any:
    """Declare a vector layer that is written; GeoPackage unless said otherwise."""
    return _field(Param("output_vector", label, help, **{"suffixes": ("gpkg",), **_required_unless_default(more)}))


def output_file(label: str, help: str, suffixes: tuple[str, ...], **more: Any) -> Any:
    """Declare any other file that is written."""
    return _field(Param("output_file", label, help, suffixes=suffixes, **_required_unless_default(more)))


def output_folder(label: str, help: str, **more: Any) -> Any:
    """Declare a folder that is written."""
    return _field(Param("output_folder", label, help, **_required_unless_default(more)))


def nearest(word: str, known: Any) -> str:
    """Return the sentence that names the nearest known word, or all of them."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"Did you mean '{close[0]}'?" if close else f"Known are: {', '.join(known)}."


def is_local(path: str) -> bool:
    """Return whether `path` names a file of this machine, not a GDAL address like `/vsis3/` or `GPKG:a.gpkg:b`."""
    head, colon, _ = path.partition(":")
    return not path.startswith("/vsi") and not (colon and len(head) > 1 and head.replace("+", "").isalnum())


def parse(param: Param, value: Any, base: str) -> Any:
    """Return a plain value as the type of the parameter; relative paths start at `base`.

    Raises:
        SpecError: a value of the wrong kind or out of range.
    """
    if value is None or value == "":
        return param.default
    if param.multiple:
        items = value if isinstance(value, (list, tuple)) else [value]
        if param.kind == "words" and len(items) == 1:
            items = _split(param, items[0])
        return tuple(_parse_one(param, item, base) for item in items)
    return _parse_one(param, value, base)


def _field(param: Param) -> Any:
    return dataclasses.field(default=param.default, metadata={"param": param})


def _required_unless_default(more: dict[str, Any]) -> dict[str, Any]:
    optional = more.pop("optional", False) or more.get("shipped", False) or "default" in more
    empty = () if more.get("multiple") else ""
    return {"required": not optional, "default": empty, **more}


def _parse_one(param: Param, value: Any, base: str) -> Any:
    if param.is_input or param.is_output:
        path = os.fspath(value)
        return os.path.abspath(os.path.join(base, os.path.expanduser(path))) if is_local(path) else path
    return _PARSERS[param.kind](param, value)


def _parse_integer(param: Param, value: Any) -> int:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _refusal(param, value, "a whole number") from None
    if isinstance(value, bool) or not number.is_integer():
        raise _refusal(param, value, "a whole number")
    return int(_in_range(param, number))


def _parse_number(param: Param, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _refusal(param, value, "a number") from None
    return _in_range(param, number)


def _in_range(param: Param, number: float) -> float:
    low, high = param.minimum, param.maximum
    if (low is not None and not number >= low) or (high is not None and not number <= high):
        raise _refusal(param, f"{number:g}", f"a number from {low:g} to {high:g}")
    return number


def _parse_boolean(param: Param, value: Any) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if str(value).lower() not in words:
        raise _refusal(param, value, "true or false")
    return words[str(value).lower()]


def _parse_choice(param: Param, value: Any) -> str:
    known = [c.value for c in param.choices]
    if value not in known:
        raise SpecError(f"{param.label}: there is no '{value}'.", nearest(str(value), known))
    return str(value)


def _parse_text(param: Param, value: Any) -> str:
    if not isinstance(value, str):
        raise _refusal(param, value, "text")
    return value


def _parse_extent(param: Param, value: Any) -> str:
    try:
        bounds, crs = extents.split(str(value))
    except ValueError:
        raise _refusal(param, value, "xmin,ymin,xmax,ymax, or xmin,xmax,ymin,ymax [EPSG:...] as QGIS writes it") from None
    return extents.written(bounds, crs)


def _split(param: Param, text: Any) -> list[str]:
    """Return the words of a text."""
    lexer = shlex.shlex(str(text), posix=True)
    lexer.whitespace += ","
    lexer.commenters = ""
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        raise _refusal(param, text, "words with every quote closed") from None


_PARSERS = {
    "integer": _parse_integer,
    "number": _parse_number,
    "boolean": _parse_boolean,
    "choice": _parse_choice,
    "text": _parse_text,
    "field": _parse_text,
    "words": lambda _, value: str(value),
    "extent": _parse_extent,
}
KINDS = (
    "raster", "mosaic", "vector", "layer", "model", "file", *_PARSERS,
    "output_raster", "output_vector", "output_file", "output_folder",
)  # fmt: skip


def _refusal(param: Param, found: Any, expected: str) -> SpecError:
    return SpecError(f"{param.label}: found {found!r}, expected {expected}.", f"Correct {param.flag}.")
