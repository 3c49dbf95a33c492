"""A model over a raster: rows of finished labels, or tiles of probabilities, in order and in bounded memory.

One thread decodes, one cuts tiles, one computes; the caller takes what is finished. Between them wait a few items, never
more, so the slowest sets the pace and memory stays bounded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED
from engine.geo.tiles import Window
from engine.runtimes import Runner
from models.model import Model

from . import execute, lanes, stream
from .blend import Blender
from .labelling import Labels, Probabilities
from .plan import Plan, Span, cut_grid
from .ring import Source

BANDS_AHEAD = 1


@dataclass(frozen=True)
class Band:
    """Finished rows over the full width; 255 where there is no data.

    Args:
        window: the rows.
        classes: class ids, (h, W).
        confidence: probability of the class in percent, (h, W).
        probabilities: of every class in percent, (C, h, W), where they are asked for.
    """

    window: Window
    classes: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    probabilities: NDArray[np.uint8] | None = None

    def hide(self, valid: NDArray[np.bool_] | bool) -> Band:
        """Return the band after writing 255 where `valid` (h, W) is not."""
        if valid is not True:
            hidden = np.broadcast_to(~np.asarray(valid), self.classes.shape)
            for plane in (self.classes, self.confidence, *(() if self.probabilities is None else self.probabilities)):
                plane[hidden] = UNLABELLED
        return self


@dataclass(frozen=True)
class ProbabilityTile:
    """Probabilities (C, h, w) float32, image (B, h, w) as stored and validity (h, w) over `read`; `core` is its own ground.

    With the graph of `Views` the probabilities are (K, C, h, w); with that of `ProbabilityBytes` uint8 in 0-255.
    """

    read: Window
    core: Window
    probs: NDArray
    data: NDArray
    valid: NDArray[np.bool_]


def bands(
    model: Model, source: Source, report: Reporter, plan: Plan, make_runner: Callable[[Plan], Runner],
    *, with_probabilities: bool = False,
) -> Generator[Band]:  # fmt: skip
    """Yield finished bands from top to bottom.

    When the memory of the device does not hold a tile, smaller ones are taken from there on, and the user is told; tiles
    that are blended keep their size.

    Args:
        model: its legend gives the ids.
        source: the raster; its bands are those of the model, in its order.
        report: told of the progress in tiles, and asked whether to stop.
        plan: the tiles.
        make_runner: compiles the graph for the shape of a plan: `Probabilities` where tiles are blended, else `Labels`, or
            `LabelsAndProbabilities` where those are asked for.
        with_probabilities: bands carry the probabilities of all classes.

    Raises:
        ResourceError: not even the smallest tile fits into the memory.
        Cancelled: the job was asked to stop.
    """

    def made_of(plan: Plan) -> Iterator[Band]:
        if plan.is_blended:
            return _blend(source, report, plan, make_runner, model.card.legend.ids, with_probabilities)
        return _label(source, report, plan, make_runner, len(model.card.legend) if with_probabilities else 0)

    while plan.rows:
        try:
            with contextlib.closing(lanes.ahead(made_of(plan), BANDS_AHEAD, report.check)) as made:
                for band in made:
                    yield band
                    plan = plan.clipped(band.window.row + band.window.height, plan.height)
            return
        except Exception as error:
            if not execute.is_out_of_memory(error):
                raise
            plan = plan.smaller().clipped(plan.rows[0].core_start, plan.rows[-1].core_stop)
            report.warning(
                f"The memory is full. Going on with tiles of {plan.tile_height} x {plan.tile_width} px, {plan.batch} at once."
            )


def probability_bands(
    model: Model,
    source: Source,
    report: Reporter,
    *,
    margin_px: int,
    core_px: int = 512,
    halo_px: int = 128,
    make_runner: Callable[[Plan], Runner] | None = None,
    stage: str = "predict",
) -> Iterator[ProbabilityTile]:
    """Yield tiles of class probabilities in row-major order.

    Args:
        model: see `bands`.
        source: see `bands`.
        report: see `bands`.
        margin_px: pixels around each core that are part of `read`, where the raster has them.
        core_px: cores lie at multiples of this and partition the raster.
        halo_px: pixels around `read` that only the network sees.
        make_runner: compiles a graph that gives probabilities, see `labelling`; PyTorch on the CPU, one view, unless given.
        stage: what the progress is called.
    """
    height, width = source.geobox.height, source.geobox.width
    plan = cut_grid(height, width, core=core_px, halo=margin_px + halo_px, stride=model.network.stride)
    compiled = make_runner or execute.runner_maker(model, Probabilities, source, torch.device("cpu"))
    return probability_tiles(model, source, report, plan, compiled, margin_px=margin_px, stage=stage)


def probability_tiles(
    model: Model, source: Source, report: Reporter, plan: Plan, make_runner: Callable[[Plan], Runner],
    *, margin_px: int = 0, stage: str = "predict", skip_empty: bool = False,
) -> Iterator[ProbabilityTile]:  # fmt: skip
    """Yield class probabilities of the tiles of a plan.

    Args:
        model: see `bands`.
        source: see `bands`.
        report: see `bands`.
        plan: the tiles, not blended.
        make_runner: compiles a graph that gives probabilities, see `labelling`.
        margin_px: pixels around each core that are part of `read`, where the raster has them; the halo is wider.
        stage: what the progress is called.
        skip_empty: give cores without data probabilities of 0, without asking the model; for one view only.
    """
    frame = Window(0, 0, source.geobox.height, source.geobox.width)

    def made() -> Iterator[ProbabilityTile]:
        with contextlib.closing(stream.computed(source, report, plan, make_runner, stage, skip_empty=skip_empty)) as tiles:
            for placed in tiles:
                if placed.col is None:
                    continue
                core = stream.core_of(placed.row, placed.col)
                read = core.expand(margin_px).clip(frame)
                if placed.results is None:
                    nothing, shape = np.zeros((), source.dtype), (read.height, read.width)
                    yield ProbabilityTile(
                        read, core, np.zeros((len(model.card.legend), *shape), np.float32),
                        np.broadcast_to(nothing, (source.count, *shape)), np.zeros(shape, bool),
                    )  # fmt: skip
                    continue
                inside = (..., *stream.within(read, placed.row, placed.col))
                stored = placed.pixels[inside]
                yield ProbabilityTile(read, core, placed.results[0][inside], stored[:-1], stored[-1] != 0)

    with contextlib.closing(lanes.ahead(made(), BANDS_AHEAD, report.check)) as tiles:
        yield from tiles


def whole(model: Model, data: NDArray, valid: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return class ids and confidence (H, W) of an image (B, H, W) in one forward pass: what tiles are compared with."""
    mask = np.ones(data.shape[1:], bool) if valid is None else valid
    pixels = np.concatenate([np.where(mask, data, 0), mask[None].astype(data.dtype)])
    with torch.inference_mode():
        ids, percent = (r[0].numpy() for r in Labels(model).eval()(torch.from_numpy(pixels[None])))
    return np.where(mask, ids, np.uint8(UNLABELLED)), np.where(mask, percent, np.uint8(UNLABELLED))


