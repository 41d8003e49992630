"""The quick sweep finds the envelope segments that the plain tokenizer finds, however it is cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from services.edi_gateway.x12 import scan, scan_path
from services.edi_gateway.x12.delimiters import Delimiters
from services.edi_gateway.x12.segment_index import EnvelopeSegment, WholeSlot, envelope_segments
from services.edi_gateway.x12.tokenizer import clean, segment_offset, segment_offsets
from tests.unit.edi_gateway.x12.documents import USAGE, Signs, usage_file

if TYPE_CHECKING:
    from pathlib import Path

NAME = re.compile(r"(?:IEA|GS|GE|ST|SE|TA1)(?=\*|\Z)|ISA(?=[^A-Za-z0-9\s])")
PIECES = ("ST*867*1", "SE*2*1", "GS*PT", "GE*1*1", "IEA*1*1", "TA1*1", "ISA*", "ISAAC*1", "REF*12",
          "S", "ST", "STX*1", "\n", "\r\n", "  ", "\x00", "\x1a", "", "NARCISA*", "SE\n", " ST*8",
          " " * 40 + "SE*1", "\xe9", "G", "G\nS*", "S\r\nE\n*3", "IS\nA*")  # fmt: skip

SLOTS = ("ST*867*1~REF*1~SE*3*1", "ST*814*0002~SE*2*0002", "ST*867*1~SE*2*1~SE*2*1", "ST*867*1~A~B")


def plainly(text: str, terminator: str) -> list[EnvelopeSegment]:
    """Find the same by cutting at every terminator and looking at each piece."""
    found, passed, position = [], 0, 0
    while position < len(text):
        stop = text.find(terminator, position)
        end = len(text) if stop < 0 else stop + len(terminator)
        piece = text[position : len(text) if stop < 0 else stop]
        begin = position + len(piece) - len(piece.lstrip("\r\n\t \x00\x1a"))
        match = NAME.match(clean(text[begin:end].removesuffix(terminator)))
        if match:
            found.append((passed, match.group().encode(), begin, end))
            passed = 0
        elif clean(piece):
            passed += 1
        position = end
    return [*found, (passed, b"", len(text), len(text))]


class TestSweep:
    @settings(max_examples=600, deadline=None)
    @given(
        st.lists(st.sampled_from(PIECES), max_size=12),
        st.sampled_from(["~", "~\n", "\n", "\r", "\xe2\x80\xa6"]),
        st.integers(1, 60),
        st.booleans(),
        st.sampled_from([0, 4_096]),
    )
    def test_finds_what_the_plain_walk_finds(
        self, pieces: list[str], ending: str, chunk_bytes: int, ended: bool, walked: int
    ) -> None:
        terminator = ending.rstrip("\n") or "\n"
        text = ending.join(pieces) + (ending if ended else "")
        signs = Delimiters(segment=terminator)

        data = text.encode("latin-1")
        found = list(envelope_segments(data, 0, signs, chunk_bytes, walked_bytes=walked))

        assert found == plainly(text, terminator)


def taken_apart(found: list[EnvelopeSegment], data: bytes, ending: int) -> list[EnvelopeSegment]:
    """Replace each whole transaction by its ST and its SE."""
    apart: list[EnvelopeSegment] = []
    for passed, name, begin, end in found:
        if isinstance(name, WholeSlot):
            closing = data.rindex(b"SE*", begin, end)
            opened = begin + len(f"ST*{name.set_id}*{name.control_number}") + ending
            apart.append((passed, b"ST", begin, opened))
            apart.append((name.segments - 2, b"SE", closing, end))
            assert data[begin:opened].split(b"*")[2][:-ending].decode() == name.control_number
        else:
            apart.append((passed, name, begin, end))
    return apart


class TestWholeTransactions:
    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(st.sampled_from((*PIECES, *SLOTS, *SLOTS)), max_size=14),
        st.sampled_from(["~", "~\n", "\n", "\r"]),
        st.integers(1, 90),
        st.booleans(),
        st.sampled_from([0, 4_096]),
    )
    def test_stand_for_their_segments(
        self, pieces: list[str], ending: str, chunk_bytes: int, ended: bool, walked: int
    ) -> None:
        terminator = ending.rstrip("\n") or "\n"
        text = ending.join(piece.replace("~", ending) for piece in pieces)
        data = (text + (ending if ended else "")).encode("latin-1")
        signs = Delimiters(segment=terminator)

        found = list(
            envelope_segments(data, 0, signs, chunk_bytes, whole_slots=True, walked_bytes=walked)
        )

        assert taken_apart(found, data, 1) == plainly(data.decode("latin-1"), terminator)

    def test_a_repeated_number_is_told_however_it_comes(self) -> None:
        data = usage_file(USAGE, USAGE).replace(b"0002~", b"0001~")

        (group,) = scan(data).interchanges[0].groups

        assert [[f.code for f in slot.findings] for slot in group.transactions] == [[], ["23"]]


class TestOffsetOfOneSegment:
    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.sampled_from(["A", "B*", "\n", "\r", " ", "\x00", "~", "~", "~\n"]), max_size=14
        ),
        st.sampled_from(["~", "\n", "\r", "~\n"]),
        st.integers(1, 8),
    )
    def test_is_that_of_all_offsets(self, pieces: list[str], terminator: str, number: int) -> None:
        data = "".join(pieces).encode("latin-1")
        signs = Delimiters(segment=terminator)
        offsets = segment_offsets(data, signs)

        expected = offsets[min(number, len(offsets)) - 1] if offsets else 0

        assert segment_offset(data, signs, number) == expected


class TestMappedFile:
    def test_gives_the_same_scan_as_its_bytes(self, tmp_path: Path) -> None:
        path = tmp_path / "usage.edi"
        for data in (
            usage_file(*[USAGE] * 50),
            usage_file(USAGE, signs=Signs("\x1c", ":", "\n", "")),
            b"\xef\xbb\xbf" + usage_file() + b"\x1a",
            usage_file()[:-40],
            b"no X12",
            b"",
        ):
            path.write_bytes(data)

            assert scan_path(path) == scan(data)
