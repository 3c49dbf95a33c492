"""Layers of a campaign's file, and their features as plain values and units."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from qgis.core import NULL, QgsFeature, QgsFeatureRequest, QgsProject, QgsProviderRegistry, QgsVectorLayer
from qgis.PyQt.QtCore import QDateTime

from ...engine.contract.campaign import REDRAW
from .unit import Unit


def layer(path: str, name: str, project: QgsProject) -> QgsVectorLayer:
    """Return a layer of a GeoPackage: the project's own, else a new one, which may turn out not to be valid."""
    for known in project.mapLayers().values():
        if isinstance(known, QgsVectorLayer) and known.providerType() == "ogr":
            parts = QgsProviderRegistry.instance().decodeUri("ogr", known.source())
            if parts.get("layerName") == name and str(Path(parts.get("path") or "").resolve()) == path:
                return known
    return QgsVectorLayer(f"{path}|layername={name}", name, "ogr")


def unit(feature: QgsFeature, sides: dict[str, tuple[int, ...]]) -> Unit:
    """Return a unit with its answer; `sides` are the classes of redrawn borders by the unit's name."""
    row = _values(feature)
    return Unit(
        fid=feature.id(), name=row["unit"], round=row["round"], rank=row["rank"], kind=row["kind"], class_a=row["class_a"],
        class_b=row["class_b"], reason=row["reason"] or "", answer=row["answer"] or "", class_id=row["class_id"],
        sides=sides.get(row["unit"], ()) if row["answer"] == REDRAW else (), who=row["who"] or "",
        answered=iso(row["answered"]), seconds=row["seconds"],
    )  # fmt: skip


def iso(when: Optional[QDateTime]) -> str:
    """Return a time as text that sorts by time; empty for none. The file keeps UTC, whatever zone QGIS takes it for."""
    return when.toString("yyyy-MM-ddTHH:mm:ss.zzz") if when else ""


def rows(layer: QgsVectorLayer) -> list[dict[str, Any]]:
    """Return the attributes of every feature."""
    return [_values(f) for f in layer.getFeatures(QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry))]


def _values(feature: QgsFeature) -> dict[str, Any]:
    """Return the attributes of a feature, None where a field is empty."""
    return {name: None if feature[name] == NULL else feature[name] for name in feature.fields().names()}
