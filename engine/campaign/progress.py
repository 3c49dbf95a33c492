"""How far a campaign is, as plain values: what its report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pandas as pd

from engine.campaign import history, ledger
from engine.campaign.store import Campaign

_REASONS = 5


def figures(campaign: Campaign, name: str, labelled: Mapping[str, int]) -> dict[str, Any]:
    """Return the figures of a campaign; shares are 0 to 1, and what is not known is None.

    Args:
        campaign: from `store.read`.
        name: what the report calls it.
        labelled: labelled pixels of each class so far.
    """
    kept = {int(r["round"]): r for r in history.rounds(campaign)}
    rows, clicks, seconds = [], 0, 0.0
    for entry in ledger.entries(campaign):
        facts = kept.get(entry.turn, {})
        rows.append(
            {
                "round": entry.turn, "offered": entry.offered, "answered": entry.answered, "answers": entry.answers,
                "confirm_rate": entry.confirm_rate, "clicks": entry.clicks, "pixels": entry.pixels,
                "minutes": None if entry.seconds is None else round(entry.seconds / 60, 1),
                "clicks_before": clicks, "miou": facts.get("miou"), "miou_before": facts.get("miou_before"),
                "labelled_px": facts.get("labelled_px"), "pseudo_px": facts.get("pseudo_px"),
            }
        )  # fmt: skip
        clicks += entry.clicks
        seconds += entry.seconds or 0.0
    newest = kept.get(campaign.last_round, {})
    total = sum(labelled.values())
    return {
        "name": name,
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d}",
        "rounds": rows,
        "clicks": clicks,
        "free_clicks": ledger.free_clicks(campaign),
        "corrections": len(campaign.corrections) + len(campaign.points),
        "minutes": round(seconds / 60, 1) if any(r["minutes"] is not None for r in rows) else None,
        "classes": [
            {
                "name": c.name, "color": c.color, "pixels": labelled.get(c.name, 0),
                "share": labelled.get(c.name, 0) / total if total else None, "quota": 1 / len(campaign.legend),
                "iou": newest.get("class_iou", {}).get(c.name), "weight": newest.get("weights_by_class", {}).get(c.name),
                "offered": newest.get("class_offered", {}).get(c.name),
            }
            for c in campaign.legend
        ],
        "next": _next(campaign, newest),
    }  # fmt: skip


def _next(campaign: Campaign, newest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the newest round asks."""
    units = campaign.units[campaign.units["round"] == campaign.last_round].sort_values("rank")
    names = {c.id: c.name for c in campaign.legend}
    pairs = pd.Series(
        [f"{names.get(a, a)} / {names.get(b, b)}" for a, b in zip(units["class_a"], units["class_b"], strict=True)]
    )
    return {
        "round": campaign.last_round,
        "units": {kind: int((units["kind"] == kind).sum()) for kind in ("edge", "region")},
        "clicks": int(units["clicks"].sum()),
        "pixels": int(units["pixels"].sum()),
        "budget": newest.get("budget"),
        "budget_unit": newest.get("budget_unit"),
        "pairs": {str(k): int(v) for k, v in pairs.value_counts().items()},
        "reasons": units["reason"].head(_REASONS).tolist(),
    }
