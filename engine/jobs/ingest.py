"""Turn the answers of a labelling campaign into the label raster of the next round."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from engine.campaign import answers, merge, store
from engine.contract.errors import DataError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED
from engine.contract.specs.ingest import IngestSpec
from engine.geo import labels, raster, writer
from engine.geo.geobox import GeoBox
from engine.geo.tiles import block_rows
from engine.geo.vector import LabelPolygons

ROWS_PX = 512
NAMED_AT_MOST = 50
_LEARN, _MEASURE = 1, 2


def hear(spec: IngestSpec, geobox: GeoBox) -> tuple[store.Campaign, answers.Ground]:
    """Return the campaign of all its files, and what people said of the ground.

    Raises:
        DataError: a file is no campaign, the files are no copies of one, or the orthophoto is not theirs.
    """
    campaign, differences = merge.read(spec.campaign)
    answers.check_crs(campaign, geobox.crs_wkt, geobox.crs_name, ", ".join(spec.campaign))
    share = spec.held_out_share if spec.held_out else 0.0
    made = answers.ground(campaign, tuple(geobox.transform), geobox.footprint, share)
    made.noticed.extend(differences)
    return campaign, made


def run(spec: IngestSpec, report: Reporter) -> dict[str, Any]:
    """Write the labels, those held out where they are asked for, and name every feature that gave none."""
    with contextlib.ExitStack() as files:
        image = files.enter_context(raster.open(spec.image))
        geobox = image.geobox
        campaign, made = hear(spec, geobox)
        legend, name = campaign.legend, ", ".join(spec.campaign)
        for text in (made.unused + made.noticed)[:NAMED_AT_MOST]:
            report.warning(text)
        if not any(i != UNLABELLED and not apart for i, apart in zip(made.ids, made.held_out, strict=True)):
            raise DataError(
                f"{name}: no feature gives a label; {len(made.unused)} cannot be used as they are. "
                + " ".join(made.unused[:3]),
                "Answer units in QGIS, or draw polygons in the layer corrections, and save the edits.",
            )
        earlier = files.enter_context(labels.open_labels(spec.labels, geobox, legend=legend)) if spec.labels else None
        polygons = np.empty(len(made.polygons), dtype=object)
        polygons[:] = made.polygons
        # Where a person could not tell, the answer is UNLABELLED and wipes an earlier label, so spoken ground is drawn apart.
        said = LabelPolygons(name, geobox, legend, polygons, np.array(made.ids, np.uint8))
        purpose = LabelPolygons(name, geobox, legend, polygons, np.where(made.held_out, _MEASURE, _LEARN).astype(np.uint8))
        counts = np.zeros(256, np.int64)
        new_px = 0
        output = files.enter_context(writer.create(spec.output, geobox, legend=legend))
        apart = files.enter_context(writer.create(spec.held_out, geobox, legend=legend)) if spec.held_out else None
        for window in block_rows(geobox.height, geobox.width, ROWS_PX):
            _, valid = image.read(window)
            spoken, ids = np.where(valid, purpose.read(window), UNLABELLED), said.read(window)
            below = earlier.read(window) if earlier else np.full(valid.shape, UNLABELLED, np.uint8)
            drawn = np.where(spoken == _LEARN, ids, np.where(valid & (spoken == UNLABELLED), below, UNLABELLED)).astype(
                np.uint8
            )
            output.write(window, drawn)
            if apart is not None:
                apart.write(window, np.where(spoken == _MEASURE, ids, UNLABELLED).astype(np.uint8))
            counts += np.bincount(drawn.ravel(), minlength=256)
            new_px += int(((spoken == _LEARN) & (drawn != UNLABELLED)).sum())
            report.progress("ingest", window.row + window.height, geobox.height, "rows")
    report.artifact("labels", spec.output)
    if apart is not None:
        report.artifact("held-out labels", spec.held_out)
    return {
        "labelled_pixels": int(counts[:UNLABELLED].sum()),
        "answered_pixels": new_px,
        "pixels": {c.name: int(counts[c.id]) for c in legend},
        "held_out_pixels": {c.name: int(apart.counts[c.id]) for c in legend} if apart is not None else {},
        "share": round(float(counts[:UNLABELLED].sum() / counts.sum()), 6),
        "rounds": campaign.last_round,
        "answers": made.answered,
        "open_units": int(len(campaign.units) - sum(made.answered.values())),
        "corrections": len(campaign.corrections) + len(campaign.points),
        "unused": made.unused,
        "noticed": made.noticed,
        "digest": made.digest,
    }
