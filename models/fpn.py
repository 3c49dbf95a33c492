"""Feature pyramid (Lin et al. 2017; Kirillov et al. 2019) on a timm encoder: a teacher.

Not tile-exact: its decoder normalizes over groups of the whole image and aligns corners when it upsamples.
https://arxiv.org/abs/1612.03144, https://arxiv.org/abs/1901.02446
"""

from __future__ import annotations

import segmentation_models_pytorch as smp

from . import encoders
from .segmenter import Segmenter


def build(bands: int, classes: int, *, encoder: str, encoder_weights: str | None = None) -> Segmenter:
    """Return a feature pyramid network.

    Args:
        bands: number of input bands.
        classes: number of output channels.
        encoder: `tu-` and the name of a timm encoder.
        encoder_weights: `imagenet` or None; timm chooses its best ImageNet weights of that name.

    Raises:
        ResourceError: the encoder weights cannot be downloaded.
    """
    with encoders.downloads(encoder):
        network = smp.FPN(encoder, encoder_weights=True if encoder_weights else None, in_channels=bands, classes=classes)
    return Segmenter(
        network.encoder,
        network.decoder,
        network.segmentation_head,
        decoder_channels=network.decoder.out_channels,
        is_local=False,
    )
