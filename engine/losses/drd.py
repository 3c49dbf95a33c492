"""Dual relation distillation: which places, and which channels, resemble each other in the teacher's last feature.

After Li, Shan, Wang, Lv, Luo and Chen 2025 (DRD, for aerial images), https://arxiv.org/abs/2506.20688.
READ, in the abstract and the keywords: two relation maps, spatial and channel, are computed for teacher and student and
each pair is aligned; the maps are of the self-attention kind. INFERRED: everything below; it is our definition, not the
paper's equations, which we could not read. So this is DRD-style, and no table of the paper is claimed.

For features X (channels x places), pooled to at most GRID x GRID places:

    spatial   A_ij = cos(X_:i, X_:j)                P = softmax over j of A / TAU   L_s = mean over i of KL(P_i || P'_i)
    channel   B_cd = cos(X_c:, X_d:), X_c centred   Q = softmax over d of B / TAU   L_c = mean over c of KL(Q_c || Q'_c)

with the teacher's P, Q and the student's P', Q', and L = L_s + L_c. A student with other channels than the teacher passes
a 1x1 convolution before the channel relation; the spatial relation needs none. Why so: unscaled dot products make every
softmax row one-hot, with no gradient, and the mean square of softmax rows shrinks with the number of places; cosine, TAU
and row KL keep the loss within a factor of two from 256 to 4096 places (1.1 to 0.65 on made features). CIRKD's released code
has TAU = 0.1 for the same spatial map.

Variants, all INFERRED: `relation` scaled_dot (X'X / sqrt(length) instead of the cosine, as in attention), `distance`
row_distance (squared distance of softmax rows) and mean_square (of the cosines themselves, times 10, the weight CIRKD's
code gives SKD's map), other taps, and either map alone.
"""

from __future__ import annotations

from torch import Tensor, nn

from models.outputs import Outputs

from . import places, relation
from .places import Chip

TAP = "decoder"
TAU = 0.1
GRID = 32
MEAN_SQUARE_SCALE = 10.0

_RELATIONS = {"cosine": relation.cosine, "scaled_dot": relation.scaled_dot}
_DISTANCES = {
    "row_divergence": relation.row_divergence, "row_distance": relation.row_distance, "mean_square": relation.mean_square
}  # fmt: skip


def build(
    student: dict[str, int], teacher: dict[str, int], classes: int, *, tap: str = TAP, relation: str = "cosine",
    distance: str = "row_divergence", tau: float = TAU, grid: int | None = None, maps: tuple[str, ...] = ("spatial", "channel"),
) -> nn.Module:  # fmt: skip
    """Return the loss for features with these channels.

    Args:
        student: channels of the student's features.
        teacher: channels of the teacher's.
        classes: not used unless the tap is the logits.
        tap: `decoder`, `stage1` ... `stage4` or `logits`.
        relation: `cosine` or `scaled_dot`.
        distance: `row_divergence`, `row_distance` or `mean_square`.
        tau: temperature of the softmax.
        grid: largest height and width of the places; GRID by default.
        maps: `spatial`, `channel` or both.
    """
    found, wanted = (places.channels(of, tap, classes) for of in (student, teacher))
    return DualRelation(found, wanted, tap, relation, distance, tau, grid or GRID, maps)


class DualRelation(nn.Module):
    """The loss; its parameter, if any, is the adapter from the student's channels to the teacher's."""

    def __init__(
        self, found: int, wanted: int, tap: str, relation: str, distance: str, tau: float, grid: int, maps: tuple[str, ...]
    ) -> None:
        super().__init__()
        self._tap, self._tau, self._grid, self._maps = tap, tau, grid, maps
        self._relate, self._compare = _RELATIONS[relation], _DISTANCES[distance]
        self._scale = MEAN_SQUARE_SCALE if distance == "mean_square" else 1.0
        self.adapter = places.adapter(found, wanted) if "channel" in maps else nn.Identity()

    @places.full_precision
    def forward(self, student: Outputs, teacher: Outputs, labels: Tensor) -> Tensor:
        """Return the spatial and the channel divergence, added.

        Args:
            student: the tap (N, channels, h, w).
            teacher: the same, with other channels, height and width if it likes.
            labels: only NO_DATA matters; every place with data has relations.
        """
        chips = places.chips(student, teacher, labels, self._tap, self._grid)
        return self._scale * places.mean([self._of_chip(chip) for chip in chips], student)

    def _of_chip(self, chip: Chip) -> Tensor:
        found, wanted = chip.found.T, chip.wanted.T  # (places, channels)
        loss = found.new_zeros(())
        if "spatial" in self._maps:
            loss = loss + self._compare(self._relate(found), self._relate(wanted), self._tau)
        if "channel" in self._maps:
            mine, theirs = (self._relate(relation.centred(side.T)) for side in (self.adapter(found), wanted))
            loss = loss + self._compare(mine, theirs, self._tau)
        return loss
