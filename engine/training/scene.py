"""A scene is an orthophoto with its labels, opened anew by every thread that reads: GDAL handles are not shared."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.contract.legend import UNLABELLED, Legend
from engine.geo import labels, raster
from engine.geo.geobox import GeoBox
from engine.geo.tiles import Window

OPEN_SCENES = 32
"""Scenes that a thread keeps open; the files of a thousand orthophotos would exhaust the process's handles."""


@dataclass(frozen=True, eq=False)
class Scene:
    """An orthophoto, where its labels are, and what is known of both.

    Args:
        image: path of the orthophoto.
        labels: path of its labels, empty for an unlabelled orthophoto.
        class_field: attribute of the class where the labels are polygons.
        geobox: grid of the orthophoto.
        legend: classes of the network; a channel of its output is a position in it.
        pseudolabels: path of what a model said where it was right, empty for none.
        taught: path of what teachers say of it, empty where they are asked for every chip.
    """

    image: str
    labels: str
    class_field: str
    geobox: GeoBox
    legend: Legend
    pseudolabels: str = ""
    taught: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Return height and width."""
        return self.geobox.height, self.geobox.width


class OpenScene:
    """A scene whose files are open in this thread."""

    def __init__(self, scene: Scene, stack: ExitStack) -> None:
        self._channels = channel_table(scene.legend)
        self._image = stack.enter_context(raster.open(scene.image))
        self._labels: labels.Labels | None = None
        if scene.labels:
            opened = labels.open_labels(scene.labels, scene.geobox, class_field=scene.class_field, legend=scene.legend)
            self._labels = stack.enter_context(opened)
        self._pseudolabels: labels.Labels | None = None
        if scene.pseudolabels:
            self._pseudolabels = stack.enter_context(labels.open_labels(scene.pseudolabels, scene.geobox, legend=scene.legend))
        self._taught = stack.enter_context(raster.open(scene.taught)) if scene.taught else None

    def read_image(self, window: Window) -> tuple[NDArray, NDArray[np.bool_]]:
        """Return (B, h, w) in uint8 or float32 and (h, w) validity; zero where invalid."""
        data, valid = self._image.read(window)
        data = data if data.dtype == np.uint8 else data.astype(np.float32)
        return np.where(valid, data, data.dtype.type(0)), valid

    def read_labels(self, window: Window) -> NDArray[np.uint8]:
        """Return (h, w) output channels with UNLABELLED; all UNLABELLED without labels."""
        return self._read(self._labels, window)

    def read_pseudolabels(self, window: Window) -> NDArray[np.uint8]:
        """Return (h, w) output channels with UNLABELLED; all UNLABELLED without pseudo-labels."""
        return self._read(self._pseudolabels, window)

    def read_taught(self, window: Window) -> NDArray[np.uint8]:
        """Return what is kept of the teachers' answers, (C + 1, h, w), see `taught`; (0, h, w) where nothing is."""
        if self._taught is None:
            return np.empty((0, window.height, window.width), np.uint8)
        return self._taught.read(window)[0]

    def _read(self, opened: labels.Labels | None, window: Window) -> NDArray[np.uint8]:
        if opened is None:
            return np.full((window.height, window.width), UNLABELLED, np.uint8)
        return self._channels[opened.read(window)]


class Reader:
    """Scenes by number, each opened once a thread; close it when no thread reads any more."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self._scenes = scenes
        self.has_pseudolabels = any(s.pseudolabels for s in scenes)
        self._local = threading.local()
        self._all: list[OrderedDict[int, tuple[OpenScene, ExitStack]]] = []

    def __getitem__(self, index: int) -> OpenScene:
        if not hasattr(self._local, "opened"):
            self._local.opened = OrderedDict()
            self._all.append(self._local.opened)
        opened: OrderedDict[int, tuple[OpenScene, ExitStack]] = self._local.opened
        if index not in opened:
            stack = ExitStack()
            opened[index] = OpenScene(self._scenes[index], stack), stack
            if len(opened) > OPEN_SCENES:
                opened.popitem(last=False)[1][1].close()
        opened.move_to_end(index)
        return opened[index][0]

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in self._all:
            while opened:
                opened.popitem()[1][1].close()


def channel_table(legend: Legend) -> NDArray[np.uint8]:
    """Return the network's output channel of each label id, (256,); UNLABELLED for ids without one."""
    table = np.full(256, UNLABELLED, np.uint8)
    table[list(legend.ids)] = np.arange(len(legend))
    return table
