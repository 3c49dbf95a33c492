"""ONNX with the metadata that Deepness reads, so that its dialog is filled in and its labels are ours.

Deepness divides pixels by 255, subtracts a mean and divides by a standard deviation, and takes the largest of the
probabilities. Its keys: https://qgis-plugin-deepness.readthedocs.io/en/latest/creators/creators_add_metadata_to_model.html
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from numpy.typing import NDArray

from engine import atomic
from engine.runtimes import export, onnxruntime
from models import checkpoint
from models.card import Card

from . import graph
from .graph import Traced

_DIVISOR = 255.0
"""By which Deepness divides pixels of every type before it standardizes them."""


def missing() -> str:
    """Return why the format cannot be written and tried here, or nothing."""
    return onnxruntime.missing()


def write(traced: Traced, stem: Path) -> tuple[Path, ...]:
    """Write `stem.onnx`.

    Raises:
        DataError: the folder is missing or cannot be written.
        ResourceError: the disk is full.
    """
    import onnx

    path = stem.with_name(f"{stem.name}.onnx")
    made = export.onnx_model(traced.program, (graph.INPUT,), (graph.OUTPUT,))
    onnx.helper.set_model_props(made, metadata(traced.model.card, traced.tile_px, traced.model.network.stride))
    with atomic.output(path) as part:
        part.write_bytes(made.SerializeToString())
    return (path,)


def probabilities(path: Path, images: NDArray) -> NDArray:
    """Return what a written file says of standardized images: (N, C, H, W)."""
    return onnxruntime.serve(str(path))(images)()[0]


def metadata(card: Card, tile_px: int, stride: int) -> dict[str, str]:
    """Return the keys of Deepness, each value as JSON, and the whole card under the key of model files.

    Class names count the channels from 0, as Deepness demands; the ids of the legend are in the card. Small areas stay and
    no probability is too low, so that Deepness shows the labels as they are. A model without pixel size has no resolution.
    """
    values = {
        "model_type": "Segmentor",
        "class_names": {str(channel): c.name for channel, c in enumerate(card.legend)},
        "tile_size": tile_px,  # the key that Deepness reads
        "tiles_size": tile_px,  # the key that it documents
        "tiles_overlap": overlap_percent(tile_px, card.halo_px, stride),
        "standardization_mean": [offset / _DIVISOR for offset, _ in card.scaling],
        "standardization_std": [scale / _DIVISOR for _, scale in card.scaling],
        "seg_thresh": 0.0,
        "seg_small_segment": 0,
        checkpoint.CARD_KEY: card.to_json(),
    }
    if card.gsd_m is not None:
        values["resolution"] = round(100 * math.sqrt(card.gsd_m[0] * card.gsd_m[1]), 4)  # cm
    return {key: json.dumps(value) for key, value in values.items()}


def overlap_percent(tile_px: int, halo_px: int, stride: int) -> int:
    """Return by how many percent tiles overlap, so that half of it is at least the margin of the model.

    The least whole percentage with which tiles start at multiples of the stride, as in one pass over all; where there is
    none below 90, the least whose half covers the margin.
    """
    least = math.ceil(200 * halo_px / tile_px)
    aligned = (p for p in range(least, 90) if tile_px * p % (100 * stride) == 0)
    return next(aligned, least)
