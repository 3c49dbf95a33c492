"""What two networks say of the same pieces of ground: features and logits as places on one grid, where there is data.

Chips are taken one by one, because relation maps of 4 MiB stay in the cache of a processor: a step of 8 chips of 256 px
on one core took 0.53 s at once and 0.20 s so (AMD EPYC, 2026-11-20).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.contract.errors import ModelError
from engine.contract.legend import UNLABELLED
from models.outputs import Outputs

from . import NO_DATA

LOGITS = "logits"
TINY = 1e-6
"""Below this squared length a vector has no direction; it keeps the gradient of silent features bounded."""

Forward = Callable[[Any, Outputs, Outputs, Tensor], Tensor]


class Chip(NamedTuple):
    """One chip: `found` (student channels, places), `wanted` (teacher channels, places); `ids` (places) if asked for."""

    found: Tensor
    wanted: Tensor
    ids: Tensor


def full_precision(forward: Forward) -> Forward:
    """Run the `forward` of a loss outside autocast: relations of bfloat16 features would lose their small differences."""

    @functools.wraps(forward)
    def in_float32(module: Any, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        with torch.autocast(labels.device.type, enabled=False):
            return forward(module, student, teacher, labels)

    return in_float32


def channels(of: Mapping[str, int], tap: str, classes: int) -> int:
    """Return the channels of a feature, or the classes for the logits.

    Raises:
        ModelError: the network has no such feature.
    """
    if tap == LOGITS:
        return classes
    if tap not in of:
        raise ModelError(
            f"A loss looks at the feature `{tap}`; a network here offers {', '.join(of) or 'logits only'}.",
            "Choose terms on the logits, such as pixel_kd, cwd_logits or dist.",
        )
    return of[tap]


def adapter(found: int, wanted: int) -> nn.Module:
    """Return a map of channels for (places, channels): none where the networks agree."""
    return nn.Identity() if found == wanted else nn.Linear(found, wanted, bias=False)


def projection(found: int, wanted: int) -> nn.Linear:
    """Return a map of channels that is always trained; it starts as the identity where the networks agree."""
    layer = nn.Linear(found, wanted, bias=False)
    if found == wanted:
        nn.init.eye_(layer.weight)
    return layer


def tapped(outputs: Outputs, tap: str) -> Tensor:
    """Return (N, channels, h, w): a feature or the logits."""
    return outputs.logits if tap == LOGITS else outputs.features[tap]


def chips(
    student: Outputs, teacher: Outputs, labels: Tensor, tap: str, grid: int | None = None,
    pool: Callable[..., Tensor] = F.adaptive_avg_pool2d, with_ids: bool = False,
) -> Iterator[Chip]:  # fmt: skip
    """Yield each chip that has data, as float32; the teacher's side has no gradient.

    Args:
        student: its feature is resized bilinearly to the teacher's height and width where they differ.
        teacher: whose grid counts.
        labels: (N, H, W); places that touch NO_DATA are left out.
        tap: name of the feature, or LOGITS.
        grid: largest height and width of the result; both features are pooled to it. None: as they are.
        pool: how they are pooled.
        with_ids: fill `ids` with the labels, and where nobody labelled with the teacher's classes; else there are none.
    """
    size = _size(tapped(teacher, tap), grid)
    counted = with_data(labels, size).flatten(1)  # (N, places)
    named = at_size(classes_of(labels, teacher), size).flatten(1) if with_ids else labels.new_empty((len(labels), 0))
    pairs = zip(tapped(student, tap).split(1), tapped(teacher, tap).detach().split(1), strict=True)
    for (mine, theirs), kept, ids in zip(pairs, counted, named, strict=True):
        if not kept.any():
            continue
        found, wanted = resized(mine.float(), theirs.shape[-2:]), theirs.float()
        if theirs.shape[-2:] != size:
            found, wanted = pool(found, size), pool(wanted, size)
        found, wanted = found.flatten(2)[0], wanted.flatten(2)[0]
        if kept.all():  # to pick places that are all of them would take longer than most losses
            yield Chip(found, wanted, ids)
        else:
            yield Chip(found[:, kept], wanted[:, kept], ids[kept] if with_ids else ids)


def mean(values: Sequence[Tensor], student: Outputs) -> Tensor:
    """Return the mean over chips; 0, with a gradient of 0, where no chip has data."""
    return torch.stack(list(values)).mean() if values else student.logits.float().sum() * 0.0


def with_data(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (N, h, w) bool: whether every pixel of a place has data."""
    missing = (labels.long() == NO_DATA)[:, None].float()
    return F.adaptive_max_pool2d(missing, size)[:, 0] == 0


def classes_of(labels: Tensor, teacher: Outputs) -> Tensor:
    """Return labels with the teacher's classes where nobody labelled; NO_DATA stays."""
    if not (labels == UNLABELLED).any():
        return labels.long()
    believed = resized(teacher.logits.detach().float(), labels.shape[-2:]).argmax(dim=1)  # (N, H, W)
    return torch.where(labels.long() == UNLABELLED, believed, labels.long())


def at_size(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Return labels at the pixels nearest to the centres of a grid's places."""
    return F.interpolate(labels[:, None].float(), size, mode="nearest-exact")[:, 0].long()


def resized(values: Tensor, size: Sequence[int]) -> Tensor:
    """Return (N, C, h, w) at another size, bilinearly."""
    if tuple(values.shape[-2:]) == tuple(size):
        return values
    return F.interpolate(values, tuple(size), mode="bilinear", align_corners=False)


def _size(feature: Tensor, grid: int | None) -> tuple[int, int]:
    height, width = feature.shape[-2:]
    return (height, width) if grid is None else (min(height, grid), min(width, grid))
