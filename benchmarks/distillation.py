"""Claim: a distilled light student beats the same student trained alone, at equal compute; every method in one table.

Runs dataset x teacher x student x method x seed through the command line; one row for each finished run. What is finished is
not run again, an interrupted training resumes, several processes may share the work. The budget is the same for all:
iterations, or seconds of training, for which the pace of each method is measured first. Figures are those of the last
weights, never of the best validation.

    python benchmarks/distillation.py --setting small
    python benchmarks/distillation.py --setting full --datasets dubai dronedeploy --seeds 0 1 2 --budget 3600s
    python benchmarks/distillation.py --setting full --label-share 0.1 --members 3 --methods plain ensemble
    python benchmarks/distillation.py --setting small --members 3 --signals cached --unlabelled tests --methods ensemble
    python benchmarks/distillation.py --setting full --table

`--teacher-files` takes teachers that another command trained, such as `benchmarks/walkthrough.py`. A method is `plain`, or what
--distillation takes; `@` and the word of a loss may follow: plain@ce_dice, drd@lovasz.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import mean

import numpy as np
import rasterio
import torch
from distillation_tables import TOGETHER, table
from rows import name, shared
from scenes import DATASETS, Ground, thinned
from scipy import ndimage

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT.parent))

from engine import atomic  # noqa: E402
from engine.contract.errors import DataError  # noqa: E402
from models import checkpoint  # noqa: E402

TOLERANCE_PX = 3
LEAST_HOLE_PX = 16
PACE_STEPS = 60
WAIT_S = 2.0
METHODS = ["plain", "pixel_kd", "feature_mse", "cwd", "drd", "brd", "csc_joint,ace", "drd,pixel_kd"]
SETTINGS = {
    "smoke": {"teacher": "unet_mobilenet_v2_thin", "teacher_iterations": 3, "budget": "3", "batch": 2, "chip": 64},
    "small": {"teacher": "unet_mobilenet_v2_thin", "teacher_iterations": 4000, "budget": "240s", "batch": 8, "chip": 128},
    "full": {"teacher": "unet_resnet50", "teacher_iterations": 12_000, "budget": "6000", "batch": 16, "chip": 256},
}


@dataclass(frozen=True)
class Run:
    """What makes a row; a row with the same values is not run again. Empty is what a row does not depend on."""

    teacher: str = ""
    members: int = 0
    signals: str = ""
    student: str = ""
    budget: str = ""
    unlabelled: str = ""
    setting: str = field(kw_only=True)
    dataset: str = field(kw_only=True)
    method: str = field(kw_only=True)
    seed: int = field(kw_only=True)
    label_share: float = field(kw_only=True)


def main() -> None:
    options = arguments()
    results = (options.runs if options.setting == "smoke" else ROOT / "results") / f"distillation_{options.setting}.json"
    runs = [] if options.table else planned(options)
    print(table(shared(results, options.runs / "rows", runs, lambda run: measure(run, options), said)))


def said(row: dict) -> str:
    run = Run(**row["run"])
    return f"{run.dataset} {run.method} seed {run.seed}: mIoU {100 * row['mean']['miou']:.1f}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setting", choices=SETTINGS, default="small")
    parser.add_argument("--datasets", nargs="+", choices=("dubai", "dronedeploy"), default=["dubai"])
    parser.add_argument("--teachers", nargs="+", help="networks of the teachers; the setting's by default")
    parser.add_argument(
        "--teacher-files", nargs="+", type=Path, default=[], help="trained models; instead of teachers trained here"
    )
    parser.add_argument("--members", type=int, default=1, help="teachers with this many seeds, all asked at once")
    parser.add_argument("--students", nargs="+", default=["unet_mobilenet_v2_thin"])
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--budget", help="iterations, or seconds of training with an s: 3000 or 900s")
    parser.add_argument("--label-share", type=float, default=1.0, help="keep labels on this share of the ground, by place")
    parser.add_argument("--signals", choices=("live", "cached"), default="live", help="when the teachers are asked")
    parser.add_argument(
        "--unlabelled", choices=("tests",), default="",
        help="what students also see without labels: the images of the tests, as one who wants to map them would let them",
    )  # fmt: skip
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runs", type=Path, default=Path("runs/distillation"))
    parser.add_argument("--table", action="store_true", help="print the table of what is there, run nothing")
    options = parser.parse_args()
    options.teachers = options.teachers or [SETTINGS[options.setting]["teacher"]]
    if options.teacher_files:
        options.teachers, options.members = ["+".join(path.stem for path in options.teacher_files)], len(options.teacher_files)
    options.budget = options.budget or SETTINGS[options.setting]["budget"]
    return options


def planned(options: argparse.Namespace) -> list:
    """Return all runs, teachers first, seeds last, so that a first seed of everything is there early."""
    o, runs = options, []
    for dataset in o.datasets:
        of = {"setting": o.setting, "dataset": dataset, "label_share": o.label_share}
        for teacher in o.teachers if len(o.teacher_files) < 2 else []:  # several files have no map together
            runs += [Run(teacher=teacher, method="teacher", seed=member, **of) for member in range(o.members)]
            runs += [Run(teacher=teacher, members=o.members, method=TOGETHER, seed=0, **of)] if o.members > 1 else []
        for seed in o.seeds:
            for student in o.students:
                alone = {"student": student, "seed": seed, "budget": o.budget, **of}
                taught = {"members": o.members, "signals": o.signals, "unlabelled": o.unlabelled, **alone}
                plain = [method for method in o.methods if is_plain(method)]
                runs += [Run(method=method, **alone) for method in plain]
                runs += [Run(t, method=m, **taught) for t in o.teachers for m in o.methods if m not in plain]
    return runs


def is_plain(method: str) -> bool:
    return method.partition("@")[0] == "plain"


def measure(run: Run, options: argparse.Namespace) -> dict:
    """Train what a row needs and return its figures."""
    ground = scenes(run, options)
    if run.method == TOGETHER:
        members = [teacher(run, ground, options, m)[0] for m in range(run.members)]
        return of_tests({name: figures_together(members, pair, options) for name, pair in ground.test.items()})
    if run.method == "teacher":
        last, trained = teacher(run, ground, options, run.seed)
    else:
        model = options.runs / f"{name(asdict(run))}.safetensors"
        last, trained = train_student(run, options, model, steps(run, options))
    summary = trained["summary"]
    return {
        **of_tests({name: assess(segment(last, pair[0], options), pair[1]) for name, pair in ground.test.items()}),
        "iterations": summary["iterations"], "training_s": summary["seconds"], "asking_s": summary.get("seconds_asking", 0.0),
        "wall_s": trained["wall_s"], "pace": pace_of(run, options),
        "s_per_step": round(summary["seconds"] / summary["iterations"], 4), "peak_memory_mb": trained["peak_memory_mb"],
        "time": summary.get("time", {}), "parameters": summary["parameters"],
        "validation_last": summary["validation"].get("last", {}).get("miou"),
    }  # fmt: skip


def scenes(run: Run, options: argparse.Namespace) -> Ground:
    """Return the ground of a run, with labels on the share of it that the run has."""
    ground = DATASETS[run.dataset](options.runs)
    if run.label_share == 1:
        return ground
    return thinned(ground, options.runs / f"{run.dataset}_{run.label_share:g}", run.label_share)


def of_tests(tests: dict) -> dict:
    """Return the figures of the test scenes and their means."""
    keys = [k for k, v in next(iter(tests.values())).items() if not isinstance(v, dict)]
    return {"mean": {k: mean(t[k] for t in tests.values()) for k in keys}, "tests": tests}


def teacher(run: Run, ground: Ground, options: argparse.Namespace, member: int) -> tuple:
    """Return the path of a teacher, trained once, and what its training took."""
    if options.teacher_files:
        return options.teacher_files[member], of_card(options.teacher_files[member])
    setting = SETTINGS[run.setting]
    model = options.runs / f"{run.setting}_{run.dataset}_{run.label_share:g}_teacher_{run.teacher}_{member}.safetensors"
    return train(run, ground, options, model, run.teacher, member, setting["teacher_iterations"], [])


def of_card(model: Path) -> dict:
    """Return what the card of a model says of its training, in the form of `engine`."""
    training = checkpoint.read_card(model).training
    summary = {"parameters": None, "validation": {}, **{key: training[key] for key in ("iterations", "seconds")}}
    return {"summary": summary, "wall_s": None, "peak_memory_mb": None}


def train_student(run: Run, options: argparse.Namespace, model: Path, iterations: int, validate: list | None = None) -> tuple:
    """Train one student; return the path of its last weights and what its training took."""
    ground, (terms, _, loss) = scenes(run, options), run.method.partition("@")
    ground = ground if validate is None else replace(ground, validate=validate)
    more = ["--loss", loss] if loss else []
    if not is_plain(terms):
        teachers = [teacher(run, ground, options, m)[0] for m in range(run.members)]
        more += ["--teachers", *teachers, "--distillation", terms, "--teacher-signals", run.signals]
        unlabelled = [*ground.unlabelled, *((image for image, _ in ground.test.values()) if run.unlabelled else ())]
        if unlabelled:
            more += ["--unlabelled-images", *unlabelled]
    return train(run, ground, options, model, run.student, run.seed, iterations, more)


def steps(run: Run, options: argparse.Namespace) -> int:
    """Return how many steps the budget allows; asking the teachers of cached signals is paid from it too."""
    if not run.budget.endswith("s"):
        return int(run.budget)
    pace = pace_of(run, options)
    return max(1, round((float(run.budget[:-1]) - pace["s_asking"]) / pace["s_per_step"]))


def pace_of(run: Run, options: argparse.Namespace) -> dict:
    """Return what a step of a method takes on an idle machine; nothing where the budget does not ask for it."""
    return paces(options)[pace_key(run)] if run.budget.endswith("s") else {}


def paces(options: argparse.Namespace) -> dict:
    """Return what a step of each method takes, by `pace_key`.

    All that are planned are measured at the first need by one process, while the others wait: each has the machine for itself.
    """
    path = options.runs / "paces.json"
    with turn(path):
        known = json.loads(path.read_text()) if path.exists() else {}
        for run in planned(options):
            if run.student and pace_key(run) not in known:
                probe = options.runs / "pace.safetensors"
                for left in options.runs.glob("pace.*safetensors*"):
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
                summary = train_student(run, options, probe, PACE_STEPS, [])[1]["summary"]
                known[pace_key(run)] = {
                    "s_per_step": summary["seconds"] / PACE_STEPS, "s_asking": summary.get("seconds_asking", 0.0)
                }  # fmt: skip
                path.write_text(json.dumps(known, indent=1))
    return known


def pace_key(run: Run) -> str:
    return name({k: v for k, v in asdict(run).items() if k not in ("seed", "budget", "label_share")})


@contextlib.contextmanager
def turn(path: Path) -> Iterator[None]:
    """Hold the right to make a file; wait while another process has it."""
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(atomic.lock(path))
                break
            except DataError:
                time.sleep(WAIT_S)
        yield


def train(
    run: Run, ground: Ground, options: argparse.Namespace, model: Path, network: str, seed: int, iterations: int, more: list
) -> tuple:
    """Return the path of the last weights, and what the training took."""
    setting = SETTINGS[run.setting]
    trained = engine(
        "distill" if "--teachers" in more else "train", model,
        "--images", *(image for image, _ in ground.train), "--labels", *(labels for _, labels in ground.train),
        *(["--validation-images", *(image for image, _ in ground.validate)] if ground.validate else []),
        *(["--validation-labels", *(labels for _, labels in ground.validate)] if ground.validate else []),
        "--network", network, "--encoder-weights", "none", "--batch", setting["batch"], "--chip", setting["chip"],
        "--iterations", iterations, "--seed", seed, "--device", options.device, *more, "--output", model,
    )  # fmt: skip
    return model.with_suffix(".last.safetensors"), trained


def figures_together(models: list, pair: tuple, options: argparse.Namespace) -> dict:
    """Assess the classes of the highest mean probability over several models."""
    stem = Path(pair[0]).stem
    maps = [segment(model, pair[0], options, of_classes(model, f"{stem}_probs")) for model in models]
    classes = models[0].with_name(f"{models[0].stem}_together_{len(models)}_{stem}.tif")
    with rasterio.open(maps[0]) as of_map:
        profile, is_valid = of_map.profile, of_map.read(1) != 255
    sums: np.ndarray | float = 0.0
    for model in models:
        with rasterio.open(of_classes(model, f"{stem}_probs")) as of_model:
            sums = sums + of_model.read().astype(np.float32)
    ids = np.array(checkpoint.read_card(models[0]).legend.ids)
    with rasterio.open(classes, "w", **profile) as file:
        file.write(np.where(is_valid, ids[np.argmax(sums, axis=0)], 255).astype(np.uint8), 1)
    return assess(classes, pair[1])


def segment(model: Path, image: Path, options: argparse.Namespace, probabilities: Path | None = None) -> Path:
    """Return the classes of a scene; write the probability of every class too where a path is given."""
    classes = of_classes(model, f"{Path(image).stem}{'_of_probs' if probabilities else ''}")
    more = ["--probabilities", probabilities] if probabilities else []
    more += [] if torch.cuda.is_available() else ["--runtime", "openvino"]  # not tried out anew for every student
    engine("segment", classes, "--image", image, "--model", model, "--device", options.device, *more, "--output", classes)
    return classes


def of_classes(model: Path, name: str) -> Path:
    """Return the path of a raster made by a model."""
    return model.with_name(f"{model.name.removesuffix('.safetensors')}_{name}.tif")


def assess(classes: Path, labels: Path) -> dict:
    """Return the figures of a map."""
    report = classes.with_suffix(".html")
    engine("assess", report, "--map", classes, "--reference", labels, "--report", report, "--metrics", f"{report}.json")
    found = json.loads(Path(f"{report}.json").read_text())
    at = found["boundary"]["tolerances_px"].index(TOLERANCE_PX)
    per_class = found["per_class"]
    return {
        "miou": found["miou"], "mean_f1": found["mean_f1"], "overall_accuracy": found["overall_accuracy"],
        "boundary_f1": found["boundary"]["mean_f1"][at], "boundary_iou": found["boundary"]["mean_iou"][at],
        "piece_error": mean(abs(c["map_pieces"] - c["reference_pieces"]) for c in per_class),
        "hole_error": hole_error(classes, labels),
        "iou": {c["name"]: c["iou"] for c in per_class},
    }  # fmt: skip


def hole_error(classes: Path, labels: Path) -> float:
    """Return the mean over classes of how many holes the map has too many or too few."""
    with rasterio.open(classes) as of_map, rasterio.open(labels) as of_reference:
        mapped, reference = of_map.read(1), of_reference.read(1)
    mapped = np.where(reference == 255, 255, mapped)
    ids = set(np.union1d(mapped, reference).tolist()) - {255}
    return mean(abs(holes(mapped, k) - holes(reference, k)) for k in ids)


def holes(ids: np.ndarray, wanted: int) -> int:
    """Return how many pieces of other ground, of LEAST_HOLE_PX or more, a class encloses; not at the edge of the raster."""
    pieces, _ = ndimage.label(ids != wanted)  # by sides: the class itself touches by corners
    sizes = np.bincount(pieces.ravel())
    for edge in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        sizes[edge] = 0
    return int((sizes[1:] >= LEAST_HOLE_PX).sum())


def engine(job: str, output: Path, *flags: object) -> dict:
    """Run one job unless its output is there; return its summary, wall time and peak memory, kept beside the output."""
    measured = measured_path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with turn(measured):
        if output.exists() and measured.exists():
            return json.loads(measured.read_text())
        command = [sys.executable, "-m", "engine.run", job, *map(str, flags), "--progress", "json"]
        start = time.perf_counter()
        with open(f"{output}.events.jsonl", "w") as events:  # noqa: PTH123
            process = subprocess.Popen(command, stdout=events)
            _, status, usage = os.wait4(process.pid, 0)
        last = json.loads(Path(events.name).read_text().splitlines()[-1])
        if status or last["event"] != "finished":
            sys.exit(f"{job} for {output} failed: {last.get('text')} {last.get('hint')}")
        result = {
            "wall_s": round(time.perf_counter() - start, 1), "peak_memory_mb": round(usage.ru_maxrss / 1024),
            "summary": last["summary"],
        }  # fmt: skip
        measured.write_text(json.dumps(result))
        return result


def measured_path(output: Path) -> Path:
    return output.with_name(f"{output.name}.measured.json")


if __name__ == "__main__":
    main()
