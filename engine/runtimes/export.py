"""The one way out of PyTorch: an exported program of static shape, which OpenVINO takes as it is and ONNX is written from."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import torch
from numpy.typing import NDArray
from torch.export import ExportedProgram

from . import Make


def program(make: Make, example: NDArray) -> ExportedProgram:
    """Return the float32 graph for batches like `example`."""
    graph = make(torch.float32).eval()
    with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.export.export(graph, (torch.from_numpy(example),))


def onnx_bytes(make: Make, example: NDArray) -> bytes:
    """Return the same graph as an ONNX file."""
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = torch.onnx.export(program(make, example), dynamo=True, optimize=True, verbose=False)
    finally:
        quiet.setLevel(level)
    assert made is not None
    return made.model_proto.SerializeToString()


def write_onnx(make: Make, example: NDArray, path: Path) -> None:
    """Write the same graph as an ONNX file; the caller takes care of the name."""
    path.write_bytes(onnx_bytes(make, example))
