"""The report: one HTML file of the figures, readable on a phone, without scripts and without network.

It is a function of the same dictionary that is written as JSON, so that both always say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from engine.assessment import amount, plots
from engine.assessment.amount import Unit, rounded
from engine.assessment.page import cards_of, count, meter, number, page, section, swatch, table, warnings
from engine.assessment.style import METHODS

MAX_MATRIX = 20
"""More classes than this make a confusion matrix that nobody reads; it is in the CSV and JSON."""
NEAR_PX = 5
"""Wrong pixels that near to a border are told apart: they are a matter of drawing, not of what is where."""


def html(figures: dict[str, Any]) -> str:
    """Return the report of `figures` as one self-contained page."""
    title = f"Accuracy of {figures['map_name']}"
    sample = figures.get("sample")
    unit = amount.unit(figures["gsd_m"], sum(figures["pixels"].values()))
    sections = [
        _head(figures, title),
        warnings(figures["warnings"]),
        _sample(sample) if sample else _pixels(figures, unit),
        _comparison(figures.get("comparison")),
        _counted(figures, Unit("px", 1.0) if sample else unit),
        METHODS,
    ]
    return page(title, sections)


def _head(figures: dict[str, Any], title: str) -> str:
    sample = figures.get("sample")
    if sample:
        accuracy = sample["overall_accuracy"]
        cards = [("Overall accuracy", number(accuracy["value"]), _plus_minus(accuracy), "area-adjusted")]
        cards.append(("Mean IoU", number(sample["miou"]), "", "area-adjusted"))
        cards.append(("Points", count(sample["points"]), "", f"in {sample['strata_sampled']} strata"))
    else:
        ranges = figures.get("intervals") or {}
        cards = [
            ("Mean IoU", number(figures["miou"]), _range(ranges.get("miou")), f"over {figures['classes_with_iou']} classes"),
            ("Overall accuracy", number(figures["overall_accuracy"]), _range(ranges.get("overall_accuracy")), ""),
            ("Mean F1", number(figures["mean_f1"]), "", ""),
        ]
        if figures.get("boundary"):
            middle = figures["boundary"]["tolerances_px"].index(3)
            cards.append(("Boundary F1", number(figures["boundary"]["mean_f1"][middle]), "", "within 3 px"))
    against = f"{escape(figures['map_name'])} against {escape(figures['reference_name'])}, {escape(figures['date'])}"
    return f'<header><h1>{escape(title)}</h1><p class="sub">{against}</p>{cards_of(cards)}</header>'


def _pixels(figures: dict[str, Any], unit: Unit) -> str:
    return "\n".join(
        (_classes(figures, unit), _matrix(figures, unit), _borders(figures), _distances(figures, unit),
         _calibration(figures["calibration"]), _pieces(figures))
    )  # fmt: skip


def _classes(figures: dict[str, Any], unit: Unit) -> str:
    rows = [
        [swatch(c), meter(c["iou"]), *(number(c[k]) for k in ("f1", "precision", "recall")),
         unit.text(c["reference_px"]), unit.text(c["map_px"])]
        for c in figures["per_class"]
    ]  # fmt: skip
    headings = ["Class", "IoU", "F1", "Precision", "Recall", f"Reference, {unit.name}", f"Map, {unit.name}"]
    return section("Classes", table(headings, rows), "Precision is user's accuracy, recall is producer's accuracy.")


def _matrix(figures: dict[str, Any], unit: Unit) -> str:
    said = "Rows are the reference, columns the map: where each class of the ground went."
    return _confusion(figures["per_class"], figures["confusion"], unit.name, unit.text, said)


def _confusion(
    classes: Sequence[dict[str, Any]], counts: list[list[float]], unit: str, text: Callable[[float], str], said: str
) -> str:
    if len(classes) > MAX_MATRIX:
        return section("Confusion matrix", "<p>Too many classes to show; the matrix is in the CSV and JSON files.</p>")
    rows = []
    for c, line in zip(classes, counts, strict=True):
        total = sum(line) or 1
        cells = [
            f'<td class="heat" style="--share:{100 * n / total:.1f}%" title="{text(n)} {unit}">{plots.percent(n / total)}</td>'
            for n in line
        ]
        rows.append(f"<tr><th>{swatch(c)}</th>{''.join(cells)}<td>{text(sum(line))}</td></tr>")
    head = "".join(f"<th>{swatch(c)}</th>" for c in classes)
    head = f"<thead><tr><th></th>{head}<th>{unit}</th></tr></thead>"
    body = f'<div class="scroll"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>'
    return section("Confusion matrix", body, said)


def _borders(figures: dict[str, Any]) -> str:
    boundary = figures["boundary"]
    tolerances = boundary["tolerances_px"]
    rows = [
        [swatch(c), *(number(v) for v in c["boundary_f1"]), *(number(v) for v in c["boundary_iou"])]
        for c in figures["per_class"]
    ]
    mean = [f"<b>{number(v)}</b>" for v in (*boundary["mean_f1"], *boundary["mean_iou"])]
    rows.append(["<b>Mean</b>", *mean])
    headings = ["Class", *(f"F1 {t} px" for t in tolerances), *(f"IoU {t} px" for t in tolerances)]
    said = f"Boundary F1 and boundary IoU within a tolerance{_side_of_a_pixel(figures)}."
    return section("Borders", table(headings, rows), said)


def _distances(figures: dict[str, Any], unit: Unit) -> str:
    bins = figures["errors_by_distance"]
    labels = [f"{b['from_px']}–{b['to_px']}" if b["to_px"] else f"{b['from_px']}+" for b in bins]
    plot = plots.bars(labels, [b["rate"] for b in bins], "distance to the nearest reference border, px", "wrong pixels")
    near = sum(b["errors"] for b in bins if b["to_px"] and b["to_px"] <= NEAR_PX)
    total = sum(b["errors"] for b in bins)
    share = plots.percent(near / total) if total else "0 %"
    wrong = f"all {unit.text(total)} {unit.name} that are wrong" if unit.name != "px" else f"all {count(total)} wrong pixels"
    said = f"{share} of {wrong} lie within {NEAR_PX} px of a reference border{_side_of_a_pixel(figures)}."
    return section("Errors by distance to the border", plot, said)


def _side_of_a_pixel(figures: dict[str, Any]) -> str:
    return "" if figures["gsd_m"] is None else f"; 1 px is {figures['gsd_m']:.3g} m"


def _calibration(calibration: dict[str, Any] | None) -> str:
    if not calibration:
        return ""
    points = [(b["confidence"], b["accuracy"], b["pixels"]) for b in calibration["bins"]]
    said = (
        f"Expected calibration error {number(calibration['ece'])}: how far the confidence raster is from the truth on average. "
        "Dots below the line are overconfident; a large dot holds many pixels."
    )
    return section("Confidence", plots.reliability(points), said)


def _pieces(figures: dict[str, Any]) -> str:
    rows = [
        [swatch(c), count(c["map_pieces"]), count(c["reference_pieces"]), _signed(c["map_pieces"] - c["reference_pieces"]),
         count(c["map_specks"]), count(c["reference_specks"])]
        for c in figures["per_class"]
    ]  # fmt: skip
    least = figures["pieces"]["least_px"]
    headings = ["Class", "Map", "Reference", "Difference", f"Map < {least} px", f"Reference < {least} px"]
    return section(
        "Pieces",
        table(headings, rows),
        f"Connected pieces of at least {least} px: a broken road has too many, merged houses have too few.",
    )


def _comparison(comparison: dict[str, Any] | None) -> str:
    if not comparison:
        return ""
    rows = [
        [escape(d["name"]), number(d["first"]), number(d["second"]), f"{d['difference']:+.4f}",
         f"{d['low']:+.4f} to {d['high']:+.4f}", "< 0.001" if d["p"] < 0.001 else f"{d['p']:.3f}"]
        for d in comparison["figures"]
    ]  # fmt: skip
    headings = ["", escape(comparison["first_name"]), escape(comparison["second_name"]), "Difference", "95 % interval", "p"]
    said = f"{escape(comparison['verdict'])} {escape(comparison['method'])}"
    return section("Comparison of two maps", table(headings, rows), said)


def _sample(sample: dict[str, Any]) -> str:
    rows = [
        [swatch(c), *(_estimate(c[k]) for k in ("users", "producers", "f1", "iou")), _estimate(c["share"])]
        for c in sample["per_class"]
    ]
    accuracy = table(["Class", "User's accuracy", "Producer's accuracy", "F1", "IoU", "Share of area"], rows)
    unit = sample["area_unit"]
    areas = [
        [swatch(c), rounded(c["area"]["value"]), _plus_minus_amount(c["area"]), rounded(c["mapped_area"])]
        for c in sample["per_class"]
    ]
    amounts = table(["Class", f"Area, {unit}", "± 95 %", f"Mapped, {unit}"], areas)
    plot = plots.intervals(
        [(c["name"], c["color"], c["area"]["value"], _half(c["area"]), c["mapped_area"]) for c in sample["per_class"]], unit
    )
    strata = table(
        ["Stratum", "Pixels", "Weight", "Points"],
        [[escape(s["name"]), count(s["pixels"]), number(s["weight"], 4), count(s["points"])] for s in sample["strata"]],
    )
    return (
        section("Area-adjusted accuracy", accuracy, "Value ± half of the 95 % interval; the sample design is accounted for.")
        + _confusion(
            sample["per_class"], sample["matrix"], "of the area", plots.percent,
            "Rows are the reference, columns the map, estimated from the points: where each class of the ground went.",
        )
        + section("Areas", plot + amounts, "Dot and line: the area estimated from the sample with its 95 % interval; "
                   "upright mark: pixels counted on the map, which is biased.")
        + section("Strata of the sample", strata, escape(sample["basis"]))
    )  # fmt: skip


def _counted(figures: dict[str, Any], unit: Unit) -> str:
    areas = [] if unit.name == "px" else [unit.name]
    rows = [[escape(name), count(n), *(unit.text(n) for _ in areas)] for name, n in figures["pixels"].items()]
    counted = table(["", figures["counted_unit"], *areas], rows).replace('class="scroll"', 'class="scroll wrap"')
    facts = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in figures["facts"].items())
    return section("What was counted", counted + f"<dl>{facts}</dl>")


def _range(interval: dict[str, float] | None) -> str:
    return f"95 %: {number(interval['low'])} to {number(interval['high'])}" if interval else ""


def _signed(difference: int) -> str:
    return ("+" if difference > 0 else "−" if difference < 0 else "") + count(abs(difference))


def _half(estimate: dict[str, Any]) -> float | None:
    return None if estimate["se"] is None else estimate["half_width"]


def _plus_minus(estimate: dict[str, Any]) -> str:
    return "" if estimate["se"] is None else f"± {number(estimate['half_width'])}"


def _estimate(estimate: dict[str, Any]) -> str:
    return f"{number(estimate['value'])} <small>{_plus_minus(estimate)}</small>"


def _plus_minus_amount(estimate: dict[str, Any]) -> str:
    return "–" if estimate["se"] is None else rounded(estimate["half_width"])
