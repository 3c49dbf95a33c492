"""A student over an orthophoto of any size: tiles with halo in, finished rows out, memory bounded by the width.

`plan` cuts the raster, `ring` decodes each source row once, `lanes` overlaps reading, computing and writing,
`labelling` is what runs on the device, `predict` puts them together.
"""
