"""What a job says: rate, order, remaining time, and that a cancelled job stops at its next word."""

import io
import json
import threading

import pytest

from engine.contract import events
from engine.contract.errors import Cancelled


def test_progress_leaves_at_most_ten_times_a_second_and_always_at_the_end():
    seen = []
    report = events.Reporter(seen.append)
    for done in range(10001):
        report.progress("segment", done, 10000, "tiles")
    assert len(seen) < 50
    assert seen[-1]["done"] == 10000


def test_a_cancelled_job_stops_at_its_next_word():
    cancelled = threading.Event()
    report = events.Reporter(lambda e: None, cancelled)
    report.message("Still here.")
    cancelled.set()
    for call in (lambda: report.progress("s", 1, 2, "tiles"), lambda: report.metric(1, {}), lambda: report.message("x")):
        with pytest.raises(Cancelled):
            call()


def test_each_event_is_one_line_of_ascii_json():
    stream = io.StringIO()
    report = events.Reporter(events.write_json_lines(stream))
    report.message("Größe\nzwei Zeilen")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1 and lines[0].isascii()
    assert json.loads(lines[0]) == {"event": "message", "level": "info", "text": "Größe\nzwei Zeilen"}


def test_remaining_time_is_the_time_per_unit_so_far(monkeypatch):
    clock = iter([0.0, 2.0, 4.0])
    monkeypatch.setattr(events.time, "monotonic", lambda: next(clock))
    seen = []
    report = events.Reporter(seen.append)
    for done in (0, 10, 20):
        report.progress("segment", done, 100, "tiles")
    assert [e["eta_s"] for e in seen] == [None, 18.0, 16.0]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")])
def test_durations_read_as_people_say_them(seconds, text):
    assert events.duration(seconds) == text


def test_people_see_a_line_for_each_tenth():
    stream = io.StringIO()
    report = events.Reporter(events.draw(stream))
    for done in range(1001):
        report.progress("segment", done, 1000, "tiles")
        report._last_progress = -1.0
    assert len(stream.getvalue().splitlines()) == 11
