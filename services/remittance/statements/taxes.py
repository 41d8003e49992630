"""Taxes of a month for each jurisdiction: payable by the journal, and collected by the money.

Payable is what the journal says: a tax is owed from the day its charge is sent. Collected is the
same share of a charge's taxes as was paid of the charge, rounded half away from zero for each
charge, as a cancel takes its share; a charge that is paid in full has its taxes collected in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import text

from services.remittance.receivables import Scope
from shared.platform.database import ReadSession, WriteSession


@dataclass(frozen=True, slots=True)
class TaxesOf:
    """A jurisdiction's month up to a day, in cents; what is owed to it is positive.

    Attributes:
        opening_cents: payable before the month.
        billed_cents, cancelled_cents: changes of the month, signed.
        collected_cents: paid by customers in the month.
        collected_ever_cents: paid by customers up to the day.
    """

    jurisdiction: str
    opening_cents: int
    billed_cents: int
    cancelled_cents: int
    collected_cents: int
    collected_ever_cents: int

    @property
    def closing_cents(self) -> int:
        """Payable at the end of the day."""
        return self.opening_cents + self.billed_cents + self.cancelled_cents


# The share of an amount that a part has in a whole is worked out as `receivables.share` does.
_TAXES: Final = text(
    """
    WITH moved AS (
        SELECT receivable_id,
               -coalesce(sum(cents) FILTER (WHERE kind = 'cancelled'), 0) AS cancelled_now,
               -coalesce(sum(cents) FILTER (WHERE kind = 'applied'), 0) AS paid_now,
               -coalesce(sum(cents) FILTER (WHERE kind = 'cancelled' AND period < :month), 0)
                   AS cancelled_before,
               -coalesce(sum(cents) FILTER (WHERE kind = 'applied' AND period < :month), 0)
                   AS paid_before
        FROM remittance.receivable_entry
        WHERE effective_on <= :on AND period <= :on AND receivable_id IN (
            SELECT receivable_id FROM remittance.receivable
            WHERE cca = :cca AND utility = :utility AND environment = :environment)
        GROUP BY 1
    ), owed AS (
        SELECT t.jurisdiction, side.name, side.paid, r.charged_cents - side.cancelled AS owed,
               CASE WHEN side.cancelled = 0 OR r.charged_cents = 0 THEN t.cents
                    ELSE t.cents - sign(t.cents * side.cancelled) * sign(r.charged_cents::numeric)
                         * div(2 * abs(t.cents * side.cancelled) + abs(r.charged_cents),
                               2 * abs(r.charged_cents)::numeric) END AS cents
        FROM moved m JOIN remittance.receivable r USING (receivable_id)
        JOIN remittance.receivable_tax t USING (receivable_id)
        CROSS JOIN LATERAL (
            VALUES ('now', m.cancelled_now, m.paid_now),
                   ('before', m.cancelled_before, m.paid_before)
        ) AS side (name, cancelled, paid)
        WHERE side.paid <> 0
    ), collected AS (
        SELECT jurisdiction, name, sum(
            CASE WHEN owed = 0 THEN 0 WHEN paid = owed THEN cents
                 ELSE sign(cents * paid) * sign(owed)
                      * div(2 * abs(cents * paid) + abs(owed), 2 * abs(owed)) END) AS cents
        FROM owed GROUP BY 1, 2
    ), payable AS (
        SELECT jurisdiction,
               sum(credit_cents - debit_cents) FILTER (WHERE period < :month) AS opening,
               sum(credit_cents - debit_cents) FILTER (WHERE period = :month AND kind = 'charged')
                   AS billed,
               sum(credit_cents - debit_cents) FILTER (WHERE period = :month AND kind <> 'charged')
                   AS cancelled
        FROM remittance.journal_entry
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND ledger_account = 'taxes_payable' AND effective_on <= :on AND period <= :on
        GROUP BY 1
    )
    SELECT p.jurisdiction, coalesce(p.opening, 0)::bigint AS opening_cents,
           coalesce(p.billed, 0)::bigint AS billed_cents,
           coalesce(p.cancelled, 0)::bigint AS cancelled_cents,
           (coalesce(now.cents, 0) - coalesce(before.cents, 0))::bigint AS collected_cents,
           coalesce(now.cents, 0)::bigint AS collected_ever_cents
    FROM payable p
    LEFT JOIN collected now ON now.jurisdiction = p.jurisdiction AND now.name = 'now'
    LEFT JOIN collected before ON before.jurisdiction = p.jurisdiction AND before.name = 'before'
    ORDER BY 1
    """
)


async def taxes(
    session: ReadSession | WriteSession, scope: Scope, month: date, on: date
) -> tuple[TaxesOf, ...]:
    """Return every jurisdiction's month, up to a day, by name."""
    found = await session.execute(_TAXES, scope.values | {"month": month, "on": on})
    return tuple(TaxesOf(**row) for row in found.mappings())
