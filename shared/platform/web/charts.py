"""Draws bars and lines as a picture in the page, with the same numbers as a table beneath.

The console works without JavaScript, so charts are drawn on the server as inline SVG: no library,
no inline style (the security policy forbids it), nothing that a screen reader cannot have read out.
Series differ by shape as well as by colour: outlined and dashed where the first is solid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal

from markupsafe import Markup

Number = Decimal | int

WIDTH: Final = 760
HEIGHT: Final = 260
LEFT: Final = 74
RIGHT: Final = 8
TOP: Final = 14
BOTTOM: Final = 30
STEPS_WANTED: Final = 4
LABELS_MAX: Final = 13
"""More labels than this would touch each other; every second, third … is written then."""
LABEL_LETTERS: Final = 104
"""Letters that fit side by side below the axis."""
BAR_SHARE: Final = Decimal("0.72")
"""How much of its place a group of bars fills."""
BARS_WIDTH_MAX: Final = Decimal(72)
"""A single bar shall not look like a wall."""
STYLES: Final = 4
"""Series that look different; a fifth looks like the first again, and belongs in a chart of its
own."""
ZERO: Final = Decimal(0)
TENTH: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers; `None` is a gap, not a zero.

    Attributes:
        name: what it is called in legend and table.
        values: one for each label of the chart.
        kind: how it is drawn.
        marked: places whose numbers deserve a second look; they are pale, and named in the table.
    """

    name: str
    values: Sequence[Number | None]
    kind: Literal["bars", "line"] = "bars"
    marked: frozenset[int] = frozenset()


def plain(value: Number) -> str:
    """Write a number with thousands apart and no needless zeros."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Chart:
    """Series over the same labels.

    Attributes:
        name: letters and hyphens, unlike that of any other chart of the page.
        title: what it shows, in a few words.
        description: what somebody sees in it who sees it: range, highest, anything odd.
        labels: what stands below the axis, one for each place.
        series: bars first, lines are drawn over them.
        unit: of the numbers, e.g. `kWh` or `dollars`.
        of_label: what the labels are, e.g. `Month`: the head of the table's first column.
        marked_as: what a marked place is, e.g. `estimated`.
        stacked: bars of one place stand on each other instead of side by side.
        links: for each place an address that tells more, or nothing; in the table.
        number: writes a number in the table.
    """

    name: str
    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    unit: str
    description: str = ""
    of_label: str = "When"
    marked_as: str = "marked"
    stacked: bool = False
    links: Sequence[str] = ()
    number: Callable[[Number], str] = field(default=plain)

    @property
    def bars(self) -> list[tuple[int, Series]]:
        """The series drawn as bars, with the number of their style."""
        return [(n, one) for n, one in enumerate(self.series) if one.kind == "bars"]

    @property
    def has_marks(self) -> bool:
        """Whether any place is marked."""
        return any(one.marked for one in self.series)


def figure(chart: Chart) -> Markup:
    """Return the chart with its legend, and its numbers as a table that can be unfolded."""
    return Markup(
        '<figure class="chart" id="{name}"><figcaption>{title}, in {unit}{legend}</figcaption>\n'
        '<div class="picture" tabindex="0" role="region" aria-label="{title}: chart">{svg}</div>\n'
        "{table}</figure>"
    ).format(
        name=chart.name,
        title=chart.title,
        unit=chart.unit,
        legend=_legend(chart),
        svg=svg(chart),
        table=_table(chart),
    )


def svg(chart: Chart) -> Markup:
    """Return the picture alone."""
    scale = _Scale.of(chart)
    parts = [*_axes(chart, scale), *_bars(chart, scale), *_lines(chart, scale)]
    return Markup(
        '<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title {name}-desc">'
        '<title id="{name}-title">{title}</title><desc id="{name}-desc">{desc}</desc>\n'
        "{parts}</svg>"
    ).format(
        width=WIDTH,
        height=HEIGHT,
        name=chart.name,
        title=chart.title,
        desc=chart.description or _described(chart),
        parts=Markup("\n").join(parts),
    )


def steps(lowest: Decimal, highest: Decimal) -> list[Decimal]:
    """Return round numbers that enclose a range, evenly apart (1, 2 or 5 times a power of ten)."""
    lowest, highest = min(lowest, ZERO), max(highest, ZERO)
    if lowest == highest:
        highest = Decimal(1)
    rough = (highest - lowest) / STEPS_WANTED
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    first = (lowest / step).to_integral_value("ROUND_FLOOR")
    last = (highest / step).to_integral_value("ROUND_CEILING")
    return [n * step for n in range(int(first), int(last) + 1)]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Turns places and numbers into points of the picture."""

    ticks: list[Decimal]
    places: int

    @classmethod
    def of(cls, chart: Chart) -> _Scale:
        ends = [Decimal(value) for one in chart.series for value in one.values if value is not None]
        if chart.stacked:
            for place in range(len(chart.labels)):
                here = [_value(one, place) for _, one in chart.bars]
                ends.append(sum((v for v in here if v > 0), ZERO))
                ends.append(sum((v for v in here if v < 0), ZERO))
        return cls(steps(min(ends, default=ZERO), max(ends, default=ZERO)), len(chart.labels))

    @property
    def pitch(self) -> Decimal:
        """The width of one place."""
        return Decimal(WIDTH - LEFT - RIGHT) / max(self.places, 1)

    def x(self, place: int) -> Decimal:
        """Where a place begins."""
        return LEFT + self.pitch * place

    def y(self, value: Decimal) -> Decimal:
        """How far down a number lies."""
        low, high = self.ticks[0], self.ticks[-1]
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)


