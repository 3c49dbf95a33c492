"""Claim: a drone orthophoto becomes building outlines that can lie beside drawn ones, as far as these figures say.

    python benchmarks/buildings.py [--data ../shared/data/kampala] [--runs runs/buildings]

Kampala, split by place: the west of block 1 to learn from, its east and block 2 (another quarter, 0.5 km off) to test. The
student that ships, as it is and trained further on the west, segments the test ground; `vectorize` makes regular outlines of
it; these are compared with OpenStreetMap. The ceiling is the same way from the drawn buildings, rasterized. Steps whose
outputs are there are not run again. Writes benchmarks/results/buildings.json and docs/img/buildings.png.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import geopandas
import numpy as np
import rasterio
import rasterio.features
import shapely
from PIL import Image, ImageDraw, ImageFont
from rasterio.windows import Window

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.contract.legend import Legend  # noqa: E402
from engine.geo import writer  # noqa: E402
from engine.geo.geobox import GeoBox  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "buildings.json"
PICTURE = ROOT / "docs" / "img" / "buildings.png"
STUDENT = ROOT / "models" / "shipped" / "dubai.safetensors"
PLACES = {"west": ("block1", 0, 2048), "east": ("block1", 2048, 1024), "block2": ("block2", 0, 1024)}
"""File, first column and width in its pixels of 7.5 cm."""
TRAIN, TEST = ("west",), ("east", "block2")
SHRINK = 5
"""Pixels of 37 cm, the finest that the shipped student can be trained further on."""
LEARN = ["--iterations", "500", "--batch", "8", "--chip", "128", "--seed", "0"]
OUTLINES = ["--regularize", "building", "--tolerance", "0.3", "--minimum-area", "8"]
NEAR_M = (0.5, 1.0)
PX_PER_M, GAP_PX, LINE_PX = 8, 48, 60
"""Of the picture, before it is halved."""


def main() -> None:
    """Run what has not run yet and write the figures and the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/kampala"))
    parser.add_argument("--runs", type=Path, default=Path("runs/buildings"))
    options = parser.parse_args()
    runs = options.runs
    runs.mkdir(parents=True, exist_ok=True)
    drawn = {place: prepare(options.data, runs, place) for place in PLACES}
    trained = runs / "kampala.safetensors"
    labels = [runs / f"{place}_labels.tif" for place in TRAIN]
    engine("train", "--start", STUDENT, "--images", *(runs / f"{p}.tif" for p in TRAIN), "--labels", *labels, *LEARN,
           "--output", trained)  # fmt: skip
    found: dict = {}
    for place in TEST:
        for way, model, image in (("shipped", STUDENT, f"{place}_fine"), ("trained", trained, place)):
            engine("segment", "--image", runs / f"{image}.tif", "--model", model, "--resample", "auto",
                   "--output", runs / f"{place}_{way}.tif")  # fmt: skip
        for way in ("shipped", "trained", "labels"):
            target = runs / f"{place}_{way}.gpkg"
            engine("vectorize", "--map", runs / f"{place}_{way}.tif", *OUTLINES, "--output", target)
            layer = geopandas.read_file(target, layer=target.stem)
            found[place, "ceiling" if way == "labels" else way] = layer[layer.name == "building"]
    rows = [{"place": p, "way": way, **compare(drawn[p], layer)} for (p, way), layer in found.items()]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    stored = {"machine": machine, "date": time.strftime("%Y-%m-%d"), "training": LEARN, "outlines": OUTLINES, "rows": rows}
    RESULTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    shown = picture(drawn["east"], found["east", "trained"], footprint(runs / "east.tif"))
    shown.quantize(64, Image.Quantize.FASTOCTREE).save(PICTURE, optimize=True)
    print(table(rows))


def prepare(data: Path, runs: Path, place: str) -> np.ndarray:
    """Write the orthophoto of a place and its labels, building or land; return the drawn buildings in its CRS."""
    name, column, width = PLACES[place]
    with rasterio.open(data / f"{name}.tif") as file:
        size = (file.height // SHRINK, width // SHRINK)
        window = Window(column, 0, size[1] * SHRINK, size[0] * SHRINK)
        fine = file.window_transform(window)
        transform = fine * rasterio.Affine.scale(SHRINK)
        profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "crs": file.crs}
        image = file.read(window=window)
    geobox = GeoBox(profile["crs"].to_wkt(), transform, *size)
    layer = geopandas.read_file(data / "buildings.geojson").to_crs(profile["crs"])
    drawn = shapely.get_parts(shapely.intersection(layer.make_valid().to_numpy(), geobox.footprint))
    drawn = drawn[(shapely.get_dimensions(drawn) == 2) & (shapely.area(drawn) > 0)]
    if not (runs / f"{place}_labels.tif").exists():
        coarse = image.reshape(3, size[0], SHRINK, size[1], SHRINK).mean(axis=(2, 4)).round().astype(np.uint8)
        for suffix, pixels, grid in (("_fine", image, fine), ("", coarse, transform)):
            height, width = pixels.shape[1:]
            with rasterio.open(
                runs / f"{place}{suffix}.tif", "w", height=height, width=width, transform=grid, **profile
            ) as file:
                file.write(pixels)
        ids = rasterio.features.rasterize(((shape, 0) for shape in drawn), size, fill=1, transform=transform).astype(np.uint8)
        with writer.create(runs / f"{place}_labels.tif", geobox, legend=Legend.from_names(["building", "land"])) as labels:
            labels.write(geobox.frame, ids)
    return drawn


