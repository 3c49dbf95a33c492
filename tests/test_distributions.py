"""What `.ci/test-in` refuses before it makes a folder system."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / ".ci" / "test-in"


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ([], "Name a distribution: trixie, forky, jammy or noble. Found: ''."),
        (["bookworm"], "Name a distribution: trixie, forky, jammy or noble. Found: 'bookworm'."),
        (["jammy"], "needs root and debootstrap. Type: sudo apt-get install debootstrap"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_line_to_type(tmp_path, words, remedy):
    done = subprocess.run(["/bin/sh", SCRIPT, *words], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2)
    assert remedy in done.stderr
