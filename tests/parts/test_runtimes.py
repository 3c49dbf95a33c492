"""Every runtime gives the labels of PyTorch, from one exported graph; the race keeps the fastest that agrees."""

import importlib

import numpy as np
import pytest
import torch
from torch import nn

from engine.contract.catalogue import RUNTIMES
from engine.contract.errors import ModelError, ResourceError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.inference import execute, figures, plan, predict, prepare, race, remembered, seam
from engine.inference.labelling import VIEWS, Labels, Probabilities
from engine.inference.race import Choice
from models.card import Card
from models.model import Model
from models.outputs import Outputs

CPU = torch.device("cpu")
LEGEND = Legend.from_names({2: "building", 5: "road", 9: "water"})


class Ground:
    def __init__(self, data):
        from affine import Affine

        from engine.geo.geobox import GeoBox

        self.data, self.valid = data, np.ones(data.shape[1:], bool)
        self.geobox = GeoBox("", Affine.identity(), *data.shape[1:])
        self.count, self.dtype, self.block_shape = len(data), data.dtype, (64, 64)

    def read(self, window):
        rows, cols = window.slices
        return self.data[:, rows, cols], self.valid[rows, cols]


class Local(nn.Module):
    """Sees 6 px around: three 5 x 5 convolutions."""

    stride, is_local = 8, True

    def __init__(self):
        super().__init__()
        layers = [
            nn.Conv2d(3, 6, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(6, 6, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(6, 3, 5, padding=2),
        ]
        self.layers = nn.Sequential(*layers)

    def forward(self, images):
        return Outputs(self.layers(images), {})


def card(**changes):
    values = {
        "network": "unet_resnet18", "bands": ("red", "green", "blue"), "scaling": ((120.0, 60.0),) * 3, "dtype": "uint8",
        "gsd_m": None, "legend": LEGEND, "halo_px": 8, "tile_px": 64, "grade": "exact", "hash": "abc",
    }  # fmt: skip
    return Card(**{**values, **changes})


@pytest.fixture
def model():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return Model(Local().eval(), card())


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEWISE_CACHE", str(tmp_path))


@pytest.fixture
def ground():
    return Ground(np.random.default_rng(0).integers(0, 255, (3, 1040, 1040), dtype=np.uint8))


def batch(height=48, width=64, count=2):
    pixels = np.random.default_rng(0).integers(0, 255, (count, 4, height, width), dtype=np.uint8)
    pixels[:, 3] = 1
    pixels[0, 3, :9] = 0
    return pixels


@pytest.mark.parametrize("views", ["none", "d4"])
@pytest.mark.parametrize("runtime", [r for r in RUNTIMES if r != "torch"])
def test_a_runtime_gives_the_labels_of_pytorch(model, runtime, views):
    module = importlib.import_module(RUNTIMES[runtime].module)
    if why := module.missing():
        pytest.skip(why)
    pixels = batch()
    ids, percent = module.compile(lambda dtype: Labels(model, dtype, views), pixels, "fp32", CPU)(pixels)()
    with torch.inference_mode():
        expected_ids, expected_percent = (r.numpy() for r in Labels(model, views=views)(torch.from_numpy(pixels)))
    np.testing.assert_array_equal(ids, expected_ids)
    assert ids.dtype == percent.dtype == np.uint8
    assert np.abs(percent.astype(int) - expected_percent).max() <= 1


@pytest.mark.parametrize("precision", ["bf16"])
def test_half_the_bits_change_few_labels(model, precision):
    module = importlib.import_module(RUNTIMES["torch"].module)
    if precision not in module.precisions(CPU):
        pytest.skip("This processor does not compute in bfloat16.")
    pixels = batch(128, 128)
    exact, near = (
        execute.runner_maker(model, Labels, Ground(pixels[0, :3]), CPU, precision=p)(
            plan.cut_raster(128, 128, core=128, halo=0, stride=8)
        )(pixels)()
        for p in ("fp32", precision)
    )
    assert (exact[0] != near[0]).mean() < 0.05
    assert model.network.layers[0].weight.dtype == torch.float32  # the model itself is left as it is


@pytest.mark.parametrize("views", list(VIEWS))
def test_views_do_not_change_what_a_symmetric_network_says(views):
    network = Local().eval()
    for layer in network.layers[::2]:
        layer.weight.data = layer.weight.data.mean(dim=(2, 3), keepdim=True).expand_as(layer.weight).clone()
    symmetric, pixels = Model(network, card()), torch.from_numpy(batch())
    with torch.inference_mode():
        (expected,), (seen,) = Probabilities(symmetric)(pixels), Probabilities(symmetric, views=views)(pixels)
    torch.testing.assert_close(seen, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("classes", [2, 3, 40])
def test_equal_scores_go_to_the_first_class(classes):
    class Flat(nn.Module):
        stride, is_local = 1, True

        def forward(self, images):
            return Outputs(torch.zeros(len(images), classes, *images.shape[2:]), {})

    legend = Legend.from_names([f"class {i}" for i in range(classes)])
    ids, percent = Labels(Model(Flat(), card(legend=legend)))(torch.from_numpy(batch()))
    assert (ids == 0).all() and (percent == round(100 / classes)).all()


@pytest.mark.parametrize("grade", ["exact", "blended"])
def test_tiles_with_refined_borders_give_the_labels_of_one_pass(model, grade):
    source = Ground(batch(200, 312)[0, :3])
    ready = prepare.prepare(model, source, CPU, Reporter(print), grade=grade, refine="guided", runtime="torch", tile=128)
    assert ready.choice.precision == "fp32"
    found = np.concatenate([b.classes for b in predict.bands(model, source, Reporter(print), ready.plan, ready.make_runner)])
    with torch.inference_mode():
        pixels = np.concatenate([source.data, np.ones_like(source.data[:1])])
        expected, _ = Labels(model, refine="guided")(torch.from_numpy(pixels[None]))
        plain, _ = Labels(model)(torch.from_numpy(pixels[None]))
    differing = (found != expected[0].numpy()).mean()
    assert differing == 0 if grade == "exact" else differing < 0.02
    assert (expected != plain).float().mean() > 0.02


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_every_runtime_refines_to_the_same_labels(model, runtime):
    pixels = batch()
    module = importlib.import_module(RUNTIMES[runtime].module)
    ids, _ = module.compile(lambda dtype: Labels(model, dtype, refine="guided"), pixels, "fp32", CPU)(pixels)()
    with torch.inference_mode():
        expected, _ = Labels(model, refine="guided")(torch.from_numpy(pixels))
    assert (ids != expected.numpy()).mean() < 1e-4


def racing(monkeypatch, speeds, labels):
    """Let runners of known speed and labels race."""
    monkeypatch.setattr(
        race, "candidates", lambda *_: [Choice("torch", "fp32"), Choice("torch", "bf16"), Choice("openvino", "bf16")]
    )
    monkeypatch.setattr(race, "RACE_WORTH_SECONDS", 0.0)
    now = {"s": 0.0}
    monkeypatch.setattr(race, "_clock", lambda: lambda: now["s"])

    def make(choice):
        def run(pixels):
            now["s"] += 1 / speeds[choice.runtime, choice.precision]
            ids = np.zeros(pixels[:, 0].shape, np.uint8)
            ids[:, : labels[choice.runtime, choice.precision]] = 1
            return lambda: (ids, ids)

        return lambda _: run

    return make


@pytest.mark.parametrize(("differing_rows", "winner"), [(0, "openvino"), (50, "torch")])
def test_the_fastest_whose_labels_agree_wins_and_is_remembered(model, ground, monkeypatch, differing_rows, winner):
    speeds = {("torch", "fp32"): 1.0, ("torch", "bf16"): 2.0, ("openvino", "bf16"): 8.0}
    labels = {("torch", "fp32"): 0, ("torch", "bf16"): 0, ("openvino", "bf16"): differing_rows}
    make, events = racing(monkeypatch, speeds, labels), []
    tiles = plan.cut_raster(1040, 1040, core=256, halo=8, stride=8)
    asked = {"runtime": "auto", "precision": "auto"}
    won = race.choose(model, ground, tiles, CPU, Reporter(events.append), make, **asked)
    assert (won.runtime, won.precision) == (winner, "bf16") and len(events) == 4
    again = race.choose(model, ground, tiles, CPU, Reporter(events.append), None, **asked)
    assert again == won and len(events) == 4


def test_pytorch_does_not_race_where_the_card_says_whose_labels_are_the_same(model, ground, monkeypatch):
    known = Model(model.network, card(measured={"runtimes": {"openvino fp32": 0.0, "openvino bf16": 0.001}}))
    speeds, rows = {("openvino", "fp32"): 2.0, ("openvino", "bf16"): 8.0}, {("openvino", "fp32"): 3, ("openvino", "bf16"): 3}
    make, events = racing(monkeypatch, speeds, rows), []
    monkeypatch.setattr(race, "candidates", lambda *_: [Choice("torch", "fp32"), *(Choice(*way) for way in speeds)])
    monkeypatch.setattr(race, "RACE_WORTH_MPX", 0.0)
    tiles = plan.cut_raster(1040, 1040, core=256, halo=8, stride=8)
    won = race.choose(known, ground, tiles, CPU, Reporter(events.append), make, runtime="auto", precision="auto")
    assert (won.runtime, won.precision, won.disagreement) == ("openvino", "bf16", 0.0)
    assert not any("PyTorch" in str(event) for event in events)


def test_a_short_run_is_not_raced(model, ground):
    tiles = plan.cut_raster(1040, 1040, core=1040, halo=8, stride=8)
    won = race.choose(model, ground, tiles, CPU, Reporter(print), None, runtime="auto", precision="auto")
    assert (won.runtime, won.precision) == ("torch", "fp32")


@pytest.mark.parametrize(
    ("agreed", "expected"),
    [
        ({"openvino bf16": 0.004, "openvino fp32": 0.0}, ("openvino", "bf16")),
        ({"openvino bf16": 0.02, "openvino fp32": 0.0}, ("openvino", "fp32")),
        ({"openvino bf16": 0.02, "onnxruntime fp32": 1e-5}, ("onnxruntime", "fp32")),
        ({"torch bf16": 0.0}, ("torch", "fp32")),
    ],
)
def test_a_run_of_middle_length_takes_what_usually_wins_if_its_labels_agree(model, ground, monkeypatch, agreed, expected):
    field = [("torch", "fp32"), ("torch", "bf16"), ("openvino", "bf16"), ("openvino", "fp32"), ("onnxruntime", "fp32")]
    monkeypatch.setattr(race, "candidates", lambda *_: [Choice(*way) for way in field])
    known = Model(model.network, card(measured={"runtimes": agreed}))
    tiles = plan.cut_raster(1040, 1040, core=256, halo=8, stride=8)

    def make(choice):
        return execute.runner_maker(known, Labels, ground, CPU, runtime=choice.runtime, precision=choice.precision)

    won = race.choose(known, ground, tiles, CPU, Reporter(print), make, runtime="auto", precision="auto")
    assert (won.runtime, won.precision) == expected


def test_a_precision_that_the_machine_lacks_is_refused():
    with pytest.raises(SpecError, match="Use --precision auto"):
        race.candidates("onnxruntime", "fp16", CPU)


def test_a_runtime_that_is_not_installed_is_refused(monkeypatch):
    from engine.runtimes import openvino

    monkeypatch.setattr(openvino, "missing", lambda: "OpenVINO is not installed.")
    with pytest.raises(ResourceError, match="--runtime auto"):
        race.candidates("openvino", "auto", CPU)
    assert all(c.runtime != "openvino" for c in race.candidates("auto", "auto", CPU))


def test_what_cannot_be_remembered_is_no_error(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EDGEWISE_CACHE", str(tmp_path / "file" / "below"))
    remembered.remember(1, "race", "key")
    assert remembered.recall("race", "key") is None


def test_the_exact_grade_of_a_network_with_global_parts_is_refused(model, ground):
    model.network.is_local = False
    with pytest.raises(ModelError, match="Use --grade blended"):
        prepare.prepare(model, ground, CPU, Reporter(print), grade="exact")


def test_the_exact_grade_takes_the_halo_of_the_card_and_32_bits(model, ground):
    ready = prepare.prepare(model, ground, CPU, Reporter(print), grade="exact", runtime="torch")
    assert (ready.plan.halo, ready.choice.precision) == (model.card.halo_px, "fp32")


def test_a_later_run_takes_over_what_the_first_one_chose(model, ground):
    first = prepare.prepare(model, ground, CPU, Reporter(print), tile=128, runtime="torch", precision="fp32")
    again = prepare.prepare(model, ground, CPU, Reporter(print), chosen=first.chosen)
    assert (again.plan, again.choice) == (first.plan, first.choice)


def test_the_probe_finds_how_wide_a_halo_changes_no_label(model, ground):
    """The card claims 64 px, the network sees 6: from 32 px on nothing changes."""
    wide = Model(model.network, card(halo_px=64, tile_px=256))
    measured = seam.curve(wide, ground, Reporter(print), execute.runner_maker(wide, Labels, ground, CPU), tiles=1)
    assert measured["0"] > 0 and measured["32"] == 0.0 and list(measured) == ["0", "32"]
    assert seam.seamless_halo_px(measured, 64, 512) == 32


@pytest.mark.parametrize(("core_px", "halo_px"), [(512, 192), (1024, 128), (4096, 128)])
def test_a_larger_core_needs_a_narrower_halo(core_px, halo_px):
    measured = {"0": 2.9e-2, "32": 9.1e-3, "64": 3.4e-3, "128": 1.6e-4, "192": 6e-7}  # U-Net ResNet-18 on a real orthophoto
    assert seam.seamless_halo_px(measured, 320, core_px) == halo_px


def test_a_network_that_was_not_probed_gets_the_exact_halo():
    assert seam.seamless_halo_px({}, 320, 1024) == 320


@pytest.mark.parametrize("tile", [0, 256, 512])
def test_the_seamless_halo_is_that_of_the_cores_it_leaves(ground, model, tile):
    """A halo that is enough around large cores is not around the small ones of a small tile."""
    measured = {"seam": {"0": 1e-2, "8": 4e-4, "16": 1.5e-4, "24": 6e-5}}
    probed = Model(model.network, card(halo_px=32, tile_px=256, measured=measured))
    found = prepare.prepare(probed, ground, CPU, Reporter(print), tile=tile, runtime="torch", precision="fp32").plan
    assert found.halo == seam.seamless_halo_px(measured["seam"], 32, found.core_px)


@pytest.mark.parametrize("is_local", [True, False])
def test_the_figures_of_a_card_tell_what_halo_and_runtime_change(model, ground, monkeypatch, is_local):
    monkeypatch.setattr(race, "candidates", lambda *_: [Choice("torch", "fp32"), Choice("onnxruntime", "fp32")])
    model.network.is_local = is_local
    wide = Model(model.network, card(halo_px=64, tile_px=256))
    found = figures.measure(wide, ground, CPU, Reporter(print))
    assert found["runtimes"]["onnxruntime fp32"] < 1e-4 and ("seam" in found) == is_local
    assert not is_local or found["seam"]["32"] == 0.0 < found["seam"]["0"]
