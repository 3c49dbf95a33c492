from __future__ import annotations

import io
import json
import os
import pickle
import struct

import pytest
import safetensors.torch
import torch

import models
from engine.contract.errors import DataError, ModelError
from models import checkpoint


@pytest.fixture
def saved(card, network, tmp_path):
    made = network("unet_mobilenet_v2_thin")
    return tmp_path / "m.safetensors", made, checkpoint.save(tmp_path / "m.safetensors", made, card())


def rewrite(path, change):
    """Write the file again with a header that `change` has edited."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


def test_what_was_saved_is_loaded(saved):
    path, made, card = saved
    model = checkpoint.load(path)
    images = torch.randn(1, 3, 40, 64)
    with torch.no_grad():
        assert torch.equal(model.network(images).logits, made(images).logits)
    assert model.card == card == checkpoint.read_card(path)
    assert len(card.hash) == 64
    assert not model.network.training


def test_equal_weights_and_cards_make_equal_bytes(saved, tmp_path):
    path, made, card = saved
    checkpoint.save(tmp_path / "again.safetensors", made.to(memory_format=torch.channels_last), card)
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_half_precision_halves_the_file_and_hardly_moves_the_answer(saved, tmp_path):
    path, made, card = saved
    half = tmp_path / "half.safetensors"
    written = checkpoint.save(half, made, card, half=True)
    model = checkpoint.load(half)
    assert half.stat().st_size < 0.53 * path.stat().st_size
    assert model.card == written == checkpoint.read_card(half) and written.hash != card.hash
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}
    found = checkpoint.load(half, training=True).network.state_dict()
    for name, weights in made.state_dict().items():
        limit = {"rtol": 2**-11, "atol": 2**-25} if weights.ndim > 1 else {"rtol": 0, "atol": 0}
        torch.testing.assert_close(found[name], weights, **limit)


def test_weights_too_large_for_half_precision_are_refused(network, card, tmp_path):
    made = network("unet_mobilenet_v2_thin")
    torch.nn.init.constant_(next(p for p in made.parameters() if p.ndim > 1), 1e5)
    with pytest.raises(ModelError, match="Write it in full precision"):
        checkpoint.save(tmp_path / "m.safetensors", made, card(), half=True)
    assert not list(tmp_path.iterdir())


def test_loading_leaves_the_random_numbers_alone(saved):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    checkpoint.load(saved[0])
    assert torch.equal(torch.rand(1), expected)


def test_mobileone_is_loaded_folded_for_use_and_whole_for_training(card, network, tmp_path):
    made, path = network("unet_mobileone_s0_thin"), tmp_path / "m.safetensors"
    saved_card = checkpoint.save(path, made, card(network="unet_mobileone_s0_thin"))
    folded, whole = checkpoint.load(path).network, checkpoint.load(path, training=True).network
    assert folded.is_reparameterized and not whole.is_reparameterized and whole.training
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(whole.eval()(images).logits, made(images).logits)
    checkpoint.save(tmp_path / "folded.safetensors", folded, saved_card)
    with torch.no_grad():
        again = checkpoint.load(tmp_path / "folded.safetensors").network
        assert torch.equal(again(images).logits, folded(images).logits)
    with pytest.raises(ModelError, match="Take the file that train or distill wrote"):
        checkpoint.load(tmp_path / "folded.safetensors", training=True)


def onnx_bytes() -> bytes:
    return b"\x08\x08\x12\x07pytorch\x1a\x052.5.0" + b"\x00" * 50


def pt_bytes() -> bytes:
    buffer = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty.*Copy the model file again"),
        (pt_bytes(), "can run code and is never loaded.*Edgewise reads the .safetensors"),
        (pickle.dumps({"a": 1}), "can run code and is never loaded"),
        (onnx_bytes(), "an ONNX model"),
        (b"This is a text file.\n" * 40, "a text file"),
        ("Größe, Länge, Fläche, Höhe".encode(), "a text file"),
        (b"II*\x00" + b"\x00" * 100, "Give it as the orthophoto"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Run git lfs pull"),
        (b"<!DOCTYPE html><html>", "Download the model file again"),
        (bytes(range(255, 0, -1)), "no model file that Edgewise knows"),
        (struct.pack("<Q", 2**40) + b"{}", "no model file that Edgewise knows"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(tmp_path, content, words):
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    for read in (checkpoint.load, checkpoint.read_card):
        with pytest.raises(ModelError, match=words):
            read(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        checkpoint.load(tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match="cannot be read"):
        checkpoint.load(tmp_path)


def test_weights_of_another_program_are_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    for metadata in (None, {"format": "pt"}):
        path.write_bytes(safetensors.torch.save({"a": torch.zeros(3)}, metadata))
        with pytest.raises(ModelError, match=r"another program.*train and distill"):
            checkpoint.load(path)


@pytest.mark.parametrize(("keep", "words"), [(0.5, "truncated"), (100, "ends inside its header"), (-1, "truncated")])
def test_a_truncated_file_is_refused(saved, keep, words):
    path = saved[0]
    size = path.stat().st_size
    os.truncate(path, int(keep * size) if isinstance(keep, float) else keep % size)
    for read in (checkpoint.load, checkpoint.read_card):
        with pytest.raises(ModelError, match=f"{words}.*Copy the model file again"):
            read(path)


def test_changed_weights_are_found_by_their_hash(saved):
    path = saved[0]
    data = bytearray(path.read_bytes())
    data[-1000] ^= 0x40
    path.write_bytes(data)
    with pytest.raises(ModelError, match="not those that its card was written for"):
        checkpoint.load(path)


@pytest.mark.parametrize("offsets", [[0, 2**33], [8, 12], [0, 3], [-4, 0], [0, "4"], [0], None])
def test_tensor_offsets_that_lie_are_refused(saved, offsets):
    def lie(header):
        header["encoder.features.0.0.weight"]["data_offsets"] = offsets

    rewrite(saved[0], lie)
    with pytest.raises(ModelError, match=r"damaged|up to 4 GB"):
        checkpoint.read_card(saved[0])


def test_a_file_that_names_too_many_weights_is_refused_before_they_are_read(saved):
    rewrite(saved[0], lambda header: header.update(big={"dtype": "F32", "shape": [2**31], "data_offsets": [0, 2**33]}))
    with pytest.raises(ModelError, match="up to 4 GB"):
        checkpoint.load(saved[0])


@pytest.mark.parametrize("text", ["[" * 100_000, "{", '{"version": NaN}', "[]"])
def test_a_card_that_is_not_one_is_refused(tmp_path, text):
    path = tmp_path / "m.safetensors"
    path.write_bytes(safetensors.torch.save({"a": torch.zeros(1)}, {checkpoint.CARD_KEY: text}))
    with pytest.raises(ModelError, match=r"card.*(again)"):
        checkpoint.load(path)


def test_a_newer_card_is_refused_by_file_name(saved):
    def newer(header):
        values = json.loads(header["__metadata__"]["edgewise"])
        header["__metadata__"]["edgewise"] = json.dumps({**values, "version": 99})

    rewrite(saved[0], newer)
    with pytest.raises(ModelError, match=r"m\.safetensors: .*version 99.*Update Edgewise"):
        checkpoint.load(saved[0])


def test_the_first_tensor_that_does_not_fit_is_named(card, network, tmp_path):
    made, path = network("unet_mobilenet_v2_thin"), tmp_path / "m.safetensors"
    weights = made.state_dict()
    first = next(iter(weights))

    class Changed(torch.nn.Module):
        def __init__(self, tensors):
            super().__init__()
            self.tensors = tensors

        def state_dict(self):
            return self.tensors

    def without():
        return {k: v for k, v in weights.items() if k != first}

    for tensors, words in (
        (without(), f"{first} is missing"),
        ({**weights, first: torch.zeros(1, 2)}, rf"{first} is F32 \[1, 2\], expected F32 \[32, 3, 3, 3\]"),
        ({**weights, first: weights[first].bfloat16()}, f"{first} is BF16"),
        ({**weights, "stowaway": torch.zeros(1)}, "stowaway has no place there"),
    ):
        checkpoint.save(path, Changed(tensors), card())
        with pytest.raises(ModelError, match=words):
            checkpoint.load(path)


def test_a_card_for_other_bands_than_the_weights_is_refused(network, card, tmp_path):
    path = tmp_path / "m.safetensors"
    checkpoint.save(path, network("unet_mobilenet_v2_thin", bands=4), card())
    with pytest.raises(ModelError, match="for 3 bands, 4 classes"):
        checkpoint.load(path)


def test_saving_into_no_folder_leaves_nothing(card, tmp_path):
    with pytest.raises(DataError, match="Create it"):
        checkpoint.save(tmp_path / "none" / "m.safetensors", models.build("unet_resnet18_thin", 3, 4), card())
    assert not list(tmp_path.iterdir())
