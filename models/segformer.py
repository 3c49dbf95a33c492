"""SegFormer (Xie et al. 2021): a teacher whose attention looks at the whole tile, so its tiles are never exact.

The Mix Transformer encoder of segmentation-models-pytorch and its weights stand under the NVIDIA Source Code License,
which allows research and evaluation only. https://arxiv.org/abs/2105.15203
"""

from __future__ import annotations

import segmentation_models_pytorch as smp

from . import encoders
from .segmenter import Segmenter


def build(bands: int, classes: int, *, encoder: str, encoder_weights: str | None = None) -> Segmenter:
    """Return a SegFormer.

    Args:
        bands: number of input bands.
        classes: number of output channels.
        encoder: `mit_b0` to `mit_b5`.
        encoder_weights: `imagenet` or None.

    Raises:
        ResourceError: the encoder weights cannot be downloaded.
    """
    with encoders.downloads(encoder):
        network = smp.Segformer(encoder, encoder_weights=encoder_weights, in_channels=bands, classes=classes)
    channels = network.segmentation_head[0].in_channels
    return Segmenter(network.encoder, network.decoder, network.segmentation_head, decoder_channels=channels, is_local=False)
