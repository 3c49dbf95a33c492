"""ONNX Runtime: for CPUs without OpenVINO, and for models that come as ONNX."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import torch
from numpy.typing import NDArray

from models import onnx_network

from . import Make, Result, Runner, export


def missing() -> str:
    """Return why ONNX Runtime cannot be used, or nothing."""
    absent = [n for n in ("onnxruntime", "onnx", "onnxscript") if not importlib.util.find_spec(n)]
    if not absent:
        return ""
    return f"ONNX Runtime needs {', '.join(absent)}; `pip install {' '.join(absent)}` in the engine's Python installs them."


def precisions(device: torch.device) -> tuple[str, ...]:
    """Return float32 on a CPU; nothing on a GPU, which is left to PyTorch."""
    return ("fp32",) if device.type == "cpu" else ()


def compile(make: Make, example: NDArray, precision: str, device: torch.device) -> Runner:
    """Return a runner; see the package."""
    return serve(export.onnx_bytes(make, example))


def serve(model: bytes | str) -> Runner:
    """Return a runner of an ONNX model with one input."""
    session = onnx_network.session(model, torch.get_num_threads())
    name = session.get_inputs()[0].name

    def run(batch: NDArray) -> Callable[[], Result]:
        results = tuple(session.run(None, {name: batch}))
        return lambda: results

    return run
