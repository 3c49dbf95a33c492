"""Which tile fits this machine, and how much memory a run will take at most; both are said before it starts."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import torch

from engine.contract.errors import SpecError
from models.model import Model

from .blend import cut_overlapping
from .execute import network_bytes_per_px
from .plan import Plan, cut_raster
from .ring import Source, stored_dtype, strip_px

CPU_CORES_PX = (1024, 960, 896, 832, 768, 640, 512, 384, 256)
GPU_CORES_PX = (2048, 1536, 1024, 768, 512, 256)
GPU_BATCH_PX = 24_000_000
"""Pixels computed at once on a GPU; more gains nothing."""

LIGHT_PARAMETERS = 10_000_000
LIGHT_NETWORK_BYTES = 900 << 20
HEAVY_NETWORK_BYTES = 2 << 30
"""What the network may hold on a CPU: a light student stays below 1.5 GB in all; the others pay more for a margin, and
get larger tiles."""

MEMORY_SHARE = 0.5
LIBRARIES_BYTES = 1 << 30
"""What Python, PyTorch and the model hold before a run, where the system does not say."""

RUNTIME_BYTES = 256 << 20
"""What a runtime takes beside the network's own numbers: its code, its copy of the weights (measured 2026-11: 150 MB)."""


def choose(
    model: Model, source: Source, device: torch.device, *, halo_px: int, tile: int = 0, batch: int = 0, is_blended: bool = False
) -> Plan:
    """Return the plan for a raster on a device: the largest tile that the memory holds, unless one is asked for.

    Args:
        model: its network sets the stride and the memory of a pixel.
        source: the raster.
        device: where it will run.
        halo_px: margin around each core; with blending half of what neighbouring tiles share.
        tile: side of a tile with its halo, in pixels; 0 chooses.
        batch: tiles at once; 0 chooses.
        is_blended: tiles are blended where they overlap.

    Raises:
        SpecError: the network takes tiles of one size only, and another one is asked for.
    """
    if is_blended:
        return _choose_blended(model, source, device, halo_px, tile, batch)
    stride = model.network.stride
    height, width = source.geobox.height, source.geobox.width
    on_gpu = device.type == "cuda"
    halo = -(-halo_px // stride) * stride
    asked = (max(stride, (tile - 2 * halo) // stride * stride),)
    cores = asked if tile else GPU_CORES_PX if on_gpu else CPU_CORES_PX
    allowed = memory_for_network(device, model)
    bytes_per_px = network_bytes_per_px(model, source.count)
    for core in cores:
        plan = cut_raster(height, width, core=core, halo=halo, stride=stride)
        tile_px = plan.tile_height * plan.tile_width
        if tile_px * bytes_per_px <= allowed or core == cores[-1]:
            break
    return replace(plan, batch=_batch(plan, batch, allowed / bytes_per_px, on_gpu))


def _choose_blended(model: Model, source: Source, device: torch.device, halo_px: int, tile: int, batch: int) -> Plan:
    """Return the plan with the tile of the card, or a smaller one where the memory does not hold it."""
    stride, fixed = model.network.stride, model.fixed_tile
    if fixed and tile not in (0, max(fixed)):
        raise SpecError(
            f"Tile size: found {tile}, expected {max(fixed)}: this model takes tiles of {fixed[0]} x {fixed[1]} px only.",
            "Leave --tile away.",
        )
    allowed = memory_for_network(device, model)
    bytes_per_px = network_bytes_per_px(model, source.count)
    largest = tile or model.card.tile_px
    sides = (largest,) if tile else (largest, *(largest * part // 4 for part in (3, 2, 1)))
    for side in sides:
        rounded = max(2 * stride, side // stride * stride)
        if rounded**2 * bytes_per_px <= allowed or side == sides[-1]:
            break
    shape = fixed or (rounded, rounded)
    overlap_px = 2 * min(halo_px, min(shape) // 4)
    plan = cut_overlapping(
        source.geobox.height, source.geobox.width, tile=shape, overlap_px=overlap_px, stride=stride, is_fixed=bool(fixed)
    )
    return replace(plan, batch=_batch(plan, batch, allowed / bytes_per_px, device.type == "cuda"))


def _batch(plan: Plan, asked: int, allowed_px: float, on_gpu: bool) -> int:
    """Return how many tiles are computed at once: what is asked for, else what a GPU holds; on a CPU one."""
    tile_px = plan.tile_height * plan.tile_width
    at_once = asked or (max(1, min(int(allowed_px), GPU_BATCH_PX) // tile_px) if on_gpu else 1)
    return min(at_once, plan.count)


def memory_for_network(device: torch.device, model: Model) -> int:
    """Return the bytes that a network may hold on the device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] * MEMORY_SHARE)
    is_light = sum(p.numel() for p in model.network.parameters()) <= LIGHT_PARAMETERS
    return min(LIGHT_NETWORK_BYTES if is_light else HEAVY_NETWORK_BYTES, int(available_bytes() * MEMORY_SHARE))


def available_bytes() -> int:
    """Return the memory that is free on this machine; 4 GiB where the system does not say."""
    if told := _told("/proc/meminfo", "MemAvailable:"):
        return told
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 4 << 30


def resident_bytes() -> int:
    """Return the memory that this process holds now; LIBRARIES_BYTES where the system does not say."""
    return _told("/proc/self/status", "VmRSS:") or LIBRARIES_BYTES


def _told(file: str, name: str) -> int:
    """Return what Linux says under a name, in bytes; 0 where there is no such file."""
    try:
        lines = Path(file).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(name)), 0)


def bound_bytes(plan: Plan, model: Model, source: Source, device: torch.device, *, with_probabilities: bool = False) -> int:
    """Return the bound on the memory of the machine that a run takes, libraries included."""
    network = 0.0 if device.type == "cuda" else network_bytes_per_px(model, source.count)
    item_bytes = stored_dtype(source.dtype).itemsize
    classes = len(model.card.legend)
    return (
        resident_bytes()
        + RUNTIME_BYTES
        + plan.memory_bytes(
            source.count, item_bytes, strip_px(source), network, classes=classes, planes=2 + classes * with_probabilities
        )
    )


def describe(plan: Plan, bytes_at_most: int) -> str:
    """Return the plan as a sentence for people."""
    edge = f"blended over {2 * plan.halo} px or more" if plan.is_blended else f"with a halo of {plan.halo} px"
    return (
        f"{plan.count} tiles of {plan.tile_height} x {plan.tile_width} px {edge}, {plan.batch} at once; "
        f"{plan.waste:.2f} px computed for each px of the raster; at most {bytes_at_most / 2**30:.2f} GiB of memory."
    )
