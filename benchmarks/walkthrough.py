"""Claim: the whole story works on real orthophotos, with these figures.

Trains a floor and a teacher on Dubai, distills a student and trains it alone, segments and assesses T7N and T4, all through
the command line, and writes `benchmarks/results/walkthrough.json`. Steps whose outputs are there are not run again; an
interrupted training resumes.

    python benchmarks/walkthrough.py --data ../shared/data/dubai --runs runs/walkthrough
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

TRAIN = ("T1", "T2", "T3", "T6", "T7S")
VALIDATE = ("T5",)
TEST = ("T7N", "T4")
RESULTS = Path(__file__).parent / "results" / "walkthrough.json"
CHIPS = ["--batch", "8", "--chip", "256", "--encoder-weights", "none", "--seed", "0"]
NETWORKS = {
    "floor": ("train", "unet_resnet18", ["--iterations", "1500"]),
    "teacher": ("train", "unet_resnet50", ["--iterations", "2200"]),
    "distilled_student": ("distill", "unet_mobilenet_v2_thin", ["--iterations", "2400", "--distillation", "drd=0.1,pixel_kd"]),
    "plain_student": ("train", "unet_mobilenet_v2_thin", ["--iterations", "2400"]),
}


def main() -> None:
    """Run what has not run yet and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/dubai"))
    parser.add_argument("--runs", type=Path, default=Path("runs/walkthrough"))
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    rows = json.loads(RESULTS.read_text())["networks"] if RESULTS.exists() else {}
    for role in options.only:
        rows[role] = measure(role, options.data, options.runs)
        write(rows)
    print(table(rows))


def measure(role: str, data: Path, runs: Path) -> dict:
    """Train one network and assess it on the test scenes."""
    job, network, more = NETWORKS[role]
    model = runs / f"{role}.safetensors"
    teachers = ["--teachers", runs / "teacher.safetensors"] if job == "distill" else []
    train = engine(
        job, "--images", *scenes(data, TRAIN), "--labels", *scenes(data, TRAIN, "_labels"),
        "--validation-images", *scenes(data, VALIDATE), "--validation-labels", *scenes(data, VALIDATE, "_labels"),
        "--network", network, *CHIPS, *teachers, *more, "--output", model,
    )  # fmt: skip
    row = {"network": network, "job": job, "training": train, "test": {}}
    for scene in TEST:
        classes, metrics = runs / f"{role}_{scene}.tif", runs / f"{role}_{scene}.json"
        segment = engine("segment", "--image", data / f"{scene}.tif", "--model", model, "--output", classes)
        engine(
            "assess", "--map", classes, "--reference", data / f"{scene}_labels.tif", "--report", metrics.with_suffix(".html"),
            "--metrics", metrics,
        )  # fmt: skip
        row["test"][scene] = {"segment": segment, "assess": json.loads(metrics.read_text())}
    return row


def scenes(data: Path, names: tuple, suffix: str = "") -> list:
    """Return the paths of some scenes."""
    return [data / f"{name}{suffix}.tif" for name in names]


def engine(job: str, *flags: object) -> dict:
    """Run one job unless its output is there; return its summary, wall time and peak memory, kept beside the output."""
    output = Path(str(flags[flags.index("--output") + 1] if "--output" in flags else flags[flags.index("--report") + 1]))
    measured = output.with_name(output.name + ".measured.json")
    if output.exists() and measured.exists():
        return json.loads(measured.read_text())
    command = [sys.executable, "-m", "engine.run", job, *map(str, flags), "--progress", "json"]
    start = time.perf_counter()
    with open(output.with_name(output.name + ".events.jsonl"), "w") as events:  # noqa: PTH123
        process = subprocess.Popen(command, stdout=events)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    last = json.loads(Path(events.name).read_text().splitlines()[-1])
    if status or last["event"] != "finished":
        sys.exit(f"{job} failed: {last.get('text')} {last.get('hint')}")
    result = {"wall_s": round(wall, 1), "peak_memory_mb": round(usage.ru_maxrss / 1024), "summary": last["summary"]}
    measured.write_text(json.dumps(result, indent=1))
    return result


def write(rows: dict) -> None:
    """Write the figures with the machine they were measured on."""
    machine = {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()}
    RESULTS.parent.mkdir(exist_ok=True)
    text = json.dumps({"machine": machine, "networks": rows}, indent=1) + "\n"
    RESULTS.write_text(text.replace(f"{Path.cwd()}/", ""))


def table(rows: dict) -> str:
    """Return the figures as the tables of docs/walkthrough.md."""
    lines = ["| network | scene | mIoU | mean F1 | OA | IoU by class | Mpx/s | peak MB |", "|---|---|---|---|---|---|---|---|"]
    for role, row in rows.items():
        for scene, found in row["test"].items():
            of, ran = found["assess"], found["segment"]
            by_class = ", ".join(f"{c['name']} {c['iou']:.3f}" for c in of["per_class"])
            lines.append(
                f"| {role.replace('_', ' ')} | {scene} | {of['miou']:.3f} | {of['mean_f1']:.3f} | {of['overall_accuracy']:.3f} "
                f"| {by_class} | {ran['summary']['mpx_per_s']:.2f} | {ran['peak_memory_mb']} |"
            )
    lines += ["", "| network | parameters | iterations | wall time | peak MB |", "|---|---|---|---|---|"]
    for role, row in rows.items():
        ran = row["training"]
        lines.append(
            f"| {role.replace('_', ' ')}, {row['network']} | {ran['summary']['parameters'] / 1e6:.1f} M "
            f"| {ran['summary']['iterations']} | {ran['wall_s'] / 60:.0f} min | {ran['peak_memory_mb']} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
