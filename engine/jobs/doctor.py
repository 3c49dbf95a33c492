"""What this machine can do, and what to do where it cannot; runs, and says so, with any package missing."""

from __future__ import annotations

import importlib
import importlib.metadata
import itertools
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.contract import shipped
from engine.contract.errors import ModelError
from engine.contract.events import Reporter
from engine.contract.specs.doctor import DoctorSpec

PYTHON_FROM, PYTHON_BELOW = (3, 10), (3, 14)
PACKAGES = {
    "numpy": "numpy", "scipy": "scipy", "scikit-image": "skimage", "torch": "torch", "safetensors": "safetensors",
    "segmentation-models-pytorch": "segmentation_models_pytorch", "timm": "timm", "rasterio": "rasterio", "pyogrio": "pyogrio",
    "geopandas": "geopandas", "shapely": "shapely",
}  # fmt: skip
OPTIONAL_PACKAGES = {"openvino": "openvino", "onnxruntime": "onnxruntime", "onnx": "onnx"}
MEMORY_GIB, DISK_GIB = 4, 2
_QGIS_SECONDS, _SPEED_SECONDS = 20, 1.5
_STUDENT, _STUDENT_PX = "Shipped student", 512
_SETUP = "Run make setup, or: {python} -m pip install {package}"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what was found, where it is a problem the next step, and what was measured as a number."""

    name: str
    found: str
    remedy: str = ""
    is_problem: bool = False
    value: float | None = None


def run(spec: DoctorSpec, report: Reporter) -> dict[str, Any]:
    """Look at interpreter, packages, device, memory, disk and speed; say each finding on a line."""
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python, _packages, _drivers, _optional_packages, _device, _memory, _disk, _qgis, _speed,
        _student,
    )  # fmt: skip
    findings: list[Finding] = []
    for done, look in enumerate(looks):
        report.progress("Checking", done, len(looks), "checks")
        for finding in look():
            findings.append(finding)
            _say(finding, report)
    report.progress("Checking", len(looks), len(looks), "checks")
    problems = [f.name for f in findings if f.is_problem]
    report.message(f"{len(problems)} problems: {', '.join(problems)}." if problems else "All is well.")
    speed = next((f.value for f in findings if f.name == _STUDENT), None)
    return {
        "ok": not problems,
        "problems": problems,
        **({} if speed is None else {"student_mpx_per_s": speed}),
        "findings": [asdict(f) for f in findings],
    }


def _say(finding: Finding, report: Reporter) -> None:
    if finding.is_problem:
        report.warning(f"{finding.name}: {finding.found} {finding.remedy}")
    else:
        report.message(f"{'--' if finding.remedy else 'ok'}  {finding.name}: {finding.found} {finding.remedy}".rstrip())


def _python() -> Iterator[Finding]:
    known = PYTHON_FROM <= sys.version_info[:2] < PYTHON_BELOW
    remedy = "" if known else "Use Python 3.10 to 3.13; make setup finds one."
    yield Finding("Python", f"{platform.python_version()}, {sys.executable}.", remedy, not known)
    yield Finding("System", f"{platform.platform()}.")


def _packages() -> Iterator[Finding]:
    yield from (_package(name, module, required=True) for name, module in PACKAGES.items())


def _optional_packages() -> Iterator[Finding]:
    yield from (_package(name, module, required=False) for name, module in OPTIONAL_PACKAGES.items())


def _package(name: str, module: str, required: bool) -> Finding:
    """Import a package: one that is installed may still lack a library of the system."""
    remedy = _SETUP.format(python=sys.executable, package=name) + ("." if required else " (only for exported students).")
    try:
        importlib.import_module(module)
        return Finding(name, f"{importlib.metadata.version(name)}.")
    except ModuleNotFoundError as error:
        missing = "is not installed." if error.name == module else f"needs {error.name}, which is not installed."
        return Finding(name, missing, remedy, required)
    except Exception as error:  # whatever a broken package raises while it is imported
        return Finding(name, f"is installed but does not load: {type(error).__name__}: {error}.", remedy, required)


def _drivers() -> Iterator[Finding]:
    """Check that GDAL finds its drivers and PROJ its database: another GDAL in the environment hides them."""
    try:
        import pyogrio
        import rasterio
        from rasterio.crs import CRS
        from rasterio.drivers import raster_driver_extensions
    except ImportError:
        return  # named among the packages
    remedy = "Unset GDAL_DATA, GDAL_DRIVER_PATH, PROJ_LIB and PROJ_DATA, or run make setup anew."
    formats = set(raster_driver_extensions().values()) | set(pyogrio.list_drivers(write=True))
    missing = [name for name in ("GTiff", "VRT", "GPKG") if name not in formats]
    if missing:
        yield Finding("GDAL", f"{rasterio.__gdal_version__} without {', '.join(missing)}.", remedy, True)
    else:
        yield Finding("GDAL", f"{rasterio.__gdal_version__}, {len(formats)} formats.")
    try:
        CRS.from_epsg(25833)
        yield Finding("PROJ", "coordinate systems are found.")
    except rasterio.errors.CRSError as error:
        yield Finding("PROJ", f"EPSG:25833 is not found: {error}.", remedy, True)


def _device() -> Iterator[Finding]:
    yield Finding("Processor", f"{_cores()} cores for this process of {os.cpu_count()}; {_instructions()}.")
    try:
        import torch

        from engine import device
    except ImportError:
        return
    yield Finding("Device", f"{device.describe(device.resolve('auto'))}; {_why(torch)}")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _instructions() -> str:
    """Return the instruction sets that decide the speed of networks, as Linux names them."""
    try:
        flags = set(
            re.findall(r"\w+", Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("flags")[2].partition("\n")[0])
        )
    except OSError:
        return platform.machine()
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16")
    return ", ".join(name for name in wanted if name in flags) or platform.machine()


def _why(torch: Any) -> str:
    if torch.cuda.is_available():
        return f"CUDA {torch.version.cuda}, {torch.cuda.device_count()} GPUs seen."
    if torch.version.cuda is None:
        return "this PyTorch is built without CUDA."
    if shutil.which("nvidia-smi") is None:
        return f"PyTorch is built for CUDA {torch.version.cuda}, no NVIDIA driver is installed."
    return f"PyTorch is built for CUDA {torch.version.cuda}, the NVIDIA driver shows it no GPU; compare nvidia-smi."


def _memory() -> Iterator[Finding]:
    total, free = _memory_gib()
    if not total:
        yield Finding("Memory", "this system does not say.")
        return
    scarce = free < MEMORY_GIB
    remedy = "Close other programs, or choose a smaller batch and tile." if scarce else ""
    yield Finding("Memory", f"{free:.1f} GiB free of {total:.1f} GiB.", remedy, scarce)


def _memory_gib() -> tuple[float, float]:
    """Return total and free memory in GiB, the limit of a container counted; zeros where the system does not say."""
    try:
        kib = {k: int(v) for k, v in re.findall(r"(\w+):\s+(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))}
        total, free = kib["MemTotal"] / 2**20, kib["MemAvailable"] / 2**20
    except (OSError, KeyError):
        return 0.0, 0.0
    try:
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text(encoding="ascii")) / 2**30
        used = int((group / "memory.current").read_text(encoding="ascii")) / 2**30
        return min(total, limit), min(free, limit - used)
    except (OSError, ValueError):
        return total, free


def _disk() -> Iterator[Finding]:
    for name, folder in (("Temporary folder", tempfile.gettempdir()), ("Current folder", str(Path.cwd()))):
        free_gib = shutil.disk_usage(folder).free / 2**30
        if not os.access(folder, os.W_OK):
            yield Finding(name, f"{folder} cannot be written.", "Set TMPDIR, or start in a folder of yours.", True)
        else:
            remedy = "Free some, or set TMPDIR to another disk." if free_gib < DISK_GIB else ""
            yield Finding(name, f"{folder}, {free_gib:.1f} GiB free.", remedy, bool(remedy))


def _qgis() -> Iterator[Finding]:
    """Ask QGIS for its version; the engine runs without it."""
    program = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
    if program is None:
        yield Finding("QGIS", "is not on the path; the engine runs without it.", "On Debian and Ubuntu: make setup-qgis.")
        return
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"QT_QPA_PLATFORM": "offscreen"}
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_QGIS_SECONDS, env=environment, check=False
        )
        version = re.search(r"QGIS\D*(\d+\.\d+\.\d+)", answer.stdout + answer.stderr)
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Finding("QGIS", f"{program} does not answer: {error}.", "Start QGIS once by hand and read what it says.", True)
        return
    old = version is not None and tuple(int(n) for n in version[1].split(".")) < (3, 22)
    remedy = "The plugin needs QGIS 3.22 or newer." if old else ""
    yield Finding("QGIS", f"{version[1] if version else 'version unknown'}, {program}.", remedy, old)


def _speed() -> Iterator[Finding]:
    """Time a small network that is nothing but convolutions, a rough measure of a light student."""
    try:
        import torch
    except ImportError:
        return
    widths = (3, 32, 64, 64, 64, 32, 6)
    layers = [torch.nn.Conv2d(n, m, 3, padding=1) for n, m in itertools.pairwise(widths)]
    mpx_per_s = _mpx_per_s(torch.nn.Sequential(*layers), widths[0], 256)
    gflops = 2 * sum(layer.weight.numel() for layer in layers) * mpx_per_s / 1e3
    yield Finding("Speed", f"{mpx_per_s:.2f} Mpx/s through six 3x3 convolutions, {gflops:.0f} GFLOP/s.")


def _student() -> Iterator[Finding]:
    """Time the student that ships, without reading, the margins of tiles and writing; says nothing where none ships."""
    path = shipped.student()
    if not path:
        return
    name = Path(path).name
    try:
        from models import checkpoint

        model = checkpoint.load(path)
    except ImportError:
        return  # named among the packages
    except ModelError as error:
        yield Finding(_STUDENT, error.text, f"Put {name} of this version back: install Edgewise anew.", True)
        return
    mpx_per_s = _mpx_per_s(model.network, len(model.card.bands), _STUDENT_PX)
    yield Finding(_STUDENT, f"{mpx_per_s:.2f} Mpx/s through {name}.", value=round(mpx_per_s, 3))


def _mpx_per_s(network: Any, bands: int, side_px: int) -> float:
    """Return how many megapixels a network labels in a second on the automatic device, in its fast number format."""
    import torch

    from engine import device

    where = device.resolve("auto")
    dtype = device.autocast_dtype(where)
    network = network.to(where).eval()
    image = torch.rand(1, bands, side_px, side_px, device=where)

    def label() -> None:
        found = network(image)
        float(getattr(found, "logits", found).sum())  # reading the sum waits for the device

    with torch.inference_mode(), torch.autocast(where.type, dtype, bool(dtype)):
        label()
        rounds, started = 0, time.monotonic()
        while time.monotonic() - started < _SPEED_SECONDS:
            label()
            rounds += 1
        return rounds * side_px**2 / 1e6 / (time.monotonic() - started)
