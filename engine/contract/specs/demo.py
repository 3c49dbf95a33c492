"""The request for the whole story on made data."""

from __future__ import annotations

from dataclasses import dataclass

from .. import params
from ..results import Result
from ..spec import Spec


@dataclass(frozen=True)
class DemoSpec(Spec):
    """Make an orthophoto with true labels and run the whole story on it.

    Trains a teacher, distills a student, segments, suggests regions and assesses; takes about four minutes on two cores.
    """

    job = "demo"
    title = "Demonstration"
    group = "Set up"
    results = (Result("regions", "Units offered"),)

    size: int = params.integer("Size", "Side of the made orthophoto in pixels.", 2048, 512, 16384, advanced=True)
    iterations: int = params.integer("Iterations", "Training steps of each network.", 150, 1, 100_000, advanced=True)
    seed: int = params.integer("Seed", "Start of all random numbers.", 0, 0, 2**31 - 1, advanced=True)
    output: str = params.output_folder("Folder", "Folder that is written.")
