"""The engine as a child process: every way to speak, to fall silent, to die and to be stopped."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from edgewise.engine.contract.errors import Cancelled, EngineError, ResourceError
from edgewise.qgis_plugin import process
from edgewise.qgis_plugin.process import Patience
from fakes import processes

FAKE = Path(__file__).parent / "fake_engine.py"


@pytest.fixture
def run(tmp_path):
    """Run the made engine; returns its last event, events and log."""

    def run(behaviour, is_cancelled=lambda: False, patience=Patience(), events=None):
        environ = {**os.environ, "FAKE_BEHAVIOUR": behaviour, "FAKE_MARK": str(tmp_path)}
        events, log = [] if events is None else events, []
        command = [sys.executable, str(FAKE)]
        finished = process.run(command, environ, str(tmp_path), events.append, log.append, is_cancelled, patience)
        return finished, events, log

    return run


def test_events_arrive_in_order_and_the_last_one_is_returned(run):
    finished, events, _ = run("succeed")
    assert [e["event"] for e in events] == ["started", *["progress"] * 4, "message", "metric", "news"]
    assert finished["summary"]["legend"][1]["name"] == "water"


def test_half_lines_are_put_together(run):
    _, events, log = run("halves")
    assert [e["text"] for e in events] == ["half and half"]
    assert log == []


def test_lines_that_are_no_events_are_log_text_in_whatever_encoding(run):
    _, events, log = run("latin1")
    assert events == []
    assert set(log) == {"Gr\ufffd\ufffde aus der Bibliothek", "Stra\ufffde", "{broken", '{"event": 3}'}


def test_two_megabytes_of_log_do_not_block(run):
    assert len(run("chatter")[2]) == 20001


def test_a_silent_engine_is_named_once(run):
    _, events, _ = run("silent", patience=Patience(silence_s=0.3))
    assert [e["text"] for e in events] == ["The engine has said nothing for 0 s. Wait, or cancel."]


def test_the_engines_own_words_are_the_error(run):
    with pytest.raises(EngineError, match=r"has 4 bands, the image 3\. Choose another file"):
        run("refuse")


def test_a_crash_shows_the_last_words(run):
    with pytest.raises(EngineError, match=r"crashed \(SIGSEGV\).*\nFatal: the library fell over"):
        run("crash")


def test_a_kill_is_explained_as_memory(run):
    with pytest.raises(ResourceError, match=r"out of memory. Use a smaller tile"):
        run("memory")


def test_leaving_without_finished_is_a_failure(run):
    with pytest.raises(EngineError, match="left with code 0 and without a result"):
        run("mute")


def test_an_interpreter_that_is_missing_is_named(tmp_path):
    with pytest.raises(ResourceError, match=r"no python.*cannot be started.*Choose another Python"):
        process.run([str(tmp_path / "no python")], {}, str(tmp_path), print, print, lambda: False)


def test_a_grandchild_does_not_outlive_success(run, tmp_path):
    start = time.monotonic()
    assert run("lingering")[0]["event"] == "finished"
    assert time.monotonic() - start < 2
    assert processes(tmp_path) == []


def test_a_cancel_leaves_no_process_and_no_file_within_two_seconds(run, tmp_path):
    cancelled = threading.Event()
    events = []
    timer = threading.Timer(0.6, cancelled.set)
    timer.start()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        run("long", cancelled.is_set, events=events)
    assert time.monotonic() - start < 0.6 + 2
    assert events, "the engine was cancelled before it had begun"
    assert processes(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_ignores_the_request_to_leave_is_ended(run, tmp_path):
    with pytest.raises(Cancelled):
        run("stubborn", lambda: True, Patience(terminate_s=0.3, kill_s=0.3))
    assert processes(tmp_path) == []


def test_an_error_in_the_listener_ends_the_engine(tmp_path):
    def fail(_):
        raise RuntimeError("listener")

    environ = {**os.environ, "FAKE_BEHAVIOUR": "stubborn", "FAKE_MARK": str(tmp_path)}
    with pytest.raises(RuntimeError, match="listener"):
        process.run([sys.executable, str(FAKE)], environ, str(tmp_path), fail, fail, lambda: False)
    assert processes(tmp_path) == []
