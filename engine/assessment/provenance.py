"""Whether a reference is what the map was learned from: such an assessment flatters the map.

The record beside a map names its model, the record beside the model names the labels it was trained on, each with a
fingerprint. A record that is not there says nothing, and nothing is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

_DEPTH = 4


def warnings(map_path: str, reference: str, fingerprint: Callable[[str], dict[str, Any]], model: str = "") -> list[str]:
    """Return a sentence if the reference was among the data that the map's model, or its teachers, saw.

    Args:
        map_path: the map; its record names the model.
        reference: the reference layer.
        fingerprint: what the records were written with.
        model: the model, where the map was made just now and has no record.
    """
    own = fingerprint(reference.partition("|")[0])
    if not own:
        return []
    start = [model] if model else [p for p in _inputs(map_path) if p.endswith((".safetensors", ".onnx"))]
    for _ in range(_DEPTH):
        following = []
        for path in start:
            for name, found in _inputs(path).items():
                if found and found == own:
                    return [
                        f"The reference {Path(reference).name} is what {Path(path).name} was trained on: these figures are "
                        "too good. Assess with labels that training did not see."
                    ]
                if name.endswith(".safetensors"):
                    following.append(name)
        start = following
    return []


def _inputs(path: str) -> dict[str, Any]:
    record = Path(f"{path}.job.json")
    try:
        found = json.loads(record.read_text(encoding="utf-8")).get("inputs", {})
    except (OSError, ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}
