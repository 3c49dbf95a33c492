"""A teacher that looks at the whole tile gives a blended map; probabilities of every class on request, for any network."""

import numpy as np
import pytest
import rasterio
import torch
from rasterio.transform import from_origin

import models
from engine.contract.errors import DataError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.merge import MergeSpec
from engine.contract.specs.segment import SegmentSpec
from engine.inference import predict
from engine.jobs import merge, segment
from models import checkpoint
from models.card import Card

LEGEND = Legend.from_names({1: "building", 2: "road", 7: "water"})
TILE = 128


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("blended")


@pytest.fixture(autouse=True)
def cache(folder, monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setenv("EDGEWISE_CACHE", str(folder / "cache"))


@pytest.fixture(scope="module")
def ortho(folder):
    rows, cols = np.mgrid[:330, :150]
    noise = np.random.default_rng(0).integers(-40, 40, (3, 330, 150))
    data = (128 + 60 * np.sin(rows / 37 + cols / 53) + noise).clip(1, 254).astype(np.uint8)
    data[:, :90, :40] = 0
    with rasterio.open(
        folder / "ortho.tif", "w", driver="GTiff", count=3, height=330, width=150, dtype="uint8", nodata=0, crs="EPSG:25833",
        transform=from_origin(400_000, 5_800_000, 0.2, 0.2), photometric="RGB",
    ) as dataset:  # fmt: skip
        dataset.write(data)
    return str(folder / "ortho.tif")


def saved(path, network, halo_px, grade):
    torch.manual_seed(0)
    card = Card(
        network, ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", (0.1, 0.4), LEGEND, halo_px, 512, grade=grade
    )  # fmt: skip
    checkpoint.save(path, models.build(network, 3, len(LEGEND)).eval(), card)
    return str(path)


@pytest.fixture(scope="module")
def teacher(folder):
    return saved(folder / "teacher.safetensors", "fpn_convnext_tiny", 16, "blended")


@pytest.fixture(scope="module")
def student(folder):
    return saved(folder / "student.safetensors", "unet_mobilenet_v2_thin", 128, "exact")


def run(report=None, **values):
    spec = SegmentSpec.from_dict({"runtime": "torch", "precision": "fp32", **values})
    spec.check()
    return segment.run(spec, report or Reporter(lambda _: None))


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read()


def test_a_teacher_is_blended_and_shares_give_the_same_pixels(folder, ortho, teacher):
    events = []
    asked = {"image": ortho, "model": teacher, "tile": TILE}
    whole, merged = str(folder / "whole.tif"), str(folder / "merged.tif")
    summary = run(Reporter(events.append), **asked, output=whole, probabilities=str(folder / "probabilities.tif"))
    assert summary["grade"] == "blended" and summary["seam_index"] > 0
    texts = [e["text"] for e in events if e["event"] == "message"]
    assert any("blended over 32 px or more" in t for t in texts) and not any("distill a student" in t for t in texts)
    for share in ("1/2", "2/2"):
        run(**asked, output=str(folder / "parts.tif"), shard=share)
    spec = MergeSpec.from_dict({"image": ortho, "model": teacher, "bands": [str(folder / "parts.bands")], "output": merged})
    together = merge.run(spec, Reporter(lambda _: None))
    assert (read(merged) == read(whole)).all()
    assert together["seam_index"] == summary["seam_index"] and "seams" not in together
    assert {result.name: result.of(together) for result in MergeSpec.results} == {
        "unlabelled_pixels": (read(merged) == UNLABELLED).sum(), "seam_index": summary["seam_index"],
        "used_runtime": summary["runtime"],
    }  # fmt: skip
    check_probabilities(folder / "probabilities.tif", read(whole)[0])


def test_probabilities_of_a_student_come_with_the_names_of_the_classes(folder, ortho, student):
    out, probs, sure = (str(folder / f"{n}.tif") for n in ("classes", "probs", "sure"))
    summary = run(image=ortho, model=student, output=out, probabilities=probs, confidence=sure, tile=320)
    assert summary["grade"] == "seamless"
    percents = check_probabilities(probs, read(out)[0])
    assert (percents.max(axis=0) == read(sure)[0]).all()


def check_probabilities(path, classes):
    with rasterio.open(path) as dataset:
        assert dataset.descriptions == LEGEND.names and dataset.nodata == UNLABELLED
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        percents = dataset.read()
    labelled = classes != UNLABELLED
    assert ((percents == UNLABELLED) == ~labelled).all()
    chosen = np.array(LEGEND.ids)[percents.argmax(axis=0)]
    ties = (percents == percents.max(axis=0)).sum(axis=0) > 1
    assert (chosen == classes)[labelled & ~ties].all()
    assert (np.abs(percents.astype(int).sum(axis=0) - 100)[labelled] <= 2).all()
    return percents


@pytest.mark.parametrize("model", ["teacher", "student"])
def test_a_stopped_run_goes_on_with_its_probabilities(folder, ortho, model, request, monkeypatch):
    asked = {"image": ortho, "model": request.getfixturevalue(model), "tile": TILE if model == "teacher" else 320}
    whole, stopped = ({n: str(folder / f"{model}_{k}_{n}.tif") for n in ("output", "probabilities")} for k in ("a", "b"))
    run(**asked, **whole)
    plain = predict.bands

    def two(*args, **options):
        made = plain(*args, **options)
        yield next(made)
        raise KeyboardInterrupt

    monkeypatch.setattr(predict, "bands", two)
    with pytest.raises(KeyboardInterrupt):
        run(**asked, **stopped)
    monkeypatch.setattr(predict, "bands", plain)
    with pytest.raises(DataError, match=r"probabilities changed since.*--no-resume"):
        run(**asked, output=stopped["output"])
    events = []
    run(Reporter(events.append), **asked, **stopped)
    assert any("Going on with an earlier run" in e.get("text", "") for e in events)
    for name in ("output", "probabilities"):
        assert (read(stopped[name]) == read(whole[name])).all()


def test_a_share_keeps_no_probabilities(folder, ortho, student):
    with pytest.raises(SpecError, match="Leave --shard or --probabilities away"):
        run(image=ortho, model=student, output=str(folder / "no.tif"), probabilities=str(folder / "p.tif"), shard="1/2")
