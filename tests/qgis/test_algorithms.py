"""Every job in the toolbox: names that stay, help, dialogs, and the same request as on the command line."""

import json
from pathlib import Path

import pytest
from edgewise.engine.contract.specs import BY_JOB, SPECS
from fakes import polygons
from qgis.core import QgsProcessingAlgorithm, QgsProcessingContext, QgsProcessingParameterDefinition, QgsProject
from qgis.PyQt import sip

NAMES = Path(__file__).parent / "names.json"
JOBS = [spec.job for spec in SPECS]


@pytest.fixture
def algorithm(plugin):
    def algorithm(job):
        from qgis.core import QgsApplication

        return QgsApplication.processingRegistry().createAlgorithmById(f"edgewise:{job}")

    return algorithm


def test_no_name_that_was_ever_given_is_gone_and_new_ones_are_recorded(plugin):
    found = {a.id(): [d.name() for d in a.parameterDefinitions()] for a in plugin.provider.algorithms()}
    recorded = json.loads(NAMES.read_text())
    for identifier, names in recorded.items():
        missing = set(names) - set(found.get(identifier, []))
        assert identifier in found and not missing, f"{identifier} lost {missing}: models and scripts of users break"
    assert {i: sorted(n) for i, n in found.items()} == {i: sorted(n) for i, n in recorded.items()}, (
        f"Record the new names, forever, in {NAMES.name}:\n{json.dumps(found)}"
    )


@pytest.mark.parametrize("job", JOBS)
def test_an_algorithm_has_all_that_the_toolbox_shows(algorithm, job):
    shown = algorithm(job)
    assert (shown.name(), shown.displayName(), shown.group()) == (job, BY_JOB[job].title, BY_JOB[job].group)
    assert shown.groupId().isalnum() and shown.groupId().islower()
    assert Path(shown.svgIconPath()).name == f"{job}.svg", f"draw qgis_plugin/icons/{job}.svg, in the manner of the others"
    assert not shown.icon().isNull()
    assert shown.helpUrl().startswith(("file:", "https:")) and shown.helpUrl().endswith(f"docs/algorithms/{job}.md")
    assert shown.shortHelpString().startswith(shown.shortDescription())
    assert "<" not in shown.shortHelpString()
    assert shown.flags() & QgsProcessingAlgorithm.Flag.FlagCanCancel


@pytest.mark.parametrize(("name", "group"), [("install", "Set up"), ("uninstall", "Set up"), ("map_and_suggest", "Chains")])
def test_what_is_no_job_has_all_that_the_toolbox_shows_too(algorithm, name, group):
    shown = algorithm(name)
    assert shown.group() == group and shown.groupId().isalnum() and shown.displayName()[0].isupper()
    assert not shown.icon().isNull() and shown.helpUrl().endswith(".md")
    assert shown.shortHelpString().startswith(shown.shortDescription()) and "<" not in shown.shortHelpString()
    assert all(d.help() and d.description()[0].isupper() for d in shown.parameterDefinitions())


