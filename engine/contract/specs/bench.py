"""The request to measure how close to its limit this machine runs."""

from __future__ import annotations

from dataclasses import dataclass

from .. import catalogue, params
from ..results import Result
from ..spec import Spec
from . import inputs
from .segment import GRADES, PRECISIONS


@dataclass(frozen=True)
class BenchSpec(Spec):
    """Measure how close to its limit this machine segments.

    Decoding, the model and encoding run alone, then the whole; three efficiencies say where time goes: pipeline (the time
    the parts need, over the time the whole takes), overlap (pixels of the raster, over pixels computed) and model
    (arithmetic of the network at the measured peak of the machine, over the time it takes).
    """

    job = "bench"
    title = "Measure the speed"
    group = "Set up"
    results = (
        Result("mpx_per_s", "Speed of the whole in megapixels a second", "mpx_per_s.whole"),
        Result("pipeline_efficiency", "Efficiency of the pipeline", "efficiency.pipeline"),
        Result("model_efficiency", "Efficiency of the model", "efficiency.model"),
        Result("used_runtime", "Runtime that computed", "runtime", is_text=True),
    )

    image: tuple[str, ...] = params.mosaic("Orthophoto", "Raster to segment; several files or a folder of them are one.")
    model: str = params.model("Model", "Model file; the student that ships with Edgewise when none is given.", shipped=True)
    extent: str = inputs.extent("to segment")
    repeats: int = params.integer("Repeats", "How often each part is run; medians are given.", 3, 1, 100)
    runtime: str = params.choice(
        "Runtime", "What runs the model.", {"auto": "Automatic", **catalogue.choices(catalogue.RUNTIMES)}, "auto"
    )
    precision: str = params.choice("Precision", "Number format of the model.", PRECISIONS, "auto")
    bands: tuple[str, ...] = inputs.bands()
    resample: str = inputs.resample()
    grade: str = params.choice("Grade", "As in segment.", GRADES, "seamless", advanced=True)
    tile: int = params.integer("Tile size", "Side of a tile in pixels, margin included; 0 chooses.", 0, 0, 8192, advanced=True)
    batch: int = params.integer("Batch", "Tiles computed at once; 0 chooses.", 0, 0, 64, advanced=True)
    device: str = params.choice(
        "Device", "Where to compute.", {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU"}, "auto", advanced=True
    )
    output: str = params.output_file("Figures", "JSON file that is written.", ("json",), optional=True)
