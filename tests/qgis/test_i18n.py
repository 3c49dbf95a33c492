"""The user's language: sentences are found by their source, and a language without a file speaks English."""

import pytest

TS = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de"><context><name>Edgewise</name>
<message><source>Roads &amp; trees</source><translation>Straßen &amp; Bäume</translation></message>
<message><source>Unfinished</source><translation type="unfinished">Halb</translation></message>
<message><source>Empty</source><translation></translation></message>
</context></TS>
"""


@pytest.fixture
def german(plugin):
    """A QGIS that speaks German."""
    from edgewise.qgis_plugin import i18n
    from qgis.core import QgsSettings

    QgsSettings().setValue("locale/overrideFlag", True)
    QgsSettings().setValue("locale/userLocale", "de_AT")
    i18n.words.cache_clear()
    yield i18n
    QgsSettings().remove("locale")
    i18n.words.cache_clear()


@pytest.fixture
def i18n(german, tmp_path, monkeypatch):
    """The module with one German file."""
    (tmp_path / "edgewise_de.ts").write_text(TS, encoding="utf-8")
    monkeypatch.setattr(german, "FOLDER", tmp_path)
    return german


def test_a_sentence_is_shown_in_the_language_of_qgis(i18n):
    assert i18n.tr("Roads & trees") == "Straßen & Bäume"


def test_a_sentence_without_a_finished_translation_stays_as_it_is(i18n):
    assert [i18n.tr(text) for text in ("Unfinished", "Empty", "Unknown")] == ["Unfinished", "Empty", "Unknown"]


def test_a_language_without_a_file_speaks_english(i18n):
    assert i18n.words("xx") == {}


@pytest.mark.usefixtures("german")
def test_labels_and_refusals_of_a_dialog_speak_german():
    from qgis.core import QgsApplication, QgsProcessingContext

    segment = QgsApplication.processingRegistry().createAlgorithmById("edgewise:segment").create()
    labels = {definition.name(): definition.description() for definition in segment.parameterDefinitions()}
    accepted, reason = segment.checkParameterValues({"IMAGE": "/gone.tif", "OUTPUT": "/c.tif"}, QgsProcessingContext())
    assert not accepted
    assert reason == f"{labels['IMAGE']}: /gone.tif gibt es nicht.\nPrüfen Sie den Pfad."
