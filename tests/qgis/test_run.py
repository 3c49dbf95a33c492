"""A run from the first click to the styled layer, with a made engine as a real process."""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT
from fakes import polygons, processes
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
)


@pytest.fixture
def segment(ortho, tmp_path):
    """Parameters of a run that leaves three files beside the orthophoto."""
    model = tmp_path / "Schüler.safetensors"
    model.touch()
    out = tmp_path / "Ergebnis 1"
    out.mkdir()
    names = {"OUTPUT": "classes.tif", "CONFIDENCE": "confidence.tif", "POLYGONS": "polygons.gpkg"}
    return {"IMAGE": ortho, "MODEL": str(model), **{k: str(out / v) for k, v in names.items()}}


def left_over():
    return [p for p in Path(QgsProcessingUtils.tempFolder()).glob("edgewise_*")]


def test_a_run_gives_its_files_its_summary_and_its_story(engine, segment, log, tmp_path):
    import processing

    results = processing.run("edgewise:segment", segment, feedback=log)
    assert {k: v for k, v in results.items() if k not in ("SUMMARY", "USED_DEVICE", "MPX_PER_S")} == {
        k: v for k, v in segment.items() if k in ("OUTPUT", "CONFIDENCE", "POLYGONS")
    }
    assert (results["USED_DEVICE"], results["MPX_PER_S"]) == ("CPU", 2.5)
    assert "Speed in megapixels a second: 2.5" in log.infos
    assert json.loads(results["SUMMARY"])["legend"][0]["name"] == "Gebäude"
    assert log.percents == sorted(log.percents) and log.percents[2] == 85 and log.percents[-1] > 90
    assert log.texts[0] == "segment: 1 / 4 tiles, 4 min 07 s left", "the polygons that follow are not counted"
    assert log.warnings == ["The GSD is at the border of the model's range."]
    assert "Step 3: loss 0.25" in log.infos
    assert log.errors == []
    assert left_over() == []


def test_the_command_in_the_log_is_the_request(engine, segment, log):
    import processing
    from edgewise.engine.contract.specs.segment import SegmentSpec

    processing.run("edgewise:segment", segment, feedback=log)
    words = shlex.split(log.commands[0])
    assert words[:2] == ["cd", str(Path(__file__).resolve().parents[2])] or Path(words[1]).samefile(Path(__file__).parents[2])
    assert words[2:7] == ["&&", str(engine("succeed")), "-m", "engine.run", "segment"]
    flags = dict(zip(words[7::2], words[8::2]))
    assert SegmentSpec.from_dict({k[2:]: v for k, v in flags.items()}).outputs()["polygons"] == segment["POLYGONS"]


def test_the_engine_starts_in_an_environment_and_folder_of_its_own(engine, segment, log, monkeypatch):
    import processing

    engine("echo")
    monkeypatch.setenv("PYTHONHOME", "/qgis")
    said = json.loads(processing.run("edgewise:doctor", {}, feedback=log)["SUMMARY"])
    assert said["argv"][:3] == ["-m", "engine.run", "doctor"]
    assert said["argv"][-3:] == ["--attended", "--progress", "json"]
    assert "PYTHONHOME" not in said["environ"] and "QT_QPA_PLATFORM" not in said["environ"]
    assert (Path(said["environ"]["PYTHONPATH"]) / "engine" / "run.py").is_file()
    assert Path(said["cwd"]).name.startswith("edgewise_")


def test_the_engines_words_reach_the_user_with_the_names_of_the_dialog(engine, segment, log):
    import processing

    engine("refuse")
    with pytest.raises(QgsProcessingException, match=r"4 bands, the image 3.\nChoose another file with 'Model'."):
        processing.run("edgewise:segment", segment, feedback=log)
    assert left_over() == []


def test_a_python_without_the_engines_packages_is_explained(engine, segment, log):
    import processing

    engine("traceback")
    with pytest.raises(QgsProcessingException, match=r"(?s)No module named torch.*lacks torch, rasterio.*-m pip install"):
        processing.run("edgewise:segment", segment, feedback=log)


def test_an_engine_that_leaves_without_a_result_is_a_failure(engine, segment, log):
    import processing

    engine("mute")
    with pytest.raises(QgsProcessingException, match="without a result"):
        processing.run("edgewise:segment", segment, feedback=log)


def test_a_python_that_is_gone_fails_with_the_remedy(plugin, segment, log, monkeypatch):
    import processing

    monkeypatch.setenv("EDGEWISE_PYTHON", "/gone/python")
    with pytest.raises(QgsProcessingException, match="Correct it in Settings > Options > Processing"):
        processing.run("edgewise:segment", segment, feedback=log)
    assert left_over() == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("#!/bin/sh\nexit 1\n", r"left with code 1.*does not answer as a Python does. By hand, in a terminal"),
        ("#!/gone/interpreter\n", r"cannot be started.*Choose another Python for the engine"),
        ("", r"cannot be started.*Choose another Python for the engine"),
    ],
    ids=["fails", "script without interpreter", "no program"],
)
def test_a_broken_python_fails_with_the_remedy(plugin, segment, log, monkeypatch, tmp_path, content, words):
    import processing

    python = tmp_path / "python"
    python.write_text(content)
    python.chmod(0o755)
    monkeypatch.setenv("EDGEWISE_PYTHON", str(python))
    with pytest.raises(QgsProcessingException, match=f"(?s){words}"):
        processing.run("edgewise:segment", segment, feedback=log)
    assert left_over() == []


