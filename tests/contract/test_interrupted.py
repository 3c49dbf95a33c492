"""A job that is stopped, starved or doubled leaves no half output, no process and its inputs as they were."""

import hashlib
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from rasterio.transform import from_origin

import models
from engine.contract.legend import Legend
from models import checkpoint
from models.card import Card
from tests.contract.conftest import ROOT, alive

LEGEND = Legend.from_names(["building", "ground"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with an orthophoto, its labels and a model."""
    folder = tmp_path_factory.mktemp("interrupted")
    rng = np.random.default_rng(0)
    profile = {"driver": "GTiff", "height": 1536, "width": 1536, "crs": "EPSG:25833", "tiled": True,
               "transform": from_origin(400_000, 5_800_000, 0.2, 0.2)}  # fmt: skip
    with rasterio.open(folder / "image.tif", "w", count=3, dtype="uint8", photometric="RGB", **profile) as dataset:
        dataset.write(rng.integers(0, 255, (3, 1536, 1536), dtype=np.uint8))
    with rasterio.open(folder / "labels.tif", "w", count=1, dtype="uint8", **profile) as dataset:
        dataset.write(np.kron(rng.integers(0, 2, (1, 12, 12)), np.ones((1, 128, 128))).astype(np.uint8))
    torch.manual_seed(0)
    card = Card("unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", (0.1, 0.4), LEGEND,
                halo_px=128, tile_px=512, grade="seamless")  # fmt: skip
    checkpoint.save(folder / "model.safetensors", models.build("unet_mobilenet_v2_thin", 3, len(LEGEND)).eval(), card)
    return folder


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


@pytest.fixture
def segment(folder, tmp_path):
    return ["segment", "--image", folder / "image.tif", "--model", folder / "model.safetensors", "--tile", 384,
            "--output", tmp_path / "classes.tif", "--confidence", tmp_path / "confidence.tif"]  # fmt: skip


@pytest.fixture
def train(folder, tmp_path):
    return ["train", "--images", folder / "image.tif", "--labels", folder / "labels.tif", "--network", "unet_mobilenet_v2_thin",
            "--encoder-weights", "none", "--iterations", 100_000, "--batch", 2, "--chip", 64,
            "--output", tmp_path / "model.safetensors"]  # fmt: skip


def cancel(run):
    """Close stdin and return (exit code, seconds until the process was gone)."""
    start = time.monotonic()
    run.process.stdin.close()
    run.process.stdin = None
    code, last, _ = run.wait(20)
    assert last["event"] != "finished"
    return code, time.monotonic() - start


CANCEL_SECONDS = 2.5


def test_cancel_while_reading_leaves_nothing(engine, segment, tmp_path):
    run = engine(*segment, "--attended", stdin=subprocess.PIPE)
    run.until(lambda e: e["event"] == "message")  # the plan is made, the reader starts
    code, seconds = cancel(run)
    assert code == 130 and seconds < CANCEL_SECONDS
    assert list(tmp_path.iterdir()) == []


def test_cancel_while_writing_leaves_nothing(engine, segment, tmp_path):
    run = engine(*segment, "--attended", stdin=subprocess.PIPE)
    run.until(lambda e: e["event"] == "progress" and e["done"] >= e["total"] / 2)
    assert list(tmp_path.glob("*.part.tif"))
    code, seconds = cancel(run)
    assert code == 130 and seconds < CANCEL_SECONDS
    assert list(tmp_path.iterdir()) == []


def test_cancel_while_training_keeps_only_what_resumes(engine, train, tmp_path):
    run = engine(*train, "--attended", stdin=subprocess.PIPE)
    run.until(lambda e: e["event"] == "metric")
    code, seconds = cancel(run)
    assert code == 130 and seconds < CANCEL_SECONDS
    assert {p.name for p in tmp_path.iterdir()} <= {"model.safetensors.resume"}


def test_a_killed_parent_takes_the_engine_with_it(segment, tmp_path):
    command = [sys.executable, "-m", "engine.run", *map(str, segment), "--attended"]
    code = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen({command!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\n"
        "for line in p.stdout:\n"
        "    if 'tiles' in line: break\n"
        "print(p.pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(child)
    assert not list(tmp_path.glob("*.part*")) and not (tmp_path / "classes.tif").exists()


def test_a_full_disk_is_said_and_leaves_only_what_resumes(engine, segment, tmp_path):
    limit = 40_000  # bytes a file may have: less than the class raster needs

    run = engine(*segment, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    code, last, err = run.wait()
    assert code == 4, (last, err)
    assert last["error"] == "ResourceError" and "Free space" in last["hint"]
    assert {p.name for p in tmp_path.iterdir()} <= {"classes.bands"}  # from which the same command goes on


def test_a_second_run_for_the_same_output_is_refused_and_the_first_goes_on(engine, segment, tmp_path):
    first = engine(*segment)
    first.until(lambda e: e["event"] == "progress")
    code, last, _ = engine(*segment).wait()
    if first.process.poll() is None:
        assert code == 3 and "another run is writing this output" in last["text"]
    assert first.wait()[0] == 0
    assert (tmp_path / "classes.tif").exists()


def test_an_output_folder_that_cannot_be_written_is_refused_before_work(engine, segment, tmp_path):
    locked = Path("/sys")  # where root creates nothing either
    if os.geteuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o555)
    segment[segment.index("--output") + 1] = locked / "classes.tif"
    code, last, _ = engine(*segment).wait()
    assert code == 3 and "Choose a folder you may write to" in last["hint"]


def test_inputs_are_as_they_were_and_every_output_has_its_record(engine, segment, folder, tmp_path):
    before = hashes(folder)
    assert engine(*segment).wait()[0] == 0
    assert hashes(folder) == before
    for name in ("classes.tif", "confidence.tif"):
        assert (tmp_path / f"{name}.job.json").exists()
    again = engine("--spec", tmp_path / "classes.tif.job.json", "--output", tmp_path / "again.tif")
    assert again.wait()[0] == 0
    with rasterio.open(tmp_path / "classes.tif") as one, rasterio.open(tmp_path / "again.tif") as two:
        assert (one.read() == two.read()).all()
