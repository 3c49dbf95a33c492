"""Write docs/algorithms, a page for each algorithm, from the specs and the introductions: `make docs`.

A page holds what the spec says and, where `docs/introductions/<job>.md` exists, that text before the parameters.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine.contract.params import Param  # noqa: E402
from engine.contract.results import Result  # noqa: E402
from engine.contract.spec import Spec  # noqa: E402
from engine.contract.specs import SPECS  # noqa: E402

FOLDER = ROOT / "docs" / "algorithms"
INTRODUCTIONS = ROOT / "docs" / "introductions"
_FOOT = "_Written from the specs by `make docs`._\n"
KINDS = {
    "mosaic": "raster, or adjoining ones", "words": "words", "extent": "extent",
    "raster": "raster", "vector": "vector layer", "layer": "raster or vector layer", "model": "model file", "file": "file",
    "field": "attribute", "text": "text", "integer": "whole number", "number": "number", "boolean": "yes or no",
    "choice": "choice", "output_raster": "raster, written", "output_vector": "vector layer, written",
    "output_file": "file, written", "output_folder": "folder, written",
}  # fmt: skip


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    return {"README.md": _index(), **{f"{spec.job}.md": page(spec) for spec in SPECS}}


def page(spec: type[Spec]) -> str:
    """Return the page of one job."""
    introduction = INTRODUCTIONS / f"{spec.job}.md"
    parts = [
        f"# {spec.title}",
        f"`edgewise:{spec.job}` in QGIS, group *{spec.group}* · `python -m engine.run {spec.job}` in a terminal",
        inspect.cleandoc(spec.__doc__ or ""),
        introduction.read_text(encoding="utf-8").strip() if introduction.is_file() else "",
        "## Parameters\n\n" + _table(("parameter", "QGIS", "flag", "what", "meaning"), map(_row, spec.params()))
        if spec.params()
        else "It takes no parameters.",
        "## Numbers and texts for models and scripts",
        _table(
            ("QGIS", "what", "meaning"), (*map(_result, spec.results), ("`SUMMARY`", "text", "All that the job says, as JSON"))
        ),
        _FOOT,
    ]
    return "\n\n".join(part for part in parts if part)


def _result(result: Result) -> tuple[str, ...]:
    return f"`{result.name.upper()}`", "text" if result.is_text else "number", result.label


def _row(param: Param) -> tuple[str, ...]:
    default = "" if param.default in (None, "", ()) else f" Default: {_words(param.default)}."
    choices = "".join(f" `{c.value}`: {c.label}." for c in param.choices)
    limits = f" From {param.minimum:g} to {param.maximum:g}." if param.kind in ("integer", "number") else ""
    label = f"**{param.label}**" if param.required else param.label
    what = ("several: " if param.multiple else "") + KINDS[param.kind] + (", advanced" if param.advanced else "")
    return label, f"`{param.name.upper()}`", f"`{param.flag}`", what, f"{param.help}{choices}{limits}{default}"


def _words(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"{value}"


def _table(head: tuple[str, ...], rows: object) -> str:
    lines = [head, tuple("---" for _ in head), *rows]  # type: ignore[misc]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _index() -> str:
    groups: dict[str, list[str]] = {}
    for spec in SPECS:
        first = " ".join(inspect.cleandoc(spec.__doc__ or "").split("\n\n")[0].split())
        groups.setdefault(spec.group, []).append(f"| [{spec.title}]({spec.job}.md) | {first} |")
    groups["Set up"].append("| [Install the engine, Remove the engine](../install.md) | Make or remove the engine's Python. |")
    groups.setdefault("Chains", []).append(
        "| Map and suggest | Segment, vectorize and suggest in a row: a model, opened by Models > Open Existing Model. |"
    )
    body = "\n\n".join(
        f"## {name}\n\n| algorithm | what it does |\n|---|---|\n" + "\n".join(rows) for name, rows in groups.items()
    )
    return (
        "# The algorithms\n\nAll are in the Processing Toolbox under *Edgewise*; they also work in models, batches, scripts "
        "and `qgis_process`. In the tables, parameters in bold must be given.\n\n![The toolbox](../img/toolbox.png)\n\n"
        + body
        + f"\n\n{_FOOT}"
    )


def main() -> None:
    """Write the pages, and remove those of jobs that are gone."""
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for file in FOLDER.glob("*.md"):
        if file.name not in wanted:
            file.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
