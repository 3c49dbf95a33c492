"""Rasters, grids, tiles and polygons: the only floor that meets GDAL; no torch."""
