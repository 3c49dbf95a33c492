"""The units of one tile: edge units and region units with what selection needs to know of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.measure import label
from torch import Tensor

from engine.contract.legend import UNLABELLED
from engine.regions import CELL_PX, MARGIN_PX, crumbs, cuts, edges, superpixels

EDGE, REGION = 0, 1
MIN_REGION_PX = 64
"""A piece of ground smaller than this is not offered."""

RIM_PX = 8
"""How far an edge unit may reach beyond its cell, at most."""


@dataclass(frozen=True)
class Settings:
    """What every tile of one raster shares.

    Args:
        score: an acquisition score, (K, C, H, W) probabilities to (H, W).
        band_scale: (B,) standard deviation of each band.
        edge_scale: 99th percentile of the image gradient.
        band_px: half-width of the edge band.
        use: whose edges: `prediction`, `image` or `both`.
    """

    score: Callable[[Tensor], Tensor]
    band_scale: NDArray[np.float32]
    edge_scale: float
    band_px: int = cuts.BAND_PX
    use: str = "both"


@dataclass(frozen=True)
class Units:
    """A table of units, one array for each column; classes are channels of the network.

    Args:
        kind: EDGE or REGION.
        row, col: the anchor in the raster, a pixel of the unit's cell; with the kind it names the unit for good.
        center_row, center_col: centroid.
        area_px: pixels.
        line_px: centreline pixels, on both sides of the border; 0 for regions.
        unsupported: share of the centreline without an image edge under it.
        missed: share of the centreline that is an image edge without a predicted border.
        class_a, class_b: the two classes of an edge; the predicted and the second class of a region.
        shares: (n, C) mean probability of each class.
        quota_class: the class whose learning the unit serves most, argmax over c of sum p(c) x entropy.
        uncertainty: (n, C) summed score of the unit's pixels, by predicted class.
        peak: (n, C) largest score of the unit's pixels, by predicted class.
        look: (n, 2B + 1) mean and standard deviation of each band over its scale, and mean image gradient over its scale.
        tile, label: where the unit's pixels are kept.
    """

    kind: NDArray[np.uint8]
    row: NDArray[np.int32]
    col: NDArray[np.int32]
    center_row: NDArray[np.float32]
    center_col: NDArray[np.float32]
    area_px: NDArray[np.int32]
    line_px: NDArray[np.int32]
    unsupported: NDArray[np.float32]
    missed: NDArray[np.float32]
    class_a: NDArray[np.uint8]
    class_b: NDArray[np.uint8]
    shares: NDArray[np.float32]
    quota_class: NDArray[np.uint8]
    uncertainty: NDArray[np.float32]
    peak: NDArray[np.float32]
    look: NDArray[np.float32]
    tile: NDArray[np.int32]
    label: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def share_a(self) -> NDArray[np.float32]:
        """Return the mean probability of `class_a`."""
        return self.shares[np.arange(len(self)), self.class_a]

    @property
    def share_b(self) -> NDArray[np.float32]:
        """Return the mean probability of `class_b`."""
        return self.shares[np.arange(len(self)), self.class_b]

    def take(self, chosen: NDArray) -> Units:
        """Return the units at `chosen`, indices or a mask."""
        return Units(*(getattr(self, f.name)[chosen] for f in fields(self)))

    @staticmethod
    def join(tables: list[Units]) -> Units:
        """Return one table in order of the anchors, so that it does not depend on the tiling."""
        joined = Units(*(np.concatenate([getattr(t, f.name) for t in tables]) for f in fields(Units)))
        return joined.take(np.lexsort((joined.kind, joined.col, joined.row)))


@dataclass(frozen=True)
class Found:
    """The units of one tile; both planes reach `RIM_PX` beyond the core.

    Args:
        labels: 0 where no unit is offered.
        classes: predicted class channels without speckle, UNLABELLED where invalid.
        units: the table.
    """

    labels: NDArray[np.uint16]
    classes: NDArray[np.uint8]
    units: Units


def find(
    probs: NDArray, image: NDArray, valid: NDArray[np.bool_], origin: tuple[int, int], settings: Settings, tile: int = 0
) -> Found:
    """Return the units whose cells lie in the core of one tile, and where they are.

    Args:
        probs: (C, h, w) class probabilities, float in [0, 1] or uint8 in 0-255; or (K, C, h, w), those of several views
            or models, whose mean draws the units.
        image: (B, h, w) the orthophoto.
        valid: (h, w).
        origin: row and column in the raster of the first pixel of the *core*; multiples of `CELL_PX`. All arrays carry
            `MARGIN_PX` more on each side, invalid outside the raster.
        settings: shared by the raster's tiles.
        tile: number of the tile, kept in the table.
    """
    start = (origin[0] - MARGIN_PX, origin[1] - MARGIN_PX)
    views = probs if probs.ndim == 4 else probs[None]
    each = torch.from_numpy(np.ascontiguousarray(views))
    each = each.float().div_(255.0) if views.dtype == np.uint8 else each.float()
    soft = each[0] if len(each) == 1 else each.mean(dim=0)  # (C, h, w)
    score = np.where(valid, settings.score(each).numpy(), 0).astype(np.float32)
    first, second = _top_two(views[0] if len(views) == 1 else soft.numpy())
    first[~valid] = UNLABELLED
    classes = edges.clean(first)
    grad = edges.gradient(image, valid, settings.band_scale)
    shown = edges.image_edges(grad, settings.edge_scale, start)
    found = edges.find(classes, shown, score, start, settings.use)
    band = cuts.cut(classes, np.where(second == classes, first, second), found, start, settings.band_px)

    inner = (slice(MARGIN_PX, valid.shape[0] - MARGIN_PX), slice(MARGIN_PX, valid.shape[1] - MARGIN_PX))
    rim = tuple(slice(s.start - RIM_PX, s.stop + RIM_PX) for s in inner)
    owned = band.whole & _within(band.row, inner[0]) & _within(band.col, inner[1])
    names = np.zeros(len(owned) + 1, np.int32)
    names[1:][owned] = np.arange(1, owned.sum() + 1)
    labels = names[band.labels[rim]]
    open_ground = np.where(band.labels[inner] > 0, np.uint8(UNLABELLED), classes[inner])
    ground = _ground(image[(slice(None), *inner)], valid[inner], open_ground, settings)
    inside = labels[RIM_PX:-RIM_PX, RIM_PX:-RIM_PX]
    inside += np.where(ground > 0, ground + owned.sum(), 0).astype(np.int32)

    table = _measure(labels, score[rim], classes[rim], soft[(slice(None), *rim)], origin)
    look = _look(labels, image[(slice(None), *rim)], np.sqrt(edges.squared_length(grad[(slice(None), *rim)])), settings)
    n_edges, n = int(owned.sum()), int(labels.max())
    kind = np.where(np.arange(n) < n_edges, EDGE, REGION).astype(np.uint8)

    def edge_column(values: NDArray) -> NDArray:
        return np.concatenate([values[owned], np.zeros(n - n_edges, values.dtype)])

    line = edge_column(band.line_px)
    class_a, class_b = table["largest"], table["runner_up"]
    class_a = np.where(kind == EDGE, edge_column(band.class_a), class_a)
    class_b = np.where(kind == EDGE, edge_column(band.class_b), class_b)
    anchor_row = np.where(kind == EDGE, edge_column(band.row) + start[0], table["row"])
    anchor_col = np.where(kind == EDGE, edge_column(band.col) + start[1], table["col"])
    units = Units(
        kind, anchor_row.astype(np.int32), anchor_col.astype(np.int32), table["center_row"], table["center_col"],
        table["area_px"], line.astype(np.int32),
        (edge_column(band.unsupported_px) / np.maximum(line, 1)).astype(np.float32),
        (edge_column(band.missed_px) / np.maximum(line, 1)).astype(np.float32),
        class_a.astype(np.uint8), class_b.astype(np.uint8), table["shares"], table["quota_class"], table["uncertainty"],
        table["peak"], look, np.full(n, tile, np.int32), np.arange(1, n + 1, dtype=np.uint16),
    )  # fmt: skip
    return Found(labels.astype(np.uint16), classes[rim], units)


def _ground(image: NDArray, valid: NDArray[np.bool_], classes: NDArray[np.uint8], settings: Settings) -> NDArray[np.int64]:
    """Return (h, w) region units from 1: connected, outside the band, and but for crumbs of one superpixel and class."""
    pieces = superpixels.cut(image, valid, settings.band_scale)
    cell = edges.cells(valid.shape, (0, 0), CELL_PX).astype(np.int64)
    keys = (cell * superpixels.PER_CELL + pieces) * 256 + classes
    keys[classes == UNLABELLED] = 0
    parts = crumbs.join(label(keys, connectivity=1, background=0), cell, MIN_REGION_PX)
    large = np.bincount(parts.ravel()) >= MIN_REGION_PX
    large[0] = False
    return np.where(large, np.cumsum(large), 0)[parts]


def _measure(
    labels: NDArray[np.int32], score: NDArray[np.float32], classes: NDArray[np.uint8], probs: Tensor, origin: tuple[int, int]
) -> dict[str, NDArray]:
    """Return sums and means over each label's pixels; they do not depend on where the tile begins."""
    n, channels = int(labels.max()), len(probs)
    at = np.flatnonzero(labels)
    number = labels.ravel()[at].astype(np.int64) - 1
    area = np.bincount(number, minlength=n)
    per_pixel = np.maximum(area, 1)
    row, col = np.divmod(at, labels.shape[1])
    first = np.zeros(n, np.int64)
    first[number[::-1]] = at[::-1]

    def total(values: NDArray) -> NDArray:
        return np.bincount(number, weights=values, minlength=n)

    entropy = torch.special.entr(probs).sum(dim=0).numpy().ravel()[at]
    shares, served = np.zeros((n, channels)), np.zeros((n, channels))
    for c, plane in enumerate(probs.numpy()):
        values = plane.ravel()[at]
        shares[:, c] = total(values)
        served[:, c] = total(values * entropy)
    ranked = np.argsort(-shares, axis=1, kind="stable")
    cell = number * channels + classes.ravel()[at]
    by_class = np.bincount(cell, weights=score.ravel()[at], minlength=n * channels).reshape(n, channels)
    peak = np.zeros(n * channels, np.float32)
    np.maximum.at(peak, cell, score.ravel()[at])
    return {
        "row": first // labels.shape[1] - RIM_PX + origin[0],
        "col": first % labels.shape[1] - RIM_PX + origin[1],
        "center_row": (total(row - RIM_PX) / per_pixel + origin[0]).astype(np.float32),
        "center_col": (total(col - RIM_PX) / per_pixel + origin[1]).astype(np.float32),
        "area_px": area.astype(np.int32),
        "shares": (shares / per_pixel[:, None]).astype(np.float32),
        "largest": ranked[:, 0],
        "runner_up": ranked[:, min(1, channels - 1)],
        "quota_class": served.argmax(axis=1).astype(np.uint8),
        "uncertainty": by_class.astype(np.float32),
        "peak": peak.reshape(n, channels),
    }


