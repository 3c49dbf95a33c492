"""The walk, the pace and the bars, without a window: what is next, what comes back, what has been reached."""

import pytest
from edgewise.engine.contract.campaign import CONFIRM, ONE_CLASS, REDRAW, SKIP, UNSURE
from edgewise.qgis_plugin.dock import session as session_module
from edgewise.qgis_plugin.dock import tally
from edgewise.qgis_plugin.dock.session import REPEAT_AFTER, Session
from edgewise.qgis_plugin.dock.unit import Answer, Unit, classes


def batch(count, kind="region", **more):
    return [Unit(i + 1, f"{kind}-{i}", 1, i + 1, kind, 1, 2 if kind == "edge" else 1, "Why.", **more) for i in range(count)]


def answer(session, said, seconds=2.0):
    """Answer the current unit as the dock does, and go on."""
    place = session.place
    if session.blind:
        session.repeats[place] = said
    else:
        session.take(place, session.units[place].answered_with(said, "me", f"{len(session.units)}", seconds))
    session.advance()


def test_the_walk_follows_the_ranks_and_ends():
    session = Session(batch(3), share=0)
    seen = []
    session.advance()
    while session.current is not None:
        seen.append(session.current.rank)
        answer(session, Answer(CONFIRM))
    assert seen == [1, 2, 3] and session.open_count == 0


def test_a_session_goes_on_at_the_first_open_unit():
    units = batch(4)
    units[0] = units[0].answered_with(Answer(CONFIRM), "me", "2026-01-01", 1.0)
    session = Session(units, share=0)
    session.advance()
    assert session.place == 1


def test_open_units_behind_come_after_those_ahead():
    session = Session(batch(3), share=0)
    session.visit(1)
    answer(session, Answer(CONFIRM))
    assert session.place == 2
    answer(session, Answer(CONFIRM))
    assert session.place == 0


def test_back_returns_along_the_way_that_was_gone_and_stops_at_the_first():
    session = Session(batch(3), share=0)
    session.advance()
    answer(session, Answer(SKIP))
    answer(session, Answer(UNSURE))
    assert session.back() and session.place == 1
    assert session.back() and session.place == 0
    assert not session.back() and session.place == 0


def test_every_unit_comes_back_once_when_enough_others_were_answered():
    session = Session(batch(30), share=1.0)
    session.advance()
    shown = []
    while session.current is not None:
        shown.append((session.place, session.blind))
        answer(session, Answer(ONE_CLASS, 1))
    first = {place: step for step, (place, blind) in enumerate(shown) if not blind}
    again = {place: step for step, (place, blind) in enumerate(shown) if blind}
    assert len(first) == 30 and len(again) == 30 - REPEAT_AFTER
    for place, step in again.items():
        others = {p for p, blind in shown[first[place] + 1 : step] if not blind}
        assert len(others) >= REPEAT_AFTER
    assert session.agreement() == (20, 20)


def test_about_one_unit_in_twenty_comes_back():
    drawn = sum(
        session_module._drawn(f"edge-{row}-{col}") < session_module.REPEAT_SHARE for row in range(60) for col in range(60)
    )
    assert 120 < drawn < 240


def test_what_was_asked_twice_is_not_asked_again_after_a_restart():
    units = [u.answered_with(Answer(ONE_CLASS, 1), "me", f"{u.rank:02}", 1.0) for u in batch(20)] + batch(21)[20:]
    session = Session(units, repeats=[(0, Answer(ONE_CLASS, 1))], share=1.0)
    session.advance()
    assert (session.place, session.blind) == (1, True)


@pytest.mark.parametrize("word", [UNSURE, SKIP])
def test_what_gave_no_label_does_not_come_back(word):
    units = [u.answered_with(Answer(word), "me", f"{u.rank:02}", 1.0) for u in batch(20)]
    session = Session(units, share=1.0)
    session.advance()
    assert session.current is None


@pytest.mark.parametrize(
    ("first", "blind", "same"),
    [
        (Answer(CONFIRM), Answer(CONFIRM), True),
        (Answer(REDRAW, sides=(2, 1)), Answer(CONFIRM), True),  # the place of the border moved, its classes did not
        (Answer(REDRAW, sides=(1, 7)), Answer(REDRAW), True),
        (Answer(ONE_CLASS, 1), Answer(ONE_CLASS, 2), False),
        (Answer(CONFIRM), Answer(ONE_CLASS, 1), False),
        (Answer(CONFIRM), Answer(UNSURE), False),
    ],
)
def test_two_answers_agree_when_they_mean_the_same_classes(first, blind, same):
    unit = batch(1, "edge")[0].answered_with(first, "me", "1", 1.0)
    assert Session([unit], repeats=[(0, blind)]).agreement() == (int(same), 1)


def test_a_blind_unit_that_was_skipped_says_nothing_of_consistency():
    unit = batch(1)[0].answered_with(Answer(ONE_CLASS, 1), "me", "1", 1.0)
    assert Session([unit], repeats=[(0, Answer(SKIP))]).agreement() == (0, 0)


def test_the_pace_is_the_analysts_own_and_forgets_a_break():
    units = [u.answered_with(Answer(CONFIRM), "me", f"{u.rank}", 900.0 if u.rank == 2 else 3.0) for u in batch(5)]
    assert tally.minutes_left([*units, *batch(40)]) == pytest.approx(2.0)
    assert tally.minutes_left(units[:2] + batch(40)) is None


def test_bars_count_answers_per_class_against_what_the_batch_offers():
    units = batch(2, "edge") + batch(2)
    units[0] = units[0].answered_with(Answer(CONFIRM), "me", "1", 1.0)
    units[2] = units[2].answered_with(Answer(ONE_CLASS, 7), "me", "2", 1.0)
    assert tally.quotas(units) == {1: 4, 2: 2}
    assert tally.reached(units) == {1: 1, 2: 1, 7: 1}


def test_an_answer_names_the_classes_of_its_sides():
    unit = batch(1, "edge")[0]
    assert classes(unit, Answer(REDRAW, sides=(7, 2))) == {2, 7}
    assert classes(unit, Answer(CONFIRM)) == {1, 2}
    assert classes(unit, Answer(UNSURE)) == classes(unit, Answer(SKIP)) == frozenset()
