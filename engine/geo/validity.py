"""Which stored numbers are measurements: nodata is judged per band, and NaN is never one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def measured(raw: np.ndarray, nodata: Sequence[float | None]) -> np.ndarray:
    """Return where numbers (B, h, w) are measurements, by nodata and NaN; (h, w) bool."""
    valid = np.ones(raw.shape[1:], bool)
    if np.issubdtype(raw.dtype, np.floating):
        valid &= np.isfinite(raw).all(axis=0)
    found = [_equals(band, value) for band, value in zip(raw, nodata, strict=True)]
    ambiguous = []
    for empty, value in zip(found, nodata, strict=True):
        if empty is None:
            continue
        if _is_extreme(value, raw.dtype):
            ambiguous.append(empty)
        else:
            valid &= ~empty
    if ambiguous and all(empty is not None for empty in found):
        valid &= ~np.logical_and.reduce(ambiguous)
    return valid


def _equals(band: np.ndarray, value: float | None) -> np.ndarray | None:
    """Return where a band has its nodata value; None where it has none, or one that its type cannot hold."""
    if value is None or np.isnan(value):
        return None
    if np.issubdtype(band.dtype, np.integer):
        limits = np.iinfo(band.dtype)
        if value != int(value) or not limits.min <= value <= limits.max:
            return None
        return band == int(value)
    with np.errstate(over="ignore"):
        return band == band.dtype.type(value)


def _is_extreme(value: float | None, dtype: np.dtype) -> bool:
    """Return whether a nodata value is also what a dark or saturated pixel measures."""
    return np.issubdtype(dtype, np.unsignedinteger) and value in (0, np.iinfo(dtype).max)
