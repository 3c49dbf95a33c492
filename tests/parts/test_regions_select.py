import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.geo.tiles import Window
from engine.regions import cold_start, mix, outline, reason, select, survey, walk
from engine.regions.units import EDGE, MIN_REGION_PX, REGION, Units

from . import test_regions_units as made


def table(n, classes=3, seed=0, side=2000):
    """Return `n` made-up units, half of them edges, spread over a square."""
    rng = np.random.default_rng(seed)
    place = rng.choice(side * side, n, replace=False)
    row, col = np.divmod(place, side)
    shares = np.sort(rng.random((n, classes)).astype(np.float32), axis=1)[:, ::-1]
    return Units(
        (np.arange(n) % 2).astype(np.uint8), row.astype(np.int32), col.astype(np.int32), row.astype(np.float32),
        col.astype(np.float32), rng.integers(64, 800, n).astype(np.int32), np.full(n, 32, np.int32),
        rng.random(n).astype(np.float32), np.zeros(n, np.float32), np.zeros(n, np.uint8), np.ones(n, np.uint8),
        shares, rng.choice(classes, n, p=[0.9, *[0.1 / (classes - 1)] * (classes - 1)]).astype(np.uint8),
        rng.random((n, classes)).astype(np.float32) * 50, rng.random((n, classes)).astype(np.float32),
        rng.normal(size=(n, 7)).astype(np.float32), (row // 512 * 4 + col // 512).astype(np.int32),
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


def test_even_a_batch_smaller_than_a_unit_for_each_class_and_quota_is_divided():
    units = table(3000)
    few = units.quota_class[choose(units, budget=5, share=0.0).chosen]
    assert len(np.unique(few)) == 3


def test_a_young_campaign_explores_ground_of_every_kind_and_leaves_borders_their_share():
    units = table(3000)
    scores, costs = select.score(units, np.ones(3)), np.ones(3000, np.int64)

    def mixed(**more):
        asked = {"explored": 0.5, "turn": 1, "open_to_choice": np.arange(3000) >= 100, **more}
        return mix.choose(
            units,
            scores,
            80,
            0.25,
            classes=3,
            seed=0,
            tiles=16,
            key="0",
            rarest_first=np.array([2, 1, 0]),
            costs=costs,
            **asked,
        )

    for turn, explored in ((1, 30), (2, 15), (3, 8)):
        batch = mixed(turn=turn)
        assert len(set(batch.chosen.tolist())) == 80 and batch.chosen.min() >= 100
        assert sum(bool(r) for r in batch.reasons) == explored
        assert (units.kind[batch.chosen] == EDGE).sum() == 20
    only_edges = units.kind == EDGE
    assert (units.kind[mixed(open_to_choice=only_edges).chosen] == EDGE).sum() == 80, "nothing to explore is no fault"
    assert (mixed(explored=0.0).chosen == select.choose(
        units, scores, 80, 0.25, key="0", tiles=16, rarest_first=np.array([2, 1, 0]), costs=costs,
        open_to_choice=np.arange(3000) >= 100,
    ).chosen).all()  # fmt: skip


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
    plain, doubted = (
        Units(**{**units.__dict__, "unsupported": np.full(2, share, np.float32)}) for share in (0, 1)
    )  # fmt: skip
    plain, doubted = (select.score(u, np.ones(3), evidence=0.5) for u in (plain, doubted))
    assert doubted == pytest.approx(1.5 * plain)


def test_the_most_doubtful_pixel_counts_where_it_is_asked_for():
    units, weights = table(50), np.array([1.0, 2.0, 0.5])
    assert select.score(units, weights, aggregation="max") == pytest.approx((units.peak * weights).max(axis=1))


def test_without_quotas_noise_and_spread_the_best_scores_are_chosen():
    units = table(500)
    scores = select.score(units, np.ones(3))
    plain = {"quota": 0.0, "noise": 0.0, "spread": False}
    chosen = choose(units, 30, 0.0, **plain).chosen
    regions = np.flatnonzero(units.kind == REGION)
    assert set(chosen) == set(regions[np.argsort(-scores[regions])[:30]])


def test_units_of_one_score_are_drawn_evenly():
    units = table(200)
    counts = np.zeros(200)
    for key in range(60):
        batch = select.choose(
            units, np.ones(200), 20, 0.0, key=str(key), rarest_first=np.arange(3), quota=0.0, noise=0.0, spread=False
        )
        counts[batch.chosen] += 1
    drawn = counts[units.kind == REGION]
    assert drawn.sum() == 60 * 20 and drawn.max() < 26, "12 times each on average"


def test_a_diverse_batch_comes_from_the_shortlist_in_both_kinds():
    units = table(900)
    scores = select.score(units, np.ones(3))
    listed = select.shortlist(units, scores, 20, 0.5, key="0")
    assert len(listed) == select.WIDER * 20 and (units.kind[listed] == EDGE).sum() == 100
    first = lambda candidates, count: np.arange(count)[::-1].copy()  # noqa: E731
    batch = select.diversify(units, scores, listed, units.look[listed], 20, 0.5, order=first, seed=0)
    assert len(batch.chosen) == 20 and set(batch.chosen) <= set(listed)
    assert (units.kind[batch.chosen] == EDGE).sum() == 10


def test_a_first_batch_holds_every_kind_of_ground_however_rare():
    units = table(1000)
    units = units.take(units.kind == REGION)
    rare = np.arange(len(units)) % 25 == 0  # 4 % of the ground is of another colour
    units = Units(**{**units.__dict__, "look": (units.look * 0.1 + 9.0 * rare[:, None]).astype(np.float32)})
    batch = cold_start.first_batch(units, 32, 2, seed=0)
    assert len(batch.chosen) == 32 and rare[batch.chosen].mean() > 2 * rare.mean()
    assert (cold_start.first_batch(units, 32, 2, seed=0).chosen == batch.chosen).all()
    kind, typical = cold_start.kinds(units, 8, seed=0)
    assert not set(kind[rare]) & set(kind[~rare])
    assert (typical > 0).all() and (typical <= 1).all()


def test_without_a_model_all_ground_is_in_a_unit_however_broken_up():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (3, 192, 256)).astype(np.uint8)  # no superpixel of noise is connected

    def read(window):
        inside = (slice(None), *window.clip(Window(0, 0, 192, 256)).slices)
        return image[inside], np.ones(image[inside].shape[1:], bool)

    units = cold_start.find(read, 192, 256).units
    assert units.area_px.sum() == 192 * 256 and units.area_px.min() >= MIN_REGION_PX


def test_a_first_batch_smaller_than_the_kinds_tells_fewer_apart():
    units = table(1000)
    units = units.take(units.kind == REGION)
    half = np.arange(len(units)) % 2 == 0
    units = Units(**{**units.__dict__, "look": (units.look * 0.1 + 9.0 * half[:, None]).astype(np.float32)})
    assert half[cold_start.first_batch(units, 2, 3, seed=0).chosen].sum() == 1, "one of each"


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


@pytest.mark.parametrize(("piece_px", "data_until_col"), [(96, 260), (1000, 260), (96, 128)])
def test_a_survey_does_not_depend_on_the_pieces_it_is_fed(piece_px, data_until_col, monkeypatch):
    monkeypatch.setattr(survey, "TILE_PX", 128)
    probs, image, valid = made.scene((200, 260))
    valid[:, data_until_col:] = False  # 128: four of six tiles have no data

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
