"""The real scenes that benchmarks train and test on: paths, split by place; small chips laid out on one canvas."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio

DATA = Path("../shared/data")
GUTTER_PX = 256
BLOCK_PX = 256


@dataclass(frozen=True)
class Ground:
    """Paths of a dataset, split by place."""

    train: list
    validate: list
    test: dict  # name -> (image, labels)
    unlabelled: tuple = ()


def dubai(runs: Path) -> Ground:
    def pairs(*names: str) -> list:
        return [(DATA / "dubai" / f"{n}.tif", DATA / "dubai" / f"{n}_labels.tif") for n in names]

    return Ground(pairs("T1", "T2", "T3", "T6", "T7S"), pairs("T5"), {n: pairs(n)[0] for n in ("T7N", "T4")})


def dronedeploy(runs: Path) -> Ground:
    """Return chips to train and validate on; the test chips stand on one canvas, too far apart to see each other."""

    def pairs(start: int, stop: int) -> list:
        folder = DATA / "dronedeploy"
        return [(folder / "images" / f"{i:03}.jpg", folder / "labels" / f"{i:03}.png") for i in range(start, stop)]

    canvas = (runs / "dronedeploy_test.tif", runs / "dronedeploy_test_labels.tif")
    if not all(path.exists() for path in canvas):
        runs.mkdir(parents=True, exist_ok=True)
        lay_out(pairs(192, 224), *canvas)
    return Ground(pairs(0, 160), pairs(160, 192), {"test": canvas})


DATASETS = {"dubai": dubai, "dronedeploy": dronedeploy}


def lay_out(pairs: list, image_path: Path, labels_path: Path, columns: int = 8, side: int = 300) -> None:
    """Write chips of one size on a canvas whose gutters are masked and unlabelled."""
    pitch = side + GUTTER_PX
    height, width = -(-len(pairs) // columns) * pitch, columns * pitch
    image, valid = np.zeros((3, height, width), np.uint8), np.zeros((height, width), np.uint8)
    labels = np.full((height, width), 255, np.uint8)
    for index, paths in enumerate(pairs):
        row, col = (pitch * n for n in divmod(index, columns))
        place = slice(row, row + side), slice(col, col + side)
        with rasterio.open(paths[0]) as chip, rasterio.open(paths[1]) as of_chip:
            image[(slice(None), *place)], labels[place], valid[place] = chip.read(), of_chip.read(1), 255
    profile = {"driver": "GTiff", "height": height, "width": width, "dtype": "uint8", "compress": "deflate"}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(image_path, "w", count=3, photometric="RGB", **profile) as file,
    ):
        file.write(image)
        file.write_mask(valid)
    with rasterio.open(labels_path, "w", count=1, nodata=255, **profile) as file:
        file.write(labels, 1)


def thinned(ground: Ground, folder: Path, share: float) -> Ground:
    """Return the ground with labels on a share of it, the same for every method and seed; all its images are unlabelled too.

    Large scenes keep a share of their blocks; of small ones a share is kept whole, with every class in it.
    """
    rng = np.random.default_rng(0)
    large, small = [], []
    for pair in ground.train:
        with rasterio.open(pair[1]) as labels:
            (large if min(labels.shape) > 2 * BLOCK_PX else small).append(pair)
    kept = [(image, thin(labels, folder, share, rng)) for image, labels in large] + chosen(small, share, rng)
    return Ground(kept, ground.validate, ground.test, tuple(image for image, _ in ground.train))


def chosen(pairs: list, share: float, rng: np.random.Generator) -> list:
    """Return a share of small scenes by chance, first one for each class."""
    order = [pairs[i] for i in rng.permutation(len(pairs))]
    found = [set(np.unique(rasterio.open(labels).read(1)).tolist()) - {255} for _, labels in order]
    first = {min(i for i, ids in enumerate(found) if k in ids) for k in set().union(*found)}
    rest = [i for i in range(len(order)) if i not in first]
    return [order[i] for i in [*sorted(first), *rest][: max(len(first), round(share * len(order)))]]


def thin(labels: Path, folder: Path, share: float, rng: np.random.Generator) -> Path:
    """Write labels that are kept in a share of their blocks."""
    path = folder / f"{labels.stem}.tif"
    with rasterio.open(labels) as source:
        profile, found = source.profile, source.read(1)
        colormap = source.colormap(1) if source.colorinterp[0].name == "palette" else None
    rows, cols = (-(-n // BLOCK_PX) for n in found.shape)
    order = rng.permutation(rows * cols)
    for index in order[max(1, round(share * rows * cols)) :]:
        row, col = (BLOCK_PX * n for n in divmod(index, cols))
        found[row : row + BLOCK_PX, col : col + BLOCK_PX] = 255
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with rasterio.open(path, "w", **{**profile, "driver": "GTiff", "nodata": 255}) as file:
            if colormap:
                file.write_colormap(1, colormap)
            file.write(found, 1)
    return path
