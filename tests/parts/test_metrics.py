import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.contract.legend import UNLABELLED
from engine.metrics import Confusion

IDS = st.sampled_from([0, 1, 2, UNLABELLED])
MAPS = arrays(np.uint8, (5, 7), elements=IDS)


def test_figures_of_a_table_counted_by_hand():
    table = Confusion(np.array([[3, 1], [2, 4]]))
    assert table.pixels == 10
    assert table.iou == pytest.approx([3 / 6, 4 / 7])
    assert table.precision == pytest.approx([3 / 5, 4 / 5])
    assert table.recall == pytest.approx([3 / 4, 4 / 6])
    assert table.f1 == pytest.approx([6 / 9, 8 / 11])
    assert table.miou == pytest.approx((3 / 6 + 4 / 7) / 2)
    assert table.mean_f1 == pytest.approx((6 / 9 + 8 / 11) / 2)
    assert table.overall_accuracy == pytest.approx(0.7)


@given(MAPS, MAPS)
def test_unlabelled_pixels_never_count(map_ids, reference_ids):
    both = (map_ids != UNLABELLED) & (reference_ids != UNLABELLED)
    table = Confusion.of(map_ids, reference_ids, 3)
    assert table.pixels == both.sum()
    assert np.trace(table.counts) == (both & (map_ids == reference_ids)).sum()


@given(MAPS, MAPS)
def test_tables_of_parts_add_up_to_the_table_of_the_whole(map_ids, reference_ids):
    parts = [Confusion.of(map_ids[rows], reference_ids[rows], 3) for rows in (slice(0, 2), slice(2, 5))]
    assert parts[0] + parts[1] == Confusion.of(map_ids, reference_ids, 3)


def test_classes_may_have_any_ids_and_rows_are_the_reference():
    table = Confusion.of(np.array([7, 7, 40]), np.array([7, 40, 40]), (7, 40))
    assert table.counts.tolist() == [[1, 0], [1, 1]]


def test_an_absent_class_has_no_figure_and_does_not_enter_the_mean():
    table = Confusion.of(np.array([0, 0, 1]), np.array([0, 0, 1]), 3)
    assert np.isnan(table.iou[2])
    assert table.miou == 1.0


def test_a_class_that_is_mapped_but_not_there_has_iou_zero():
    assert Confusion.of(np.array([2, 0]), np.array([0, 0]), 3).iou[2] == 0.0


def test_without_pixels_every_figure_is_nan():
    table = Confusion.zeros(2)
    assert np.isnan([table.miou, table.mean_f1, table.overall_accuracy, *table.iou]).all()
