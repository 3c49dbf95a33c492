"""What was learned about a model on this machine, kept in the user's cache folder so that it is learned once."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import torch

from engine import atomic, device
from engine.contract.errors import EngineError


def folder() -> Path:
    """Return the folder of the user's cache; `EDGEWISE_CACHE` names another one."""
    if chosen := os.environ.get("EDGEWISE_CACHE"):
        return Path(chosen)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "edgewise"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "edgewise"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgewise"


def machine(where: torch.device) -> str:
    """Return what a measured speed depends on: device, threads and the versions of the runtimes."""
    versions = []
    for name in ("torch", "openvino", "onnxruntime"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    return "; ".join((device.describe(where), _processor(), str(torch.get_num_threads()), *versions))


def recall(what: str, *keys: str) -> Any:
    """Return what was remembered under these keys, or None."""
    try:
        return json.loads(_file(what, keys).read_text(encoding="utf-8"))["value"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(value: Any, what: str, *keys: str) -> None:
    """Keep a value that JSON can hold; where nothing can be kept it is learned again next time."""
    path = _file(what, keys)
    with contextlib.suppress(OSError, EngineError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic.output(path) as part:
            part.write_text(json.dumps({"keys": keys, "value": value}, indent=1), encoding="utf-8")


def _file(what: str, keys: tuple[str, ...]) -> Path:
    return folder() / f"{what}-{hashlib.sha256(json.dumps(keys).encode()).hexdigest()[:24]}.json"


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
