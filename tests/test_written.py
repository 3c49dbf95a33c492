"""What commands write from the code is in step with it: pages of the documentation, and the sentences to translate."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = sorted((ROOT / "qgis_plugin" / "i18n").glob("edgewise_*.ts"))


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
