"""What teachers say of whole orthophotos, kept in rasters while a student learns: asked once, read with every chip.

A chip then costs the reading of a few bytes more and no teacher, in any number of steps. The teachers see the orthophoto as
it is, with the ground around each chip; only the student sees light and colour varied. Kept are the teachers' mean
probabilities p and their disagreement as a share of log C, each as round(255 * sqrt(p)) in a byte: steps of 0.00002 near 0
and of 0.008 near 1.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from numpy.typing import NDArray
from torch import Tensor

from engine import atomic, losses
from engine.geo import raster, writer
from engine.geo.tiles import Window
from models.outputs import Outputs

from .objective import Teacher, together

_MOST = 255.0
Answers = Callable[[str], Iterator[tuple[Window, Tensor]]]


def keep(folder: Path, images: Sequence[str], teachers: Sequence[Teacher], names: Sequence[str], ask: Answers) -> list[str]:
    """Return for each orthophoto the raster of what the teachers say of it; what an earlier run left is taken.

    Args:
        folder: where the rasters lie; made if it is not there.
        images: paths of the orthophotos.
        teachers: decide, with the orthophoto, which raster is the right one.
        names: of the student's classes.
        ask: given a path, yields windows that partition the orthophoto, and the teachers' probabilities (M, C, h, w) there
            in the order of the student's classes, 0 without data.

    Raises:
        DataError: the folder cannot be made.
        ResourceError: the disk is full.
    """
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise atomic.explain(error, folder) from error
    kept = []
    for image in images:
        path = folder / f"{_key(image, teachers)}.tif"
        kept.append(str(path))
        if path.exists():
            continue
        with raster.open(image) as opened:
            geobox = opened.geobox
        bands = (*names, losses.DISAGREEMENT)
        with writer.create(path, geobox, count=len(bands), nodata=0, descriptions=bands, resampling="nearest") as out:
            for window, probs in ask(image):
                out.write(window, stored(probs))
    return kept


def stored(probs: Tensor) -> NDArray:
    """Return the bytes (C + 1, h, w) that are kept of the teachers' probabilities (M, C, h, w)."""
    mean, disagreement = together(probs[:, None])
    shares = torch.cat([mean[0], disagreement / _most_entropy(probs.shape[1])])
    kept: NDArray = (shares.clamp(0, 1).sqrt() * _MOST).round().to(torch.uint8).numpy()
    return kept


def said(kept: Tensor) -> Outputs:
    """Return of bytes (N, C + 1, H, W) what `Objective.ask` returns, without the features of a teacher."""
    shares = (kept.float() / _MOST) ** 2
    logits = shares[:, :-1].clamp(min=torch.finfo(torch.float32).tiny).log()
    return Outputs(logits, {losses.DISAGREEMENT: shares[:, -1:] * _most_entropy(shares.shape[1] - 1)})


def _most_entropy(classes: int) -> float:
    return math.log(max(classes, 2))


def _key(image: str, teachers: Sequence[Teacher]) -> str:
    digest = hashlib.sha256()
    with raster.open(image) as opened:
        digest.update(opened.fingerprint().encode())
    for teacher in teachers:
        digest.update(f"{teacher.model.card.hash} {teacher.channels}".encode())
    return digest.hexdigest()[:24]
