"""Put the shares of a segmentation together: the rasters that one run would have given, to the pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.contract.errors import DataError
from engine.contract.events import Reporter
from engine.contract.specs.merge import MergeSpec
from engine.inference import inputs, store
from engine.inference.inputs import View
from engine.inference.predict import Band
from engine.jobs.segment import outputs
from models import checkpoint


def run(spec: MergeSpec, report: Reporter) -> dict[str, Any]:
    """Write the rasters from the bands of all shares, once none is missing; the folders stay."""
    card = checkpoint.read_card(spec.model)
    stores = [store.read(Path(folder)) for folder in spec.bands]
    with inputs.reopen(spec.image, View.from_json(stores[0].asked)) as given:
        height = given.source.geobox.height
        _check(spec, stores, card.hash, given.image.path, height)
        with outputs(spec, given, card.legend, stores[0].chosen, report) as out:
            for band in _in_order(stores):
                out.write(band)
                report.progress("merge", band.window.row + band.window.height, height, "rows")
    chosen = {name: value for name, value in stores[0].chosen.items() if name != "seams"}
    return {"legend": card.legend.to_json(), **out.summary(), **chosen}


def _in_order(stores: Sequence[store.Store]) -> Iterator[Band]:
    """Yield the bands of several stores from top to bottom."""
    places = sorted((rows, number) for number, s in enumerate(stores) for rows in s.done)
    for rows, number in places:
        yield stores[number].get(*rows)


def _check(spec: MergeSpec, stores: Sequence[store.Store], model_hash: str, image: str, height: int) -> None:
    """Refuse shares of different runs, and rows that are missing or there twice."""
    first = stores[0]
    for folder, other in zip(spec.bands, stores, strict=True):
        if (other.asked, other.chosen) != (first.asked, first.chosen):
            changed = [k for k in first.asked if other.asked.get(k) != first.asked[k]] or sorted(first.chosen)
            raise DataError(
                f"{folder} and {spec.bands[0]} are shares of different runs; they differ in {', '.join(changed)}.",
                "Merge shares of one request: the same orthophoto, model and options, with the same runtime on each machine.",
            )
    if first.asked.get("model") != model_hash:
        raise DataError(f"{spec.bands[0]} was made with another model than {spec.model}.", "Name the model of the shares.")
    row = 0
    for start, stop in sorted(rows for s in stores for rows in s.done):
        if start != row:
            what = "are missing" if start > row else "are there twice"
            raise DataError(
                f"Rows {min(row, start)} to {max(row, start)} of {image} {what}.",
                "Run the share they belong to, and name each folder once.",
            )
        row = stop
    if row != height:
        raise DataError(f"Rows {row} to {height} of {image} are missing.", "Run the share they belong to.")
