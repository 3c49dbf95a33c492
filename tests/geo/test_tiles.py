import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.geo.tiles import Window, block_rows, tiles

LENGTHS = st.integers(1, 150)
WINDOWS = st.builds(Window, st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 60), st.integers(1, 60))


@given(LENGTHS, LENGTHS, st.integers(8, 64), st.integers(0, 20))
def test_cores_partition_the_raster_and_reads_are_full(height, width, core, halo):
    written = np.zeros((height, width), int)
    corners = []
    for tile in tiles(height, width, core, halo):
        written[tile.core.slices] += 1
        assert (tile.read.height, tile.read.width) == (core + 2 * halo, core + 2 * halo)
        assert (tile.core.row - tile.read.row, tile.core.col - tile.read.col) == (halo, halo)
        corners.append((tile.core.row, tile.core.col))
    assert (written == 1).all()
    assert corners == sorted(corners)


@given(LENGTHS, LENGTHS, st.integers(1, 64))
def test_block_rows_partition_the_raster(height, width, rows):
    assert sum(w.height for w in block_rows(height, width, rows)) == height
    assert all(w.width == width and w.row % rows == 0 for w in block_rows(height, width, rows))


@given(WINDOWS, WINDOWS)
def test_a_clipped_window_holds_the_shared_pixels(window, frame):
    def pixels(w):
        return {(r, c) for r in range(w.row, w.row + w.height) for c in range(w.col, w.col + w.width)}

    clipped = window.clip(frame)
    assert pixels(clipped) == pixels(window) & pixels(frame)
    assert clipped.is_empty == (not pixels(clipped))


@given(WINDOWS, st.integers(0, 30))
def test_a_window_within_its_expansion_begins_at_the_margin(window, px):
    assert window.within(window.expand(px)) == Window(px, px, window.height, window.width)
