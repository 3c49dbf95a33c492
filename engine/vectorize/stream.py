"""The polygons of a class raster as batches: tiles are worked on by threads, their neighbours joined row by row.

Memory holds a few tiles, the polygons of one batch and the borders of the regions that cross the current seam; it does
not grow with the raster.
"""

from __future__ import annotations

import collections
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.contract.events import Reporter
from engine.geo.tiles import Window
from engine.vectorize import tile
from engine.vectorize.coverage import Finish
from engine.vectorize.features import Maker
from engine.vectorize.source import ConfidenceRaster, Source, rows_of_tiles
from engine.vectorize.stitch import Stitcher

TILE_PX = 1024
_BATCH = 50_000
Result = TypeVar("Result")


class Stream:
    """Batches of polygons; iterate once.

    Attributes:
        changed: pixels that got another class by simplification, so far.
    """

    def __init__(
        self,
        source: Source,
        maker: Maker,
        report: Reporter,
        *,
        confidence: ConfidenceRaster | None = None,
        finish: Finish | None = None,
        tile_px: int = TILE_PX,
    ) -> None:
        self._source, self._maker, self._report = source, maker, report
        self._confidence, self._finish, self._tile_px = confidence, finish, tile_px
        self.changed = 0

    def __iter__(self) -> Iterator[dict[str, NDArray]]:
        """Yield columns of polygons, at least 50,000 at a time but for the last ones."""
        waiting: list[dict[str, NDArray]] = []
        for columns in self._parts():
            if len(columns["geometry"]):
                waiting.append(columns)
            if sum(len(part["geometry"]) for part in waiting) >= _BATCH:
                yield _together(waiting)
                waiting = []
        if waiting:
            yield _together(waiting)

    def _parts(self) -> Iterator[dict[str, NDArray]]:
        stitcher = Stitcher(self._source.geobox.width)
        results = in_order(self._source, self._tile_px, self._work, self._report, "Tracing")
        for row in results:
            pieces = []
            for done in row:
                self.changed += done.changed
                pieces.append(done.open)
                yield done.finished
            yield self._maker.make(*stitcher.add(pieces))

    def _work(self, window: Window) -> tile.TileDone:
        ids = self._source.read(window.expand(1))
        percent = None if self._confidence is None else self._confidence.read(window)
        return tile.work(window, ids, percent, self._maker, self._finish)


def in_order(
    source: Source, tile_px: int, work: Callable[[Window], Result], report: Reporter, stage: str
) -> Iterator[Iterator[Result]]:
    """Yield rows of tiles, each as an iterator of results from left to right; threads work ahead, a few tiles at most.

    Raises:
        Cancelled: the job was asked to stop.
    """
    workers = os.cpu_count() or 1
    rows = list(rows_of_tiles(source.geobox, tile_px))
    todo = (window for row in rows for window in row)
    pending: collections.deque[tuple[Window, Future[Result]]] = collections.deque()
    total = source.geobox.height * source.geobox.width / 1e6
    done = 0.0

    def submit(pool: ThreadPoolExecutor) -> None:
        while len(pending) < 2 * workers and (window := next(todo, None)) is not None:
            pending.append((window, pool.submit(work, window)))

    def results(pool: ThreadPoolExecutor, count: int) -> Iterator[Result]:
        nonlocal done
        for _ in range(count):
            window, future = pending.popleft()
            result = future.result()
            submit(pool)
            done += window.height * window.width / 1e6
            report.progress(stage, round(done, 3), round(total, 3), "Mpx")
            yield result

    pool = ThreadPoolExecutor(workers, thread_name_prefix="tile")
    try:
        submit(pool)
        for row in rows:
            yield results(pool, len(row))
    finally:
        pool.shutdown(cancel_futures=True)


def _together(parts: list[dict[str, NDArray]]) -> dict[str, Any]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
