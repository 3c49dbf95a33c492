"""The promises of the command line, each seen on the real process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.contract.specs import SPECS
from tests.contract.conftest import ROOT, alive

HELP_SECONDS = 0.3


@pytest.mark.parametrize("job", ["", *(spec.job for spec in SPECS)])
def test_help_answers_at_once_and_names_every_flag(job):
    command = [sys.executable, "-m", "engine.run", *([job] if job else []), "--help"]
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < HELP_SECONDS
    for spec in SPECS:
        if spec.job == job:
            assert all(param.flag in text for param in spec.params())


def test_a_python_without_the_packages_is_named_with_the_one_that_has_them(tmp_path):
    command = [sys.executable, "-S", "-m", "engine.run", "demo", "--output", str(tmp_path / "demo"), "--progress", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    failed = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, failed["error"]) == (4, "ResourceError")
    assert "is not installed for " in failed["text"] and sys.executable in failed["text"]
    assert "in a checkout .venv/bin/python, which make setup makes" in failed["hint"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("args", "code", "remedy"),
    [
        (["segmnt"], 2, "Did you mean 'segment'"),
        (["segment", "--imag", "a.tif"], 2, "Did you mean '--image'"),
        (["segment", "--output", "o.tif"], 2, "Orthophoto is missing. Give it with --image"),
        (["segment", "stray"], 2, "Flags start with two dashes"),
        (["segment", "--image"], 2, "See --help"),
        (["info", "--model", "nowhere.safetensors"], 3, "Check the path given with --model"),
        (["--spec", "nowhere.json"], 2, "Check the path"),
        (
            ["train", "--images", "a.tif", "--labels", "b.tif", "--output", "m.safetensors", "--chip", "100"],
            2,
            "Use 256 or 512",
        ),
    ],
)
def test_a_wrong_request_leaves_with_its_code_and_the_remedy(engine, args, code, remedy):
    returned, last, err = engine(*args).wait()
    assert returned == code
    assert last["event"] == "failed"
    assert remedy in f"{last['text']} {last['hint']}" and "Traceback" not in err


def test_a_saved_request_runs_again_and_flags_override_it(engine, tmp_path):
    saved = tmp_path / "request.json"
    saved.write_text(json.dumps({"job": "info", "spec": {"model": str(tmp_path / "a.safetensors")}}))
    assert "a.safetensors" in engine("--spec", saved).wait()[1]["text"]
    assert "b.safetensors" in engine("--spec", saved, "--model", tmp_path / "b.safetensors").wait()[1]["text"]
    assert "holds a request for 'info'" in engine("doctor", "--spec", saved).wait()[1]["text"]
    for text in ("no json", "[]", '{"spec": 3}'):
        saved.write_text(text)
        assert engine("--spec", saved).wait()[0] == 2


def test_stdout_carries_events_alone_and_ends_with_finished(engine):
    code, last, _ = engine("doctor").wait()  # every line was read as JSON
    assert code == 0 and last["event"] == "finished"


def test_the_engine_beats_while_it_works(engine, tmp_path):
    run = engine("demo", "--output", tmp_path / "demo", "--attended", stdin=subprocess.PIPE)
    run.until(lambda e: e["event"] == "heartbeat")
    start = time.monotonic()
    run.until(lambda e: e["event"] == "heartbeat")
    assert time.monotonic() - start < 4
    run.process.stdin.close()
    run.process.stdin = None
    assert run.wait(10)[0] == 130


def test_closing_stdin_cancels_within_two_seconds(engine, tmp_path):
    run = engine("demo", "--output", tmp_path / "demo", "--attended", stdin=subprocess.PIPE)
    run.until(lambda e: e["event"] == "started")
    start = time.monotonic()
    run.process.stdin.close()
    run.process.stdin = None
    code, last, _ = run.wait(10)
    assert code == 130 and time.monotonic() - start < 2.5
    assert last["event"] != "finished"


def test_the_engine_leaves_when_its_parent_is_killed(tmp_path):
    parent_code = (
        "import subprocess, sys, time\n"
        "command = [sys.executable, '-m', 'engine.run', 'demo', '--attended', '--output']\n"
        f"p = subprocess.Popen([*command, {str(tmp_path / 'demo')!r}], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)\n"
        "print(p.pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    time.sleep(1)
    assert alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 6
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(child)
    assert not list(tmp_path.rglob("*.part*"))


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_cancels(engine, tmp_path, name):
    run = engine("demo", "--output", tmp_path / "demo")
    run.until(lambda e: e["event"] == "started")
    run.process.send_signal(getattr(signal, name))
    assert run.wait(10)[0] == 130


def unwritable(tmp_path):
    """Return a folder in which this user, root too, creates no file."""
    if os.geteuid() == 0:
        return Path("/sys")
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    return folder