def engine(job: str, *flags: object) -> None:
    """Run one job unless its output is there."""
    if not Path(str(flags[-1])).exists():
        subprocess.run([sys.executable, "-m", "engine.run", job, *map(str, flags)], cwd=Path.cwd(), check=True)


def compare(drawn: np.ndarray, layer: geopandas.GeoDataFrame) -> dict:
    """Return counts, areas in m2, overlap as a whole and house by house, and how near the outlines run to drawn ones."""
    found = layer.geometry.to_numpy()
    ground, seen = shapely.union_all(drawn), shapely.union_all(found)
    shared = shapely.area(shapely.intersection(ground, seen))
    outline, other = shapely.boundary(seen), shapely.boundary(ground)
    boundary = {}
    for metres in NEAR_M:
        precision = share_near(outline, other, metres)
        recall = share_near(other, outline, metres)
        boundary[f"boundary_f1_{metres:g}_m"] = round(2 * precision * recall / max(precision + recall, 1e-9), 3)
    best = overlaps(drawn, found)
    return {
        "drawn": len(drawn), "found": len(found),
        "drawn_m2": round(shapely.area(ground)), "found_m2": round(shapely.area(seen)),
        "iou": round(shared / (shapely.area(ground) + shapely.area(seen) - shared), 3),
        "precision": round(shared / max(shapely.area(seen), 1e-9), 3), "recall": round(shared / shapely.area(ground), 3),
        "mean_best_iou": round(float(best.mean()), 3), "matched": int((best >= 0.5).sum()), **boundary,
        "corners_each": round(float(shapely.get_num_coordinates(found).mean() - 1), 1),
        "regular_share": round(float(layer.regular.mean()), 3),
    }  # fmt: skip


def share_near(line: shapely.Geometry, other: shapely.Geometry, metres: float) -> float:
    """Return which share of the length of one line lies within some metres of another."""
    return float(shapely.length(shapely.intersection(line, shapely.buffer(other, metres))) / max(shapely.length(line), 1e-9))


def overlaps(drawn: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return for each drawn building the IoU with the found one that overlaps it best; 0 without any."""
    one, other = shapely.STRtree(found).query(drawn, predicate="intersects")
    shared = shapely.area(shapely.intersection(drawn[one], found[other]))
    best = np.zeros(len(drawn))
    np.maximum.at(best, one, shared / (shapely.area(drawn[one]) + shapely.area(found[other]) - shared))
    return best


def footprint(path: Path) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of a raster."""
    with rasterio.open(path) as file:
        return tuple(file.bounds)


def picture(drawn: np.ndarray, layer: geopandas.GeoDataFrame, ends: tuple[float, float, float, float]) -> Image.Image:
    """Return the drawn buildings, the found ones, and both over one another, side by side."""
    left, bottom, right, top = ends
    width, height = round((right - left) * PX_PER_M), round((top - bottom) * PX_PER_M)
    sheet = Image.new("RGB", (3 * width + 2 * GAP_PX, height + 2 * LINE_PX), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(LINE_PX * 0.6)
    found = layer.geometry.to_numpy()
    grey, red = ("#9aa7b4", "#33475b", 3), ("#e7a1a9", "#b3323f", 3)
    panels = {
        "OpenStreetMap": [(drawn, grey)],
        "Edgewise": [(found, red)],
        "both": [(found, red), (drawn, (None, "#12324f", 5))],
    }
    for i, (name, layers) in enumerate(panels.items()):
        panel = Image.new("RGB", (width, height), "#f4f1ea")
        for shapes, (fill, line, thick) in layers:
            for ring in shapely.get_exterior_ring(shapely.get_parts(shapes)):
                corners = (shapely.get_coordinates(ring) - (left, top)) * (PX_PER_M, -PX_PER_M)
                ImageDraw.Draw(panel).polygon([tuple(xy) for xy in corners], fill, line, thick)
        sheet.paste(panel, (i * (width + GAP_PX), LINE_PX))
        pen.text((i * (width + GAP_PX), LINE_PX * 0.2), name, "black", font)
    said = "Grey: buildings © OpenStreetMap contributors, ODbL. Red: found in imagery of OpenAerialMap, CC BY 4.0."
    pen.text((0, height + LINE_PX * 1.2), said, "black", font)
    return sheet.resize((sheet.width // 2, sheet.height // 2), Image.Resampling.LANCZOS)


def table(rows: list) -> str:
    """Return the figures as the table of docs/introductions/vectorize.md."""
    lines = [
        "| place | map | drawn | found | area drawn, m2 | area found, m2 | IoU | precision | recall | IoU above 0.5 "
        "| boundary F1, 0.5 m | boundary F1, 1 m | corners each |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        lines.append(
            f"| {r['place']} | {r['way']} | {r['drawn']} | {r['found']} | {r['drawn_m2']} | {r['found_m2']} | {r['iou']:.3f} "
            f"| {r['precision']:.3f} | {r['recall']:.3f} | {r['matched']} | {r['boundary_f1_0.5_m']:.3f} "
            f"| {r['boundary_f1_1_m']:.3f} | {r['corners_each']} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
