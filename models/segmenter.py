"""Encoder, decoder and head as one network that takes any input size; the families differ only in how they make it.

The input is padded with zeros at the right and the bottom only. So the grid of the network keeps its phase at the upper
left corner, where tile origins (multiples of the stride) stand; and zero, after normalization, is what pixels without
data are, so a tile that reaches over the edge of its raster and a raster that ends there look the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from .outputs import STAGES, Outputs

STRIDE = 32


class Segmenter(nn.Module):
    """A segmentation network.

    Args:
        encoder: returns features from stride 1 to 32; the last four are the stages.
        decoder: takes the list of features and returns the last feature before the classifier.
        head: the classifier, with the upsampling to the input size.
        decoder_channels: channels of the decoder's feature.
        is_local: every part is translation-local, so that tiles with a halo of the receptive field are exact.
    """

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, head: nn.Module, *, decoder_channels: int, is_local: bool
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.head = head
        self.is_local = is_local
        self.stride = STRIDE
        stages = list(encoder.out_channels)[-len(STAGES) :]  # type: ignore[arg-type]
        self.feature_channels: dict[str, int] = {**dict(zip(STAGES, stages, strict=True)), "decoder": decoder_channels}

    def forward(self, images: Tensor) -> Outputs:
        """Return logits at the input size, and features.

        Args:
            images: (N, B, H, W) normalized, any height and width.
        """
        height, width = images.shape[-2:]
        padded = F.pad(images, (0, -width % self.stride, 0, -height % self.stride))
        features = self.encoder(padded)
        decoded = self.decoder(features)
        logits = self.head(decoded)[..., :height, :width]  # (N, C, H, W)
        stages = dict(zip(STAGES, features[-len(STAGES) :], strict=True))
        return Outputs(logits, {**stages, "decoder": decoded})

    @property
    def is_reparameterized(self) -> bool:
        """Return whether there is a multi-branch block and all are folded."""
        blocks = [m for m in self.modules() if hasattr(m, "reparameterize")]
        return bool(blocks) and all(m.inference_mode for m in blocks)

    def reparameterized(self) -> Segmenter:
        """Return a copy in eval mode whose multi-branch blocks are single convolutions (Vasu et al. 2023, section 3.2).

        The outputs are those of eval mode up to rounding. Networks without such blocks are copied as they are.
        MobileOne: https://arxiv.org/abs/2206.04040
        """
        folded = copy.deepcopy(self).eval()
        for module in folded.modules():
            if hasattr(module, "reparameterize"):
                cast(Callable[[], None], module.reparameterize)()
                module.__dict__.pop("id_tensor", None)
        return folded
