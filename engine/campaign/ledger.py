"""What a campaign cost and what it gave: clicks, pixels and seconds of every answer, round by round.

Clicks are those that a person cannot do without; seconds are what the plugin measured, never a guess:

    confirm, class, unsure, skip    1
    redraw                          the vertices of the borders drawn, and a class for each side
    free correction                 its vertices and its class
    point                           1
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import shapely

from engine.campaign.store import Campaign
from engine.contract.campaign import CONFIRM, ONE_CLASS, REDRAW

_LABELS = (CONFIRM, ONE_CLASS, REDRAW)


@dataclass(frozen=True)
class Entry:
    """One round of units.

    Args:
        turn: number of the round.
        offered: units.
        answers: units by answer.
        clicks: spent on its answers.
        pixels: of the units that got a label.
        seconds: spent on its answers; None where nobody measured.
    """

    turn: int
    offered: int
    answers: dict[str, int]
    clicks: int
    pixels: int
    seconds: float | None

    @property
    def answered(self) -> int:
        """Return the units that were answered."""
        return sum(self.answers.values())

    @property
    def confirm_rate(self) -> float | None:
        """Return the share of the labelled units that the model had right, None where none is labelled."""
        labelled = sum(self.answers.get(a, 0) for a in _LABELS)
        return self.answers.get(CONFIRM, 0) / labelled if labelled else None


def entries(campaign: Campaign) -> list[Entry]:
    """Return the ledger of the units, oldest round first."""
    units = campaign.units
    said = units["answer"].fillna("").str.strip().str.lower()
    clicks = (said != "").astype(int) + (said == REDRAW) * (redraw_clicks(campaign).reindex(units["unit"]).to_numpy() - 1)
    found = []
    for turn, rows in units.groupby("round").groups.items():
        answered, seconds = said[rows][said[rows] != ""], units.loc[rows, "seconds"]
        found.append(
            Entry(
                int(turn), len(rows), {str(k): int(v) for k, v in answered.value_counts().items()}, int(clicks[rows].sum()),
                int(units.loc[rows, "pixels"][said[rows].isin(_LABELS)].sum()),
                float(seconds.sum()) if seconds.notna().any() else None,
            )
        )  # fmt: skip
    return found


def redraw_clicks(campaign: Campaign) -> pd.Series:
    """Return the clicks of the borders drawn for each unit, by its name; 1 for a unit without any."""
    borders = campaign.borders
    drawn = pd.Series(shapely.get_num_coordinates(borders.geometry.to_numpy()) + 2, index=borders["unit"], dtype=int)
    return drawn.groupby(level=0).sum().reindex(campaign.units["unit"].unique(), fill_value=1)


def free_clicks(campaign: Campaign) -> int:
    """Return the clicks of the free corrections and points."""
    polygons = shapely.get_parts(campaign.corrections.geometry.dropna().to_numpy())
    rings = shapely.get_num_interior_rings(polygons) + 1  # a ring repeats its first vertex
    return int((shapely.get_num_coordinates(polygons) - rings).sum()) + len(campaign.corrections) + len(campaign.points)
