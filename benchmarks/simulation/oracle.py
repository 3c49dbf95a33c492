"""The oracle: answers units from the true labels as a person would, and counts what a person would click."""

from dataclasses import dataclass

import numpy as np
import shapely
from scipy import ndimage

UNLABELLED = 255
NEAR_PX = 2
CONFIRMED_SHARE = 0.9
STRAIGHT_PX = 1.0


@dataclass(frozen=True)
class Answer:
    """What the oracle gave a unit: ids for its pixels (n,) in reading order, the clicks, and how it answered."""

    ids: np.ndarray
    clicks: int
    kind: str  # class, confirm, redraw, paint, unsure


@dataclass
class Oracle:
    """Knows the true labels, perhaps with shifted borders, and mistakes some answers.

    Args:
        truth: (H, W) ids, UNLABELLED where nobody knows.
        classes: ids that a mistaken answer may name.
        flip_share: share of answers that name another class.
        seed: start of the mistakes.
    """

    truth: np.ndarray
    classes: np.ndarray
    flip_share: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng([self.seed, 7])

    def region(self, window: tuple, mask: np.ndarray) -> Answer:
        """Give a region unit the class that most of it has: one click."""
        truth = self.truth[window][mask]
        known = truth[truth != UNLABELLED]
        if not len(known):
            return unsure(truth)
        return Answer(np.full(len(truth), self._mistaken(np.bincount(known).argmax()), np.uint8), 1, "class")

    def edge(self, window: tuple, mask: np.ndarray, predicted: np.ndarray) -> Answer:
        """Give an edge unit one class, confirm its predicted border, or redraw the border.

        A border is confirmed where both show the same two classes and 90 % of the true border lies within 2 px of the
        predicted one. To redraw costs the vertices of the simplified border, its ends, and a class for each piece.

        Args:
            window: slices of the unit's window.
            mask: (h, w) the unit's pixels.
            predicted: (h, w) predicted ids in the window.
        """
        ids = self.truth[window]
        truth = ids[mask]
        known = np.unique(truth[truth != UNLABELLED])
        if len(known) < 2:
            return self.region(window, mask)
        if set(np.unique(predicted[mask]).tolist()) == set(known.tolist()) and len(known) == 2:
            true_border, drawn = border(ids, mask), border(predicted, mask)
            if drawn.any():
                near = ndimage.distance_transform_edt(~drawn) <= NEAR_PX
                if near[true_border].mean() >= CONFIRMED_SHARE:
                    return Answer(predicted[mask], 1, "confirm")
        return Answer(self._with_a_mistake(truth, known), drawing_clicks(ids, mask), "redraw")

    def paint(self, window: tuple, mask: np.ndarray, clicks: int | None = None) -> Answer:
        """Give every pixel of a square its true class; a click for each class unless the border is drawn."""
        ids = self.truth[window]
        truth = ids[mask]
        known = np.unique(truth[truth != UNLABELLED])
        if not len(known):
            return unsure(truth)
        return Answer(self._with_a_mistake(truth, known), clicks or len(known), "paint")

    def _mistaken(self, class_id: int) -> int:
        others = self.classes[self.classes != class_id]
        return int(self._rng.choice(others)) if len(others) and self._rng.random() < self.flip_share else int(class_id)

    def _with_a_mistake(self, truth: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Return the ids, one of whose classes may be mistaken for another."""
        wrong = self._rng.choice(known)
        return np.where(truth == wrong, self._mistaken(wrong), truth).astype(np.uint8)


def unsure(truth: np.ndarray) -> Answer:
    return Answer(np.full(len(truth), UNLABELLED, np.uint8), 1, "unsure")


def border(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the pixels of a unit with a neighbour of another class in it."""
    known = mask & (ids != UNLABELLED)
    found = np.zeros(ids.shape, bool)
    down = (ids[1:] != ids[:-1]) & known[1:] & known[:-1]
    across = (ids[:, 1:] != ids[:, :-1]) & known[:, 1:] & known[:, :-1]
    found[1:] |= down
    found[:-1] |= down
    found[:, 1:] |= across
    found[:, :-1] |= across
    return found


def drawing_clicks(ids: np.ndarray, mask: np.ndarray) -> int:
    """Return the clicks to draw the true border inside a unit and to name its pieces (after Cai et al. 2021).

    The vertices after Douglas-Peucker at 1 px, the ends included, and one click for each connected piece of a class.
    """
    known = mask & (ids != UNLABELLED)
    row, col = np.nonzero((ids[1:] != ids[:-1]) & known[1:] & known[:-1])
    flat = np.stack([np.stack([col, row + 1], axis=1), np.stack([col + 1, row + 1], axis=1)], axis=1)
    row, col = np.nonzero((ids[:, 1:] != ids[:, :-1]) & known[:, 1:] & known[:, :-1])
    upright = np.stack([np.stack([col + 1, row], axis=1), np.stack([col + 1, row + 1], axis=1)], axis=1)
    segments = np.concatenate([flat, upright]).astype(float)
    lines = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(segments))) if len(segments) else None
    drawn = [] if lines is None else shapely.get_parts(shapely.simplify(lines, STRAIGHT_PX))
    vertices = sum(shapely.get_num_coordinates(line) - int(shapely.is_closed(line)) for line in drawn)
    pieces = sum(ndimage.label(known & (ids == class_id))[1] for class_id in np.unique(ids[known]))
    return int(vertices + pieces)


def shifted(truth: np.ndarray, noise_px: float, seed: int) -> np.ndarray:
    """Return the labels with borders moved by a smooth displacement whose standard deviation is `noise_px`."""
    if not noise_px:
        return truth
    rng = np.random.default_rng([seed, 8])
    rows, cols = np.indices(truth.shape, dtype=np.float32)
    moved = []
    for places in (rows, cols):
        field = ndimage.gaussian_filter(rng.standard_normal(truth.shape).astype(np.float32), 8)
        moved.append(places + noise_px * field / max(float(field.std()), 1e-9))
    return ndimage.map_coordinates(truth, moved, order=0, mode="nearest")