def test_an_output_that_is_not_written_yet_is_neither_shown_nor_missed(engine, segment, log):
    import processing

    engine("share")
    given = {name: segment[name] for name in ("IMAGE", "MODEL", "OUTPUT")}
    results = processing.runAndLoadResults("edgewise:segment", {**given, "SHARD": "1/2"}, feedback=log)
    assert "OUTPUT" not in results and log.errors == [] and QgsProject.instance().mapLayers() == {}
    assert list(Path(segment["OUTPUT"]).parent.iterdir()) == []


def test_a_message_of_the_engine_names_parameters_as_the_dialog_does(engine, segment, log):
    import processing

    engine("share")
    processing.run("edgewise:segment", segment, feedback=log)
    assert log.warnings == ["Go on with 'Share', not with 'Resume' off; --other is no flag of this job."]


def test_a_layer_in_memory_reaches_the_engine_as_a_file(engine, ortho, log, tmp_path):
    import processing

    engine("echo")
    layer = QgsProject.instance().addMapLayer(polygons("Äcker"))
    given = {"MAP": ortho, "REFERENCE": layer, "CLASS_FIELD": "class", "REPORT": str(tmp_path / "r.html")}
    spec = json.loads(processing.run("edgewise:assess", given, feedback=log)["SUMMARY"])["spec"]
    assert spec["reference"].endswith(".gpkg") and spec["class_field"] == "class"
    assert left_over() == []
    QgsProject.instance().removeMapLayer(layer)


def test_temporary_outputs_are_made_where_processing_wants_them(engine, segment, log):
    import processing

    results = processing.run("edgewise:segment", {**segment, "OUTPUT": "TEMPORARY_OUTPUT"}, feedback=log)
    assert QgsRasterLayer(results["OUTPUT"]).isValid()
    assert results["OUTPUT"].endswith(".tif")


def legend(layer):
    return [item.label for item in layer.renderer().classes()]


def test_loaded_results_show_the_real_classes_and_a_fixed_ramp(engine, segment, log):
    import processing

    results = processing.runAndLoadResults("edgewise:segment", segment, feedback=log)
    loaded = {layer.source().partition("|")[0]: layer for layer in QgsProject.instance().mapLayers().values()}
    classes, confidence, outlines = (loaded[results[name]] for name in ("OUTPUT", "CONFIDENCE", "POLYGONS"))
    assert classes.renderer().type() == "paletted"
    assert legend(classes) == ["Gebäude", "water"]
    assert [(c.value, c.color.name()) for c in classes.renderer().classes()] == [(0, "#d1495b"), (2, "#3a86c8")]
    assert confidence.renderer().type() == "singlebandpseudocolor"
    assert (confidence.renderer().classificationMin(), confidence.renderer().classificationMax()) == (0, 100)
    assert [(c.value(), c.label()) for c in outlines.renderer().categories()] == [(0, "Gebäude"), (2, "water")]
    QgsProject.instance().clear()


def test_a_run_from_a_dialog_shows_its_results_too(engine, segment, log):
    from processing.gui.Postprocessing import handleAlgorithmResults
    from qgis.core import QgsProcessingOutputLayerDefinition

    project = QgsProject.instance()
    given = {**segment, "OUTPUT": QgsProcessingOutputLayerDefinition(segment["OUTPUT"], project)}
    context = QgsProcessingContext()
    context.setProject(project)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("edgewise:segment")
    task = QgsProcessingAlgRunnerTask(algorithm, given, context, log)
    ended = []
    task.executed.connect(lambda ok, results: ended.append(ok))
    QgsApplication.taskManager().addTask(task)
    pump(lambda: ended)
    assert ended == [True] and handleAlgorithmResults(algorithm, context, log, parameters=given)
    (layer,) = project.mapLayers().values()
    assert layer.source() == segment["OUTPUT"] and legend(layer) == ["Gebäude", "water"]
    project.clear()


def test_a_raster_opened_later_finds_its_style_beside_it(engine, segment, log, tmp_path):
    import processing

    given = {**segment, "PROBABILITIES": str(tmp_path / "probabilities.tif")}
    processing.run("edgewise:segment", given, feedback=log)
    assert legend(QgsRasterLayer(segment["OUTPUT"])) == ["Gebäude", "water"]
    for name in ("CONFIDENCE", "PROBABILITIES"):
        assert QgsRasterLayer(given[name]).renderer().type() == "singlebandpseudocolor"


