"""What every exported file computes: standardized images of one size, in any number, to class probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.export import ExportedProgram

from engine.contract.errors import ModelError, SpecError
from engine.runtimes import export
from models.card import Card
from models.model import Model

INPUT = "image"
OUTPUT = "probabilities"
_EXAMPLES = 2
"""An export from a single image would fix their number at one."""


class Standardized(nn.Module):
    """Class probabilities of images standardized as (value - offset) / scale.

    Whole numbers are found again by rounding before the engine's own normalization: other programs standardize in another
    order of operations, and at a border the last bit of a pixel decides its class.

    Args:
        model: the network and its card.
    """

    offset: Tensor
    scale: Tensor
    factor: Tensor

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.network = model.network
        self.is_whole = np.issubdtype(np.dtype(model.card.dtype), np.integer)
        scaling = torch.tensor(model.card.scaling, dtype=torch.float32)  # (B, 2)
        self.register_buffer("offset", scaling[:, 0].reshape(1, -1, 1, 1))
        self.register_buffer("scale", scaling[:, 1].reshape(1, -1, 1, 1))
        self.register_buffer("factor", (1.0 / scaling[:, 1]).reshape(1, -1, 1, 1))

    def forward(self, standardized: Tensor) -> Tensor:
        """Return probabilities (N, C, H, W) of images (N, B, H, W), float32 both."""
        values = standardized * self.scale + self.offset
        if self.is_whole:
            values = values.round()
        logits: Tensor = self.network((values - self.offset) * self.factor).logits
        return logits.softmax(dim=1)


@dataclass(frozen=True)
class Traced:
    """A model as every format takes it.

    Args:
        model: the network and its card.
        tile_px: side of the tiles it will take.
        program: the graph for tiles of that size, as many at once as one likes.
    """

    model: Model
    tile_px: int
    program: ExportedProgram


def trace(model: Model, tile_px: int) -> Traced:
    """Return a model with its graph, from which each format is written."""
    example = np.zeros((_EXAMPLES, len(model.card.bands), tile_px, tile_px), np.float32)
    return Traced(model, tile_px, export.program(lambda _: Standardized(model), example, any_number=True))


def standardized(card: Card, data: NDArray) -> NDArray[np.float32]:
    """Return stored pixels (..., B, H, W) as an exported file takes them."""
    offset, scale = np.array(card.scaling, np.float32).T[..., None, None]  # (B, 1, 1) each
    return (data.astype(np.float32) - offset) / scale


def tile_px(model: Model, asked: int) -> int:
    """Return the side of a tile: the one asked for, or with 0 that of the card.

    Raises:
        ModelError: the model is of another program already.
        SpecError: the tile is no multiple of the network's stride, or there is nothing between its margins.
    """
    if model.is_onnx:
        raise ModelError("The model is an ONNX file already.", "Copy it, or export the model file that train or distill wrote.")
    card, stride = model.card, model.network.stride
    tile = asked or card.tile_px
    if tile % stride or tile <= 2 * card.halo_px:
        least = (2 * card.halo_px // stride + 1) * stride
        raise SpecError(
            f"Tile size: found {tile}, expected a multiple of {stride} from {least} on: "
            f"{card.network} sees {card.halo_px} px to each side.",
            f"Give --tile {max(least, round(tile / stride) * stride)}, or 0 for the tile that suits the model.",
        )
    return tile
