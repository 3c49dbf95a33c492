"""Rows of a benchmark: kept with the machine they were measured on, and printed as mean and spread over seeds."""

import json
import os
import platform
import subprocess
from pathlib import Path
from statistics import mean, stdev


def write(path: Path, rows: list) -> None:
    """Write all rows, one a line, with the machine they were measured on; the file is whole or the one before stays."""
    machine = {"cores": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version(), "gpu": gpu()}
    lines = ",\n".join(json.dumps(row) for row in rows)
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(f'{{"machine": {json.dumps(machine)},\n"rows": [\n{lines}\n]}}\n')
    part.replace(path)


def gpu() -> str:
    try:
        return subprocess.check_output(["nvidia-smi", "-L"], text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def spread(values: list) -> str:
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")
