"""A first batch by text prompts: shares of the classes, the pictures, and what of a foreign folder is believed."""

import json
import shutil
import socket
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from engine.contract.errors import ModelError, ResourceError, SpecError
from engine.inference import pictures, prompts
from engine.regions import cold_start, select
from engine.regions.units import REGION

from . import clip
from . import test_regions_select as made

CPU = torch.device("cpu")
NAMES = ("building", "road", "water")
TEXTS = ("a roof seen from above", "a satellite photo of road.", "a lake " * 40)


def regions(n):
    units = made.table(2 * n)
    return units.take(units.kind == REGION)


def expected(n, seed=0, bias=(1.0, 1.0, 1.0)):
    """Return made-up class probabilities of `n` units."""
    probs = np.random.default_rng(seed).dirichlet(np.array(bias), n)
    return probs.astype(np.float32)


@given(st.integers(0, 99), st.sampled_from([(1.0, 1.0, 1.0), (50.0, 1.0, 0.01)]))
@settings(max_examples=10, deadline=None)
def test_every_class_gets_its_share_of_its_most_probable_units_even_if_nowhere_the_likeliest(seed, bias):
    units = regions(400)
    listed = cold_start.shortlist(units, 30, 3, seed=seed)
    probs = expected(len(listed), seed, bias)
    batch = cold_start.by_prompts(units, listed, probs, NAMES, 30, seed=seed)
    again = cold_start.by_prompts(units, listed, probs, NAMES, 30, seed=seed)
    assert batch.chosen.tolist() == again.chosen.tolist() and batch.reasons == again.reasons
    assert len(set(batch.chosen.tolist())) == 30 and set(batch.chosen) <= set(listed)
    for channel, name in enumerate(NAMES):
        own = [k for k, reason in enumerate(batch.reasons) if name in reason]
        assert len(own) == 10
        assert batch.scores[own] == pytest.approx(probs[np.searchsorted(listed, batch.chosen[own]), channel])
        assert batch.scores[own].mean() > np.median(probs[:, channel])


def test_a_batch_by_prompts_never_costs_more_than_its_budget():
    units = regions(400)
    costs = select.costs_in("pixels", units)
    listed = cold_start.shortlist(units, 6000, 3, seed=0, costs=costs)
    batch = cold_start.by_prompts(units, listed, expected(len(listed)), NAMES, 6000, seed=0, costs=costs)
    assert 5000 < costs[batch.chosen].sum() <= 6000


def test_a_shortlist_is_ten_times_the_batch_bounded_by_chance_and_of_every_kind(monkeypatch):
    units = regions(900)
    is_open = np.arange(900) >= 100
    listed = cold_start.shortlist(units, 20, 2, seed=0, open_to_choice=is_open)
    assert len(listed) == select.WIDER * 20 and listed.min() >= 100
    assert set(cold_start.kinds(units, 8, seed=0)[0][listed]) == set(range(8))
    assert set(listed) != set(cold_start.shortlist(units, 20, 2, seed=1, open_to_choice=is_open))
    monkeypatch.setattr(cold_start, "MOST_LISTED", 50)
    assert len(cold_start.shortlist(units, 20, 2, seed=0)) == 50
    assert len(cold_start.shortlist(units, 300, 2, seed=0)) == 600, "twice the batch"
    assert not len(cold_start.shortlist(units, 20, 2, seed=0, open_to_choice=np.zeros(900, bool)))


def image(data, valid, bands):
    """Return an image in memory whose windows may reach beyond it."""

    def read(window):
        rows, cols = (np.arange(start, start + 32) for start in (window.row, window.col))
        inside = ((rows >= 0) & (rows < 100))[:, None] & ((cols >= 0) & (cols < 100))[None]
        at = np.ix_(rows.clip(0, 99), cols.clip(0, 99))
        seen = inside & valid[at]
        return np.where(seen, data[(slice(None), *at)], 0), seen

    return SimpleNamespace(read=read, bands=bands, count=len(data), dtype=data.dtype)


def test_a_picture_has_its_named_colours_and_the_mean_where_nothing_is_known():
    data = np.stack([np.full((100, 100), value, np.uint8) for value in (10, 20, 30, 40)])
    data[:, 40:60, 40:60] += 100
    source = image(data, np.arange(100)[:, None] + np.zeros(100) < 90, ("nir", "blue", "green", "red"))
    shown = pictures.rendering(source, [(50, 50)], 32)
    inner, corner = pictures.cut(source, shown, [(50.2, 49.9), (99, 2)], 32)
    assert inner.shape == (3, 32, 32) and inner[:, 16, 16].tolist() == [140, 130, 120]
    assert (corner == np.array([40, 30, 20])[:, None, None]).all(), "beyond the border and below row 90 as inside"


