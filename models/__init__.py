"""Networks, their cards and their files; one file, one family.

A family's file offers `build(bands, classes, *, encoder_weights=None, **options) -> Segmenter`; the catalogue names it and
holds its options. Nothing here imports torch before a network is asked for: a card is read without it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from engine.contract.catalogue import NETWORKS
from engine.contract.errors import ModelError
from engine.contract.params import nearest

if TYPE_CHECKING:
    from .segmenter import Segmenter


def build(name: str, bands: int, classes: int, encoder_weights: str = "none") -> Segmenter:
    """Return a network by its catalogue name, in training mode; its random weights come from torch's global generator.

    Args:
        name: a word of `catalogue.NETWORKS`.
        bands: number of input bands; ImageNet weights fit any number.
        classes: number of output channels.
        encoder_weights: `imagenet` (downloaded once) or `none`.

    Raises:
        ModelError: there is no such network.
        ResourceError: the encoder weights cannot be downloaded.
    """
    if name not in NETWORKS:
        raise ModelError(f"There is no network '{name}'.", nearest(name, NETWORKS))
    part = NETWORKS[name]
    weights = None if encoder_weights in ("none", "", None) else encoder_weights
    return importlib.import_module(part.module).build(bands, classes, encoder_weights=weights, **part.options)


def reparameterize(network: Segmenter) -> Segmenter:
    """Return the network with every multi-branch block folded into one convolution, in eval mode; see `Segmenter`."""
    return network.reparameterized()
