from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.errors import ModelError
from models.card import VERSION, Card


def test_a_card_survives_json(card):
    for fields in ({}, {"gsd_m": None}, {"grade": "blended", "measured": {"miou": 0.7, "iou": [0.1, 0.2]}}):
        made = card(**fields)
        assert Card.from_json(json.loads(json.dumps(made.to_json()))) == made


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("network", "unet_of_tomorrow", "network 'unet_of_tomorrow'.*Update Edgewise"),
        ("bands", [], "expected 1 to 1024 names"),
        ("bands", ["red", "", "blue"], "expected 1 to 1024 names"),
        ("scaling", [[0, 1], [0, 1]], "for each band an offset and a scale above 0"),
        ("scaling", [[0, 1], [0, 0], [0, 1]], "a scale above 0"),
        ("scaling", [[0, 1], [0, -2], [0, 1]], "a scale above 0"),
        ("scaling", [[0, 1], [0, float("nan")], [0, 1]], "two finite numbers"),
        ("scaling", [[0, 1], [10**400, 1], [0, 1]], "two finite numbers"),
        ("scaling", [[0, 1], [0, 1, 2], [0, 1]], "two finite numbers"),
        ("scaling", [[0, 1], ["0", 1], [0, 1]], "two finite numbers"),
        ("dtype", "complex64", "expected one of uint8"),
        ("gsd_m", [0.4, 0.2], "a smallest and a largest distance"),
        ("gsd_m", [0, 0.2], "a smallest and a largest distance"),
        ("gsd_m", "0.2", "two finite numbers"),
        ("legend", [{"id": 0, "name": "only"}], "at least two classes"),
        ("legend", [{"id": 300, "name": "a"}, {"id": 1, "name": "b"}], "ids go from 0 to 254"),
        ("legend", "ground", "expected a list"),
        ("halo_px", -1, "halo_px -1"),
        ("halo_px", 1.5, "a whole number"),
        ("tile_px", True, "a whole number"),
        ("tile_px", 64, "more than two halos"),
        ("grade", "perfect", "exact, seamless, blended"),
        ("training", [], "a table of fields"),
        ("measured", None, "a table of fields"),
        ("measured", {"seam": {"wide": 0.1}}, "shares from 0 to 1"),
        ("measured", {"seam": {"9" * 5000: 0.1}}, "shares from 0 to 1"),
        ("measured", {"runtimes": {"openvino bf16": "few"}}, "shares from 0 to 1"),
        ("licence", 3, "expected text"),
        ("hash", None, "expected text"),
        ("version", "1", f"expected {VERSION}"),
        ("version", None, f"expected {VERSION}"),
    ],
)
def test_a_field_that_no_model_can_have_is_refused_by_name(card, field, value, words):
    values = {**card().to_json(), field: value}
    with pytest.raises(ModelError, match=words):
        Card.from_json(values)


def test_a_newer_card_is_refused_with_the_remedy(card):
    with pytest.raises(ModelError, match="Update Edgewise"):
        Card.from_json({**card().to_json(), "version": VERSION + 1})


def test_cards_from_before_blending_are_read(card):
    assert Card.from_json({**card().to_json(), "grade": "cropped"}).grade == "blended"


@pytest.mark.parametrize("field", ["network", "bands", "scaling", "legend", "halo_px", "training", "hash"])
def test_a_missing_field_is_named(card, field):
    values = card().to_json()
    del values[field]
    with pytest.raises(ModelError, match=f"has no {field}"):
        Card.from_json(values)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
FIELDS = (
    "network", "bands", "scaling", "dtype", "gsd_m", "legend", "halo_px", "tile_px", "grade", "training", "measured",
    "licence", "edgewise", "hash", "version",
)  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(FIELDS), JSON)
def test_any_json_in_any_field_is_read_or_refused_in_words(field, value):
    values = {
        "version": 1, "network": "unet_resnet18", "bands": ["a"], "scaling": [[0, 1]], "dtype": "uint8", "gsd_m": None,
        "legend": [{"id": 0, "name": "a"}, {"id": 1, "name": "b"}], "halo_px": 32, "tile_px": 96, "grade": "exact",
        "training": {}, "measured": {}, "licence": "", "edgewise": "", "hash": "",
    }  # fmt: skip
    try:
        Card.from_json({**values, field: value})
    except ModelError as error:
        assert error.text.startswith("The model's card")
