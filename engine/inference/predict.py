"""A model over a raster: rows of finished labels, or tiles of probabilities, in order and in bounded memory.

One thread decodes, one cuts tiles, one computes; the caller takes what is finished. Between them wait a few items, never
more, so the slowest sets the pace and memory stays bounded.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED
from engine.geo.tiles import Window
from engine.runtimes import Result, Runner
from models.model import Model

from . import execute, lanes
from .labelling import Labels, Probabilities
from .plan import Plan, Span, cut_grid
from .ring import Ring, Source

BATCHES_AHEAD = 2
BANDS_AHEAD = 1
IN_FLIGHT = 2
"""Batches given to the device before the results of the first are awaited."""


@dataclass(frozen=True)
class Band:
    """Finished rows over the full width: class ids and confidence in percent, (h, W) uint8; 255 where there is no data."""

    window: Window
    classes: NDArray[np.uint8]
    confidence: NDArray[np.uint8]


@dataclass(frozen=True)
class ProbabilityTile:
    """Probabilities (C, h, w) float32, image (B, h, w) as stored and validity (h, w) over `read`; `core` is its own ground."""

    read: Window
    core: Window
    probs: NDArray[np.float32]
    data: NDArray
    valid: NDArray[np.bool_]


def bands(model: Model, source: Source, report: Reporter, plan: Plan, make_runner: Callable[[Plan], Runner]) -> Generator[Band]:
    """Yield finished bands from top to bottom.

    When the memory of the device does not hold a tile, smaller ones are taken from there on, and the user is told.

    Args:
        model: its legend gives the ids.
        source: the raster; its bands are those of the model, in its order.
        report: told of the progress in tiles, and asked whether to stop.
        plan: the tiles.
        make_runner: compiles the labelling graph for the shape of a plan.

    Raises:
        ResourceError: not even the smallest tile fits into the memory.
        Cancelled: the job was asked to stop.
    """
    while plan.rows:
        try:
            with contextlib.closing(lanes.ahead(_label(source, report, plan, make_runner), BANDS_AHEAD, report.check)) as made:
                for band in made:
                    yield band
                    plan = plan.clipped(band.window.row + band.window.height, plan.height)
            return
        except Exception as error:
            if not execute.is_out_of_memory(error):
                raise
            plan = plan.smaller().clipped(plan.rows[0].core_start, plan.rows[-1].core_stop)
            report.warning(
                f"The memory is full. Going on with tiles of {plan.tile_height} x {plan.tile_width} px, {plan.batch} at once."
            )


def probability_bands(
    model: Model,
    source: Source,
    report: Reporter,
    *,
    margin_px: int,
    core_px: int = 512,
    halo_px: int = 128,
    make_runner: Callable[[Plan], Runner] | None = None,
    stage: str = "predict",
) -> Iterator[ProbabilityTile]:
    """Yield tiles of class probabilities in row-major order.

    Args:
        model: see `bands`.
        source: see `bands`.
        report: see `bands`.
        margin_px: pixels around each core that are part of `read`, where the raster has them.
        core_px: cores lie at multiples of this and partition the raster.
        halo_px: pixels around `read` that only the network sees.
        make_runner: compiles the graph of `Probabilities`; PyTorch on the CPU unless given.
        stage: what the progress is called.
    """
    height, width = source.geobox.height, source.geobox.width
    plan = cut_grid(height, width, core=core_px, halo=margin_px + halo_px, stride=model.network.stride)
    compiled = make_runner or execute.runner_maker(model, Probabilities, source, torch.device("cpu"))
    frame = Window(0, 0, height, width)

    def made() -> Iterator[ProbabilityTile]:
        with contextlib.closing(_computed(source, report, plan, compiled, stage, skip_empty=False)) as tiles:
            for placed in tiles:
                if placed.results is None or placed.col is None:
                    continue
                core = _core(placed.row, placed.col)
                read = core.expand(margin_px).clip(frame)
                inside = (slice(None), *_within(read, placed.row, placed.col))
                stored = placed.pixels[inside]
                yield ProbabilityTile(read, core, placed.results[0][inside], stored[:-1], stored[-1] != 0)

    with contextlib.closing(lanes.ahead(made(), BANDS_AHEAD, report.check)) as tiles:
        yield from tiles


def whole(model: Model, data: NDArray, valid: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return class ids and confidence (H, W) of an image (B, H, W) in one forward pass: what tiles are compared with."""
    mask = np.ones(data.shape[1:], bool) if valid is None else valid
    pixels = np.concatenate([np.where(mask, data, 0), mask[None].astype(data.dtype)])
    with torch.inference_mode():
        ids, percent = (r[0].numpy() for r in Labels(model).eval()(torch.from_numpy(pixels[None])))
    return np.where(mask, ids, np.uint8(UNLABELLED)), np.where(mask, percent, np.uint8(UNLABELLED))


