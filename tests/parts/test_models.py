from __future__ import annotations

import huggingface_hub
import pytest
import torch
from torch import nn

import models
from engine.contract.catalogue import NETWORKS
from engine.contract.errors import ModelError, ResourceError
from models import receptive_field, segmenter
from models.outputs import STAGES

STUDENTS = ("unet_resnet18_thin", "unet_mobilenet_v2_thin", "unet_mobileone_s0_thin")
LIGHT = STUDENTS[1:]


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("name", "bands"), [*((n, 4) for n in NETWORKS), *((n, b) for n in (*STUDENTS, "segformer_b2") for b in (1, 3))]
)
def test_every_network_returns_logits_at_the_input_size_and_all_features(name, bands):
    made = models.build(name, bands, 5).eval()
    with torch.no_grad():
        logits, features = made(torch.randn(1, bands, 64, 50))
    assert logits.shape == (1, 5, 64, 50)
    assert list(features) == [*STAGES, "decoder"]
    assert {k: f.shape[1] for k, f in features.items()} == made.feature_channels
    assert [64 // f.shape[2] for f in features.values()][:4] == [4, 8, 16, 32]


@pytest.mark.parametrize("name", ["unet_mobileone_s0_thin", "segformer_b2"])
def test_one_seed_makes_one_network(name):
    first, second, other = (torch.manual_seed(s) and models.build(name, 3, 4).state_dict() for s in (7, 7, 8))
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)


@pytest.mark.parametrize("name", LIGHT)
def test_light_students_run_with_at_most_4_million_parameters(name):
    assert parameters(models.reparameterize(models.build(name, 4, 20))) <= 4_000_000


@pytest.mark.parametrize("name", NETWORKS)
def test_students_are_local_and_teachers_say_whether_they_are(name):
    assert models.build(name, 3, 2).is_local == name.startswith("unet")


def test_folding_leaves_no_branches_and_the_same_outputs(network):
    made = network("unet_mobileone_s0_thin", bands=4)
    folded = models.reparameterize(made)
    images = torch.randn(2, 4, 64, 96)
    with torch.no_grad():
        before, after = made(images), folded(images)
    assert (before.logits - after.logits).abs().max() < 1e-4 * before.logits.abs().max().clamp(min=1.0)
    assert folded.is_reparameterized and not made.is_reparameterized
    assert parameters(folded) < parameters(made) / 2
    assert not any(".rbr_" in name for name in folded.state_dict())


@pytest.mark.parametrize("name", STUDENTS)
@pytest.mark.parametrize("transposed", [False, True])
def test_a_tile_with_the_halo_has_the_logits_of_the_whole_image(network, name, transposed):
    made = models.reparameterize(network(name))
    halo, core = receptive_field.halo_px(made), 64
    whole = torch.randn(1, 3, 2 * halo + core + 192, 32)
    tile = whole[:, :, 96 : 96 + 2 * halo + core]
    with torch.no_grad():
        of_whole, of_tile = (made(i.mT).logits.mT if transposed else made(i).logits for i in (whole, tile))
    expected = of_whole[:, :, 96 + halo : 96 + halo + core]
    assert (of_tile[:, :, halo : halo + core] - expected).abs().max() < 1e-4 * expected.abs().max().clamp(min=1.0)


def test_attention_sees_the_whole_tile(network):
    made = network("segformer_b2")
    images = torch.randn(1, 3, 32, 256)
    changed = images.clone()
    changed[..., :8] += 5.0
    with torch.no_grad():
        moved = (made(images).logits - made(changed).logits).abs().amax(dim=1)[0, 0]
    assert moved[-8:].max() > 1e-5


class _Pyramid(nn.Module):
    """An encoder of one strided convolution, for radii that are known by hand."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.out_channels = (1, 1, 1, 1)

    def forward(self, images):
        return [self.layers(images)] * 4


class _Last(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pixelwise = nn.Identity()

    def forward(self, features):
        return self.pixelwise(features[-1])


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([nn.Conv2d(1, 1, 5, padding=2)], 2),
        ([nn.Conv2d(1, 1, 3, padding=1), nn.ReLU(), nn.Conv2d(1, 1, 3, padding=2, dilation=2)], 3),
        ([nn.Conv2d(1, 1, (1, 7), padding=(0, 3))], 3),
        ([nn.Conv2d(1, 1, 3, stride=2, padding=1), nn.Upsample(scale_factor=2)], 2),
        ([nn.MaxPool2d(2), nn.Upsample(scale_factor=2)], 1),
    ],
)
def test_the_receptive_field_of_small_networks_is_known_by_hand(layers, expected):
    made = segmenter.Segmenter(_Pyramid(*layers), _Last(), nn.Identity(), decoder_channels=1, is_local=True)
    assert receptive_field.radius(made) == expected


def test_the_receptive_field_of_an_unknown_layer_is_not_guessed():
    made = segmenter.Segmenter(_Pyramid(nn.AdaptiveAvgPool2d(1)), _Last(), nn.Identity(), decoder_channels=1, is_local=True)
    with pytest.raises(TypeError, match="not known how far the layer"):
        receptive_field.radius(made)


def test_halos_are_multiples_of_the_stride_and_global_networks_have_no_radius():
    local, attentive = models.build("unet_resnet18_thin", 3, 2), models.build("segformer_b2", 3, 2)
    assert receptive_field.halo_px(local) % local.stride == 0
    assert 0 <= receptive_field.halo_px(local) - receptive_field.radius(local) < local.stride
    assert receptive_field.halo_px(attentive) == receptive_field.BLENDED_HALO_PX
    with pytest.raises(ValueError, match="the whole tile"):
        receptive_field.radius(attentive)


@pytest.mark.parametrize("name", [n for n in NETWORKS if n.startswith("unet")])
def test_no_network_has_the_convolution_that_corrupts_memory(name):
    """OneDNN issue 6035: strided 1x1, fewer than 16 channels, channels-last; a crash here would take pytest with it."""
    for module in models.build(name, 4, 2).modules():
        if type(module) is nn.Conv2d and module.kernel_size == (1, 1) and module.stride != (1, 1):
            assert module.in_channels >= 16


@pytest.mark.parametrize("autocast", [False, True])
def test_mobileone_has_the_same_gradients_with_channels_last_images(network, autocast):
    made = network("unet_mobileone_s0_thin")
    images = torch.randn(2, 3, 64, 64)
    gradients = []
    for layout in (torch.contiguous_format, torch.channels_last):
        made.to(memory_format=layout).zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            made(images.to(memory_format=layout)).logits.float().square().mean().backward()
        gradients.append(made.encoder.stage0.rbr_scale.conv.weight.grad.clone())
    assert torch.isfinite(gradients[1]).all()
    assert torch.allclose(*gradients, rtol=0.1 if autocast else 1e-3, atol=0.1 * gradients[0].abs().max().item())


def test_encoder_weights_that_cannot_be_had_name_the_ways_out(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    for name in ("unet_resnet18_thin", "fpn_convnext_tiny"):
        with pytest.raises(ResourceError, match="--encoder-weights none"):
            models.build(name, 3, 2, encoder_weights="imagenet")


def test_an_unknown_network_is_refused_with_the_nearest_name():
    with pytest.raises(ModelError, match="Did you mean 'unet_resnet50'"):
        models.build("unet_resnet5", 3, 2)
