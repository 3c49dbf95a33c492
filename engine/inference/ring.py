"""Source rows are decoded once, in whole blocks, and kept as stored while a tile still needs them.

Own memory and not GDAL's block cache: the cache is not shared by threads, and when it does not hold a row of tiles every
halo decodes its blocks again (measured 2026-11: 2 to 5 times the processor time on wide rasters).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window

from . import lanes
from .plan import Plan, Span

STRIP_PX = 256
"""Rows decoded at once are whole blocks of the source and at least about this many."""

_STORED = ("uint8", "uint16", "int16", "float32")


class Source(Protocol):
    """What can be segmented: an open raster, or anything that reads like one."""

    @property
    def geobox(self) -> GeoBox:
        """Return the grid."""

    @property
    def count(self) -> int:
        """Return the number of bands."""

    @property
    def dtype(self) -> np.dtype:
        """Return the type of what is read."""

    @property
    def block_shape(self) -> tuple[int, int]:
        """Return height and width of a stored block."""

    def read(self, window: Window) -> tuple[NDArray, NDArray[np.bool_]]:
        """Return data (B, h, w), 0 where invalid, and valid (h, w)."""


@dataclass(frozen=True)
class Strip:
    """Decoded rows: data (B, h, W) as stored, valid (h, W), and whether every pixel is valid."""

    start: int
    data: NDArray
    valid: NDArray[np.bool_]
    is_whole: bool


class Ring:
    """Decoded strips of a source, read ahead on their own thread; tiles are cut from it.

    Args:
        source: read in order, once.
        plan: its rows say which strips are needed, and until when.
        check: called while waiting for the reader; what it raises is raised here.
    """

    def __init__(self, source: Source, plan: Plan, check: Callable[[], None]) -> None:
        self._source = source
        self._plan = plan
        self.strip = strip_px(source)
        self.dtype = stored_dtype(source.dtype)
        first = plan.rows[0].start // self.strip * self.strip
        stop = min(plan.height, plan.rows[-1].start + plan.tile_height)
        starts = range(first, stop, self.strip)
        depth = max(1, plan.tile_height // self.strip)
        self._reader = lanes.ahead(self._decode(starts), depth, check)
        self._strips: list[Strip] = []

    def close(self) -> None:
        """Stop the reader."""
        self._reader.close()
        self._strips.clear()

    def hold(self, row: Span) -> None:
        """Let go of what is above a row of tiles and wait until all it needs is decoded."""
        stop = min(self._plan.height, row.start + self._plan.tile_height)
        self._strips = [s for s in self._strips if s.start + len(s.valid) > row.start]
        while not self._strips or self._strips[-1].start + len(self._strips[-1].valid) < stop:
            self._strips.append(next(self._reader))

    def cut(self, row: Span, col: Span, out: NDArray) -> None:
        """Write a tile to `out` (B + 1, tile_height, tile_width): its bands as stored, then 1 where valid and else 0."""
        stop_col = min(self._plan.width, col.start + out.shape[2])
        across = slice(0, stop_col - col.start)
        done = 0
        for strip in self._strips:
            top = max(strip.start, row.start)
            bottom = min(strip.start + len(strip.valid), row.start + out.shape[1])
            if top >= bottom:
                continue
            source = (slice(top - strip.start, bottom - strip.start), slice(col.start, stop_col))
            target = (slice(top - row.start, bottom - row.start), across)
            out[(slice(None, -1), *target)] = strip.data[(slice(None), *source)]
            out[(-1, *target)] = 1 if strip.is_whole else strip.valid[source]
            done = bottom - row.start
        out[:, done:] = 0
        out[:, :, across.stop :] = 0

    def valid(self, window: Window) -> NDArray[np.bool_] | bool:
        """Return validity (h, w) of a window that is held, or True where all of it is valid, False where nothing is."""
        parts = [s for s in self._strips if s.start < window.row + window.height and s.start + len(s.valid) > window.row]
        if all(s.is_whole for s in parts):
            return True
        columns = slice(window.col, window.col + window.width)
        rows = [s.valid[max(0, window.row - s.start) : window.row + window.height - s.start, columns] for s in parts]
        found = np.concatenate(rows)
        return True if found.all() else found if found.any() else False

    def _decode(self, starts: Iterable[int]) -> Iterator[Strip]:
        for start in starts:
            height = min(self.strip, self._plan.height - start)
            data, valid = self._source.read(Window(start, 0, height, self._plan.width))
            yield Strip(start, np.asarray(data, dtype=self.dtype), valid, bool(valid.all()))


def strip_px(source: Source) -> int:
    """Return the rows that are decoded at once: whole blocks of the source, about `STRIP_PX` at least."""
    block = min(source.block_shape[0], source.geobox.height)
    return min(-(-STRIP_PX // block) * block, max(1, source.geobox.height))


def stored_dtype(dtype: np.dtype) -> np.dtype:
    """Return the type in which pixels travel to the device: as stored where torch takes it, else float32."""
    return np.dtype(dtype) if np.dtype(dtype).name in _STORED else np.dtype("float32")
