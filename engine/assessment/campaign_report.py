"""The report of a labelling campaign: what was learned from which clicks, and what is asked next."""

from __future__ import annotations

from html import escape
from typing import Any

from engine.assessment import plots
from engine.assessment.page import cards_of, count, meter, number, page, section, swatch, table, warnings

FEW_CONFIRMED = 0.4
"""Below this share of confirmed units, borders are mostly redrawn, and regions may be the better use of clicks."""

METHODS = """<details><summary>How the figures are made</summary>
<p>Mean IoU is measured by each round's model on answered units that no model learned from: a fixed share, chosen by the name
of the unit. They lie where a model was in doubt, so the figure is lower than over the whole map, and as the held-out units grow
with the rounds, "before" and "after" on the same units say more than the curve. Use a reference sample for areas and
accuracy.</p>
<p>Clicks: 1 to confirm, to give one class, or to pass; the vertices and two classes for a border drawn; the vertices and a
class for a free correction. Minutes are those that the plugin measured while a unit was open.</p></details>"""


def html(figures: dict[str, Any]) -> str:
    """Return the report of the figures of `engine.campaign.progress` as one self-contained page."""
    title = f"Campaign {figures['name']}"
    return page(
        title,
        [_head(figures, title), warnings(_warnings(figures)), _curve(figures), _classes(figures), _rounds(figures),
         _next(figures), METHODS],
    )  # fmt: skip


def _head(figures: dict[str, Any], title: str) -> str:
    measured = [r for r in figures["rounds"] if r["miou"] is not None]
    newest = measured[-1] if measured else {"miou": None, "miou_before": None}
    before = "" if newest["miou_before"] is None else f"{number(newest['miou_before'])} before, on the same units"
    minutes = "–" if figures["minutes"] is None else f"{figures['minutes']:.0f}"
    answered = sum(r["answered"] for r in figures["rounds"])
    cards = [
        ("Mean IoU", number(newest["miou"]), before, "on held-out answers"),
        ("Confirmed", _percent(_confirm_rate(figures)), "", "of the labelled units"),
        ("Answers", count(answered), f"{count(figures['corrections'])} free corrections", ""),
        ("Clicks", count(figures["clicks"] + figures["free_clicks"]), f"{minutes} minutes measured", ""),
    ]
    said = f"{len(figures['rounds'])} rounds, {escape(figures['date'])}"
    return f'<header><h1>{escape(title)}</h1><p class="sub">{said}</p>{cards_of(cards)}</header>'


def _warnings(figures: dict[str, Any]) -> list[str]:
    found = [f"No pixel of {c['name']} is labelled yet; look for some, and draw it as a correction."
             for c in figures["classes"] if figures["classes"] and not c["pixels"]]  # fmt: skip
    rate = _confirm_rate(figures)
    if rate is not None and rate < FEW_CONFIRMED:
        found.append(f"Only {plots.percent(rate)} of the units were confirmed; ask for fewer edge units with --edge-share.")
    return found


def _curve(figures: dict[str, Any]) -> str:
    points = [(r["clicks_before"], r["miou"]) for r in figures["rounds"] if r["miou"] is not None]
    said = "Each dot is the model of a round: clicks spent on units before it, and its mean IoU on held-out answers."
    body = plots.curve(points, "clicks", "mean IoU") if points else "<p>No model was measured yet.</p>"
    return section("Learning curve", body, said)


def _classes(figures: dict[str, Any]) -> str:
    classes = figures["classes"]
    rows = [(c["name"], c["color"], 100 * c["share"], None, 100 * c["quota"]) for c in classes if c["share"] is not None]
    plot = plots.intervals(rows, "% of the labelled pixels") if rows else ""
    cells = [
        [swatch(c), count(c["pixels"]), _percent(c["share"]), meter(c["iou"]), number(c["weight"], 2), count(c["offered"])]
        for c in classes
    ]
    headings = ["Class", "Labelled px", "Share", "IoU", "Weight", "Asked next"]
    said = "Dot: share of the labelled pixels; upright mark: an equal share. Weight: how strongly the next batch asks for it."
    return section("Classes", plot + table(headings, cells), said)


def _rounds(figures: dict[str, Any]) -> str:
    cells = [
        [str(r["round"]), count(r["offered"]), count(r["answered"]), _percent(r["confirm_rate"]), count(r["clicks"]),
         count(r["pixels"]), number(r["minutes"], 1), number(r["miou_before"]), number(r["miou"])]
        for r in figures["rounds"]
    ]  # fmt: skip
    headings = ["Round", "Units", "Answered", "Confirmed", "Clicks", "Pixels", "Minutes", "IoU before", "IoU of its model"]
    said = "The model of a round is the one that chose its units, trained on the answers to all rounds before."
    return section("Rounds", table(headings, cells), said)


def _next(figures: dict[str, Any]) -> str:
    asked = figures["next"]
    units = asked["units"]
    budget = f", for a budget of {count(asked['budget'])} {escape(asked['budget_unit'])}" if asked["budget_unit"] else ""
    said = (
        f"{units['edge']} edge units and {units['region']} region units, about {count(asked['clicks'])} clicks if every border "
        f"is redrawn, {count(asked['pixels'])} pixels{budget}."
    )
    pairs = table(["Classes", "Units"], [[escape(pair), count(n)] for pair, n in asked["pairs"].items()])
    reasons = "".join(f"<li>{escape(text)}</li>" for text in asked["reasons"])
    return section(f"What round {asked['round']} asks", f"{pairs}<p>The first ones:</p><ol>{reasons}</ol>", said)


def _confirm_rate(figures: dict[str, Any]) -> float | None:
    """Return the share of all labelled units that were confirmed."""
    answers = [r["answers"] for r in figures["rounds"]]
    labelled = sum(a.get(word, 0) for a in answers for word in ("confirm", "class", "redraw"))
    return sum(a.get("confirm", 0) for a in answers) / labelled if labelled else None


def _percent(share: float | None) -> str:
    return "–" if share is None else plots.percent(share)
