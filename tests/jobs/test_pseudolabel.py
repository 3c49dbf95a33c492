"""Pseudo-labels lie where the model is sure and was right: never near a border, on an answer, or on its own word alone."""

import numpy as np
import pytest
import rasterio
import torch
from affine import Affine
from scipy import ndimage

import models
from engine.contract.events import Reporter
from engine.contract.legend import UNLABELLED, Legend
from engine.contract.specs.pseudolabel import PseudolabelSpec
from engine.inference import predict
from engine.jobs import pseudolabel
from engine.regions import edges
from engine.regions.clear import CLEAR_PX
from models import checkpoint
from models.card import Card

LEGEND = Legend.from_names({1: "building", 2: "road", 7: "water"})
HEIGHT, WIDTH = 260, 300


def write(path, data, **more):
    with rasterio.open(
        path, "w", driver="GTiff", count=len(data), height=HEIGHT, width=WIDTH, dtype="uint8", crs="EPSG:25833",
        transform=Affine(0.2, 0, 400_000, 0, -0.2, 5_800_000), **more,
    ) as dataset:  # fmt: skip
        dataset.write(data)
    return str(path)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Return a folder with an orthophoto, a model that is sure of itself, answers, and held-out answers on the left.

    The held-out answers say that the model is right, but for one class, its second commonest.
    """
    torch.set_num_threads(1)
    folder, rng = tmp_path_factory.mktemp("pseudolabel"), np.random.default_rng(0)
    image = np.stack([ndimage.gaussian_filter(rng.normal(size=(HEIGHT, WIDTH)), 12) for _ in range(3)])
    image = np.clip(image * 1200 + 128, 1, 254).astype(np.uint8)
    write(folder / "ortho.tif", image, photometric="RGB")
    torch.manual_seed(0)
    network = models.build("unet_mobilenet_v2_thin", 3, len(LEGEND)).eval()
    head = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)][-1]
    with torch.no_grad():
        head.weight.mul_(300)
    card = Card(
        "unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", (0.1, 0.4), LEGEND,
        halo_px=64, tile_px=512, grade="seamless",
    )  # fmt: skip
    checkpoint.save(folder / "model.safetensors", network, card)
    mapped, _ = predict.whole(checkpoint.load(folder / "model.safetensors"), image)
    wrong = int(np.argsort([(mapped == i).sum() for i in LEGEND.ids])[-2])
    held_out = np.where(mapped == LEGEND.ids[wrong], LEGEND.ids[(wrong + 1) % 3], mapped)
    held_out[:, WIDTH // 2 :] = UNLABELLED
    answers = np.full((HEIGHT, WIDTH), UNLABELLED, np.uint8)
    answers[:, 250:] = 2
    write(folder / "held_out.tif", held_out[None], nodata=UNLABELLED)
    write(folder / "answers.tif", answers[None], nodata=UNLABELLED)
    return folder, mapped, LEGEND.names[wrong]


def run(folder, events=(), **more):
    names = {"image": "ortho", "held_out": "held_out", "labels": "answers", "output": "pseudo", "confidence": "confidence"}
    values = {**{k: str(folder / f"{v}.tif") for k, v in names.items()}, "model": str(folder / "model.safetensors"), **more}
    spec = PseudolabelSpec.from_dict({"device": "cpu", "share": 1.0, **values})
    spec.check()
    summary = pseudolabel.run(spec, Reporter(events.append if isinstance(events, list) else lambda _: None))
    with rasterio.open(spec.output) as one, rasterio.open(spec.confidence) as other:
        assert one.nodata == other.nodata == UNLABELLED
        return one.read(1), other.read(1), summary


def test_pseudo_labels_are_what_a_sure_model_sees_clear_of_borders_and_answers(scene):
    folder, mapped, wrong = scene
    made, confidence, summary = run(folder)
    taken = made != UNLABELLED
    assert taken.any() and (made[taken] == mapped[taken]).all()
    assert not taken[:, 250:].any(), "answered ground is left to the answers"
    assert not taken[:, : WIDTH // 2].any(), "held-out ground is left for measuring"
    near = edges.dilate(edges.predicted(edges.clean(mapped)), CLEAR_PX)
    assert not (taken & near).any()
    assert np.array_equal(confidence != UNLABELLED, taken) and confidence[taken].min() >= 70
    assert summary["pixels"] == {c.name: int((made == c.id).sum()) for c in LEGEND}
    assert summary["pixels"][wrong] == 0 and wrong not in summary["confidence"]
    assert 0 < summary["miou"] < 1 and summary["held_out_px"] == HEIGHT * WIDTH // 2
    assert not list(folder.glob("*bands*")), "what waited for its threshold is gone"


def test_a_model_that_was_never_right_makes_none_and_says_what_to_do(scene, tmp_path):
    folder, mapped, _ = scene
    contrary = np.array([LEGEND.ids[(LEGEND.ids.index(i) + 1) % 3] if i in LEGEND.ids else i for i in range(256)], np.uint8)
    refuted = write(tmp_path / "refuted.tif", contrary[mapped][None], nodata=UNLABELLED)
    events = []
    made, _, _ = run(folder, events, held_out=refuted, output=str(tmp_path / "a.tif"), confidence=str(tmp_path / "b.tif"))
    assert (made == UNLABELLED).all()
    assert any("Answer more region units" in e.get("text", "") for e in events)
