"""Ids, names and colours of classes: unique, in order, and the same after a trip through JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract.errors import DataError
from engine.contract.legend import Legend, LegendClass

NAMES = st.dictionaries(st.integers(0, 254), st.text(min_size=1, max_size=8), min_size=1, max_size=20).filter(
    lambda d: len(set(d.values())) == len(d)
)


@given(NAMES)
def test_a_legend_survives_json_and_is_ordered_by_id(names):
    legend = Legend.from_names(names)
    assert Legend.from_json(legend.to_json()) == legend
    assert list(legend.ids) == sorted(names)


@pytest.mark.parametrize(
    ("classes", "remedy"),
    [
        ([(255, "a", "#000000")], "255 means unlabelled"),
        ([(0, "a", "#000000"), (0, "b", "#000000")], "Give each class its own id"),
        ([(0, "a", "#000000"), (1, "a", "#000000")], "Name each class once"),
        ([(0, "", "#000000")], "Name each class once"),
        ([(0, "a", "red")], "Write it as #rrggbb"),
    ],
)
def test_a_legend_that_cannot_be_is_refused(classes, remedy):
    with pytest.raises(DataError, match=remedy):
        Legend(tuple(LegendClass(*c) for c in classes))


@pytest.mark.parametrize("value", [None, 3, [3], [{"name": "a"}], {"a": 1}])
def test_json_that_is_no_legend_is_refused(value):
    with pytest.raises(DataError, match="list of"):
        Legend.from_json(value)