@pytest.mark.parametrize("job", JOBS)
def test_every_parameter_has_label_help_and_its_place(algorithm, job):
    shown = algorithm(job)  # owns its definitions
    definitions = {d.name(): d for d in shown.parameterDefinitions()}
    for param in BY_JOB[job].params():
        definition = definitions[param.name.upper()]
        assert definition.description() == param.label
        assert definition.help().startswith(param.help)
        folded = bool(definition.flags() & QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        assert folded == param.advanced
        optional = bool(definition.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional)
        assert optional or definition.defaultValue() is not None or param.required, f"{param.name} cannot be left out"


@pytest.fixture
def example(ortho, tmp_path):
    """Return a value for any field, different from its default where it has one."""
    labels = tmp_path / "labels.geojson"
    labels.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"class": "water"},'
        '"geometry": {"type": "Polygon", "coordinates": [[[9,51],[9.1,51],[9,51.1],[9,51]]]}}]}'
    )

    def example(param):
        file = tmp_path / f"{param.name}.{(param.suffixes or ('',))[0]}"
        if param.kind in ("model", "file"):
            file.touch()
        one = {
            "raster": ortho, "vector": str(labels), "layer": str(labels), "field": "class", "text": "words",
            "mosaic": ortho, "words": "nir 'band 2' 1", "extent": "9,9.5,51,51.25 [EPSG:4326]",
            "boolean": not param.default, "choice": param.choices[-1].value if param.choices else "",
            "integer": param.maximum, "number": param.maximum,
        }.get(param.kind, str(file))  # fmt: skip
        if param.kind in ("model", "file") and param.multiple:
            one = ortho  # QGIS 3.22 puts several files into a dialog only if they open as layers; by hand any file goes
        return [one, one] if param.multiple and param.kind not in ("mosaic", "words") else one

    return example


@pytest.mark.parametrize("job", JOBS)
def test_what_is_put_into_the_dialog_is_what_the_engine_reads(algorithm, example, requested, job):
    from processing.gui.AlgorithmDialog import AlgorithmDialog

    values = {p.name: example(p) for p in BY_JOB[job].params()}
    dialog = AlgorithmDialog(algorithm(job), parent=None)
    try:
        dialog.setParameters({name.upper(): value for name, value in values.items()})
        given = dialog.createProcessingParameters()
    finally:
        sip.delete(dialog)
    assert requested(job, given) == BY_JOB[job].from_dict(values)


@pytest.mark.parametrize("job", JOBS)
def test_every_output_is_declared_so_that_a_model_can_chain_it(algorithm, job):
    shown = algorithm(job)
    declared = {o.name() for o in shown.outputDefinitions()}
    results = [result.name.upper() for result in BY_JOB[job].results]
    assert declared == {p.name.upper() for p in BY_JOB[job].params() if p.is_output} | {"SUMMARY", *results}
    assert not {p.name.upper() for p in BY_JOB[job].params()} & set(results), "a result hides a parameter"


@pytest.fixture
def requested(algorithm):
    """Return the request that the engine would read, for parameters as a dialog gives them."""

    def requested(job, given, folder=None):
        from edgewise.qgis_plugin.request import Request

        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        return Request(algorithm(job), BY_JOB[job], given, context, folder).spec

    return requested


def test_a_dialog_asks_for_the_same_as_the_command_line(requested, ortho, tmp_path):
    label = tmp_path / "labels.geojson"
    label.write_text('{"type":"FeatureCollection","features":[]}')
    given = {
        "IMAGES": [ortho], "LABELS": [ortho], "NETWORK": "unet_resnet18", "ITERATIONS": "12", "BALANCED": "false", "EMA": 0.5,
        "LEARNING_RATE": "0.01", "LICENCE": "CC0-1.0", "OUTPUT": str(tmp_path / "m.safetensors"), "CLASS_FIELD": "class",
    }  # fmt: skip
    from edgewise.engine.contract.specs.train import TrainSpec

    assert requested("train", given) == TrainSpec.from_dict({
        "images": [ortho], "labels": [ortho], "network": "unet_resnet18", "iterations": 12, "balanced": False, "ema": 0.5,
        "learning_rate": 0.01, "licence": "CC0-1.0", "output": str(tmp_path / "m.safetensors"), "class_field": "class",
    })  # fmt: skip


@pytest.mark.parametrize("given", ["9,9.5,51,51.25 [EPSG:4326]", "rectangle"])
def test_an_extent_arrives_with_its_crs_however_it_is_given(requested, ortho, given):
    from qgis.core import QgsCoordinateReferenceSystem, QgsRectangle, QgsReferencedRectangle

    if given == "rectangle":
        given = QgsReferencedRectangle(QgsRectangle(9, 51, 9.5, 51.25), QgsCoordinateReferenceSystem("EPSG:4326"))
    segment = {"IMAGE": ortho, "MODEL": "/m.safetensors", "OUTPUT": "/c.tif", "EXTENT": given}
    assert requested("segment", segment).extent == "9.0,51.0,9.5,51.25 EPSG:4326"
    assert requested("segment", {**segment, "EXTENT": "9,9.5,51,51.25"}).extent == "9.0,51.0,9.5,51.25"


