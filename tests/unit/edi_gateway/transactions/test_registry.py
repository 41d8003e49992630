"""The registry: every set is reachable, results travel between processes, messages are bounded."""

from __future__ import annotations

import pickle
from uuid import UUID

import pytest

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions import (
    INBOUND,
    OUTBOUND,
    Outgoing,
    Reading,
    UnknownSetError,
    facts_of,
    read_document,
    write_document,
)
from services.edi_gateway.x12 import Guide, Loop, Transaction
from shared.contracts.usage import UsageReported
from tests.unit.edi_gateway.transactions import (
    test_ts248,
    test_ts814,
    test_ts820,
    test_ts824,
    test_ts997,
)
from tests.unit.edi_gateway.transactions.conftest import Read
from tests.unit.edi_gateway.transactions.test_ts810 import INBOUND as INVOICE
from tests.unit.edi_gateway.transactions.test_ts810 import charge
from tests.unit.edi_gateway.transactions.words867 import HEADER, METER, MONTHLY

FILE_ID = UUID(int=7)
TEXTS = {
    "248": test_ts248.WRITTEN_OFF,
    "810": INVOICE,
    "814": test_ts814.ENROLLMENT,
    "820": test_ts820.head() + test_ts820.PAID,
    "824": test_ts824.REJECTION,
    "867": HEADER + METER + MONTHLY,
    "997": test_ts997.PARTLY,
    "999": test_ts997.PARTLY_999,
}


class TestEverySet:
    def test_the_guide_has_a_map_for_each(self, guide: Guide) -> None:
        spoken = [(each.set_id, each.functional_id) for each in INBOUND.values()]
        spoken += [(each.set_id, each.functional_id) for each in OUTBOUND.values()]
        assert all(set_id in guide.groups[group] for set_id, group in spoken)

    @pytest.mark.parametrize("set_id", sorted(INBOUND))
    def test_its_reading_travels_between_processes(self, read: Read, set_id: str) -> None:
        reading: Reading = read(TEXTS[set_id])
        assert reading.usable
        assert pickle.loads(pickle.dumps(reading)) == reading  # noqa: S301  our own bytes

    @pytest.mark.parametrize("set_id", sorted(INBOUND))
    def test_a_document_with_nothing_in_it_raises_nothing(
        self, pge: TradingPartner, set_id: str
    ) -> None:
        empty = Transaction(set_id, "0001", (), Loop("ST", [], []))
        reading = read_document(empty, pge, transaction_id=UUID(int=1))
        assert reading.facts == ()
        assert reading.reasons


class TestUnknownSets:
    def test_a_set_without_a_translator_is_a_fault(self, pge: TradingPartner) -> None:
        unknown = Transaction("850", "0001", (), Loop("ST", [], []))
        with pytest.raises(UnknownSetError, match="850"):
            read_document(unknown, pge, transaction_id=UUID(int=1))

    def test_a_charge_is_no_814(self, outgoing: Outgoing) -> None:
        with pytest.raises(UnknownSetError, match="Charge"):
            write_document("814", charge(), outgoing)


class TestMessages:
    def test_each_kind_of_fact_has_its_own_message(self, read: Read) -> None:
        readings = [read(text) for text in TEXTS.values()]
        assert sorted(body.type for body in facts_of(readings, FILE_ID)) == [
            "AdviceReported",
            "EnrollmentReported",
            "InvoiceReported",
            "RemittanceReported",
            "UsageReported",
            "WriteOffsReported",
        ]

    def test_a_message_carries_at_most_five_hundred_items(self, read: Read) -> None:
        bodies = list(facts_of([read(TEXTS["867"])] * 501, FILE_ID))
        assert all(isinstance(body, UsageReported) for body in bodies)
        assert [len(body.items) for body in bodies if isinstance(body, UsageReported)] == [500, 1]

    def test_an_exception_is_in_no_message(self, read: Read) -> None:
        wrong = read(TEXTS["867"].replace("968500001", "968500009"))
        assert list(facts_of([wrong], FILE_ID)) == []
