"""Encoders come from segmentation-models-pytorch and timm; here is what they need to arrive whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import cast

import huggingface_hub
import torch
import torch.nn.functional as F
from segmentation_models_pytorch.encoders._utils import patch_first_conv
from torch import Tensor, nn

from engine.contract.errors import ResourceError

_UNSAFE_BELOW_CHANNELS = 16


@contextlib.contextmanager
def downloads(encoder: str) -> Iterator[None]:
    """Say in words that encoder weights could not be fetched.

    Raises:
        ResourceError: the weights are neither in the cache nor can they be downloaded.
    """
    try:
        yield
    except OSError as error:  # huggingface_hub's errors and those of its HTTP clients are OSErrors
        address = f"https://huggingface.co/{_repository(encoder)}"
        raise ResourceError(
            f"The ImageNet weights of the encoder {encoder} are not on this machine and cannot be downloaded: "
            f"{str(error).splitlines()[0]}",
            f"Connect to {address}, or train from scratch with --encoder-weights none, or copy the folder "
            f"models--{_repository(encoder).replace('/', '--')} of a machine that has it "
            f"to {huggingface_hub.constants.HF_HUB_CACHE}.",
        ) from error


def widen(encoder: nn.Module, bands: int, *, pretrained: bool) -> None:
    """Give every first convolution `bands` input channels.

    segmentation-models-pytorch 0.6.0 widens only the first of MobileOne's parallel stem convolutions.
    """
    stem = getattr(encoder, "stage0", None)
    if bands == 3 or stem is None or not hasattr(stem, "rbr_conv"):
        return
    for branch in stem.rbr_conv:
        if branch.conv.in_channels == 3:
            patch_first_conv(branch, new_in_channels=bands, pretrained=pretrained)
    stem.in_channels = bands


def subsample_first(encoder: nn.Module) -> None:
    """Make strided 1x1 convolutions of few channels drop pixels before they multiply; the result is the same.

    oneDNN's gradient of such a convolution writes past its buffer on x86 when the image is channels-last, as for MobileOne's
    stem: NaN or a crash soon after. Seen with torch 2.15, 2026-11; https://github.com/uxlfoundation/oneDNN/issues/6035
    """
    for module in encoder.modules():
        if type(module) is not nn.Conv2d or module.kernel_size != (1, 1) or module.stride == (1, 1):
            continue
        if module.in_channels < _UNSAFE_BELOW_CHANNELS:
            cast(nn.Module, module).__class__ = _SubsampledConv2d


class _SubsampledConv2d(nn.Conv2d):
    def forward(self, images: Tensor) -> Tensor:
        rows, cols = self.stride
        return F.conv2d(images[..., ::rows, ::cols], self.weight, self.bias, groups=self.groups)


def train_depthwise_in_float32(encoder: nn.Module) -> None:
    """Let strided depthwise convolutions leave bfloat16 while they are trained on a CPU.

    oneDNN has no fast gradient for them in bfloat16: on one core the four of MobileNetV2 took 54 ms of a step of 180 ms (8
    chips of 128 px, torch 2.15, 2026-11), and the step takes 124 ms this way. Dropping pixels of an unstrided one: 148 ms.
    """
    for module in encoder.modules():
        if type(module) is nn.Conv2d and module.groups == module.in_channels > 1 and module.stride != (1, 1):
            cast(nn.Module, module).__class__ = _StridedDepthwiseConv2d


class _StridedDepthwiseConv2d(nn.Conv2d):
    def forward(self, images: Tensor) -> Tensor:
        if not (self.training and images.device.type == "cpu"):
            return super().forward(images)
        with torch.autocast("cpu", enabled=False):
            return super().forward(images.float()).to(images.dtype)


def _repository(encoder: str) -> str:
    if encoder.startswith("tu-"):
        import timm

        pretrained = timm.get_pretrained_cfg(encoder.removeprefix("tu-"))
        return str(pretrained.hf_hub_id) if pretrained else "timm"
    return f"smp-hub/{encoder}.imagenet"
