"""A request is refused where it is wrong, and comes back from its own record as it was."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import catalogue, extent, params, shipped
from engine.contract.errors import DataError, SpecError
from engine.contract.params import KINDS
from engine.contract.spec import Spec
from engine.contract.specs import SPECS, SegmentSpec, TrainSpec


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.job)
def test_every_parameter_has_kind_label_and_help(spec):
    assert spec.job and spec.title and spec.group and spec.__doc__
    for param in spec.params():
        assert param.kind in KINDS
        assert param.label and param.help.rstrip().endswith("."), param.name
        assert param.name == param.name.lower()


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.job)
def test_defaults_pass_their_own_check(spec):
    for param in spec.params():
        if not param.required and param.default not in ("", ()):
            assert getattr(spec.from_dict(_minimal(spec)), param.name) == param.default


def _minimal(spec):
    return {p.name: [f"{p.name}.{(p.suffixes or ('x',))[0]}"] if p.multiple else f"{p.name}.{(p.suffixes or ('x',))[0]}"
            for p in spec.params() if p.required or p.shipped}  # fmt: skip


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.job)
def test_a_request_survives_its_record(spec):
    request = spec.from_dict(_minimal(spec))
    assert spec.from_dict(request.to_dict()) == request


ASKS_FOR_THE_SHIPPED = [spec for spec in SPECS if any(p.shipped for p in spec.params())]


@pytest.mark.parametrize("spec", ASKS_FOR_THE_SHIPPED, ids=lambda s: s.job)
def test_the_shipped_student_stands_in_for_a_model_that_is_not_given(spec, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    values = {**_minimal(spec), "model": ""}
    with pytest.raises(SpecError, match=r"Model is missing, and none ships .* Give a model file with --model"):
        spec.from_dict(values)
    (tmp_path / "town.safetensors").touch()
    request = spec.from_dict(values)
    assert request.model == str(tmp_path / "town.safetensors")
    assert request.model in request.inputs() and request.model in request.to_flags()  # the record names and weighs it
    assert spec.from_dict({**values, "model": "mine.safetensors"}).model.endswith("mine.safetensors")


def test_segment_suggest_and_bench_do_with_the_shipped_student():
    assert {"segment", "suggest", "bench"} <= {spec.job for spec in ASKS_FOR_THE_SHIPPED}


@given(st.integers(1, 10**6), st.floats(1e-7, 1.0), st.booleans(), st.sampled_from(sorted(catalogue.NETWORKS)))
def test_numbers_may_arrive_as_text(iterations, rate, balanced, network):
    plain = {**_minimal(TrainSpec), "iterations": iterations, "learning_rate": rate, "balanced": balanced, "network": network}
    assert TrainSpec.from_dict({k: v if isinstance(v, list) else str(v) for k, v in plain.items()}) == TrainSpec.from_dict(
        plain
    )


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"imag": "a.tif"}, "Did you mean 'image'"),
        ({"tile": "big"}, "expected a whole number"),
        ({"tile": 1.5}, "expected a whole number"),
        ({"tile": 9999}, "expected a number from 0 to 8192"),
        ({"tile": float("nan")}, "whole number|from 0 to 8192"),
        ({"device": "gpu"}, "there is no 'gpu'"),
        ({"extent": "1,2,3"}, "expected xmin,ymin,xmax,ymax, or xmin,xmax,ymin,ymax .* Correct --extent"),
        ({"extent": "5,2,3,4"}, "expected xmin,ymin,xmax,ymax"),
        ({"bands": "red 'green"}, "expected words with every quote closed"),
        ({"image": ""}, "Orthophoto is missing. Give it with --image"),
    ],
)
def test_wrong_values_are_refused_with_the_remedy(values, remedy):
    with pytest.raises(SpecError, match=remedy):
        SegmentSpec.from_dict({**_minimal(SegmentSpec), **values})


@pytest.mark.parametrize(
    ("text", "box", "crs"),
    [
        ("1,2,3,4", (1, 2, 3, 4), ""),
        (" -1.5, -2 ,3e1,.5 EPSG:4326", (-1.5, -2, 30, 0.5), "EPSG:4326"),
        ("1,2,3,4,+proj=utm +zone=33", (1, 2, 3, 4), "+proj=utm +zone=33"),
        ("1.0,3.0,2.0,4.0 [EPSG:32633]", (1, 2, 3, 4), "EPSG:32633"),
        ("1,3,2,4 []", (1, 2, 3, 4), ""),
    ],
)
def test_an_extent_is_read_as_people_and_as_qgis_write_it(text, box, crs):
    assert extent.split(text) == (box, crs)
    kept = SegmentSpec.from_dict({**_minimal(SegmentSpec), "extent": text}).extent
    assert extent.split(kept) == (box, crs) and "[" not in kept


@pytest.mark.parametrize("given", ["nir 'band 2' 1", "nir,'band 2',1", ["nir", "band 2", "1"], ["nir", "band 2", 1]])
def test_words_are_set_apart_by_spaces_or_commas(given):
    assert SegmentSpec.from_dict({**_minimal(SegmentSpec), "bands": given}).bands == ("nir", "band 2", "1")


def test_an_output_that_is_an_input_is_refused(tmp_path):
    image = tmp_path / "a.tif"
    image.write_bytes(b"x")
    (tmp_path / "link.tif").symlink_to(image)
    model = tmp_path / "m.safetensors"
    model.write_bytes(b"x")
    for name in ("a.tif", "link.tif"):
        spec = SegmentSpec.from_dict({"image": str(image), "model": str(model), "output": str(tmp_path / name)})
        with pytest.raises(SpecError, match="inputs are never changed"):
            spec.check()


def test_two_outputs_in_one_file_are_refused(tmp_path):
    for name in ("a.tif", "m.safetensors"):
        (tmp_path / name).write_bytes(b"x")
    spec = SegmentSpec.from_dict(
        {"image": "a.tif", "model": "m.safetensors", "output": "o.tif", "confidence": "o.tif"}, base=str(tmp_path)
    )
    with pytest.raises(SpecError, match="are the same file"):
        spec.check()


def test_missing_inputs_folders_and_suffixes_are_refused(tmp_path):
    for name in ("a.tif", "m.safetensors"):
        (tmp_path / name).write_bytes(b"x")
    good = {"image": "a.tif", "model": "m.safetensors", "output": "o.tif"}

    def check(**values):
        SegmentSpec.from_dict({**good, **values}, base=str(tmp_path)).check()

    check()
    with pytest.raises(DataError, match=r"b\.tif does not exist"):
        check(image="b.tif")
    with pytest.raises(DataError, match="Create it or choose another output"):
        check(output="nowhere/o.tif")
    with pytest.raises(SpecError, match=r"should end in \.tif"):
        check(output="o.png")


def test_a_layer_of_a_file_is_there_when_the_file_is(tmp_path):
    for name in ("a.tif", "m.safetensors", "labels.gpkg"):
        (tmp_path / name).write_bytes(b"x")
    given = {"images": ["a.tif"], "labels": ["labels.gpkg|layername=parcels"], "output": "m2.safetensors"}
    TrainSpec.from_dict(given, base=str(tmp_path)).check()
    with pytest.raises(DataError, match="does not exist"):
        TrainSpec.from_dict({**given, "labels": ["other.gpkg|layername=parcels"]}, base=str(tmp_path)).check()


def test_gdal_addresses_are_no_local_files():
    assert not params.is_local("/vsicurl/x.tif")
    assert not params.is_local("GPKG:a.gpkg:table")
    assert params.is_local("/data/a.tif")
    assert params.is_local("C:\\data\\a.tif")


def test_flags_repeat_the_request(tmp_path):
    from engine.run import parse

    spec = TrainSpec.from_dict({**_minimal(TrainSpec), "balanced": False, "iterations": 7, "seed": 3}, base=str(tmp_path))
    assert parse(spec.to_flags())[1] == spec


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("dr", "Did you mean 'drd'"),
        ("drd=x", "Write it as drd=1.0"),
        ("drd=-1", "Write it as drd"),
        ("drd,drd", "stands twice"),
    ],
)
def test_wrong_weights_are_refused(text, remedy):
    with pytest.raises(SpecError, match=remedy):
        catalogue.parse_weights(text, catalogue.DISTILLATION, "Distillation")


def test_weights_default_to_one():
    assert catalogue.parse_weights("drd=0.5, pixel_kd", catalogue.DISTILLATION, "x") == {"drd": 0.5, "pixel_kd": 1.0}


def test_a_spec_made_of_fields_needs_nothing_else():
    @dataclass(frozen=True)
    class Small(Spec):
        """Small."""

        job = "small"
        side: int = params.integer("Side", "Side in pixels.", 3, 1, 9)

    assert Small.from_dict({"side": "4"}).side == 4
