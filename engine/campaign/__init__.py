"""A labelling campaign: one GeoPackage that plain QGIS opens with style, form and class names.

`choice` and `batch` make a round, `store` writes it and reads answers, `form` is what QGIS shows. The file belongs to the
analyst: rounds append, and nothing that a person wrote is ever changed by the engine.
"""
