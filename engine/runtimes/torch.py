"""PyTorch itself: eager on the CPU; on a GPU one CUDA graph, with copies that overlap the computing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from . import Make, Result, Runner

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

_SLOTS = 2
_WARM_UP_RUNS = 3


def missing() -> str:
    """Return nothing: PyTorch is always there."""
    return ""


def precisions(device: torch.device) -> tuple[str, ...]:
    """Return what the device computes natively."""
    if device.type == "cuda":
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return ("fp32", "bf16", "fp16") if has_bf16 else ("fp32", "fp16")
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return ("fp32", "bf16") if any(capabilities.get(n) for n in ("amx_bf16", "avx512_bf16", "arm_bf16")) else ("fp32",)


def compile(make: Make, example: NDArray, precision: str, device: torch.device) -> Runner:
    """Return a runner; see the package."""
    graph = make(DTYPES[precision]).eval().to(device, memory_format=torch.channels_last)
    graph.network.to(DTYPES[precision])
    return _on_gpu(graph, example, device) if device.type == "cuda" else _on_cpu(graph)


def _on_cpu(graph: nn.Module) -> Runner:
    def run(batch: NDArray) -> Callable[[], Result]:
        with torch.inference_mode():
            results = tuple(r.numpy() for r in graph(torch.from_numpy(batch)))
        return lambda: results

    return run


def _on_gpu(graph: nn.Module, example: NDArray, device: torch.device) -> Runner:
    """Return a runner with two slots in turn: while one is computed, the other is copied in or out."""
    slots = [_Slot(graph, example, device) for _ in range(_SLOTS)]
    turn = 0

    def run(batch: NDArray) -> Callable[[], Result]:
        nonlocal turn
        slot = slots[turn % _SLOTS]
        turn += 1
        return slot.run(batch)

    return run


class _Slot:
    """One batch on its way: pinned host memory, device memory and the captured graph between them."""

    def __init__(self, graph: nn.Module, example: NDArray, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device)
        self._host_in = torch.from_numpy(np.zeros_like(example)).pin_memory()
        self._device_in = self._host_in.to(device)
        with torch.inference_mode(), torch.cuda.stream(self._stream), _fp32_in_full():
            for _ in range(_WARM_UP_RUNS):
                graph(self._device_in)
            self._stream.synchronize()
            self._captured = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._captured, stream=self._stream):
                self._device_out: tuple[Tensor, ...] = graph(self._device_in)
            self._host_out = tuple(torch.empty(o.shape, dtype=o.dtype, pin_memory=True) for o in self._device_out)
        self._done = torch.cuda.Event()
        self._read = True

    def run(self, batch: NDArray) -> Callable[[], Result]:
        assert self._read, "the results of a slot are read before it is used again"
        self._read = False
        self._host_in.numpy()[...] = batch
        with torch.cuda.stream(self._stream):
            self._device_in.copy_(self._host_in, non_blocking=True)
            self._captured.replay()
            for host, on_device in zip(self._host_out, self._device_out, strict=True):
                host.copy_(on_device, non_blocking=True)
            self._done.record(self._stream)
        return self._result

    def _result(self) -> Result:
        self._done.synchronize()
        self._read = True
        return tuple(h.numpy().copy() for h in self._host_out)


@contextlib.contextmanager
def _fp32_in_full() -> Iterator[None]:
    """Compute float32 convolutions as float32, not as TF32: `fp32` is a promise."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
