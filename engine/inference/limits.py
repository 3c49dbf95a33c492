"""What bounds a run on this machine: each stage alone, the whole, and the share of the limit that the whole reaches.

On a CPU the stages share the cores, so the floor is the sum of their processor times over the cores; on a GPU it is the
slowest stage. The model's limit is its arithmetic at the rate that a large matrix product reaches here.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from engine.contract.events import Reporter
from models.model import Model

from .plan import Plan
from .predict import Band
from .race import real_tiles
from .ring import Ring, Source

_PEAK_SIDE = {"cpu": 2048, "cuda": 8192}
_PEAK_RUNS = 4
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Spent:
    """Wall and processor seconds of one stage over one whole raster."""

    wall: float
    cpu: float

    def mpx_per_s(self, pixels: int) -> float:
        """Return the speed over the pixels of the raster."""
        return pixels / 1e6 / max(self.wall, 1e-9)


def measure(act: Callable[[], object], repeats: int, scale: float = 1.0) -> Spent:
    """Return the medians of what `act` takes, times `scale`."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        act()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Spent(scale * statistics.median(walls), scale * statistics.median(cpus))


def decode(source: Source, plan: Plan, report: Reporter) -> None:
    """Decode every row of a raster and let go of it."""
    ring = Ring(source, plan, report.check)
    try:
        for row in plan.rows:
            ring.hold(row)
    finally:
        ring.close()


def model_alone(make_runner: Callable[[Plan], Callable], source: Source, plan: Plan, repeats: int) -> Spent:
    """Return what the model takes for all tiles, from one real batch that is computed again and again."""
    batch = next(iter(real_tiles(source, plan, 1)))
    runner = make_runner(plan)
    runner(batch)()
    return measure(lambda: runner(batch)(), max(3, repeats), plan.count / plan.batch)


def encode(bands: Iterable[Band], write: Callable[[Band], object]) -> None:
    """Write bands that are there already."""
    for band in bands:
        write(band)


def flop_per_px(model: Model, bands: int) -> float:
    """Return the floating point operations of the network for a pixel of a tile."""
    side = 8 * model.network.stride
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.network(torch.zeros(1, bands, side, side))
    return counter.get_total_flops() / side**2


def peak_flop_per_s(device: torch.device, precision: str) -> float:
    """Return the rate of a large matrix product on this machine."""
    side = _PEAK_SIDE[device.type]
    left = torch.randn(side, side, device=device).to(_DTYPES[precision])
    best = 0.0
    for _ in range(_PEAK_RUNS):
        started = time.perf_counter()
        left @ left
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = max(best, 2 * side**3 / (time.perf_counter() - started))
    return best


def floor_seconds(decoded: Spent, computed: Spent, encoded: Spent, device: torch.device) -> float:
    """Return the seconds below which no order of the stages brings the whole."""
    cores = os.cpu_count() or 1
    if device.type == "cuda":
        return max(computed.wall, (decoded.cpu + encoded.cpu) / cores, decoded.wall, encoded.wall)
    return (decoded.cpu + computed.cpu + encoded.cpu) / min(cores, max(torch.get_num_threads(), 1))
