"""What a card says of tiles, measured on real ones where the model is made: by the halo, and by the way it is run."""

from __future__ import annotations

from typing import Any

import torch

from engine.contract.events import Reporter
from models.model import Model

from . import budget, execute, race, seam
from .labelling import Labels
from .race import Choice
from .ring import Source

PROBED_TILE_PX = 512


def measure(model: Model, source: Source, device: torch.device, report: Reporter) -> dict[str, Any]:
    """Return the figures that the raster is large enough for.

    Args:
        model: its card has the exact halo.
        source: real tiles are read from it.
        device: where to compute.
        report: asked whether to stop.

    Returns:
        `seam`: halo in pixels -> share of labels that differ from those of the exact halo, see `seam.curve`; absent where
        the network is not local. `runtimes`: such as `openvino bf16` -> share of labels that differ from PyTorch in fp32
        on the same tile.
    """
    found: dict[str, Any] = {}
    if model.network.is_local:
        found["seam"] = seam.curve(model, source, report, execute.runner_maker(model, Labels, source, device), tiles=1)

    def maker(choice: Choice) -> race.Maker:
        return execute.runner_maker(model, Labels, source, device, runtime=choice.runtime, precision=choice.precision)

    plan = budget.choose(model, source, device, halo_px=0, tile=PROBED_TILE_PX, batch=1)
    found["runtimes"] = race.disagreements(source, plan, device, report, maker)
    return {name: figures for name, figures in found.items() if figures}
