"""The packed files pass the scans with which the plugin repository blocks a version: bandit and detect-secrets."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HARMLESS = {
    "B101",  # assert, for what only a bug can break
    "B404", "B603",  # subprocess, with lists and never a shell
    "B405", "B406", "B314",  # the standard library's XML, for files that the user chose or that we wrote
}  # fmt: skip


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    """The folder that the zip holds."""
    folder = tmp_path_factory.mktemp("package")
    subprocess.run([sys.executable, ROOT / ".ci" / "package.py", folder], check=True, capture_output=True)
    (path,) = folder.iterdir()
    zipfile.ZipFile(path).extractall(folder)
    return folder / "edgewise"


def scan(plugin, *words):
    done = subprocess.run([sys.executable, "-m", *words], cwd=plugin.parent, capture_output=True, text=True, timeout=600)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["results"]


def test_bandit_finds_nothing_that_blocks(plugin):
    found = scan(plugin, "bandit", "-q", "-r", "edgewise", "-f", "json")
    assert [f"{r['test_id']} {r['filename']}:{r['line_number']}" for r in found if r["test_id"] not in HARMLESS] == []


def test_no_secret_is_packed(plugin):
    assert scan(plugin, "detect_secrets", "scan", "--all-files", "edgewise") == {}


def test_nothing_is_packed_that_is_no_text_but_shipped_students(plugin):
    for path in plugin.rglob("*"):
        if path.is_file() and path.suffix != ".safetensors":
            path.read_text(encoding="utf-8")
