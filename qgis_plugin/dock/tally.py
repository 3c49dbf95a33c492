"""What has been reached: minutes left at the analyst's own pace, and answers per class against what the batch offers."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Optional

from .unit import Unit

_LAST = 30
_ENOUGH = 3


def minutes_left(units: Sequence[Unit]) -> Optional[float]:
    """Return the minutes that the open units will take, None before the pace is known.

    The pace is the median of the last 30 answers, so that a coffee break does not count.
    """
    answered = sorted((u for u in units if u.seconds is not None and not u.is_open), key=lambda u: u.answered)
    seconds = [u.seconds for u in answered[-_LAST:] if u.seconds is not None]
    if len(seconds) < _ENOUGH:
        return None
    return statistics.median(seconds) * sum(u.is_open for u in units) / 60


def quotas(units: Sequence[Unit]) -> Counter[int]:
    """Return for each class how many units the batch offers for it: those on which the model sees it."""
    return Counter(class_id for unit in units for class_id in unit.offered)


def reached(units: Sequence[Unit]) -> Counter[int]:
    """Return for each class how many answers name it."""
    return Counter(class_id for unit in units for class_id in unit.said)
