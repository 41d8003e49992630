"""The same billing day told in any order, with repeats, ends in the same rows."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from services.remittance.audit import audit
from services.remittance.service import RemittanceService, build
from shared.contracts.documents import AcknowledgmentVerdict, AdviceVerdict
from shared.contracts.envelope import Body
from shared.contracts.remittance import RemittanceLineKind
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from tests.integration.remittance.office import (
    NOON,
    acknowledged,
    advised,
    envelope,
    payment,
    pays,
    resent,
    sent,
)

DAY: Sequence[Body] = (
    sent("I1", "100.00", usage="U1"),
    sent("I2", "80.00", account="A2", usage="U2"),
    sent("I3", "60.00", account="A3", usage="U3", taxes={"MARINA": "4.70", "": "0.12"}),
    sent("I4", "-25.00", account="A4", usage="U4"),
    sent("C3", "60.00", account="A3", cancels="I3"),
    sent("I5", "66.00", account="A3", usage="U5", taxes={"MARINA": "5.17", "": "0.13"}),
    acknowledged("I1", AcknowledgmentVerdict.ACCEPTED),
    advised("I2", AdviceVerdict.REJECTED),
    resent("I2"),
    acknowledged("I2", AcknowledgmentVerdict.ACCEPTED, sending=2),
    *payment(
        "T1",
        [
            pays("100.00", "I1"),
            pays("50.00", usage_id="U2"),
            pays("60.00", "I3"),
            pays("-25.00", "I4"),
            pays("-1.25", kind=RemittanceLineKind.FEE),
            pays("9.00", "NEVER", account_number="A9"),
        ],
        part_size=2,
    ),
    *payment("T2", [pays("30.00", "I2"), pays("100.00", "I1"), pays("-60.00", "I3")]),
    *payment("T2", [pays("30.00", "I2"), pays("100.00", "I1"), pays("-60.00", "I3")], copy=1),
    *payment("T3", [pays("66.00", "I5")], total="65.00"),
    *payment("T4", [pays("20.00", account_number="A3")]),
)

TABLES = (
    "sent_document, receivable, receivable_balance, receivable_entry, verdict, remittance, "
    "remittance_part, remittance_line, line_place, placement, journal_entry, receivable_tax, "
    "write_off, act, act_end, act_write_off, assignment, line_part, bulk_item, "
    "bank_match, bank_place, bank_hand_match, inbox, outbox"
)

STATE = """
    SELECT 'receivable', r.invoice_number, b.standing,
           ARRAY[r.charged_cents, b.cancelled_cents, b.applied_cents, b.open_cents]
    FROM receivable r JOIN receivable_balance b USING (receivable_id)
    UNION ALL
    SELECT 'journal', ledger_account || ' ' || jurisdiction, account_number,
           ARRAY[sum(debit_cents - credit_cents)::bigint]
    FROM journal_entry GROUP BY ledger_account, jurisdiction, account_number
    HAVING sum(debit_cents) <> sum(credit_cents)
    UNION ALL
    SELECT 'payment', trace_number, state, ARRAY[count(*), sum(total_cents)::bigint]
    FROM remittance GROUP BY trace_number, state
    UNION ALL
    SELECT 'said', type, '', ARRAY[]::bigint[] FROM outbox GROUP BY type
    ORDER BY 1, 2, 3
"""


async def play(database: Database, service: RemittanceService, day: Sequence[Body]) -> list[str]:
    """Tell a day's facts to empty books; returns the rows that must not depend on the order."""
    async with database.unit_of_work() as session:
        await session.execute(text("SET LOCAL search_path TO remittance"))
        await session.execute(text(f"TRUNCATE {TABLES}"))
    for body in day:
        await service.consumer.handle(envelope(body))
    await service.poster.finish()
    async with database.read() as session:
        report = await audit(session)
        assert report.differences == ()
        assert report.every_cent_placed
        await session.execute(text("SET LOCAL search_path TO remittance"))
        return [str(tuple(row)) for row in await session.execute(text(STATE))]


class TestBillingDayInAnyOrder:
    @pytest.mark.parametrize("seed", range(3))
    async def test_ends_in_the_same_rows(self, migrated_dsn: str, seed: int) -> None:
        database = Database(migrated_dsn, "remittance")
        service = build(PlatformSettings(), database, MemoryBus(), FixedClock(NOON))
        chance = random.Random(seed)
        try:
            expected = await play(database, service, DAY)
            assert expected
            for _ in range(8):
                day = [*DAY, *chance.sample(DAY, 5)]
                chance.shuffle(day)
                assert await play(database, service, day) == expected
        finally:
            await database.close()
