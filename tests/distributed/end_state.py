"""What an installation has made of a day, read from its tables past all of our own code.

Two runs of the same day must end the same, whatever was killed in between. Left out is what may
rightly differ: ids, moments, control and invoice numbers (they count in order of arrival), and
which documents shared a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from services.edi_gateway.operations.ledger_audit import verify_all
from shared.platform.database import Database
from tests.machines.postgres import wait_for as finish

Rows = list[tuple[Any, ...]]

# A utility receipts what it finds at once, so the number of its 997s is a matter of timing.
RESULT_QUERIES: Final[Mapping[str, str]] = {
    "transactions received": """
        SELECT set_id, business_key, account_number, amount::text, valid, applied, rated, paid,
               exception_code
        FROM edi.transaction WHERE direction = 'inbound' AND set_id <> '997'""",
    "what was wrong with them": """
        SELECT t.set_id, t.business_key, t.account_number, f.severity, f.code, f.place
        FROM edi.finding f JOIN edi.transaction t ON t.id = f.transaction_id""",
    "documents sent": """
        SELECT t.set_id, a.business_key, t.account_number, t.amount::text, t.valid, t.delivered,
               t.acknowledged, t.paid
        FROM edi.transaction t LEFT JOIN edi.transaction a ON a.id = t.answers_id
        WHERE t.direction = 'outbound' AND t.set_id <> '997'""",
    "groups we acknowledged": """
        SELECT functional_id, control_number, state, sets_included, sets_accepted
        FROM edi.functional_group WHERE direction = 'inbound' AND functional_id <> 'FA'""",
    "accounts": """
        SELECT a.cca, a.account_number, g.service_agreement_id, e.status, e.rate_code,
               e.effective_on::text
        FROM rating.accounts a JOIN rating.agreements g USING (account_id)
        JOIN rating.agreement_entries e USING (agreement_id)""",
    "usage": """
        SELECT usage_id, purpose, original_usage_id, account_number, state, hold_code
        FROM rating.usage""",
    "open holds": """
        SELECT u.usage_id, h.code FROM rating.holds h JOIN rating.usage u USING (transaction_id)
        WHERE h.closed_at IS NULL""",
    "charges": """
        SELECT c.cca, c.usage_id, c.purpose, c.account_number, c.plan_id, c.plan_version,
               c.total_cents, r.usage_id AS reverses,
               (SELECT string_agg(format('%s:%s:%s:%s', l.code, l.quantity_micro, l.price_micro,
                                         l.amount_cents), ' ' ORDER BY l.sequence)
                FROM rating.charge_lines l WHERE l.charge_id = c.charge_id)
        FROM rating.charges c LEFT JOIN rating.charges r ON r.charge_id = c.reverses""",
    "receivables": """
        SELECT r.cca, r.usage_id, r.account_number, r.charged_cents, b.cancelled_cents,
               b.applied_cents, b.account_money_cents, b.open_cents, b.standing
        FROM remittance.receivable r JOIN remittance.receivable_balance b USING (receivable_id)""",
    "remittances": """
        SELECT cca, trace_number, total_cents, line_count, state, held_code
        FROM remittance.remittance""",
    "lines of remittances": """
        SELECT r.trace_number, l.kind, l.usage_id, l.account_number, l.amount_cents, l.outcome,
               l.applied_cents, l.unapplied_cents, l.adjusted_cents
        FROM remittance.line_place l JOIN remittance.remittance r USING (transaction_id)""",
    "journal": """
        SELECT cca, ledger_account, account_number, sum(debit_cents)::bigint,
               sum(credit_cents)::bigint
        FROM remittance.journal_entry GROUP BY 1, 2, 3""",
}

SERVICE_SCHEMAS: Final = ("edi", "rating", "remittance")

UNDER_WAY: Final = (
    "SELECT count(*) FROM edi.file WHERE state IN ('received', 'ready')",
    "SELECT count(*) FROM edi.outbound_document WHERE file_id IS NULL",
    "SELECT count(*) FROM edi.transaction WHERE 'waiting' IN (applied, rated, delivered)",
    *(f"SELECT count(*) FROM {name}.outbox WHERE handled_at IS NULL" for name in SERVICE_SCHEMAS),
)


@dataclass(slots=True)
class Record:
    """Reads the tables of one installation, over one connection: it looks often, beside the work.

    Attributes:
        database_url: its database, as its superuser.
    """

    database_url: str
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _connection: asyncpg.Connection[Any] | None = None

    def rows(self, query: str) -> Rows:
        """The answer of one query."""

        async def ask() -> Rows:
            if self._connection is None:
                self._connection = await asyncpg.connect(self.database_url)
            return [tuple(row) for row in await self._connection.fetch(query)]

        return self._loop.run_until_complete(ask())

    def close(self) -> None:
        """Leave the database."""
        if self._connection is not None:
            self._loop.run_until_complete(self._connection.close())
        self._loop.close()

    def count(self, query: str) -> int:
        """The answer of a query for one number."""
        return int(self.rows(query)[0][0])

    def results(self) -> dict[str, Rows]:
        """Everything that two runs of one day must have in common."""
        return {what: sorted(self.rows(query), key=repr) for what, query in RESULT_QUERIES.items()}

    def is_at_rest(self) -> bool:
        """Whether nothing is under way any more, not even a receipt between services."""
        return not any(self.count(query) for query in UNDER_WAY)

    def faults(self) -> list[str]:
        """What must never be, whatever happened: one sentence each."""
        return [
            *self._doubled(),
            *self._gaps(),
            *self._lost_letters(),
            *finish(self._broken_chains()),
        ]

    def _doubled(self) -> list[str]:
        checks = {
            "810 of one invoice": """
                SELECT business_key, count(*) FROM edi.transaction
                WHERE direction = 'outbound' AND set_id = '810' GROUP BY 1 HAVING count(*) > 1""",
            "answer to one transaction": """
                SELECT answers_id, count(*) FROM edi.transaction
                WHERE direction = 'outbound' AND set_id = '814' GROUP BY 1 HAVING count(*) > 1""",
            "file in the archive": """
                SELECT name, count(*) FROM edi.file GROUP BY 1 HAVING count(*) > 1""",
            "delivery of one file": """
                SELECT f.name, count(*) FROM edi.entry e JOIN edi.file f ON f.id = e.file_id
                WHERE e.kind = 'FileDelivered' GROUP BY 1 HAVING count(*) > 1""",
            "997 for one group": """
                SELECT answers_id, count(*) FROM edi.transaction
                WHERE direction = 'outbound' AND set_id = '997' AND answers_id IS NOT NULL
                GROUP BY 1 HAVING count(*) > 1""",
            "charge of one usage": """
                SELECT transaction_id, count(*) FROM rating.charges WHERE reverses IS NULL
                GROUP BY 1 HAVING count(*) > 1""",
        }
        found = [
            f"{n} times: {what} {key}" for what, q in checks.items() for key, n in self.rows(q)
        ]
        charged = self.count("SELECT count(*) FROM rating.charges")
        sent = self.count(
            "SELECT count(*) FROM edi.transaction WHERE direction = 'outbound' AND set_id = '810'"
        )
        if charged != sent:
            found.append(f"{charged} charges were made and {sent} sent")
        return found

    def _gaps(self) -> list[str]:
        found = []
        for table, kind in (("interchange", "interchange"), ("functional_group", "group")):
            used: dict[str, list[int]] = {}
            for utility, number in self.rows(
                f"SELECT utility, control_number::int FROM edi.{table}"
                " WHERE direction = 'outbound' ORDER BY 2"
            ):
                used.setdefault(utility, []).append(number)
            for utility, numbers in used.items():
                last = self.count(
                    "SELECT last FROM edi.control_number"
                    f" WHERE utility = '{utility}' AND kind = '{kind}'"
                )
                if numbers != list(range(1, last + 1)):
                    found.append(f"{utility} {kind} numbers {numbers}, the last taken is {last}")
        return found

    def _lost_letters(self) -> list[str]:
        return [
            f"{schema} gave up {message_id}: {reason}"
            for schema in SERVICE_SCHEMAS
            for message_id, reason in self.rows(
                f"SELECT message_id, reason FROM {schema}.dead_letters"
            )
        ]

    async def _broken_chains(self) -> list[str]:
        database = Database(self.database_url, "edi")
        try:
            async with database.read() as session:
                return await verify_all(session)
        finally:
            await database.close()
