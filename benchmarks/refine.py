"""Question: do superpixels or an edge-aware filter, laid over the probabilities of a trained model, draw better borders?

Compares the plain map with probabilities averaged in superpixels (SLIC, Felzenszwalb) and by the guided filter, and with a
majority filter of the labels, which never looks at the image. The setting of each method is chosen on the validation scenes
alone, on every other tile, by the mean over models of mIoU plus boundary F1 at 3 px; then the test scenes are measured. A
method is worth an option if it raises both figures for every model and test scene, and both by more than the majority filter
does on average. What is measured is not measured again; probabilities are kept in --runs.

    python benchmarks/refine.py --dataset dubai --models runs/walkthrough/{floor,teacher,distilled_student}.safetensors
    python benchmarks/refine.py --dataset dronedeploy --models runs/dronedeploy/plain_{0,1}.safetensors
    python benchmarks/refine.py --table

benchmarks/walkthrough.py trains the models of the first command; those of the second are two students of `train --network
unet_mobilenet_v2_thin --encoder-weights none --batch 8 --chip 128 --iterations 400` with the seeds 0 and 1.

No method passes on both datasets. The filter guided by the mean of the bands comes closest on Dubai, where borders always gain;
`segment --refine guided` offers it, off by default, and docs/segment.md says what it gained and lost.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean

import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from skimage.segmentation import felzenszwalb, slic

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rows import write  # noqa: E402
from scenes import DATASETS  # noqa: E402

from engine.assessment.boundary import TOLERANCES_PX, BoundaryTally  # noqa: E402
from engine.contract.events import Reporter  # noqa: E402
from engine.contract.legend import UNLABELLED  # noqa: E402
from engine.geo import raster  # noqa: E402
from engine.geo.tiles import Window, tiles  # noqa: E402
from engine.inference import predict  # noqa: E402
from engine.metrics import Confusion  # noqa: E402
from models import checkpoint  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "refine.json"
CORE_PX, MARGIN_PX = 1024, 64
CHOSEN_AT_PX = 3
VALIDATION = "validation"
SLIC_COMPACTNESS = 10
FELZENSZWALB = {"sigma": 0.8, "min_size": 20}

Filter = Callable[[NDArray], NDArray]
"""Scores (C, h, w) from probabilities (C, h, w), 0 where there is no data; the largest score decides."""


def main() -> None:
    options = arguments()
    rows = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []
    if options.models:
        ground = DATASETS[options.dataset](options.runs)
        models = {path.name.split(".")[0]: checkpoint.load(path) for path in options.models}
        scenes = {VALIDATION: ground.validate, **{name: [pair] for name, pair in ground.test.items()}}
        for name, pairs in scenes.items():
            settings = [(m, s) for m in METHODS for s in METHODS[m][1]]
            if name != VALIDATION:
                best = chosen([r for r in rows if r["dataset"] == options.dataset])
                settings = [("none", 0), *((m, s) for m, s in best.items() if m != "none")]
            for method, setting in settings:
                add(rows, options, models, name, pairs, method, setting)
    print(table(rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=DATASETS, default="dubai")
    parser.add_argument("--models", nargs="+", type=Path, default=[], help="their file names are the names in the table")
    parser.add_argument("--runs", type=Path, default=Path("runs/refine"))
    parser.add_argument("--table", action="store_true", help="print the table of what is there; so does a call without models")
    return parser.parse_args()


def superpixels(image: NDArray, valid: NDArray, side_px: int) -> Filter:
    """Return a filter that sums over superpixels of about side_px x side_px (SLIC, Achanta et al. 2012)."""
    count = max(1, image[0].size // side_px**2)
    pieces = slic(image.transpose(1, 2, 0), n_segments=count, compactness=SLIC_COMPACTNESS, start_label=0)
    return lambda probs: summed(probs, pieces)


def graph_pieces(image: NDArray, valid: NDArray, scale: int) -> Filter:
    """Return a filter that sums over the pieces of Felzenszwalb and Huttenlocher 2004."""
    pieces = felzenszwalb(image.transpose(1, 2, 0), scale=scale, **FELZENSZWALB)
    return lambda probs: summed(probs, pieces)


def summed(probs: NDArray, pieces: NDArray) -> NDArray:
    flat = pieces.ravel()
    return np.stack([np.bincount(flat, weights=plane.ravel())[pieces] for plane in probs])


def guided(image: NDArray, valid: NDArray, setting: list) -> Filter:
    """Return the guided filter with all bands as its guide; means are over the pixels of a window that have data.

    He et al. 2013, https://doi.org/10.1109/TPAMI.2012.213, eqs. 19-21.

    Args:
        image: (B, h, w) uint8; the guide is this over 255.
        valid: (h, w).
        setting: radius of the windows in px, and epsilon.
    """
    radius_px, epsilon = setting
    weight = np.maximum(box(valid.astype(np.float32), radius_px), 1e-6)

    def average(plane: NDArray) -> NDArray:
        return box(plane * valid, radius_px) / weight

    guide = image.astype(np.float32) / 255
    bands = range(len(guide))
    middle = np.stack([average(band) for band in guide])  # (B, h, w)
    spread = np.empty((*valid.shape, len(guide), len(guide)), np.float32)
    for i in bands:
        for j in range(i + 1):
            spread[..., i, j] = spread[..., j, i] = average(guide[i] * guide[j]) - middle[i] * middle[j]
    inverse = np.linalg.inv(spread + epsilon * np.eye(len(guide), dtype=np.float32))  # (h, w, B, B)

    def of_plane(plane: NDArray) -> NDArray:
        level = average(plane)
        both = np.stack([average(guide[i] * plane) - middle[i] * level for i in bands], axis=-1)  # (h, w, B)
        slope = np.einsum("hwij,hwj->ihw", inverse, both)
        offset = level - (slope * middle).sum(axis=0)
        return sum(average(slope[i]) * guide[i] for i in bands) + average(offset)

    return lambda probs: np.stack([of_plane(plane) for plane in probs])


def guided_by_mean(image: NDArray, valid: NDArray, setting: list) -> Filter:
    """Return the guided filter with the mean of the bands as its guide: the inverse is a division, whatever the bands."""
    return guided(image.mean(axis=0, keepdims=True), valid, setting)


def majority(image: NDArray, valid: NDArray, side_px: int) -> Filter:
    """Return a filter that gives each pixel the class that most pixels of a square have."""

    def count(probs: NDArray) -> NDArray:
        ids = probs.argmax(axis=0)
        return np.stack([box(((ids == k) & valid).astype(np.float32), side_px // 2) for k in range(len(probs))])

    return count


def box(plane: NDArray, radius_px: int) -> NDArray:
    return uniform_filter(plane, 2 * radius_px + 1, mode="constant")


METHODS = {
    "none": (lambda image, valid, setting: lambda probs: probs, [0]),
    "majority filter, side": (majority, [3, 5, 9, 15]),
    "SLIC, side": (superpixels, [4, 8, 16]),
    "Felzenszwalb, scale": (graph_pieces, [10, 30, 100]),
    "guided filter, radius and epsilon": (guided, [[r, e] for r in (2, 4, 8) for e in (1e-4, 1e-2)]),
    "filter guided by the mean, radius and epsilon": (guided_by_mean, [[r, e] for r in (2, 4, 8) for e in (1e-4, 1e-3, 1e-2)]),
}


def add(rows: list, options: argparse.Namespace, models: dict, scene: str, pairs: list, method: str, setting: object) -> None:
    """Measure one setting for all models that lack it, so that the image is looked at once, and write their rows."""
    keys = {
        name: {"dataset": options.dataset, "model": name, "hash": model.card.hash, "scene": scene, "method": method,
               "setting": setting}
        for name, model in models.items()
    }  # fmt: skip
    lacking = {name: models[name] for name, key in keys.items() if not any(key.items() <= row.items() for row in rows)}
    if not lacking:
        return
    counts = {name: [Confusion.zeros(len(m.card.legend)), BoundaryTally(len(m.card.legend))] for name, m in lacking.items()}
    for read, core, reference in referenced(pairs, is_thinned=scene == VALIDATION):
        image, valid, probs = read(lacking, options.runs)
        refine = METHODS[method][0](image, valid, setting)
        for name, tally in counts.items():
            ids = np.where(valid, refine(probs[name] * valid).argmax(axis=0), UNLABELLED).astype(np.uint8)
            ids[reference == UNLABELLED] = UNLABELLED
            known = np.where(valid, reference, UNLABELLED)
            tally[0] += Confusion.of(ids[core], known[core], len(tally[0].counts))
            tally[1].add(ids, known, core)
    for name, (confusion, boundary) in counts.items():
        rows.append({**keys[name], **figures(confusion, boundary)})
        print(f"{scene} {name} {method} {setting}: {criterion(rows[-1]):.4f}", flush=True)
    write(RESULTS, rows)


def referenced(pairs: list, *, is_thinned: bool) -> Iterator[tuple]:
    """Yield a reader, the place of the core and the reference of each tile with labels; thinned, of every other one."""
    for number, (image_path, labels_path) in enumerate(pairs):
        with rasterio.open(labels_path) as source:
            labels = source.read(1)
        for tile in tiles(*labels.shape, CORE_PX, MARGIN_PX):
            seen = tile.read.clip(Window(0, 0, *labels.shape))
            place = tile.core.row // CORE_PX + tile.core.col // CORE_PX + number
            if (is_thinned and place % 2) or (labels[tile.core.slices] == UNLABELLED).all():
                continue

            def read(models: dict, runs: Path, path: Path = image_path, window: Window = seen) -> tuple:
                with raster.open(path) as image:
                    data, valid = image.read(window)
                found = {name: predicted(model, path, runs)[(slice(None), *window.slices)] for name, model in models.items()}
                return data, valid, {name: probs.astype(np.float32) for name, probs in found.items()}

            yield read, tile.core.within(seen).slices, labels[seen.slices]


def predicted(model: object, path: Path, runs: Path) -> NDArray:
    """Return the probabilities (C, H, W) float16 of an image, from the file that is there or is made."""
    kept = runs / f"{model.card.hash[:16]}_{path.stem}.npy"
    if not kept.exists():
        runs.mkdir(parents=True, exist_ok=True)
        with raster.open(path) as image:
            model.accept(image)
            probs = np.zeros((len(model.card.legend), image.geobox.height, image.geobox.width), np.float16)
            for tile in predict.probability_bands(model, image, Reporter(lambda _: None), margin_px=0):
                probs[(slice(None), *tile.core.slices)] = tile.probs
        with kept.with_suffix(".part").open("wb") as file:
            np.save(file, probs)
        kept.with_suffix(".part").rename(kept)
    return np.load(kept, mmap_mode="r")


def figures(confusion: Confusion, boundary: BoundaryTally) -> dict:
    return {
        "miou": round(confusion.miou, 5), "overall_accuracy": round(confusion.overall_accuracy, 5),
        **{f"f1_{t}px": round(float(np.nanmean(v)), 5) for t, v in zip(TOLERANCES_PX, boundary.f1, strict=True)},
        **{f"iou_{t}px": round(float(np.nanmean(v)), 5) for t, v in zip(TOLERANCES_PX, boundary.iou, strict=True)},
    }  # fmt: skip


def criterion(row: dict) -> float:
    return row["miou"] + row[f"f1_{CHOSEN_AT_PX}px"]


def chosen(rows: list) -> dict:
    """Return the setting of each method that is best on the validation scenes, over the models of one dataset."""
    best = {}
    for method, (_, settings) in METHODS.items():
        scores = [[criterion(r) for r in rows if is_of(r, VALIDATION, method, s)] for s in settings]
        if all(scores):
            best[method] = max(zip(map(mean, scores), range(len(settings)), settings, strict=True))[2]
    return best


def is_of(row: dict, scene: str, method: str, setting: object) -> bool:
    return (row["scene"], row["method"], row["setting"]) == (scene, method, setting)


COLUMNS = {
    "miou": "mIoU", "overall_accuracy": "OA", **{f"f1_{t}px": f"boundary F1, {t} px" for t in TOLERANCES_PX},
    **{f"iou_{t}px": f"boundary IoU, {t} px" for t in TOLERANCES_PX},
}  # fmt: skip


def table(rows: list) -> str:
    """Return the figures in points as Markdown: of the plain map, and what each method adds, mean and range over models."""
    parts = []
    for dataset in dict.fromkeys(r["dataset"] for r in rows):
        here = [r for r in rows if r["dataset"] == dataset]
        best = chosen(here)
        lines = [["scene", "method", "models", *COLUMNS.values()], ["---"] * (3 + len(COLUMNS))]
        for scene in dict.fromkeys(r["scene"] for r in here):
            lines += [line(here, scene, method, setting) for method, setting in best.items()]
        parts += [f"\n{dataset}\n", *(f"| {' | '.join(cells)} |" for cells in lines), f"\n{verdict(here, best)}"]
    return "\n".join(parts)


def line(rows: list, scene: str, method: str, setting: object) -> list:
    found = gains(rows, scene, method, setting)
    name = method if method == "none" else f"{method} {' '.join(map(str, setting)) if isinstance(setting, list) else setting}"
    if method == "none":
        plain = [r for r in rows if is_of(r, scene, method, setting)]
        cells = [f"{100 * mean(r[key] for r in plain):.1f}" for key in COLUMNS] if plain else []
    else:
        cells = [f"{mean(v):+.2f} ({min(v):+.2f} to {max(v):+.2f})" for v in found.values() if v]
    return [scene, name, str(len(found["miou"])), *cells]


def gains(rows: list, scene: str, method: str, setting: object) -> dict:
    """Return by figure what a method adds to the plain map, in points, one value for each model."""
    plain = {r["hash"]: r for r in rows if is_of(r, scene, "none", 0)}
    refined = [r for r in rows if is_of(r, scene, method, setting) and r["hash"] in plain]
    return {key: [100 * (r[key] - plain[r["hash"]][key]) for r in refined] for key in COLUMNS}


def verdict(rows: list, best: dict) -> str:
    """Return which methods are worth an option on the test scenes, by the rule above."""
    scenes = sorted({r["scene"] for r in rows} - {VALIDATION})
    keys = ("miou", f"f1_{CHOSEN_AT_PX}px")
    found = {m: {k: [g for s in scenes for g in gains(rows, s, m, setting)[k]] for k in keys} for m, setting in best.items()}
    simple = found.get("majority filter, side")
    worth = [
        method
        for method, of in found.items()
        if method not in ("none", "majority filter, side")
        and simple
        and all(of[k] and min(of[k]) > 0 and mean(of[k]) > mean(simple[k]) for k in keys)
    ]
    return f"Worth an option: {', '.join(worth) or 'none'}."


if __name__ == "__main__":
    main()
