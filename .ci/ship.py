r"""Put a trained student into models/shipped, where it is the default model: kernels in half precision, the card complete.

    python .ci/ship.py runs/walkthrough/distilled_student.safetensors dubai --licence CC0-1.0 --data "Town, CC0 1.0" \
        --figures T7N=runs/walkthrough/distilled_student_T7N.json T4=runs/walkthrough/distilled_student_T4.json \
        --classes building land road vegetation water --probe T5.tif

Figures are files that `assess --metrics` wrote; classes name what label files had only numbers for; on the probed image
the card learns which margin the model needs and what runtimes change. Beside the model stands its page, `<name>.md`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine.contract import shipped  # noqa: E402
from engine.contract.errors import EngineError, ModelError  # noqa: E402
from engine.contract.events import Reporter  # noqa: E402
from engine.contract.legend import Legend  # noqa: E402
from engine.geo import raster  # noqa: E402
from engine.inference import figures as tile_figures  # noqa: E402
from models import checkpoint  # noqa: E402
from models.card import Card  # noqa: E402
from models.model import Model  # noqa: E402

MAX_BYTES = 8_000_000


def ship(
    model: Path, name: str, data: str, licence: str, figures: dict[str, Path], classes: Sequence[str] = (), probe: str = ""
) -> Path:
    """Write the model and its page; return the path of the model.

    Args:
        model: file that train or distill wrote.
        name: of the shipped files, without ending.
        data: what it was trained on, with its source and licence.
        licence: of the weights.
        figures: metrics files of scenes that it never saw, by scene.
        classes: names of all classes in the order of their ids; nothing keeps the names.
        probe: raster for the figures of tiles; nothing leaves them as they are.

    Raises:
        ModelError: another student ships already, or the file would be larger than MAX_BYTES.
    """
    target = shipped.FOLDER / f"{name}.safetensors"
    others = [p.name for p in shipped.FOLDER.glob("*.safetensors") if p != target]
    if others:
        raise ModelError(f"{others[0]} ships already, and one student is the default.", f"Remove {shipped.FOLDER / others[0]}.")
    loaded = checkpoint.load(model, training=True)
    measured = {**loaded.card.measured, **{scene: read(path) for scene, path in figures.items()}}
    if probe:
        measured.update(probed(checkpoint.load(model), probe))
    legend = loaded.card.legend
    if classes:
        names = dict(zip(legend.names, classes, strict=True))
        legend, measured = Legend.from_names(dict(zip(legend.ids, classes, strict=True))), renamed(measured, names)
    training = {"data": data, **without_folders(loaded.card.training)}
    card = dataclasses.replace(loaded.card, legend=legend, measured=measured, training=training, licence=licence)
    target.parent.mkdir(exist_ok=True)
    card = checkpoint.save(target, loaded.network, card, half=True)
    size = target.stat().st_size
    if size > MAX_BYTES:
        target.unlink()
        raise ModelError(f"{model} takes {size:,} bytes in half precision, more than {MAX_BYTES:,}.", "Ship a lighter network.")
    target.with_suffix(".md").write_text(page(name, card, tuple(figures), size), encoding="utf-8")
    return target


def read(path: Path) -> dict[str, Any]:
    """Return the figures of a metrics file that a card carries."""
    found = json.loads(path.read_text(encoding="utf-8"))
    plain = {key: round(found[key], 4) for key in ("miou", "mean_f1", "overall_accuracy")}
    return {**plain, "iou": {c["name"]: None if c["iou"] is None else round(c["iou"], 4) for c in found["per_class"]}}


def probed(model: Model, image: str) -> dict[str, Any]:
    """Return what margin and runtime change, measured on an image."""
    with raster.open(image) as source:
        return tile_figures.measure(model, source, torch.device("cpu"), Reporter(lambda _: None))


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Return figures with other names of classes."""
    return {names.get(key, key): renamed(item, names) for key, item in value.items()} if isinstance(value, dict) else value


def without_folders(value: Any) -> Any:
    """Return a record with file names in place of paths: where files lay on one machine tells nobody anything."""
    if isinstance(value, dict):
        return {without_folders(key): without_folders(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_folders(item) for item in value]
    return re.split(r"[/\\]", value)[-1] if isinstance(value, str) and re.match(r"/|[A-Za-z]:\\", value) else value


def page(name: str, card: Card, scenes: tuple[str, ...], size: int) -> str:
    """Return the card for people."""
    gsd = "any" if card.gsd_m is None else f"{card.gsd_m[0]:.2g} to {card.gsd_m[1]:.2g} m"
    lines = [
        f"# {name}", "",
        "The student that ships with Edgewise: `segment`, `suggest` and `bench` take it when no model is given.", "",
        f"- Network: `{card.network}`, {size / 1e6:.1f} MB; kernels in half precision, computed in the precision asked for",
        f"- Bands: {', '.join(card.bands)}; pixels of {gsd}",
        f"- Classes: {', '.join(card.legend.names)}",
        f"- Data: {card.training['data']}",
        f"- Licence of the weights: {card.licence}", "",
        "On scenes that it never saw:", "",
        "| scene | mIoU | mean F1 | overall accuracy | IoU by class |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for scene in scenes:
        of = card.measured[scene]
        by_class = ", ".join(f"{k} {v:.3f}" for k, v in of["iou"].items() if v is not None)
        lines.append(f"| {scene} | {of['miou']:.3f} | {of['mean_f1']:.3f} | {of['overall_accuracy']:.3f} | {by_class} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the flags and ship."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("name")
    parser.add_argument("--data", required=True, help="what it was trained on, with source and licence")
    parser.add_argument("--licence", required=True, help="of the weights")
    parser.add_argument("--figures", required=True, nargs="+", metavar="SCENE=FILE", help="what assess --metrics wrote")
    parser.add_argument(
        "--classes", nargs="+", default=[], metavar="NAME", help="names of all classes, in the order of their ids"
    )
    parser.add_argument("--probe", default="", help="raster on which margins and runtimes are measured")
    options = parser.parse_args()
    figures = {scene: Path(path) for scene, _, path in (pair.partition("=") for pair in options.figures)}
    try:
        print(ship(options.model, options.name, options.data, options.licence, figures, options.classes, options.probe))
    except EngineError as error:
        sys.exit(f"{error.text}\n{error.hint}")


if __name__ == "__main__":
    main()
