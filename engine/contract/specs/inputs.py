"""What every job that runs a model asks of its orthophoto in the same words: which part, which bands, which pixel size."""

from __future__ import annotations

from typing import Any

from .. import params


def extent(purpose: str, consequence: str = "") -> Any:
    """Declare which part of the orthophoto is read, and what comes of it."""
    return params.extent(
        "Extent",
        f"Part of the orthophoto {purpose}: xmin,ymin,xmax,ymax in its CRS, or with another one behind it such as "
        f"EPSG:4326. {consequence}".strip(),
    )


def bands() -> Any:
    """Declare which bands are read."""
    return params.words(
        "Bands", "Names or numbers of the bands in the order that the model takes them, such as 4 3 2. Not needed where the "
        "names are those of the model.", advanced=True,
    )  # fmt: skip


def resample() -> Any:
    """Declare whether pixels of another size are resampled."""
    return params.choice(
        "Pixel size", "What to do with pixels that are larger or smaller than those the model was trained on.",
        {"none": "Refuse other pixel sizes", "auto": "Resample to the model's pixel size while reading"}, "none", advanced=True,
    )  # fmt: skip
