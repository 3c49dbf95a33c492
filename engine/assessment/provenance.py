"""Whether a reference is what the map was learned from, or the map itself: such an assessment flatters the map.

The record beside a map names its model, the card of a model names what it was trained on, each with a fingerprint. A map
without a record, or a model that is no longer where it was, says nothing, and nothing is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.contract.errors import ModelError, ResourceError
from models import checkpoint

_DEPTH = 4
_MODELS = (".safetensors", ".onnx")


def warnings(map_path: str, reference: str, fingerprint: Callable[[str], dict[str, Any]], model: str = "") -> list[str]:
    """Return a sentence if the reference is the map, or was among the data that its model, or the model's teachers, saw.

    Args:
        map_path: the map; its record names the model.
        reference: the reference layer.
        fingerprint: what records and cards were written with.
        model: the model, where the map was made just now and has no record.
    """
    own = fingerprint(reference.partition("|")[0])
    if not own:
        return []
    if own == fingerprint(map_path):
        return ["The reference is the map itself: these figures say nothing. Give labels that were made without the map."]
    models = [model] if model else [path for path in _inputs(map_path) if path.endswith(_MODELS)]
    for _ in range(_DEPTH):
        teachers = []
        for path in models:
            for name, found in _trained_on(path).items():
                if found and found == own:
                    return [
                        f"The reference {Path(reference).name} is what {Path(path).name} was trained on: these figures are "
                        "too good. Assess with labels that training did not see."
                    ]
                if name.endswith(_MODELS):
                    teachers.append(name)
        models = teachers
    return []


def _inputs(path: str) -> dict[str, Any]:
    """Return the inputs in the record beside an output, with their fingerprints."""
    try:
        found = json.loads(Path(f"{path}.job.json").read_text(encoding="utf-8")).get("inputs", {})
    except (OSError, ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}


def _trained_on(path: str) -> dict[str, Any]:
    """Return the inputs in the card of a model, with their fingerprints."""
    try:
        found = checkpoint.read_card(path).training.get("inputs", {})
    except (ModelError, ResourceError):
        return {}
    return found if isinstance(found, dict) else {}
