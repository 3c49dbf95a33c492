"""Edgewise labels: the dock in which an analyst walks through a batch with one hand on the keys.

`unit`, `session` and `tally` know neither QGIS nor files; `campaign`, `edits` and `merge` keep the GeoPackage; `strokes` is
geometry; `keys` says what a key means; `highlight` and `tool` are the map; `panel` and `bars` what is seen; `desk` joins them.
"""
