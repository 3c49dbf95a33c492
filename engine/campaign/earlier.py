"""What a new round must fit to: the classes, the CRS and the ground of the rounds before."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from engine.campaign import store
from engine.contract.errors import DataError
from engine.contract.legend import Legend
from engine.geo.geobox import GeoBox


def rounds(path: str, geobox: GeoBox) -> store.Campaign | None:
    """Return the campaign that a round is added to, or None where a new one begins.

    Raises:
        DataError: what is there is no campaign, cannot be written now, or has another CRS.
    """
    if not Path(path).exists():
        return None
    campaign = store.read(path)
    store.check_writable(path)
    if campaign.units.crs != (geobox.crs_wkt or None):
        raise DataError(
            f"{path} has another CRS than the orthophoto ({geobox.crs_name or 'none'}).",
            "Reproject the orthophoto, or begin a campaign under another name.",
        )
    return campaign


def classes(path: str, before: store.Campaign | None, given: Legend | None, of_model: Legend | None, source: str) -> Legend:
    """Return the classes of a campaign: those of its earlier rounds, else those given, else the model's.

    A model may know fewer classes than the campaign, as where one is not labelled yet; with a legend given it may know
    others, and only shows where it is unsure.

    Args:
        path: the campaign.
        before: its earlier rounds.
        given: the user's legend.
        of_model: the model's.
        source: the file that the legend or the model came from.

    Raises:
        DataError: the campaign asks for other classes.
    """
    chosen = given or of_model
    if before is None:
        assert chosen is not None, "the request was checked"
        return chosen
    fits = chosen is None or (_same(given, before.legend) if given else is_part(chosen, before.legend))
    if not fits:
        assert chosen is not None
        raise DataError(
            f"{path} asks for the classes {', '.join(before.legend.names)}; {source} knows {', '.join(chosen.names)}.",
            "Use a model with the classes of the campaign, or begin a campaign under another name.",
        )
    return before.legend


def is_part(of_model: Legend, legend: Legend) -> bool:
    """Return whether all classes of a model are classes of the campaign, by id and name."""
    return set(zip(of_model.ids, of_model.names, strict=True)) <= set(zip(legend.ids, legend.names, strict=True))


def is_open(
    places: Iterable[tuple[NDArray, NDArray]], geobox: GeoBox, before: store.Campaign | None
) -> NDArray[np.bool_] | None:  # fmt: skip
    """Return which units lie on ground that nobody was asked about; what was skipped may be asked again.

    Args:
        places: rows and columns of the units, several places for each; one on asked ground is enough.
        geobox: the orthophoto's grid.
        before: the earlier rounds; None leaves all open.
    """
    if before is None:
        return None
    asked = before.units[before.units["answer"].fillna("") != "skip"].geometry
    ground = [*asked, *before.corrections.geometry]
    a, b, c, d, e, f = tuple(geobox.transform)[:6]
    tree = shapely.STRtree([g for g in ground if g is not None and not g.is_empty])
    found: NDArray[np.bool_] | None = None
    for pixel_row, pixel_col in places:
        row, col = pixel_row + 0.5, pixel_col + 0.5
        found = np.ones(len(row), bool) if found is None else found
        points = shapely.points(a * col + b * row + c, d * col + e * row + f)
        found[tree.query(points, predicate="within")[0]] = False
    return found


def _same(one: Legend, other: Legend) -> bool:
    return one.ids == other.ids and one.names == other.names
