"""Proves a statement: the journal, the charges and the month before say the same.

A statement that does not tie is shown with the difference, never hidden or put right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from services.remittance.receivables import Scope
from services.remittance.statements.statement import Statement
from shared.platform.database import ReadSession, WriteSession


@dataclass(frozen=True, slots=True)
class Tie:
    """Two amounts that have to be the same.

    Attributes:
        what: what is compared, as a sentence.
        stated_cents: as the statement says.
        found_cents: as the other book says.
    """

    what: str
    stated_cents: int
    found_cents: int

    @property
    def agrees(self) -> bool:
        """Whether they are the same."""
        return self.stated_cents == self.found_cents


_FOUND: Final = text(
    """
    SELECT
        (SELECT coalesce(sum(debit_cents - credit_cents), 0)::bigint FROM remittance.journal_entry
          WHERE cca = :cca AND utility = :utility AND environment = :environment
            AND ledger_account = 'accounts_receivable' AND effective_on <= :on AND period <= :on)
            AS journal,
        (SELECT coalesce(sum(e.cents), 0)::bigint FROM remittance.receivable_entry e
           JOIN remittance.receivable r USING (receivable_id)
          WHERE r.cca = :cca AND r.utility = :utility AND r.environment = :environment
            AND e.effective_on <= :on AND e.period <= :on) AS charges,
        (SELECT closing_cents FROM remittance.closed_balance
          WHERE cca = :cca AND utility = :utility AND environment = :environment
            AND ledger_account = 'accounts_receivable'
            AND month = CAST(:month AS date) - interval '1 month') AS before,
        (SELECT closing_cents FROM remittance.closed_balance
          WHERE cca = :cca AND utility = :utility AND environment = :environment
            AND ledger_account = 'accounts_receivable' AND month = :month) AS kept
    """
)


async def prove(
    session: ReadSession | WriteSession,
    scope: Scope,
    statement: Statement,
    before: Statement | None,
) -> tuple[Tie, ...]:
    """Compare a statement with the other books.

    Args:
        session: the moment that is shown.
        scope: whose books.
        statement: what is stated.
        before: the statement of the month before, if there is one.
    """
    values = scope.values | {"month": statement.month, "on": statement.on}
    found = (await session.execute(_FOUND, values)).one()
    closing = statement.closing_cents
    ties = [
        Tie("Closing is the journal's accounts receivable", closing, found.journal),
        Tie("Closing is what is open on all charges", closing, found.charges),
    ]
    if before is not None:
        opened = found.before if found.before is not None else before.closing_cents
        whose = "as it was closed" if found.before is not None else "which is open"
        ties.append(
            Tie(f"Opening is the closing of {before.month:%Y-%m}, {whose}",
                statement.opening_cents, opened)
        )  # fmt: skip
    if found.kept is not None:
        ties.append(
            Tie("Closing is the balance kept when the month was closed", closing, found.kept)
        )
    return tuple(ties)


CHARGES: Final = """
    WITH told AS (
        SELECT cca, utility, environment, period, sum(debit_cents - credit_cents) AS cents
        FROM journal_entry WHERE ledger_account = 'accounts_receivable' GROUP BY 1, 2, 3, 4
    ), summed AS (
        SELECT r.cca, r.utility, r.environment, e.period, sum(e.cents) AS cents
        FROM remittance.receivable_entry e JOIN receivable r USING (receivable_id)
        GROUP BY 1, 2, 3, 4
    )
    SELECT cca || ' ' || utility || ' ' || to_char(period, 'YYYY-MM') AS subject,
           coalesce(told.cents, 0)::bigint AS expected, coalesce(summed.cents, 0)::bigint AS found
    FROM told FULL JOIN summed USING (cca, utility, environment, period)
    WHERE coalesce(told.cents, 0) <> coalesce(summed.cents, 0)
"""
"""What changed on all charges in a month is what the month's entries of the journal say."""

FROZEN: Final = """
    WITH moved AS (
        SELECT cca, utility, environment, period AS month,
               sum(debit_cents - credit_cents) FILTER (WHERE kind = 'charged') AS billed,
               sum(debit_cents - credit_cents) FILTER (WHERE kind = 'cancelled') AS cancelled,
               sum(debit_cents - credit_cents) FILTER (WHERE kind = 'applied') AS paid,
               sum(debit_cents - credit_cents) FILTER (WHERE kind = 'adjusted') AS adjusted,
               sum(debit_cents - credit_cents) FILTER (WHERE kind = 'written_off') AS written_off
        FROM journal_entry WHERE ledger_account = 'accounts_receivable' GROUP BY 1, 2, 3, 4
    ), told AS (
        SELECT s.*, coalesce(kept.opening_cents, 0) AS kept_opening,
               coalesce(kept.closing_cents, 0) AS kept_closing,
               lag(s.closing_cents, 1, s.opening_cents) OVER (
                   PARTITION BY s.cca, s.utility, s.environment ORDER BY s.month) AS before
        FROM monthly_statement s LEFT JOIN closed_balance kept
          ON (kept.cca, kept.utility, kept.environment, kept.month, kept.ledger_account)
             = (s.cca, s.utility, s.environment, s.month, 'accounts_receivable')
    )
    SELECT cca || ' ' || utility || ' statement ' || number || ' of ' || to_char(month, 'YYYY-MM')
               AS subject, told.kept_closing AS expected, told.closing_cents AS found
    FROM told LEFT JOIN moved m USING (cca, utility, environment, month)
    WHERE (told.opening_cents, told.closing_cents) <> (told.kept_opening, told.kept_closing)
       OR told.opening_cents <> told.before
       OR (billed_cents, cancelled_cents, paid_cents, adjusted_cents, written_off_cents)
          <> (coalesce(m.billed, 0), coalesce(m.cancelled, 0), coalesce(m.paid, 0),
              coalesce(m.adjusted, 0), coalesce(m.written_off, 0))
"""
"""A frozen statement opens with the one before and says of its month what the journal says."""
