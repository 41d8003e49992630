"""Draws pages for print: headings, tables of figures, bars; the one door to the PDF library.

The same content gives the same bytes, whenever and wherever it is drawn: the only moment in the
file is the one that is passed in. Letters outside Latin-1 become question marks, because the
fonts every reader has (and the file need not carry) hold no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from fpdf import FPDF

from shared.platform.web.charts import plain, steps

WIDTH: Final = 612
HEIGHT: Final = 792
MARGIN: Final = 54
INNER: Final = WIDTH - 2 * MARGIN
LINE: Final = 15
FOOT: Final = 40
FONT: Final = "Helvetica"
BODY: Final = 9
SMALL: Final = 8
GRAY: Final = 110
RULE: Final = 200
CHART_HEIGHT: Final = 130
AXIS: Final = 66
INKS: Final = ((43, 122, 158), (251, 227, 189), (77, 127, 92))
"""Fills of bars; the second is pale and outlined, so that print without colour still tells them
apart."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; a strong one is a sum."""

    cells: Sequence[str]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """One series of bars: what it is called, and a number for each label."""

    name: str
    values: Sequence[Decimal]


def latin(words: str) -> str:
    """Return words in the letters that the fonts have."""
    replaced = words.replace("\u2212", "-").replace("\u2014", "-").replace("\u2013", "-")
    return replaced.encode("latin-1", "replace").decode("latin-1")


class _Pages(FPDF):
    """Pages with a foot that tells what they are of, and how many there are."""

    foot: str = ""

    def footer(self) -> None:
        """Write the foot of the page; called by the library."""
        self.set_y(-FOOT)
        self.set_font(FONT, size=SMALL)
        self.set_text_color(GRAY)
        self.cell(INNER - 60, LINE, self.foot)
        self.cell(60, LINE, f"{self.page_no()} of {{nb}}", align="R")


class Paper:
    """A document being drawn, top to bottom.

    Args:
        title: of the document.
        foot: what stands at the foot of every page.
        at: the moment the document is of.
    """

    def __init__(self, title: str, foot: str, at: datetime) -> None:
        self._pdf = _Pages(unit="pt", format="Letter")
        self._pdf.foot = latin(foot)
        self._pdf.set_creation_date(at)
        self._pdf.set_title(latin(title))
        self._pdf.set_creator("CCA Exchange")
        self._pdf.set_lang("en-US")
        self._pdf.set_margins(MARGIN, MARGIN, MARGIN)
        self._pdf.set_auto_page_break(auto=True, margin=MARGIN)
        self._pdf.add_page()

    def title(self, words: str) -> None:
        """Write the title of the document."""
        self._write(words, 16, 24, "B")

    def heading(self, words: str, *, room: int = 4 * LINE) -> None:
        """Write a heading that stays with what follows it."""
        if self._pdf.get_y() + room > HEIGHT - MARGIN:
            self._pdf.add_page()
        self._pdf.ln(9)
        self._write(words, 11, 18, "B")

    def words(self, words: str) -> None:
        """Write a paragraph."""
        self._pdf.set_font(FONT, size=BODY)
        self._pdf.set_text_color(0)
        self._pdf.multi_cell(INNER, 12, latin(words), align="L", new_x="LMARGIN", new_y="NEXT")

    def table(self, heads: Sequence[str], rows: Sequence[Row], widths: Sequence[int]) -> None:
        """Write a table whose first column is text and whose others are figures.

        Args:
            heads: of the columns.
            rows: from top to bottom.
            widths: of the columns, in points; together the width of the page.
        """
        self._line(heads, widths, "B", fill=True)
        for row in rows:
            self._line(row.cells, widths, "B" if row.strong else "")

    def bars(self, labels: Sequence[str], series: Sequence[Bars], unit: str) -> None:
        """Draw series side by side over the same labels."""
        pdf = self._pdf
        top = int(pdf.get_y()) + LINE
        ticks = steps(
            min((v for one in series for v in one.values), default=Decimal(0)),
            max((v for one in series for v in one.values), default=Decimal(0)),
        )
        self._legend([one.name for one in series], unit)
        for tick in ticks:
            y = _height(tick, ticks, top)
            pdf.set_draw_color(GRAY if tick == 0 else RULE)
            pdf.line(MARGIN + AXIS, y, WIDTH - MARGIN, y)
            pdf.set_xy(MARGIN, y - 5)
            pdf.cell(AXIS - 6, 10, plain(tick), align="R")
        pitch = (INNER - AXIS) // max(len(labels), 1)
        width = min(pitch * 7 // (10 * len(series)), 30)
        for place, label in enumerate(labels):
            left = MARGIN + AXIS + pitch * place
            for number, one in enumerate(series):
                self._bar(left + (pitch - width * len(series)) // 2 + width * number, width,
                          _height(one.values[place], ticks, top), _height(Decimal(0), ticks, top),
                          number)  # fmt: skip
            pdf.set_xy(left, top + CHART_HEIGHT + 2)
            pdf.cell(pitch, 10, latin(label), align="C")
        pdf.set_xy(MARGIN, top + CHART_HEIGHT + LINE)

    def content(self) -> bytes:
        """Return the bytes of the document."""
        return bytes(self._pdf.output() or b"")

    def _write(self, words: str, size: int, height: int, style: str) -> None:
        self._pdf.set_font(FONT, style, size)
        self._pdf.set_text_color(0)
        self._pdf.cell(INNER, height, latin(words), new_x="LMARGIN", new_y="NEXT")

    def _line(
        self, cells: Sequence[str], widths: Sequence[int], style: str, *, fill: bool = False
    ) -> None:
        pdf = self._pdf
        if pdf.will_page_break(LINE):
            pdf.add_page()
        pdf.set_font(FONT, style, BODY)
        pdf.set_text_color(0)
        pdf.set_draw_color(RULE)
        pdf.set_fill_color(233, 238, 241)
        for place, (words, width) in enumerate(zip(cells, widths, strict=True)):
            align = "R" if place else "L"
            pdf.cell(width, LINE, self._fit(words, width - 6), "B", align=align, fill=fill)
        pdf.ln(LINE)

    def _fit(self, words: str, width: int) -> str:
        """Shorten text that is wider than its column; a figure never is."""
        text = latin(words)
        if self._pdf.get_string_width(text) <= width:
            return text
        while text and self._pdf.get_string_width(f"{text}...") > width:
            text = text[:-1]
        return f"{text}..."

    def _legend(self, names: Sequence[str], unit: str) -> None:
        pdf = self._pdf
        pdf.set_font(FONT, size=SMALL)
        pdf.set_text_color(GRAY)
        x, y = MARGIN + AXIS, int(pdf.get_y())
        for number, name in enumerate(names):
            self._bar(x, 10, y + 2, y + 9, number)
            pdf.set_xy(x + 14, y)
            pdf.cell(86, 11, latin(name))
            x += 100
        pdf.set_xy(MARGIN, y)
        pdf.cell(AXIS - 6, 11, unit, align="R")

    def _bar(self, left: int, width: int, top: int, bottom: int, number: int) -> None:
        if top == bottom:
            return
        pdf = self._pdf
        pdf.set_draw_color(90 if number == 1 else 255)
        pdf.set_fill_color(*INKS[number % len(INKS)])
        pdf.rect(left, min(top, bottom), width, abs(bottom - top), style="DF")


def _height(value: Decimal, ticks: Sequence[Decimal], top: int) -> int:
    low, high = ticks[0], ticks[-1]
    return top + int((high - value) * CHART_HEIGHT / (high - low))
