"""Charts that are read by eye, by screen reader and as a table."""

from __future__ import annotations

import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from shared.platform.web.charts import Chart, Series, figure, steps, svg

MONTHS = ("2026-01", "2026-02", "2026-03")
USAGE = Chart(
    name="usage",
    title="Usage by month",
    labels=MONTHS,
    series=(
        Series("delivered", (Decimal("512.5"), None, 0), marked=frozenset({0})),
        Series("received", (-20, 10, 5), kind="line"),
    ),
    unit="kWh",
    marked_as="estimated",
)
NS = "{http://www.w3.org/2000/svg}"


def drawn(chart: Chart) -> ET.Element:
    text = str(svg(chart)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ET.fromstring(text)  # noqa: S314  our own picture


class TestPicture:
    def test_it_is_well_formed_and_named_for_a_screen_reader(self) -> None:
        picture = drawn(USAGE)

        assert picture.get("role") == "img"
        assert picture.get("aria-labelledby") == "usage-title usage-desc"
        assert picture.findtext(f"{NS}title") == "Usage by month"
        assert "highest 512.5 kWh at 2026-01" in (picture.findtext(f"{NS}desc") or "")

    def test_gaps_and_zeros_draw_no_bar_and_a_marked_one_looks_different(self) -> None:
        bars = drawn(USAGE).findall(f"{NS}rect")

        assert [bar.get("class") for bar in bars] == ["s1 marked"]

    def test_nothing_leaves_the_picture(self) -> None:
        chart = Chart("x", "X", ("a", "b"), (Series("n", (-7, Decimal("9.99"))),), "kW")
        for bar in drawn(chart).findall(f"{NS}rect"):
            top, height = Decimal(bar.get("y", "")), Decimal(bar.get("height", ""))
            assert 0 <= top <= top + height <= 260

    def test_stacked_bars_stand_on_each_other(self) -> None:
        series = (Series("a", (10,)), Series("b", (5,)))
        first, second = drawn(Chart("x", "X", ("1",), series, "$", stacked=True)).findall(
            f"{NS}rect"
        )

        top = Decimal(second.get("y", "")) + Decimal(second.get("height", ""))
        assert abs(top - Decimal(first.get("y", ""))) <= Decimal("0.1")

    def test_a_line_breaks_where_there_is_no_number(self) -> None:
        line = Series("n", (1, 2, None, 3), kind="line")
        path = drawn(Chart("x", "X", tuple("abcd"), (line,), "kW")).find(f"{NS}path")

        assert path is not None
        assert re.sub(r"[\d. ]", "", path.get("d", "")) == "MLM"

    def test_there_is_no_inline_style_for_the_security_policy_to_refuse(self) -> None:
        assert "style=" not in figure(USAGE)

    def test_many_labels_are_thinned_until_they_fit(self) -> None:
        days = tuple(f"{n:02}" for n in range(96))
        labels = drawn(Chart("x", "X", days, (Series("n", (1,) * 96),), "kWh"))

        written = [one for one in labels.iter(f"{NS}text") if one.get("class") == "label"]
        assert len(written) <= 13

    def test_a_chart_of_nothing_can_be_drawn(self) -> None:
        assert "No numbers" in svg(Chart("x", "X", (), (Series("n", ()),), "kWh"))


class TestTable:
    def test_the_numbers_stand_beneath_with_their_marks(self) -> None:
        assert "512.5 (estimated)" in figure(USAGE)
        assert '<td class="number">—</td>' in figure(USAGE)

    def test_partners_words_cannot_become_markup(self) -> None:
        chart = Chart("x", "<b>", ("<i>",), (Series("<u>", (1,)),), "<s>")

        assert not re.search(r"<[bius]>", figure(chart))


class TestSteps:
    @pytest.mark.parametrize(
        ("lowest", "highest", "expected"),
        [
            ("0", "0", ["0", "0.5", "1"]),
            ("3", "97", ["0", "50", "100"]),
            ("-20", "512.5", ["-200", "0", "200", "400", "600"]),
            ("0", "0.004", ["0", "0.001", "0.002", "0.003", "0.004"]),
        ],
    )
    def test_they_are_round_and_enclose_the_range(
        self, lowest: str, highest: str, expected: list[str]
    ) -> None:
        found = steps(Decimal(lowest), Decimal(highest))

        assert found[0] <= Decimal(lowest) <= Decimal(highest) <= found[-1]
        assert [f"{one.normalize():f}" for one in found] == expected
