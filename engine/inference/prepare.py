"""Before the first tile: the halo, the tile, the runtime and the number format of a run, asked for or found out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from engine.contract.errors import ModelError
from engine.contract.events import Reporter
from engine.runtimes import Runner
from models.model import Model

from . import budget, execute, guided, race, remembered, seam, seam_index
from .labelling import Labels, LabelsAndProbabilities, Probabilities
from .plan import Plan
from .race import Choice
from .ring import Source

PROBE_WORTH_PX = 30_000_000
"""Rasters with fewer pixels are not probed for a narrower halo: they are done before it pays."""

BLENDED_HALO_PX = 128
"""Half of what tiles of a local network share where they are blended on request."""


@dataclass(frozen=True)
class Preparation:
    """How a run is done.

    Args:
        plan: the tiles.
        choice: runtime and number format.
        grade: `exact`, `seamless` or `blended`.
        make_runner: compiles the graph that `predict.bands` takes for the plan.
        seconds: what it took to find out.
    """

    plan: Plan
    choice: Choice
    grade: str
    make_runner: Callable[[Plan], Runner]
    seconds: float

    @property
    def chosen(self) -> dict[str, Any]:
        """Return what a later run of the same request takes over."""
        return {
            "core": self.plan.core, "halo": self.plan.halo, "batch": self.plan.batch,
            "runtime": self.choice.runtime, "precision": self.choice.precision,
            "seams": [list(found) for found in seam_index.lines(self.plan)],
        }  # fmt: skip

    def compiled(self) -> Preparation:
        """Return the same with the runner for the tiles of the plan made already, unless the memory does not hold it."""
        started = time.monotonic()
        shape = (self.plan.batch, self.plan.tile_height, self.plan.tile_width)
        make_runner = self.make_runner
        try:
            made = make_runner(self.plan)
        except Exception as error:
            if not execute.is_out_of_memory(error):
                raise
            return self  # fails again where smaller tiles are taken instead

        def of(plan: Plan) -> Runner:
            return made if (plan.batch, plan.tile_height, plan.tile_width) == shape else make_runner(plan)

        return replace(self, make_runner=of, seconds=self.seconds + time.monotonic() - started)


def prepare(
    model: Model, source: Source, device: torch.device, report: Reporter, *, grade: str = "seamless", views: str = "none",
    refine: str = "none", runtime: str = "auto", precision: str = "auto", tile: int = 0, batch: int = 0,
    with_probabilities: bool = False, chosen: dict[str, Any] | None = None,
) -> Preparation:  # fmt: skip
    """Return how a raster is segmented.

    Args:
        model: the model.
        source: the raster.
        device: where to compute.
        report: told what is tried.
        grade: `exact`, `seamless` or `blended`; networks with global parts are always blended.
        views: a word of `labelling.VIEWS`.
        refine: `guided` or `none`, see `guided`; refined borders are always computed in fp32.
        runtime: a word of the catalogue, or `auto`.
        precision: `fp32`, `bf16`, `fp16` or `auto`; the exact grade is always fp32.
        tile: side of a tile with its halo; 0 chooses.
        batch: tiles at once; 0 chooses.
        with_probabilities: those of all classes are asked for.
        chosen: what an earlier run of the same request chose.

    Raises:
        ModelError: the exact grade of a network with global parts.
        SpecError: the runtime does not compute in that format on this device, or the model not with that tile.
        ResourceError: the runtime is not installed.
    """
    started = time.monotonic()
    is_exact = grade == "exact"
    if is_exact and not model.network.is_local:
        raise ModelError(
            f"{_how_far(model)}; no margin gives it the labels of one pass.",
            "Use --grade blended.",
        )
    is_blended = grade == "blended" or not model.network.is_local

    def maker(choice: Choice, graph: Callable[..., torch.nn.Module] = Labels) -> Callable[[Plan], Runner]:
        return execute.runner_maker(
            model, graph, source, device, runtime=choice.runtime, precision=choice.precision, views=views, refine=refine
        )

    if chosen:
        choice = Choice(chosen["runtime"], chosen["precision"])
        asked = chosen["core"] + 2 * chosen["halo"]
        plan = budget.choose(
            model, source, device, halo_px=chosen["halo"], tile=asked, batch=chosen["batch"], is_blended=is_blended
        )
    else:

        def planned(halo_px: int) -> Plan:
            halo_px += guided.REACH_PX * (refine == "guided")
            return budget.choose(model, source, device, halo_px=halo_px, tile=tile, batch=batch, is_blended=is_blended)

        if is_blended and model.network.is_local:
            plan = planned(min(model.card.halo_px, BLENDED_HALO_PX))
        elif is_blended or is_exact:
            plan = planned(model.card.halo_px)
        else:
            plan = _seamless(planned, _seams(model, source, device, report), model.card.halo_px)
        asked_precision = "fp32" if precision == "auto" and (is_exact or refine == "guided") else precision
        choice = race.choose(
            model, source, plan, device, report, maker, runtime=runtime, precision=asked_precision, key=f"{views} {refine}"
        )
    if is_blended and grade != "blended":
        report.message(f"{_how_far(model)}, so its tiles overlap and are blended.")
    graph = Probabilities if is_blended else LabelsAndProbabilities if with_probabilities else Labels
    return Preparation(plan, choice, "blended" if is_blended else grade, maker(choice, graph), time.monotonic() - started)


def _seamless(planned: Callable[[int], Plan], measured: dict[str, float], exact_px: int) -> Plan:
    """Return the plan with the smallest seamless halo; the smaller the cores it leaves, the wider the halo they need."""
    core_px = max(budget.GPU_CORES_PX)
    while True:
        plan = planned(seam.seamless_halo_px(measured, exact_px, core_px))
        if plan.core_px >= core_px or plan.halo >= exact_px:
            return plan
        core_px = plan.core_px


def _seams(model: Model, source: Source, device: torch.device, report: Reporter) -> dict[str, float]:
    """Return `seam.curve` from the card, from an earlier probe, or from one that a large raster is worth; else nothing."""
    measured = model.card.measured.get("seam") or remembered.recall("seam", model.card.hash)
    if not measured and source.geobox.height * source.geobox.width >= PROBE_WORTH_PX:
        report.message("Measuring how wide a margin this model needs; this is done once.")
        measured = seam.curve(model, source, report, execute.runner_maker(model, Labels, source, device))
        remembered.remember(measured, "seam", model.card.hash)
    return measured or {}


def _how_far(model: Model) -> str:
    return "An ONNX file does not say how far it looks" if model.is_onnx else f"{model.card.network} looks at the whole tile"
