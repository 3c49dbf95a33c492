"""Windows of pixels, rows first, and the tiles that cover a raster: cores partition it, reads carry the halo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels; it may begin before row 0 or reach beyond the raster."""

    row: int
    col: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Return the index of this window in an array (H, W) that it lies inside."""
        assert self.row >= 0 and self.col >= 0, f"{self} begins outside the array"
        return slice(self.row, self.row + self.height), slice(self.col, self.col + self.width)

    @property
    def is_empty(self) -> bool:
        """Return whether the window holds no pixel."""
        return self.height <= 0 or self.width <= 0

    def clip(self, frame: Window) -> Window:
        """Return the part of this window inside `frame`; empty, with sides of 0, where they do not meet."""
        row, col = max(self.row, frame.row), max(self.col, frame.col)
        height = min(self.row + self.height, frame.row + frame.height) - row
        width = min(self.col + self.width, frame.col + frame.width) - col
        return Window(row, col, max(height, 0), max(width, 0))

    def within(self, outer: Window) -> Window:
        """Return the same pixels, counted from the first row and column of `outer`."""
        return Window(self.row - outer.row, self.col - outer.col, self.height, self.width)

    def expand(self, px: int) -> Window:
        """Return the window with `px` more pixels on every side."""
        return Window(self.row - px, self.col - px, self.height + 2 * px, self.width + 2 * px)


@dataclass(frozen=True)
class Tile:
    """What a network sees (`read`) and what it answers for (`core`)."""

    read: Window
    core: Window


def tiles(height: int, width: int, core: int, halo: int) -> Iterator[Tile]:
    """Yield the tiles of a raster row by row.

    Args:
        height: rows of the raster.
        width: columns of the raster.
        core: side of a core; cores lie at its multiples and end with the raster.
        halo: margin in pixels on every side of a core.

    Yields:
        tiles whose reads all have the side `core + 2 * halo`, even where that reaches beyond the raster.
    """
    assert core > 0 and halo >= 0, f"core {core}, halo {halo}"
    frame = Window(0, 0, height, width)
    for row in range(0, height, core):
        for col in range(0, width, core):
            whole = Window(row, col, core, core)
            yield Tile(whole.expand(halo), whole.clip(frame))


def block_rows(height: int, width: int, rows: int) -> Iterator[Window]:
    """Yield full-width windows of `rows` rows from top to bottom; the last one may be lower."""
    for row in range(0, height, rows):
        yield Window(row, 0, min(rows, height - row), width)
