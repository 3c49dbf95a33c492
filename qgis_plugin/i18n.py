"""The plugin's words in the user's language: `tr` around every sentence that people read.

The `.ts` files of Qt Linguist are read as they stand: nothing is compiled, so a checkout and the zip speak alike. A lookup
of our own, and no QTranslator in Python: QGIS would ask that for each of its own strings.
"""

from __future__ import annotations

import functools
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QFile, QIODevice, QXmlStreamReader

CONTEXT = "Edgewise"
FOLDER = Path(__file__).resolve().parent / "i18n"


def tr(text: str) -> str:
    """Return a sentence in the language of QGIS, or as it is where that language has no translation.

    Args:
        text: a literal, so that `make translations` finds it; values are put into the result with `.format`.
    """
    return words(QgsApplication.locale()[:2]).get(text, text)


@functools.lru_cache(maxsize=None)
def words(language: str) -> dict[str, str]:
    """Return the finished translations of a language by their source; none for English and for languages without a file.

    Args:
        language: two letters, such as de.
    """
    file = QFile(str(FOLDER / f"edgewise_{language}.ts"))
    if not file.open(QIODevice.OpenModeFlag.ReadOnly):
        return {}
    found: dict[str, str] = {}
    source, reader = "", QXmlStreamReader(file)
    while not reader.atEnd():
        reader.readNext()
        if not reader.isStartElement():
            continue
        if reader.name() == "source":
            source = reader.readElementText()
        elif reader.name() == "translation" and reader.attributes().value("type") == "":
            found[source] = reader.readElementText()
    file.close()
    return {text: translated for text, translated in found.items() if translated}
