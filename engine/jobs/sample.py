"""Design a stratified random sample of a map, to be answered by a person."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.assessment import allocation, draw
from engine.assessment.estimate import FEW_POINTS
from engine.contract.errors import DataError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.params import nearest
from engine.contract.specs.sample import SampleSpec
from engine.geo import labels, mask, points, raster
from engine.geo.labels import LabelRaster
from engine.geo.mask import Mask
from engine.geo.tiles import block_rows

ROWS = 512


def run(spec: SampleSpec, report: Reporter) -> dict[str, Any]:
    """Write the points with their strata and their form."""
    with contextlib.ExitStack() as opened:
        with raster.open_ids(spec.map) as source:
            geobox = source.geobox
        mapped = opened.enter_context(labels.open_label_raster(spec.map, geobox))
        accuracy = _accuracies(spec, mapped.legend)
        inside = mask.open_mask(spec.area_of_interest, geobox) if spec.area_of_interest else None
        sizes = np.zeros(UNLABELLED, np.int64)
        for _, ids in _blocks(mapped, inside, "Counting", report):
            sizes += np.bincount(ids[ids != UNLABELLED], minlength=UNLABELLED)
        present = np.array([i for i in mapped.legend.ids if sizes[i]], np.int64)
        if not len(present):
            raise DataError(f"{spec.map} has no pixel with a class to draw from.", "Choose another map or area of interest.")
        shares = _allocate(spec, sizes[present], accuracy[present], report)
        for stratum in set(mapped.legend.ids) - set(present.tolist()):
            report.warning(f"Class {_name(mapped.legend, stratum)} has no pixel in the map and gets no point.")
        _warn(shares, sizes[present], [_name(mapped.legend, i) for i in present], report)
        rng = np.random.default_rng(spec.seed)
        chosen: list[NDArray] = [np.empty(0, np.int64)] * UNLABELLED
        for stratum, ranks in zip(present, draw.ranks(sizes[present], shares, rng), strict=True):
            chosen[stratum] = ranks
        found = draw.find(_blocks(mapped, inside, "Drawing", report), chosen)
    found = rng.permutation(found)  # an order by stratum would tell the map's class
    error = allocation.expected_error(shares, sizes[present], accuracy[present])
    everywhere = np.array(mapped.legend.ids)  # classes without a pixel too: an answer may name one
    taken = dict(zip(present.tolist(), shares.tolist(), strict=True))
    strata = pd.DataFrame(
        {
            "stratum": everywhere.astype(np.int32),
            "name": mapped.legend.names,
            "pixels": sizes[everywhere],
            "weight": sizes[everywhere] / sizes.sum(),
            "points": np.array([taken.get(i, 0) for i in mapped.legend.ids], np.int32),
        }
    )
    points.write(spec.output, geobox, found, strata, mapped.legend)
    report.artifact("sample", spec.output)
    return {
        "points": len(found),
        "strata": [{k: v.item() if hasattr(v, "item") else v for k, v in row.items()} for row in strata.to_dict("records")],
        "expected_standard_error": error if np.isfinite(error) else None,
        "legend": mapped.legend.to_json(),
    }


def _allocate(spec: SampleSpec, sizes: NDArray, accuracy: NDArray, report: Reporter) -> NDArray[np.int64]:
    def share(total: int) -> NDArray[np.int64]:
        if spec.allocation == "equal":
            return allocation.equal(total, sizes)
        if spec.allocation == "neyman":
            return allocation.neyman(total, sizes, accuracy, spec.least)
        return allocation.proportional(total, sizes, spec.least)

    if spec.points and spec.allocation != "equal" and (floor := int(np.minimum(spec.least, sizes).sum())) > spec.points:
        report.warning(f"{spec.least} points for each class need {floor} points, more than {spec.points}: {floor} are drawn.")
    return share(spec.points or allocation.size_for(spec.standard_error, sizes, accuracy, share))


def _accuracies(spec: SampleSpec, legend: Legend) -> NDArray[np.float64]:
    """Return the expected user's accuracy by class id, (255,)."""
    found = np.full(UNLABELLED, spec.accuracy)
    ids = {c.name: c.id for c in legend}
    for item in filter(None, (i.strip() for i in spec.accuracies.split(","))):
        name, _, number = (part.strip() for part in (item if "=" in item else f"{item}=").rpartition("="))
        if name not in ids:
            raise SpecError(f"Expected accuracies: the map has no class '{name}'.", nearest(name, ids))
        try:
            found[ids[name]] = float(number)
        except ValueError:
            found[ids[name]] = np.nan
        if not 0 <= found[ids[name]] <= 1:
            raise SpecError(f"Expected accuracies: found '{item}'.", f"Write a share from 0 to 1, as {name}=0.8.")
    return found


def _blocks(mapped: LabelRaster, inside: Mask | None, stage: str, report: Reporter) -> Iterator[tuple[int, NDArray]]:
    height, width = mapped.geobox.height, mapped.geobox.width
    for window in block_rows(height, width, ROWS):
        ids = mapped.read(window)
        if inside is not None:
            ids = np.where(inside.read(window), ids, np.uint8(UNLABELLED))
        yield window.row, ids
        report.progress(stage, (window.row + window.height) * width / 1e6, height * width / 1e6, "Mpx")


def _warn(shares: NDArray, sizes: NDArray, names: list[str], report: Reporter) -> None:
    for points_, size, name in zip(shares, sizes, names, strict=True):
        if points_ < 2:
            found = "1 point" if points_ else "no point"
            report.warning(f"Class {name} gets {found}, so that no standard error can be given: raise Points at least.")
        elif points_ == size:
            report.warning(f"Class {name} has only {size} pixels, and all of them are in the sample.")
        elif points_ < FEW_POINTS:
            report.warning(f"Class {name} gets {points_} points, fewer than {FEW_POINTS}: its intervals will be rough.")


def _name(legend: Legend, class_id: int) -> str:
    return next(c.name for c in legend if c.id == class_id)
