"""Edgewise labels: the dock in which an analyst walks through a batch with one hand on the keys.

`unit`, `session` and `tally` know neither QGIS nor files; `campaign`, `records`, `edits` and `merge` keep the GeoPackage;
`strokes` is geometry; `keys` says what a key means; `highlight`, `drawing`, `shown` and `tool` are the map; `panel`, `card`,
`bars`, `foot` and `widgets` what is seen; `labelling` is one open campaign with its `steps`, and `desk` joins them all.
"""
