"""A transaction beside its meaning."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from services.edi_gateway.explaining import (
    ExplainedElement,
    ExplainedTransaction,
    Stretch,
    explain_transaction,
    read_day,
    read_period,
    read_time,
    read_usd,
    visible,
)
from services.edi_gateway.x12 import load_guide, parse_decimal, parse_n2, read_transaction, scan

FIXTURES = Path(__file__).parents[2] / "fixtures" / "x12"
REFUSED = FIXTURES / "uig_004010" / "867_refused_bad_date.edi"


def explained(data: bytes, stretch: Stretch | None = None) -> ExplainedTransaction:
    """Read and explain the only transaction of a file."""
    interchange = scan(data).interchanges[0]
    slot = interchange.groups[0].transactions[0]
    piece = data[slot.start : slot.end]
    read = read_transaction(piece, interchange.delimiters, slot, load_guide())
    return explain_transaction(
        piece,
        interchange.delimiters,
        load_guide(),
        read.findings,
        offset=slot.start,
        stretch=stretch or Stretch(),
    )


def element(transaction: ExplainedTransaction, place: str) -> ExplainedElement:
    found = (e for segment in transaction.segments for e in segment.elements if e.place == place)
    return next(found)


class TestSegments:
    @pytest.mark.parametrize(
        "path", sorted((FIXTURES / "uig_004010").glob("*.edi")), ids=lambda path: path.stem
    )
    def test_each_is_exactly_the_bytes_it_names(self, path: Path) -> None:
        data = path.read_bytes()
        said = explained(data)

        assert said.segment_count == len(said.segments)
        for segment in said.segments:
            sent = data[segment.start : segment.end].decode("latin-1")
            assert segment.text == visible(sent.strip("\r\n"))
            assert sent.startswith(segment.id)
        assert {e.name for s in said.segments if s.known for e in s.elements} >= {
            "Transaction Set Identifier Code"
        }
        assert all(e.name for s in said.segments if s.known for e in s.elements)

    def test_one_without_a_place_in_the_map_is_shown_and_said_so(self) -> None:
        said = explained(REFUSED.read_bytes())

        stray = next(segment for segment in said.segments if segment.id == "ZZZ")
        assert not stray.known
        assert [e.value for e in stray.elements] == ["1"]
        assert "unknown to this guide" in stray.findings[0].message
        assert said.segments[-1].known

    def test_a_set_without_a_map_is_still_cut_into_its_segments(self) -> None:
        data = REFUSED.read_bytes().replace(b"ST*867", b"ST*850")
        said = explained(data)

        assert said.segment_count == 15
        assert not any(segment.known for segment in said.segments)
        assert [found.code for found in said.segments[0].elements[0].findings] == ["1"]


class TestFindings:
    def test_every_finding_stands_at_one_place(self) -> None:
        said = explained(REFUSED.read_bytes())

        placed = [
            (found.place, e.place)
            for segment in said.segments
            for e in segment.elements
            for found in e.findings
        ]
        assert placed == [
            ("867[1]/BPT03", "BPT03"),
            ("867[1]/PTD[1]/REF02", "REF02"),
            ("867[1]/PTD[1]/QTY[1]/QTY02", "QTY02"),
        ]
        assert said.elsewhere == ()

    def test_what_is_missing_is_shown_empty_in_its_place(self) -> None:
        said = explained(REFUSED.read_bytes())

        missing = element(said, "REF02")
        assert element(said, "REF02").name
        meter = next(s for s in said.segments if s.text.startswith("REF*MG"))
        missing = meter.elements[1]
        assert (missing.value, missing.meaning, len(missing.findings)) == ("", "", 1)

    def test_a_missing_segment_is_told_before_the_one_that_came_instead(self) -> None:
        data = REFUSED.read_bytes().replace(b"BPT*00*U2026110100000005*20261301*DD~\n", b"")
        said = explained(data)

        assert "Required BPT" in said.segments[1].findings[0].message

    def test_a_components_finding_stands_at_the_component(self) -> None:
        data = REFUSED.read_bytes().replace(b"QTY*QD*4O2*KH~", b"QTY*QD*402*KHKHKH~")
        said = explained(data)

        assert element(said, "QTY03-01").findings

    def test_a_wrong_count_stands_at_the_trailer(self) -> None:
        data = REFUSED.read_bytes().replace(b"SE*15*", b"SE*99*")
        said = explained(data)

        assert [found.code for found in said.segments[-1].elements[0].findings] == ["4"]

    def test_findings_of_other_stretches_are_told_apart(self) -> None:
        said = explained(REFUSED.read_bytes(), Stretch(first=13, limit=2))

        assert [segment.position for segment in said.segments] == [13, 14]
        assert [found.segment_position for found in said.elsewhere] == [2, 12]
        assert said.next == 15
        assert explained(REFUSED.read_bytes(), Stretch(first=15, limit=5)).next is None


class TestValues:
    @pytest.mark.parametrize(
        ("text", "parse", "shown"),
        [
            ("9588", parse_n2, "$95.88"),
            ("-2645", parse_n2, "-$26.45"),
            ("123456789", parse_n2, "$1,234,567.89"),
            ("0", parse_n2, "$0.00"),
            ("1.23", parse_decimal, "$1.23"),
            ("100", parse_decimal, "$100.00"),
            (".1234", parse_decimal, "$0.1234"),
            ("12.5", parse_n2, ""),
            ("1e5", parse_decimal, ""),
        ],
    )
    def test_amounts_are_dollars(
        self, text: str, parse: Callable[[str], Decimal], shown: str
    ) -> None:
        assert read_usd(text, parse) == shown

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("20261105", "Nov 5, 2026"),
            ("261105", "Nov 5, 2026"),
            ("981105", "Nov 5, 1998"),
            ("20261301", ""),
            ("2026", ""),
        ],
    )
    def test_days_have_names(self, text: str, shown: str) -> None:
        assert read_day(text) == shown

    @pytest.mark.parametrize(
        ("text", "shown"), [("1405", "14:05"), ("140530", "14:05:30"), ("14", ""), ("14:5", "")]
    )
    def test_times_have_colons(self, text: str, shown: str) -> None:
        assert read_time(text) == shown

    @pytest.mark.parametrize(
        ("text", "form", "shown"),
        [
            ("202610010015", "DT", "Oct 1, 2026 00:15"),
            ("20261001-20261031", "RD8", "Oct 1, 2026 to Oct 31, 2026"),
            ("0015", "TM", "00:15"),
            ("2026100", "D8", ""),
        ],
    )
    def test_periods_follow_their_qualifier(self, text: str, form: str, shown: str) -> None:
        assert read_period(text, form) == shown

    def test_nothing_that_a_terminal_obeys_comes_through(self) -> None:
        assert visible("a\x1b[2Jb\x9bc\x7fd\x1c") == "a␛[2Jb�c␡d␜"
