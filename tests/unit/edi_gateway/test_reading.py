from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from services.edi_gateway.reading import (
    ReadJob,
    ReadSlot,
    content_sha256,
    range_sha256,
    read_slots,
    scan_file,
    transaction_id_of,
)
from tests.journeys import papers
from tests.journeys.papers import ADA, BRUNO

FILE_ID = UUID(int=5)


def read(path: Path, data: bytes, chosen: slice | None = None) -> list[ReadSlot]:
    path.write_bytes(data)
    interchange = scan_file(str(path), "pge").interchanges[0]
    group = interchange.groups[0]
    slots = tuple(group.transactions[chosen or slice(None)])
    return list(
        read_slots(
            ReadJob(
                path=str(path),
                file_id=FILE_ID,
                utility="pge",
                version=group.version,
                interchange=interchange,
                slots=slots,
                positions=tuple(slot.index for slot in slots),
            )
        )
    )


class TestTransactionId:
    def test_the_same_place_of_the_same_file_is_always_the_same_transaction(self) -> None:
        assert transaction_id_of(FILE_ID, 1) == transaction_id_of(FILE_ID, 1)

    def test_other_places_and_files_are_other_transactions(self) -> None:
        ids = {transaction_id_of(UUID(int=f), p) for f in range(3) for p in range(3)}
        assert len(ids) == 9


class TestContentHash:
    def test_control_numbers_and_counts_do_not_count(self) -> None:
        one = b"ST*867*0001~BPT*00*U1~SE*3*0001~"
        other = b"ST*867*0099~BPT*00*U1~SE*7*0099~"

        assert content_sha256(one, "~") == content_sha256(other, "~")

    def test_line_breaks_do_not_count(self) -> None:
        one = b"ST*867*0001~BPT*00*U1~SE*3*0001~"
        other = b"ST*867*0001~\r\nBPT*00*U1~\r\nSE*3*0001~\r\n"

        assert content_sha256(one, "~") == content_sha256(other, "~")

    def test_one_digit_counts(self) -> None:
        one = b"ST*867*0001~BPT*00*U1~SE*3*0001~"
        other = b"ST*867*0001~BPT*00*U2~SE*3*0001~"

        assert content_sha256(one, "~") != content_sha256(other, "~")

    def test_a_range_of_a_file_is_hashed_as_its_bytes_are(self, tmp_path: Path) -> None:
        path = tmp_path / "f.edi"
        path.write_bytes(b"abcdef")

        assert range_sha256(str(path), 1, 4) == range_sha256(str(path), 1, 4)
        assert range_sha256(str(path), 1, 4) != range_sha256(str(path), 0, 4)


class TestReadSlots:
    def test_each_transaction_is_read_from_its_own_bytes(self, tmp_path: Path) -> None:
        bodies = [papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2")]
        first, second = read(tmp_path / "f.edi", papers.file_of("pge", "867", 1, bodies))

        keys = [one.reading.business_key for one in (first, second) if one.reading]
        assert keys == ["USE1", "USE2"]
        assert first.accepted
        assert second.accepted

    def test_a_batch_from_the_middle_reads_the_same_as_the_whole(self, tmp_path: Path) -> None:
        bodies = [papers.usage(ADA, f"USE{number}") for number in range(5)]
        data = papers.file_of("pge", "867", 1, bodies)

        whole = read(tmp_path / "f.edi", data)
        middle = read(tmp_path / "f.edi", data, slice(2, 4))

        assert middle == whole[2:4]

    def test_a_bad_transaction_has_findings_and_no_reading(self, tmp_path: Path) -> None:
        bad = tuple(
            ("QTY", "QD", "12X4", "KH") if segment[0] == "QTY" else segment
            for segment in papers.usage(ADA, "USE1")
        )
        data = papers.file_of("pge", "867", 1, [bad, papers.usage(BRUNO, "USE2")])

        first, second = read(tmp_path / "f.edi", data)

        assert not first.accepted
        assert first.reading is None
        assert any(found.is_error for found in first.findings)
        assert second.accepted

    @pytest.mark.parametrize("line_break", [b"", b"\n", b"\r\n"])
    def test_the_same_words_have_the_same_hash_however_they_are_broken(
        self, tmp_path: Path, line_break: bytes
    ) -> None:
        data = papers.file_of("pge", "867", 1, [papers.usage(ADA, "USE1")])
        (plain,) = read(tmp_path / "f.edi", data)

        (broken,) = read(tmp_path / "f.edi", data.replace(b"~\n", b"~" + line_break))

        assert broken.content_sha256 == plain.content_sha256
