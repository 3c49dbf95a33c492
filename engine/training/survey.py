"""What is asked of orthophotos and labels before any work; what passes is a list of scenes with one legend.

Every class of the legend must occur in the training labels, whether the legend came from a file or from the labels: a
class that the network never saw would stand in every map's legend and never on the map. A network that goes on from a
trained one knows its classes already.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import DataError, SpecError
from engine.contract.events import Reporter
from engine.contract.legend import Legend
from engine.geo import labels as label_files
from engine.geo import raster, vector
from engine.geo.geobox import GeoBox

from . import census
from .scene import Scene, channel_table

_MPX = 1e6


@dataclass(frozen=True, eq=False)
class Survey:
    """Scenes that belong together.

    Args:
        scenes: in the order of the request.
        counts: for each scene (block rows, block columns, classes), labelled pixels.
        bands: names of the bands.
        dtype: type of the numbers.
        legend: the classes.
    """

    scenes: tuple[Scene, ...]
    counts: tuple[NDArray[np.int64], ...]
    bands: tuple[str, ...]
    dtype: str
    legend: Legend

    @property
    def pixels(self) -> NDArray[np.int64]:
        """Return the labelled pixels of each class."""
        return np.sum([c.sum(axis=(0, 1)) for c in self.counts], axis=0)


def read_legend(path: str) -> Legend | None:
    """Return the legend of a file; None for an empty path.

    Raises:
        DataError: the file is no list of {id, name, color}.
    """
    if not path:
        return None
    try:
        return Legend.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
    except (ValueError, OSError, DataError) as error:
        text = error.text if isinstance(error, DataError) else str(error)
        raise DataError(
            f"{path} is no legend: {text}", 'Write it as [{"id": 0, "name": "building", "color": "#d1495b"}, ...].'
        ) from None


def pair(images: Sequence[str], labels: Sequence[str], name: str = "Labels") -> list[tuple[str, str]]:
    """Return each orthophoto with its labels; one polygon layer may serve all orthophotos.

    Raises:
        SpecError: the lists do not pair up.
    """
    if len(labels) == 1 and vector.is_layer(labels[0]):
        labels = list(labels) * len(images)
    if len(labels) != len(images):
        raise SpecError(
            f"{name}: {len(images)} orthophotos, but {len(labels)} label files.",
            "Give one for each orthophoto in the same order, or one polygon layer that covers them all.",
        )
    return list(zip(images, labels, strict=True))


def survey(
    training: Sequence[tuple[str, str]], validation: Sequence[tuple[str, str]], class_field: str, given: Legend | None,
    report: Reporter, *, every_class: bool = True,
) -> tuple[Survey, Survey | None]:  # fmt: skip
    """Open every orthophoto and its labels once, count the labels, and refuse what cannot be learned from.

    Args:
        training: (image, labels) paths.
        validation: the same, for orthophotos kept apart.
        class_field: attribute of the class, for polygons.
        given: the user's legend, or None for that of the labels.
        report: told of the pixels counted.
        every_class: refuse a class without training pixels; a network that knows its classes already may lack some.

    Raises:
        DataError: images of different bands or types; labels on another grid, outside the legend, empty, of one class;
            a class without training pixels.
    """
    pairs = [*training, *validation]
    layers = [labels for _, labels in pairs if vector.is_layer(labels)]
    _check_field(layers, class_field)
    named = given or (vector.read_legend(dict.fromkeys(layers), class_field) if layers else None)
    scenes, censuses, found = [], [], []
    facts = check_images([image for image, _ in pairs])
    total = sum(f.geobox.height * f.geobox.width for f in facts) / _MPX
    done = 0.0

    def tick(pixels: int) -> None:
        nonlocal done
        done += pixels / _MPX
        report.progress("count labels", round(done, 1), round(total, 1), "Mpx")

    for (image, labels), fact in zip(pairs, facts, strict=True):
        legend = named if given or vector.is_layer(labels) else None
        with label_files.open_labels(labels, fact.geobox, class_field=class_field, legend=legend) as opened:
            counted = census.take(opened.read, *_size(opened), tick)
            found.append(opened.legend)
        if not counted.ids:
            raise DataError(f"{labels}: no pixel is labelled on {image}.", "Label some of it, or leave this orthophoto out.")
        scenes.append(Scene(image, labels, class_field, fact.geobox, found[-1]))
        censuses.append(counted)
    legend = given or label_files.common_legend(found)
    first, last = slice(0, len(training)), slice(len(training), None)
    parts = [_put_together(scenes[part], censuses[part], facts[0], legend) for part in (first, last) if scenes[part]]
    if every_class:
        _check_classes(parts[0], parts[1] if len(parts) > 1 else None)
    return parts[0], parts[1] if len(parts) > 1 else None


@dataclass(frozen=True)
class ImageFacts:
    """What is known of an orthophoto before it is read."""

    geobox: GeoBox
    bands: tuple[str, ...]
    dtype: str


def check_images(paths: Sequence[str], like: Survey | None = None) -> list[ImageFacts]:
    """Return the facts of orthophotos that go together.

    Args:
        paths: of the orthophotos.
        like: scenes that they must go together with as well.

    Raises:
        DataError: number, order or type of the bands differ.
    """
    facts: list[ImageFacts] = []
    for path in paths:
        with raster.open(path) as image:
            facts.append(ImageFacts(image.geobox, image.bands, str(image.dtype)))
        first = like or facts[0]
        first_path = like.scenes[0].image if like else paths[0]
        _check_like(path, facts[-1], first_path, first.bands, first.dtype)
    return facts


def _check_like(path: str, fact: ImageFacts, first_path: str, bands: tuple[str, ...], dtype: str) -> None:
    if len(fact.bands) != len(bands):
        raise DataError(
            f"{path} has {len(fact.bands)} bands ({', '.join(fact.bands)}); {first_path} has {len(bands)} "
            f"({', '.join(bands)}).",
            "Choose the same bands of all orthophotos with gdal_translate -b.",
        )
    if fact.bands != bands and sorted(fact.bands) == sorted(bands):
        order = " ".join(f"-b {fact.bands.index(b) + 1}" for b in bands)
        raise DataError(
            f"{path} has its bands in the order {', '.join(fact.bands)}; {first_path} has {', '.join(bands)}.",
            f"Reorder them: gdal_translate {order} {path} reordered.tif",
        )
    if fact.dtype != dtype:
        raise DataError(
            f"{path} holds {fact.dtype} numbers; {first_path} holds {dtype}.",
            "Give orthophotos of one product, or convert them with gdal_translate -ot and -scale.",
        )


def _check_field(layers: Sequence[str], class_field: str) -> None:
    if layers and not class_field:
        raise SpecError(
            f"Class field: {layers[0]} holds polygons, and no attribute is named.", "Give the attribute with --class-field."
        )


def _check_classes(training: Survey, validation: Survey | None) -> None:
    pixels = training.pixels
    for position, item in enumerate(training.legend):
        if pixels[position]:
            continue
        if validation is not None and validation.pixels[position]:
            raise DataError(
                f"The class {item.id} ({item.name}) occurs in the validation labels but not in the training labels.",
                "Label some of it in a training orthophoto, or leave it out of the validation labels.",
            )
        raise DataError(
            f"The class {item.id} ({item.name}) of the legend has no pixel in the training labels.",
            "Label some of it, or give a legend without it with --legend.",
        )
    if len(training.legend) < 2:
        raise DataError(
            f"The labels hold one class only, {training.legend.names[0]}.",
            "Label at least two classes, such as the one you look for and everything else.",
        )


def _put_together(scenes: Sequence[Scene], censuses: Sequence[census.Census], fact: ImageFacts, legend: Legend) -> Survey:
    channels = channel_table(legend)
    counts = tuple(c.by_channel(channels, len(legend)) for c in censuses)
    return Survey(tuple(dataclasses.replace(s, legend=legend) for s in scenes), counts, fact.bands, fact.dtype, legend)


def _size(opened: label_files.Labels) -> tuple[int, int]:
    return opened.geobox.height, opened.geobox.width