def test_pictures_of_wide_numbers_use_the_whole_range_of_each_band():
    ramp = np.linspace(0, 1, 100)[None, :] + np.zeros((100, 1))
    data = np.stack([3000 + 1000 * ramp, 200 * ramp, 9000 * ramp]).astype(np.float32)
    data[1, 5, 5] = np.nan
    source = image(data, np.ones((100, 100), bool), ("band 1", "band 2", "band 3"))
    places = [(row, col) for row in (16, 50, 84) for col in (16, 50, 84)]
    seen = pictures.cut(source, pictures.rendering(source, places, 32), places, 32)
    assert seen.min() == 0 and seen.max() == 255
    assert np.abs(seen[:, 0].astype(int) - seen[:, 2]).max() < 40, "bands of other ranges look alike"


def test_classes_without_a_text_are_looked_for_by_their_names():
    found = prompts.texts(" water = a lake, or a = b ; building=a roof", NAMES)
    assert found == ("a roof", "a satellite photo of road.", "a lake, or a = b")


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("a roof", "expected class=text. Write them like --prompts"),
        ("building=", "expected class=text"),
        ("builing=a roof", "Did you mean 'building'"),
        ("road=a; road=b", "one text for each class"),
    ],
)
def test_texts_for_no_class_are_refused(given, remedy):
    with pytest.raises(SpecError, match=remedy):
        prompts.texts(given, NAMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return clip.save(tmp_path_factory.mktemp("clip") / "model")


def test_a_prompt_model_gives_the_probabilities_of_clip_and_reaches_for_no_network(folder, monkeypatch):
    from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

    def refuse(*_):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    seen = np.random.default_rng(0).integers(0, 256, (5, 3, 96, 96)).astype(np.uint8)
    ask = prompts.load(str(folder), TEXTS, CPU)
    probs = ask(seen)
    assert probs.shape == (5, 3) and probs.sum(axis=1) == pytest.approx(1)
    assert (prompts.load(str(folder / "model.safetensors"), TEXTS, CPU)(seen) == probs).all()
    assert np.concatenate([ask(seen[:2]), ask(seen[2:])]) == pytest.approx(probs, abs=1e-6)
    tokens = CLIPTokenizer.from_pretrained(folder)(
        list(TEXTS), padding=True, truncation=True, max_length=32, return_tensors="pt"
    )
    pixels = CLIPImageProcessor.from_pretrained(folder)(list(seen.transpose(0, 2, 3, 1)), return_tensors="pt")
    with torch.inference_mode():
        logits = CLIPModel.from_pretrained(folder).eval()(**tokens, **pixels).logits_per_image
    assert probs == pytest.approx(logits.softmax(dim=1).numpy(), abs=1e-5)


def without_weights(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def of_another_kind(folder):
    (folder / "config.json").write_text(json.dumps({"model_type": "siglip", "auto_map": {"AutoModel": "evil.Model"}}))


def without_one_tensor(folder):
    tensors = load_file(folder / "model.safetensors")
    del tensors["visual_projection.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def cut_short(folder):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])


def with_a_number_that_is_none(folder):
    tensors = load_file(folder / "model.safetensors")
    tensors["visual_projection.weight"][0, 0] = float("nan")
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (without_weights, "has no model.safetensors; other weights are never opened"),
        (of_another_kind, "describes siglip, expected clip"),
        (without_one_tensor, "lacks visual_projection.weight"),
        (cut_short, "cannot be read"),
        (with_a_number_that_is_none, "not finite"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer.json or vocab.json"),
    ],
)
def test_a_folder_without_a_whole_clip_model_is_refused(folder, tmp_path, damage, found):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    damage(copy)
    with pytest.raises(ModelError, match=rf"{found}.*Name a folder with a CLIP model"):
        prompts.load(str(copy), TEXTS, CPU)(np.zeros((1, 3, 64, 64), np.uint8))


def test_without_the_package_the_line_to_type_is_said(folder, monkeypatch):
    monkeypatch.setattr(prompts.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ResourceError, match="pip install transformers"):
        prompts.load(str(folder), TEXTS, CPU)
