"""An orthophoto and a model give a class raster on the same grid, unlabelled where there is no data."""

import hashlib
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.features
import shapely
import torch
from rasterio.transform import from_origin

import models
from engine.contract.errors import Cancelled, DataError, ModelError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.merge import MergeSpec
from engine.contract.specs.segment import SegmentSpec
from engine.inference import predict
from engine.jobs import merge, segment
from models import checkpoint
from models.card import Card

ROOT = Path(__file__).resolve().parents[2]
LEGEND = Legend.from_names({1: "building", 2: "road", 7: "water"})


def write_ortho(path, data, nodata=None, gsd_m=0.2, **profile):
    with rasterio.open(
        path, "w", driver="GTiff", count=len(data), height=data.shape[1], width=data.shape[2], dtype=data.dtype, nodata=nodata,
        crs="EPSG:25833", transform=from_origin(400_000, 5_800_000, gsd_m, gsd_m), photometric="RGB", **profile,
    ) as dataset:  # fmt: skip
        dataset.write(data)
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("segment")


@pytest.fixture(scope="module")
def student(folder):
    torch.manual_seed(0)
    network = models.build("unet_mobilenet_v2_thin", 3, len(LEGEND)).eval()
    card = Card(
        "unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", (0.1, 0.4), LEGEND,
        halo_px=128, tile_px=512, grade="exact",
    )  # fmt: skip
    path = folder / "student.safetensors"
    checkpoint.save(path, network, card)
    return str(path)


@pytest.fixture(scope="module")
def ortho(folder):
    data = np.random.default_rng(0).integers(1, 255, (3, 700, 330), dtype=np.uint8)
    data[:, :200, :100] = 0
    return write_ortho(folder / "ortho.tif", data, nodata=0, tiled=True, blockxsize=128, blockysize=128, compress="deflate")


@pytest.fixture(scope="module")
def tall(folder):
    data = np.random.default_rng(1).integers(1, 255, (3, 1300, 64), dtype=np.uint8)
    return write_ortho(folder / "tall.tif", data)


