"""Which runtime and number format labels fastest here is measured on real tiles, and their labels are compared.

The reference is PyTorch in float32, or a runtime in float32 of which the model's card says that its labels are the same. A run
too short to earn the race back is not raced.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engine.contract.catalogue import RUNTIMES
from engine.contract.errors import ResourceError, SpecError
from engine.contract.events import Reporter
from engine.geo.tiles import Window
from engine.runtimes import Result, Runner
from models.model import Model

from . import remembered
from .plan import Plan
from .ring import Source, stored_dtype

RACE_WORTH_SECONDS = 30.0
RACE_WORTH_TILES = 8
RACE_WORTH_MPX = 1000.0
"""Compiling and timing every candidate takes about so long: a run that is shorter than this in PyTorch is not raced, nor one
of fewer computed pixels where the card says whose labels agree."""

USUALLY_FASTEST = (("openvino", "bf16"), ("openvino", "fp32"), ("onnxruntime", "fp32"))
"""What wins nearly every race on a CPU; compiling it takes some 3 s, which 8 tiles earn back."""

LARGEST_DISAGREEMENT = {"fp32": 1e-4, "bf16": 1e-2, "fp16": 1e-2}
"""Share of pixels whose label may differ from PyTorch in float32; a candidate above it is out."""

REAL_TILES = 2
Maker = Callable[[Plan], Runner]
_HOPELESS = 1.5
_BUSY = 1.5


@dataclass(frozen=True)
class Choice:
    """The way a model is run.

    Args:
        runtime: word of the catalogue.
        precision: `fp32`, `bf16` or `fp16`.
        mpx_per_s: pixels of tiles computed in a second; 0 where it was not measured.
        disagreement: share of pixels with another label than PyTorch in float32; None where it was not measured.
    """

    runtime: str
    precision: str
    mpx_per_s: float = 0.0
    disagreement: float | None = None

    def describe(self) -> str:
        """Return the choice as a sentence for people."""
        text = f"{RUNTIMES[self.runtime].label}, {self.precision}"
        if self.mpx_per_s:
            text += f", {self.mpx_per_s:.2f} Mpx/s"
        if self.disagreement:
            text += f"; {100 * self.disagreement:.3f} % of labels differ from those in fp32"
        return text + "."


def candidates(runtime: str, precision: str, device: torch.device) -> list[Choice]:
    """Return the ways that the request and this machine leave; PyTorch in float32 first where it is among them.

    Raises:
        SpecError: the runtime does not compute in that format on this device.
        ResourceError: the runtime is not installed.
    """
    names = list(RUNTIMES) if runtime == "auto" else [runtime]
    found = []
    for name in names:
        module = importlib.import_module(RUNTIMES[name].module)
        if why := module.missing():
            if runtime != "auto":
                raise ResourceError(f"Runtime: {why}", "Or use --runtime auto.")
            continue
        offered = module.precisions(device)
        found += [Choice(name, p) for p in offered if precision in ("auto", p)]
    if not found:
        label = "No runtime" if runtime == "auto" else RUNTIMES[runtime].label
        raise SpecError(f"Precision: {label} computes {precision} on this {device.type}.", "Use --precision auto.")
    return found


def choose(
    model: Model, source: Source, plan: Plan, device: torch.device, report: Reporter,
    make_runner: Callable[[Choice], Maker], *, runtime: str, precision: str, key: str = "",
) -> Choice:  # fmt: skip
    """Return the fastest way to run a model here whose labels agree.

    Args:
        model: its hash is the key under which the result is remembered.
        source: real tiles are read from it.
        plan: the shape of the tiles.
        device: where to compute.
        report: told what is tried.
        make_runner: compiles the labelling graph for a choice.
        runtime: a word of the catalogue, or `auto`.
        precision: `fp32`, `bf16`, `fp16` or `auto`.
        key: what else the result depends on.

    Raises:
        SpecError: the runtime does not compute in that format on this device.
        ResourceError: the runtime is not installed.
    """
    if model.is_onnx:
        return _of_onnx(runtime, precision)
    field = candidates(runtime, precision, device)
    if len(field) == 1:
        return field[0]
    keys = (model.card.hash, remembered.machine(device), runtime, precision, key)
    if (known := remembered.recall("race", *keys)) and Choice(**known).runtime in RUNTIMES:
        return Choice(**known)
    first = field[0] if "fp32" not in {c.precision for c in field} else next(c for c in field if c.precision == "fp32")
    if plan.count < RACE_WORTH_TILES:
        return first
    likely = _likely(model, field)
    if likely and plan.computed_px < 1e6 * RACE_WORTH_MPX:
        return likely
    tiles = list(real_tiles(source, plan, REAL_TILES))
    if not tiles:
        return likely or first
    plain = _likely(model, [c for c in field if c.precision == "fp32"]) or Choice("torch", "fp32")
    runner = make_runner(plain)(plan)
    if _timed(runner, tiles[:1])[1] * plan.count / plan.batch < RACE_WORTH_SECONDS:
        return likely or first
    timed = _timed(runner, tiles)
    del runner
    _give_memory_back()
    if plain.runtime != "torch":  # it is slower, and would hold more memory than the run
        field = [c for c in field if c.runtime != "torch"]
    report.message(f"Trying {len(field)} ways to run this model on this machine; this is done once.")
    won = _race(field, plain, timed, tiles, plan, report, make_runner)
    remembered.remember(asdict(won), "race", *keys)
    return won


def _likely(model: Model, field: list[Choice]) -> Choice | None:
    """Return what is usually fastest of the ways whose labels agree by the model's card; None where the card does not say."""
    measured = model.card.measured.get("runtimes", {})
    for runtime, precision in USUALLY_FASTEST:
        share = measured.get(f"{runtime} {precision}", 1.0)
        if Choice(runtime, precision) in field and share <= LARGEST_DISAGREEMENT[precision]:
            return Choice(runtime, precision, disagreement=share)
    return None