def _label(source: Source, report: Reporter, plan: Plan, make_runner: Callable[[Plan], Runner], classes: int) -> Iterator[Band]:
    """Yield a band for each row of tiles; with the probabilities of so many classes."""
    open_bands: dict[int, Band] = {}
    with contextlib.closing(stream.computed(source, report, plan, make_runner, "segment", skip_empty=True)) as tiles:
        for placed in tiles:
            start = placed.row.core_start
            if start not in open_bands:
                open_bands[start] = _empty_band(placed.row, plan.width, classes)
            if placed.col is None:
                yield open_bands.pop(start).hide(placed.valid)
            elif placed.results is not None:
                band = open_bands[start]
                inside = stream.within(stream.core_of(placed.row, placed.col), placed.row, placed.col)
                across = slice(placed.col.core_start, placed.col.core_stop)
                planes = (band.classes, band.confidence, *(() if band.probabilities is None else (band.probabilities,)))
                for target, made in zip(planes, placed.results, strict=True):
                    target[..., across] = made[(..., *inside)]


def _blend(
    source: Source, report: Reporter, plan: Plan, make_runner: Callable[[Plan], Runner], ids: Sequence[int],
    with_probabilities: bool,
) -> Iterator[Band]:  # fmt: skip
    """Yield a band for each row of tiles: the rows that no later tile reaches."""
    blender = Blender(plan, ids)
    with contextlib.closing(stream.computed(source, report, plan, make_runner, "segment", skip_empty=True)) as tiles:
        for placed in tiles:
            row = placed.row
            if placed.col is not None and placed.results is not None:
                blender.add(row, placed.col, placed.results[0])
            elif placed.col is None and row.core_start < row.core_stop:
                classes, confidence, percents = blender.finish(row)
                window = Window(row.core_start, 0, *classes.shape)
                yield Band(window, classes, confidence, percents if with_probabilities else None).hide(placed.valid)


def _empty_band(row: Span, width: int, classes: int) -> Band:
    shape = (row.core_stop - row.core_start, width)
    blank = np.full(shape, UNLABELLED, np.uint8)
    probabilities = np.full((classes, *shape), UNLABELLED, np.uint8) if classes else None
    return Band(Window(row.core_start, 0, *shape), blank, blank.copy(), probabilities)