def _look(
    labels: NDArray[np.int32], image: NDArray, steepness: NDArray[np.float32], settings: Settings
) -> NDArray[np.float32]:  # fmt: skip
    """Return what each label's pixels look like, see `Units`."""
    at = np.flatnonzero(labels)
    number = labels.ravel()[at].astype(np.int64) - 1
    area = np.maximum(np.bincount(number), 1)
    means, deviations = [], []
    for band, scale in zip(image, settings.band_scale, strict=True):
        values = np.nan_to_num(band.ravel()[at].astype(np.float64)) / scale
        mean, square = (np.bincount(number, weights=weights) / area for weights in (values, values * values))
        means.append(mean)
        deviations.append(np.sqrt(np.maximum(square - mean * mean, 0)))
    edges_seen = np.bincount(number, weights=steepness.ravel()[at]) / area / max(settings.edge_scale, 1e-9)
    return np.stack([*means, *deviations, edges_seen], axis=1).astype(np.float32)


def _top_two(probs: NDArray) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the likeliest and the second likeliest channel of each pixel; ties go to the lower channel.

    Probability and channel make one number, the probability in front, so that comparing needs no choosing.
    """
    if probs.dtype == np.uint8:
        ranked = probs.astype(np.uint16)
    else:
        ranked = np.ascontiguousarray(probs, np.float32).view(np.int32).astype(np.int64)  # of positive floats, in their order
    last = np.array(UNLABELLED, ranked.dtype)
    best, runner_up = (np.zeros(probs.shape[1:], ranked.dtype) for _ in range(2))
    for channel, plane in enumerate(ranked):
        key = (plane << 8) | (last - channel)
        np.maximum(runner_up, np.minimum(best, key), out=runner_up)
        np.maximum(best, key, out=best)
    first, second = ((UNLABELLED - (key & UNLABELLED)).astype(np.uint8) for key in (best, runner_up))
    return first, second if len(probs) > 1 else first


def _within(values: NDArray, span: slice) -> NDArray[np.bool_]:
    return (values >= span.start) & (values < span.stop)
