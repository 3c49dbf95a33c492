"""Claim: a run that is killed half way goes on where it was, redoes at most one row of blocks, and gives the same pixels.

Called by `python benchmarks/inference.py --kill --model M.safetensors --image R.tif`. One run is left alone. Another is killed
with SIGKILL, which leaves it no time for anything, when half of its rows are kept and the next row of tiles is nearly done;
then the same command is run again. Returns what stands under `kill` in benchmarks/results/inference.json.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rasterio

ROOT = Path(__file__).resolve().parents[1]


def measure(model, image):
    with rasterio.open(image) as raster:
        height, width = raster.shape
    with tempfile.TemporaryDirectory() as folder:
        alone, killed, log = (Path(folder, name) for name in ("alone.tif", "killed.tif", "events.jsonl"))
        subprocess.run(command(model, image, alone), check=True, capture_output=True, cwd=ROOT)
        kept = kill_at(command(model, image, killed), log, killed.with_suffix(".bands"), height // 2)
        computed = computed_rows(log.read_text(encoding="utf-8"), height)
        again = subprocess.run(command(model, image, killed), check=True, capture_output=True, text=True, cwd=ROOT).stdout
        tile_px, halo_px = (json.loads(again.splitlines()[-1])["summary"][key] for key in ("tile_px", "halo_px"))
        found = {
            "image": Path(image).name, "model": Path(model).name, "rows": height, "columns": width,
            "rows_of_a_tile": tile_px[0] - 2 * halo_px, "rows_computed_when_killed": computed, "rows_kept_when_killed": kept,
            "rows_computed_twice": max(0, computed - kept), "differing_pixels": differing(alone, killed),
        }  # fmt: skip
    print(found)
    return found


def command(model, image, output):
    job = [sys.executable, "-m", "engine.run", "segment", "--image", image, "--model", model, "--output", str(output)]
    return [*job, "--progress", "json"]


def kill_at(job, log, folder, rows):
    """Start a job, kill it at the worst moment after it has kept so many rows, and return how many it has kept."""
    with log.open("w") as events, subprocess.Popen(job, stdout=events, cwd=ROOT) as process:
        kept, since, took = 0, time.monotonic(), 0.0
        while kept < rows:
            if process.poll() is not None:
                sys.exit("The run ended before half of its rows were kept: take a larger raster.")
            time.sleep(0.02)
            if (now := kept_rows(folder)) > kept:
                kept, since, took = now, time.monotonic(), time.monotonic() - since
        time.sleep(0.9 * took)
        process.kill()
    return kept_rows(folder)


def computed_rows(events, height):
    """Return the rows whose tiles were all computed, by the last progress that the run could report."""
    lines = [json.loads(line) for line in events.splitlines() if '"progress"' in line and line.endswith("}")]
    last = [line for line in lines if line["stage"] == "segment"][-1]
    return int(height * last["done"] / last["total"])


def kept_rows(folder):
    names = [re.fullmatch(r"rows_(\d+)_(\d+)\.tif", path.name) for path in folder.glob("*.tif")]
    return sum(int(name[2]) - int(name[1]) for name in names if name)


def differing(one, other):
    with rasterio.open(one) as a, rasterio.open(other) as b:
        return sum(int((a.read(1, window=w) != b.read(1, window=w)).sum()) for _, w in a.block_windows(1))
