"""The GeoPackage of a campaign in QGIS: its newest batch is read, answers are saved one by one.

The schema is the engine's (`engine.campaign.store`). Layers of the project are used where it has them, so that the analyst sees
the dock's edits and the dock sees the analyst's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

from qgis.core import NULL, QgsApplication, QgsFeature, QgsFeatureRequest, QgsGeometry, QgsProject
from qgis.PyQt.QtCore import QDateTime

from ...engine.contract.campaign import (
    ANSWERS,
    BORDERS,
    CLASSES,
    CORRECTIONS,
    LAYERS,
    POINTS,
    PREDICTIONS,
    REDRAW,
    ROUNDS,
    SKIP,
    UNITS,
)
from ...engine.contract.errors import DataError
from ...engine.contract.legend import Legend
from ..i18n import tr
from . import edits, records
from .edits import Undo
from .unit import Answer, Unit


class Campaign:
    """An open campaign.

    Args:
        path: the GeoPackage that `suggest` wrote.
        project: its layers are used where they are this campaign's.

    Raises:
        DataError: the file is missing or no campaign, or its legend is damaged.
    """

    def __init__(self, path: str, project: QgsProject) -> None:
        self.path = str(Path(path).resolve())
        if not Path(path).is_file():
            raise DataError(tr("{path} does not exist.").format(path=path), tr("Choose the GeoPackage that suggest wrote."))
        self.layers = {name: records.layer(self.path, name, project) for name in LAYERS}
        for name, layer in self.layers.items():
            if not layer.isValid():
                raise DataError(
                    tr("{path} is no labelling campaign: it has no layer {name}.").format(path=path, name=name),
                    tr("Choose the GeoPackage that suggest wrote."),
                )
        self._users_own = {name for name, layer in self.layers.items() if layer.isEditable()}
        self.legend = Legend.from_json(records.rows(self.layers[CLASSES]))
        self.who = QgsApplication.userLoginName()
        self._read()

    def _read(self) -> None:
        """Read the newest batch; its ground stays in memory, because a file that was just written answers slowly."""
        for layer in self.layers.values():
            layer.dataProvider().reloadData()
        self.rounds = sorted(records.rows(self.layers[ROUNDS]), key=lambda row: row["round"])
        self.round = int(self.rounds[-1]["round"]) if self.rounds else 0
        newest = QgsFeatureRequest().setFilterExpression(f'"round" = {self.round}')
        sides = {row["unit"]: (row["class_left"], row["class_right"]) for row in records.rows(self.layers[BORDERS])}
        batch = sorted(self.layers[UNITS].getFeatures(newest), key=lambda feature: feature["rank"])
        self.units = [records.unit(feature, sides) for feature in batch]
        self._ground = {feature.id(): feature.geometry() for feature in batch}
        self._parts: dict[str, list[tuple[int, QgsGeometry]]] = {}
        for feature in self.layers[PREDICTIONS].getFeatures(newest):
            self._parts.setdefault(feature["unit"], []).append((feature["class_id"], feature.geometry()))

    def close(self) -> None:
        """Leave the edit mode of every layer that was not being edited before."""
        for name, layer in self.layers.items():
            if name not in self._users_own:
                edits.leave(layer)

    @property
    def images(self) -> list[str]:
        """Return the files and folders of the orthophoto of the newest round, as the engine was given them."""
        said = str(self.rounds[-1].get("image") or "") if self.rounds else ""
        return list(json.loads(said)) if said.startswith("[") else [said]

    def geometry(self, unit: Unit) -> QgsGeometry:
        """Return the outline of a unit."""
        return self._ground[unit.fid]

    def parts(self, unit: Unit) -> list[tuple[int, QgsGeometry]]:
        """Return what the model sees inside a unit: class and ground."""
        return self._parts.get(unit.name, [])

    def border(self, unit: Unit) -> Optional[QgsGeometry]:
        """Return the redrawn border of a unit, or None."""
        drawn = [f.geometry() for f in self._borders(unit)]
        return QgsGeometry.unaryUnion(drawn) if drawn else None

    def answer(self, unit: Unit, answer: Answer, when: QDateTime, seconds: float) -> list[Undo]:
        """Save an answer; the border first, so that a crash in between leaves a border that `ingest` understands.

        Args:
            unit: one of `units`.
            answer: with a border where it is redrawn.
            when: now, in UTC.
            seconds: how long the unit was looked at.

        Returns:
            What takes it back, in the order of saving.

        Raises:
            DataError: the file cannot be written; what was saved of this answer is taken back.
        """
        done: list[Undo] = []
        try:
            old = [f.id() for f in self._borders(unit)]
            if old:
                done.append(edits.remove(self.layers[BORDERS], old))
            if answer.word == REDRAW:
                left, right = answer.sides
                values = {"unit": unit.name, "class_left": left, "class_right": right, "who": self.who, "drawn": when}
                done.append(edits.add(self.layers[BORDERS], [self._feature(BORDERS, values, answer.border)]))
            values = {"answer": answer.word, "class_id": NULL if answer.class_id is None else answer.class_id}
            values["status"] = "open" if answer.word == SKIP else "answered"
            values |= {"who": self.who, "answered": when, "seconds": seconds}
            done.append(edits.change(self.layers[UNITS], {unit.fid: values}))
        except DataError:
            for undo in reversed(done):
                undo()
            raise
        return done

    def log(self, unit: Unit, answer: Answer, when: QDateTime, seconds: float, *, accepted: bool) -> Undo:
        """Append to the log of answers; one that is not accepted was given blind and labels nothing.

        Raises:
            DataError: the file cannot be written.
        """
        values = {"unit": unit.name, "round": unit.round, "answer": answer.word, "accepted": int(accepted)}
        values |= {"who": self.who, "answered": when, "seconds": seconds}
        values["class_id"] = NULL if answer.class_id is None else answer.class_id
        return edits.add(self.layers[ANSWERS], [self._feature(ANSWERS, values)])

    def correct(self, ground: QgsGeometry, class_id: int, when: QDateTime) -> Undo:
        """Save a free correction: a polygon, or a point that labels its pixel.

        Raises:
            DataError: the file cannot be written.
        """
        name = POINTS if ground.constGet().dimension() == 0 else CORRECTIONS
        return edits.add(
            self.layers[name], [self._feature(name, {"class_id": class_id, "who": self.who, "drawn": when}, ground)]
        )

    def repeats(self) -> list[tuple[int, Answer]]:
        """Return this analyst's blind answers to the batch: place of the unit, and what was said."""
        places = {unit.name: place for place, unit in enumerate(self.units)}
        return [
            (places[row["unit"]], Answer(row["answer"], row["class_id"]))
            for row in records.rows(self.layers[ANSWERS])
            if row["accepted"] == 0 and row["round"] == self.round and row["who"] == self.who and row["unit"] in places
        ]

    def _borders(self, unit: Unit) -> list[QgsFeature]:
        if not self.layers[BORDERS].featureCount():
            return []
        name = unit.name.replace("'", "''")
        return list(self.layers[BORDERS].getFeatures(QgsFeatureRequest().setFilterExpression(f"\"unit\" = '{name}'")))

    def _feature(self, name: str, values: dict[str, Any], ground: Optional[QgsGeometry] = None) -> QgsFeature:
        feature = QgsFeature(self.layers[name].fields())
        for field, value in values.items():
            feature[field] = value
        if ground is not None:
            shape = QgsGeometry(ground)
            if name != POINTS:
                shape.convertToMultiType()
            feature.setGeometry(shape)
        return feature
