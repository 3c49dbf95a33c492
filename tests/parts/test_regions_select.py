import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.geo.tiles import Window
from engine.regions import balance, outline, reason, select, survey, walk
from engine.regions.units import EDGE, REGION, Units

from . import test_regions_units as made


def table(n, classes=3, seed=0, side=2000):
    """Return `n` made-up units, half of them edges, spread over a square."""
    rng = np.random.default_rng(seed)
    place = rng.choice(side * side, n, replace=False)
    row, col = np.divmod(place, side)
    shares = np.sort(rng.random((n, 2)).astype(np.float32), axis=1)
    return Units(
        (np.arange(n) % 2).astype(np.uint8), row.astype(np.int32), col.astype(np.int32), row.astype(np.float32),
        col.astype(np.float32), rng.integers(64, 800, n).astype(np.int32), np.full(n, 32, np.int32),
        rng.random(n).astype(np.float32), np.zeros(n, np.float32), np.zeros(n, np.uint8), np.ones(n, np.uint8),
        shares[:, 1], shares[:, 0], rng.choice(classes, n, p=[0.9, *[0.1 / (classes - 1)] * (classes - 1)]).astype(np.uint8),
        rng.random((n, classes)).astype(np.float32) * 50, (row // 512 * 4 + col // 512).astype(np.int32),
        np.arange(n).astype(np.uint16),
    )  # fmt: skip


def choose(units, budget=60, share=0.5, key="0", **more):
    scores = select.score(units, np.ones(3))
    return select.choose(units, scores, budget, share, key=key, rarest_first=np.array([2, 1, 0]), tiles=16, **more)


@given(st.integers(2, 400), st.integers(1, 300), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_a_batch_has_the_budget_or_all_there_is_and_no_unit_twice(n, budget, share):
    chosen = choose(table(n), budget, share).chosen
    assert len(chosen) == len(set(chosen.tolist())) == min(n, budget)


@given(st.integers(2, 300), st.integers(1, 20_000), st.floats(0, 1), st.sampled_from(["clicks", "pixels"]))
@settings(max_examples=40, deadline=None)
def test_a_batch_never_costs_more_than_its_budget_and_leaves_nothing_that_fits(n, budget, share, unit):
    units = table(n)
    costs = select.costs_in(unit, units)
    chosen = choose(units, budget, share, costs=costs).chosen
    left = np.setdiff1d(np.arange(n), chosen)
    assert costs[chosen].sum() <= budget
    assert not len(left) or costs[left].min() > budget - costs[chosen].sum()


def test_where_clicks_are_paid_cheap_units_come_first():
    units = table(2)
    units = Units(**{**units.__dict__, "line_px": np.array([0, 224], np.int32), "kind": np.array([EDGE, EDGE], np.uint8)})
    assert select.clicks(units).tolist() == [2, 9]
    by_pixels, by_clicks = (select.score(units, np.ones(3), power) for power in (0.0, select.CLICKS_POWER))
    assert by_clicks == pytest.approx(by_pixels / np.sqrt([2, 9]))


def test_edges_get_their_share_and_every_class_its_quota():
    units = table(3000)
    batch = choose(units, budget=120)
    assert (units.kind[batch.chosen] == EDGE).sum() == 60
    for kind in (EDGE, REGION):
        classes = units.quota_class[batch.chosen][units.kind[batch.chosen] == kind]
        assert (np.bincount(classes, minlength=3) >= int(0.66 * 60 / 3)).all()


def test_noise_depends_on_place_and_key_not_on_the_order_of_the_table():
    units = table(500)
    names = lambda u, b: set(zip(u.row[b.chosen].tolist(), u.col[b.chosen].tolist(), strict=True))  # noqa: E731
    shuffled = units.take(np.random.default_rng(1).permutation(500))
    assert names(units, choose(units)) == names(shuffled, choose(shuffled))
    assert names(units, choose(units)) != names(units, choose(units, key="1"))


def test_noise_fades_with_the_rounds():
    units = table(2000)
    means = [choose(units, budget=40, turn=turn).scores.mean() for turn in (1, 3, 5)]
    assert means[0] < means[1] < means[2]


def test_gumbel_noise_has_the_mean_of_its_law():
    noise = select._gumbel(table(20_000), "0")
    assert noise.mean() == pytest.approx(np.euler_gamma, abs=0.03)
    assert noise.var() == pytest.approx(np.pi**2 / 6, rel=0.05)


def test_a_batch_is_spread_where_scores_are_alike():
    near = table(400, side=60)
    far = table(400, seed=1)
    both = Units.join([near, far.take(far.row > 500)])
    batch = choose(both, budget=40, turn=5)
    crowded = (both.row[batch.chosen] < 60) & (both.col[batch.chosen] < 60)
    assert crowded.mean() < 0.3, "half of the candidates lie within one neighbourhood"


def test_units_offered_before_are_not_chosen():
    units = table(100)
    is_open = np.arange(100) >= 50
    assert (choose(units, open_to_choice=is_open).chosen >= 50).all()


def test_a_border_without_an_image_edge_scores_half_more():
    units = table(2)
    plain, doubted = (select.score(
        Units(**{**units.__dict__, "unsupported": np.full(2, share, np.float32)}), np.ones(3)) for share in (0, 1))  # fmt: skip
    assert doubted == pytest.approx(1.5 * plain)


def test_rare_classes_weigh_more_within_bounds():
    weights = balance.by_rarity(np.array([0.7, 0.25, 0.05, 0.0]))
    assert (np.diff(weights) > 0).all()
    assert weights.min() >= balance.LIGHTEST and weights.max() <= balance.HEAVIEST
    expected = (6 * np.array([0.7, 0.25, 0.05, 0.0]) + 1) ** -2.0
    assert weights[2] / weights[1] == pytest.approx(expected[2] / expected[1])


def test_an_iou_of_few_pixels_is_drawn_to_the_mean():
    shrunk = balance.shrunken(np.array([0.9, 0.3, np.nan]), np.array([10**9, balance.SHRINKAGE_PX, 0]))
    assert shrunk == pytest.approx([0.9, (0.3 + 0.6) / 2, 0.6], abs=1e-5)


def test_classes_that_the_model_gets_wrong_weigh_more_at_equal_rarity():
    weights = balance.by_performance(np.array([0.9, 0.5, 0.5]), np.full(3, 1 / 3))
    assert weights[1] == weights[2] == pytest.approx(5 * weights[0])
    assert balance.by_performance(np.ones(2), np.full(2, 0.5)).tolist() == [1, 1], "a perfect model has no preference"


def test_a_class_that_was_asked_for_twice_in_vain_loses_half_of_its_excess_and_others_do_not():
    iou, shares = np.array([0.8, 0.2, 0.2, 0.9]), np.full(4, 0.25)
    free = balance.by_performance(iou, shares)
    then = balance.Past(np.array([0.5, 0.199, 0.1, 0.9]), np.array([True, True, True, True]))
    patient = balance.by_performance(iou, shares, [then, then])
    assert patient[1] == pytest.approx(1 + (free[1] - 1) / 2), "no gain in two rounds"
    assert patient[2] == free[2], "it gained"
    assert (patient[0], patient[3]) == (free[0], free[3]), "light classes have no excess"
    never_offered = balance.Past(then.iou, np.zeros(4, bool))
    assert (balance.by_performance(iou, shares, [never_offered, then]) == free).all()
    assert (balance.by_performance(iou, shares, [then]) == free).all()


def test_the_walk_visits_all_and_is_short():
    rng = np.random.default_rng(0)
    row, col = rng.random(400) * 1000, rng.random(400) * 1000
    order = walk.serpentine(row, col)
    assert sorted(order.tolist()) == list(range(400))
    length = np.hypot(np.diff(row[order]), np.diff(col[order])).sum()
    assert length < 1.1 * np.sqrt(400 * 1e6)
    assert len(walk.serpentine(row[:0], col[:0])) == 0


def test_an_outline_is_exact_with_holes_and_in_world_coordinates():
    mask = np.ones((5, 7), bool)
    mask[2, 3] = mask[0, 0] = False
    shape = outline.polygon(mask, 10, 20, (0.5, 0.0, 1000.0, 0.0, -0.5, 2000.0))
    assert shape.geom_type == "MultiPolygon" and shape.is_valid
    assert shape.area == pytest.approx(mask.sum() * 0.25)
    assert shape.bounds == (1010.0, 1992.5, 1013.5, 1995.0)
    assert len(shape.geoms[0].interiors) == 1
    assert len(shape.geoms[0].exterior.coords) == 7, "no vertex lies on a straight line"


def test_a_reason_is_a_sentence_with_both_classes():
    units = table(20)
    for text in reason.sentences(units, [True] * 20, ["car", "road", "low vegetation"]):
        assert text.endswith(".") and "car" in text and "road" in text


@pytest.mark.parametrize("piece_px", [96, 1000])
def test_a_survey_does_not_depend_on_the_pieces_it_is_fed(piece_px, monkeypatch):
    monkeypatch.setattr(survey, "TILE_PX", 128)
    probs, image, valid = made.scene((200, 260))

    def pieces(side):
        for row in range(0, 200, side):
            for col in range(0, 260, side):
                window = Window(row, col, min(side, 200 - row), min(side, 260 - col))
                yield window, probs[(slice(None), *window.slices)], image[(slice(None), *window.slices)], valid[window.slices]

    whole, pixels = made.tiled(probs, image, valid, 128)
    found = survey.run(pieces(piece_px), 200, 260, made.SETTINGS, workers=2)
    assert np.array_equal(found.units.row, whole.row) and np.array_equal(found.units.uncertainty, whole.uncertainty)
    assert found.mean_probs == pytest.approx(probs[:, valid].mean(axis=1) / 255)
    for unit in range(0, len(found.units), 5):
        window, mask, classes = found.cut_out(unit)
        assert set(classes[mask]) <= set(range(5))
        at = np.argwhere(mask) + np.array([window.row, window.col])
        key = (int(found.units.kind[unit]), int(found.units.row[unit]), int(found.units.col[unit]))
        assert np.array_equal(at, pixels[key])


def test_the_image_is_measured_on_valid_pixels_only():
    image = np.random.default_rng(0).normal(100, 8, (2, 400, 400)).astype(np.float32)
    image[1] = 5.0
    valid = np.zeros((400, 400), bool)
    valid[:, 30:200] = True
    image[:, ~valid] = 1e9

    def read(window):
        return image[(slice(None), *window.slices)], valid[window.slices]

    scale, steepest = survey.measure(read, 400, 400)
    assert scale[0] == pytest.approx(8, rel=0.05) and scale[1] == 1.0
    assert 0 < steepest < 5
