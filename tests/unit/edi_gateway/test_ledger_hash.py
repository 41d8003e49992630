from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.edi_gateway.operations.ledger import entry_hash

ENTRY: dict[str, Any] = {
    "file_id": UUID(int=1),
    "sequence": 1,
    "at": datetime(2026, 7, 6, 12, 0, tzinfo=UTC),
    "transaction_id": UUID(int=2),
    "kind": "FileReceived",
    "actor": "system",
    "message": "one.edi received",
    "data": '{"size":1}',
}

OTHERS = {
    "file_id": UUID(int=9),
    "sequence": 2,
    "at": ENTRY["at"] + timedelta(microseconds=1),
    "transaction_id": None,
    "kind": "FileRead",
    "actor": "jane",
    "message": "one.edi received.",
    "data": '{"size":2}',
}


class TestEntryHash:
    def test_it_is_the_same_on_every_machine_and_day(self) -> None:
        assert entry_hash("", **ENTRY) == entry_hash("", **ENTRY)
        assert len(entry_hash("", **ENTRY)) == 64

    @pytest.mark.parametrize("name", OTHERS)
    def test_every_field_counts(self, name: str) -> None:
        assert entry_hash("", **(ENTRY | {name: OTHERS[name]})) != entry_hash("", **ENTRY)

    def test_the_entry_before_it_counts(self) -> None:
        assert entry_hash("00", **ENTRY) != entry_hash("", **ENTRY)

    @given(st.text("ab|", max_size=4), st.text("ab|", max_size=4))
    def test_words_cannot_be_moved_from_one_field_to_the_next(self, kind: str, actor: str) -> None:
        one = entry_hash("", **(ENTRY | {"kind": kind, "actor": actor}))
        moved = entry_hash("", **(ENTRY | {"kind": kind + actor, "actor": ""}))

        assert (one == moved) == (actor == "")
