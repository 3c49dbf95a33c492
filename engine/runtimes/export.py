"""The one way out of PyTorch: an exported program, which OpenVINO takes as it is and ONNX is written from.

Its shape is static, except for the number of images where that is asked for.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch.export import Dim, ExportedProgram

from . import Make


def program(make: Make, example: NDArray, *, any_number: bool = False) -> ExportedProgram:
    """Return the float32 graph for batches like `example`, or with `any_number` for any number of such images."""
    graph = make(torch.float32).eval()
    shapes = ({0: Dim("batch")},) if any_number else None
    with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.export.export(graph, (torch.from_numpy(example),), dynamic_shapes=shapes)


def onnx_bytes(make: Make, example: NDArray) -> bytes:
    """Return the same graph as an ONNX file."""
    return onnx_model(program(make, example)).SerializeToString()


def onnx_model(graph: ExportedProgram, inputs: Sequence[str] = (), outputs: Sequence[str] = ()) -> Any:
    """Return a graph as an `onnx.ModelProto`, its inputs and outputs named as given."""
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = torch.onnx.export(
                graph, dynamo=True, optimize=True, verbose=False, input_names=inputs or None, output_names=outputs or None
            )
    finally:
        quiet.setLevel(level)
    assert made is not None
    return made.model_proto
