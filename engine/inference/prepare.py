"""Before the first tile: the halo, the tile, the runtime and the number format of a run, asked for or found out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from engine.contract.errors import ModelError
from engine.contract.events import Reporter
from engine.runtimes import Runner
from models.model import Model

from . import budget, execute, race, remembered, seam
from .labelling import Labels
from .plan import Plan
from .race import Choice
from .ring import Source

PROBE_WORTH_PX = 30_000_000
"""Rasters with fewer pixels are not probed for a narrower halo: they are done before it pays."""


@dataclass(frozen=True)
class Preparation:
    """How a run is done.

    Args:
        plan: the tiles.
        choice: runtime and number format.
        grade: `exact`, `seamless` or `cropped`.
        make_runner: compiles the labelling graph for a plan.
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
        }  # fmt: skip


def prepare(
    model: Model, source: Source, device: torch.device, report: Reporter, *, grade: str = "seamless", views: str = "none",
    runtime: str = "auto", precision: str = "auto", tile: int = 0, batch: int = 0, chosen: dict[str, Any] | None = None,
) -> Preparation:  # fmt: skip
    """Return how a raster is segmented.

    Args:
        model: the model.
        source: the raster.
        device: where to compute.
        report: told what is tried.
        grade: `exact` or `seamless`.
        views: a word of `labelling.VIEWS`.
        runtime: a word of the catalogue, or `auto`.
        precision: `fp32`, `bf16`, `fp16` or `auto`; the exact grade is always fp32.
        tile: side of a tile with its halo; 0 chooses.
        batch: tiles at once; 0 chooses.
        chosen: what an earlier run of the same request chose.

    Raises:
        ModelError: the exact grade of a network with global parts.
        SpecError: the runtime does not compute in that format on this device.
        ResourceError: the runtime is not installed.
    """
    started = time.monotonic()
    is_exact = grade == "exact"
    if is_exact and not model.network.is_local:
        raise ModelError(
            f"{model.card.network} has parts that look at the whole tile; no margin gives it the labels of one pass.",
            "Use --grade seamless.",
        )

    def maker(choice: Choice) -> Callable[[Plan], Runner]:
        return execute.runner_maker(
            model, Labels, source, device, runtime=choice.runtime, precision=choice.precision, views=views
        )

    if chosen:
        choice = Choice(chosen["runtime"], chosen["precision"])
        asked = chosen["core"] + 2 * chosen["halo"]
        plan = budget.choose(model, source, device, halo_px=chosen["halo"], tile=asked, batch=chosen["batch"])
    else:
        halo_px = model.card.halo_px if is_exact else seamless_halo_px(model, source, device, report, tile)
        plan = budget.choose(model, source, device, halo_px=halo_px, tile=tile, batch=batch)
        asked_precision = "fp32" if is_exact and precision == "auto" else precision
        choice = race.choose(model, source, plan, device, report, maker, runtime=runtime, precision=asked_precision, key=views)
    named = grade if model.network.is_local else "cropped"
    if named != grade:
        report.warning(
            f"{model.card.network} looks at the whole tile, so seams may show where tiles meet. "
            "For a map without seams, distill a student such as unet_mobilenet_v2_thin from it."
        )
    return Preparation(plan, choice, named, maker(choice), time.monotonic() - started)


def seamless_halo_px(model: Model, source: Source, device: torch.device, report: Reporter, tile: int = 0) -> int:
    """Return the seamless halo: from the card, from an earlier probe, or from one that a large raster is worth."""
    exact_px = model.card.halo_px
    if not model.network.is_local:
        return exact_px
    core_px = max(seam.PROBED_CORE_PX // 2, tile - 2 * seam.UNPROBED_HALO_PX) if tile else _likely_core_px(device)
    measured = model.card.measured.get("seam") or remembered.recall("seam", model.card.hash)
    if not measured and source.geobox.height * source.geobox.width >= PROBE_WORTH_PX:
        report.message("Measuring how wide a margin this model needs; this is done once.")
        measured = seam.curve(model, source, report, execute.runner_maker(model, Labels, source, device))
        remembered.remember(measured, "seam", model.card.hash)
    return seam.seamless_halo_px(measured or {}, exact_px, core_px)


def _likely_core_px(device: torch.device) -> int:
    return budget.GPU_CORES_PX[0] if device.type == "cuda" else budget.CPU_CORES_PX[0]
