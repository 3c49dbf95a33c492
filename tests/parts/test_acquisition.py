"""Every score is larger where a label teaches more, lies in [0, 1] and knows nothing of the order of classes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import acquisition
from engine.acquisition import bald, entropy, ripu
from engine.contract.catalogue import ACQUISITION

SCORES = {name: acquisition.score(name) for name in ACQUISITION}
OF_ONE_PIXEL = [name for name in SCORES if name not in ("ripu", "ripu_k1", "bald", "random")]


def pixel(*probs):
    return torch.tensor(probs).reshape(1, -1, 1, 1)


def some(classes, passes=1, seed=0, size=9):
    generator = torch.Generator().manual_seed(seed)
    return torch.softmax(4 * torch.randn(passes, classes, size, size + 3, generator=generator), dim=1)


@pytest.mark.parametrize("name", SCORES)
@given(st.integers(2, 9), st.integers(1, 3), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_scores_lie_between_0_and_1(name, classes, passes, seed):
    found = SCORES[name](some(classes, passes, seed))
    assert found.shape == (9, 12)
    assert (found >= 0).all() and (found <= 1 + 1e-5).all()


@pytest.mark.parametrize("name", SCORES)
def test_the_order_of_classes_does_not_matter(name):
    probs = some(5, passes=2)
    assert torch.allclose(SCORES[name](probs), SCORES[name](probs.flip(1)), atol=1e-6)


@pytest.mark.parametrize("name", SCORES)
def test_a_score_does_not_change_what_it_looks_at_and_gives_the_same_twice(name):
    probs = some(4, passes=2)
    before = probs.clone()
    first = SCORES[name](probs)
    assert torch.equal(first, SCORES[name](probs)) and torch.equal(probs, before)


@pytest.mark.parametrize("name", SCORES)
def test_a_turned_map_has_turned_scores(name):
    probs = some(4, passes=2)
    assert torch.allclose(SCORES[name](probs.rot90(1, (2, 3))), SCORES[name](probs).rot90(1, (0, 1)), atol=1e-5)


@pytest.mark.parametrize("name", OF_ONE_PIXEL)
def test_full_doubt_is_1_and_certainty_is_0(name):
    assert SCORES[name](pixel(0.25, 0.25, 0.25, 0.25)).item() == pytest.approx(1, abs=1e-6)
    assert SCORES[name](pixel(1.0, 0.0, 0.0)).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bvsb", 0.3 / 0.6),
        ("margin", 1 - 0.3),
        ("least_confidence", 0.4 * 1.5),
        ("entropy", 0.817345),
        ("one_vs_rest", (0.673012 + 0.610864 + 0.325083) / (3 * 0.636514)),
    ],
)
def test_a_pixel_calculated_by_hand(name, expected):
    assert SCORES[name](pixel(0.6, 0.3, 0.1)).item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", OF_ONE_PIXEL)
@given(st.floats(0.34, 1), st.floats(0.34, 1))
@settings(max_examples=25, deadline=None)
def test_a_surer_model_never_scores_higher(name, one, other):
    doubtful, sure = sorted((one, other))
    scores = [SCORES[name](pixel(p, (1 - p) / 2, (1 - p) / 2)).item() for p in (doubtful, sure)]
    assert scores[0] >= scores[1] - 1e-6


def test_margin_and_bvsb_ignore_classes_that_are_out_of_the_race():
    two, many = pixel(0.5, 0.5, 0.0, 0.0), pixel(0.4, 0.4, 0.1, 0.1)
    assert SCORES["bvsb"](two) == SCORES["bvsb"](many) == 1
    assert SCORES["margin"](two) == SCORES["margin"](many)
    assert SCORES["entropy"](two) < SCORES["entropy"](many)


def test_ripu_is_high_at_a_border_and_0_inside_one_class():
    probs = torch.zeros(1, 2, 40, 40)
    probs[:, 0, :, :20], probs[:, 1, :, :20] = 0.7, 0.3
    probs[:, 0, :, 20:], probs[:, 1, :, 20:] = 0.3, 0.7
    found = ripu.score(probs)
    assert found[20, 19] > 0.8 * entropy.score(probs)[20, 19]
    assert (found[:, : 20 - ripu.WINDOW_PX // 2 - 1] == 0).all()


def test_ripu_is_the_product_of_impurity_and_uncertainty_in_a_window():
    probs = some(3)
    found = ripu.score(probs, window_px=3)
    patch = probs[0, :, 3:6, 4:7]
    shares = torch.bincount(patch.argmax(dim=0).flatten(), minlength=3) / 9
    impurity = torch.special.entr(shares).sum() / torch.log(torch.tensor(3.0))
    uncertainty = entropy.score(probs)[3:6, 4:7].mean()
    assert found[4, 5].item() == pytest.approx((impurity * uncertainty).item(), rel=1e-5)


def test_bald_sees_contradiction_and_not_shared_doubt():
    sure = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).reshape(2, 2, 1, 1)
    assert bald.score(sure).item() == pytest.approx(1)
    assert bald.score(torch.full((2, 2, 1, 1), 0.5)).item() == pytest.approx(0)
    assert bald.score(some(4, passes=1)).abs().max().item() == pytest.approx(0, abs=1e-6), "one pass contradicts nobody"


def test_ripu_of_the_paper_looks_at_3_px_and_ours_at_17():
    probs = some(3, size=20)
    assert torch.equal(SCORES["ripu_k1"](probs), ripu.score(probs, window_px=3))
    assert torch.equal(SCORES["ripu"](probs), ripu.score(probs, window_px=17))


def test_chance_prefers_no_pixel():
    assert (SCORES["random"](some(4)) == 1).all()
