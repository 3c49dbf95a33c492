"""The real engine behind real QGIS: check the machine, read a card, segment an orthophoto, cancel in the middle."""

import json
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT
from fakes import write_raster
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from test_run import pump

STUDENT = """
import sys, torch
import models
from engine.contract.legend import Legend
from models import checkpoint
from models.card import Card
torch.manual_seed(0)
legend = Legend.from_names({1: "Gebäude", 2: "road", 7: "water"})
card = Card("unet_mobilenet_v2_thin", ("red", "green", "blue"), ((120.0, 60.0),) * 3, "uint8", (0.1, 2.0), legend,
            halo_px=128, tile_px=512, grade="exact")
checkpoint.save(sys.argv[1], models.build("unet_mobilenet_v2_thin", 3, 3).eval(), card)
"""


@pytest.fixture(scope="module")
def python():
    """The engine's Python as make setup leaves it, or as EDGEWISE_PYTHON names it."""
    import os

    from edgewise.qgis_plugin import environment

    return environment.find_python("", os.environ, ROOT)


@pytest.fixture(scope="module")
def student(python, tmp_path_factory):
    """A model that has learned nothing."""
    path = tmp_path_factory.mktemp("Modell") / "schüler.safetensors"
    made = subprocess.run([python, "-c", STUDENT, str(path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return str(path)


def test_the_machine_is_checked(plugin, python, log):
    import processing

    summary = json.loads(processing.run("edgewise:doctor", {}, feedback=log)["SUMMARY"])
    assert any("torch" in finding["found"] or "torch" in finding["name"] for finding in summary["findings"])
    assert log.percents[-1] >= 90


def test_a_models_card_is_shown(plugin, student, log):
    import processing

    results = processing.run("edgewise:info", {"MODEL": student}, feedback=log)
    assert "Gebäude" in json.dumps(json.loads(results["SUMMARY"]), ensure_ascii=False)


def test_an_orthophoto_is_segmented_and_shown(plugin, student, log, tmp_path):
    import processing

    ortho = write_raster(tmp_path / "Luftbild ä.tif", bands=3, side=200, value=90)
    given = {"IMAGE": ortho, "MODEL": student, "DEVICE": "cpu"}
    given |= {"OUTPUT": f"{tmp_path}/c.tif", "CONFIDENCE": f"{tmp_path}/p.tif", "POLYGONS": f"{tmp_path}/v.gpkg"}
    results = processing.runAndLoadResults("edgewise:segment", dict(given), feedback=log)
    layers = {layer.source().partition("|")[0]: layer for layer in QgsProject.instance().mapLayers().values()}
    classes = layers[results["OUTPUT"]]
    assert [(c.value, c.label) for c in classes.renderer().classes()] == [(1, "Gebäude"), (2, "road"), (7, "water")]
    image = QgsRasterLayer(ortho)
    assert (classes.extent(), classes.width(), classes.crs()) == (image.extent(), image.width(), image.crs())
    assert layers[results["CONFIDENCE"]].renderer().classificationMax() == 100
    assert layers[results["POLYGONS"]].renderer().type() == "categorizedSymbol"
    assert QgsVectorLayer(results["POLYGONS"]).featureCount() > 0
    assert log.texts[0].startswith("segment: ")
    assert Path(f"{tmp_path}/c.tif.job.json").is_file()
    QgsProject.instance().clear()


def test_a_cancel_in_the_middle_leaves_no_process_and_no_file_within_two_seconds(plugin, student, log, tmp_path):
    ortho = write_raster(tmp_path / "big.tif", bands=3, side=3000, value=90)
    given = {"IMAGE": ortho, "MODEL": student, "DEVICE": "cpu", "OUTPUT": f"{tmp_path}/c.tif", "TILE": 512, "BATCH": 1}
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("edgewise:segment")
    task = QgsProcessingAlgRunnerTask(algorithm, given, QgsProcessingContext(), log)
    ended = []
    task.executed.connect(lambda ok, results: ended.append(ok))
    QgsApplication.taskManager().addTask(task)
    try:
        pump(lambda: log.percents or ended, seconds=120)  # PyTorch may take its time to start
        assert not ended, log.errors
    finally:
        start = time.monotonic()
        task.cancel()
        pump(lambda: ended, seconds=60)
    assert time.monotonic() - start < 2
    assert [p.name for p in tmp_path.iterdir()] == ["big.tif"]
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in contents(p)]


def contents(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
