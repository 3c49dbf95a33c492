"""Where borders are: the predicted ones, those that the image shows, and where the two disagree.

Every step looks at a bounded neighbourhood (at most `engine.regions.MARGIN_PX`), or at cells of the raster's own grid,
so that the result at a pixel does not depend on the tile it was computed in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from engine.contract.legend import UNLABELLED

SPECKLE_PX = 16
"""Predicted components smaller than this take the class around them: speckle must not make units."""

HIGH, LOW = 0.30, 0.15
"""Hysteresis thresholds of the image gradient, as shares of its 99th percentile over the raster."""

SUPPORT_PX = 3
"""A predicted border is supported by an image edge this near; an image edge farther from every border was missed."""

EVIDENCE_CELL_PX = 32
"""Side of the cells in which image edges are followed."""

MISSED_PX = 16
"""Pixels that an image edge without a predicted border needs inside one evidence cell, to count as missed."""

MISSED_SCORE = 0.5
"""Mean score that such an edge needs: where the model is sure, texture is texture."""

_SMOOTH = np.array([0.0545, 0.2442, 0.4026, 0.2442, 0.0545], np.float32)  # Gaussian, sigma 1 px, cut at 2 px
_SCHARR_ALONG = np.array([3 / 16, 10 / 16, 3 / 16], np.float32)
_SCHARR_ACROSS = np.array([-0.5, 0, 0.5], np.float32)
_TINY = float(np.finfo(np.float32).tiny)
_REACH_PX = 4  # smoothing, Scharr and thinning together: an invalid pixel spoils the gradient this far


@dataclass(frozen=True)
class Edges:
    """The centreline of the edge band, and what the image says of it; all (h, w) bool."""

    centreline: NDArray[np.bool_]
    supported: NDArray[np.bool_]
    missed: NDArray[np.bool_]


def clean(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the predicted classes without speckle: small components take their commonest larger neighbour's class.

    Args:
        classes: (h, w) class channels; UNLABELLED where the raster is invalid.
    """
    parts = label(classes, connectivity=1, background=-1)  # (h, w), from 1
    areas = np.bincount(parts.ravel())
    class_of = np.zeros(len(areas), np.uint8)
    class_of[parts.ravel()] = classes.ravel()
    small = (areas < SPECKLE_PX) & (class_of != UNLABELLED)
    if not small.any():
        return classes
    serves = ~small & (class_of != UNLABELLED)
    votes: list[NDArray[np.int64]] = []
    for here, there in _neighbours(parts):
        for one, other in ((here, there), (there, here)):
            touching = small[one] & serves[other]
            votes.append(one[touching].astype(np.int64) * 256 + class_of[other[touching]])
    pairs, counts = np.unique(np.concatenate(votes), return_counts=True)
    order = np.lexsort((-pairs, counts))  # the last of a part wins: most votes, then the lowest class
    class_of[pairs[order] // 256] = pairs[order] % 256
    return class_of[parts]


def predicted(classes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the pixels with a 4-neighbour of another class; the rim of the valid area is no border."""
    border = np.zeros(classes.shape, bool)
    for axis in (0, 1):
        one, other = (classes[:-1], classes[1:]) if axis == 0 else (classes[:, :-1], classes[:, 1:])
        differ = (one != other) & (one != UNLABELLED) & (other != UNLABELLED)
        if axis == 0:
            border[:-1] |= differ
            border[1:] |= differ
        else:
            border[:, :-1] |= differ
            border[:, 1:] |= differ
    return border


def gradient(image: NDArray, valid: NDArray[np.bool_], band_scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the largest smoothed Scharr gradient over the bands, as (2, h, w): down and across.

    Args:
        image: (B, h, w) of any type.
        valid: (h, w); the gradient is zero where an invalid pixel is near.
        band_scale: (B,) what each band is divided by, so that bands compare.
    """
    strongest = np.zeros((2, *valid.shape), np.float32)
    largest = np.zeros(valid.shape, np.float32)
    for band, scale in zip(image, band_scale, strict=True):
        plane = band.astype(np.float32) / scale
        if band.dtype.kind == "f":
            np.nan_to_num(plane, copy=False)
        smooth = _along(_along(plane, _SMOOTH, 0), _SMOOTH, 1)
        down = _along(_along(smooth, _SCHARR_ACROSS, 0), _SCHARR_ALONG, 1)
        across = _along(_along(smooth, _SCHARR_ACROSS, 1), _SCHARR_ALONG, 0)
        squared = down * down + across * across
        better = squared > largest
        np.copyto(strongest[0], down, where=better)
        np.copyto(strongest[1], across, where=better)
        np.copyto(largest, squared, where=better)
    strongest[:, dilate(~valid, _REACH_PX)] = 0
    return strongest


def squared_length(grad: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the square of the length of a gradient (2, h, w)."""
    return grad[0] * grad[0] + grad[1] * grad[1]


def image_edges(grad: NDArray[np.float32], edge_scale: float, origin: tuple[int, int]) -> NDArray[np.bool_]:
    """Return thin image edges: non-maximum suppression, then hysteresis inside evidence cells.

    Args:
        grad: (2, h, w) from `gradient`.
        edge_scale: 99th percentile of the gradient's magnitude over the raster.
        origin: row and column of the first pixel in the raster.
    """
    squared = squared_length(grad)
    squared[[0, -1]] = 0
    squared[:, [0, -1]] = 0
    flat = squared.ravel()
    least, strong_from = (max((share * edge_scale) ** 2, _TINY) for share in (LOW, HIGH))
    at = np.flatnonzero(flat >= least)
    down, across = grad[0].ravel()[at], grad[1].ravel()[at]
    width = squared.shape[1]
    step = np.where(down * across > 0, width + 1, width - 1)
    step[np.abs(down) < 0.4142 * np.abs(across)] = 1
    step[np.abs(across) < 0.4142 * np.abs(down)] = width
    at = at[(flat[at] >= flat[at - step]) & (flat[at] > flat[at + step])]
    parts = _parts_in_cells(at, squared.shape, origin)
    strong = np.zeros(int(parts.max()) + 1, bool)
    strong[parts.ravel()[at[flat[at] >= strong_from]]] = True
    strong[0] = False
    return strong[parts]


def find(
    classes: NDArray[np.uint8], shown: NDArray[np.bool_], score: NDArray[np.float32], origin: tuple[int, int], use: str = "both"
) -> Edges:
    """Return the centreline of the edge band.

    Args:
        classes: (h, w) cleaned class channels.
        shown: (h, w) image edges.
        score: (h, w) uncertainty in [0, 1].
        origin: row and column of the first pixel in the raster.
        use: `prediction`, `image`, or `both`: predicted borders and the image edges that the prediction missed.
    """
    border = predicted(classes)
    valid = classes != UNLABELLED
    missed = np.flatnonzero(shown & valid & ~dilate(border, SUPPORT_PX))
    parts = _parts_in_cells(missed, classes.shape, origin)
    lengths = np.bincount(parts.ravel()[missed], minlength=int(parts.max()) + 1)
    scores = np.bincount(parts.ravel()[missed], weights=score.ravel()[missed], minlength=len(lengths))
    worth = (lengths >= MISSED_PX) & (scores > MISSED_SCORE * lengths)
    worth[0] = False
    is_missed = worth[parts]
    centreline = {"prediction": border, "image": shown & valid, "both": border | is_missed}[use]
    return Edges(centreline, centreline & dilate(shown, SUPPORT_PX), is_missed & centreline)


def dilate(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Return the pixels at most `reach` rows and columns from one of `mask`."""
    for axis in (0, 1):
        grown = mask.copy()
        for step in range(1, reach + 1):
            if axis == 0:
                grown[step:] |= mask[:-step]
                grown[:-step] |= mask[step:]
            else:
                grown[:, step:] |= mask[:, :-step]
                grown[:, :-step] |= mask[:, step:]
        mask = grown
    return mask


def cells(shape: tuple[int, int], origin: tuple[int, int], side: int) -> NDArray[np.int32]:
    """Return (h, w) numbers that differ from cell to cell of the raster's own grid, from 1."""
    rows = (np.arange(shape[0]) + origin[0]) // side - origin[0] // side
    cols = (np.arange(shape[1]) + origin[1]) // side - origin[1] // side
    return (rows[:, None] * (cols[-1] + 1) + cols + 1).astype(np.int32)


def _parts_in_cells(at: NDArray[np.intp], shape: tuple[int, int], origin: tuple[int, int]) -> NDArray[np.int64]:
    """Number the 8-connected parts of the pixels `at`, cut at the borders of evidence cells."""
    keys = np.zeros(shape[0] * shape[1], np.int32)
    keys[at] = cells(shape, origin, EVIDENCE_CELL_PX).ravel()[at]
    return label(keys.reshape(shape), connectivity=2, background=0)


def _neighbours(parts: NDArray) -> tuple[tuple[NDArray, NDArray], ...]:
    """Return pairs of touching parts, down and across, where they differ."""
    pairs = ((parts[:-1], parts[1:]), (parts[:, :-1], parts[:, 1:]))
    return tuple((one[one != other], other[one != other]) for one, other in pairs)


def _along(plane: NDArray[np.float32], taps: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Correlate with a short kernel along one axis; the rim repeats."""
    reach = len(taps) // 2
    padded = np.pad(plane, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
    length = plane.shape[axis]
    total, part = np.zeros_like(plane), np.empty_like(plane)
    for k, tap in enumerate(taps):
        if tap:
            np.multiply(padded[k : k + length] if axis == 0 else padded[:, k : k + length], tap, out=part)
            total += part
    return total