@dataclass(frozen=True)
class _Entry:
    """A tile on its way, or with `col` None the end of a row of tiles and the validity of its cores."""

    row: Span
    col: Span | None
    valid: NDArray[np.bool_] | bool = True


@dataclass(frozen=True)
class _Placed:
    """A computed tile: its stored pixels and the results; both None where it was skipped, or at the end of a row."""

    row: Span
    col: Span | None
    valid: NDArray[np.bool_] | bool
    pixels: NDArray
    results: Result | None


def _label(source: Source, report: Reporter, plan: Plan, make_runner: Callable[[Plan], Runner]) -> Iterator[Band]:
    """Yield a band for each row of tiles."""
    open_bands: dict[int, Band] = {}
    with contextlib.closing(_computed(source, report, plan, make_runner, "segment", skip_empty=True)) as tiles:
        for placed in tiles:
            start = placed.row.core_start
            if start not in open_bands:
                open_bands[start] = _empty_band(placed.row, plan.width)
            if placed.col is None:
                band = open_bands.pop(start)
                if placed.valid is not True:
                    np.copyto(band.classes, np.uint8(UNLABELLED), where=~np.asarray(placed.valid))
                    np.copyto(band.confidence, np.uint8(UNLABELLED), where=~np.asarray(placed.valid))
                yield band
            elif placed.results is not None:
                band = open_bands[start]
                inside = _within(_core(placed.row, placed.col), placed.row, placed.col)
                across = slice(placed.col.core_start, placed.col.core_stop)
                for target, made in zip((band.classes, band.confidence), placed.results, strict=True):
                    target[:, across] = made[inside]


def _computed(
    source: Source, report: Reporter, plan: Plan, make_runner: Callable[[Plan], Runner], stage: str, *, skip_empty: bool
) -> Generator[_Placed]:
    """Yield every tile and the end of every row of tiles, in order."""
    runner = make_runner(plan)
    in_flight: deque[tuple[list[_Entry], NDArray, Callable[[], Result]]] = deque()
    done = 0

    def landed() -> Iterator[_Placed]:
        nonlocal done
        entries, batch, result = in_flight.popleft()
        results = result()
        place = 0
        for entry in entries:
            if entry.col is None or entry.valid is False:
                yield _Placed(entry.row, entry.col, entry.valid, batch[:0], None)
            else:
                yield _Placed(entry.row, entry.col, entry.valid, batch[place], tuple(r[place] for r in results))
                place += 1
            done += entry.col is not None
        report.progress(stage, done, plan.count, "tiles")

    with contextlib.closing(lanes.ahead(_cut(source, report, plan, skip_empty), BATCHES_AHEAD, report.check)) as batches:
        for entries, batch in batches:
            in_flight.append((entries, batch, runner(batch) if len(batch) else tuple))
            if len(in_flight) >= IN_FLIGHT:
                yield from landed()
        while in_flight:
            yield from landed()


def _cut(source: Source, report: Reporter, plan: Plan, skip_empty: bool) -> Iterator[tuple[list[_Entry], NDArray]]:
    """Yield batches of tiles with their entries; the entries also hold the tiles that are skipped."""
    ring = Ring(source, plan, report.check)
    shape = (plan.batch, source.count + 1, plan.tile_height, plan.tile_width)
    try:
        entries: list[_Entry] = []
        batch, filled = np.empty(shape, ring.dtype), 0
        for row in plan.rows:
            ring.hold(row)
            for col in plan.cols:
                valid = ring.valid(_core(row, col)) is not False or not skip_empty
                entries.append(_Entry(row, col, valid))
                if valid:
                    ring.cut(row, col, batch[filled])
                    filled += 1
                if filled == plan.batch:
                    yield entries, batch
                    entries, batch, filled = [], np.empty(shape, ring.dtype), 0
            across = Window(row.core_start, 0, row.core_stop - row.core_start, plan.width)
            entries.append(_Entry(row, None, ring.valid(across)))
            if not filled:
                yield entries, batch[:0]
                entries = []
        if filled:
            batch[filled:] = 0
            yield entries, batch
    finally:
        ring.close()


def _empty_band(row: Span, width: int) -> Band:
    shape = (row.core_stop - row.core_start, width)
    blank = np.full(shape, UNLABELLED, np.uint8)
    return Band(Window(row.core_start, 0, *shape), blank, blank.copy())


def _core(row: Span, col: Span) -> Window:
    return Window(row.core_start, col.core_start, row.core_stop - row.core_start, col.core_stop - col.core_start)


def _within(window: Window, row: Span, col: Span) -> tuple[slice, slice]:
    """Return the slices of a window within the tile that reads from (row.start, col.start)."""
    top, left = window.row - row.start, window.col - col.start
    return slice(top, top + window.height), slice(left, left + window.width)
