"""Beside each output stands `<output>.job.json`: what was asked, with versions and fingerprints, and how to repeat it."""

from __future__ import annotations

import configparser
import hashlib
import importlib.metadata
import json
import os
import platform
import shlex
from pathlib import Path
from typing import Any

from engine import atomic
from engine.contract.params import is_local
from engine.contract.spec import Spec

SCHEMA = 1
_WHOLE_BYTES = 64 << 20
_SAMPLES, _SAMPLE_BYTES = 64, 64 << 10
_PACKAGES = ("torch", "segmentation-models-pytorch", "timm", "rasterio", "geopandas", "shapely", "numpy", "transformers")


def write(spec: Spec, outputs: dict[str, str], summary: dict[str, Any], seconds: float) -> None:
    """Write the record beside each output, or into it where it is a folder.

    Args:
        spec: the request as it was run, defaults included, paths absolute.
        outputs: the files that were written, by parameter name.
        summary: what the job returned.
        seconds: wall time of the job.
    """
    record = {
        "schema": SCHEMA,
        "job": spec.job,
        "spec": spec.to_dict(),
        "command": shlex.join(["python", "-m", "engine.run", *spec.to_flags()]),
        "versions": versions(),
        "platform": platform.platform(),
        "inputs": {path: fingerprint(path) for path in spec.inputs()},
        "outputs": {path: fingerprint(path) for path in outputs.values()},
        "seconds": round(seconds, 3),
        "summary": summary,
    }
    text = json.dumps(record, indent=2, ensure_ascii=False, default=str) + "\n"
    for path in outputs.values():
        beside = Path(path, f"{spec.job}.job.json") if Path(path).is_dir() else Path(f"{path}.job.json")
        with atomic.output(beside) as part:
            part.write_text(text, encoding="utf-8")


def versions() -> dict[str, str]:
    """Return the versions of Edgewise, Python and the packages that decide the result; no package is imported."""
    found = {"python": platform.python_version(), "edgewise": _own_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def fingerprint(path: str) -> dict[str, Any]:
    """Return size and SHA-256 of a file; above 64 MiB of 64 evenly spread pieces of 64 KiB, and said so.

    Folders and GDAL addresses that are no files of this machine have no fingerprint.
    """
    if not is_local(path) or not Path(path).is_file():
        return {}
    size = os.path.getsize(path)
    digest = hashlib.sha256(str(size).encode())
    whole = size <= _WHOLE_BYTES
    with open(path, "rb") as stream:  # noqa: PTH123
        if whole:
            digest = hashlib.sha256(stream.read())
        else:
            for index in range(_SAMPLES):
                stream.seek((size - _SAMPLE_BYTES) * index // (_SAMPLES - 1))
                digest.update(stream.read(_SAMPLE_BYTES))
    return {"bytes": size, "sha256" if whole else "sha256_of_samples": digest.hexdigest()}


def _own_version() -> str:
    """Return the version of the code that runs; the same file tells it to QGIS."""
    metadata = configparser.ConfigParser()
    metadata.read(Path(__file__).resolve().parent.parent / "metadata.txt", encoding="utf-8")
    return metadata.get("general", "version", fallback="") or importlib.metadata.version("edgewise")
