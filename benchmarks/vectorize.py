"""Claims of `vectorize`: at least 1.7 times the speed of GDAL on a noisy map, and memory that does not grow with it.

    python benchmarks/vectorize.py [--repeats 5] [--mpx 64] [--buildings ../shared/data/kampala]

Both sides read the same file and write a GeoPackage, each in a process of its own, in turns, on all cores. GDAL is run the
way that is best for it: `Polygonize` of the system's osgeo package inside one transaction (`gdal_polygonize.py` itself
writes one transaction a polygon and is slower), and rasterio's `shapes`, which has the algorithm of GDAL 3.7 and later.
Prints its tables and stores them in benchmarks/results/vectorize.json.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks" / "results" / "vectorize.json"
SIDE = 2048
TARGET = 1.7

OSGEO = """
import sys, time
from osgeo import gdal, ogr, osr
gdal.UseExceptions()
source, target = sys.argv[1:]
began = time.perf_counter()
data = gdal.Open(source)
band = data.GetRasterBand(1)
file = ogr.GetDriverByName("GPKG").CreateDataSource(target)
layer = file.CreateLayer("polygons", osr.SpatialReference(data.GetProjection()), ogr.wkbPolygon)
layer.CreateField(ogr.FieldDefn("class_id", ogr.OFTInteger))
file.StartTransaction()
gdal.Polygonize(band, band.GetMaskBand(), layer, 0)
file.CommitTransaction()
count = layer.GetFeatureCount()
file = None
import json
from pathlib import Path
seconds, peak = time.perf_counter() - began, int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
cpu = time.process_time()
print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak, "polygons": count, "gdal": gdal.__version__}))
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--mpx", type=int, default=64, help="size of the noisy map")
    arguments.add_argument("--buildings", type=Path, default=Path("../shared/data/kampala"))
    arguments.add_argument("--system-python", default="/usr/bin/python3", help="a Python with the osgeo package")
    arguments.add_argument("--one", nargs=3, metavar=("HOW", "MAP", "OUTPUT"), help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.one:
        how, source, target = options.one
        print(json.dumps({"vectorize": by_vectorize, "rasterio": by_rasterio}[how](source, target)))
        return
    found = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d"),
        **speed(options),
    }
    if options.buildings.is_dir():
        found["buildings"] = buildings(options.buildings)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"\nwrote {RESULTS.relative_to(ROOT)}")


def speed(options):
    """Return median wall time and peak memory of each way at a quarter of the size and the whole, and ours at four times."""
    sides = [max(round((mpx * 1e6) ** 0.5 / SIDE), 1) for mpx in (options.mpx / 4, options.mpx, options.mpx * 4)]
    ways = ["vectorize", "rasterio"]
    if (
        shutil.which(options.system_python)
        and not subprocess.run([options.system_python, "-c", "import osgeo"], capture_output=True).returncode
    ):
        ways.append("osgeo")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for across in sides:
            source = noisy_map(Path(folder, f"map{across}.tif"), across)
            now = ways[:1] if across == sides[-1] else ways
            runs = {way: [] for way in now}
            for turn in range(1 if across == sides[-1] else options.repeats):
                for way in now[turn % len(now) :] + now[: turn % len(now)]:
                    target = Path(folder, "polygons.gpkg")
                    target.unlink(missing_ok=True)
                    command = (
                        [options.system_python, "-c", OSGEO, str(source), str(target)]
                        if way == "osgeo"
                        else [sys.executable, __file__, "--one", way, str(source), str(target)]
                    )
                    done = subprocess.run(command, check=True, capture_output=True, text=True)
                    runs[way].append(json.loads(done.stdout.splitlines()[-1]))
            assert len({run["polygons"] for way in now for run in runs[way]}) == 1, "the ways find different polygons"
            rows += [summary(way, (across * SIDE) ** 2 / 1e6, runs[way]) for way in now]
    print(f"{'':<10} {'Mpx':>6} {'polygons':>9} {'seconds':>8} {'CPU s':>7} {'Mpx/s':>6} {'peak MiB':>9}")
    for row in rows:
        print(
            f"{row['way']:<10} {row['mpx']:6.1f} {row['polygons']:9d} {row['seconds']:8.2f} {row['cpu_seconds']:7.2f} "
            f"{row['mpx'] / row['seconds']:6.2f} {row['peak_mib']:9.0f}"
        )
    whole = {row["way"]: row for row in rows[len(ways) : 2 * len(ways)]}
    ratios = {way: round(whole[way]["seconds"] / whole["vectorize"]["seconds"], 2) for way in ways[1:]}
    growth = {f"{row['mpx']:g} Mpx": row["peak_mib"] for row in rows if row["way"] == "vectorize"}
    print("times the speed of: " + ", ".join(f"{way} {ratio}" for way, ratio in ratios.items()) + f" (target {TARGET})")
    print("peak memory in MiB: " + ", ".join(f"{mpx}: {mib}" for mpx, mib in growth.items()))
    return {"speed": rows, "times_the_speed_of": ratios, "target": TARGET, "peak_mib": growth}


def summary(way, mpx, runs):
    seconds, cpu = [run["seconds"] for run in runs], [run["cpu_seconds"] for run in runs]
    return {
        "way": way, "mpx": round(mpx, 1), "polygons": runs[0]["polygons"], "seconds": round(statistics.median(seconds), 2),
        "all_seconds": [round(s, 2) for s in seconds], "cpu_seconds": round(statistics.median(cpu), 2),
        "peak_mib": round(max(run["peak_mib"] for run in runs)), **({"gdal": runs[0]["gdal"]} if "gdal" in runs[0] else {}),
    }  # fmt: skip


