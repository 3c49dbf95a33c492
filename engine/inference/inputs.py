"""What a network reads of the files that are named: one image of them all, its bands in order, a part, the right pixel size.

Two grids come of it: that of the files, and the working grid that the network sees. They are one unless the pixels are
resampled; finished bands lie on the working grid, and `Input.on_grid` brings them to the one that is asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.contract.events import Reporter
from engine.geo import bands, crop, mosaic
from engine.geo.area import AreaOfImage
from engine.geo.bands import BandsOfImage
from engine.geo.geobox import GeoBox
from engine.geo.image import Image
from engine.geo.mosaic import Mosaic
from engine.geo.raster import Raster
from engine.geo.resampled import Resampled
from engine.geo.tiles import Window
from models.model import Model

from .plan import BLOCK_PX
from .predict import Band


@dataclass(frozen=True)
class View:
    """What is read of the files.

    Args:
        bands: positions of the bands in the files.
        extent: as `extent.split` reads it; empty for all.
        area_of_interest: layer with polygons; empty for all.
        factor: side of a working pixel in pixels of the files; 1 where nothing is resampled.
    """

    bands: tuple[int, ...]
    extent: str = ""
    area_of_interest: str = ""
    factor: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as they are kept with finished bands."""
        return {**asdict(self), "bands": list(self.bands)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> View:
        """Return the view that `to_json` gave, which may stand among other values."""
        return cls(tuple(values["bands"]), values["extent"], values["area_of_interest"], values["factor"])


@dataclass(frozen=True)
class Input:
    """An open input.

    Args:
        image: what is read, on the grid of the files.
        source: the same on the working grid.
        view: how it came about.
    """

    image: Image
    source: Image
    view: View

    def grid(self, word: str) -> GeoBox:
        """Return the grid of the maps for a word of `GRIDS`."""
        return self.source.geobox if word == "working" else self.image.geobox

    def extra_bytes(self, word: str, planes: int) -> int:
        """Return the memory that resampling takes beside that of the plan, for so many planes of maps on the grid `word`."""
        if not isinstance(self.source, Resampled):
            return 0
        placed = 0 if word == "working" else (3 * planes + 1) * BLOCK_PX * self.image.geobox.width
        return self.source.piece_bytes() + placed

    def on_grid(self, band: Band, word: str) -> Iterator[Band]:
        """Yield a finished band on the grid of the maps: a pixel of the files has the label of the working pixel around it.

        Only pixels that are valid in the files are labelled; they are read again for that, in pieces of few rows.
        """
        source = self.source
        if word == "working" or not isinstance(source, Resampled):
            yield band
            return
        rows_at, cols_at = source.rows_at(), source.cols_at()
        first, stop = np.searchsorted(rows_at, (band.window.row, band.window.row + band.window.height)).tolist()
        for start in range(first, stop, BLOCK_PX):
            window = Window(start, 0, min(BLOCK_PX, stop - start), len(cols_at))
            valid = source.valid_at(window)
            rows = rows_at[start : start + window.height] - band.window.row
            classes, confidence = (p.take(rows, axis=0).take(cols_at, axis=1) for p in (band.classes, band.confidence))
            probs = None if band.probabilities is None else band.probabilities.take(rows, axis=1).take(cols_at, axis=2)
            yield Band(window, classes, confidence, probs).hide(valid)


@contextlib.contextmanager
def open(
    paths: str | Sequence[str],
    model: Model | None,
    report: Reporter,
    *,
    chosen: Sequence[str] = (),
    extent: str = "",
    area_of_interest: str = "",
    resample: str = "none",
) -> Iterator[Input]:
    """Open files as a model takes them.

    Args:
        paths: rasters and folders that are one image.
        model: says which bands in which order, which type, and which pixel sizes; None takes all as they are.
        report: told what is chosen, and warned.
        chosen: names or numbers of the bands in the order of the model; empty to go by their names.
        extent: as `extent.split` reads it; empty for all.
        area_of_interest: layer with polygons; empty for all.
        resample: `auto` to resample pixels of another size to the model's, `none` to refuse them.

    Raises:
        DataError: the files cannot be read, or are not one image, or have no such part.
        SpecError: a chosen band is not there.
        ModelError: the model was not trained for such an image.
    """
    with contextlib.closing(mosaic.open(paths)) as files:
        wanted = model.card.bands if model else files.bands
        positions = bands.positions(files, chosen, wanted)
        if positions != list(range(files.count)):
            report.message(f"Reading the bands {', '.join(files.bands[p] for p in positions)} of {', '.join(files.bands)}.")
        view = View(tuple(positions), extent, area_of_interest)
        image = _part(files, view, wanted if chosen else ())
        gsd_m = image.geobox.gsd_m
        target_m = model.working_gsd_m(gsd_m) if model else None
        if target_m is not None and resample == "auto":
            report.message(f"Resampling pixels of {gsd_m:.3g} m to {target_m:.3g} m, the size the model was trained for.")
            view = View(view.bands, extent, area_of_interest, target_m / gsd_m)
        source = _resampled(image, view)
        remedy = "Resample it while reading with --resample auto, or once for all:"
        for warning in model.accept(source, remedy) if model else ():
            report.warning(warning)
        yield Input(image, source, view)


@contextlib.contextmanager
def reopen(paths: str | Sequence[str], view: View) -> Iterator[Input]:
    """Open files as an earlier run did.

    Raises:
        DataError: see `open`.
    """
    with contextlib.closing(mosaic.open(paths)) as files:
        image = _part(files, view)
        yield Input(image, _resampled(image, view), view)


def _part(files: Raster | Mosaic, view: View, names: tuple[str, ...] = ()) -> Image:
    """Return what a view shows on the grid of the files, its bands named anew where names are given."""
    image: Image = files
    if names or view.bands != tuple(range(files.count)):
        image = BandsOfImage(files, view.bands, names)
    if view.extent:
        image = crop.Crop(image, crop.window_of(view.extent, image.geobox, image.path))
    return AreaOfImage(image, view.area_of_interest) if view.area_of_interest else image


def _resampled(image: Image, view: View) -> Image:
    return image if view.factor == 1 else Resampled(image, view.factor)
