"""An ONNX file with Deepness metadata as a model: what it says of itself becomes a card.

Deepness divides pixels by 255, subtracts `standardization_mean` and divides by `standardization_std`; `resolution` is in
centimetres, `tiles_overlap` in percent of a tile. An output of one channel is a class where it reaches `seg_thresh` and
the background elsewhere; of several channels the likeliest wins, also below `seg_thresh`, where Deepness gives class 0.
Read without torch. https://qgis-plugin-deepness.readthedocs.io
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any

from engine.contract.errors import DataError, ModelError
from engine.contract.legend import MAX_CLASSES, Legend

from . import onnx_file
from .card import KEY, ONNX, Card

WIDEST_VALUE = 16 * 2**20
"""Characters of one entry of the metadata; longer ones are not looked at."""

USUAL_TILE_PX = 512
USUAL_OVERLAP_PERCENT = 25.0
LEAST_OVERLAP_PERCENT, MOST_OVERLAP_PERCENT = 10.0, 50.0
USUAL_THRESHOLD = 0.5
GSD_REACH = 1.25
"""Deepness resamples to one resolution; pixels so much smaller or larger are taken as they are."""

_PASSED = ("Transpose", "Reshape", "Squeeze", "Unsqueeze", "Identity", "Cast", "Slice", "Clip", "Resize", "Upsample")
_FLOAT = 1  # TensorProto.FLOAT
_DESCRIBE = (
    "Describe it as Deepness does: model = onnx.load(PATH), then for each of model_type ('\"Segmentor\"'), class_names "
    '(\'{"0": "background", "1": "building"}\') and resolution (in cm) model.metadata_props.add(key=..., value=...), '
    "and onnx.save(model, PATH)."
)


@dataclass(frozen=True)
class Deepness:
    """A file that segments.

    Args:
        card: the card made of its metadata.
        activation: `sigmoid` or `softmax` where the graph ends so, else `none`.
        is_binary: the output has one channel, the probability of the second class.
        threshold: probability from which on a pixel has the second class.
        tile: height and width of the only tile it takes; None where it takes any.
        batch: tiles of a batch; None where it takes any number.
        left_out: outputs after the first.
    """

    card: Card
    activation: str
    is_binary: bool
    threshold: float
    tile: tuple[int, int] | None
    batch: int | None
    left_out: tuple[str, ...]


def read(path: str, data: bytes) -> Deepness:
    """Return what a file is.

    Args:
        path: named in errors.
        data: the bytes of the file.

    Raises:
        ModelError: the file is damaged, needs other files or code, does not segment, or says too little of itself.
        ResourceError: the packages that read ONNX are not installed.
    """
    model = onnx_file.parse(path, data)
    graph = model.graph
    metadata = {onnx_file.text(p.key): onnx_file.text(p.value) for p in model.metadata_props if len(p.value) <= WIDEST_VALUE}
    _check_kind(path, metadata)
    initial = {i.name for i in graph.initializer}
    inputs = [i for i in graph.input if i.name not in initial]
    if len(inputs) != 1 or inputs[0].type.tensor_type.elem_type != _FLOAT:
        raise _refused(
            path, f"it takes {len(inputs)} inputs, or other numbers than 32-bit floats", "one input of 32-bit floats"
        )
    batch, bands, *tile = _shape(inputs[0]) if len(_shape(inputs[0])) == 4 else (0, 0, 0, 0)
    if not bands:
        raise _refused(path, "its input is not (N, bands, height, width)", "that, with a known number of bands")
    sizes = (tile[0], tile[1]) if all(tile) else None
    channels = _channels(path, graph.output[0], sizes)
    names = _class_names(path, metadata, len(graph.output))
    is_binary = channels == 1
    legend = _legend(path, names, channels)
    threshold = _number(path, metadata, "seg_thresh", USUAL_THRESHOLD, 0.0, 1.0)
    side = min(sizes) if sizes else int(_number(path, metadata, "tile_size", 0, 0, 8192))
    side = side or int(_number(path, metadata, "tiles_size", USUAL_TILE_PX, 32, 8192))
    overlap = _number(path, metadata, "tiles_overlap", USUAL_OVERLAP_PERCENT, 0.0, 100.0)
    shared_px = side * min(max(overlap, LEAST_OVERLAP_PERCENT), MOST_OVERLAP_PERCENT) / 100
    activation = _activation(graph)
    left_out = tuple(onnx_file.text(o.name) for o in graph.output[1:])
    producer = f"{onnx_file.text(model.producer_name)} {onnx_file.text(model.producer_version)}".strip()
    card = Card(
        network=ONNX,
        bands=("red", "green", "blue") if bands == 3 else tuple(f"band {i + 1}" for i in range(bands)),
        scaling=_scaling(path, metadata, bands),
        dtype="uint8",
        gsd_m=_gsd(path, metadata),
        legend=legend,
        halo_px=min(int(shared_px / 2), side // 4),
        tile_px=max(sizes) if sizes else side,
        grade="blended",
        training={
            "metadata": "Deepness", "producer": producer,
            "activation": activation,
            **({"threshold": threshold} if is_binary else {}), **({"left_out": list(left_out)} if left_out else {}),
        },
        hash=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
    card = _as_exported(path, metadata, card)
    return Deepness(card, activation, is_binary, threshold, sizes, batch or None, left_out)


def _check_kind(path: str, metadata: dict[str, str]) -> None:
    if "model_type" not in metadata:
        raise ModelError(f"{path}: the ONNX file does not say what it is; it has no Deepness metadata.", _DESCRIBE)
    kind = str(_value(path, metadata, "model_type")).capitalize()
    if kind != "Segmentor":
        raise ModelError(
            f"{path} is a model of type {kind}; Edgewise takes those of type Segmentor.",
            "Use it in Deepness, or choose a model that segments.",
        )


def _shape(value: Any) -> list[int]:
    """Return the sizes of an input or output, 0 where they are free."""
    return [d.dim_value if d.HasField("dim_value") else 0 for d in value.type.tensor_type.shape.dim]


def _channels(path: str, output: Any, tile: tuple[int, ...] | None) -> int:
    """Return the channels of an output (N, C, H, W), 1 for one of (N, H, W)."""
    shape = _shape(output)
    if len(shape) not in (3, 4) or (len(shape) == 4 and not shape[1]):
        raise _refused(
            path,
            f"its output {onnx_file.text(output.name)} has the shape {shape}",
            "(N, classes, height, width) or (N, height, width)",
        )
    if tile and all(shape[-2:]) and tuple(shape[-2:]) != tile:
        found = f"its output has {shape[-2]} x {shape[-1]} px for an input of {tile[0]} x {tile[1]}"
        raise _refused(path, found, "an output of the size of the input")
    return shape[1] if len(shape) == 4 else 1


def _class_names(path: str, metadata: dict[str, str], outputs: int) -> tuple[str, ...]:
    """Return the class names of the first output, in order; none where the file gives none."""
    key = next((k for k in ("class_names", "names") if k in metadata), "")
    if not key:
        return ()
    found = _value(path, metadata, key)
    tables = found if isinstance(found, list) else [found]
    try:
        table = {int(number): str(name) for number, name in tables[0].items()}
    except (AttributeError, IndexError, TypeError, ValueError):
        raise _refused(path, f"its {key} are {str(found)[:80]}", 'names by number, such as {"0": "background"}') from None
    if sorted(table) != list(range(len(table))) or len(tables) not in (1, outputs):
        raise _refused(path, f"its {key} are {str(found)[:80]}", "every number from 0 on, for each output")
    return tuple(table[i] for i in range(len(table)))


def _legend(path: str, names: tuple[str, ...], channels: int) -> Legend:
    """Return the classes; the first of a single channel is the background, which the file need not name."""
    classes = max(2, channels)
    if channels == 1 and len(names) == 1:
        names = ("background", *names)
    if names and len(names) != classes:
        raise _refused(path, f"it names {len(names)} classes ({', '.join(names)[:80]})", f"the {classes} that its output has")
    if classes > MAX_CLASSES:
        raise _refused(path, f"it has {classes} classes", f"at most {MAX_CLASSES}")
    try:
        return Legend.from_names(names or ("background", *(f"class {i}" for i in range(1, classes))))
    except DataError as error:
        raise ModelError(f"{path}: {error.text}", _DESCRIBE) from None


def _scaling(path: str, metadata: dict[str, str], bands: int) -> tuple[tuple[float, float], ...]:
    """Return offset and scale of each band for stored values of 0 to 255."""
    usual: tuple[Any, Any] = ([0.0] * bands, [1.0] * bands)
    keys = ("standardization_mean", "standardization_std")
    mean, std = (_value(path, metadata, key) for key in keys) if all(key in metadata for key in keys) else usual
    try:
        pairs = tuple((255.0 * float(m), 255.0 * float(s)) for m, s in zip(mean, std, strict=True))
    except (TypeError, ValueError):
        pairs = ()
    if len(pairs) != bands or not all(math.isfinite(m) and 0 < s < math.inf for m, s in pairs):
        raise _refused(path, f"it standardizes by {mean} and {std}", f"{bands} means and {bands} deviations above 0")
    return pairs


def _gsd(path: str, metadata: dict[str, str]) -> tuple[float, float] | None:
    resolution_cm = _number(path, metadata, "resolution", 0.0, 0.0, 1e6)
    return (resolution_cm / 100 / GSD_REACH, resolution_cm / 100 * GSD_REACH) if resolution_cm else None


def _as_exported(path: str, metadata: dict[str, str], card: Card) -> Card:
    """Return the card with what that of the exported model tells better; `export` writes it beside Deepness's keys."""
    if KEY not in metadata:
        return card
    told = Card.from_json(_value(path, metadata, KEY))
    if (len(told.bands), len(told.legend)) != (len(card.bands), len(card.legend)):
        raise _refused(path, "its Edgewise card has other bands or classes than its network", "the card of this network")
    training = {**card.training, "exported_from": told.network, "inputs": told.training.get("inputs", {})}
    return dataclasses.replace(
        card, bands=told.bands, scaling=told.scaling, dtype=told.dtype, gsd_m=told.gsd_m, legend=told.legend,
        training=training, licence=told.licence, edgewise=told.edgewise,
    )  # fmt: skip


