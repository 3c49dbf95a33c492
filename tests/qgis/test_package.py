"""The zip that `make plugin` writes: by the plugin repository's rules, and alive in an empty profile."""

import configparser
import json
import os
import re
import subprocess
import sys
import zipfile

import pytest
from conftest import HERE, ROOT
from fakes import write_raster

MAX_BYTES = 25 << 20
REQUIRED = ("name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker", "repository")
FORBIDDEN = (".pyc", ".exe", ".dll", ".so", ".dylib", ".bat", ".sh", ".ps1", ".cmd", ".part")

LOAD = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from qgis.core import Qgis, QgsApplication
application = QgsApplication([], True)
application.initQgis()
from processing.core.Processing import Processing
Processing.initialize()
import processing, qgis.utils
qgis.utils.plugin_paths = [sys.argv[1]]
qgis.utils.updateAvailablePlugins()
assert qgis.utils.loadPlugin("edgewise") and qgis.utils.startProcessingPlugin("edgewise")
results = processing.run("edgewise:doctor", {})
print(json.dumps({"file": sys.modules["edgewise"].__file__, "summary": json.loads(results["SUMMARY"])}))
print(len(QgsApplication.processingRegistry().providerById("edgewise").algorithms()))
assert qgis.utils.unloadPlugin("edgewise")
assert QgsApplication.processingRegistry().providerById("edgewise") is None
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The zip."""
    return zipfile.ZipFile(packed(tmp_path_factory.mktemp("build"))[0])


def packed(folder):
    """Write the zip into a folder and return it with what was said of it."""
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "package.py", folder], check=True, capture_output=True, text=True, encoding="utf-8"
    )
    (path,) = folder.iterdir()
    return path, done.stderr


@pytest.fixture(scope="module")
def profile(package, tmp_path_factory):
    """An empty profile with the plugin unzipped into it, in a folder with a space."""
    folder = tmp_path_factory.mktemp("Profil 1")
    (folder / "python" / "plugins").mkdir(parents=True)
    package.extractall(folder / "python" / "plugins")
    return folder


@pytest.fixture
def environ(profile, engine):
    """The environment of a QGIS that starts in that profile and finds the made engine."""
    return {**os.environ, "QGIS_CUSTOM_CONFIG_PATH": str(profile), "QGIS_PLUGINPATH": str(profile / "python" / "plugins")}


def test_the_zip_has_one_folder_with_all_that_the_repository_asks_for(package):
    names = package.namelist()
    assert {name.split("/")[0] for name in names} == {"edgewise"}
    assert {"edgewise/metadata.txt", "edgewise/__init__.py", "edgewise/LICENSE"} <= set(names)
    assert os.path.getsize(package.filename) < MAX_BYTES
    assert re.fullmatch(r"edgewise-\d+\.\d+\.\d+\.zip", os.path.basename(package.filename))


def test_the_zip_carries_no_dead_weight(package):
    for name in package.namelist():
        assert not name.endswith(FORBIDDEN), name
        assert not {"..", "tests", "benchmarks", "docs", "demo", "runs", "build", "__pycache__", "__MACOSX"} & set(
            name.split("/")
        )
        assert not any(part.startswith(".") for part in name.split("/")), name


def test_the_only_weights_in_the_zip_are_those_of_the_student_that_ships(package):
    weights = [name for name in package.namelist() if name.endswith((".safetensors", ".onnx", ".pt", ".pth"))]
    assert weights == [f"edgewise/models/shipped/{path.name}" for path in (ROOT / "models" / "shipped").glob("*.safetensors")]


def test_the_zip_holds_the_repositorys_own_files(package):
    for name in package.namelist():
        assert package.read(name) == (ROOT / name.partition("/")[2]).read_bytes()


def test_the_zip_says_nothing_of_the_day_and_the_machine_it_was_made_on(package):
    assert {(entry.date_time, entry.external_attr >> 16) for entry in package.infolist()} == {((1980, 1, 1, 0, 0, 0), 0o100644)}
    assert package.namelist() == sorted(package.namelist())


def test_the_metadata_is_complete_and_readable(package):
    metadata = configparser.ConfigParser()
    metadata.read_string(package.read("edgewise/metadata.txt").decode())
    values = dict(metadata["general"])
    assert all(values.get(name.lower()) for name in REQUIRED)
    assert (values["qgisminimumversion"], values["qgismaximumversion"], values["supportsqt6"]) == ("3.22", "4.99", "True")
    assert values["hasprocessingprovider"] == "yes"
    assert f"edgewise/{values['icon']}" in package.namelist()
    assert "/" not in values["author"]
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{values["version"]}"\n' in pyproject


def test_links_that_lead_nowhere_are_said_to_be_the_owners_to_fill_in(package, tmp_path):
    metadata = configparser.ConfigParser()
    metadata.read_string(package.read("edgewise/metadata.txt").decode())
    named = {name: metadata["general"][name] for name in ("email", "homepage", "tracker", "repository")}
    empty = [name for name, value in named.items() if "example.org" in value or value.endswith(".invalid")]
    assert all(named[name].startswith("https://") for name in ("homepage", "tracker", "repository"))
    said = packed(tmp_path)[1]
    assert said == (f"To publish it, first fill in {', '.join(empty)} in metadata.txt.\n" if empty else "")


def test_the_plugin_in_an_empty_profile_loads_runs_and_goes(profile, environ):
    environ["FAKE_BEHAVIOUR"] = "echo"
    plugins = profile / "python" / "plugins"
    said = subprocess.run(
        [sys.executable, "-c", LOAD, str(plugins), "/usr/share/qgis/python/plugins"],
        env=environ, cwd=profile, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    answer, count = said.stdout.strip().splitlines()[-2:]
    assert json.loads(answer)["file"] == str(plugins / "edgewise" / "__init__.py")
    assert json.loads(answer)["summary"]["environ"]["PYTHONPATH"] == str(plugins / "edgewise")
    assert int(count) == len(json.loads((HERE / "names.json").read_text()))


def qgis_process(environ, *words):
    """Run Debian's qgis_process; its wrapper without .bin does not start."""
    return subprocess.run(
        ["/usr/bin/qgis_process.bin", *words], env=environ, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


@pytest.fixture(scope="module")
def enabled(profile):
    """That profile with the plugin switched on for qgis_process."""
    environ = {**os.environ, "QGIS_CUSTOM_CONFIG_PATH": str(profile), "QGIS_PLUGINPATH": str(profile / "python" / "plugins")}
    done = qgis_process(environ, "plugins", "enable", "edgewise")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("enabled")
def test_qgis_process_runs_a_job(environ, tmp_path):
    ortho = write_raster(tmp_path / "ortho ä.tif")
    (tmp_path / "m.safetensors").touch()
    words = [f"IMAGE={ortho}", f"MODEL={tmp_path}/m.safetensors", f"OUTPUT={tmp_path}/classes.tif", "DEVICE=cpu"]
    done = qgis_process(environ, "run", "edgewise:segment", "--", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"OUTPUT:\t{tmp_path}/classes.tif" in done.stdout
    assert (tmp_path / "classes.qml").is_file()


@pytest.mark.usefixtures("enabled")
def test_qgis_process_fails_with_the_engines_words(environ, tmp_path):
    ortho = write_raster(tmp_path / "ortho.tif")
    (tmp_path / "m.safetensors").touch()
    environ["FAKE_BEHAVIOUR"] = "refuse"
    words = [f"IMAGE={ortho}", f"MODEL={tmp_path}/m.safetensors", f"OUTPUT={tmp_path}/classes.tif"]
    done = qgis_process(environ, "run", "edgewise:segment", "--", *words)
    assert done.returncode != 0
    assert "m.safetensors has 4 bands, the image 3." in done.stdout + done.stderr


@pytest.mark.usefixtures("enabled")
def test_help_in_the_terminal_is_plain_text(environ):
    text = qgis_process(environ, "help", "edgewise:train").stdout
    assert "Train a network from orthophotos and labels." in text
    assert "Labels are rasters on the grid of their orthophoto" in text
    assert "unet_resnet18: U-Net, ResNet-18." in text
    assert "<p>" not in text
