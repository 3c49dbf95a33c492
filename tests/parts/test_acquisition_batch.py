"""Class weights lift what is rare or wrong within bounds; diverse orders take each candidate once and cover the space."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.acquisition import badge, cluster_margin, core_set, edge_evidence, performance
from engine.acquisition.candidates import Candidates
from engine.acquisition.standing import HEAVIEST, LIGHTEST, Past, Standing
from engine.contract.catalogue import CLASS_WEIGHTS, SELECTION

WEIGHTS = {
    name: lambda s, part=part: importlib.import_module(part.module).weights(s, **part.options)
    for name, part in CLASS_WEIGHTS.items()
}
ORDERS = {
    name: importlib.import_module(part.module).order
    for name, part in SELECTION.items()
    if part.module.startswith("engine.acquisition")
}
SHARES = np.array([0.7, 0.25, 0.05, 0.0])


def standing(shares=SHARES, iou=None, past=()):
    return Standing(shares, shares, iou, past)


def candidates(n, seed=0, known=0, clusters=4):
    """Return candidates around a few far places, the first place by far the most crowded."""
    rng = np.random.default_rng(seed)
    crowd = rng.choice(clusters, n, p=[0.85, *[0.15 / (clusters - 1)] * (clusters - 1)])
    features = (10 * np.eye(clusters)[crowd] + rng.normal(size=(n, clusters))).astype(np.float32)
    probs = rng.dirichlet(np.ones(3), n).astype(np.float32)
    return Candidates(features, probs, rng.random(n), features[:known], seed), crowd


@pytest.mark.parametrize("name", WEIGHTS)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=9), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_weights_are_bounded_and_follow_the_order_of_classes(name, shares, seed):
    share = np.array(shares) / max(sum(shares), 1e-9)
    iou = np.random.default_rng(seed).random(len(share))
    found = WEIGHTS[name](standing(share, iou))
    assert found.shape == share.shape
    assert (found >= LIGHTEST - 1e-9).all() and (found <= HEAVIEST + 1e-9).all()
    assert WEIGHTS[name](standing(share[::-1], iou[::-1])) == pytest.approx(found[::-1])


@pytest.mark.parametrize("name", ["classbal", "pixbal", "performance"])
def test_a_rarer_class_weighs_more(name):
    assert (np.diff(WEIGHTS[name](standing())) > 0).all()


def test_weights_calculated_by_hand():
    assert WEIGHTS["equal"](standing()).tolist() == [1, 1, 1, 1]
    classbal, pixbal = WEIGHTS["classbal"](standing()), WEIGHTS["pixbal"](standing())
    assert classbal[2] / classbal[0] == pytest.approx(np.exp(0.65))
    assert pixbal[2] / pixbal[1] == pytest.approx((2.5 / 1.3) ** 2)


def test_a_gap_in_iou_counts_in_proportion_and_with_rarity_on_top():
    iou = np.array([0.9, 0.5, 0.5, 0.8])
    gap, both = WEIGHTS["iou_gap"](standing(iou=iou)), WEIGHTS["performance"](standing(iou=iou))
    assert gap[1] == gap[2] and gap[1] / gap[3] == pytest.approx(2.5)
    assert both[2] > both[1], "of two classes mapped alike the rarer one"
    assert (WEIGHTS["iou_gap"](standing()) == 1).all(), "without answers all classes are alike"


def test_a_class_that_was_asked_for_twice_in_vain_loses_half_of_its_excess_and_others_do_not():
    iou, shares = np.array([0.8, 0.2, 0.2, 0.9]), np.full(4, 0.25)
    free = performance.weights(standing(shares, iou))
    then = Past(np.array([0.5, 0.199, 0.1, 0.9]), np.ones(4, bool))
    patient = performance.weights(standing(shares, iou, (then, then)))
    assert patient[1] == pytest.approx(1 + (free[1] - 1) / 2), "no gain in two rounds"
    assert patient[2] == free[2], "it gained"
    assert (patient[0], patient[3]) == (free[0], free[3]), "light classes have no excess"
    never_offered = Past(then.iou, np.zeros(4, bool))
    assert (performance.weights(standing(shares, iou, (never_offered, then))) == free).all()
    assert (performance.weights(standing(shares, iou, (then,))) == free).all()


def test_an_iou_of_few_pixels_is_drawn_to_the_mean():
    shrunk = performance.shrunken(np.array([0.9, 0.3, np.nan]), np.array([10**9, performance.SHRINKAGE_PX, 0]))
    assert shrunk == pytest.approx([0.9, (0.3 + 0.6) / 2, 0.6], abs=1e-5)


def test_a_border_without_any_image_edge_gains_the_whole_strength():
    assert edge_evidence.factor(np.array([0.0, 0.5, 1.0]), 0.5).tolist() == [1.0, 1.25, 1.5]
    assert (edge_evidence.factor(np.array([0.0, 1.0]), 0.0) == 1).all()


@pytest.mark.parametrize("name", ORDERS)
@given(st.integers(0, 60), st.integers(0, 80), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_an_order_takes_each_candidate_once_and_as_many_as_asked(name, n, count, seed):
    taken = ORDERS[name](candidates(n, seed)[0], count)
    assert len(taken) == min(n, count) == len(set(taken.tolist()))
    assert taken.dtype == np.int64


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_is_the_same_twice_and_does_not_need_distinct_features(name):
    given_twice = candidates(50)[0]
    assert (ORDERS[name](given_twice, 20) == ORDERS[name](given_twice, 20)).all()
    alike = Candidates(np.ones((9, 4), np.float32), np.full((9, 3), 1 / 3, np.float32), np.ones(9), np.ones((0, 4)), 0)
    assert sorted(ORDERS[name](alike, 9).tolist()) == list(range(9))


@pytest.mark.parametrize("name", ORDERS)
def test_a_diverse_batch_reaches_rare_kinds_that_scores_alone_would_miss(name):
    seen, crowd = candidates(400)
    taken = ORDERS[name](seen, 30)
    assert set(crowd[taken]) == set(range(4))
    assert (crowd[taken] == 0).mean() < 0.7, "85 % of the candidates are of one kind"


def test_core_set_halves_the_distance_to_the_nearest_known_place_and_shuns_what_is_known():
    seen, _ = candidates(300, known=5)
    taken = core_set.order(seen, 30)
    assert not set(taken.tolist()) & set(range(5))
    places = np.concatenate([seen.known, seen.features[taken]])
    radius = lambda p: np.sqrt(((seen.features[:, None] - p[None]) ** 2).sum(axis=2)).min(axis=1).max()  # noqa: E731
    assert radius(places) < 0.5 * radius(seen.known)


def test_badge_ignores_units_that_teach_nothing():
    seen, _ = candidates(60)
    sure = seen.probs.copy()
    sure[30:] = [1, 0, 0]
    taken = badge.order(Candidates(seen.features, sure, seen.scores, seen.known, 0), 25)
    assert (taken >= 30).sum() <= 1, "their gradient is zero: one of them stands for all"


def test_badge_starts_with_the_longest_gradient():
    probs = np.array([[0.9, 0.1], [0.5, 0.5], [0.5, 0.5]], np.float32)
    features = np.array([[1, 0], [1, 0], [3, 0]], np.float32)
    assert badge.order(Candidates(features, probs, np.ones(3), features[:0], 0), 1).tolist() == [2]


def test_cluster_margin_takes_from_the_best_scores_only():
    seen, _ = candidates(200)
    best = set(np.argsort(-seen.scores)[: cluster_margin.WIDER * 10].tolist())
    assert set(cluster_margin.order(seen, 10).tolist()) <= best
