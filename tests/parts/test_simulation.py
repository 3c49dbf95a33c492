"""The oracle of the active-learning benchmark answers as a person would, and its tables read curves as they are drawn."""

import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import active_learning
from simulation import choosing, oracle, pool, tables

from engine.regions import survey
from engine.regions.units import REGION, RIM_PX

WHOLE = slice(0, 40), slice(0, 40)
MASK = np.ones((40, 40), bool)


def halves(at=20):
    """Return a map of two classes with an upright border."""
    ids = np.zeros((40, 40), np.uint8)
    ids[:, at:] = 3
    return ids


def asked(truth, **more):
    return oracle.Oracle(truth, np.array([0, 3, 5]), **more)


def test_a_region_gets_the_class_that_most_of_it_has_for_one_click():
    answer = asked(halves(15)).region(WHOLE, MASK)
    assert (answer.kind, answer.clicks) == ("class", 1) and (answer.ids == 3).all()
    assert len(answer.ids) == MASK.sum()


def test_ground_that_nobody_knows_stays_without_label():
    answer = asked(np.full((40, 40), 255, np.uint8)).region(WHOLE, MASK)
    assert (answer.kind, answer.clicks) == ("unsure", 1) and (answer.ids == 255).all()


@pytest.mark.parametrize(("shift", "kind"), [(0, "confirm"), (2, "confirm"), (4, "redraw")])
def test_a_border_within_two_pixels_is_confirmed_and_keeps_its_place(shift, kind):
    answer = asked(halves()).edge(WHOLE, MASK, halves(20 + shift))
    assert answer.kind == kind
    drawn = answer.ids.reshape(40, 40)
    assert np.array_equal(drawn, halves(20 + shift) if kind == "confirm" else halves())


def test_a_straight_border_redrawn_costs_two_ends_and_two_classes():
    assert asked(halves()).edge(WHOLE, MASK, halves(30)).clicks == 4


def test_a_corner_costs_a_vertex_more_and_a_ring_its_vertices():
    corner, ring = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    corner[20:, 20:], ring[10:30, 10:30] = 3, 3
    assert oracle.drawing_clicks(corner, MASK) == 3 + 2
    assert oracle.drawing_clicks(ring, MASK) == 4 + 2


def test_an_edge_unit_inside_one_class_costs_one_click():
    answer = asked(np.full((40, 40), 3, np.uint8)).edge(WHOLE, MASK, halves())
    assert (answer.kind, answer.clicks) == ("class", 1) and (answer.ids == 3).all()


def test_a_square_costs_a_click_for_each_class():
    answer = asked(halves()).paint(WHOLE, MASK)
    assert answer.clicks == 2 and np.array_equal(answer.ids.reshape(40, 40), halves())


def test_mistakes_come_in_their_share_and_name_another_class():
    person = asked(halves(0), flip_share=0.2, seed=1)
    answers = [int(person.region(WHOLE, MASK).ids[0]) for _ in range(500)]
    wrong = [a for a in answers if a != 3]
    assert 0.13 < len(wrong) / 500 < 0.27 and set(wrong) == {0, 5}


def test_shifted_borders_are_off_by_about_the_noise_and_keep_the_classes():
    truth = np.kron(np.array([[0, 3], [5, 0]]), np.ones((200, 200))).astype(np.uint8)
    noisy = oracle.shifted(truth, 2.0, seed=0)
    assert set(np.unique(noisy)) == {0, 3, 5} and np.array_equal(oracle.shifted(truth, 0.0, 0), truth)
    off_px = (noisy[:180] != truth[:180]).sum(axis=1).mean()  # of one upright border: the mean of |N(0, 2)|
    assert 0.8 < off_px < 2.6


def row(spent, mious, valid_px=1000):
    return {"valid_px": valid_px, "points": [{"pixels": s, "miou": m} for s, m in zip(spent, mious, strict=True)]}


def test_each_doubling_of_a_budget_counts_alike_in_the_area_and_the_budget_is_interpolated():
    curve = row([10, 20, 40], [0.1, 0.2, 0.4])
    assert tables.aubc(curve, "pixels") == pytest.approx((0.15 + 0.3) / 2)
    assert tables.reached(curve, 0.3 / 0.95) == pytest.approx(0.030)
    assert tables.reached(curve, 0.9) is None


