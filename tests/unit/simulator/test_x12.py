"""Whether the simulator's reader reads what its writer writes, and refuses broken envelopes."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest

from simulator.x12 import (
    STYLES,
    Envelope,
    Segment,
    UnreadableFileError,
    read_interchanges,
    write_interchange,
)

ENVELOPE = Envelope("01", "006912877", "ZZ", "CCAEXCHANGE", 42, date(2026, 7, 6), "T")
BODY: tuple[Segment, ...] = (("BPT", "00", "ID1", "20260706", "DD"), ("REF", "Q5", "", "8001"))


def written(style: str, transactions: list[tuple[Segment, ...]], control: int = 42) -> bytes:
    stream = BytesIO()
    envelope = Envelope("01", "006912877", "ZZ", "CCAEXCHANGE", control, date(2026, 7, 6), "T")
    write_interchange(stream, envelope, STYLES[style], "867", transactions)
    return stream.getvalue()


class TestWritingAndReading:
    @pytest.mark.parametrize("style", sorted(STYLES))
    def test_what_was_written_is_read_back(self, style: str) -> None:
        (interchange,) = read_interchanges(written(style, [BODY, BODY]))

        assert (interchange.sender, interchange.receiver) == ("006912877", "CCAEXCHANGE")
        assert (interchange.control, interchange.usage_indicator) == (42, "T")
        (group,) = interchange.groups
        assert (group.functional_id, group.control) == ("PT", 42)
        assert [one.control for one in group.transactions] == ["0001", "0002"]
        assert group.transactions[0].segments == BODY

    def test_the_first_line_has_its_fixed_106_characters(self) -> None:
        data = written("standard", [BODY])

        assert data[:3] == b"ISA"
        assert data[103:106] == b"*>~"

    def test_empty_elements_at_the_end_are_left_out(self) -> None:
        assert b"REF*12*8001~" in written("standard", [(("REF", "12", "8001", "", ""),)])

    def test_a_file_larger_than_one_chunk_keeps_every_transaction(self) -> None:
        (interchange,) = read_interchanges(written("standard", [BODY] * 12_000))

        assert len(interchange.groups[0].transactions) == 12_000

    def test_several_interchanges_in_one_file_are_all_read(self) -> None:
        both = read_interchanges(written("standard", [BODY], 1) + written("sce", [BODY], 2))

        assert [one.control for one in both] == [1, 2]

    def test_a_file_without_line_breaks_is_read(self) -> None:
        data = written("standard", [BODY]).replace(b"\n", b"")

        assert read_interchanges(data)[0].groups[0].transactions[0].segments == BODY


class TestBrokenEnvelope:
    @pytest.mark.parametrize(
        ("was", "becomes"),
        [
            (b"SE*4*0001", b"SE*5*0001"),
            (b"SE*4*0001", b"SE*4*0002"),
            (b"SE*4*0001~\n", b""),
            (b"GE*1*42", b"GE*2*42"),
            (b"GE*1*42", b"GE*1*43"),
            (b"GE*1*42~\n", b""),
            (b"IEA*1*000000042", b"IEA*1*000000043"),
            (b"IEA*1*000000042~\n", b""),
            (b"ISA*00", b"QQQ*00"),
        ],
    )
    def test_is_refused(self, was: bytes, becomes: bytes) -> None:
        data = written("standard", [BODY])
        assert was in data

        with pytest.raises(UnreadableFileError):
            read_interchanges(data.replace(was, becomes))

    def test_an_empty_file_is_refused(self) -> None:
        with pytest.raises(UnreadableFileError):
            read_interchanges(b"")
