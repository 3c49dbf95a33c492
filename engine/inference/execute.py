"""From a model to a runner on this machine: which runtime, which number format, which tile."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from engine.contract.catalogue import RUNTIMES
from engine.runtimes import Runner
from models.model import Model

from .plan import Plan
from .ring import Source, stored_dtype

ONNX_BYTES_PER_PX = 2000.0
"""About what a U-Net on ResNet-50 takes in 32 bits."""


def runner_maker(
    model: Model,
    graph: Callable[..., torch.nn.Module],
    source: Source,
    device: torch.device,
    *,
    runtime: str = "torch",
    precision: str = "fp32",
    **options: str,
) -> Callable[[Plan], Runner]:
    """Return a function that compiles a graph for the one shape of a plan.

    Args:
        model: left as it is; the runtime works on a copy.
        graph: `Labels` or `Probabilities`.
        source: gives bands and stored type.
        device: where to compute.
        runtime: a word of `catalogue.RUNTIMES`.
        precision: `fp32`, `bf16` or `fp16`.
        options: more arguments of the graph, such as `views`.
    """
    if model.is_onnx:  # ONNX Runtime runs it inside the graph, which PyTorch runs on the CPU
        runtime, device = "torch", torch.device("cpu")

    def make(dtype: torch.dtype) -> torch.nn.Module:
        return graph(Model(copy.deepcopy(model.network).eval(), model.card), dtype, **options)

    def compiled(plan: Plan) -> Runner:
        shape = (plan.batch, source.count + 1, plan.tile_height, plan.tile_width)
        example = np.zeros(shape, stored_dtype(source.dtype))
        return importlib.import_module(RUNTIMES[runtime].module).compile(make, example, precision, device)

    return compiled


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of a runtime says that memory is full."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        words in text for words in ("can't allocate memory", "not enough memory", "bad_alloc", "out of memory")
    )


def network_bytes_per_px(model: Model, bands: int, item_bytes: int = 4) -> float:
    """Return an estimate of the bytes that the network holds for one pixel of a tile at its peak.

    Counted on shapes alone: the features that a decoder keeps, and the largest layer with its input and a working copy. An
    ONNX file does not say; it is taken for a large one.
    """
    if model.is_onnx:
        return ONNX_BYTES_PER_PX
    largest = 0

    def see(_: torch.nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        nonlocal largest
        seen = [t for t in (*inputs, output) if isinstance(t, torch.Tensor)]
        largest = max(largest, sum(t.numel() for t in seen))

    side = 4 * model.network.stride
    network = copy.deepcopy(model.network).to("meta")
    for module in network.modules():
        if not list(module.children()):
            module.register_forward_hook(see)
    with torch.inference_mode():
        outputs = network(torch.empty(1, bands, side, side, device="meta"))
    kept = sum(f.numel() for f in outputs.features.values())
    return item_bytes * (2 * largest + kept + 3 * outputs.logits.numel()) / side**2
