"""One tile from class ids to polygons: those that lie whole in it are finished, the others wait for their neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract.legend import UNLABELLED
from engine.geo.tiles import Window
from engine.vectorize import coverage, pieces, seam
from engine.vectorize.coverage import Finish
from engine.vectorize.features import Maker
from engine.vectorize.stitch import Measures, OpenPieces
from engine.vectorize.trace import trace


@dataclass(frozen=True)
class TileDone:
    """What a tile gives.

    Attributes:
        finished: columns of the polygons that lie whole in the tile.
        open: the pieces that go on beyond its frame.
        changed: number of pixels that simplification gives another class.
    """

    finished: dict[str, NDArray]
    open: OpenPieces
    changed: int


def work(
    window: Window, ids: NDArray[np.uint8], confidence: NDArray[np.uint8] | None, maker: Maker, finish: Finish | None
) -> TileDone:
    """Trace a tile.

    Args:
        window: the tile.
        ids: (h + 2, w + 2) classes of the tile and of the pixels around it, UNLABELLED outside the raster.
        confidence: (h, w) percent, 255 where there is none.
        maker: makes the polygons.
        finish: how borders are simplified and smoothed; None leaves them as they are.
    """
    inner = np.ascontiguousarray(ids[1:-1, 1:-1])
    found = pieces.find(inner)
    around = seam.frame(ids)
    labelled = found.classes != UNLABELLED
    changed = 0
    if finish is None:
        labels, number = _renumbered(found.labels, labelled)
        rings = trace(ids, labels)
    else:
        rings, changed = coverage.finished(trace(ids, found.labels), found.classes, around, finish)
        labels, number = _renumbered(found.labels, labelled)
        rings = rings.chosen(labelled[rings.owners], number)
    measures = _measures(found.classes[labelled], labels, confidence)
    sides = seam.across(around, labels)
    is_open = np.zeros(len(measures), bool)
    for side in sides:
        is_open[side[side >= 0]] = True
    number = np.append(np.where(is_open, np.cumsum(is_open), np.cumsum(~is_open)) - 1, -1)  # the last answers to -1, no piece
    of_open = is_open[rings.owners]
    whole, chains = seam.open_up(around, rings.chosen(of_open, number), window.col, window.row)
    closed = rings.chosen(~of_open, number).moved(window.col, window.row)
    return TileDone(
        maker.make(closed, measures.chosen(~is_open)),
        OpenPieces(measures.chosen(is_open), whole, chains, tuple(number[side] for side in sides)),
        changed,
    )


def _renumbered(labels: NDArray[np.int32], kept: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return labels that count the kept pieces only, -1 for the others, and the new number of each piece."""
    number = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
    return (labels if kept.all() else number[labels]), number


def _measures(classes: NDArray[np.uint8], labels: NDArray[np.int32], confidence: NDArray[np.uint8] | None) -> Measures:
    if confidence is None:
        return Measures(classes, np.zeros(len(classes)), np.zeros(len(classes), np.int64))
    judged = (confidence != UNLABELLED) & (labels >= 0)
    of, percent = labels[judged], confidence[judged]
    return Measures(classes, np.bincount(of, percent, len(classes)).astype(float), np.bincount(of, minlength=len(classes)))
