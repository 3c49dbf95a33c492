"""Rows of a benchmark: kept with the machine they were measured on, and printed as mean and spread over seeds."""

import contextlib
import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine import atomic
from engine.contract.errors import DataError

LONGEST_NAME = 140
"""Characters; what is made of a run has names of this and some 60 more, and a file's name has 255 at most."""


def shared(
    results: Path, folder: Path, runs: Sequence[Any], measure: Callable[[Any], dict], say: Callable[[dict], str]
) -> list:
    """Measure each run that has no row yet; several processes may share the work. Return the rows of all of them.

    Args:
        results: file of all rows; what stands in it is not measured again.
        folder: one file for each row, that all processes see.
        runs: dataclasses, one makes one row.
        measure: returns what a row holds beside its run. A DataError leaves the run out.
        say: returns what to print of a row.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for row in json.loads(results.read_text())["rows"] if results.exists() else []:
        keep(folder / f"{results.stem}_{name(row['run'])}.json", row)
    for run in runs:
        path = folder / f"{results.stem}_{name(asdict(run))}.json"
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(atomic.lock(path))
            except DataError:
                continue  # another process measures it
            if not path.exists():
                try:
                    row = {"run": asdict(run), **measure(run)}
                    keep(path, row)
                    print(say(row), flush=True)
                except DataError as error:
                    print(f"{path.stem} is left out: {error}", flush=True)
        write(results, kept(results, folder))
    return kept(results, folder)


def name(run: dict) -> str:
    """Return a file name; what a run does not depend on is not in it, and one that is too long ends in a hash."""
    values = (f"{v:g}" if isinstance(v, float) else str(v) for v in run.values() if v not in ("", None))
    whole = "_".join(values).replace(",", "+").replace("=", "-")
    return whole if len(whole) <= LONGEST_NAME else f"{whole[:LONGEST_NAME]}_{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def keep(path: Path, row: dict) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(row))
    part.replace(path)


def kept(results: Path, folder: Path) -> list:
    return [json.loads(path.read_text()) for path in sorted(folder.glob(f"{results.stem}_*.json"))]


def write(path: Path, rows: list) -> None:
    """Write all rows, one a line, with the machine they were measured on; the file is whole or the one before stays."""
    machine = {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version(), "gpu": gpu()}
    lines = ",\n".join(json.dumps(row) for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(f'{{"machine": {json.dumps(machine)},\n"rows": [\n{lines}\n]}}\n')
    part.replace(path)


def gpu() -> str:
    try:
        return subprocess.check_output(["nvidia-smi", "-L"], text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def spread(values: list) -> str:
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")
