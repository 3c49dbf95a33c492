"""Show a model's card, from the header of its file alone: no torch, so the answer comes at once."""

from __future__ import annotations

from typing import Any

from engine.contract.events import Reporter
from engine.contract.specs.info import InfoSpec
from models import checkpoint
from models.card import ONNX, Card

_GRADES = {
    "exact": "tiles give the labels of one pass over the whole image",
    "seamless": "tiles differ from one pass over the whole image in at most 1 of 10 000 pixels",
    "blended": "the network looks at the whole tile; tiles overlap, and their probabilities are blended",
}


def run(spec: InfoSpec, report: Reporter) -> dict[str, Any]:
    """Say what a model says of itself; the summary is the card."""
    card = checkpoint.read_card(spec.model)
    report.message("\n".join(f"{name + ':':<11} {text}" for name, text in _lines(card)))
    return card.to_json()


def _lines(card: Card) -> list[tuple[str, str]]:
    gsd = "not known" if card.gsd_m is None else f"{card.gsd_m[0]:.3g} to {card.gsd_m[1]:.3g} m"
    bands = zip(card.bands, card.scaling, strict=True)
    lines = [
        ("Network", card.network),
        ("Bands", "; ".join(f"{name}, (value - {offset:.6g}) / {scale:.6g}" for name, (offset, scale) in bands)),
        ("Values", card.dtype),
        ("Pixel size", gsd),
        ("Classes", ", ".join(f"{c.id} {c.name}" for c in card.legend)),
        ("Tiles", f"{card.tile_px} px with a margin of {card.halo_px} px; {card.grade}: {_GRADES[card.grade]}"),
        ("Measured", "; ".join(f"{w}: {_flat(f)}" for w, f in card.measured.items() if f and w not in ("seam", "runtimes"))),
        ("Margins", _shares({f"{halo} px": share for halo, share in card.measured.get("seam", {}).items()})),
        ("Runtimes", _shares(card.measured.get("runtimes", {}))),
        ("Training", _flat(card.training)),
        ("Licence", card.licence or "none given"),
        ("Written by", f"Edgewise {card.edgewise}".strip() if card.network != ONNX else ""),
        ("Weights", f"SHA-256 {card.hash}"),
    ]
    return [(name, text) for name, text in lines if text]


def _flat(values: dict[str, Any]) -> str:
    """Return the plain values of a record on one line; tables and lists stay in the summary."""
    plain = {k: v for k, v in values.items() if isinstance(v, (str, int, float, bool)) and v != ""}
    return ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in plain.items())


def _shares(figures: dict[str, float]) -> str:
    """Return which share of the labels changes, by name."""
    listed = ", ".join(f"{name} {100 * share:.2g} %" for name, share in figures.items())
    return f"of the labels change: {listed}" if listed else ""
