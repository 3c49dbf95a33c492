"""A STAC item with the Machine Learning Model extension: what the exported files are, take and give, for catalogues.

STAC 1.1, https://github.com/radiantearth/stac-spec; MLM 1.4.0, https://github.com/stac-extensions/mlm. The item has no
geometry: a model has no place.
"""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine import atomic
from engine.contract.catalogue import NETWORKS
from engine.contract.legend import LegendClass
from models.card import Card
from models.model import Model

from . import graph

EXTENSIONS = (
    "https://stac-extensions.github.io/mlm/v1.4.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
)
_GEOTIFF = "image/tiff; application=geotiff; profile=cloud-optimized"
_MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    ".onnx": ("onnx", {
        "title": "ONNX, with the metadata of Deepness", "type": "application/octet-stream; framework=onnx",
        "roles": ["mlm:model"], "mlm:artifact_type": "onnx", "mlm:framework": "ONNX",
    }),
    ".xml": ("openvino", {
        "title": "OpenVINO, graph", "type": "application/xml", "roles": ["mlm:model"],
        "mlm:artifact_type": "openvino.save_model", "mlm:framework": "OpenVINO",
    }),
    ".bin": ("openvino_weights", {
        "title": "OpenVINO, weights", "type": "application/octet-stream", "roles": ["mlm:weights"],
    }),
}  # fmt: skip
_EXAMPLE: dict[str, dict[str, Any]] = {
    "image": {"title": "Example, image", "roles": ["example"]},
    "classes": {"title": "Example, classes that the engine finds", "roles": ["example"]},
    "confidence": {"title": "Example, confidence of the engine in percent", "roles": ["example"]},
}


def write(path: Path, model: Model, tile_px: int, models: Sequence[Path], example: Mapping[str, Path]) -> None:
    """Write the item of a model; its assets are named relative to it.

    Args:
        path: where.
        model: the network and its card.
        tile_px: side of the tiles that the files take.
        models: the files of the model; the stem of the first is its name.
        example: image, classes and confidence.

    Raises:
        ResourceError: the disk is full.
    """
    described = {}
    for file in models:
        key, asset = _MODELS[file.suffix]
        described[key] = {**asset, "href": _href(file, path)}
    shown = {f"example_{key}": {**_EXAMPLE[key], "type": _GEOTIFF, "href": _href(file, path)} for key, file in example.items()}
    shown["example_image"]["bands"] = _bands(model.card)
    shown["example_classes"]["classification:classes"] = [_class(c.id, c) for c in model.card.legend]
    parameters = sum(p.numel() for p in model.network.parameters())
    made = item(
        model.card, models[0].stem, tile_px, parameters, {**described, **shown}, datetime.datetime.now(datetime.timezone.utc)
    )
    with atomic.output(path) as part:
        part.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def item(
    card: Card, name: str, tile_px: int, parameters: int, assets: dict[str, Any], made_at: datetime.datetime
) -> dict[str, Any]:
    """Return the item as plain values.

    Args:
        card: what the model says of itself.
        name: for people; letters of other alphabets are kept in the title only.
        tile_px: side of the tiles.
        parameters: number of weights.
        assets: by key, as STAC writes them.
        made_at: when, in UTC.
    """
    identifier = re.sub(r"[^a-zA-Z0-9_.-]+", "-", name).strip("-_.") or "model"
    identifier = identifier if identifier[0].isalpha() and len(identifier) > 2 else f"model-{identifier}"
    label = NETWORKS[card.network].label
    properties = {
        "title": name,
        "description": f"{label} for orthophotos; classes: {', '.join(card.legend.names)}.",
        "datetime": made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "bands": _bands(card),
        "mlm:name": identifier,
        "mlm:architecture": label,
        "mlm:tasks": ["semantic-segmentation"],
        "mlm:total_parameters": parameters,
        "mlm:input": [_input(card, tile_px)],
        "mlm:output": [_output(card, tile_px)],
    }
    if card.gsd_m is not None:
        properties["gsd"] = round(math.sqrt(card.gsd_m[0] * card.gsd_m[1]), 6)
    if card.licence:
        properties["license"] = card.licence if re.fullmatch(r"[\w.+-]+", card.licence) else "other"
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": list(EXTENSIONS),
        "id": identifier,
        "geometry": None,
        "properties": properties,
        "links": [],
        "assets": assets,
    }


def _input(card: Card, tile_px: int) -> dict[str, Any]:
    return {
        "name": graph.INPUT,
        "description": f"Tiles of stored {card.dtype} pixels, standardized band by band.",
        "bands": list(card.bands),
        "input": {
            "shape": [-1, len(card.bands), tile_px, tile_px],
            "dim_order": ["batch", "bands", "height", "width"],
            "data_type": "float32",
        },
        "value_scaling": [{"type": "z-score", "mean": offset, "stddev": scale} for offset, scale in card.scaling],
        "resize_type": None,
    }


def _output(card: Card, tile_px: int) -> dict[str, Any]:
    return {
        "name": graph.OUTPUT,
        "description": "Probability of each class; the largest is the class of a pixel.",
        "tasks": ["semantic-segmentation"],
        "result": {
            "shape": [-1, len(card.legend), tile_px, tile_px],
            "dim_order": ["batch", "class", "height", "width"],
            "data_type": "float32",
        },
        "classification:classes": [_class(channel, c) for channel, c in enumerate(card.legend)],
    }


def _bands(card: Card) -> list[dict[str, str]]:
    """Return the bands as STAC 1.1 writes them: MLM wants them in the properties, which STAC allows where an asset has them."""
    return [{"name": band, "data_type": card.dtype} for band in card.bands]


def _class(value: int, item: LegendClass) -> dict[str, Any]:
    name = re.sub(r"[^0-9A-Za-z_-]+", "-", item.name).strip("-") or f"class-{item.id}"
    return {"value": value, "name": name, "title": item.name, "description": item.name, "color_hint": item.color[1:]}


def _href(file: Path, item_path: Path) -> str:
    return f"./{file.relative_to(item_path.parent).as_posix()}"
