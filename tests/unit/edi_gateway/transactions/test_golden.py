"""Whole files as utilities send them, beside what they must be understood as.

`tests/fixtures/transactions/<utility>_<set>_<case>.edi` holds an interchange, the `.json` of the
same name the readings of its transactions in order.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.edi_gateway.partners import PartnerBook
from services.edi_gateway.transactions import INBOUND, Payment, Reading, read_document
from services.edi_gateway.x12 import Guide, read_transaction, scan
from shared.contracts.remittance import RemittanceLine
from tests.unit.edi_gateway.transactions.conftest import TRANSACTION_ID

FOLDER = Path(__file__).parents[3] / "fixtures" / "transactions"
READING = TypeAdapter(Reading)
LINES = TypeAdapter(tuple[RemittanceLine, ...])


def readings(path: Path, book: PartnerBook, guide: Guide) -> list[Reading]:
    """Read every transaction of a file as the gateway does."""
    data = path.read_bytes()
    partner = book.partner(path.name.split("_")[0])
    results = []
    for interchange in scan(data).interchanges:
        for slot in (slot for group in interchange.groups for slot in group.transactions):
            window = data[slot.start : slot.end]
            read = read_transaction(window, interchange.delimiters, slot, guide)
            assert read.transaction is not None, read.findings
            results.append(read_document(read.transaction, partner, transaction_id=TRANSACTION_ID))
    return results


def words_of(reading: Reading) -> dict[str, Any]:
    """Tell a reading in JSON; the lines of a payment one by one, which it holds written."""
    words: dict[str, Any] = READING.dump_python(reading, mode="json")
    for fact, told in zip(reading.facts, words["facts"], strict=True):
        if isinstance(fact, Payment):
            assert told.pop("line_count") == len(fact.lines)
            assert len(told.pop("parts")) == 1
            told["lines"] = LINES.dump_python(fact.lines, mode="json")
    return words


class TestGoldenFiles:
    @pytest.mark.parametrize("path", sorted(FOLDER.glob("*.edi")), ids=lambda path: path.stem)
    def test_it_is_understood_as_written_beside_it(
        self, path: Path, book: PartnerBook, guide: Guide
    ) -> None:
        understood = [words_of(reading) for reading in readings(path, book, guide)]
        assert understood == json.loads(path.with_suffix(".json").read_text())

    def test_there_is_one_for_every_set(self) -> None:
        sets = {path.stem.split("_")[1] for path in FOLDER.glob("*.edi")}
        assert sets == set(INBOUND)
