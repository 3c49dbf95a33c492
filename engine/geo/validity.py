"""Which stored numbers are measurements: nodata is judged per band, and NaN is never one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def measured(raw: np.ndarray, nodata: Sequence[float | None]) -> np.ndarray:
    """Return where numbers (B, h, w) are measurements, by nodata and NaN; (h, w) bool."""
    valid = np.ones(raw.shape[1:], bool)
    if np.issubdtype(raw.dtype, np.floating):
        valid &= np.isfinite(raw).all(axis=0)
    ambiguous = np.ones(raw.shape[1:], bool)
    has_ambiguous = False
    for band, value in zip(raw, nodata, strict=True):
        empty = _equals(band, value)
        if empty is not None and not _is_extreme(value, raw.dtype):
            valid &= ~empty
            continue
        has_ambiguous = has_ambiguous or empty is not None
        ambiguous &= False if empty is None else empty
    return valid & ~ambiguous if has_ambiguous else valid


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
