"""How wide a halo a network needs in fact: the effective receptive field is far smaller than the theoretical one.

Labels with a halo are compared with those that the theoretical receptive field gives, on real tiles. The pixels that
differ lie along the border of a core, so their share falls as the core grows: it is measured on one core size and scaled.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.contract.events import Reporter
from engine.runtimes import Runner
from models.model import Model

from .plan import Plan, Span
from .race import real_tiles
from .ring import Source

SEAMLESS_SHARE = 1e-4
"""A seamless halo changes at most this share of the labels: 1 pixel in 10,000."""

PROBED_CORE_PX = 512
PROBED_HALOS_PX = (32, 64, 96, 128, 160, 192, 256, 320)
PROBED_TILES = 3


def curve(
    model: Model, source: Source, report: Reporter, make_runner: Callable[[Plan], Runner], *, tiles: int = PROBED_TILES
) -> dict[str, float]:
    """Return halo in pixels -> share of labels that differ from the exact ones around a core of `PROBED_CORE_PX`.

    Halos from 0 up until one changes nothing; empty where the raster holds no core with an exact halo around it.

    Args:
        model: a local network; its card's halo is the exact one.
        source: real tiles are read from it.
        report: asked whether to stop.
        make_runner: compiles the labelling graph for a plan.
        tiles: places that are compared.
    """
    exact = model.card.halo_px
    core = PROBED_CORE_PX
    if min(source.geobox.height, source.geobox.width) < core + 2 * exact:
        return {}
    whole = _square(source, core, exact, model.network.stride)
    places = list(real_tiles(source, whole, tiles))
    labels = [_labels(make_runner(whole), place, exact, core) for place in places]
    found: dict[str, float] = {}
    for halo in (h for h in (0, *PROBED_HALOS_PX) if h < exact):
        report.check()
        runner = make_runner(_square(source, core, halo, model.network.stride))
        cut = slice(exact - halo, exact + core + halo)
        shares = [
            (_labels(runner, np.ascontiguousarray(place[:, :, cut, cut]), halo, core) != expected).mean()
            for place, expected in zip(places, labels, strict=True)
        ]
        found[str(halo)] = float(np.mean(shares)) if shares else 1.0
        if found[str(halo)] == 0.0:
            break
    return found


def seamless_halo_px(measured: dict[str, float], exact_px: int, core_px: int) -> int:
    """Return the smallest halo that changes at most `SEAMLESS_SHARE` of the labels with cores of this size.

    Args:
        measured: what `curve` returned; empty where nothing was measured.
        exact_px: the halo that changes nothing.
        core_px: side of a core.
    """
    fits = [int(h) for h, share in measured.items() if share * PROBED_CORE_PX / core_px <= SEAMLESS_SHARE]
    return min((*fits, exact_px))


def _square(source: Source, core: int, halo: int, stride: int) -> Plan:
    """Return the plan of all squares of a core and its halo that lie inside the raster."""
    side = core + 2 * halo
    height, width = source.geobox.height, source.geobox.width
    rows = tuple(Span(s, s + halo, s + halo + core) for s in range(0, height - side + 1, core))
    cols = tuple(Span(s, s + halo, s + halo + core) for s in range(0, width - side + 1, core))
    return Plan(height, width, stride, core, halo, side, side, 1, rows, cols)


def _labels(runner: Runner, batch: NDArray, halo: int, core: int) -> NDArray:
    inside = slice(halo, halo + core)
    return runner(batch)()[0][0, inside, inside].copy()
