"""One drawing for each algorithm, of one family; an SVG file with the algorithm's name."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def icon_of(name: str) -> str:
    """Return the drawing of an algorithm, or of the plugin where it has none.

    Args:
        name: of the algorithm, or `edgewise`.
    """
    path = FOLDER / f"{name}.svg"
    return str(path if path.is_file() else FOLDER / "edgewise.svg")
