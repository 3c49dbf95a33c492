"""Rows of the benchmarks: each is measured once, whoever measures it, and lost by no new machine."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import rows

from engine import atomic
from engine.contract.errors import DataError


@dataclass(frozen=True)
class Run:
    method: str
    seed: int


RUNS = [Run("plain", 0), Run("drd=0.1,pixel_kd", 0), Run("plain", 1)]


@pytest.fixture
def work(tmp_path):
    """Return what shares the runs with whoever else works on the folder; `asked` are those that were measured here."""
    asked = []

    def measure(run):
        asked.append(run)
        if run.seed == 7:
            raise DataError("no ground", "none")
        return {"miou": 0.5}

    def share(runs, folder="rows"):
        return rows.shared(tmp_path / "made.json", tmp_path / folder, runs, measure, lambda row: row["run"]["method"])

    share.asked, share.folder = asked, tmp_path
    return share


def test_a_row_is_measured_once_and_all_stand_in_the_results(work):
    assert len(work(RUNS)) == len(work(RUNS)) == 3 and work.asked == RUNS
    kept = json.loads((work.folder / "made.json").read_text())["rows"]
    assert sorted(row["run"]["seed"] for row in kept) == [0, 0, 1]


def test_what_stands_in_the_results_is_not_measured_again_on_a_new_machine(work):
    work(RUNS)
    assert len(work(RUNS, folder="empty")) == 3 and work.asked == RUNS


def test_a_row_that_another_process_measures_is_passed_over(work, capsys):
    path = work.folder / "rows" / f"made_{rows.name({'method': 'plain', 'seed': 0})}.json"
    path.parent.mkdir()
    with atomic.lock(path):
        work(RUNS)
    assert work.asked == RUNS[1:] and "left out" not in capsys.readouterr().out


def test_a_run_that_cannot_be_is_left_out_and_named(work, capsys):
    assert len(work([Run("plain", 7), *RUNS])) == 3
    assert "plain_7 is left out: no ground" in capsys.readouterr().out


def test_runs_with_long_names_that_differ_at_the_end_are_all_measured(work):
    long = [Run("+".join(["teacher"] * 60) + end, 0) for end in ("a", "b")]
    assert len(work(long)) == 2 and work.asked == long
