"""A network with its card: what it takes, and whether a raster is that."""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.contract.errors import ModelError

from .card import ONNX, Card
from .segmenter import Segmenter

GSD_TOLERANCE = 0.05
"""Share by which a raster's ground sampling distance may leave the card's range: that of one sensor varies so much."""

_NAMELESS = re.compile(r"(band|channel|layer|b)?[ _-]*\d*|gr[ae]y|undefined", re.IGNORECASE)


@dataclass(frozen=True)
class Model:
    """A network in eval mode and its card."""

    network: Segmenter
    card: Card

    @property
    def is_onnx(self) -> bool:
        """Return whether the network is an ONNX file, which only ONNX Runtime runs, on the CPU."""
        return self.card.network == ONNX

    @property
    def fixed_tile(self) -> tuple[int, int] | None:
        """Return height and width of the only tile that the network takes; None where it takes any."""
        return getattr(self.network, "fixed_tile", None)

    def normalize(self, values: Tensor, valid: Tensor | None = None) -> Tensor:
        """Return what the network takes, as float32 on the device of `values`.

        Args:
            values: (B, H, W) or (N, B, H, W) as read from the raster, any type.
            valid: (H, W) or (N, H, W); pixels without data become 0, as does what the network pads.
        """
        offset, scale = torch.tensor(self.card.scaling, device=values.device).T[..., None, None]  # (B, 1, 1) each
        normalized = (values.float() - offset) / scale
        return normalized if valid is None else torch.where(valid.unsqueeze(-3), normalized, 0.0)

    def working_gsd_m(self, gsd_m: float) -> float | None:
        """Return the pixel size to resample a raster to; None where the network takes its own, or one is not known."""
        if self.card.gsd_m is None or not math.isfinite(gsd_m) or _is_trained(self.card.gsd_m, gsd_m):
            return None
        return math.sqrt(math.prod(self.card.gsd_m))

    def accept(self, raster: Any, gsd_remedy: str = "") -> tuple[str, ...]:
        """Refuse a raster that the network was not trained for; return warnings for the user.

        Args:
            raster: an open `engine.geo` raster: `path`, `count`, `bands`, `dtype`, `geobox`.
            gsd_remedy: the next step for pixels of another size; the gdalwarp line follows it.

        Raises:
            ModelError: number, order or type of the bands, or the ground sampling distance, do not fit the card.
        """
        _check_bands(self.card, raster)
        if str(raster.dtype) != self.card.dtype:
            raise ModelError(
                f"{raster.path}: the values are {raster.dtype}; the model was trained on {self.card.dtype}.",
                f"Use a raster of the same product, or convert it with the scaling of the training rasters: "
                f"gdal_translate -ot {_GDAL_TYPES[self.card.dtype]} -scale LOW HIGH ... "
                f"{_command_paths(raster.path, self.card.dtype)}",
            )
        return (
            *_warn_of_names(self.card, raster), *_check_gsd(self.card, raster, gsd_remedy), *_warn_of_outputs(self.card)
        )  # fmt: skip


def _check_bands(card: Card, raster: Any) -> None:
    wanted, found = [b.lower() for b in card.bands], [b.lower() for b in raster.bands]
    listed = f"{len(wanted)} {'band' if len(wanted) == 1 else 'bands'} ({', '.join(card.bands)})"
    if len(found) < len(wanted):
        raise ModelError(
            f"{raster.path} has {len(found)} bands; the model takes {listed}.",
            f"Use a model for {len(found)} bands, or add the missing ones with gdalbuildvrt -separate.",
        )
    named = len(set(wanted)) == len(wanted) and set(wanted) <= set(found)
    if len(found) > len(wanted) or (named and found != wanted):
        order = [found.index(b) for b in wanted] if named else list(range(len(wanted)))
        flags = " ".join(f"-b {i + 1}" for i in order)
        ordered = f"has the bands in the order {', '.join(raster.bands)}"
        what = f"has {len(found)} bands" if len(found) > len(wanted) else ordered
        raise ModelError(
            f"{raster.path} {what}; the model takes {listed}.",
            f"Choose them: gdal_translate {flags} {_command_paths(raster.path, 'bands')}",
        )


def _warn_of_names(card: Card, raster: Any) -> tuple[str, ...]:
    pairs = [(w, f) for w, f in zip(card.bands, raster.bands, strict=True) if w.lower() != f.lower()]
    if not any(not _NAMELESS.fullmatch(w) and not _NAMELESS.fullmatch(f) for w, f in pairs):
        return ()
    return (
        f"{raster.path} calls its bands {', '.join(raster.bands)}; the model was trained on {', '.join(card.bands)}. "
        "Check that they mean the same.",
    )


def _warn_of_outputs(card: Card) -> tuple[str, ...]:
    left_out = card.training.get("left_out") if card.network == ONNX else None
    if not left_out:
        return ()
    return (
        f"The model has more outputs than the first, which gives {', '.join(card.legend.names)}; left out: "
        f"{', '.join(left_out)}. onnx.utils.extract_model makes a model of each.",
    )


def _is_trained(trained: tuple[float, float], gsd_m: float) -> bool:
    """Return whether pixels of this size are among those a network was trained on."""
    return trained[0] * (1 - GSD_TOLERANCE) <= gsd_m <= trained[1] * (1 + GSD_TOLERANCE)


def _check_gsd(card: Card, raster: Any, remedy: str) -> tuple[str, ...]:
    gsd_m = raster.geobox.gsd_m
    if card.gsd_m is None:
        return ()
    low, high = card.gsd_m
    trained = f"{low:.3g} to {high:.3g} m"
    if not math.isfinite(gsd_m):
        return (
            f"{raster.path} has no coordinate system, so its pixel size is unknown; "
            f"the model was trained for pixels of {trained}. Check that they are of that size.",
        )
    if _is_trained(card.gsd_m, gsd_m):
        return ()
    target_m = math.sqrt(low * high)
    t = raster.geobox.transform
    width, height = (math.hypot(a, b) * target_m / gsd_m for a, b in ((t.a, t.d), (t.b, t.e)))
    method = "average" if gsd_m < target_m else "bilinear"
    files = _command_paths(raster.path, "resampled")
    raise ModelError(
        f"{raster.path} has pixels of {gsd_m:.3g} m; the model was trained for pixels of {trained}.",
        f"{remedy or 'Resample it:'} gdalwarp -tr {width:.6g} {height:.6g} -r {method} {files}",
    )


def _command_paths(path: Any, suffix: str) -> str:
    source = Path(str(path))
    return f"{shlex.quote(str(source))} {shlex.quote(f'{source.stem}_{suffix}.tif')}"


_GDAL_TYPES = {
    "uint8": "Byte", "uint16": "UInt16", "int16": "Int16", "uint32": "UInt32", "int32": "Int32",
    "float32": "Float32", "float64": "Float64",
}  # fmt: skip
