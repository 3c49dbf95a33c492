"""OpenVINO: the fastest way to run a student on most CPUs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from . import Make, Result, Runner, export
from . import torch as pytorch

_HINTS = {"fp32": "f32", "bf16": "bf16"}


def missing() -> str:
    """Return why OpenVINO cannot be used, or nothing."""
    found = importlib.util.find_spec("openvino")
    return "" if found else "OpenVINO is not installed; `pip install openvino` in the engine's Python installs it."


def precisions(device: torch.device) -> tuple[str, ...]:
    """Return what the device computes natively; nothing on a GPU, which is left to PyTorch."""
    return tuple(p for p in pytorch.precisions(device) if p in _HINTS) if device.type == "cpu" else ()


def compile(make: Make, example: NDArray, precision: str, device: torch.device) -> Runner:
    """Return a runner; see the package."""
    import openvino

    graph = openvino.convert_model(export.program(make, example))
    return serve(graph, precision)


def serve(graph: Any, precision: str) -> Runner:
    """Return a runner of an OpenVINO graph; one stream takes all threads, for one tile at a time is what memory allows."""
    import openvino

    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": str(torch.get_num_threads()),
    }
    request = openvino.Core().compile_model(graph, "CPU", config).create_infer_request()

    def run(batch: NDArray) -> Callable[[], Result]:
        results = request.infer([batch], share_inputs=True)
        copied = tuple(np.array(r) for r in results.values())
        return lambda: copied

    return run
