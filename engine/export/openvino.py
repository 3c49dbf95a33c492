"""OpenVINO's intermediate representation: an .xml with the graph and a .bin with its float32 weights."""

from __future__ import annotations

import json
from pathlib import Path

from numpy.typing import NDArray

from engine import atomic
from engine.runtimes import openvino as runtime
from models import checkpoint

from . import graph
from .graph import Traced


def missing() -> str:
    """Return why the format cannot be written and tried here, or nothing."""
    return runtime.missing()


def write(traced: Traced, stem: Path) -> tuple[Path, ...]:
    """Write `stem.xml` and `stem.bin`, the card in the runtime information of the former.

    Raises:
        DataError: the folder is missing or cannot be written.
        ResourceError: the disk is full.
    """
    import openvino

    made = openvino.convert_model(traced.program)
    made.inputs[0].get_tensor().set_names({graph.INPUT})
    made.outputs[0].get_tensor().set_names({graph.OUTPUT})
    made.set_rt_info(json.dumps(traced.model.card.to_json()), [checkpoint.CARD_KEY])
    path, weights = (stem.with_name(f"{stem.name}.{suffix}") for suffix in ("xml", "bin"))
    with atomic.output(path) as part, atomic.output(weights):
        openvino.save_model(made, part, compress_to_fp16=False)  # the weights go beside it, to the part of their own name
    return path, weights


def probabilities(path: Path, images: NDArray) -> NDArray:
    """Return what a written file says of standardized images: (N, C, H, W)."""
    return runtime.serve(str(path), "fp32")(images)()[0]
