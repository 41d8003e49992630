"""What translator tests share: a way from X12 text to a transaction, and from a charge back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Protocol
from uuid import UUID

import pytest

from services.edi_gateway.partners import PartnerBook, load_partners
from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions import OUTBOUND, Outgoing, Reading, read_document
from services.edi_gateway.x12 import (
    Delimiters,
    Guide,
    OutboundEnvelope,
    OutboundGroup,
    OutboundSegment,
    OutboundTransaction,
    Party,
    Transaction,
    load_guide,
    read_transaction,
    scan,
    validate,
    write_interchange,
)

TRANSACTION_ID = UUID("00000000-0000-4000-8000-000000000001")


class Read(Protocol):
    """Reads the text of one ST-SE."""

    def __call__(self, text: str, partner: TradingPartner = ...) -> Reading: ...


Accept = Callable[[str], Transaction]
SendAndReceive = Callable[[str, Sequence[OutboundSegment], Outgoing], Transaction]


@pytest.fixture(scope="session")
def book() -> PartnerBook:
    return load_partners()


@pytest.fixture(scope="session")
def pge(book: PartnerBook) -> TradingPartner:
    return book.partner("pge")


@pytest.fixture(scope="session")
def guide() -> Guide:
    return load_guide("uig_004010")


@pytest.fixture(scope="session")
def accept(guide: Guide) -> Accept:
    """Read the text of one ST-SE, one segment a line; the SE is added."""

    def accepted(text: str) -> Transaction:
        lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
        lines.append(f"SE*{len(lines) + 1}*{lines[0].split('*')[2]}")
        transaction, findings = validate(guide, lines, Delimiters())
        assert transaction is not None, findings
        return transaction

    return accepted


@pytest.fixture(scope="session")
def read(accept: Accept, pge: TradingPartner) -> Read:
    """Read the text of one ST-SE as sent by a utility, by default PG&E."""

    def reading(text: str, partner: TradingPartner = pge) -> Reading:
        return read_document(accept(text), partner, transaction_id=TRANSACTION_ID)

    return reading


@pytest.fixture(scope="session")
def outgoing(pge: TradingPartner, book: PartnerBook) -> Outgoing:
    return Outgoing(
        partner=pge, cca=book.cca("mce"), document_number="R0000001", on=date(2026, 6, 2)
    )


@pytest.fixture(scope="session")
def send_and_receive(guide: Guide) -> SendAndReceive:
    """Write one document into an interchange and read its bytes as the utility would."""

    def received(
        set_id: str, segments: Sequence[OutboundSegment], outgoing: Outgoing
    ) -> Transaction:
        profile = outgoing.profile
        envelope = OutboundEnvelope(
            sender=Party("ZZ", "CCAEXCHANGE"),
            receiver=Party("01", profile.duns),
            control_number=1,
            at=datetime(2026, 6, 2, 12, 0, tzinfo=UTC),
            usage_indicator="T",
            delimiters=Delimiters(*profile.outbound.delimiters),
        )
        body = OutboundTransaction(set_id, "0001", tuple(segments))
        group = OutboundGroup(
            OUTBOUND[set_id].functional_id, "CCAEXCHANGE", profile.duns, 1, (body,)
        )
        data = write_interchange(envelope, [group])
        interchange = scan(data).interchanges[0]
        slot = interchange.groups[0].transactions[0]
        window = data[slot.start : slot.end]
        result = read_transaction(window, interchange.delimiters, slot, guide)
        assert result.findings == ()
        assert result.transaction is not None
        return result.transaction

    return received
