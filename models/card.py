"""What a model says of itself: enough to run it on the right raster, to judge it, and to refuse the wrong one.

The card travels as JSON in the header of the model file and is read without torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from engine.contract.catalogue import NETWORKS
from engine.contract.errors import DataError, ModelError
from engine.contract.legend import Legend

VERSION = 1
ONNX = "onnx"
"""The network of a card that was made of an ONNX file."""

KEY = "edgewise"
"""Where a file keeps its card: in the header of a model file, or in the metadata of an exported ONNX file."""

GRADES = ("exact", "seamless", "blended")
DTYPES = ("uint8", "uint16", "int16", "uint32", "int32", "float32", "float64")
MAX_BANDS = 1024
MAX_SIDE_PX = 65536


@dataclass(frozen=True)
class Card:
    """The card of a model.

    Args:
        network: word of the catalogue, or `onnx`.
        bands: names of the bands, in the order of the network's input.
        scaling: (offset, scale) of each band; the network sees (value - offset) / scale.
        dtype: type of the raster's values, after its own scale and offset.
        gsd_m: smallest and largest ground sampling distance it was trained for; None where the training rasters had none.
        legend: classes in the order of the network's output.
        halo_px: margin of a tile, a multiple of the network's stride.
        tile_px: side of a tile that suits it, margin included.
        grade: what that margin gives: `exact`, `seamless` or `blended`.
        training: how it was made: data, settings, seed.
        measured: figures such as validation mIoU, by name; `seam` and `runtimes` hold shares of labels that change with the
            halo in pixels and with the runtime.
        licence: under which others may use it.
        edgewise: version of Edgewise that wrote it.
        hash: SHA-256 over the weights; `checkpoint.save` fills it in.

    Raises:
        ModelError: a field has a value that no model can have.
    """

    network: str
    bands: tuple[str, ...]
    scaling: tuple[tuple[float, float], ...]
    dtype: str
    gsd_m: tuple[float, float] | None
    legend: Legend
    halo_px: int
    tile_px: int
    grade: str
    training: dict[str, Any] = field(default_factory=dict)
    measured: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    edgewise: str = ""
    hash: str = ""

    def __post_init__(self) -> None:
        _require(self.network in (*NETWORKS, ONNX), "network", self.network, f"one of {', '.join(NETWORKS)}", _UPDATE)
        named = all(isinstance(b, str) and b for b in self.bands)
        _require(1 <= len(self.bands) <= MAX_BANDS and named, "bands", self.bands, f"1 to {MAX_BANDS} names")
        pairs = len(self.scaling) == len(self.bands) and all(
            len(p) == 2 and all(map(math.isfinite, p)) and p[1] > 0 for p in self.scaling
        )
        _require(pairs, "scaling", self.scaling, "for each band an offset and a scale above 0")
        _require(self.dtype in DTYPES, "dtype", self.dtype, f"one of {', '.join(DTYPES)}")
        if self.gsd_m is not None:
            ranged = len(self.gsd_m) == 2 and 0 < self.gsd_m[0] <= self.gsd_m[1] < math.inf
            _require(ranged, "gsd_m", self.gsd_m, "a smallest and a largest distance in metres above 0")
        _require(len(self.legend) >= 2, "legend", self.legend.names, "at least two classes")
        _require(0 <= self.halo_px <= MAX_SIDE_PX, "halo_px", self.halo_px, f"0 to {MAX_SIDE_PX}")
        fits = 2 * self.halo_px < self.tile_px <= MAX_SIDE_PX
        _require(fits, "tile_px", self.tile_px, f"more than two halos of {self.halo_px} and at most {MAX_SIDE_PX}")
        _require(self.grade in GRADES, "grade", self.grade, f"one of {', '.join(GRADES)}")
        for name, figures in (("seam", self.measured.get("seam", {})), ("runtimes", self.measured.get("runtimes", {}))):
            _require(_are_shares(figures, by_px=name == "seam"), name, figures, "shares from 0 to 1 by name")

    def to_json(self) -> dict[str, Any]:
        """Return the card as plain values, ready for JSON."""
        return {
            "version": VERSION,
            "network": self.network,
            "bands": list(self.bands),
            "scaling": [list(p) for p in self.scaling],
            "dtype": self.dtype,
            "gsd_m": None if self.gsd_m is None else list(self.gsd_m),
            "legend": self.legend.to_json(),
            "halo_px": self.halo_px,
            "tile_px": self.tile_px,
            "grade": self.grade,
            "training": self.training,
            "measured": self.measured,
            "licence": self.licence,
            "edgewise": self.edgewise,
            "hash": self.hash,
        }

    @classmethod
    def from_json(cls, values: Any) -> Card:
        """Read what `to_json` wrote; every field is checked, fields of no meaning here are ignored.

        Raises:
            ModelError: a field is missing, or has the wrong type or a value out of range, or the card is newer than this.
        """
        if not isinstance(values, dict):
            raise ModelError(f"The model's card is {type(values).__name__}, not a table of fields.", _DAMAGED)
        _check_version(values.get("version"))
        try:
            legend = Legend.from_json(_typed(values, "legend", list))
        except DataError as error:
            raise ModelError(f"The model's card: {error.text}", _DAMAGED) from None
        return cls(
            network=_typed(values, "network", str),
            bands=tuple(_typed(values, "bands", list)),
            scaling=tuple(_pair(p, "scaling") for p in _typed(values, "scaling", list)),
            dtype=_typed(values, "dtype", str),
            gsd_m=None if values.get("gsd_m") is None else _pair(values["gsd_m"], "gsd_m"),
            legend=legend,
            halo_px=_typed(values, "halo_px", int),
            tile_px=_typed(values, "tile_px", int),
            grade=_FORMER_GRADES.get(grade := _typed(values, "grade", str), grade),
            training=_typed(values, "training", dict),
            measured=_typed(values, "measured", dict),
            licence=_typed(values, "licence", str),
            edgewise=_typed(values, "edgewise", str),
            hash=_typed(values, "hash", str),
        )


_LARGEST = 1e300
_FORMER_GRADES = {"cropped": "blended"}
"""What cards said of networks with global parts before their tiles were blended."""

_DAMAGED = "Take a whole copy of the model file, or train it again."
_UPDATE = "Update Edgewise."


def _require(holds: bool, name: str, found: Any, expected: str, hint: str = _DAMAGED) -> None:
    if not holds:
        text = repr(found)
        text = text if len(text) <= 120 else f"{text[:117]}..."
        raise ModelError(f"The model's card has {name} {text}, expected {expected}.", hint)


def _are_shares(figures: Any, *, by_px: bool) -> bool:
    if not isinstance(figures, dict):
        return False
    if by_px and not all(name.isdecimal() and len(name) <= len(str(MAX_SIDE_PX)) for name in figures):
        return False
    return all(type(share) in (int, float) and 0 <= share <= 1 for share in figures.values())


def _check_version(version: Any) -> None:
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise ModelError(f"The model's card has version {version}; this Edgewise reads up to {VERSION}.", _UPDATE)
    _require(version == VERSION and not isinstance(version, bool), "version", version, f"{VERSION}")


def _typed(values: dict[str, Any], name: str, kind: type) -> Any:
    if name not in values:
        raise ModelError(f"The model's card has no {name}.", _DAMAGED)
    found = values[name]
    _require(isinstance(found, kind) and not isinstance(found, bool), name, found, _KINDS[kind])
    return found


def _pair(items: Any, name: str) -> tuple[float, float]:
    plain = isinstance(items, list) and all(
        isinstance(i, (int, float)) and not isinstance(i, bool) and -_LARGEST <= i <= _LARGEST for i in items
    )
    _require(plain and len(items) == 2, name, items, "two finite numbers")
    return float(items[0]), float(items[1])


_KINDS = {str: "text", int: "a whole number", list: "a list", dict: "a table of fields"}