def _of_onnx(runtime: str, precision: str) -> Choice:
    """Return the only way to run an ONNX file."""
    if runtime not in ("auto", "onnxruntime") or precision not in ("auto", "fp32"):
        raise SpecError(
            f"Runtime: found {runtime}, {precision}; an ONNX file is run by ONNX Runtime in 32 bits.",
            "Use --runtime auto --precision auto.",
        )
    return Choice("onnxruntime", "fp32")


def real_tiles(source: Source, plan: Plan, count: int) -> Iterator[NDArray]:
    """Yield batches cut from the middle of the raster outward, with valid pixels; fewer where there are not so many."""
    spans = [(row, col) for row in plan.rows for col in plan.cols]
    middle = len(spans) // 2
    order = sorted(range(len(spans)), key=lambda i: abs(i - middle))
    for index in order[: 4 * count]:
        row, col = spans[index]
        frame = Window(0, 0, plan.height, plan.width)
        window = Window(row.start, col.start, plan.tile_height, plan.tile_width).clip(frame)
        data, valid = source.read(window)
        if not valid.any():
            continue
        batch = np.zeros((plan.batch, source.count + 1, plan.tile_height, plan.tile_width), stored_dtype(source.dtype))
        batch[:, :-1, : window.height, : window.width] = data
        batch[:, -1, : window.height, : window.width] = valid
        yield batch
        count -= 1
        if not count:
            return


def disagreements(
    source: Source, plan: Plan, device: torch.device, report: Reporter, make_runner: Callable[[Choice], Maker]
) -> dict[str, float]:
    """Return such as `openvino bf16` -> share of labels of one real tile that differ from PyTorch in float32.

    Empty where the raster has no valid pixel there; ways that do not run the model are left out, and the user is told.
    """
    tiles = list(real_tiles(source, plan, 1))
    if not tiles:
        return {}
    reference = [make_runner(Choice("torch", "fp32"))(plan)(tiles[0])()]
    found = {}
    for way in candidates("auto", "auto", device):
        if (way.runtime, way.precision) == ("torch", "fp32"):
            continue
        report.check()
        try:
            results = [make_runner(way)(plan)(tiles[0])()]
        except Exception as error:
            report.message(_does_not_run(way, error))
            continue
        found[f"{way.runtime} {way.precision}"] = disagreement(results, reference, tiles)
    return found


def _does_not_run(way: Choice, error: Exception) -> str:
    return f"{RUNTIMES[way.runtime].label}, {way.precision} does not run this model: {error}."


def disagreement(results: list[Result], reference: list[Result], tiles: list[NDArray]) -> float:
    """Return the share of valid pixels whose label differs."""
    differ = [(a[0] != b[0])[t[:, -1] != 0] for a, b, t in zip(results, reference, tiles, strict=True)]
    return float(np.concatenate(differ).mean())


def _race(
    field: list[Choice], plain: Choice, timed: tuple[list[Result], float], tiles: list[NDArray], plan: Plan, report: Reporter,
    make_runner: Callable[[Choice], Maker],
) -> Choice:  # fmt: skip
    tile_mpx = plan.batch * plan.tile_height * plan.tile_width / 1e6
    best: Choice | None = None
    for entrant in field:
        report.check()
        try:
            if (entrant.runtime, entrant.precision) == (plain.runtime, plain.precision):
                results, taken = timed
            else:
                results, taken = _timed(make_runner(entrant)(plan), tiles, best.mpx_per_s / tile_mpx if best else 0.0)
        except Exception as error:
            report.message(_does_not_run(entrant, error))
            continue
        _give_memory_back()
        tried = Choice(entrant.runtime, entrant.precision, tile_mpx / taken, disagreement(results, timed[0], tiles))
        agrees = (tried.disagreement or 0.0) <= LARGEST_DISAGREEMENT[tried.precision]
        report.message(f"Tried {tried.describe()}" + ("" if agrees else " Left out: its labels differ too much."))
        if agrees and (best is None or tried.mpx_per_s > best.mpx_per_s):
            best = tried
    return best or field[0]


def _timed(runner: Runner, tiles: list[NDArray], to_beat: float = 0.0) -> tuple[list[Result], float]:
    """Return the results of the tiles and the seconds of the fastest; one tile warms up, and is all a hopeless way gets."""
    clock = _clock()
    started = clock()
    results, times = [runner(tiles[0])()], []
    if to_beat and clock() - started > 2 * _HOPELESS / to_beat + 1.0:
        times.append(clock() - started)
    for tile in tiles if not times else tiles[1:]:
        started = clock()
        results.append(runner(tile)())
        times.append(clock() - started)
    return results[-len(tiles) :], min(times)


def _give_memory_back() -> None:
    """Return what was freed to the system, where the C library can: else the run would hold what the losers held."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _clock() -> Callable[[], float]:
    """Return the wall clock; on a busy machine the time of the processor over the threads, which other work hardly moves."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load < _BUSY * (os.cpu_count() or 1):
        return time.perf_counter
    return lambda: time.process_time() / torch.get_num_threads()
