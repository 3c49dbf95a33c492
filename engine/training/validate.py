"""How good a network is on ground that it never learned from: tiles with a margin, only where labels are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED
from engine.geo.tiles import Tile, tiles
from engine.metrics import Confusion

from .ahead import ahead
from .census import BLOCK_PX, block_mask
from .scaling import Scaling, normalize
from .scene import Reader, Scene

CORE_PX, HALO_PX = 512, 64
QUICK_TILES = 24
"""Tiles of a validation during training, about 6 Mpx: enough to choose between weights; the end measures all."""


@dataclass(frozen=True, eq=False)
class Ward:
    """Scenes kept to measure a network, or the held-out blocks of them.

    Args:
        reader: the scenes.
        scenes: the same scenes, for their sizes.
        labelled: for each scene (block rows, block columns), True where labels count.
    """

    reader: Reader
    scenes: Sequence[Scene]
    labelled: Sequence[NDArray[np.bool_]]

    def places(self) -> list[tuple[int, Tile]]:
        """Return every tile with a label, as (scene, tile)."""
        return [(number, tile) for number in range(len(self.scenes)) for tile in self._tiles(number)]

    def read(self, place: tuple[int, Tile]) -> tuple[NDArray, NDArray[np.bool_], NDArray[np.uint8]]:
        """Return images (B, side, side) and validity (side, side) of a tile, and the labels (h, w) of its core."""
        number, tile = place
        opened = self.reader[number]
        images, valid = opened.read_image(tile.read)
        counted = block_mask(self.labelled[number], tile.core) & valid[tile.core.within(tile.read).slices]
        return images, valid, np.where(counted, opened.read_labels(tile.core), UNLABELLED).astype(np.uint8)

    def _tiles(self, number: int) -> Iterator[Tile]:
        for tile in tiles(*self.scenes[number].size, CORE_PX, HALO_PX):
            row, col = tile.core.row // BLOCK_PX, tile.core.col // BLOCK_PX
            blocks = CORE_PX // BLOCK_PX
            if self.labelled[number][row : row + blocks, col : col + blocks].any():
                yield tile


def measure(
    network: nn.Module, ward: Ward, scaling: Scaling, classes: int, device: torch.device, dtype: torch.dtype | None,
    report: Reporter, *, quick: bool,
) -> Confusion:  # fmt: skip
    """Return the table of a network's classes against the labels.

    Args:
        network: put to eval mode, and back.
        ward: where to measure.
        scaling: offset and scale of each band.
        classes: number of output channels.
        device: where the network is.
        dtype: number format of autocast, or None.
        report: told of the tiles; the place where a cancelled job stops.
        quick: at most 24 tiles, evenly spread.
    """
    places = ward.places()
    step = -(-len(places) // QUICK_TILES) if quick else 1
    places = places[::step]
    table = Confusion.zeros(classes)
    was_training = network.training
    network.eval()
    try:
        read = ahead(ward.read, places, threads=1, waiting=2)
        for done, ((_, tile), (images, valid, labels)) in enumerate(zip(places, read, strict=True), start=1):
            mapped = _classes(network, images, valid, scaling, device, dtype)
            table += Confusion.of(mapped[tile.core.within(tile.read).slices], labels, classes)
            if quick:
                report.check()
            else:
                report.progress("validate", done, len(places), "tiles")
    finally:
        network.train(was_training)
    return table


@torch.inference_mode()
def _classes(
    network: nn.Module, images: NDArray, valid: NDArray[np.bool_], scaling: Scaling, device: torch.device,
    dtype: torch.dtype | None,
) -> NDArray[np.uint8]:  # fmt: skip
    on_device = torch.from_numpy(valid[None]).to(device)
    batch = normalize(torch.from_numpy(images[None]).to(device), on_device, scaling)
    with torch.autocast(device.type, dtype, enabled=dtype is not None):
        logits = network(batch.contiguous(memory_format=torch.channels_last)).logits
    return logits[0].argmax(dim=0).to(torch.uint8).cpu().numpy()
