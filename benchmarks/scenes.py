"""The real scenes that benchmarks train and test on: paths, split by place; small chips laid out on one canvas."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio

DATA = Path("../shared/data")
GUTTER_PX = 256
BLOCK_PX = 256
CELL_PX = 64


@dataclass(frozen=True)
class Ground:
    """Paths of a dataset, split by place.

    Args:
        train, validate: (image, labels) paths.
        test: name -> (image, labels) paths.
        unlabelled: paths of images.
        chips: what stands on the canvas, where `test` is one.
    """

    train: list
    validate: list
    test: dict
    unlabelled: tuple = ()
    chips: tuple = ()


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
    return Ground(pairs(0, 160), pairs(160, 192), {"test": canvas}, chips=tuple(pairs(192, 224)))


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
    write_canvas(image_path, image, valid)
    write_labels(labels_path, labels)


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
    return Ground(kept, ground.validate, ground.test, tuple(image for image, _ in ground.train), ground.chips)


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


def shelve(pairs: list, image_path: Path, labels_path: Path, crop_px: int = 0) -> None:
    """Write scenes of any size on one canvas, the highest first, on a grid of CELL_PX and at least as far apart.

    Args:
        pairs: (image, labels) paths.
        image_path: canvas that is written; what lies between the scenes is masked.
        labels_path: its labels, 255 between the scenes.
        crop_px: take the middle of each scene, with sides of this many pixels at most; 0 takes all of it.
    """
    scenes = []
    for image, labels in pairs:
        with rasterio.open(image) as of_image, rasterio.open(labels) as of_labels:
            height, width = (min(side, crop_px or side) for side in of_labels.shape)
            row, col = (of_labels.height - height) // 2, (of_labels.width - width) // 2
            window = ((row, row + height), (col, col + width))
            scenes.append((of_image.read(window=window), of_labels.read(1, window=window)))
    scenes.sort(key=lambda scene: -scene[1].shape[0])
    least = round(sum(labels.size for _, labels in scenes) ** 0.5)
    limit = max(least, *(labels.shape[1] for _, labels in scenes))
    places, row, col, shelf = [], 0, 0, 0
    for _, labels in scenes:
        if col and col + labels.shape[1] > limit:
            row, col, shelf = row + shelf, 0, 0
        places.append((row, col))
        shelf = max(shelf, next_cell(labels.shape[0]))
        col += next_cell(labels.shape[1])
    shape = (row + shelf, max(c + next_cell(s[1].shape[1]) for (_, c), s in zip(places, scenes, strict=True)))
    canvas, valid = np.zeros((3, *shape), np.uint8), np.zeros(shape, np.uint8)
    ids = np.full(shape, 255, np.uint8)
    for (row, col), (image, labels) in zip(places, scenes, strict=True):
        place = slice(row, row + labels.shape[0]), slice(col, col + labels.shape[1])
        canvas[(slice(None), *place)], ids[place], valid[place] = image, labels, 255
    write_canvas(image_path, canvas, valid)
    write_labels(labels_path, ids)


def next_cell(length: int) -> int:
    return -(-(length + CELL_PX) // CELL_PX) * CELL_PX


def write_canvas(path: Path, image: np.ndarray, valid: np.ndarray) -> None:
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "w", count=3, photometric="RGB", **profile(valid)) as file,
    ):
        file.write(image)
        file.write_mask(valid)


def write_labels(path: Path, ids: np.ndarray) -> None:
    with rasterio.open(path, "w", count=1, nodata=255, **profile(ids)) as file:
        file.write(ids, 1)


def profile(plane: np.ndarray) -> dict:
    height, width = plane.shape
    return {
        "driver": "GTiff", "height": height, "width": width, "dtype": "uint8", "compress": "deflate", "tiled": True,
        "transform": rasterio.transform.from_origin(0, 0, 1, 1),
    }  # fmt: skip