@pytest.fixture(autouse=True)
def cache(folder, monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setenv("EDGEWISE_CACHE", str(folder / "cache"))


def run(report=None, **values):
    spec = SegmentSpec.from_dict(values)
    spec.check()
    return segment.run(spec, report or Reporter(lambda _: None))


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_the_map_has_the_grid_of_the_orthophoto_and_the_labels_of_one_pass(folder, ortho, student):
    before, events = digest(ortho), []
    out, sure = str(folder / "classes.tif"), str(folder / "confidence.tif")
    summary = run(
        Reporter(events.append), image=ortho, model=student, output=out, confidence=sure, tile=384,
    )  # fmt: skip
    with rasterio.open(ortho) as source, rasterio.open(out) as classes, rasterio.open(sure) as confidence:
        data, valid = source.read(), source.read().any(axis=0)
        for made in (classes, confidence):
            assert (made.crs, made.transform, made.shape) == (source.crs, source.transform, source.shape)
            assert made.nodata == UNLABELLED and made.dtypes == ("uint8",)
        ids, percent = classes.read(1), confidence.read(1)
    expected, _ = predict.whole(checkpoint.load(student), data, valid)
    assert (ids != expected).mean() < 1e-3
    assert ((ids == UNLABELLED) == ~valid).all() and ((percent == UNLABELLED) == ~valid).all()
    assert percent[valid].max() <= 100 and percent[valid].min() >= 100 // len(LEGEND)
    assert digest(ortho) == before
    found = {c.name: int((ids == c.id).sum()) for c in LEGEND}
    assert summary["pixels"] == {**found, "unlabelled": int((~valid).sum())}
    assert summary["area_m2"]["road"] == pytest.approx(found["road"] * 0.04, rel=2e-3)
    assert Legend.from_json(summary["legend"]) == LEGEND
    bars = [e for e in events if e["event"] == "progress" and e["stage"] == "segment"]
    assert bars[-1]["done"] == bars[-1]["total"] == summary["tiles"]
    assert any("GiB of memory" in e["text"] for e in events if e["event"] == "message")
    json.dumps(summary, allow_nan=False)


def test_polygons_cover_what_the_map_labels(folder, ortho, student):
    out, sure, drawn = (str(folder / name) for name in ("drawn.tif", "drawn_confidence.tif", "drawn.gpkg"))
    summary = run(image=ortho, model=student, output=out, confidence=sure, polygons=drawn)
    polygons = gpd.read_file(drawn, layer="drawn")
    by_name = polygons.dissolve("name").area
    for name, pixels in summary["pixels"].items():
        if name != "unlabelled" and pixels:
            assert by_name[name] == pytest.approx(pixels * 0.04)
    percent, largest = read(sure), polygons.loc[polygons.area.idxmax()]
    own = rasterio.features.rasterize([largest.geometry], percent.shape, transform=from_origin(400_000, 5_800_000, 0.2, 0.2))
    assert largest.confidence == pytest.approx(percent[own == 1].mean(), abs=0.5)


def test_polygons_without_the_package_of_their_format_are_refused_before_the_first_tile(folder, ortho, student, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    events = []
    with pytest.raises(DataError, match=r"needs the Python package pyarrow.*pip install pyarrow"):
        run(
            Reporter(events.append),
            image=ortho,
            model=student,
            output=str(folder / "p.tif"),
            polygons=str(folder / "p.parquet"),
        )
    assert not [e for e in events if e.get("stage") == "segment"] and not (folder / "p.tif").exists()


def test_a_raster_smaller_than_the_stride_is_segmented(folder, student):
    image = write_ortho(folder / "small.tif", np.full((3, 5, 9), 80, np.uint8))
    summary = run(image=image, model=student, output=str(folder / "small_classes.tif"))
    assert summary["tiles"] == 1 and sum(summary["pixels"].values()) == 45


def test_a_cancelled_run_leaves_nothing(folder, ortho, student, monkeypatch):
    monkeypatch.setattr(segment, "KEPT_AFTER_SECONDS", float("inf"))
    out = folder / "cancelled.tif"
    report = Reporter(lambda e: report.cancelled.set() if e["event"] == "progress" else None, threading.Event())
    with pytest.raises(Cancelled):
        run(report, image=ortho, model=student, output=str(out), tile=320)
    assert not [p for p in folder.iterdir() if "cancelled" in p.name]


PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[2:], stdout=open(sys.argv[1], "w"), check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)  # KiB on Linux
"""


@pytest.mark.parametrize("runtime", ["torch", "openvino"])
def test_a_run_holds_no_more_memory_than_it_said(folder, student, runtime):
    """A small process starts the run: the system counts for a process also what the one that started it held."""
    data = np.random.default_rng(2).integers(1, 255, (3, 1024, 1024), dtype=np.uint8)
    large, events = write_ortho(folder / "large.tif", data), folder / "events.jsonl"
    command = [sys.executable, "-m", "engine.run", "segment", "--image", large, "--model", student, "--runtime", runtime,
               "--output", str(folder / "large_classes.tif"), "--progress", "json"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(events), *command], cwd=ROOT, check=True, capture_output=True, text=True
    )
    said = re.search(r"at most (\d+\.\d\d) GiB", events.read_text())
    assert said and int(done.stdout) / 2**20 < float(said[1])


def test_a_run_killed_half_way_goes_on_and_gives_the_same_pixels(folder, tall, student):
    whole, killed = str(folder / "whole.tif"), folder / "killed.tif"
    run(image=tall, model=student, output=whole, tile=320)
    command = [sys.executable, "-m", "engine.run", "segment", "--image", tall, "--model", student, "--output", str(killed),
               "--tile", "320", "--progress", "json"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    bands = killed.with_suffix(".bands")
    while len(list(bands.glob("rows_*[0-9].tif"))) < 2:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert not killed.exists()
    done = len(list(bands.glob("rows_*[0-9].tif")))
    events = []
    run(Reporter(events.append), image=tall, model=student, output=str(killed), tile=320)
    assert (read(killed) == read(whole)).all()
    assert any("Going on with an earlier run" in e.get("text", "") for e in events)
    tiles = next(e["total"] for e in events if e["event"] == "progress")
    assert tiles <= len(range(0, 1300, 64)) - done and not bands.exists()


def test_a_changed_request_does_not_resume(folder, tall, student):
    out = folder / "changed.tif"
    asked = {"image": tall, "model": student, "output": str(out), "tile": 320}
    run(**asked, shard="1/3")
    with pytest.raises(DataError, match=r"tta changed since.*--no-resume"):
        run(**asked, tta="flips")
    run(**asked, tta="flips", resume=False)
    assert out.exists() and not out.with_suffix(".bands").exists()


def test_shares_and_merge_give_the_pixels_of_one_run(folder, tall, student):
    whole, parts, merged = (str(folder / f"{n}.tif") for n in ("one", "parts", "merged"))
    asked = {"image": tall, "model": student, "tile": 320}
    run(**asked, output=whole, confidence=str(folder / "one_sure.tif"))
    run(**asked, output=parts, shard="2/2")
    bands = str(folder / "parts.bands")
    to_merge = {"image": tall, "model": student, "bands": [bands], "output": merged, "confidence": str(folder / "sure.tif")}
    with pytest.raises(DataError, match=r"are missing\. Run the share"):
        merge.run(MergeSpec.from_dict(to_merge), Reporter(lambda _: None))
    run(**asked, output=parts, shard="1/2")
    merge.run(MergeSpec.from_dict(to_merge), Reporter(lambda _: None))
    assert (read(merged) == read(whole)).all()
    assert (read(folder / "sure.tif") == read(folder / "one_sure.tif")).all()


def test_shares_of_different_runs_are_refused(folder, tall, student):
    asked = {"image": tall, "model": student, "tile": 320}
    run(**asked, output=str(folder / "left.tif"), shard="1/2")
    run(**asked, output=str(folder / "right.tif"), shard="2/2", tta="flips")
    both = [str(folder / "left.bands"), str(folder / "right.bands")]
    spec = MergeSpec.from_dict({"image": tall, "model": student, "bands": both, "output": str(folder / "no.tif")})
    with pytest.raises(DataError, match=r"differ in tta\. Merge shares of one request"):
        merge.run(spec, Reporter(lambda _: None))


@pytest.mark.parametrize("shard", ["0/2", "3/2", "half", "1/0"])
def test_a_share_that_is_none_is_refused(folder, tall, student, shard):
    with pytest.raises(SpecError, match="such as 1/4"):
        run(image=tall, model=student, output=str(folder / "refused.tif"), shard=shard)


def test_only_the_area_is_labelled(folder, ortho, student):
    polygon = shapely.box(400_020, 5_799_900, 400_050, 5_799_950)  # columns 100 to 250, rows 250 to 500
    frame = gpd.GeoDataFrame(geometry=[polygon], crs="EPSG:25833").to_crs("EPSG:4326")
    frame.to_file(folder / "area.gpkg")
    run(image=ortho, model=student, output=str(folder / "inside.tif"), area_of_interest=str(folder / "area.gpkg"))
    labelled = read(folder / "inside.tif") != UNLABELLED
    expected = np.zeros_like(labelled)
    expected[250:500, 100:250] = True
    assert (labelled == expected).all()


def test_an_area_elsewhere_is_refused(folder, ortho, student):
    gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:4326").to_file(folder / "far.gpkg")
    with pytest.raises(DataError, match="Choose the area of interest that belongs"):
        run(image=ortho, model=student, output=str(folder / "refused.tif"), area_of_interest=str(folder / "far.gpkg"))


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"image": "missing.tif"}, DataError, "Check the path"),
        ({"output": "ortho.tif"}, SpecError, "Choose another name"),
        ({"model": "ortho.tif"}, ModelError, "not an Edgewise model"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(folder, ortho, student, values, error, words):
    asked = {"image": ortho, "model": student, "output": str(folder / "refused.tif")}
    asked.update({name: str(folder / value) for name, value in values.items()})
    with pytest.raises(error, match=words):
        run(**asked)
    assert not (folder / "refused.tif").exists()


@pytest.mark.parametrize(
    ("bands", "dtype", "gsd_m", "words"),
    [(2, "uint8", 0.2, "gdalbuildvrt"), (3, "uint16", 0.2, "gdal_translate -ot Byte"), (3, "uint8", 2.0, "gdalwarp -tr")],
)
def test_a_raster_the_model_was_not_trained_for_is_refused_with_the_line_to_type(folder, student, bands, dtype, gsd_m, words):
    image = write_ortho(folder / f"other_{bands}_{dtype}_{gsd_m}.tif", np.full((bands, 64, 64), 9, dtype), gsd_m=gsd_m)
    with pytest.raises(ModelError) as refusal:
        run(image=image, model=student, output=str(folder / "refused.tif"))
    assert words in refusal.value.hint


def test_the_command_line_segments_and_says_how_it_goes(folder, ortho, student):
    out = folder / "by_command.tif"
    done = subprocess.run(
        [sys.executable, "-m", "engine.run", "segment", "--image", ortho, "--model", student, "--output", str(out),
         "--progress", "json"],
        capture_output=True, text=True, cwd=ROOT, timeout=120,
    )  # fmt: skip
    events = [e for e in map(json.loads, done.stdout.splitlines()) if e["event"] != "heartbeat"]
    assert done.returncode == 0, done.stderr
    assert events[0]["event"] == "started" and events[-1]["event"] == "finished"
    assert events[-1]["summary"]["mpx_per_s"] > 0 and Path(f"{out}.job.json").exists()
