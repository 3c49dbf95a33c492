"""A learner for processors: the body's features are computed once, and after every round a small perceptron reads them.

Training a network anew in every round takes minutes on a CPU, and stops long before more labels would matter. This learner
takes seconds and converges, so that a table can have many seeds. It is the same for every selector, as the network is.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
import torch
import torch.nn.functional as F
from torch import nn

from engine.contract.legend import Legend
from engine.contract.specs.pseudolabel import PseudolabelSpec
from engine.geo.tiles import Window
from engine.pseudolabels import thresholds
from engine.regions import clear, survey
from engine.training.objective import PSEUDOLABELS_WEIGHT
from models import checkpoint
from models.model import Model

from .learning import average, of_map
from .pool import UNLABELLED, Pool

TAPS = ("decoder", "stage1", "stage2", "stage3")
TILE_PX, HALO_PX = 512, 96
HIDDEN = 64
STEPS, BATCH_PX, LEARNING_RATE, WEIGHT_DECAY = 400, 4096, 1e-2, 1e-3
MOST_PX = 200_000
"""Labelled pixels that are learned from, by chance where there are more."""

READ_PX = 1 << 18
VIEWS = 4
"""Perceptrons for selectors that want several opinions."""


@dataclass(frozen=True)
class Learned:
    """A perceptron, what it says of the pool, the ids that it names, and the labels and seed that it was made from."""

    network: nn.Sequential
    said: np.ndarray
    ids: np.ndarray
    labels: np.ndarray
    seed: int


class Probe:
    """Learns from labels on a pool, maps it, and measures itself.

    Args:
        pool: the canvas; its `body` gives the features. All is computed on the CPU.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool, self._body = pool, checkpoint.load(pool.body)
        self._image, self._valid = read(pool.image)
        pixels = features(self._body, pool.image, pool.folder)
        some = pixels[:: max(1, len(pixels) // MOST_PX)].astype(np.float32)
        self._mean, self._scale = some.mean(axis=0), some.std(axis=0) + 1e-3
        self._pixels = self._standard(pixels)
        self._tests = {
            name: (self._standard(features(self._body, image, pool.folder)), read(image)[1], read_ids(labels))
            for name, (image, labels) in pool.tests.items()
        }

    def _standard(self, pixels: np.ndarray) -> torch.Tensor:
        """Return (n, D) bfloat16 features, as many standard deviations from the mean of the pool."""
        parts = (pixels[at : at + READ_PX] for at in range(0, len(pixels), READ_PX))
        return torch.cat([torch.from_numpy((part - self._mean) / self._scale).bfloat16() for part in parts])

    def learn(self, labels: np.ndarray, seed: int, pseudolabels: np.ndarray | None = None) -> Learned:
        """Return what is learned from (H, W) ids, UNLABELLED where nobody answered, and from those that a model gave."""
        network = self._fitted(labels, seed, 0, pseudolabels)
        ids = np.setdiff1d(labels, [UNLABELLED])
        return Learned(network, probabilities(network, self._pixels), ids, labels.copy(), seed)

    def _fitted(self, labels: np.ndarray, seed: int, view: int, pseudolabels: np.ndarray | None = None) -> nn.Sequential:
        ids, rng = np.setdiff1d(labels, [UNLABELLED]), np.random.default_rng([seed, view])
        lessons = [(self._told(labels, ids, rng), 1.0)]
        if pseudolabels is not None and np.isin(pseudolabels, ids).any():
            lessons.append((self._told(pseudolabels, ids, rng), PSEUDOLABELS_WEIGHT))
        return fit(lessons, len(ids), rng)

    def _told(self, labels: np.ndarray, ids: np.ndarray, rng: np.random.Generator) -> tuple:
        """Return features and channels of the pixels labelled with one of `ids`; by chance where they are too many."""
        known = labels[self._valid]
        at = np.flatnonzero(np.isin(known, ids))
        some = np.sort(rng.choice(at, min(MOST_PX, len(at)), replace=False))
        return self._pixels[torch.from_numpy(some)], np.searchsorted(ids, known[some])

    def pseudolabels(
        self, learned: Learned, labels: np.ndarray, held_out: np.ndarray, turn: int, seed: int, is_balanced: bool = True
    ) -> np.ndarray:
        """Return what the job `pseudolabel` would make of it, (H, W) ids with UNLABELLED.

        Args:
            learned: of the last round; held-out answers of classes that it does not name are no measure of it.
            labels: (H, W) ids of the answers.
            held_out: (H, W) ids of the answers kept apart.
            turn: number of the round that it asks, from 1.
            seed: start of all random numbers.
            is_balanced: whether each class has a threshold and a share of its own; else one for all, and no cap.
        """
        probs = np.zeros((learned.said.shape[1], *self._valid.shape), np.float32)
        probs[:, self._valid] = learned.said.T / np.float32(255)
        scales = survey.measure(self._read, *self._valid.shape)
        mapped, confidence, is_clear = clear.find(probs, self._image, self._valid, (0, 0), *scales)
        channel_of = np.full(256, UNLABELLED, np.uint8)
        channel_of[learned.ids] = np.arange(len(learned.ids))
        reference = channel_of[held_out]
        is_answered = (labels != UNLABELLED) | ((held_out != UNLABELLED) & (reference == UNLABELLED))
        allowed = np.where(is_clear & ~is_answered, mapped, np.uint8(UNLABELLED))
        tally = thresholds.Tally.zeros(len(learned.ids))
        tally.add(allowed, confidence, reference)
        rules = rules_of(tally, thresholds.share_in(turn), is_balanced)
        is_open = np.where(reference == UNLABELLED, allowed, np.uint8(UNLABELLED))
        taken = thresholds.apply(rules, is_open, confidence, 0, 0, seed)
        return np.where(taken == UNLABELLED, np.uint8(UNLABELLED), learned.ids[np.minimum(taken, len(learned.ids) - 1)])

    def _read(self, window: Window) -> tuple:
        return self._image[(slice(None), *window.slices)], self._valid[window.slices]

    @contextmanager
    def seen(self, learned: Learned, tta: str) -> Iterator[tuple]:
        """Yield a model of the body with the classes learned, the probabilities of the pool as pieces, and the device."""
        legend = Legend.from_names({i: f"class {i}" for i in learned.ids.tolist()})
        key = hashlib.sha256(learned.labels.tobytes() + bytes([learned.seed])).hexdigest()
        card = replace(self._body.card, legend=legend, hash=key)
        others = range(1, VIEWS) if tta != "none" else ()
        views = [learned.said]
        views += [probabilities(self._fitted(learned.labels, learned.seed, view), self._pixels) for view in others]
        yield Model(self._body.network, card), self._pieces(views), torch.device("cpu")

    def figures(self, learned: Learned) -> dict:
        """Return the figures of `learning.Trainer.figures`."""
        scenes = {
            name: self._of_scene(learned, probabilities(learned.network, pixels), valid, reference)
            for name, (pixels, valid, reference) in self._tests.items()
        }
        return average(scenes, self._of_scene(learned, learned.said, self._valid, self._pool.truth))

    def _of_scene(self, learned: Learned, said: np.ndarray, valid: np.ndarray, reference: np.ndarray) -> dict:
        mapped = np.full(valid.shape, UNLABELLED, np.uint8)
        mapped[valid] = learned.ids[said.argmax(axis=1)]
        return of_map(mapped, reference, self._pool.classes)

    def _pieces(self, views: list) -> Iterator[survey.Piece]:
        counts = np.concatenate([[0], np.cumsum(self._valid.sum(axis=1))])
        height, width = self._valid.shape
        for row in range(0, height, TILE_PX):
            rows = slice(row, min(row + TILE_PX, height))
            valid = self._valid[rows]
            planes = np.zeros((len(views), views[0].shape[1], *valid.shape), np.uint8)
            for plane, view in zip(planes, views, strict=True):
                plane[:, valid] = view[counts[rows.start] : counts[rows.stop]].T
            probs = planes if len(views) > 1 else planes[0]
            yield Window(row, 0, len(valid), width), probs, self._image[:, rows], valid


def rules_of(tally: thresholds.Tally, share: float, is_balanced: bool) -> list:
    """Return what is taken of each class: by the product's rules, or by one threshold that all pixels together give."""
    if is_balanced:
        return thresholds.choose(tally, share, PseudolabelSpec.precision)
    whole = thresholds.Tally(*(counts.sum(axis=0, keepdims=True) for counts in (tally.candidates, tally.right, tally.wrong)))
    return thresholds.choose(whole, share, PseudolabelSpec.precision) * len(tally.candidates)


def fit(lessons: list, classes: int, rng: np.random.Generator) -> nn.Sequential:
    """Return a perceptron trained by cross entropy; a lesson is ((n, D) features and their channels, weight)."""
    torch.manual_seed(int(rng.integers(1 << 31)))
    told = [(pixels.float(), torch.from_numpy(channels), weight) for (pixels, channels), weight in lessons]
    network = nn.Sequential(nn.Linear(told[0][0].shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, classes))
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS)
    for _ in range(STEPS):
        loss = torch.zeros(())
        for values, wanted, weight in told:
            batch = torch.from_numpy(rng.integers(0, len(values), BATCH_PX))
            loss = loss + weight * F.cross_entropy(network(values[batch]), wanted[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.bfloat16().eval()


@torch.inference_mode()
def probabilities(network: nn.Sequential, pixels: torch.Tensor) -> np.ndarray:
    """Return (n, C) uint8, 255 times the probability of each class."""
    parts = [(network(part).float().softmax(dim=1) * 255).round().byte() for part in pixels.split(READ_PX)]
    return torch.cat(parts).numpy()


@torch.inference_mode()
def features(body: Model, path: Path, folder: Path) -> np.ndarray:
    """Return (valid pixels, D) float16 features of a scene in reading order; computed once, kept in a file."""
    kept = folder / f"{Path(path).stem}_{body.card.hash[:12]}.npy"
    if not kept.exists():
        image, valid = read(path)
        height, width = valid.shape
        depth = sum(body.network.feature_channels[tap] for tap in TAPS)
        planes = np.zeros((height, width, depth), np.float16)
        for row in range(0, height, TILE_PX):
            for col in range(0, width, TILE_PX):
                core = Window(row, col, min(TILE_PX, height - row), min(TILE_PX, width - col))
                if valid[core.slices].any():
                    planes[core.slices] = of_tile(body, image, valid, core)
        part = kept.with_suffix(".part")
        with open(part, "wb") as file:  # noqa: PTH123
            np.save(file, planes[valid])
        part.replace(kept)
    return np.load(kept)


def of_tile(body: Model, image: np.ndarray, valid: np.ndarray, core: Window) -> np.ndarray:
    """Return (h, w, D) features of a window, resized to its pixels."""
    around = core.expand(HALO_PX).clip(Window(0, 0, *valid.shape))
    outputs = body.network(
        body.normalize(*(torch.from_numpy(a.copy()) for a in (image[(slice(None), *around.slices)], valid[around.slices])))[
            None
        ]
    )
    size = [-(-n // body.network.stride) * body.network.stride for n in (around.height, around.width)]
    planes = [F.interpolate(outputs.features[tap].float(), size, mode="bilinear", align_corners=False)[0] for tap in TAPS]
    return torch.cat(planes)[(slice(None), *core.within(around).slices)].movedim(0, -1).half().numpy()


def read(path: Path) -> tuple:
    with rasterio.open(path) as file:
        return file.read(), file.read_masks(1) > 0


def read_ids(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1)
