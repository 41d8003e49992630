"""The read side that translators use: questions that always have an answer."""

from __future__ import annotations

import pickle

import pytest

from services.edi_gateway.x12 import Transaction
from tests.unit.edi_gateway.x12.documents import FIXTURES, read_one


@pytest.fixture
def usage() -> Transaction:
    read = read_one((FIXTURES / "867_final_with_demand.edi").read_bytes())
    assert read.transaction is not None
    return read.transaction


class TestAsking:
    def test_header_segments_by_qualifier(self, usage: Transaction) -> None:
        assert usage.value("REF", 2, "12") == "1234567890"
        assert usage.first("REF", "Q5").element(3) == "9876543210"

    def test_loops_by_their_opening_segment(self, usage: Transaction) -> None:
        assert usage.loop("N1", "8R").header.element(2) == "JANE DOE"
        assert [q.header.element(2) for q in usage.loop("PTD", "PM").loops("QTY")] == [
            "12000.5",
            "48.25",
        ]

    def test_components(self, usage: Transaction) -> None:
        quantity = usage.loop("PTD").loop("QTY").header

        assert quantity.element(3, 1) == "KH"
        assert quantity.element(3, 2) == ""

    def test_what_was_not_sent_is_empty_not_an_error(self, usage: Transaction) -> None:
        assert usage.loop("PTD", "ZZ").loop("QTY").first("MEA").element(7, 2) == ""
        assert not usage.first("CUR")
        assert not usage.loop("LIN")
        assert usage.first("BPT").element(99) == ""
        assert usage.first("BPT").element(0) == ""

    def test_walking_keeps_the_order_as_sent(self, usage: Transaction) -> None:
        assert [s.position for s in usage.root.walk()] == list(range(1, len(usage.segments) + 1))

    def test_crosses_process_boundaries(self, usage: Transaction) -> None:
        assert pickle.loads(pickle.dumps(usage)) == usage  # noqa: S301 - our own bytes
