"""Where the money of a month went: what 820s announced, what it paid, what waits, what was taken.

The other side of a statement's line "paid": every posting balances, so what was announced is what
was applied to charges, waits unapplied, or was kept back as fees and adjustments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from services.remittance.receivables import Scope
from shared.platform.database import ReadSession, WriteSession


@dataclass(frozen=True, slots=True)
class Money:
    """The utility's money in a month up to a day, in cents.

    Attributes:
        announced_cents: by 820s.
        paid_cents: of it, applied to charges.
        waiting_cents: of it, unapplied; negative when more found its charge than was new.
        kept_cents: fees and adjustments of the utility, without what was let go on charges.
        deposited_cents: shown by the bank in the month.
        in_transit_cents: announced at any time and not shown by the bank yet.
        unapplied_cents: waits since any time.
    """

    announced_cents: int
    paid_cents: int
    waiting_cents: int
    kept_cents: int
    deposited_cents: int
    in_transit_cents: int
    unapplied_cents: int

    @property
    def difference_cents(self) -> int:
        """What was announced and went nowhere: 0 in books that are right."""
        return self.announced_cents - self.paid_cents - self.waiting_cents - self.kept_cents


_MONEY = text(
    """
    WITH entry AS (
        SELECT ledger_account AS name, kind, period = :month AS of_month,
               sum(debit_cents - credit_cents) AS cents
        FROM remittance.journal_entry
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND effective_on <= :on AND period <= :on
        GROUP BY 1, 2, 3
    ), part AS (
        SELECT sum(cents) FILTER (WHERE name = 'cash_in_transit' AND kind = 'applied' AND of_month)
                   AS announced,
               -sum(cents) FILTER (
                   WHERE name = 'accounts_receivable' AND kind = 'applied' AND of_month) AS paid,
               -sum(cents) FILTER (WHERE name = 'unapplied' AND of_month) AS waiting,
               -sum(cents) FILTER (
                   WHERE (name IN ('adjustments', 'discount', 'fees')
                          OR name = 'accounts_receivable' AND kind = 'adjusted') AND of_month)
                   AS kept,
               sum(cents) FILTER (WHERE name = 'bank' AND of_month) AS deposited,
               sum(cents) FILTER (WHERE name = 'cash_in_transit') AS in_transit,
               -sum(cents) FILTER (WHERE name = 'unapplied') AS unapplied
        FROM entry
    )
    SELECT coalesce(announced, 0)::bigint AS announced_cents,
           coalesce(paid, 0)::bigint AS paid_cents,
           coalesce(waiting, 0)::bigint AS waiting_cents,
           coalesce(kept, 0)::bigint AS kept_cents,
           coalesce(deposited, 0)::bigint AS deposited_cents,
           coalesce(in_transit, 0)::bigint AS in_transit_cents,
           coalesce(unapplied, 0)::bigint AS unapplied_cents
    FROM part
    """
)


async def money(session: ReadSession | WriteSession, scope: Scope, month: date, on: date) -> Money:
    """Return where a month's money went, up to a day."""
    found = await session.execute(_MONEY, scope.values | {"month": month, "on": on})
    return Money(**found.mappings().one())
