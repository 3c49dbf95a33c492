"""The theoretical receptive field of a network, found by letting one row of the input spread through it.

In a copy of the network every convolution passes on, in one channel, where its window touches anything that is not zero,
and what works on each pixel alone does nothing. A row of ones in an image of zeros then reaches exactly the outputs that
some weights would let it reach. Each phase of the stride is tried, rows and columns apart, in images as narrow as the
stride. Majurski & Bajcsy (2021) take the same quantity for the margin of exact tiles:
https://doi.org/10.6028/jres.126.009
"""

from __future__ import annotations

import copy
import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .segmenter import Segmenter

BLENDED_HALO_PX = 128
"""Margin for networks whose tiles are never exact; there it only weakens the seams that blending hides."""

_FIRST_SIDE_PX = 1024
_WINDOWS = (nn.MaxPool2d, nn.AvgPool2d, nn.Upsample)
_PIXELWISE = (
    nn.BatchNorm2d, nn.Identity, nn.Dropout, nn.Dropout2d,
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Hardswish, nn.Sigmoid,
)  # fmt: skip


def halo_px(network: Segmenter) -> int:
    """Return the margin with which tiles of the network are exact, a multiple of its stride; else that for blending."""
    if not network.is_local:
        return BLENDED_HALO_PX
    return -(-radius(network) // network.stride) * network.stride


def radius(network: Segmenter) -> int:
    """Return how many pixels away an input pixel can still change a logit.

    Raises:
        ValueError: the network has a part that looks at the whole image, so there is no such distance.
        TypeError: the network has a layer of which it is not known how far it looks.
    """
    if not network.is_local:
        raise ValueError("The network has global parts; its receptive field is the whole tile.")
    spreading = _spreading(network)
    side = _FIRST_SIDE_PX
    while True:
        reached = max(_reach(spreading, side, transposed) for transposed in (False, True))
        if reached < side // 2 - network.stride:
            return reached
        side *= 2


@torch.no_grad()
def _reach(network: Segmenter, side: int, transposed: bool) -> int:
    """Return the largest distance between a row of ones and a row it reaches, over the phases of the stride."""
    phases = torch.arange(network.stride)
    rows = side // 2 + phases
    images = torch.zeros(len(phases), 1, side, network.stride)
    images[phases, :, rows] = 1.0
    logits = network(images.mT).logits.mT if transposed else network(images).logits
    reached = (logits > 0).any(dim=3).any(dim=1)  # (phases, side)
    distances = (torch.arange(side) - rows[:, None]).abs()
    return int(distances[reached].max())


def _spreading(network: Segmenter) -> Segmenter:
    """Return a copy in which every layer passes on where its input can be felt, and nothing else."""
    spreading = copy.deepcopy(network).cpu().eval()
    for name, module in spreading.named_modules():
        if isinstance(module, nn.Conv2d):
            module.forward = functools.partial(_touch, module)  # type: ignore[method-assign]
        elif isinstance(module, _PIXELWISE):
            module.forward = nn.Identity().forward  # type: ignore[method-assign]
        elif not isinstance(module, _WINDOWS) and not list(module.children()):
            raise TypeError(f"It is not known how far the layer {name}, a {type(module).__name__}, looks.")
    return spreading


def _touch(layer: nn.Conv2d, images: Tensor) -> Tensor:
    """Return 1 where the layer's window touches anything in any channel, else 0; (N, 1, h, w)."""
    window = torch.ones(1, 1, *layer.kernel_size)
    felt = images.amax(dim=1, keepdim=True)
    return (F.conv2d(felt, window, None, layer.stride, layer.padding, layer.dilation) > 0).float()
