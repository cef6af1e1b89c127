"""Charts as SVG: made here, read without colour, each beside a table of its figures. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from dateline.web.i18n import formats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dateline.web.i18n.catalogue import Words

WIDTH, HEIGHT = 760, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 10, 14, 36
_MOST_TICKS = 8
# The width of a letter of a tick's label.
_LETTER = 7
MOST_SERIES = 6
# Articles that a page counts facets over: so many are read in some hundredths of a second.
SAMPLE = 2_000
# Points beyond so many are put together: nobody sees them apart.
_MOST_POINTS = 1_500


@dataclass(frozen=True, slots=True)
class Series:
    """A named row of values, one for each period of the chart."""

    name: str
    values: tuple[float, ...]


def periods(first: date, last: date, by: str) -> list[date]:
    """The first days of all days, months or years from ``first`` to ``last``."""
    found = []
    at = first if by == "day" else first.replace(day=1)
    if by == "year":
        at = at.replace(month=1)
    while at <= last:
        found.append(at)
        if by == "day":
            at += timedelta(days=1)
        elif by == "month":
            at = (at + timedelta(days=32)).replace(day=1)
        else:
            at = at.replace(year=at.year + 1)
        if len(found) > 60_000:
            break
    return found


def label(first: date, by: str) -> str:
    """How a period is called: ``2021-09-23``, ``2021-09``, ``2021``."""
    return first.isoformat()[: {"day": 10, "month": 7, "year": 4}[by]]


def _step(most: float) -> float:
    """A round distance of gridlines, four or so of them."""
    if most <= 0:
        return 1
    raw = most / 4
    power = 10.0 ** math.floor(math.log10(raw))
    return float(next((power * k for k in (1, 2, 5, 10) if power * k >= raw), power * 10))


def _figure(value: float, percent: bool, words: Words) -> str:
    if percent:
        return formats.percent(value, words.language, 2)
    whole = value >= 10 or value == int(value)
    return (formats.number if whole else formats.decimal)(value, words.language)


def _frame(most: float, percent: bool, words: Words) -> tuple[list[str], float]:
    """Gridlines with their figures, and the value at the top."""
    step = _step(most) if percent else max(1, _step(most))
    top = step * max(1, math.ceil(most / step))
    lines = []
    for k in range(round(top / step) + 1):
        value = k * step
        y = _y(value, top)
        lines.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
        lines.append(f'<text class="tick" x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">'
                     f"{_figure(value, percent, words)}</text>")  # fmt: skip
    return lines, top


def _y(value: float, top: float) -> float:
    return round(HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM), 1)


def _ticks(labels: Sequence[str], at: Sequence[float]) -> list[str]:
    # A label of a day is wider than one of a year, and the first begins at the axis.
    room = int(WIDTH / (_LETTER * (max(map(len, labels), default=0) + 3)))
    every = max(1, math.ceil(len(labels) / min(_MOST_TICKS, room)))
    # Where a chart is small, only every third of them has room.
    return [
        f'<text class="tick{"" if n % 3 == 0 else " spare"}" '
        f'x="{_LEFT if n == 0 else at[i]:.1f}" y="{HEIGHT - 6}" '
        f'text-anchor="{"start" if n == 0 else "middle"}">{escape(labels[i])}</text>'
        for n, i in enumerate(range(0, len(labels), every))
        if at[i] < WIDTH - _RIGHT - 30 or i == 0
    ]


def _svg(parts: Sequence[str], title: str, description: str) -> Markup:
    return Markup(  # noqa: S704 - numbers of ours and escaped names
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}. {escape(description)}">{"".join(parts)}</svg>'
    )


def bars(labels: Sequence[str], series: Series, title: str, words: Words) -> Markup:
    """Bars of one series."""
    most = max(series.values, default=0)
    parts, top = _frame(most, percent=False, words=words)
    slot = (WIDTH - _LEFT - _RIGHT) / max(1, len(series.values))
    width = max(0.8, slot * 0.78)
    at = [_LEFT + slot * (i + 0.5) for i in range(len(series.values))]
    for i, value in enumerate(series.values):
        y = _y(value, top)
        parts.append(
            f'<rect class="series-0" x="{at[i] - width / 2:.1f}" y="{y}" width="{width:.1f}" '
            f'height="{HEIGHT - _BOTTOM - y:.1f}"><title>{escape(labels[i])}: '
            f"{_figure(value, percent=False, words=words)}</title></rect>"
        )
    parts += _ticks(labels, at)
    return _svg(parts, title, _told(labels, [series], percent=False, words=words))


def lines(
    labels: Sequence[str],
    series: Sequence[Series],
    title: str,
    words: Words,
    *,
    percent: bool = False,
) -> Markup:
    """Lines of several series, each with a stroke and a sign of its own."""
    labels, series = _thinned(labels, series)
    most = max((max(one.values, default=0) for one in series), default=0)
    parts, top = _frame(most, percent, words)
    span = WIDTH - _LEFT - _RIGHT
    count = len(labels)
    at = [_LEFT + span * (i / (count - 1) if count > 1 else 0.5) for i in range(count)]
    for n, one in enumerate(series[:MOST_SERIES]):
        points = " ".join(f"{at[i]:.1f},{_y(v, top)}" for i, v in enumerate(one.values))
        parts.append(f'<polyline class="line series-{n}" points="{points}"/>')
        if count <= 60:
            parts += [
                f'<circle class="series-{n}" cx="{at[i]:.1f}" cy="{_y(v, top)}" r="3">'
                f"<title>{escape(one.name)}, {escape(labels[i])}: "
                f"{_figure(v, percent, words)}</title>"
                "</circle>"
                for i, v in enumerate(one.values)
            ]
    parts += _ticks(labels, at)
    return _svg(parts, title, _told(labels, series, percent=percent, words=words))


def _thinned(
    labels: Sequence[str], series: Sequence[Series]
) -> tuple[Sequence[str], Sequence[Series]]:
    """Neighbouring periods together where there are too many to draw: their mean."""
    size = math.ceil(len(labels) / _MOST_POINTS)
    if size <= 1:
        return labels, series
    starts = range(0, len(labels), size)
    return [labels[i] for i in starts], [
        Series(one.name, tuple(
            sum(one.values[i : i + size]) / len(one.values[i : i + size]) for i in starts
        ))
        for one in series
    ]  # fmt: skip


def _told(labels: Sequence[str], series: Sequence[Series], *, percent: bool, words: Words) -> str:
    """What a chart shows, for those who hear it."""
    said = []
    for one in series:
        if not one.values:
            continue
        high = max(range(len(one.values)), key=one.values.__getitem__)
        said.append(
            words.gettext("%(first)s to %(last)s, maximum %(figure)s (%(at)s)")
            % {
                "first": labels[0],
                "last": labels[-1],
                "figure": _figure(one.values[high], percent, words),
                "at": labels[high],
            }
        )
        if one.name:
            said[-1] = f"{one.name} · {said[-1]}"
    return "; ".join(said)


def graph(
    centre: str, names: Sequence[tuple[int, str, int]], pairs: Sequence[tuple[int, int, int]],
    title: str,
) -> Markup:  # fmt: skip
    """Who appears together: one in the middle, the others around it, joined as they are named."""
    size = 620
    middle = size / 2
    radius = size * 0.33
    most = max((n for *_, n in names), default=1)
    at: dict[int, tuple[float, float]] = {}
    for k, (number, _, _) in enumerate(names):
        angle = 2 * math.pi * k / max(1, len(names)) - math.pi / 2
        at[number] = (middle + radius * math.cos(angle), middle + radius * math.sin(angle))
    parts = []
    strongest = max((n for *_, n in pairs), default=1)
    for a, b, n in pairs:
        if a in at and b in at:
            (x1, y1), (x2, y2) = at[a], at[b]
            width = 0.5 + 2.5 * n / strongest
            parts.append(f'<line class="edge" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
                         f'y2="{y2:.1f}" stroke-width="{width:.1f}"/>')  # fmt: skip
    for number, _, n in names:
        x, y = at[number]
        parts.append(f'<line class="spoke" x1="{middle}" y1="{middle}" x2="{x:.1f}" y2="{y:.1f}" '
                     f'stroke-width="{0.8 + 3 * n / most:.1f}"/>')  # fmt: skip
    for number, name, n in names:
        x, y = at[number]
        right = x > middle + 5
        anchor = "start" if right else "end" if x < middle - 5 else "middle"
        dx = 9 if right else -9 if x < middle - 5 else 0
        dy = 4 if abs(x - middle) > 5 else (-12 if y < middle else 20)
        shown = name if len(name) <= 24 else name[:23] + "…"
        parts.append(
            f'<a href="/item/{number}"><circle class="node" cx="{x:.1f}" cy="{y:.1f}" '
            f'r="{4 + 5 * n / most:.1f}"/><text class="name" x="{x + dx:.1f}" y="{y + dy:.1f}" '
            f'text-anchor="{anchor}">{escape(shown)} ({n})</text></a>'
        )
    parts.append(f'<circle class="node centre" cx="{middle}" cy="{middle}" r="8"/>'
                 f'<text class="name centre" x="{middle}" y="{middle - 14}" text-anchor="middle">'
                 f"{escape(centre[:30])}</text>")  # fmt: skip
    return Markup(  # noqa: S704 - numbers of ours and escaped names
        f'<svg class="graph" viewBox="-140 40 {size + 280} {size - 80}" role="group" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
