"""What is kept of each round: the model that asked, how good it was, what it was short of, and what the round cost."""

from __future__ import annotations

import json
import math
from typing import Any

from engine.campaign.store import Campaign


def rounds(campaign: Campaign) -> list[dict[str, Any]]:
    """Return the rounds, oldest first, as plain values; what a round did not record is not in it."""
    return [
        {name: _plain(value) for name, value in row.items() if not _is_empty(value)}
        for row in campaign.rounds.sort_values("round", kind="stable").to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        return json.loads(value)
    return value.item() if hasattr(value, "item") else value


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))
