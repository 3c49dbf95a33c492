"""Why a unit is offered, in one sentence that an analyst reads while looking at it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.regions.units import EDGE, Units


def sentences(units: Units, by_quota: Sequence[bool], names: Sequence[str]) -> list[str]:
    """Return a sentence for each unit.

    Args:
        units: the batch.
        by_quota: whether a unit was chosen for its class.
        names: class names by channel.
    """
    return [_sentence(units, k, bool(by_quota[k]), names) for k in range(len(units))]


def _sentence(units: Units, k: int, by_quota: bool, names: Sequence[str]) -> str:
    a, b = names[units.class_a[k]], names[units.class_b[k]]
    split = f"{100 * units.share_a[k]:.0f} % {a}, {100 * units.share_b[k]:.0f} % {b}"
    if units.kind[k] != EDGE:
        text = f"The model sees {split}."
    elif units.missed[k] > 0.5:
        text = f"The image shows an edge where the model draws none ({split})." if a != b else (
            f"The image shows an edge inside {a}.")  # fmt: skip
    else:
        text = f"Border {a} / {b}: the model sees {split}" + _evidence(float(units.unsupported[k]))
    return text + (f" Chosen so that {names[units.quota_class[k]]} gets its share." if by_quota else "")


def _evidence(unsupported: float) -> str:
    if unsupported > 0.6:
        return "; no edge in the image under most of it."
    return "; an edge in the image under part of it." if unsupported > 0.2 else "."
