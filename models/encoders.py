"""Encoders come from segmentation-models-pytorch and timm; here is what they need to arrive whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import huggingface_hub
from segmentation_models_pytorch.encoders._utils import patch_first_conv
from torch import nn

from engine.contract.errors import ResourceError


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


def _repository(encoder: str) -> str:
    if encoder.startswith("tu-"):
        import timm

        pretrained = timm.get_pretrained_cfg(encoder.removeprefix("tu-"))
        return str(pretrained.hf_hub_id) if pretrained else "timm"
    return f"smp-hub/{encoder}.imagenet"
