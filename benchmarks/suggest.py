"""Claim: suggesting regions on a large orthophoto adds at most half to the student's own time, in less than 2 GB.

Runs `segment` and `suggest` in turn on the drone mosaic of Kathmandu (5888 x 6912 px), each a process of its own, and writes
medians to `benchmarks/results/suggest.json`. The student that ships was trained on pixels ten times as large, so a student of
the same network is trained for a moment on DroneDeploy: what it says is worth little, and it says it as fast.

    python benchmarks/suggest.py --repeats 3
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from rows import write
from scenes import DATA, dronedeploy

RESULTS = Path(__file__).parent / "results" / "suggest.json"
NETWORK, ITERATIONS = "unet_mobilenet_v2_thin", 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path, default=DATA / "kathmandu" / "kathmandu.tif")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--budget", type=int, default=200)
    parser.add_argument("--runs", type=Path, default=Path("runs/suggest"))
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    model = student(options.runs)
    rows = []
    for _ in range(options.repeats):
        for job, output, more in (("segment", "classes.tif", []), ("suggest", "campaign.gpkg", ["--budget", options.budget])):
            path = options.runs / output
            path.unlink(missing_ok=True)
            rows.append({"job": job, **engine(job, "--image", options.image, "--model", model, *more, "--output", path)})
            print(rows[-1], flush=True)
    own, added = (median(r["wall_s"] for r in rows if r["job"] == job) for job in ("segment", "suggest"))
    rows.append({
        "job": "both", "segment_s": own, "suggest_s": added, "ratio": round(added / own, 3),
        "peak_memory_mb": max(r["peak_memory_mb"] for r in rows if r["job"] == "suggest"),
    })  # fmt: skip
    print(rows[-1])
    write(RESULTS, rows)


def student(runs: Path) -> Path:
    """Return a student that takes pixels of any size, trained once."""
    model = runs / "student.safetensors"
    if not model.exists():
        pairs = dronedeploy(runs).train
        engine(
            "train", "--images", *(image for image, _ in pairs), "--labels", *(labels for _, labels in pairs),
            "--network", NETWORK, "--encoder-weights", "none", "--iterations", ITERATIONS, "--batch", 4, "--chip", 128,
            "--output", model,
        )  # fmt: skip
    return model


def engine(job: str, *flags: object) -> dict:
    """Run one job as a process; return its wall time, peak memory, and what it says of its speed."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "engine.run", job, *map(str, flags), "--progress", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        last = json.loads(process.stdout.read().splitlines()[-1])
        _, _, usage = os.wait4(process.pid, 0)
    if last["event"] != "finished":
        sys.exit(f"{job} failed: {last.get('text')} {last.get('hint')}")
    told = {k: v for k, v in last["summary"].items() if k in ("mpx_per_s", "seconds_survey", "seconds_choose", "units_found")}
    return {"wall_s": round(time.perf_counter() - start, 2), "peak_memory_mb": round(usage.ru_maxrss / 1024), **told}


if __name__ == "__main__":
    main()
