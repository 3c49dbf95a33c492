"""Claims of `assess`: any raster size in bounded memory; intervals that hold; a test that does not cry wolf.

    python benchmarks/assess.py [--largest-mpx 256]

Prints its tables and stores them in benchmarks/results/assess.json.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import ndimage, stats

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks" / "results" / "assess.json"
SIDE = 2048


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--largest-mpx", type=int, default=256)
    arguments.add_argument("--one", nargs=3, metavar=("MAP", "REFERENCE", "REPORT"), help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.one:
        print(json.dumps(assess_one(*options.one)))
        return
    found = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "date": time.strftime("%Y-%m-%d"),
        "speed": speed(options.largest_mpx),
        "coverage": coverage(),
        "false_alarms": false_alarms(),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"\nwrote {RESULTS.relative_to(ROOT)}")


def speed(largest_mpx):
    """Return wall time and peak memory of whole assessments, each in a process of its own."""
    from rasterio.crs import CRS
    from rasterio.transform import from_origin

    from engine.contract.legend import Legend
    from engine.geo import writer
    from engine.geo.geobox import GeoBox
    from engine.geo.tiles import Window, tiles

    mapped, reference = ground(0, SIDE)
    legend = Legend.from_names(["building", "land", "road", "vegetation", "water"])
    wkt = CRS.from_epsg(32640).to_wkt()
    rows = []
    print(f"\n{'Mpx':>6} {'seconds':>8} {'CPU s':>7} {'Mpx/s':>6} {'peak MiB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        across = 1
        while (across * SIDE) ** 2 / 1e6 <= largest_mpx * 1.1:
            side = across * SIDE
            geobox = GeoBox(wkt, from_origin(5e5, 2.8e6, 0.2, 0.2), side, side)
            for name, block in (("map", mapped), ("reference", reference)):
                with writer.create(Path(folder, f"{name}.tif"), geobox, legend=legend) as out:
                    for tile in tiles(side, side, SIDE, 0):
                        out.write(Window(tile.core.row, tile.core.col, SIDE, SIDE), block)
            command = [
                sys.executable,
                __file__,
                "--one",
                *(str(Path(folder, n)) for n in ("map.tif", "reference.tif", "r.html")),
            ]
            measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
            mpx = side * side / 1e6
            rows.append({"mpx": round(mpx, 1), **measured, "mpx_per_s": round(mpx / measured["seconds"], 2)})
            seconds, cpu, peak = measured.values()
            print(f"{mpx:6.1f} {seconds:8.1f} {cpu:7.1f} {rows[-1]['mpx_per_s']:6.2f} {peak:9.0f}")
            across *= 2
    return rows


def assess_one(map_path, reference, report):
    from engine.contract.events import Reporter
    from engine.contract.specs.assess import AssessSpec
    from engine.jobs import assess

    started = time.perf_counter()
    assess.run(AssessSpec.from_dict({"map": map_path, "reference": reference, "report": report}), Reporter(lambda event: None))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": round(used.ru_maxrss / 1024),
    }


def coverage(samples=4000):
    """Return how often 95 % intervals hold the truth, for the population of Olofsson et al. 2014 (truth = their estimate)."""
    from engine.assessment.estimate import estimate

    sizes = np.array([200_000, 150_000, 3_200_000, 6_450_000])
    by_map = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
    shares = by_map / by_map.sum(axis=1, keepdims=True)
    truth = (sizes / sizes.sum()) @ shares
    accuracy = (sizes / sizes.sum()) @ np.diag(shares)
    rng = np.random.default_rng(0)
    held = np.zeros(5)
    for _ in range(samples):
        counts = np.zeros((4, 4, 4), dtype=int)
        for stratum in range(4):
            counts[stratum, :, stratum] = rng.multinomial(by_map[stratum].sum(), shares[stratum])
        found = estimate(counts, sizes)
        held[0] += abs(found.overall_accuracy.value - accuracy) <= found.overall_accuracy.half_width
        held[1:] += [abs(a.value - t) <= a.half_width for a, t in zip(found.areas, truth, strict=True)]
    names = ("overall accuracy", "area deforestation", "area forest gain", "area stable forest", "area stable non-forest")
    result = dict(zip(names, (held / samples).round(3).tolist(), strict=True))
    print("\n95 % intervals that hold the truth: " + ", ".join(f"{n} {v:.1%}" for n, v in result.items()))
    return {"samples": samples, "held": result}


def false_alarms(trials=200, side=512, block=64):
    """Return how often two equally good maps, wrong in patches, are called different at 5 %: blocks, and McNemar on pixels."""
    from engine.assessment.resample import BlockTally, compare

    rng = np.random.default_rng(1)
    alarms = {"blocks": 0, "mcnemar_on_pixels": 0}
    reference = (np.indices((side, side)).sum(axis=0) % 2).astype(np.uint8)
    for trial in range(trials):
        tallies, wrongs = [], []
        for _ in range(2):
            field = ndimage.gaussian_filter(rng.normal(size=(side, side)), 8)
            wrong = field > 1.04 * (1 / (2 * np.sqrt(np.pi) * 8))  # the theoretical 85 % quantile, patches of some 20 px
            tally = BlockTally(2, block)
            tally.add(np.where(wrong, 1 - reference, reference).astype(np.uint8), reference)
            tallies.append(tally.counts)
            wrongs.append(wrong)
        alarms["blocks"] += compare(*tallies, seed=trial)["overall_accuracy"].p < 0.05
        b, c = int((wrongs[0] & ~wrongs[1]).sum()), int((~wrongs[0] & wrongs[1]).sum())
        alarms["mcnemar_on_pixels"] += stats.chi2.sf((b - c) ** 2 / (b + c), 1) < 0.05
    result = {name: float(n / trials) for name, n in alarms.items()}
    print(f"\nfalse alarms at 5 %: blocks {result['blocks']:.1%}, McNemar on pixels {result['mcnemar_on_pixels']:.1%}")
    return {"trials": trials, "side_px": side, "block_px": block, **result}


def ground(seed, side, classes=5):
    """Return a map and a reference of blobs, with a little salt and pepper in the map."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(classes, side, side)).astype(np.float32), (0, 20, 20))
    reference = field.argmax(axis=0).astype(np.uint8)
    field += 0.4 * ndimage.gaussian_filter(rng.normal(size=field.shape).astype(np.float32), (0, 8, 8)) / 2
    mapped = field.argmax(axis=0).astype(np.uint8)
    noise = rng.random(mapped.shape) < 0.01
    mapped[noise] = rng.integers(0, classes, int(noise.sum()))
    return mapped, reference


if __name__ == "__main__":
    main()
