"""What a campaign shows in the project: its layers in a group of their own, above its orthophoto."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject, QgsRasterLayer

from ...engine.contract.campaign import BORDERS, CORRECTIONS, POINTS, UNITS
from .campaign import Campaign

_SHOWN = (POINTS, BORDERS, UNITS, CORRECTIONS)
"""Layers of a campaign that the project shows, the uppermost first."""


def show(campaign: Campaign, project: QgsProject) -> None:
    """Put what the project does not have yet into it."""
    missing = [name for name in _SHOWN if not project.mapLayer(campaign.layers[name].id())]
    if missing:
        group = project.layerTreeRoot().insertGroup(0, Path(campaign.path).stem)
        for name in missing:
            project.addMapLayer(campaign.layers[name], False)
            group.addLayer(campaign.layers[name])
    rasters = [layer for layer in project.mapLayers().values() if isinstance(layer, QgsRasterLayer)]
    known = {Path(layer.source()).resolve() for layer in rasters}
    for path in campaign.images:
        if path and Path(path).is_file() and Path(path).resolve() not in known:
            layer = project.addMapLayer(QgsRasterLayer(path, Path(path).stem), False)
            project.layerTreeRoot().addLayer(layer)
