import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.jobs import doctor as doctor_job

ROOT = Path(__file__).resolve().parents[2]


def doctor(*flags, **environment):
    """Run the real process; return its exit code, messages and summary."""
    done = subprocess.run(
        [sys.executable, *flags, "-m", "engine.run", "doctor", "--progress", "json"],
        cwd=ROOT, capture_output=True, text=True, timeout=240, env={**os.environ, **environment},
    )  # fmt: skip
    events = [json.loads(line) for line in done.stdout.splitlines()]
    messages = [event for event in events if event["event"] == "message"]
    return done.returncode, messages, events[-1]["summary"]


@pytest.fixture(scope="module")
def healthy():
    return doctor()


def test_each_finding_is_a_line_and_an_entry_of_the_summary(healthy):
    code, messages, summary = healthy
    assert code == 0
    found = {finding["name"]: finding["found"] for finding in summary["findings"]}
    assert {"Python", "torch", "rasterio", "GDAL", "PROJ", "Device", "Memory", "Temporary folder", "QGIS", "Speed"} <= set(
        found
    )
    for name, text in found.items():
        assert any(f"{name}: {text}" in message["text"] for message in messages), name


def test_it_says_which_device_and_why_and_how_fast(healthy):
    found = {finding["name"]: finding["found"] for finding in healthy[2]["findings"]}
    assert "PyTorch" in found["Device"] or "CUDA" in found["Device"]
    assert "Mpx/s" in found["Speed"]


def test_it_times_the_student_that_ships(healthy):
    found = {finding["name"]: finding for finding in healthy[2]["findings"]}["Shipped student"]
    assert healthy[2]["student_mpx_per_s"] == found["value"] > 0
    assert "Mpx/s through dubai.safetensors" in found["found"]


def test_a_damaged_student_is_a_problem_with_its_remedy(tmp_path, monkeypatch):
    (tmp_path / "cut.safetensors").write_bytes(b"no model")
    monkeypatch.setattr(doctor_job.shipped, "FOLDER", tmp_path)
    (found,) = doctor_job._student()
    assert found.is_problem and "cut.safetensors" in found.found and "install Edgewise anew" in found.remedy
    (tmp_path / "cut.safetensors").unlink()
    assert list(doctor_job._student()) == []


def test_without_any_package_it_still_runs_and_names_the_remedy_of_each():
    code, messages, summary = doctor("-S")  # Python without site-packages
    assert code == 0 and not summary["ok"]
    assert {"torch", "rasterio", "geopandas"} <= set(summary["problems"])
    warnings = {message["text"] for message in messages if message["level"] == "warning"}
    assert any("torch: is not installed. Run make setup, or:" in text and "pip install torch" in text for text in warnings)
    assert {"Memory", "Current folder"} <= {finding["name"] for finding in summary["findings"]}


def test_a_folder_of_another_proj_is_found_out(tmp_path):
    code = "from engine.jobs import doctor; print([f.remedy for f in doctor._drivers() if f.name == 'PROJ' and f.is_problem])"
    environment = {**os.environ, "PROJ_LIB": str(tmp_path), "PROJ_DATA": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, env=environment)
    assert "Unset GDAL_DATA, GDAL_DRIVER_PATH, PROJ_LIB and PROJ_DATA" in done.stdout