def test_differences_are_paired_by_seed_and_the_smallest_p_is_corrected_most():
    rng = np.random.default_rng(0)
    default = {s: 0.5 + 0.1 * s for s in range(5)}
    areas = {"default": default, "worse": {s: v - 0.05 + 0.001 * rng.random() for s, v in default.items()},
             "alike": {s: v + 0.01 * rng.normal() for s, v in default.items()}}  # fmt: skip
    found = tables.paired(areas)
    assert found["default"] == ("", "")
    assert found["worse"][0] in ("-5.0", "-4.9") and float(found["worse"][1]) < 1e-4
    assert float(found["alike"][1]) > 0.05


@pytest.mark.parametrize(("semi", "share"), [("none", 0.0), ("held_out", 0.2), ("pseudolabel", 0.2)])
def test_answers_are_held_out_only_where_pseudo_labels_need_them(semi, share):
    truth = np.zeros((320, 320), np.uint8)
    ground = pool.Pool(Path(), Path(), truth, truth == 0, {}, Path(), Path())
    run = active_learning.Run("smoke", "dubai", "random_cell", "clicks", "random", semi, 0.0, 0.0, 3, 0)
    campaign = active_learning.Campaign(ground, run)
    squares = [(slice(r, r + 20), slice(c, c + 20)) for r in range(0, 320, 20) for c in range(0, 320, 20)]
    asked = [choosing.Question(s, np.ones((20, 20), bool), None, "region") for s in squares]
    campaign._answer_all(asked, 1e9, np.zeros(1))
    labelled, held_out = (plane != oracle.UNLABELLED for plane in (campaign.labels, campaign.held_out))
    assert (labelled ^ held_out).all() and abs(held_out.mean() - share) < 0.06
    assert campaign.ledger()["pixels"] == 320 * 320, "what is held out is paid for"


BLOCK = 8
BLOCKS = survey.TILE_PX // BLOCK


class Table(SimpleNamespace):
    """The columns of `Units` that are looked at."""

    def __len__(self):
        return len(self.kind)


def blocks(of_rows):
    """Return the survey of a tile cut into regions of 8 x 8 px, and its truth: so many rows of regions for each class."""
    n = sum(of_rows) * BLOCKS
    rows = np.repeat(np.arange(len(of_rows), dtype=np.uint8), np.array(of_rows) * BLOCK)
    truth = rows[:, None].repeat(survey.TILE_PX, axis=1)
    numbers = np.arange(1, n + 1, dtype=np.uint16).reshape(-1, BLOCKS)
    labels = np.zeros((survey.TILE_PX + 2 * RIM_PX,) * 2, np.uint16)
    labels[RIM_PX : RIM_PX + len(truth), RIM_PX:-RIM_PX] = numbers.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
    units = Table(tile=np.zeros(n, int), label=numbers.ravel(), kind=np.full(n, REGION), area_px=np.full(n, BLOCK * BLOCK))
    pixels = zlib.compress(labels.tobytes() + bytes(labels.size))
    return survey.Survey(units, np.zeros(3), truth.size, (pixels,), ((0, 0),)), truth


@pytest.mark.parametrize(("power", "expected"), [(0.0, [20, 20, 20]), (0.5, [30, 20, 10]), (1.0, [39, 17, 4])])
def test_who_knows_the_truth_names_classes_by_a_power_of_their_area_counting_earlier_answers(power, expected):
    found, truth = blocks([36, 16, 4])
    turn = choosing.Turn(1, 0, "clicks", None, (), np.array([3, 1, 1]), np.arange(3))
    is_open = np.arange(len(found.units)) % 7 > 0
    chosen = choosing.by_truth(SimpleNamespace(truth=truth), found, 55, is_open, turn, power)
    assert len(chosen) == len(set(chosen.tolist())) == 55 and is_open[chosen].all()
    after = turn.named + np.bincount(truth[::BLOCK, 0][chosen // BLOCKS], minlength=3)
    assert np.abs(after - expected).max() <= 1


def test_who_knows_the_truth_takes_large_units_first():
    found, truth = blocks([40])
    is_large = np.arange(len(found.units)) % 2 > 0
    found.units.area_px = np.where(is_large, 90, 10)
    turn = choosing.Turn(1, 0, "clicks", None, (), np.zeros(1), np.zeros(1, int))
    chosen = choosing.by_truth(SimpleNamespace(truth=truth), found, 200, np.ones(len(is_large), bool), turn, 0.5)
    assert is_large[chosen].mean() == pytest.approx(0.9, abs=0.08)


def test_a_unit_is_of_the_class_that_most_of_it_has_and_of_none_where_nobody_knows():
    found, truth = blocks([2, 2])
    truth[:BLOCK, :5] = 1
    truth[:BLOCK, BLOCK : BLOCK + 8] = pool.UNLABELLED
    assert choosing.true_classes(found, truth)[:3].tolist() == [1, pool.UNLABELLED, 0]
