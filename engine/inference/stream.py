"""Tiles through a runner, in order: one thread decodes, one cuts, the caller computes and takes what is finished."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract.events import Reporter
from engine.geo.tiles import Window
from engine.runtimes import Result, Runner

from . import lanes
from .plan import IN_FLIGHT, Plan, Span
from .ring import Ring, Source

BATCHES_AHEAD = 2


@dataclass(frozen=True)
class Placed:
    """A computed tile: its stored pixels and the results; both None where it was skipped, or at the end of a row."""

    row: Span
    col: Span | None
    valid: NDArray[np.bool_] | bool
    pixels: NDArray
    results: Result | None


def computed(
    source: Source, report: Reporter, plan: Plan, make_runner: Callable[[Plan], Runner], stage: str, *, skip_empty: bool
) -> Generator[Placed]:
    """Yield every tile and the end of every row of tiles, in order."""
    runner = make_runner(plan)
    in_flight: deque[tuple[list[_Entry], NDArray, Callable[[], Result]]] = deque()
    done = 0

    def landed() -> Iterator[Placed]:
        nonlocal done
        entries, batch, result = in_flight.popleft()
        results = result()
        place = 0
        for entry in entries:
            if entry.col is None or entry.valid is False:
                yield Placed(entry.row, entry.col, entry.valid, batch[:0], None)
            else:
                yield Placed(entry.row, entry.col, entry.valid, batch[place], tuple(r[place] for r in results))
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


def core_of(row: Span, col: Span) -> Window:
    """Return the pixels that a tile answers for."""
    return Window(row.core_start, col.core_start, row.core_stop - row.core_start, col.core_stop - col.core_start)


def within(window: Window, row: Span, col: Span) -> tuple[slice, slice]:
    """Return the slices of a window within the tile that reads from (row.start, col.start)."""
    top, left = window.row - row.start, window.col - col.start
    return slice(top, top + window.height), slice(left, left + window.width)


@dataclass(frozen=True)
class _Entry:
    """A tile on its way, or with `col` None the end of a row of tiles and the validity of its cores."""

    row: Span
    col: Span | None
    valid: NDArray[np.bool_] | bool = True


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
                valid = ring.valid(_of_use(row, col, plan)) is not False or not skip_empty
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


def _of_use(row: Span, col: Span, plan: Plan) -> Window:
    """Return the pixels for which a tile is computed: its core, or with blending all that it covers."""
    if not plan.is_blended:
        return core_of(row, col)
    covered = Window(row.start, col.start, plan.tile_height, plan.tile_width)
    return covered.clip(Window(0, 0, plan.height, plan.width))
