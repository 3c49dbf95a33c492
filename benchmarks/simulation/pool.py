"""The ground of a simulated campaign: one canvas to label, its true labels, and scenes kept to test on."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import rasterio
from scenes import DATASETS, shelve, write_labels

UNLABELLED = 255


@dataclass(frozen=True, eq=False)
class Pool:
    """Paths and planes of a dataset.

    Args:
        image, labels: canvas of the scenes to label, and its labels.
        truth: (H, W) its labels.
        valid: (H, W) where there is ground.
        tests: name -> (image, labels) paths.
        body: model whose classifier is replaced; it never saw this dataset.
        folder: where what is made of it is kept.
    """

    image: Path
    labels: Path
    truth: np.ndarray
    valid: np.ndarray
    tests: dict
    body: Path
    folder: Path

    @cached_property
    def classes(self) -> np.ndarray:
        """Return the ids that occur."""
        return np.setdiff1d(self.truth, [UNLABELLED])


@cache
def make(dataset: str, runs: Path, crop_px: int, scenes: int, body: Path) -> Pool:
    """Return the pool of a dataset; its canvases are written once.

    Args:
        dataset: a word of `scenes.DATASETS`.
        runs: folder of all runs.
        crop_px: take the middle of each scene only; 0 takes all.
        scenes: take so many scenes to label, and chips to test on, at most; 0 takes all.
        body: see `Pool`.
    """
    ground = DATASETS[dataset](runs)
    folder = runs / f"{dataset}_{crop_px}_{scenes}"
    folder.mkdir(parents=True, exist_ok=True)
    training = spread(ground.train, scenes)
    tests = {name: (folder / f"{name}.tif", folder / f"{name}_labels.tif") for name in ground.test}
    kept = {name: spread(list(ground.chips), scenes) or [pair] for name, pair in ground.test.items()}
    canvas = folder / "canvas.tif", folder / "canvas_labels.tif"
    for pairs, paths in [(training, canvas), *((kept[name], tests[name]) for name in kept)]:
        if not paths[1].exists():
            shelve(pairs, *paths, crop_px)
    with rasterio.open(canvas[0]) as image, rasterio.open(canvas[1]) as labels:
        return Pool(*canvas, labels.read(1), image.read_masks(1) > 0, tests, body, folder)


def spread(pairs: list, count: int) -> list:
    """Return `count` scenes, evenly spread over the list."""
    if not count or count >= len(pairs):
        return pairs
    return [pairs[i * len(pairs) // count] for i in range(count)]


def token(pool: Pool, labels: np.ndarray, folder: Path) -> tuple:
    """Write a window of labelled ground, as image and labels, so that training keeps none of the labels back.

    Nothing is decided by it: the last weights count.
    """
    row, col = np.argwhere(labels != UNLABELLED)[0]
    side = 64
    window = ((row, row + side), (col, col + side))
    paths = folder / "token.tif", folder / "token_labels.tif"
    with rasterio.open(pool.image) as image:
        cut = image.read(window=window)
        profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "height": cut.shape[1], "width": cut.shape[2]}
        with rasterio.open(paths[0], "w", photometric="RGB", transform=image.transform, **profile) as file:
            file.write(cut)
    write_labels(paths[1], labels[row : row + side, col : col + side][: cut.shape[1], : cut.shape[2]])
    return paths
