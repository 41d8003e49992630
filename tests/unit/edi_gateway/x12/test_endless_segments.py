"""A segment that never ends is refused where it begins, and takes no memory worth the name."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from services.edi_gateway.x12 import has_errors, scan, scan_path
from services.edi_gateway.x12.tokenizer import SEGMENT_BYTES_MAX
from tests.unit.edi_gateway.x12.documents import Signs, read_all, usage_file

GOOD = usage_file()
AT = GOOD.index(b"QTY*QD")
ENDLESS_BYTES = 96 * 1024 * 1024
MEMORY_MAX = 32 * 1024 * 1024


def with_piece(piece: bytes, data: bytes = GOOD) -> bytes:
    return data[:AT] + piece + data[AT:]


class TestLimit:
    def test_a_segment_at_the_limit_is_still_a_segment(self) -> None:
        head = b"\nNTE*"  # the line break before it belongs to its stretch of bytes
        longest = head[1:] + b"9" * (SEGMENT_BYTES_MAX - len(head) - 1) + b"~"
        (found,) = scan(with_piece(longest)).interchanges

        assert [one.code for one in found.findings] == []
        assert found.groups[0].transactions[0].findings[0].code == "4"

    def test_one_byte_more_is_refused_where_it_begins(self) -> None:
        data = with_piece(b"NTE*" + b"9" * SEGMENT_BYTES_MAX + b"~")
        (found,) = scan(data).interchanges

        assert [(one.code, one.byte_offset) for one in found.findings if one.code == "024"] == [
            ("024", AT)
        ]
        assert found.is_refused
        assert found.groups[0].transactions[0].end == AT
        assert all(not read.accepted for read in read_all(data))

    def test_every_byte_behind_it_is_told(self) -> None:
        data = with_piece(b"NTE*" + b"9" * SEGMENT_BYTES_MAX + b"~")
        found = scan(data)

        assert found.stray_bytes == len(data) - AT
        assert has_errors(found.interchanges[0].findings)

    def test_the_next_interchange_is_read_all_the_same(self) -> None:
        data = with_piece(b"NTE*" + b"9" * SEGMENT_BYTES_MAX + b"~") + GOOD
        first, second = scan(data).interchanges

        assert first.is_refused
        assert second.findings == ()
        assert [read.accepted for read in read_all(data)] == [False, True]

    @pytest.mark.parametrize("terminator", ["\x85", "\xc3\x96"], ids=["one byte", "two bytes"])
    def test_any_terminator_has_the_same_limit(self, terminator: str) -> None:
        good = usage_file(signs=Signs(segment=terminator))
        at = good.index(b"QTY*QD")
        data = good[:at] + b"NTE*" + b"9" * SEGMENT_BYTES_MAX + good[at:]
        (found,) = scan(data).interchanges

        assert ("024", at) in [(one.code, one.byte_offset) for one in found.findings]


def _peak() -> int:
    """Return the peak memory of this process in bytes, mapped files with it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [one for one in status.splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def _scan_in_little_memory(path: str) -> tuple[bool, int]:
    """Scan, and return whether it was refused and by how many bytes the peak memory grew."""
    before = _peak()
    found = scan_path(Path(path))
    return found.interchanges[0].is_refused, _peak() - before


class TestMemory:
    def test_it_does_not_grow_with_the_segment(self, tmp_path: Path) -> None:
        path = tmp_path / "endless.edi"
        with path.open("wb") as stream:
            stream.write(GOOD[:AT] + b"NTE*")
            for _ in range(ENDLESS_BYTES // SEGMENT_BYTES_MAX):
                stream.write(b"9" * SEGMENT_BYTES_MAX)

        with multiprocessing.get_context("spawn").Pool(1) as pool:
            refused, grown = pool.apply(_scan_in_little_memory, (str(path),))

        assert refused
        assert grown < MEMORY_MAX
