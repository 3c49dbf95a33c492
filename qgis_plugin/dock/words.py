"""What the dock asks and says of a unit, in sentences."""

from __future__ import annotations

from html import escape
from typing import Optional

from ...engine.contract.campaign import CONFIRM, ONE_CLASS, REDRAW, SKIP, UNSURE
from ...engine.contract.legend import Legend
from ..i18n import tr
from .unit import Unit


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


def _colored(class_id: int, legend: Legend) -> str:
    color = next((item.color for item in legend if item.id == class_id), "#000000")
    return f'<span style="color:{color}">■</span>&nbsp;<b>{escape(named(class_id, legend))}</b>'