def test_several_model_files_arrive_in_their_order(requested, ortho, tmp_path):
    given = {"IMAGES": [ortho], "LABELS": [ortho], "TEACHERS": ["/b.safetensors", "/a.safetensors"], "OUTPUT": "/m.safetensors"}
    assert requested("distill", given).teachers == ("/b.safetensors", "/a.safetensors")


def test_a_share_is_named_by_its_folder_or_by_any_file_in_it(requested, ortho, tmp_path):
    folder = tmp_path / "map.bands"
    folder.mkdir()
    given = {"IMAGE": ortho, "MODEL": "/m.safetensors", "OUTPUT": str(tmp_path / "map.tif")}
    inside = [f"{folder}/request.json", f"{folder}/rows_000000000_000000512.tif"]
    assert requested("merge", {**given, "BANDS": [str(folder)]}).bands == (str(folder),)
    assert requested("merge", {**given, "BANDS": [*inside, "/other.bands"]}).bands == (str(folder), "/other.bands")


def test_labels_may_be_a_raster_or_a_layer_of_the_project(requested, ortho, tmp_path):
    layer = QgsProject.instance().addMapLayer(polygons())
    given = {"MAP": ortho, "REFERENCE": layer.id(), "CLASS_FIELD": "class", "REPORT": str(tmp_path / "r.html")}
    assert requested("assess", given, tmp_path).reference.endswith(".gpkg")
    assert requested("assess", {**given, "REFERENCE": ortho}).reference == ortho
    QgsProject.instance().removeMapLayer(layer)


def test_the_selected_features_of_a_layer_are_taken_alone(requested, algorithm, ortho, tmp_path):
    from qgis.core import QgsProcessingFeatureSourceDefinition, QgsVectorLayer

    layer = QgsProject.instance().addMapLayer(polygons(count=3))
    model = tmp_path / "m.safetensors"
    model.touch()
    given = {"IMAGE": ortho, "MODEL": str(model), "OUTPUT": str(tmp_path / "c.tif")}
    given["AREA_OF_INTEREST"] = QgsProcessingFeatureSourceDefinition(layer.id(), True)
    assert "Area of interest: no feature of fields is selected.\nSelect some" in refusal(algorithm, "segment", given)
    layer.selectByIds(layer.allFeatureIds()[:2])
    assert QgsVectorLayer(requested("segment", given, tmp_path).area_of_interest).featureCount() == 2
    given["AREA_OF_INTEREST"] = QgsProcessingFeatureSourceDefinition(layer.id(), False, 5)
    assert "cannot be limited.\nSelect the features, or filter" in refusal(algorithm, "segment", given)
    QgsProject.instance().removeMapLayer(layer)


def test_a_campaign_is_read_whole_whichever_of_its_layers_is_chosen(requested, ortho, tmp_path):
    from test_layers import saved

    path = tmp_path / "campaign ä.gpkg"
    saved(polygons(), path, "units")
    layer = QgsProject.instance().addMapLayer(saved(polygons(), path, "corrections"))
    given = {"IMAGE": ortho, "OUTPUT": str(tmp_path / "l.tif")}
    assert requested("ingest", {**given, "CAMPAIGN": layer.id()}).campaign == (str(path),)
    assert requested("ingest", {**given, "CAMPAIGN": str(path)}).campaign == (str(path),)
    copy = tmp_path / "copy of Jörg.gpkg"
    saved(polygons(), copy, "units")
    assert requested("ingest", {**given, "CAMPAIGN": [layer.id(), str(copy)]}).campaign == (str(path), str(copy))
    QgsProject.instance().removeMapLayer(layer)


