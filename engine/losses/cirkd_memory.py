"""Cross-image relations to a memory: which of the teacher's earlier places and regions a place resembles.

Yang et al. 2022 (CIRKD), https://arxiv.org/abs/2204.06986, its memory part. Two queues hold, for each class, the teacher's last
places and the means of the class over its last chips, all of length one. With S_ik the cosine of place i and key k of a queue,
the student's place after a 1x1 convolution phi,

    P_i = softmax over k of S_ik / 0.1      L = 0.1 * (mean over i of KL(P_i || P'_i), places as keys, plus the same, regions)

READ in released code: keys of the teacher alone; 16 places of a class and chip go into the queue, and one mean; 4096 / C places
and 1024 / C regions of each class are compared; tau 0.1, weights 0.1. Ours: the queues are as long as what the paper draws from
queues of 20 000 and 2000, so that all keys count and a resumable state stays small; they begin empty, and the batch's own
keys count too; places are taken evenly, not at random; phi is linear, the paper's is two layers with a norm between.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.outputs import Outputs

from . import places
from .relation import row_divergence, unit

TAP = "decoder"
TAU = 0.1
GRID = 16
SCALE = 0.1
PLACES, REGIONS = 4096, 1024
PLACES_OF_CHIP = 16


def build(student: dict[str, int], teacher: dict[str, int], classes: int) -> nn.Module:
    """Return the loss for features with these channels."""
    found, wanted = (places.channels(of, TAP, classes) for of in (student, teacher))
    return CrossImageMemory(found, wanted, classes)


class CrossImageMemory(nn.Module):
    """The loss; its parameter is the convolution. In eval mode the memory stays as it is."""

    def __init__(self, found: int, wanted: int, classes: int) -> None:
        super().__init__()
        self.adapter = places.projection(found, wanted)
        self.places = Queue(classes, PLACES // classes, wanted)
        self.regions = Queue(classes, REGIONS // classes, wanted)

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the two divergences of the decoder's features, added; a place nobody labelled has the teacher's class."""
        chips = list(places.chips(student, teacher, labels, TAP, GRID, with_ids=True))
        found, wanted = [unit(self.adapter(c.found.T)) for c in chips], [unit(c.wanted.T) for c in chips]
        loss = places.mean([], student)
        for queue, keys_of in ((self.places, _spread), (self.regions, _means)):
            added = [keys_of(rows, chip.ids) for rows, chip in zip(wanted, chips, strict=True)]
            keys = torch.cat([queue.keys(), *(rows for rows, _ in added)])  # (K, channels)
            compared = [row_divergence(f @ keys.T, w @ keys.T, TAU) for f, w in zip(found, wanted, strict=True)]
            loss = loss + SCALE * places.mean(compared, student)
            if self.training:
                for rows, ids in added:
                    queue.put(rows, ids)
        return loss


class Queue(nn.Module):
    """The last vectors of each class; buffers, so that a resumed training goes on with them."""

    rows: Tensor
    seen: Tensor

    def __init__(self, classes: int, length: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(classes, length, channels))
        self.register_buffer("seen", torch.zeros(classes, dtype=torch.int64))

    def keys(self) -> Tensor:
        """Return (K, channels): all that is in the queue."""
        return self.rows[torch.arange(self.rows.shape[1], device=self.seen.device) < self.seen[:, None]]

    @torch.no_grad()
    def put(self, rows: Tensor, ids: Tensor) -> None:
        """Add vectors (V, channels) to their classes (V); the oldest give way."""
        length = self.rows.shape[1]
        for of_class in ids.unique():
            added = rows[ids == of_class][-length:]
            self.rows[of_class, (self.seen[of_class] + torch.arange(len(added), device=ids.device)) % length] = added
            self.seen[of_class] += len(added)


def _spread(rows: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Return at most PLACES_OF_CHIP places of each class of a chip, evenly spread in reading order, and their classes."""
    chosen = []
    for of_class in ids.unique():
        (found,) = torch.where(ids == of_class)
        count = min(len(found), PLACES_OF_CHIP)
        chosen.append(found[torch.arange(count, device=ids.device) * len(found) // count])
    order = torch.cat(chosen)
    return rows[order], ids[order]


def _means(rows: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean of each class of a chip, of length one, and the classes."""
    present = ids.unique()
    return unit(torch.stack([rows[ids == of_class].mean(dim=0) for of_class in present])), present
