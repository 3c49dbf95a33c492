"""What the dock asks and says of a unit and of a merge, in sentences."""

from __future__ import annotations

from html import escape
from typing import Optional

from ...engine.contract.campaign import CONFIRM, ONE_CLASS, REDRAW, SKIP, UNSURE
from ...engine.contract.legend import Legend
from ..i18n import tr
from . import tally
from .card import View
from .merge import Merged
from .session import Session
from .unit import Unit


def view(session: Session, legend: Legend, hint: str, typed: Optional[int]) -> View:
    """Return what the dock shows.

    Args:
        session: where the walk is.
        legend: the classes.
        hint: what the last key did; else the answer that the unit has is told.
        typed: the first of two classes, where one waits for the other.
    """
    unit, units = session.current, session.units
    if typed is not None:
        hint = tr("{name}, and the other class?").format(name=named(typed, legend))
    elif unit is not None and not hint:
        hint = tr("Asked once more, without the prediction.") if session.blind else answered(unit, legend)
    return View(
        question=question(unit, session.blind, legend, len(units)),
        reason=unit.reason if unit is not None and not session.blind else "", hint=hint,
        position=0 if session.place is None else session.place + 1, total=len(units),
        answered=len(units) - session.open_count, minutes=tally.minutes_left(units), agreement=session.agreement(),
    )  # fmt: skip


def question(unit: Optional[Unit], blind: bool, legend: Legend, total: int) -> str:
    """Return what is asked of a unit, as rich text with the colours of the classes."""
    if unit is None:
        if not total:
            return tr("This campaign has no batch yet.")
        return tr("The batch is finished. Start the next round, or go back with Backspace.")
    if blind:
        return tr("Which two classes meet here?") if unit.is_edge else tr("What is this?")
    a, b = _colored(unit.class_a, legend), _colored(unit.class_b, legend)
    if not unit.is_edge:
        return tr("What is this? The model sees {name}.").format(name=a)
    if unit.class_a == unit.class_b:
        return tr("Is all of this {name}, or does a border cross it?").format(name=a)
    return tr("Is this the border between {first} and {second}?").format(first=a, second=b)


def answered(unit: Unit, legend: Legend) -> str:
    """Return what a unit was answered with, as plain text; empty while it is open."""
    if unit.answer == ONE_CLASS and unit.class_id is not None:
        return tr("Answered: all {name}. Enter keeps it.").format(name=named(unit.class_id, legend))
    if unit.answer == REDRAW and len(unit.sides) == 2:
        left, right = (named(class_id, legend) for class_id in unit.sides)
        return tr("Answered: a border, {left} and {right}. Enter keeps it.").format(left=left, right=right)
    return {
        CONFIRM: tr("Answered: confirmed. Enter keeps it."),
        UNSURE: tr("Answered: unsure. Enter keeps it."),
        SKIP: tr("Skipped before."),
    }.get(unit.answer, "")


def named(class_id: int, legend: Legend) -> str:
    """Return the name of a class; its number where the legend has none."""
    return next((item.name for item in legend if item.id == class_id), str(class_id))


def told(merged: Merged) -> str:
    """Return what a merge did."""
    text = tr("{taken} answers and {corrections} corrections taken over.").format(
        taken=merged.taken, corrections=merged.corrections
    )
    if merged.both:
        text += " " + tr(
            "{both} units were answered by both, {same} of them alike; where not, the later answer stands."
        ).format(both=merged.both, same=merged.same)
    if merged.unknown:
        text += " " + tr("{unknown} answered units are not in this campaign and were left out.").format(unknown=merged.unknown)
    return text


def _colored(class_id: int, legend: Legend) -> str:
    color = next((item.color for item in legend if item.id == class_id), "#000000")
    return f'<span style="color:{color}">■</span>&nbsp;<b>{escape(named(class_id, legend))}</b>'
