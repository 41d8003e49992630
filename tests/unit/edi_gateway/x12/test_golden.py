"""The documents of the trade, read and set beside what a person has checked them to mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from services.edi_gateway.x12 import (
    Loop,
    build_997,
    load_guide,
    read_transaction,
    scan,
)
from tests.unit.edi_gateway.x12.documents import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = sorted(FIXTURES.glob("*.edi"))


def as_read(data: bytes) -> dict[str, Any]:
    """Return everything the codec has to say about a one-transaction file, as plain data."""
    found = scan(data).interchanges[0]
    (one,) = found.groups
    (slot,) = one.transactions
    read = read_transaction(data[slot.start : slot.end], found.delimiters, slot, load_guide())
    return {
        "from": found.sender.id,
        "to": found.receiver.id,
        "set": read.set_id,
        "accepted": read.accepted,
        "findings": [
            f"{f.severity} {f.code} at {f.place}, byte {f.byte_offset}: {f.message}"
            for f in read.findings
        ],
        "document": _tree(read.transaction.root) if read.transaction else None,
        "acknowledgment": [
            "*".join(">".join(e) if isinstance(e, tuple) else e for e in segment)
            for segment in build_997(one, [read.verdict])
        ],
    }


def _tree(loop: Loop) -> dict[str, Any]:
    segments = ["*".join(segment.fields) for segment in loop.segments]
    loops = [_tree(child) for child in loop.children]
    return {"loop": loop.id, "segments": segments, **({"loops": loops} if loops else {})}


class TestGoldenDocuments:
    @pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
    def test_reads_as_recorded(self, path: Path) -> None:
        expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))

        assert as_read(path.read_bytes()) == expected

    def test_every_set_of_the_guide_has_a_document(self) -> None:
        assert {path.stem[:3] for path in DOCUMENTS} == set(load_guide().sets)
