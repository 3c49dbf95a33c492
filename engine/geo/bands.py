"""Which bands of an image a network takes, and in which order: by name, by number, or as their names say."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from engine.contract.errors import DataError, SpecError
from engine.geo.image import Image
from engine.geo.mosaic import Mosaic
from engine.geo.raster import Raster
from engine.geo.tiles import Window


class BandsOfImage:
    """A raster or mosaic with some of its bands, in an order of their own; the others are not read.

    Args:
        image: the raster or mosaic.
        positions: which of its bands, 0 first.
        names: what they are, where someone knows better than the image.
    """

    def __init__(self, image: Raster | Mosaic, positions: Sequence[int], names: Sequence[str] = ()) -> None:
        self._image = image
        self._positions = list(positions)
        self.path = image.path
        self.geobox = image.geobox
        self.bands = tuple(names) or tuple(image.bands[p] for p in positions)
        self.count = len(self.bands)
        self.dtype = image.dtype
        self.block_shape = image.block_shape

    def read(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return data (B, h, w) of the chosen bands, and valid (h, w)."""
        return self._image.read(window, self._positions)

    def fingerprint(self) -> str:
        """Return a digest that changes when the image or the choice does."""
        return hashlib.sha256(f"{self._image.fingerprint()} {self._positions}".encode()).hexdigest()

    def close(self) -> None:
        """Close the image."""
        self._image.close()


def positions(image: Image, chosen: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return which band of an image is meant for each band that a network takes.

    Args:
        image: the image.
        chosen: names, or numbers from 1, in the order of `wanted`; empty to go by the names.
        wanted: the names in the order of the network.

    Returns:
        positions in `image.bands`, 0 first. Without a choice: those with the names that are wanted where all are there,
        else all in order where their number is right.

    Raises:
        SpecError: the choice has a wrong number of bands, or one that is not there.
        DataError: nothing is chosen, and neither names nor number say which.
    """
    found = [b.lower() for b in image.bands]
    takes = f"the model takes {len(wanted)} ({', '.join(wanted)})"
    if not chosen:
        names = [w.lower() for w in wanted]
        if len(set(names)) == len(names) and set(names) <= set(found):
            return [found.index(n) for n in names]
        if len(found) <= len(wanted):
            return list(range(len(found)))
        raise DataError(
            f"{image.path} has {len(found)} bands ({', '.join(image.bands)}); {takes}.",
            f"Say which they are, in this order, by name or number: --bands {' '.join(str(i + 1) for i in range(len(wanted)))}",
        )
    if len(chosen) != len(wanted):
        raise SpecError(f"Bands: {len(chosen)} are given ({' '.join(chosen)}); {takes}.", "Name one for each with --bands.")
    return [_position(image, found, word) for word in chosen]


def _position(image: Image, found: list[str], word: str) -> int:
    if word.lower() in found:
        return found.index(word.lower())
    if word.isdecimal() and 1 <= int(word) <= len(found):
        return int(word) - 1
    known = ", ".join(f"{i} {name}" for i, name in enumerate(image.bands, start=1))
    raise SpecError(f"Bands: {image.path} has no band {word!r}.", f"Choose with --bands from: {known}.")
