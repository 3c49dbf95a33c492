"""The words of a labelling campaign that the engine and QGIS share: the layers of its GeoPackage and the answers to a unit."""

from __future__ import annotations

CONFIRM, ONE_CLASS, REDRAW, UNSURE, SKIP = "confirm", "class", "redraw", "unsure", "skip"
"""What can be said of a unit; an unanswered one has an empty answer."""

UNITS, PREDICTIONS, BORDERS, CORRECTIONS, POINTS = "units", "predictions", "borders", "corrections", "points"
ANSWERS, CLASSES, ROUNDS = "answers", "classes", "rounds"
LAYERS = (UNITS, PREDICTIONS, BORDERS, CORRECTIONS, POINTS, ANSWERS, CLASSES, ROUNDS)
"""Layers with geometry first, then the tables."""

EDGE, REGION = "edge", "region"
"""Kinds of units: a stretch of one border between two classes, or a piece of ground."""