def by_vectorize(source, target):
    from engine.contract.events import Reporter
    from engine.vectorize import layer

    began = time.perf_counter()
    count = layer.write(target, source, Reporter(lambda event: None))["polygons"]
    return measured(began, count)


def by_rasterio(source, target):
    import geopandas
    import rasterio.features
    import shapely
    from shapely.geometry import shape

    began = time.perf_counter()
    with rasterio.open(source) as file:
        found = list(rasterio.features.shapes(file.read(1), mask=file.read_masks(1), transform=file.transform))
        columns = {"class_id": [int(value) for _, value in found]}
        geometry = shapely.get_parts([shape(outline) for outline, _ in found])
        geopandas.GeoDataFrame(columns, geometry=geometry, crs=file.crs).to_file(target, driver="GPKG")
    return {**measured(began, len(found)), "gdal": rasterio.__gdal_version__}


def measured(began, count):
    seconds = time.perf_counter() - began
    status = Path("/proc/self/status").read_text()  # ru_maxrss also counts what the parent held when it started this process
    peak_mib = int(status.split("VmHWM:")[1].split()[0]) / 1024
    return {"seconds": seconds, "cpu_seconds": time.process_time(), "peak_mib": peak_mib, "polygons": count}


def noisy_map(path, across):
    """Write a map of blobs of five classes with 1 % of wrong pixels, other ones in each block: some 8600 polygons a Mpx."""
    from rasterio.crs import CRS
    from rasterio.transform import from_origin
    from scipy import ndimage

    from engine.contract.legend import Legend
    from engine.geo import writer
    from engine.geo.geobox import GeoBox
    from engine.geo.tiles import tiles

    rng = np.random.default_rng(0)
    field = ndimage.gaussian_filter(rng.normal(size=(5, SIDE, SIDE)).astype(np.float32), (0, 20, 20), mode="wrap")
    blobs = field.argmax(axis=0).astype(np.uint8)
    geobox = GeoBox(CRS.from_epsg(32640).to_wkt(), from_origin(5e5, 2.8e6, 0.25, 0.25), across * SIDE, across * SIDE)
    legend = Legend.from_names(["building", "land", "road", "vegetation", "water"])
    with writer.create(path, geobox, legend=legend) as out:
        for tile in tiles(geobox.height, geobox.width, SIDE, 0):
            block = blobs.copy()
            wrong = rng.random(block.shape) < 0.01
            block[wrong] = rng.integers(0, 5, int(wrong.sum()))
            out.write(tile.core, block)
    return path


def buildings(folder):
    """Return how close the outlines are to drawn buildings, from their own raster: as traced, simplified and regular."""
    import geopandas
    import rasterio
    import rasterio.features
    import shapely
    from buildings import overlaps

    from engine.contract.events import Reporter
    from engine.contract.legend import Legend
    from engine.geo import writer
    from engine.geo.geobox import GeoBox
    from engine.vectorize import layer

    with rasterio.open(folder / "block1.tif") as file:
        geobox = GeoBox(file.crs.to_wkt(), file.transform, file.height, file.width)
    drawn = geopandas.read_file(folder / "buildings.geojson").to_crs(geobox.crs_wkt).explode(ignore_index=True)
    drawn["geometry"] = drawn.make_valid()
    drawn = drawn[drawn.geom_type == "Polygon"]
    drawn = drawn[drawn.intersects(geobox.footprint) & drawn.within(geobox.footprint)]
    drawn = drawn[shapely.area(drawn.geometry) > 100 * geobox.gsd_m**2]
    ids = rasterio.features.rasterize(
        [(shape, 1) for shape in drawn.geometry], (geobox.height, geobox.width), transform=geobox.transform
    ).astype(np.uint8)
    rows = {}
    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "map.tif")
        with writer.create(source, geobox, legend=Legend.from_names(["land", "building"])) as out:
            out.write(geobox.frame, ids)
        pixel = geobox.gsd_m
        for name, finishing in {
            "traced": layer.Finishing(),
            "simplified": layer.Finishing(tolerance_m=1.5 * pixel),
            "regular": layer.Finishing(tolerance_m=1.5 * pixel, regular="building"),
        }.items():
            target = Path(work, f"{name}.gpkg")
            layer.write(target, source, Reporter(lambda event: None), finishing=finishing)
            found = geopandas.read_file(target, layer=name)
            found = found[found.name == "building"]
            rows[name] = {
                "polygons": len(found),
                "corners_each": round(float(shapely.get_num_coordinates(found.geometry.to_numpy()).mean() - 1), 1),
                "mean_iou": round(float(overlaps(drawn.geometry.to_numpy(), found.geometry.to_numpy()).mean()), 4),
                **({"regular_share": round(float(found.regular.mean()), 3)} if "regular" in found else {}),
            }
    corners = float(shapely.get_num_coordinates(drawn.geometry.to_numpy()).mean() - 1)
    print(f"\nKampala, {len(drawn)} buildings drawn with {corners:.1f} corners each")
    for name, row in rows.items():
        print(f"{name:<11} {row}")
    return {"drawn": len(drawn), "drawn_corners_each": round(corners, 1), **rows}


if __name__ == "__main__":
    main()
