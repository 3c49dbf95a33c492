"""U-Net (Ronneberger et al. 2015) on any encoder: translation-local throughout, so its tiles are exact.

The decoder upsamples by the nearest neighbour and has batch normalization; neither looks beyond its window.
https://arxiv.org/abs/1505.04597
"""

from __future__ import annotations

import segmentation_models_pytorch as smp

from . import encoders
from .segmenter import Segmenter

CHANNELS = (256, 128, 64, 32, 16)
THIN_CHANNELS = (96, 48, 32, 16, 16)
"""Keeps the students on MobileNetV2 and MobileOne-S0 below 4 M parameters; the first block alone costs 13 k a channel."""


def build(bands: int, classes: int, *, encoder: str, thin: bool = False, encoder_weights: str | None = None) -> Segmenter:
    """Return a U-Net.

    Args:
        bands: number of input bands.
        classes: number of output channels.
        encoder: name of an encoder of segmentation-models-pytorch made of translation-local parts.
        thin: give the decoder fewer channels.
        encoder_weights: `imagenet` or None.

    Raises:
        ResourceError: the encoder weights cannot be downloaded.
    """
    channels = THIN_CHANNELS if thin else CHANNELS
    with encoders.downloads(encoder):
        network = smp.Unet(
            encoder, encoder_weights=encoder_weights, decoder_channels=channels, in_channels=bands, classes=classes
        )
    encoders.widen(network.encoder, bands, pretrained=encoder_weights is not None)
    encoders.subsample_first(network.encoder)
    encoders.train_depthwise_in_float32(network.encoder)
    return Segmenter(network.encoder, network.decoder, network.segmentation_head, decoder_channels=channels[-1], is_local=True)