def _axes(chart: Chart, scale: _Scale) -> Iterator[Markup]:
    for tick in scale.ticks:
        y = scale.y(tick)
        yield Markup('<line class="{kind}" x1="{x1}" x2="{x2}" y1="{y}" y2="{y}"/>').format(
            kind="axis" if tick == 0 else "rule", x1=LEFT, x2=WIDTH - RIGHT, y=_pixels(y)
        )
        yield Markup('<text class="tick" x="{x}" y="{y}">{text}</text>').format(
            x=LEFT - 6, y=_pixels(y + 4), text=plain(tick)
        )
    longest = max((len(label) for label in chart.labels), default=1)
    fitting = max(1, min(LABELS_MAX, LABEL_LETTERS // max(longest, 1)))
    every = -(-len(chart.labels) // fitting) or 1
    for place in range(0, len(chart.labels), every):
        yield Markup('<text class="label" x="{x}" y="{y}">{text}</text>').format(
            x=_pixels(scale.x(place) + scale.pitch / 2), y=HEIGHT - 9, text=chart.labels[place]
        )


def _bars(chart: Chart, scale: _Scale) -> Iterator[Markup]:
    columns = 1 if chart.stacked else max(len(chart.bars), 1)
    whole = min(scale.pitch * BAR_SHARE, BARS_WIDTH_MAX * columns)
    width = whole / columns
    begin = (scale.pitch - whole) / 2
    for place in range(len(chart.labels)):
        up = down = ZERO
        for column, (style, one) in enumerate(chart.bars):
            value = _value(one, place)
            if not value:
                continue
            ground = (up if value > 0 else down) if chart.stacked else ZERO
            if value > 0:
                up += value
            else:
                down += value
            x = scale.x(place) + begin + (ZERO if chart.stacked else width * column)
            ends = sorted((scale.y(ground), scale.y(ground + value)))
            yield Markup(
                '<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}">'
                "<title>{words}</title></rect>"
            ).format(
                kind=_style(style) + (" marked" if place in one.marked else ""),
                x=_pixels(x),
                y=_pixels(ends[0]),
                width=_pixels(width),
                height=_pixels(ends[1] - ends[0]),
                words=_words(chart, one, place),
            )


def _lines(chart: Chart, scale: _Scale) -> Iterator[Markup]:
    for style, one in enumerate(chart.series):
        if one.kind != "line":
            continue
        middle = scale.pitch / 2
        points = [
            None if value is None else (scale.x(place) + middle, scale.y(Decimal(value)))
            for place, value in enumerate(one.values)
        ]
        path = [
            f"{'L' if before is not None else 'M'}{_pixels(point[0])} {_pixels(point[1])}"
            for before, point in pairwise([None, *points])
            if point is not None
        ]
        if path:
            yield Markup('<path class="{kind}" d="{path}"/>').format(
                kind=_style(style), path=" ".join(path)
            )
        for place, point in enumerate(points):
            if point is not None:
                yield Markup(
                    '<circle class="{kind}" cx="{x}" cy="{y}" r="{r}">'
                    "<title>{words}</title></circle>"
                ).format(
                    kind=_style(style),
                    x=_pixels(point[0]),
                    y=_pixels(point[1]),
                    r=4 if place in one.marked else 2,
                    words=_words(chart, one, place),
                )


def _legend(chart: Chart) -> Markup:
    keys = [
        Markup('<span class="swatch {kind} {style}">{name}</span>').format(
            kind=one.kind, style=_style(style), name=one.name
        )
        for style, one in enumerate(chart.series)
        if len(chart.series) > 1
    ]
    if chart.has_marks:
        keys.append(
            Markup('<span class="swatch bars marked">{name}</span>').format(name=chart.marked_as)
        )
    return Markup(' <span class="legend">{}</span>').format(Markup(" ").join(keys))


def _table(chart: Chart) -> Markup:
    heads = Markup("").join(
        Markup('<th scope="col" class="number">{}</th>').format(one.name) for one in chart.series
    )
    rows = Markup("\n").join(_row(chart, place) for place in range(len(chart.labels)))
    return Markup(
        "<details><summary>The numbers as a table</summary>"
        '<div class="table" tabindex="0" role="region" aria-label="{title}: numbers"><table>'
        '<thead><tr><th scope="col">{of_label}</th>{heads}</tr></thead>\n'
        "<tbody>{rows}</tbody></table></div></details>\n"
    ).format(title=chart.title, of_label=chart.of_label, heads=heads, rows=rows)


def _row(chart: Chart, place: int) -> Markup:
    cells = [
        Markup('<td class="number">{}</td>').format(_written(chart, one, place))
        for one in chart.series
    ]
    label: str | Markup = chart.labels[place]
    if chart.links and chart.links[place]:
        label = Markup('<a href="{}">{}</a>').format(chart.links[place], label)
    return Markup('<tr><th scope="row">{label}</th>{cells}</tr>').format(
        label=label, cells=Markup("").join(cells)
    )


def _written(chart: Chart, one: Series, place: int) -> str:
    value = one.values[place]
    mark = f" ({chart.marked_as})" if place in one.marked else ""
    return "—" if value is None else chart.number(value) + mark


def _words(chart: Chart, one: Series, place: int) -> str:
    return f"{chart.labels[place]}, {one.name}: {_written(chart, one, place)} {chart.unit}"


def _described(chart: Chart) -> str:
    """Say of each series what somebody would see at a glance."""
    said = []
    for one in chart.series:
        there = [(Decimal(v), n) for n, v in enumerate(one.values) if v is not None]
        if there:
            high, low = max(there), min(there)
            said.append(
                f"{one.name}: highest {chart.number(high[0])} {chart.unit} at"
                f" {chart.labels[high[1]]}, lowest {chart.number(low[0])} at {chart.labels[low[1]]}"
            )
    return ". ".join(said) or "No numbers"


def _value(one: Series, place: int) -> Decimal:
    return Decimal(one.values[place] or 0)


def _style(number: int) -> str:
    return f"s{number % STYLES + 1}"


def _pixels(length: Decimal) -> str:
    return f"{length.quantize(TENTH):f}"
