"""Bring qgis_plugin/i18n/edgewise_<language>.ts up to date with the sentences of specs and plugin: `make translations`.

    python3 .ci/translations.py          every language that has a file
    python3 .ci/translations.py fr       a new one

Translations stay with their source sentence; new sentences come as unfinished, in the order in which they are written in
the code, and those that nothing says any more leave. Edit the files with Qt Linguist, or by hand.
"""

from __future__ import annotations

import ast
import inspect
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine.contract.specs import SPECS  # noqa: E402

PLUGIN = ROOT / "qgis_plugin"
FOLDER = PLUGIN / "i18n"
CONTEXT = "Edgewise"


def sentences() -> dict[str, str]:
    """Return every sentence that people read, with the place where it is written first."""
    found: dict[str, str] = {}
    for place, text in (*_of_specs(), *_of_plugin()):
        if text:
            found.setdefault(text, place)
    return found


def _of_specs() -> Iterator[tuple[str, str]]:
    for spec in SPECS:
        place = f"engine/contract/specs/{spec.job}.py"
        yield from ((place, text) for text in (spec.title, spec.group))
        yield from ((place, " ".join(p.split())) for p in inspect.cleandoc(spec.__doc__ or "").split("\n\n"))
        for param in spec.params():
            yield from ((place, text) for text in (param.label, param.help, *(c.label for c in param.choices)))
        yield from ((place, result.label) for result in spec.results)


def _of_plugin() -> Iterator[tuple[str, str]]:
    """Yield the literals in `tr(...)`, in the order of files and lines."""
    for path in sorted(PLUGIN.rglob("*.py")):
        calls = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
        for call in sorted(calls, key=lambda n: (n.lineno, n.col_offset)):
            is_tr = isinstance(call.func, ast.Name) and call.func.id == "tr" and call.args
            if is_tr and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
                yield str(path.relative_to(ROOT)), call.args[0].value


def translations(path: Path) -> dict[str, str]:
    """Return the finished translations in a file by their source."""
    if not path.is_file():
        return {}
    messages = ElementTree.parse(path).iter("message")  # noqa: S314, our own file
    found = {m.findtext("source", ""): m.find("translation") for m in messages}
    return {s: t.text or "" for s, t in found.items() if t is not None and t.get("type") is None and t.text}


def write(path: Path, language: str, known: dict[str, str]) -> int:
    """Write a file with all sentences and return how many have no translation."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<!DOCTYPE TS>", f'<TS version="2.1" language="{language}">',
             "<context>", f"    <name>{CONTEXT}</name>"]  # fmt: skip
    for source, place in sentences().items():
        translated = known.get(source, "")
        state = "" if translated else ' type="unfinished"'
        lines += [
            "    <message>",
            f'        <location filename="../../{place}"/>',
            f"        <source>{escape(source)}</source>",
            f"        <translation{state}>{escape(translated)}</translation>",
            "    </message>",
        ]
    path.write_text("\n".join([*lines, "</context>", "</TS>", ""]), encoding="utf-8")
    return sum(source not in known for source in sentences())


def main() -> None:
    """Bring the files named on the command line, or all there are, up to date."""
    FOLDER.mkdir(exist_ok=True)
    languages = sys.argv[1:] or [path.stem.partition("_")[2] for path in sorted(FOLDER.glob("edgewise_*.ts"))]
    for language in languages:
        path = FOLDER / f"edgewise_{language}.ts"
        missing = write(path, language, translations(path))
        print(f"{path.relative_to(ROOT)}: {len(sentences())} sentences, {missing} without a translation.")


if __name__ == "__main__":
    main()
