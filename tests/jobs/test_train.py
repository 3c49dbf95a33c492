"""Orthophotos and labels give a model; what cannot be learned from is refused before work, with the next step."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from safetensors.torch import load_file
from shapely.geometry import box

from engine import atomic
from engine.contract.errors import Cancelled, DataError, ResourceError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED
from engine.contract.specs.train import TrainSpec
from engine.jobs import train
from models import checkpoint

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = (330_000.0, 2_790_000.0)
GSD_M = 0.5
QUIET = Reporter(lambda event: None)


def write(path, array, *, east_px=0, crs="EPSG:32640", **more):
    array = np.asarray(array) if np.ndim(array) == 3 else np.asarray(array)[None]
    transform = Affine(GSD_M, 0, ORIGIN[0] + east_px * GSD_M, 0, -GSD_M, ORIGIN[1])
    with rasterio.open(
        path, "w", driver="GTiff", count=len(array), height=array.shape[1], width=array.shape[2], dtype=array.dtype, crs=crs,
        transform=transform, **more,
    ) as file:  # fmt: skip
        file.write(array)
    return str(path)


def squares(seed, size=256):
    """Return an image (3, size, size) and labels of dark (0) and bright (1) squares, a strip of them unlabelled."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (size // 16, size // 16), np.uint8).repeat(16, 0).repeat(16, 1)
    image = np.clip(rng.normal(60 + 80 * labels, 10, (3, size, size)), 1, 255).astype(np.uint8)
    labels[:, :20] = UNLABELLED
    return image, labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two orthophotos a and b with label rasters."""
    folder = tmp_path_factory.mktemp("train")
    for seed, name in enumerate("ab"):
        image, labels = squares(seed)
        write(folder / f"{name}.tif", image)
        write(folder / f"{name}_labels.tif", labels)
    return folder


def request(folder, output, names="a", **more):
    values = {
        "images": [folder / f"{n}.tif" for n in names], "labels": [folder / f"{n}_labels.tif" for n in names],
        "network": "unet_mobilenet_v2_thin", "encoder_weights": "none", "iterations": 6, "batch": 2, "chip": 64,
        "device": "cpu", "output": output, **more,
    }  # fmt: skip
    return TrainSpec.from_dict({n: [str(i) for i in v] if isinstance(v, list) else v for n, v in values.items()})


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """A finished run: spec, summary, events."""
    torch.set_num_threads(1)
    output = tmp_path_factory.mktemp("model") / "model.safetensors"
    spec = request(
        folder, output, validation_images=[folder / "b.tif"], validation_labels=[folder / "b_labels.tif"], licence="CC0-1.0"
    )
    before = {path: digest(path) for path in spec.inputs()}
    events = []
    summary = train.run(spec, Reporter(events.append))
    assert {path: digest(path) for path in spec.inputs()} == before
    return spec, summary, events


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def refused(folder, tmp_path, error, match, names="a", **more):
    with pytest.raises(error, match=match):
        spec = request(folder, tmp_path / "model.safetensors", names, **more)
        spec.check()
        train.run(spec, QUIET)
    assert not list(tmp_path.glob("model*"))


def test_a_model_and_its_last_weights_are_written_with_cards_and_nothing_else(trained):
    spec, summary, _ = trained
    assert sorted(p.name for p in Path(spec.output).parent.iterdir()) == ["model.last.safetensors", "model.safetensors"]
    for path in (spec.output, summary["last_model"]):
        card = checkpoint.load(path).card
        assert card.network == spec.network and card.licence == "CC0-1.0" and card.grade == "exact"
        assert card.legend.names == ("class 0", "class 1") and len(card.bands) == 3 and card.dtype == "uint8"
        assert card.gsd_m == pytest.approx((GSD_M / 2.5, GSD_M * 2.5), rel=1e-2)
        assert card.training["iterations"] == 6 and card.training["spec"]["seed"] == 0
        assert set(card.training["inputs"]) == set(spec.inputs())
        assert card.training["losses"] == {"cross_entropy": 1.0}
        assert 0 <= card.measured["validation"]["miou"] <= 1
        mean, deviation = card.scaling[0]
        assert 60 < mean < 140 and 20 < deviation < 60


def test_a_training_tells_its_loss_rate_and_validation(trained):
    _, summary, events = trained
    values = [e["values"] for e in events if e["event"] == "metric"]
    assert any({"loss", "cross_entropy", "lr"} <= set(v) for v in values)
    assert any("validation_miou" in v for v in values)
    stages = [e["stage"] for e in events if e["event"] == "progress"]
    assert list(dict.fromkeys(stages)) == ["count labels", "train", "validate"]
    assert summary["validation"]["best"]["miou"] >= summary["validation"]["last"]["miou"]
    json.dumps(summary, allow_nan=False)


def cancelled_after(step):
    """Return a reporter that asks the job to stop when a step is done."""

    def emit(event):
        if event["event"] == "progress" and event["stage"] == "train" and event["done"] >= step:
            report.cancelled.set()

    report = Reporter(emit)
    return report


def kill_after(spec, step):
    """Run the real engine, on one thread so that sums come in the same order, and kill it in the middle."""
    command = [sys.executable, "-m", "engine.run", *spec.to_flags(), "--progress", "json"]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=one_thread, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        for line in run.stdout:
            event = json.loads(line)
            if event["event"] == "progress" and event["stage"] == "train" and event["done"] >= step:
                run.kill()
                return
        raise AssertionError(run.stderr.read())


def test_a_run_that_is_cancelled_and_then_killed_goes_on_to_the_very_same_weights(trained, tmp_path):
    spec, summary, _ = trained
    spec = dataclasses.replace(spec, output=str(tmp_path / "model.safetensors"))
    state = Path(f"{spec.output}.resume")
    with pytest.raises(Cancelled):
        train.run(spec, cancelled_after(2))
    assert list(tmp_path.iterdir()) == [state]
    kill_after(spec, 4)
    assert state.exists()
    events = []
    resumed = train.run(spec, Reporter(events.append))
    assert any("Training goes on after step" in e["text"] for e in events if e["event"] == "message")
    found, expected = load_file(resumed["last_model"]), load_file(summary["last_model"])
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert resumed["validation"] == summary["validation"]
    assert not state.exists()


def test_a_state_of_other_labels_is_not_continued(folder, tmp_path):
    image, labels = squares(3)
    write(tmp_path / "c.tif", image)
    write(tmp_path / "c_labels.tif", labels)
    spec = request(tmp_path, tmp_path / "model.safetensors", "c", iterations=3)
    with pytest.raises(Cancelled):
        train.run(spec, cancelled_after(2))
    labels[100:, 100:] = UNLABELLED
    write(tmp_path / "c_labels.tif", labels)
    events = []
    train.run(spec, Reporter(events.append))
    assert any("training starts anew" in e["text"] for e in events if e["event"] == "message")
    assert next(e["done"] for e in events if e["event"] == "progress" and e["stage"] == "train") == 1


def test_a_model_is_trained_further_with_pseudo_labels_and_keeps_its_classes_and_scaling(trained, folder, tmp_path):
    begun = checkpoint.load(trained[0].output).card
    said = write(tmp_path / "pseudo.tif", np.where(squares(0)[1] == 1, UNLABELLED, squares(0)[1]), nodata=255)
    labels = np.full((256, 256), UNLABELLED, np.uint8)
    labels[100:180, 100:180] = 1  # the other class is known to the model alone
    answers = write(tmp_path / "answers.tif", labels, nodata=255)
    spec = request(
        folder, tmp_path / "further.safetensors", labels=[answers], pseudolabels=[said], start=trained[0].output,
        network="unet_resnet50", iterations=2,
    )  # fmt: skip
    events = []
    train.run(spec, Reporter(events.append))
    card = checkpoint.load(spec.output).card
    assert (card.network, card.legend, card.scaling) == (begun.network, begun.legend, begun.scaling)
    losses = next(e["values"] for e in events if e["event"] == "metric" and "loss" in e["values"])
    assert losses["loss"] == pytest.approx(losses["cross_entropy"] + 0.5 * losses["pseudolabels"], rel=1e-4)
    assert losses["pseudolabels"] > 0


def test_a_model_is_trained_further_for_other_classes_and_keeps_all_but_the_classifier(trained, folder, tmp_path):
    begun = checkpoint.load(trained[0].output, training=True)
    legend = tmp_path / "legend.json"
    legend.write_text('[{"id": 0, "name": "dry"}, {"id": 1, "name": "wet"}, {"id": 7, "name": "unseen"}]')
    spec = request(folder, tmp_path / "other.safetensors", start=trained[0].output, legend=legend, iterations=1)
    with pytest.raises(DataError, match="unseen"):
        train.run(spec, Reporter([].append))
    legend.write_text('[{"id": 0, "name": "dry"}, {"id": 1, "name": "wet"}]')
    train.run(dataclasses.replace(spec, learning_rate=1e-7), Reporter([].append))
    made = checkpoint.load(spec.output, training=True)
    assert made.card.legend.names == ("dry", "wet")
    assert made.card.scaling == begun.card.scaling
    kept = dict(begun.network.named_parameters())
    changed = [n for n, p in made.network.named_parameters() if not torch.allclose(p, kept[n], atol=1e-5)]
    assert changed and all(name.startswith("head.") for name in changed)


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"pseudolabels": ["a_labels.tif", "b_labels.tif"]}, "Give one for each orthophoto in the same order, or none"),
    ],
)
def test_what_goes_not_with_training_further_is_refused(folder, tmp_path, more, match):
    more = {k: [folder / i for i in v] if isinstance(v, list) else folder / v for k, v in more.items()}
    refused(folder, tmp_path, SpecError, match, **more)


def test_without_validation_orthophotos_blocks_of_the_training_ones_are_kept_apart(folder, tmp_path):
    spec = request(folder, tmp_path / "model.safetensors", "ab", iterations=1)
    summary = train.run(spec, QUIET)
    labelled = 2 * 256 * 236
    assert summary["validation"]["best"]["pixels"] == pytest.approx(0.2 * labelled, rel=0.25)


def test_polygons_with_names_as_classes_train_a_network(folder, tmp_path):
    west, north = ORIGIN
    frame = gpd.GeoDataFrame(
        {"use": ["water", "land"]},
        geometry=[box(west, north - 128, west + 60, north), box(west + 60, north - 128, west + 128, north)],
        crs="EPSG:32640",
    )
    frame.to_crs(4326).to_file(tmp_path / "parcels.gpkg")
    spec = request(
        folder, tmp_path / "model.safetensors", "ab", labels=[tmp_path / "parcels.gpkg"], class_field="use", iterations=1
    )
    assert train.run(spec, QUIET)["classes"] == ["land", "water"]


def test_polygons_without_the_name_of_their_class_field_are_refused(folder, tmp_path):
    gpd.GeoDataFrame({"use": ["a", "b"]}, geometry=[box(0, 0, 1, 1)] * 2, crs="EPSG:32640").to_file(tmp_path / "p.gpkg")
    refused(folder, tmp_path, SpecError, "Give the attribute with --class-field", labels=[tmp_path / "p.gpkg"])


def test_labels_that_do_not_pair_up_are_refused(folder, tmp_path):
    labels = [folder / "a_labels.tif"]
    refused(folder, tmp_path, SpecError, "one for each orthophoto in the same order", "ab", labels=labels)


def test_labels_on_another_grid_are_refused_with_the_line_that_helps(folder, tmp_path):
    write(tmp_path / "shifted.tif", squares(0)[1], east_px=3)
    refused(folder, tmp_path, DataError, "gdalwarp", labels=[tmp_path / "shifted.tif"])
    write(tmp_path / "other.tif", squares(0)[1], crs="EPSG:32641")
    refused(folder, tmp_path, DataError, "Choose the labels that belong to this orthophoto", labels=[tmp_path / "other.tif"])


def legend(tmp_path, *names):
    path = tmp_path / "legend.json"
    path.write_text(json.dumps([{"id": n, "name": name} for n, name in enumerate(names)]))
    return str(path)


def test_a_legend_names_the_classes(folder, tmp_path):
    spec = request(folder, tmp_path / "model.safetensors", legend=legend(tmp_path, "dark", "bright"), iterations=1)
    assert train.run(spec, QUIET)["classes"] == ["dark", "bright"]


def test_ids_outside_the_legend_are_refused(folder, tmp_path):
    write(tmp_path / "labels.tif", squares(0)[1] + 1)
    refused(
        folder, tmp_path, DataError, "id 2.*Add the class to a legend file",
        labels=[tmp_path / "labels.tif"], legend=legend(tmp_path, "dark", "bright"),
    )  # fmt: skip


def test_a_class_without_training_pixels_is_refused(folder, tmp_path):
    wanted = legend(tmp_path, "dark", "bright", "water")
    refused(folder, tmp_path, DataError, r"water.*give a legend without it with --legend", legend=wanted)


def test_a_class_that_only_the_validation_labels_know_is_refused(folder, tmp_path):
    image, labels = squares(1)
    labels[50:60, 50:60] = 2
    apart = {
        "validation_images": [write(tmp_path / "c.tif", image)],
        "validation_labels": [write(tmp_path / "c_labels.tif", labels)],
    }
    refused(folder, tmp_path, DataError, "leave it out of the validation labels", **apart)


def test_labels_without_a_labelled_pixel_are_refused(folder, tmp_path):
    write(tmp_path / "labels.tif", np.full((256, 256), UNLABELLED, np.uint8))
    refused(folder, tmp_path, DataError, "no pixel is labelled.*Label some of it", labels=[tmp_path / "labels.tif"])


def test_labels_of_one_class_are_refused(folder, tmp_path):
    write(tmp_path / "labels.tif", np.zeros((256, 256), np.uint8))
    refused(folder, tmp_path, DataError, "Label at least two classes", labels=[tmp_path / "labels.tif"])


@pytest.mark.parametrize(
    ("image", "match"),
    [
        (np.ones((2, 256, 256), np.uint8), "has 2 bands.*gdal_translate -b"),
        (np.ones((3, 256, 256), np.uint16), "holds uint16 numbers.*convert them with gdal_translate -ot"),
    ],
)
def test_orthophotos_that_differ_in_bands_or_type_are_refused(folder, tmp_path, image, match):
    images = [folder / "a.tif", write(tmp_path / "c.tif", image)]
    refused(folder, tmp_path, DataError, match, images=images, labels=[folder / "a_labels.tif", folder / "a_labels.tif"])


def test_orthophotos_with_their_bands_in_another_order_are_refused(folder, tmp_path):
    images = []
    for name, order in (("one", ("red", "green", "nir")), ("two", ("nir", "red", "green"))):
        images.append(write(tmp_path / f"{name}.tif", squares(0)[0]))
        with rasterio.open(images[-1], "r+") as file:
            file.descriptions = order
    refused(folder, tmp_path, DataError, "-b 2 -b 3 -b 1", images=images, labels=[folder / "a_labels.tif"] * 2)


def test_polygons_that_lie_elsewhere_are_refused(folder, tmp_path):
    frame = gpd.GeoDataFrame({"use": [1, 2]}, geometry=[box(0, 0, 9, 9), box(9, 9, 20, 20)], crs="EPSG:32640")
    frame.to_file(tmp_path / "parcels.gpkg")
    refused(
        folder, tmp_path, DataError, "no polygon overlaps.*Check the CRS",
        labels=[tmp_path / "parcels.gpkg"], class_field="use",
    )  # fmt: skip


def test_a_legend_that_is_none_is_refused(folder, tmp_path):
    (tmp_path / "legend.json").write_text('{"a": 1}')
    refused(folder, tmp_path, DataError, r'Write it as \[\{"id": 0', legend=str(tmp_path / "legend.json"))


def test_a_single_value_for_batch_normalization_is_refused(folder, tmp_path):
    refused(folder, tmp_path, SpecError, "Use a larger batch, or chips of at least 64", batch=1, chip=32)


def test_two_runs_do_not_write_the_same_model(folder, tmp_path):
    with atomic.lock(tmp_path / "model.safetensors"), pytest.raises(DataError, match="another run is writing"):
        train.run(request(folder, tmp_path / "model.safetensors"), QUIET)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused(folder, tmp_path):
    refused(folder, tmp_path, ResourceError, "Choose --device cpu", device="cuda")


def test_a_long_training_measures_what_halo_and_runtime_change(folder, tmp_path, monkeypatch):
    seen = []

    def measure(model, image, where, report):
        seen.append((model.card.halo_px, image.geobox.height, model.network.training))
        return {"seam": {"0": 0.1}, "runtimes": {"openvino bf16": 0.001}}

    monkeypatch.setattr(train, "PROBE_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(train.inference_figures, "measure", measure)
    train.run(request(folder, tmp_path / "m.safetensors", iterations=1), QUIET)
    card = checkpoint.read_card(tmp_path / "m.safetensors")
    assert seen == [(card.halo_px, 256, False)]
    assert card.measured["seam"] == {"0": 0.1} and card.measured["runtimes"] == {"openvino bf16": 0.001}
