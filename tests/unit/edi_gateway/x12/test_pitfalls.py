"""What real senders do to X12 files, one file a pitfall, beside what must be read out of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.edi_gateway.x12 import (
    Finding,
    Interchange,
    TransactionSlot,
    check_group,
    edition_for,
    is_complete,
    load_guide,
    read_transaction,
    scan,
    tokenize,
)

FOLDER = Path(__file__).parents[3] / "fixtures" / "x12" / "pitfalls"
PITFALLS = sorted(FOLDER.glob("*.edi"))
INCOMPLETE = {"ebcdic"}


def as_read(data: bytes) -> dict[str, Any]:
    """Return what the codec says of a whole file, as plain data."""
    found, guide = scan(data), load_guide()
    return {
        "refusal": found.refusal.message if found.refusal else None,
        "told": _said(found.findings),
        "segments": found.segment_count,
        "interchanges": [
            {
                "number": one.control_number,
                "version": one.version,
                "signs": [ascii(sign)[1:-1] for sign in one.delimiters.active],
                "told": _said(one.findings),
                "receipts": [list(segment.fields) for segment in one.acknowledgments],
                "groups": [
                    {
                        "kind": group.functional_id,
                        "version": group.version,
                        "told": _said(check_group(group, guide)),
                        "sets": [
                            _set(data[slot.start : slot.end], one, slot, group.version)
                            for slot in group.transactions
                        ],
                    }
                    for group in one.groups
                ],
            }
            for one in found.interchanges
        ],
    }


def _set(data: bytes, one: Interchange, slot: TransactionSlot, version: str) -> dict[str, Any]:
    guide = edition_for(load_guide(), slot.functional_id, version)
    read = read_transaction(data, one.delimiters, slot, guide)
    document = read.transaction
    segments = [list(segment.fields) for segment in document.segments] if document else []
    return {"set": read.set_id, "told": _said(read.findings), "segments": segments}


def _said(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{f.severity} {f.code} at {f.place}: {f.message}" for f in findings]


@pytest.mark.parametrize("path", PITFALLS, ids=lambda path: path.stem)
class TestPitfalls:
    def test_is_read_as_recorded(self, path: Path) -> None:
        expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))

        assert as_read(path.read_bytes()) == expected

    def test_no_segment_is_lost(self, path: Path) -> None:
        data = path.read_bytes()
        found = scan(data)

        if found.refusal is None:
            assert found.segment_count == sum(not raw.stray for raw in tokenize(data))

    def test_an_upload_of_it_is_seen_to_end(self, path: Path) -> None:
        assert is_complete(path.read_bytes()) is (path.stem not in INCOMPLETE)