def test_a_polygon_layer_with_a_style_of_its_own_keeps_it(engine, segment, log):
    import processing
    from qgis.core import QgsSingleSymbolRenderer, QgsSymbol, QgsVectorLayer
    from qgis.PyQt.QtGui import QColor

    processing.run("edgewise:segment", segment, feedback=log)
    layer = QgsVectorLayer(segment["POLYGONS"])
    symbol = QgsSymbol.defaultSymbol(layer.geometryType())
    symbol.setColor(QColor("#123456"))
    layer.setRenderer(QgsSingleSymbolRenderer(symbol))
    layer.saveStyleToDatabase("own", "", True, "")
    from edgewise.engine.contract.legend import Legend
    from edgewise.qgis_plugin import styles

    again = QgsVectorLayer(segment["POLYGONS"])
    styles.paint_vector(Legend.from_names(["a"]))(again)
    assert again.renderer().symbol().color().name() == "#123456"


def test_a_cancelled_task_leaves_no_process_and_no_file_within_two_seconds(engine, segment, log, tmp_path):
    engine("long")
    context = QgsProcessingContext()
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("edgewise:segment")
    task = QgsProcessingAlgRunnerTask(algorithm, segment, context, log)
    ended = []
    task.executed.connect(lambda ok, results: ended.append((ok, results)))
    QgsApplication.taskManager().addTask(task)
    pump(lambda: log.percents)
    start = time.monotonic()
    task.cancel()
    pump(lambda: ended)
    assert time.monotonic() - start < 2
    assert ended == [(False, {})]
    assert processes(tmp_path) == []
    assert list(Path(segment["OUTPUT"]).parent.iterdir()) == []
    assert left_over() == []


def pump(until, seconds=10):
    """Let QGIS work until something is there."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "nothing happened"
        QgsApplication.processEvents()
        time.sleep(0.01)


def test_a_model_chains_two_jobs(engine, segment, log, ortho, tmp_path):
    from qgis.core import (
        QgsProcessingModelAlgorithm,
        QgsProcessingModelChildAlgorithm,
        QgsProcessingModelChildParameterSource,
    )

    source = QgsProcessingModelChildParameterSource

    model = QgsProcessingModelAlgorithm("chain", "chain")
    first = QgsProcessingModelChildAlgorithm("edgewise:segment")
    first.setChildId("map")
    for name in ("IMAGE", "MODEL", "OUTPUT"):
        first.addParameterSources(name, [source.fromStaticValue(segment[name])])
    model.addChildAlgorithm(first)
    second = QgsProcessingModelChildAlgorithm("edgewise:assess")
    second.setChildId("check")
    second.addParameterSources("MAP", [source.fromChildOutput("map", "OUTPUT")])
    second.addParameterSources("REFERENCE", [source.fromStaticValue(ortho)])
    second.addParameterSources("REPORT", [source.fromStaticValue(str(tmp_path / "r.html"))])
    model.addChildAlgorithm(second)
    results, ok = model.run({}, QgsProcessingContext(), log, {}, False)
    assert ok, log.errors
    assert results["CHILD_RESULTS"]["check"]["REPORT"] == str(tmp_path / "r.html")


def test_the_chain_that_travels_with_the_plugin_runs(engine, segment, log, tmp_path):
    import processing

    chain = QgsApplication.processingRegistry().createAlgorithmById("edgewise:map_and_suggest")
    assert (chain.displayName(), chain.group()) == ("Map and suggest", "Chains")
    assert Path(chain.shortHelpString().rpartition(", and ")[2].rstrip(".")).name == "map_and_suggest.model3"
    inputs = [d for d in chain.parameterDefinitions() if not d.isDestination()]
    assert [d.description() for d in inputs] == ["Orthophoto", "Model", "Minimum area", "Budget"]
    assert all(d.help() for d in inputs)
    assert chain.canExecute() == (True, "")
    given = {"IMAGE": segment["IMAGE"], "MODEL": segment["MODEL"], "MINIMUM_AREA": 2.0, "BUDGET": 7}
    outputs = {d.name(): f"{tmp_path}/{d.name().rpartition(':')[2]}" for d in chain.destinationParameterDefinitions()}
    given |= {name: f"{path}.{'tif' if name.endswith('classes') else 'gpkg'}" for name, path in outputs.items()}
    results = processing.run("edgewise:map_and_suggest", given, feedback=log)
    assert len(outputs) == 3 and all(results[name] == given[name] for name in outputs)
    said = " ".join(log.commands)
    assert "--budget 7" in said and "--minimum-area 2.0" in said and "engine.run vectorize --map" in said


def test_the_chain_is_written_anew_with_the_same_bytes(tmp_path):
    from qgis.core import Qgis

    written = []
    for name in ("one.model3", "two.model3"):
        subprocess.run([sys.executable, ROOT / ".ci" / "chain.py", tmp_path / name], check=True, capture_output=True)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    if Qgis.versionInt() // 100 == 322:  # the oldest QGIS wrote the one that travels; newer ones add keys of their own
        (travelling,) = (ROOT / "qgis_plugin" / "chains").glob("*.model3")
        assert written[0] == travelling.read_bytes(), "run make chain"
