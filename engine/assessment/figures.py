"""The figures of an assessment as plain values: the JSON file, the CSV file and the report are made of this one dictionary.

Shares are 0 to 1; what is undefined is None, for JSON knows no NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.assessment import connectivity, estimate, resample
from engine.assessment.amount import Unit
from engine.assessment.boundary import DISTANCE_EDGES_PX, TOLERANCES_PX, BoundaryTally
from engine.assessment.calibration import CalibrationTally
from engine.assessment.estimate import Estimate
from engine.assessment.resample import Interval
from engine.assessment.sample import Answered
from engine.assessment.tally import Tally
from engine.contract.legend import LegendClass

SIGNIFICANT = 0.05


def of_pixels(tally: Tally, classes: Sequence[LegendClass], pixel_m2: float, seed: int) -> dict[str, Any]:
    """Return the figures of a full comparison, pixel by pixel.

    Args:
        tally: the counts.
        classes: in the order of the counts.
        pixel_m2: area of a pixel on the ground; NaN where it has none.
        seed: start of the random numbers.
    """
    confusion, boundary = tally.confusion, tally.boundary
    per_class = []
    for i, item in enumerate(classes):
        reference_px, map_px = int(confusion.counts[i].sum()), int(confusion.counts[:, i].sum())
        per_class.append(
            {
                "name": item.name, "color": item.color,
                "iou": plain(confusion.iou[i]), "f1": plain(confusion.f1[i]),
                "precision": plain(confusion.precision[i]), "recall": plain(confusion.recall[i]),
                "reference_px": reference_px, "map_px": map_px,
                "reference_m2": plain(reference_px * pixel_m2), "map_m2": plain(map_px * pixel_m2),
                "boundary_f1": [plain(v) for v in boundary.f1[:, i]], "boundary_iou": [plain(v) for v in boundary.iou[:, i]],
                "map_pieces": int(tally.map_pieces.pieces[i]), "map_specks": int(tally.map_pieces.specks[i]),
                "reference_pieces": int(tally.reference_pieces.pieces[i]),
                "reference_specks": int(tally.reference_pieces.specks[i]),
            }
        )  # fmt: skip
    ranges = resample.intervals(tally.blocks.counts, seed)
    return {
        "miou": plain(confusion.miou),
        "overall_accuracy": plain(confusion.overall_accuracy),
        "mean_f1": plain(confusion.mean_f1),
        "classes_with_iou": int(np.isfinite(confusion.iou).sum()),
        "intervals": {name: {"low": plain(r.low), "high": plain(r.high)} for name, r in ranges.items()},
        "blocks": int((tally.blocks.counts[:, 2].sum(axis=1) > 0).sum()),
        "per_class": per_class,
        "confusion": confusion.counts.tolist(),
        "boundary": _boundary(boundary),
        "errors_by_distance": _distances(boundary),
        "calibration": None if tally.calibration is None else _calibration(tally.calibration),
        "pieces": {"least_px": connectivity.LEAST_PX},
        "pixels": tally.pixels,
        "counted_unit": "Pixels",
    }


def of_comparison(tally: Tally, first_name: str, second_name: str, seed: int) -> dict[str, Any]:
    """Return the paired comparison of two maps over all blocks."""
    assert tally.pair is not None
    first, second = (blocks.counts for blocks in tally.pair)
    found = resample.compare(first, second, seed)
    alone = [resample.totals(counts) for counts in (first, second)]
    rows = [_difference(name, alone[0][key], alone[1][key], found[key]) for key, name in _COMPARED.items()]
    return {
        "first_name": first_name, "second_name": second_name, "figures": rows, "verdict": verdict(rows, second_name),
        "method": f"Paired by blocks of {tally.blocks.block_px} px: intervals by bootstrap, p by permutation.",
    }  # fmt: skip


_COMPARED = {"miou": "Mean IoU", "overall_accuracy": "Overall accuracy"}


def _difference(name: str, first: float, second: float, change: Interval) -> dict[str, Any]:
    return {
        "name": name, "first": plain(first), "second": plain(second), "difference": plain(change.value),
        "low": plain(change.low), "high": plain(change.high), "p": plain(change.p),
    }  # fmt: skip


def verdict(rows: Sequence[dict[str, Any]], second_name: str) -> str:
    """Return in a sentence what a comparison found."""
    said = []
    for row in rows:
        if row["p"] is None or row["p"] >= SIGNIFICANT or row["difference"] == 0:
            said.append(f"{row['name']}: no difference that these data can show")
        else:
            said.append(f"{row['name']}: {second_name} is {'better' if row['difference'] > 0 else 'worse'}")
    return "; ".join(said) + "."


def of_sample(answered: Answered, unit: Unit) -> dict[str, Any]:
    """Return the figures of a reference sample, areas in a unit."""
    design, counts = answered.design, answered.counts
    found = estimate.estimate(counts, design.sizes)
    area = float(design.sizes.sum()) * unit.pixel
    weights, taken = design.sizes / design.sizes.sum(), counts.sum(axis=(1, 2))
    per_class = [
        {
            "name": item.name, "color": item.color,
            "users": _estimate(found.users[i]), "producers": _estimate(found.producers[i]),
            "f1": _estimate(found.f1[i]), "iou": _estimate(found.iou[i]), "share": _estimate(found.areas[i]),
            "area": _estimate(found.areas[i].scaled(area * found.covered)),
            "mapped_area": plain(float(answered.map_shares[i]) * area),
        }
        for i, item in enumerate(answered.matching.classes)
    ]  # fmt: skip
    strata = [
        {"name": n, "pixels": int(s), "weight": float(w), "points": int(p)}
        for n, s, w, p in zip(design.names, design.sizes, weights, taken, strict=True)
    ]
    known = [e.value for e in found.iou if math.isfinite(e.value)]
    return {
        "points": found.points,
        "strata_sampled": int((taken > 0).sum()),
        "covered": found.covered,
        "overall_accuracy": _estimate(found.overall_accuracy),
        "miou": sum(known) / len(known) if known else None,
        "matrix": found.matrix.tolist(),
        "per_class": per_class,
        "strata": strata,
        "area_unit": unit.name,
        "basis": design.basis,
    }


def of_paired_points(answered: Answered, first_name: str, second_name: str) -> dict[str, Any]:
    """Return the paired comparison of two maps on the points of a sample."""
    first, second = (answered.mapped[role] == answered.reference for role in ("map", "second"))
    strata, sizes = answered.strata, answered.design.sizes
    change = estimate.difference(first, second, strata, sizes)
    never = np.zeros_like(first)
    accuracies = [estimate.difference(never, right, strata, sizes).value for right in (first, second)]
    p = math.erfc(abs(change.value) / change.se / math.sqrt(2)) if change.se > 0 else 1.0 if change.value == 0 else math.nan
    interval = Interval(change.value, change.value - change.half_width, change.value + change.half_width, p)
    rows = [_difference("Overall accuracy", accuracies[0], accuracies[1], interval)]
    return {
        "first_name": first_name, "second_name": second_name, "figures": rows, "verdict": verdict(rows, second_name),
        "method": "Paired on the points of the sample and weighted by stratum, as McNemar's test for an unequal-chance sample.",
    }  # fmt: skip


def table(figures: dict[str, Any]) -> list[tuple[str, str, str, float | str]]:
    """Return the figures as rows (measure, class, detail, value) for a spreadsheet."""
    rows: list[tuple[str, str, str, float | str]] = []

    def put(measure: str, of_class: str, detail: str, value: Any) -> None:
        rows.append((measure, of_class, detail, "" if value is None else value))

    for name in ("miou", "overall_accuracy", "mean_f1"):
        if name in figures:
            put(name, "", "", figures[name])
    for name, ends in figures.get("intervals", {}).items():
        put(f"{name}_low", "", "95 %", ends["low"])
        put(f"{name}_high", "", "95 %", ends["high"])
    for name in ("mean_f1", "mean_iou") if figures.get("boundary") else ():
        for tolerance, v in zip(TOLERANCES_PX, figures["boundary"][name], strict=True):
            put(f"boundary_{name}", "", f"{tolerance} px", v)
    classes = [] if figures.get("sample") else figures["per_class"]
    for item in classes:
        for name, value in item.items():
            if name.startswith("boundary"):
                for tolerance, v in zip(TOLERANCES_PX, value, strict=True):
                    put(name, item["name"], f"{tolerance} px", v)
            elif name not in ("name", "color"):
                put(name, item["name"], "", value)
    names = [item["name"] for item in classes]
    for name, line in zip(names, figures.get("confusion", []), strict=False):
        for other, pixels in zip(names, line, strict=True):
            put("confusion_px", name, f"mapped as {other}", pixels)
    for b in figures.get("errors_by_distance", []):
        for name, key in (("error_rate", "rate"), ("error_px", "errors")):
            put(name, "", f"{b['from_px']} to {b['to_px'] or 'more'} px from a border", b[key])
    if figures.get("calibration"):
        put("ece", "", "", figures["calibration"]["ece"])
        for b in figures["calibration"]["bins"]:
            if b["pixels"]:
                put("reliability", "", f"confidence {b['confidence']:.3f}", b["accuracy"])
    for row in (figures.get("comparison") or {}).get("figures", []):
        for key in ("first", "second", "difference", "low", "high", "p"):
            put(f"comparison_{row['name'].lower().replace(' ', '_')}", "", key, row[key])
    sample = figures.get("sample") or {"per_class": []}
    if "overall_accuracy" in sample:
        put("sample_overall_accuracy", "", "value", sample["overall_accuracy"]["value"])
        put("sample_overall_accuracy", "", "se", sample["overall_accuracy"]["se"])
    for item, line in zip(sample["per_class"], sample.get("matrix", []), strict=True):
        for other, share in zip(sample["per_class"], line, strict=True):
            put("sample_share_of_area", item["name"], f"mapped as {other['name']}", share)
    for item in sample["per_class"]:
        for key in ("users", "producers", "f1", "iou", "share", "area"):
            measure = f"sample_area_{sample['area_unit']}" if key == "area" else f"sample_{key}"
            for detail in ("value", "se", "half_width"):
                put(measure, item["name"], detail, item[key][detail])
    for name, pixels in figures["pixels"].items():
        put("counted", "", name, pixels)
    return rows


def plain(value: float) -> float | None:
    """Return a Python float, None where it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None


def _estimate(found: Estimate) -> dict[str, float | None]:
    return {"value": plain(found.value), "se": plain(found.se), "half_width": plain(found.half_width)}


def _boundary(tally: BoundaryTally) -> dict[str, Any]:
    def mean(values: np.ndarray) -> list[float | None]:
        return [plain(np.nanmean(v)) if np.isfinite(v).any() else None for v in values]

    return {"tolerances_px": list(TOLERANCES_PX), "mean_f1": mean(tally.f1), "mean_iou": mean(tally.iou)}


def _distances(tally: BoundaryTally) -> list[dict[str, Any]]:
    starts, ends = (0, *DISTANCE_EDGES_PX), (*DISTANCE_EDGES_PX, None)
    return [
        {"from_px": a, "to_px": b, "pixels": int(n), "errors": int(e), "rate": plain(r)}
        for a, b, n, e, r in zip(
            starts, ends, tally.pixels_by_distance, tally.errors_by_distance, tally.error_rates, strict=True
        )
    ]


def _calibration(tally: CalibrationTally) -> dict[str, Any]:
    bins = [{"confidence": plain(c), "accuracy": plain(a), "pixels": int(n)} for c, a, n in tally.bins]
    return {"ece": plain(tally.ece), "bins": bins}
