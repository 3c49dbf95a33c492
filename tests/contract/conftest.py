"""The real engine as a real process, and small rasters and models for it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Engine:
    """One run of `python -m engine.run`, its events read as they come."""

    def __init__(self, *args, stdin=subprocess.DEVNULL, **more):
        command = [sys.executable, "-m", "engine.run", *map(str, args)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
        )
        self.events = []

    def until(self, wanted, seconds=60):
        """Read events until one fulfils `wanted`, and return it."""
        deadline = time.monotonic() + seconds
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if wanted(self.events[-1]):
                return self.events[-1]
            assert time.monotonic() < deadline, f"no such event in {seconds} s: {self.events[-3:]}"
        raise AssertionError(f"the engine ended first: {self.events[-3:]}\n{self.process.stderr.read()}")

    def wait(self, seconds=120):
        """Wait for the end and return (exit code, last event, stderr)."""
        out, err = self.process.communicate(timeout=seconds)
        self.events += [json.loads(line) for line in out.splitlines()]
        return self.process.returncode, self.events[-1] if self.events else {}, err


@pytest.fixture
def engine():
    """Start the engine; whatever still runs at the end of the test is killed."""
    started = []

    def start(*args, **more):
        started.append(Engine(*args, **more))
        return started[-1]

    yield start
    for run in started:
        if run.process.poll() is None:
            run.process.kill()
        run.process.communicate()


def alive(pid):
    """Return whether a process exists and is no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def one_thread(monkeypatch):
    """Keep native thread pools small, so that tests do not fight for cores."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return os.environ
