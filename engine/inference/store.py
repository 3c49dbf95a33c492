"""Finished bands in a folder beside the output: a killed run goes on from them, shards put theirs together in it.

The folder says what was asked and what was chosen. Only the same request may add to it, so that what comes out is what
one undisturbed run gives, to the pixel.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine import atomic
from engine.contract.errors import DataError
from engine.geo import stack
from engine.geo.tiles import Window

from .predict import Band

SCHEMA = 3
_REQUEST = "request.json"
_NAME = re.compile(r"rows_(\d+)_(\d+)\.tif")


def folder_of(output: str | Path) -> Path:
    """Return where the finished bands of an output lie: `classes.tif` -> `classes.bands`."""
    return Path(output).with_suffix(".bands")


@dataclass(frozen=True)
class Store:
    """A folder of finished bands.

    Args:
        folder: where they lie.
        asked: what decides the pixels; a run that asks for something else is refused.
        chosen: what the first run chose where the request left it open; later runs take it over.
    """

    folder: Path
    asked: dict[str, Any]
    chosen: dict[str, Any]

    @property
    def done(self) -> list[tuple[int, int]]:
        """Return the finished rows as (start, stop), from top to bottom."""
        names = (_NAME.fullmatch(p.name) for p in self.folder.iterdir())
        return sorted((int(n[1]), int(n[2])) for n in names if n)

    def missing(self, first: int, stop: int) -> list[tuple[int, int]]:
        """Return the rows within [first, stop) that are not finished, as (start, stop)."""
        gaps, row = [], first
        for start, end in self.done:
            if row < start:
                gaps.append((row, min(start, stop)))
            row = max(row, end)
        return [g for g in [*gaps, (row, stop)] if g[0] < min(g[1], stop)]

    def put(self, band: Band) -> None:
        """Keep a band.

        Raises:
            ResourceError: the disk is full.
        """
        start = band.window.row
        planes = (band.classes, band.confidence, *(() if band.probabilities is None else band.probabilities))
        stack.write(self._path(start, start + band.window.height), np.stack(planes))

    def get(self, start: int, stop: int) -> Band:
        """Return a band that is kept.

        Raises:
            DataError: its file is damaged.
        """
        classes, confidence, *probabilities = stack.read(self._path(start, stop))
        return Band(Window(start, 0, *classes.shape), classes, confidence, np.stack(probabilities) if probabilities else None)

    def bands(self) -> Iterator[Band]:
        """Yield what is kept, from top to bottom.

        Raises:
            DataError: a file is damaged.
        """
        for rows in self.done:
            yield self.get(*rows)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove_unused(self) -> None:
        """Delete the folder if no band is kept in it."""
        if self.folder.exists() and not self.done:
            self.remove()

    def _path(self, start: int, stop: int) -> Path:
        return self.folder / f"rows_{start:09d}_{stop:09d}.tif"


def open_or_create(folder: Path, asked: dict[str, Any], chosen: dict[str, Any]) -> Store:
    """Return the store of a folder, made new where there is none.

    Raises:
        DataError: the folder holds the bands of another request, or cannot be written.
    """
    found = read(folder) if folder.exists() else None
    if found is not None:
        changed = [k for k in {**found.asked, **asked} if found.asked.get(k) != asked.get(k)]
        if changed:
            raise DataError(
                f"{folder} holds an unfinished run of another request; {', '.join(sorted(changed))} changed since.",
                "Repeat the earlier request to finish it, or begin anew with --no-resume.",
            )
        return found
    request = {"schema": SCHEMA, "asked": asked, "chosen": chosen}
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise atomic.explain(error, folder) from error
    with atomic.output(folder / _REQUEST) as part:
        part.write_text(json.dumps(request, indent=1), encoding="utf-8")
    return Store(folder, json.loads(json.dumps(asked)), chosen)


def read(folder: Path) -> Store:
    """Return the store of an existing folder.

    Raises:
        DataError: the folder is no store.
    """
    try:
        request = json.loads((folder / _REQUEST).read_text(encoding="utf-8"))
        if request["schema"] != SCHEMA:
            raise ValueError(request["schema"])
        return Store(folder, dict(request["asked"]), dict(request["chosen"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(
            f"{folder} is not a folder of finished bands of this version of Edgewise.",
            "Delete it, or begin anew with --no-resume.",
        ) from None
