"""Pieces of a page of figures: one HTML file, readable on a phone, without scripts and without network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from engine.assessment.style import CSS


def page(title: str, sections: Iterable[str]) -> str:
    """Return a self-contained page; empty sections are left out."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head>\n<body><main>\n"
        + "\n".join(s for s in sections if s)
        + "\n</main></body></html>\n"
    )


def cards_of(cards: Iterable[tuple[str, str, str, str]]) -> str:
    """Return boxes with one figure each: (name, value, extra, note), the last three HTML."""
    boxes = "".join(
        f'<div class="card"><span>{escape(name)}</span><b>{value}</b><small>{extra}</small><small>{note}</small></div>'
        for name, value, extra, note in cards
    )
    return f'<div class="cards">{boxes}</div>'


def number(value: float | None, digits: int = 3) -> str:
    """Return a share with fixed digits, or a dash where it is undefined."""
    return "–" if value is None else f"{value:.{digits}f}"


def count(value: float | None) -> str:
    """Return a number with thin spaces between thousands."""
    return "–" if value is None else f"{round(value):,}".replace(",", "\u202f")


def warnings(warnings: Sequence[str]) -> str:
    """Return a box with what must be known before figures are used; nothing without warnings."""
    if not warnings:
        return ""
    items = "".join(f"<li>{escape(w)}</li>" for w in warnings)
    return f'<section class="warn"><h2>Before you use these figures</h2><ul>{items}</ul></section>'


def section(title: str, body: str, said: str = "") -> str:
    """Return a section with a heading and, above its body, a sentence; both are HTML."""
    return f"<section><h2>{escape(title)}</h2>{f'<p>{said}</p>' if said else ''}{body}</section>"


def table(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column names its rows; cells are HTML."""
    head = "".join(f"<th>{h}</th>" for h in headings)
    body = "".join(f"<tr><th>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def swatch(item: dict[str, Any]) -> str:
    """Return the name of a class behind a square of its colour."""
    return f'<span class="name"><i style="background:{escape(item["color"])}"></i>{escape(item["name"])}</span>'


def meter(value: float | None) -> str:
    """Return a share with a bar of its length."""
    return number(value) + f'<span class="meter"><i style="width:{100 * (value or 0):.1f}%"></i></span>'
