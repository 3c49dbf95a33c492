"""Write a model for other programs, and try what was written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from engine import atomic
from engine.contract.errors import ModelError, ResourceError
from engine.contract.events import Reporter
from engine.contract.specs.export import ExportSpec
from engine.export import example, graph, onnx, openvino, stac
from engine.inference import predict
from models import checkpoint

FORMATS = {"onnx": onnx, "openvino": openvino}
ITEM = "item.json"
EXAMPLE = "example"


def run(spec: ExportSpec, report: Reporter) -> dict[str, Any]:
    """Write the files, the example and the item that describes both."""
    words = tuple(FORMATS) if spec.format == "all" else (spec.format,)
    for word in words:
        if why := FORMATS[word].missing():
            raise ResourceError(f"Format: {why}", _instead(word))
    model = checkpoint.load(spec.model)
    if model.is_onnx:
        raise ModelError(f"{spec.model} is an ONNX file already.", "Use it as it is, or export the model it was made from.")
    tile_px = graph.tile_px(model, spec.tile)
    folder = Path(spec.output)
    _make(folder / EXAMPLE)
    report.message(f"Labelling an example of {tile_px} x {tile_px} px.")
    data = example.image(model.card, tile_px)
    ids, percent = predict.whole(model, data)
    standardized = graph.standardized(model.card, data)[None]
    traced = graph.trace(model, tile_px)
    files: list[Path] = []
    differing: dict[str, int] = {}
    models: dict[str, str] = {}
    for done, word in enumerate(words):
        report.progress("export", done, len(words), "formats")
        written = FORMATS[word].write(traced, folder / Path(spec.model).stem)
        files += written
        models[word] = str(written[0])
        differing[word], clearly = example.differing(FORMATS[word].probabilities(written[0], standardized)[0], model.card, ids)
        said = f"{models[word]} gives {differing[word]} of {ids.size} pixels of the example another class than the engine"
        if clearly:
            report.warning(f"{said}. Compare maps of your own before you rely on it.")
        elif differing[word]:
            report.message(f"{said}, all where two classes are equal but for the rounding of float32.")
        report.artifact(word, models[word])
    report.progress("export", len(words), len(words), "formats")
    shown = example.write(folder / EXAMPLE, model.card, data, ids, percent)
    stac.write(folder / ITEM, model, tile_px, files, shown)
    return {
        "files": sorted(path.relative_to(folder).as_posix() for path in (*files, *shown.values(), folder / ITEM)),
        "models": models,
        "tile_px": tile_px,
        "overlap_percent": onnx.overlap_percent(tile_px, model.card.halo_px, model.network.stride),
        "differing_pixels": differing,
        "example_pixels": ids.size,
    }


def _instead(word: str) -> str:
    others = [other for other in FORMATS if other != word and not FORMATS[other].missing()]
    return f"Or use --format {others[0]}." if others else ""


def _make(folder: Path) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise atomic.explain(error, folder) from error
