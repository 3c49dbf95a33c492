"""What commands write from the code is in step with it: pages of the documentation, and the sentences to translate."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = sorted((ROOT / "qgis_plugin" / "i18n").glob("edgewise_*.ts"))
NO_SENTENCE = {  # code, commands and a word by which the toolbox finds algorithms, in every language
    "fetch uv", "python3 -m venv edgewise-engine", ' -m pip install -r "', "deep learning",
    "pip download -d FOLDER -r REQUIREMENTS", '<span style="color:',
}  # fmt: skip


def command(name):
    """Return a command of .ci as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_of_the_algorithms_say_what_the_specs_say():
    docs = command("docs")
    found = {path.name: path.read_text(encoding="utf-8") for path in docs.FOLDER.glob("*.md")}
    wanted = docs.pages()
    assert set(found) == set(wanted), "run make docs"
    assert [name for name in wanted if found[name] != wanted[name]] == [], "run make docs"


def untranslated(source):
    """Return the texts of two words or more in a module that no `tr` is around; docstrings and lines of Python are none."""
    tree = ast.parse(source)
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "tr"]
    told = {id(part) for call in calls for part in ast.walk(call)}
    told |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in told]
    return [text for text in texts if re.search(r"[A-Za-z]{2,}[,;:]? [a-z]{2,}", text) and not text.startswith("import ")]


def test_every_sentence_of_the_plugin_can_be_translated():
    found = {text: path.name for path in (ROOT / "qgis_plugin").rglob("*.py") for text in untranslated(path.read_text("utf-8"))}
    assert {text: name for text, name in found.items() if text not in NO_SENTENCE} == {}, (
        "put them into tr(), values by .format"
    )


def test_a_sentence_without_tr_is_found():
    assert untranslated('"""A module of two."""\nraise Error(f"{x} is gone.", tr("Open it again."))') == [" is gone."]


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_every_sentence_is_translated(path):
    translations = command("translations")
    known = translations.translations(path)
    missing = [text for text in translations.sentences() if text not in known]
    assert missing == [], f"run make translations, then translate them in {path.relative_to(ROOT)}"


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_a_translation_keeps_the_places_for_values(path):
    for source, translated in command("translations").translations(path).items():
        assert sorted(re.findall(r"{(\w+)}", source)) == sorted(re.findall(r"{(\w+)}", translated)), source


def test_german_is_there():
    assert [path.stem for path in LANGUAGES] == ["edgewise_de"]


def test_every_name_of_qt_was_looked_up_in_qt6():
    qt6 = command("qt6")
    assert qt6.TARGET.read_text(encoding="utf-8").split() == qt6.used(), "look the new ones up: .ci/qt6.py says how"


def test_the_names_of_qt_in_a_module_are_found():
    source = "from qgis.PyQt.QtCore import Qt\nfrom qgis.core import Qgis\nQt.Key.Key_A, Qgis.MessageLevel.Info, Qt.x().y\n"
    assert sorted(command("qt6").names(source)) == ["QtCore.Qt", "QtCore.Qt.Key.Key_A", "QtCore.Qt.x"]
