"""What README promises runs as it stands there."""

import re
import shlex
import string
import subprocess
import sys
from pathlib import Path

import pytest
import rasterio
from rasterio.transform import from_origin

from engine import run, scene

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "DESIGN.md"]
QUICK = {
    job: ["--iterations", "2", "--batch", "2", "--chip", "64", "--encoder-weights", "none"] for job in ("train", "distill")
}


def commands(path):
    """Return the engine commands of the sh blocks of a page, continuation lines joined."""
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.strip() for line in "\n".join(blocks).replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.startswith("python -m engine.run ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    for seed, name in enumerate("ABC"):
        image, labels, _ = scene.make(512, seed)
        profile = {"driver": "GTiff", "height": 512, "width": 512, "dtype": "uint8", "crs": "EPSG:25833",
                   "transform": from_origin(400_000, 5_800_000, 0.2, 0.2)}  # fmt: skip
        with rasterio.open(folder / f"{name}.tif", "w", count=3, **profile) as dataset:
            dataset.write(image)
        with rasterio.open(folder / f"{name}_labels.tif", "w", count=1, **profile) as dataset:
            dataset.write(labels, 1)
    return folder


def test_the_commands_of_readme_run_in_order(folder):
    found = commands(ROOT / "README.md")
    assert [c.split()[3] for c in found] == ["train", "distill", "segment", "suggest", "assess"]
    for command in found:
        words = shlex.split(command)
        done = subprocess.run(
            [sys.executable, *words[1:], *QUICK.get(words[3], [])], cwd=folder, capture_output=True, text=True,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "2"},
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    for name in ("teacher.safetensors", "student.safetensors", "classes.tif", "confidence.tif", "campaign.gpkg", "report.html"):
        assert (folder / name).exists() and (folder / f"{name}.job.json").exists()


def test_the_commands_of_the_tutorial_are_understood():
    found = [run.parse(shlex.split(command)[3:])[1] for command in commands(ROOT / "docs" / "tutorial.md")]
    assert [spec.job for spec in found] == [
        "demo", "segment", "vectorize", "suggest", "ingest", "train", "segment", "assess",
    ]  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_commands_of_every_page_are_understood(page):
    variables = {"scene": "T7N"}
    for name, quoted, bare in re.findall(
        r'^(\w+)=(?:"(.*?)"|(\S+)$)', page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        variables[name] = string.Template(quoted or bare).safe_substitute(variables)
    for command in commands(page):
        run.parse(shlex.split(string.Template(command).substitute(variables), comments=True)[3:])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_to_files(page):
    folder = ROOT / "docs" / "algorithms" if page.parent.name == "introductions" else page.parent  # where they are printed
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (folder / target).exists(), f"{page.name} links {target}"


def test_the_tree_in_readme_is_the_tree():
    tree = (ROOT / "README.md").read_text(encoding="utf-8").split("## The tree")[1]
    for name in re.findall(r"^  ([a-z_]+)/", tree, re.MULTILINE):
        assert (ROOT / "engine" / name).is_dir(), name
