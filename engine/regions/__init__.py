"""From class probabilities to a batch of units worth labelling: edges, units, scores, selection.

Everything that decides where a unit begins and ends is computed in cells of the raster's own grid (`CELL_PX`), so that
units do not depend on how the raster was cut into tiles. Arrays only: no files, no network.
"""

CELL_PX = 64
"""Side of the grid cells that no unit's centreline and no region unit crosses."""

MARGIN_PX = 72
"""What a tile must see beyond its core for its units to be exact.

An evidence cell (32), speckle and what it takes its class from (32), filters and the band (8).
"""
