"""Where to compute, and in which number format training gains by it."""

from __future__ import annotations

import platform

import torch

from engine.contract.errors import ResourceError


def resolve(name: str = "auto") -> torch.device:
    """Return the device for `auto`, `cpu` or `cuda`; `auto` is the GPU where there is one.

    Raises:
        ResourceError: `cuda` was asked for and this machine, or this build of PyTorch, has none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise ResourceError("Device: no GPU that PyTorch can use was found.", "Choose --device cpu or --device auto.")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """Return the device in words: `CPU, 8 threads, bfloat16` or the name of the GPU and its memory."""
    if device.type == "cuda":
        gpu = torch.cuda.get_device_properties(device)
        return f"GPU, {gpu.name}, {gpu.total_memory / 2**30:.0f} GiB"
    name = platform.processor() or platform.machine()
    number_format = ", bfloat16" if autocast_dtype(device) else ""
    return f"CPU, {name}, {torch.get_num_threads()} threads{number_format}"


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Return bfloat16 where the device computes it natively, else None: everything stays float32.

    float16 is never chosen: it would need loss scaling, and every GPU since 2020 has bfloat16.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else None
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    native = any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16", "arm_bf16"))
    return torch.bfloat16 if device.type == "cpu" and native else None
