"""What one model or several show of an orthophoto, piece by piece, for those who want probabilities and image together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine import device
from engine.contract.events import Reporter
from engine.geo.tiles import Window
from engine.inference import budget, execute, inputs, predict, prepare
from engine.inference.inputs import Input
from engine.inference.labelling import PERCENT, Probabilities, ProbabilityBytes, Views
from models.model import Model

Piece = tuple[Window, NDArray, NDArray, NDArray[np.bool_]]
"""A window, its (C, h, w) or (K, C, h, w) probabilities as float or in bytes, (B, h, w) image and (h, w) validity."""


def pieces(
    models: Sequence[Model], given: Input, report: Reporter, *, paths: Sequence[str], tta: str, device_name: str,
    least_core_px: int, stage: str,
) -> Iterator[Piece]:  # fmt: skip
    """Yield what the models and the image show, without margins.

    Args:
        models: one, or an ensemble of models with the same classes.
        given: the orthophoto.
        paths: the files that it was opened from.
        report: told of the tiles; the place where a cancelled job stops.
        tta: word of the views that each model gives, `none` for one.
        device_name: word of the device.
        least_core_px: side of the cores at least, where several are asked.
        stage: what the report calls it.
    """
    if len(models) == 1 and tta == "none":
        yield from _of_one(models[0], given, report, paths, device_name, stage)
        return
    image, where = given.source, device.resolve(device_name)
    plans = [budget.choose(model, image, where, halo_px=model.card.halo_px) for model in models]
    core_px = max(min(min(p.tile_height, p.tile_width) - 2 * p.halo for p in plans), least_core_px)
    graph, options = (Probabilities, {}) if tta == "none" else (Views, {"views": tta})
    streams = [
        predict.probability_bands(
            model, image, report, margin_px=0, core_px=core_px, halo_px=plan.halo,
            make_runner=execute.runner_maker(model, graph, image, where, **options), stage=stage,
        )
        for model, plan in zip(models, plans, strict=True)
    ]  # fmt: skip
    for tiles in zip(*streams, strict=True):
        views = [t.probs if t.probs.ndim == 4 else t.probs[None] for t in tiles]
        yield tiles[0].core, np.concatenate(views) if len(views) > 1 else views[0], tiles[0].data, tiles[0].valid


def _of_one(
    model: Model, given: Input, report: Reporter, paths: Sequence[str], device_name: str, stage: str
) -> Iterator[Piece]:
    """Yield what one view of one model and the image show."""
    image, where = given.source, device.resolve("cpu" if model.is_onnx else device_name)
    ready = prepare.prepare(model, image, where, report)
    if ready.plan.is_blended:
        yield from _blended(model, given, report, paths, ready)
        return
    make_runner = execute.runner_maker(
        model, ProbabilityBytes, image, where, runtime=ready.choice.runtime, precision=ready.choice.precision
    )
    tiles = predict.probability_tiles(model, image, report, ready.plan, make_runner, stage=stage, skip_empty=True)
    for tile in tiles:
        yield tile.core, tile.probs, tile.data, tile.valid


def _blended(model: Model, given: Input, report: Reporter, paths: Sequence[str], ready: prepare.Preparation) -> Iterator[Piece]:
    """Yield the same for a network that looks at the whole tile; the image is opened again, for it is read on two threads."""
    bands = predict.bands(model, given.source, report, ready.plan, ready.make_runner, with_probabilities=True)
    with inputs.reopen(paths, given.view) as again:
        for band in bands:
            data, valid = again.source.read(band.window)
            assert band.probabilities is not None
            percents = np.where(valid, band.probabilities, 0)
            yield band.window, percents.astype(np.float32) / PERCENT, data, valid
