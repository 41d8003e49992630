"""What people of finance do with the books: close months, give accounting its entries, answer 248s.

One door for the API, the command line and pages: each act is a unit of work of its own, and what it
says goes out with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.remittance.ledger.approvals import Decision
from services.remittance.ledger.closing import Month, close_month
from services.remittance.ledger.export import Batch, make_batch
from services.remittance.ledger.mapping import DEFAULT_FILE
from services.remittance.ledger.reported_write_offs import (
    Answer,
    ReportedWriteOff,
    answer_reported,
    find_reported,
)
from services.remittance.ledger.write_offs import Reported
from services.remittance.receivables import Scope
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.mailbox import Mailbox


@dataclass(frozen=True, slots=True)
class LedgerDesk:
    """The acts on the books.

    Attributes:
        mapping_file: how accounts are called in the general ledger; ours when none is given.
    """

    database: Database
    mailbox: Mailbox
    clock: Clock
    mapping_file: Path | None = None

    async def close(self, scope: Scope, month: date, by: str, note: str = "") -> Month:
        """Close a month, see `close_month`."""
        async with self.database.unit_of_work() as session:
            return await close_month(session, scope, month, by, self.clock.now(), note)

    async def export(self, scope: Scope, month: date, by: str) -> Batch:
        """Make the next export batch of a month, see `make_batch`."""
        mapping = (self.mapping_file or DEFAULT_FILE).read_text(encoding="utf-8")
        async with self.database.unit_of_work() as session:
            return await make_batch(session, scope, month, mapping, by, self.clock.now())

    async def answer(
        self, scope: Scope, key: Reported, answer: Answer, decision: Decision
    ) -> ReportedWriteOff:
        """Follow or dismiss a utility's write-off, see `answer_reported`."""
        async with self.database.unit_of_work() as session:
            said = await answer_reported(session, scope, key, answer, decision, self.clock.now())
            await self.mailbox.put(session, said)
            return await find_reported(session, scope, key)