def refusal(algorithm, job, given):
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    accepted, reason = algorithm(job).checkParameterValues(given, context)
    assert not accepted
    return reason


def test_the_dialog_refuses_what_the_engine_would_refuse_in_the_words_of_the_dialog(algorithm, ortho, tmp_path):
    given = {"IMAGES": [ortho], "LABELS": [ortho], "OUTPUT": str(tmp_path / "m.safetensors")}
    assert "Chip size: found 100, expected a multiple of 32" in refusal(algorithm, "train", {**given, "CHIP": 100})
    model = tmp_path / "m.safetensors"
    model.touch()
    segment = {"IMAGE": ortho, "MODEL": str(model), "OUTPUT": str(tmp_path / "c.tif")}
    assert "inputs are never changed" in refusal(algorithm, "segment", {**segment, "OUTPUT": ortho})
    missing = refusal(algorithm, "segment", {**segment, "MODEL": "/no/model.safetensors"})
    assert missing == "Model: /no/model.safetensors does not exist.\nCheck the path given with 'Model'."
    assert "should end in .tif" in refusal(algorithm, "segment", {**segment, "OUTPUT": str(tmp_path / "c.png")})


def test_one_of_several_layers_that_is_missing_is_not_passed_over(algorithm, ortho, tmp_path):
    given = {"IMAGES": [ortho, "/gone.tif"], "LABELS": [ortho, ortho], "OUTPUT": str(tmp_path / "m.safetensors")}
    assert refusal(algorithm, "train", given) == "Orthophotos: /gone.tif does not exist.\nCheck the path."


def test_a_file_of_another_kind_is_refused_with_what_to_choose(algorithm, ortho, tmp_path):
    text = tmp_path / "text.tif"
    text.write_text("no raster")
    said = refusal(algorithm, "segment", {"IMAGE": str(text), "OUTPUT": str(tmp_path / "c.tif")})
    assert (
        said
        == f"Orthophoto: QGIS finds no such layer in {text}.\nDrag the file into QGIS to see what it holds, or choose another."
    )
    said = refusal(algorithm, "segment", {"IMAGE": ortho, "MODEL": ortho, "OUTPUT": str(tmp_path / "c.tif")})
    assert said == f"Model: {ortho} is no file of the kind that is asked for.\nChoose one that ends in .safetensors, .onnx."


def test_without_an_engine_the_algorithm_says_the_remedy(algorithm, plugin, monkeypatch):
    monkeypatch.setenv("EDGEWISE_PYTHON", "/gone/python")
    executable, reason = algorithm("segment").canExecute()
    assert not executable
    assert "/gone/python" in reason and "Settings > Options > Processing > Providers > Edgewise" in reason
    assert plugin.provider.warningMessage() == reason
    assert algorithm("map_and_suggest").canExecute() == (False, reason)
    assert algorithm("install").canExecute()[0]


def test_the_setting_in_the_options_is_the_one_that_counts(algorithm, plugin, monkeypatch):
    from processing.core.ProcessingConfig import ProcessingConfig
    from qgis.core import QgsSettings

    monkeypatch.setenv("EDGEWISE_PYTHON", "/gone/python")
    setting = ProcessingConfig.settings["edgewise/python"]
    try:
        setting.setValue("/bin/sh")
        setting.save()
        assert QgsSettings().value("edgewise/python") == "/bin/sh"
        assert algorithm("segment").canExecute() == (True, "")
    finally:
        QgsSettings().remove("edgewise/python")
        setting.value = ""
    assert not algorithm("segment").canExecute()[0]


def test_qgis_never_sees_the_names_engine_and_models(plugin):
    import sys

    assert not {"engine", "models", "torch", "rasterio"} & set(sys.modules)
