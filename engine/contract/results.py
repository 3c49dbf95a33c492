"""What of a job's summary a model, a script or another program may use by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """One number or text of a summary.

    Args:
        name: in lower case; unlike every parameter of the job, and never renamed.
        label: what it is, for people, with its unit.
        key: where the summary holds it, levels joined by dots; the name where it is empty.
        is_text: whether it is a text.
    """

    name: str
    label: str
    key: str = ""
    is_text: bool = False

    def of(self, summary: Mapping[str, Any]) -> float | str | None:
        """Return the value; of a list its length, and None where this run gives none."""
        value: Any = summary
        for level in (self.key or self.name).split("."):
            value = value.get(level) if isinstance(value, Mapping) else None
        if value is None:
            return None
        if self.is_text:
            return str(value)
        number = float(len(value) if isinstance(value, (list, tuple)) else value)
        return number if math.isfinite(number) else None
