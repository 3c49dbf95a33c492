"""The real engine behind real QGIS: check the machine, read a card, segment an orthophoto, cancel in the middle."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PLUGINS, ROOT
from fakes import Log, processes, write_raster
from osgeo import gdal
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
KILLED = """
import json, os, signal, sys
sys.path[:0] = [sys.argv[1], "/usr/share/qgis/python/plugins"]
from qgis.core import QgsApplication, QgsProcessingFeedback
application = QgsApplication([], False)
application.initQgis()
from processing.core.Processing import Processing
Processing.initialize()
import edgewise, processing
plugin = edgewise.classFactory(None)
plugin.initProcessing()
feedback = QgsProcessingFeedback(False)
feedback.progressChanged.connect(lambda percent: os.kill(os.getpid(), signal.SIGKILL))
processing.run("edgewise:segment", json.loads(sys.argv[2]), feedback=feedback)
"""


@pytest.fixture(scope="module")
def python():
    """The engine's Python as make setup leaves it, or as EDGEWISE_PYTHON names it."""
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
    Path(f"{tmp_path}/c.qml").unlink()  # what is left is in the files themselves
    bare, polygons = QgsRasterLayer(results["OUTPUT"]), QgsVectorLayer(results["POLYGONS"])
    in_file = {item.value: item.label for item in bare.renderer().classes()}
    assert [in_file[value] for value in (1, 2, 7)] == ["Gebäude", "road", "water"]
    assert polygons.renderer().type() == "categorizedSymbol"


def test_a_map_is_vectorized_sampled_and_assessed(plugin, log, tmp_path):
    import processing

    halves = write_raster(tmp_path / "Karte ä.tif", bands=1, side=64, value=1)
    dataset = gdal.Open(halves, gdal.GA_Update)
    dataset.GetRasterBand(1).WriteRaster(0, 0, 64, 32, b"\2" * 64 * 32)
    del dataset
    results = processing.run("edgewise:vectorize", {"MAP": halves, "OUTPUT": f"{tmp_path}/v.gpkg"}, feedback=log)
    assert [feature["class_id"] for feature in QgsVectorLayer(results["OUTPUT"]).getFeatures()] in ([1, 2], [2, 1])
    results = processing.run("edgewise:sample", {"MAP": halves, "POINTS": 60, "OUTPUT": f"{tmp_path}/s.gpkg"}, feedback=log)
    assert QgsVectorLayer(f"{results['OUTPUT']}|layername=sample").featureCount() == 60
    given = {"MAP": halves, "REFERENCE": halves, "REPORT": f"{tmp_path}/r.html", "ERRORS": f"{tmp_path}/e.tif"}
    results = processing.run("edgewise:assess", given, feedback=log)
    assert results["MIOU"] == 1.0 and not log.errors and "Karte ä.tif" in Path(results["REPORT"]).read_text(encoding="utf-8")


@pytest.fixture
def long_run(student, tmp_path, monkeypatch):
    """Parameters of a run that takes a while; its processes are told from others by a variable."""
    monkeypatch.setenv("FAKE_MARK", str(tmp_path))
    ortho = write_raster(tmp_path / "big.tif", bands=3, side=3000, value=90)
    return {"IMAGE": ortho, "MODEL": student, "DEVICE": "cpu", "OUTPUT": f"{tmp_path}/c.tif", "TILE": 512, "BATCH": 1}


def cancelled_after(given, log):
    """Run a segmentation as a task, cancel it in the middle, and return the seconds until QGIS says that it has ended."""
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
    return time.monotonic() - start


def test_a_cancel_in_the_middle_leaves_no_process_and_no_file_within_two_seconds(plugin, long_run, tmp_path):
    waits = []
    while not waits or (waits[-1] >= 2 and len(waits) < 3):  # what else a machine computes may keep one of them waiting
        waits.append(cancelled_after(long_run, Log()))
        assert processes(tmp_path) == []
        assert [p.name for p in tmp_path.iterdir()] == ["big.tif"]
    assert waits[-1] < 2, waits


def test_a_killed_qgis_leaves_no_engine_and_no_half_file(plugin, long_run, tmp_path):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(PLUGINS), json.dumps(long_run)],
        env={**os.environ, "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "profile")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -9, killed.stderr
    pump(lambda: not processes(tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["big.tif", "profile"]
