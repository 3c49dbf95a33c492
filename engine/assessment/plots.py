"""The drawings of the report, as SVG text that takes its colours from the page: no script, no file, no library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 400, 260
TOPS = (0.04, 0.08, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Ends of a scale; a quarter of each is a number that people like to read."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 22, 34, 44


def bars(labels: Sequence[str], values: Sequence[float | None], x_title: str, y_title: str) -> str:
    """Draw shares as bars; None leaves a gap. The scale ends at the next of a few round shares."""
    top = next(t for t in TOPS if t >= max([v or 0 for v in values], default=0) - 1e-9)
    step = (WIDTH - _LEFT - _RIGHT) / max(len(values), 1)
    marks = []
    for i, (label, value) in enumerate(zip(labels, values, strict=True)):
        middle = _LEFT + (i + 0.5) * step
        marks.append(_text(middle, HEIGHT - _BOTTOM + 16, label, "middle"))
        if value is not None:
            y = _y(value / top)
            marks.append(
                f'<rect class="bar" x="{middle - step * 0.36:.1f}" y="{y:.1f}" width="{step * 0.72:.1f}" '
                f'height="{_y(0) - y:.1f}" rx="2"/>'
            )
            marks.append(_text(middle, y - 4, percent(value), "middle", "value"))
    return _figure(_grid(top, y_title, x_title) + "".join(marks), f"{y_title} by {x_title}")


def reliability(points: Sequence[tuple[float | None, float | None, float]]) -> str:
    """Draw accuracy against confidence; the area of a dot is its share of the pixels, the diagonal is honesty."""
    total = sum(n for _, _, n in points) or 1
    dots = []
    for confidence, accuracy, pixels in points:
        if confidence is None or accuracy is None:
            continue
        x, y = _LEFT + confidence * (WIDTH - _LEFT - _RIGHT), _y(accuracy)
        radius = 3 + 13 * (pixels / total) ** 0.5
        dots.append(f'<line class="gap" x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{_y(confidence):.1f}"/>')
        dots.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>')
    diagonal = f'<line class="ideal" x1="{_LEFT}" y1="{_y(0):.1f}" x2="{WIDTH - _RIGHT}" y2="{_y(1):.1f}"/>'
    ticks = "".join(
        _text(_LEFT + t * (WIDTH - _LEFT - _RIGHT), HEIGHT - _BOTTOM + 16, percent(t), "middle")
        for t in (0, 0.25, 0.5, 0.75, 1)
    )
    return _figure(_grid(1.0, "right pixels", "confidence") + ticks + diagonal + "".join(dots), "accuracy against confidence")


def curve(points: Sequence[tuple[float, float]], x_title: str, y_title: str) -> str:
    """Draw shares over an amount as a line with a dot at each point, from 0 to the next of a few round shares."""
    top = next(t for t in TOPS if t >= max((y for _, y in points), default=0) - 1e-9)
    last = max((x for x, _ in points), default=0) or 1.0

    def x_of(amount: float) -> float:
        return _LEFT + amount / last * (WIDTH - _LEFT - _RIGHT)

    line = " ".join(f"{x_of(x):.1f},{_y(y / top):.1f}" for x, y in points)
    marks = [f'<polyline class="gap" fill="none" stroke-width="2" points="{line}"/>']
    for x, y in points:
        marks.append(f'<circle class="dot" cx="{x_of(x):.1f}" cy="{_y(y / top):.1f}" r="4"/>')
        marks.append(_text(x_of(x), _y(y / top) - 8, percent(y), "middle", "value"))
    ticks = "".join(_text(x_of(t), HEIGHT - _BOTTOM + 16, f"{t:,.10g}", "middle") for t in _ticks(0.0, last))
    return _figure(_grid(top, y_title, x_title) + ticks + "".join(marks), f"{y_title} by {x_title}")


def intervals(rows: Sequence[tuple[str, str, float, float | None, float | None]], unit: str) -> str:
    """Draw estimates with their 95 % intervals, one row each: (name, colour, value, half width, mark to compare with)."""
    rows = [r for r in rows if r[2] is not None]
    ends = [v for _, _, value, half, mark in rows for v in (value - (half or 0), value + (half or 0), mark or value)]
    low, high = min([0.0, *ends]), max([*ends, 1e-12])
    row_height, left = 34, 118
    height = row_height * len(rows) + 38

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (WIDTH - left - 16)

    parts = [f'<line class="axis" x1="{x(0):.1f}" y1="4" x2="{x(0):.1f}" y2="{height - 32}"/>']
    for i, (name, color, value, half, mark) in enumerate(rows):
        y = i * row_height + 20
        parts.append(_text(left - 8, y + 4, name if len(name) <= 17 else name[:16] + "…", "end", "name"))
        if half is not None:
            parts.append(f'<line class="whisker" x1="{x(value - half):.1f}" y1="{y}" x2="{x(value + half):.1f}" y2="{y}"/>')
        if mark is not None:
            parts.append(f'<path class="mark" d="M{x(mark):.1f} {y - 9} v18"/>')
        parts.append(f'<circle class="class" cx="{x(value):.1f}" cy="{y}" r="5" fill="{escape(color)}"/>')
    for at in _ticks(low, high):
        parts.append(_text(x(at), height - 18, f"{at:,.10g}", "middle"))
    parts.append(_text((left + WIDTH - 16) / 2, height - 3, unit, "middle", "title"))
    return _figure("".join(parts), f"estimates with 95 % intervals in {unit}", height)


def percent(share: float) -> str:
    """Return a share as people read it: 0.3 %, 4.1 %, 52 %."""
    return f"{100 * share:.0f} %" if share >= 0.0995 or share == 0 else f"{100 * share:.1f} %"


def _ticks(low: float, high: float) -> list[float]:
    """Return three to six round numbers between two ends."""
    rough = (high - low) / 3
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (5, 2, 1) if m * power <= rough)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _grid(top: float, y_title: str, x_title: str) -> str:
    lines = []
    for part in (0, 0.25, 0.5, 0.75, 1):
        y = _y(part)
        kind = "axis" if part == 0 else "grid"
        lines.append(f'<line class="{kind}" x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}"/>')
        lines.append(_text(_LEFT - 6, y + 4, f"{100 * part * top:.3g} %", "end"))
    lines.append(_text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 6, x_title, "middle", "title"))
    lines.append(_text(2, 12, y_title, "start", "title"))
    return "".join(lines)


def _y(share: float) -> float:
    return _TOP + (1 - share) * (HEIGHT - _TOP - _BOTTOM)


def _text(x: float, y: float, text: str, anchor: str, style: str = "tick") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _figure(body: str, title: str, height: float = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )
