"""A pseudo-label is taken where the model is sure enough to have been right on answers it did not learn from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract.legend import UNLABELLED
from engine.pseudolabels import thresholds
from engine.pseudolabels.thresholds import DOMINANCE, LEAST_EVIDENCE_PX, Rule, Tally


def tally(candidates, right, wrong):
    """Return a tally from {(class, byte): pixels} each, of three classes."""
    made = Tally.zeros(3)
    for counts, given_counts in zip((made.candidates, made.right, made.wrong), (candidates, right, wrong), strict=True):
        for (channel, byte), pixels in given_counts.items():
            counts[channel, byte] = pixels
    return made


def test_the_threshold_is_raised_until_the_precision_is_reached_on_held_out_pixels():
    made = tally(
        {(0, b): 100 for b in (190, 210, 230, 250)}, {(0, b): 300 for b in (190, 210, 230, 250)}, {(0, 190): 300, (0, 210): 200}
    )
    assert [thresholds.choose(made, 1.0, p)[0].confidence for p in (0.5, 0.8, 0.9)] == [179, 191, 211]
    assert thresholds.choose(made, 1.0, 0.9)[0].precision == 1.0


def test_a_class_that_never_reaches_the_precision_or_has_no_evidence_gets_nothing():
    few = LEAST_EVIDENCE_PX - 1
    made = tally(
        dict.fromkeys([(0, 250), (1, 250), (2, 250)], 1000), {(0, 250): 800, (1, 250): few, (2, 250): 900}, {(0, 250): 200}
    )
    rules = thresholds.choose(made, 1.0, 0.9)
    assert [r.confidence < 256 for r in rules] == [False, False, True]
    assert rules[0].kept == rules[1].kept == 0 and rules[1].precision is None


@given(st.floats(0.01, 1.0))
def test_no_more_than_the_share_of_a_class_is_taken_and_only_where_the_model_is_sure(share):
    made = tally({(0, b): 10 for b in range(256)}, {(0, b): 1000 for b in range(256)}, {})
    least = thresholds.choose(made, share, 0.9)[0].confidence
    assert 10 * max(256 - least, 0) <= share * 2560
    assert least >= 0.7 * 255


def test_where_a_model_is_as_sure_as_can_be_of_most_its_share_is_drawn_by_chance():
    made = tally({(0, 255): 900, (0, 100): 100}, {(0, 255): 500}, {})
    rule = thresholds.choose(made, 0.2, 0.9)[0]
    assert rule.confidence == 255 and rule.kept == pytest.approx(200 / 900)


def test_the_share_grows_with_the_rounds_to_a_half():
    assert [thresholds.share_in(turn) for turn in (1, 2, 3, 4, 5, 6)] == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.5, 0.5])


def test_a_dominant_class_is_thinned_to_a_multiple_of_the_median():
    made = tally({(0, 250): 100_000, (1, 250): 1000, (2, 250): 1000}, dict.fromkeys([(0, 250), (1, 250), (2, 250)], 500), {})
    rules = thresholds.choose(made, 1.0, 0.9)
    assert rules[0].kept == pytest.approx(DOMINANCE * 1000 / 100_000) and rules[1].kept == rules[2].kept == 1.0


def test_thinning_keeps_its_share_and_does_not_depend_on_the_tiling():
    rules = [Rule(200, 0.25, 1.0, 500), Rule(200, 1.0, 1.0, 500)]
    channels = np.random.default_rng(0).integers(0, 2, (512, 512)).astype(np.uint8)
    channels[:9] = UNLABELLED
    confidence = np.random.default_rng(1).integers(0, 256, channels.shape).astype(np.uint8)
    whole = thresholds.apply(rules, channels, confidence, 64, 128, seed=3)
    part = thresholds.apply(rules, channels[100:300, 37:90], confidence[100:300, 37:90], 164, 165, seed=3)
    assert np.array_equal(part, whole[100:300, 37:90])
    assert (whole[:9] == UNLABELLED).all() and (whole[confidence < 200] == UNLABELLED).all()
    sure = confidence >= 200
    assert (whole[sure & (channels == 1)] == 1).all()
    assert (whole[sure & (channels == 0)] == 0).mean() == pytest.approx(0.25, abs=0.04)
    assert not np.array_equal(whole, thresholds.apply(rules, channels, confidence, 64, 128, seed=4))


def test_pixels_are_counted_by_what_people_said():
    made = Tally.zeros(3)
    made.add(
        np.array([[0, 0, 1, UNLABELLED, 2]], np.uint8), np.array([[200, 200, 210, 255, 255]], np.uint8),
        np.array([[UNLABELLED, 0, 2, 1, UNLABELLED]], np.uint8),
    )  # fmt: skip
    assert made.candidates[0, 200] == made.candidates[2, 255] == made.right[0, 200] == made.wrong[1, 210] == 1
    assert (made.candidates.sum(), made.right.sum(), made.wrong.sum()) == (2, 1, 1)