def _activation(graph: Any) -> str:
    """Return what the graph ends in, behind what only moves numbers."""
    made_by = {name: node for node in graph.node for name in node.output}
    name = graph.output[0].name
    for _ in graph.node:
        node = made_by.get(name)
        if node is None or node.op_type not in _PASSED:
            break
        name = node.input[0]
    return {"Sigmoid": "sigmoid", "Softmax": "softmax"}.get(getattr(made_by.get(name), "op_type", ""), "none")


def _number(path: str, metadata: dict[str, str], key: str, usual: float, low: float, high: float) -> float:
    if key not in metadata:
        return usual
    found = _value(path, metadata, key)
    try:
        number = float(found)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number <= high:
        raise _refused(path, f"its {key} is {str(found)[:80]}", f"a number from {low:g} to {high:g}")
    return number


def _value(path: str, metadata: dict[str, str], key: str) -> Any:
    """Return an entry: JSON, as Deepness writes, or a Python literal, as other programs do, or plain text."""
    text = metadata[key]
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    if text.isidentifier():
        return text
    raise _refused(path, f"its {key} is {text[:80]!r}", "JSON")


def _refused(path: str, found: str, expected: str) -> ModelError:
    return ModelError(
        f"{path} cannot be run as it is: {found}; expected {expected}.", "Export the model again so that it fits."
    )
