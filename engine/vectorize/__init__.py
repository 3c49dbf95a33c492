"""Class rasters to polygons, tile by tile: pieces are traced, simplified inside their tile, and joined across seams.

Geometry is kept in pixels of the whole raster (x = column, y = row) until it is written, so that joining is exact. Seen on
the raster a region lies to the left of its rings: outlines run against the clock, holes with it.
"""
