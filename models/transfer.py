"""A trained network for other classes: all that sees is kept, what names the classes begins anew."""

from __future__ import annotations

import copy
import dataclasses

import models
from engine.contract.legend import Legend

from .model import Model


def to_classes(model: Model, legend: Legend) -> Model:
    """Return the model with a classifier of other classes, drawn at random from PyTorch's state.

    Its card has the new classes, and takes pixels of any size: those that it is trained on next decide.
    """
    network = copy.deepcopy(model.network)
    network.head = models.build(model.card.network, len(model.card.bands), len(legend)).head
    return Model(network, dataclasses.replace(model.card, legend=legend, gsd_m=None))
