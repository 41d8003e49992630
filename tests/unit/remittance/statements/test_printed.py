from __future__ import annotations

import re
import zlib
from datetime import UTC, date, datetime

from services.remittance.journal import EntryKind
from services.remittance.receivables import Scope
from services.remittance.statements.money import Money
from services.remittance.statements.printed import print_statement
from services.remittance.statements.proof import Tie
from services.remittance.statements.report import Closed, Report
from services.remittance.statements.statement import Moved, fold
from services.remittance.statements.taxes import TaxesOf
from shared.contracts.parts import Environment

NOVEMBER = date(2026, 11, 1)
MOVED = [
    Moved(date(2026, 10, 1), EntryKind.CHARGED, 1_000_000_00),
    Moved(NOVEMBER, EntryKind.CHARGED, 12_345_67),
    Moved(NOVEMBER, EntryKind.APPLIED, -999_999_99),
    Moved(NOVEMBER, EntryKind.WRITTEN_OFF, -45_00),
]


def report(*cities: str, closed: Closed | None = None, cca: str = "mce") -> Report:
    made = fold(MOVED, date(2026, 11, 30))
    closing = made[-1].closing_cents
    return Report(
        scope=Scope(cca, "pge", Environment.TEST),
        statement=made[-1],
        history=made,
        money=Money(999_999_99, 999_999_99, 0, 0, 5_00, 999_994_99, 0),
        taxes=tuple(TaxesOf(city, 0, 5_00, 0, 4_00, 4_00) for city in cities),
        ties=(Tie("Closing is the journal's accounts receivable", closing, closing),),
        closed=closed,
    )


def words(content: bytes) -> str:
    """Everything that is written on the pages, in the order of drawing."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL)
    drawn = b"".join(zlib.decompress(each) for each in streams if each[:1] == b"\x78")
    shown = re.findall(rb"\((.*?)(?<!\\)\) Tj", drawn)
    return "\n".join(each.decode("latin-1").replace("\\", "") for each in shown)


class TestAStatementOnPaper:
    def test_says_opening_changes_and_closing(self) -> None:
        said = words(print_statement(report()))

        assert "Monthly statement, November 2026" in said
        assert "Opening, November 1, 2026\n1,000,000.00" in said
        assert "12,345.67" in said
        assert "-999,999.99" in said
        assert "Closing, November 30, 2026\n12,300.68" in said

    def test_is_the_same_to_the_byte_whenever_it_is_drawn(self) -> None:
        closed = Closed("jane", datetime(2026, 12, 2, 17, tzinfo=UTC), 3)

        assert print_statement(report(closed=closed)) == print_statement(report(closed=closed))

    def test_is_a_draft_until_the_month_is_closed(self) -> None:
        closed = Closed("jane", datetime(2026, 12, 2, 17, tzinfo=UTC), 3)

        assert "Draft: the month is open" in words(print_statement(report()))
        assert "Statement 3: closed by jane on December 2, 2026" in words(
            print_statement(report(closed=closed))
        )

    def test_goes_on_over_as_many_pages_as_it_needs(self) -> None:
        cities = [f"CITY {number}" for number in range(80)]

        content = print_statement(report(*cities))

        assert content.count(b"/Type /Page\n") == 3
        assert "City 79" in words(content)
        assert "Together\n0.00\n400.00" in words(content)

    def test_takes_names_that_the_fonts_cannot_write(self) -> None:
        said = words(print_statement(report("LA CAÑADA", "ŁÓDŹ")))

        assert "La Cañada" in said
        assert "?ód?" in said
