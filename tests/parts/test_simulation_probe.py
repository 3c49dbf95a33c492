"""The benchmark's quick learner: what it learns, and what it shows to a selector."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import scenes
from simulation import pool, probe

from engine.pseudolabels import thresholds
from models import checkpoint

HEIGHT, WIDTH = 560, 96
LEFT, RIGHT = 2, 5


@pytest.fixture
def learner(tmp_path, network, card):
    """Return the learner of a pool whose left is dark and whose right is bright, with a hole; the body never learned."""
    torch.set_num_threads(1)
    truth = np.full((HEIGHT, WIDTH), LEFT, np.uint8)
    truth[:, WIDTH // 2 :] = RIGHT
    image = np.where(truth == RIGHT, 200, 40).astype(np.uint8) + np.random.default_rng(0).integers(
        0, 20, (3, HEIGHT, WIDTH), dtype=np.uint8
    )
    truth[100:140, 10:30] = pool.UNLABELLED
    valid = truth != pool.UNLABELLED
    paths = tmp_path / "image.tif", tmp_path / "labels.tif"
    scenes.write_canvas(paths[0], image, valid.astype(np.uint8) * 255)
    scenes.write_labels(paths[1], truth)
    body = tmp_path / "body.safetensors"
    checkpoint.save(body, network("unet_mobilenet_v2_thin"), card())
    return probe.Probe(pool.Pool(*paths, truth, valid, {"test": paths}, body, tmp_path))


def answered(*places):
    """Return labels of squares of 12 px."""
    labels = np.full((HEIGHT, WIDTH), pool.UNLABELLED, np.uint8)
    for row, col, wanted in places:
        labels[row : row + 12, col : col + 12] = wanted
    return labels


BOTH = (20, 10, LEFT), (400, 70, RIGHT)


def test_two_squares_teach_what_differs_everywhere(learner):
    found = learner.figures(learner.learn(answered(*BOTH), seed=0))
    assert found["ground"]["miou"] > 0.9 and found["scenes"]["test"]["iou"].keys() == {str(LEFT), str(RIGHT)}


def test_a_class_without_a_label_is_never_mapped(learner):
    found = learner.figures(learner.learn(answered(BOTH[0]), seed=0))
    assert found["ground"]["iou"][str(RIGHT)] == 0 == found["worst_iou"]


@pytest.mark.parametrize(("tta", "views"), [("none", 1), ("flips", probe.VIEWS)])
def test_a_selector_sees_every_pixel_once_with_image_and_probabilities(learner, tta, views):
    seen = np.zeros((HEIGHT, WIDTH), int)
    with learner.seen(learner.learn(answered(*BOTH), seed=0), tta) as (model, pieces, _):
        assert model.card.legend.ids == (LEFT, RIGHT)
        for window, probs, image, valid in pieces:
            seen[window.slices] += 1
            assert probs.dtype == np.uint8 and probs.shape == ((views,) if views > 1 else ()) + (2, *valid.shape)
            assert (np.abs(probs[..., valid].sum(axis=-2).astype(int) - 255) <= 1).all() and not probs[..., ~valid].any()
            assert image.shape == (3, *valid.shape)
    assert (seen == 1).all()


def test_the_same_labels_and_seed_teach_the_same_and_another_seed_another(learner):
    labels = answered(*BOTH)
    one, again, other = (learner.learn(labels, seed).said for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


NONE = pool.UNLABELLED


def test_what_a_model_says_where_it_is_right_teaches_too_but_no_class_that_nobody_answered(learner):
    labels = answered(*BOTH)
    alone = learner.learn(labels, seed=0)
    told = learner.learn(labels, seed=0, pseudolabels=np.full_like(labels, LEFT))
    assert (told.said.argmax(axis=1) == 0).mean() > (alone.said.argmax(axis=1) == 0).mean() + 0.1
    nothing = learner.learn(labels, seed=0, pseudolabels=np.where(labels == NONE, np.uint8(7), np.uint8(NONE)))
    np.testing.assert_array_equal(nothing.said, alone.said)


def test_pseudo_labels_need_held_out_answers_and_keep_from_answers_and_borders(learner):
    labels, held_out = answered(*BOTH), answered((60, 10, LEFT), (430, 70, RIGHT))
    learned = learner.learn(labels, seed=0)
    assert (learner.pseudolabels(learned, labels, answered(), 1, 0) == NONE).all()
    said = learner.pseudolabels(learned, labels, held_out, 1, 0)
    known = said != NONE
    assert known.any() and set(said[known].tolist()) <= {LEFT, RIGHT}
    assert not known[(labels != NONE) | (held_out != NONE)].any() and not known[:, WIDTH // 2 - 2 : WIDTH // 2 + 2].any()


def test_without_balance_one_threshold_holds_for_all_classes_and_nothing_is_thinned():
    tally = thresholds.Tally.zeros(2)
    tally.candidates[:, 250] = 10_000, 100
    tally.candidates[:, 100] = 90_000, 900
    tally.right[:, 250], tally.wrong[1, 250] = (1800, 200), 200
    apart, alike = (probe.rules_of(tally, 0.2, is_balanced) for is_balanced in (True, False))
    assert [r.confidence for r in apart] == [179, 256], "the second class is wrong too often"
    assert alike[0] == alike[1] and alike[0].kept == 1
