"""How every charge stood on a day, and the reports that are made of it: age, short pays, cash.

All of them ask the same question, what each charge's entries come to up to a day, so a figure of a
report is always the sum of the charges that its link lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text

from services.remittance.receivables import Scope
from shared.platform.database import ReadSession

BUCKETS: Final = ("0–30", "31–60", "61–90", "91–120", "over 120")
"""Days since the bill was sent, in the order of age."""
NOBODY_SAID: Final = "not_said"
REJECTED: Final = "rejected"
TAKEN_BACK: Final = "taken_back"
"""Reasons of ours, where the utility gave none: it rejected the bill, or took its money back."""


class Standing(StrEnum):
    """Which charges a list is of."""

    OPEN = "open"
    """Something is open."""
    SHORT = "short"
    """Money came for it, and something is open."""
    PAID = "paid"
    """Money came for it, and nothing is open."""


@dataclass(frozen=True, slots=True)
class Aged:
    """What is open in one class and bucket.

    Attributes:
        customer_class: residential or commercial, "" where nobody said.
        bucket: its place in `BUCKETS`.
        credit_cents: of `cents`, owed to customers; negative.
    """

    customer_class: str
    bucket: int
    charges: int
    cents: int
    credit_cents: int


@dataclass(frozen=True, slots=True)
class Short:
    """Charges that were paid short for one reason: RMR07's code, or one of ours."""

    reason: str
    charges: int
    owed_cents: int
    paid_cents: int
    open_cents: int


@dataclass(frozen=True, slots=True)
class Deducted:
    """What the utility kept back or added, by the kind of line and its reason code."""

    kind: str
    reason: str
    lines: int
    cents: int


@dataclass(frozen=True, slots=True)
class PaidAfter:
    """How many charges were paid in full after so many days, and for how much."""

    days: int
    charges: int
    cents: int


@dataclass(frozen=True, slots=True)
class Position:
    """One charge on a day.

    Attributes:
        reason: why it is short; "" when it is not.
        cash_on: the day of the last money, none while there is none.
    """

    receivable_id: UUID
    invoice_number: str
    account_number: str
    customer_class: str
    dated_on: date
    age_days: int
    owed_cents: int
    paid_cents: int
    open_cents: int
    cash_on: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which charges are listed; what is None does not matter.

    Attributes:
        since: for paid ones, the first day of money that counts.
        days_from, days_to: for paid ones, days from bill to money.
        after: the last one of the page before, by its day and id.
    """

    standing: Standing
    since: date | None = None
    bucket: int | None = None
    customer_class: str | None = None
    reason: str | None = None
    days_from: int | None = None
    days_to: int | None = None
    after: tuple[date, UUID] | None = None


_POSITION: Final = """
    WITH moved AS (
        SELECT e.receivable_id, sum(e.cents)::bigint AS open_cents,
               coalesce(sum(e.cents) FILTER (WHERE e.kind IN ('charged', 'cancelled')), 0)::bigint
                   AS owed_cents,
               -coalesce(sum(e.cents) FILTER (WHERE e.kind = 'applied'), 0)::bigint AS paid_cents,
               max(e.effective_on) FILTER (WHERE e.kind = 'applied') AS cash_on
        FROM remittance.receivable_entry e JOIN remittance.receivable r USING (receivable_id)
        WHERE r.cca = :cca AND r.utility = :utility AND r.environment = :environment
          AND e.effective_on <= :on AND e.period <= :on
        GROUP BY 1
    ), classed AS (
        SELECT DISTINCT ON (account_number) account_number, customer_class
        FROM remittance.account_class
        WHERE cca = :cca AND utility = :utility AND environment = :environment
          AND effective_on <= :on
        ORDER BY account_number, effective_on DESC, requested_on DESC, transaction_id
    ), position AS (
        SELECT r.receivable_id, r.invoice_number, r.account_number, r.dated_on,
               coalesce(c.customer_class, '') AS customer_class,
               CAST(:on AS date) - r.dated_on AS age_days,
               width_bucket(CAST(:on AS date) - r.dated_on, ARRAY[31, 61, 91, 121]) AS bucket,
               m.owed_cents, m.paid_cents, m.open_cents, m.cash_on,
               greatest(m.cash_on - r.dated_on, 0) AS cash_days,
               CASE WHEN m.open_cents <> 0 AND m.cash_on IS NOT NULL THEN 'short'
                    WHEN m.open_cents <> 0 THEN 'open'
                    WHEN m.paid_cents <> 0 THEN 'paid' ELSE '' END AS standing
        FROM moved m JOIN remittance.receivable r USING (receivable_id)
        LEFT JOIN classed c USING (account_number)
    )
"""

# The last reason code that a line paying the charge gave; else what we know ourselves.
_REASONED: Final = """
    , reasoned AS (
        SELECT p.*, CASE WHEN p.standing <> 'short' THEN '' ELSE coalesce(
            (SELECT l.reason_code FROM remittance.receivable_entry e
               JOIN remittance.remittance_line l
                 ON l.transaction_id = e.document_id AND l.sequence = e.sequence
              WHERE e.receivable_id = p.receivable_id AND e.kind = 'applied'
                AND e.effective_on <= :on AND l.reason_code IS NOT NULL
              ORDER BY e.entry_id DESC LIMIT 1),
            (SELECT 'rejected' FROM remittance.receivable_balance b
              WHERE b.receivable_id = p.receivable_id AND b.standing = 'rejected'),
            CASE WHEN p.paid_cents = 0 THEN 'taken_back' END,
            'not_said') END AS reason
        FROM position p
    )
"""


def _asked(question: str, *between: str) -> TextClause:
    """Return a question about positions, whole."""
    return text(" ".join((_POSITION, *between, question)))


_AGED: Final = _asked(
    """
    SELECT customer_class, bucket, count(*) AS charges, sum(open_cents)::bigint AS cents,
           sum(least(open_cents, 0))::bigint AS credit_cents
    FROM position WHERE open_cents <> 0 GROUP BY 1, 2 ORDER BY 1, 2
    """,
)
_SHORT: Final = _asked(
    """
    SELECT reason, count(*) AS charges, sum(owed_cents)::bigint AS owed_cents,
           sum(paid_cents)::bigint AS paid_cents, sum(open_cents)::bigint AS open_cents
    FROM reasoned WHERE standing = 'short' GROUP BY 1 ORDER BY sum(open_cents) DESC, 1
    """,
    _REASONED,
)
_DAYS: Final = _asked(
    """
    SELECT cash_days AS days, count(*) AS charges, sum(paid_cents)::bigint AS cents
    FROM position WHERE standing = 'paid' AND cash_on >= :since GROUP BY 1 ORDER BY 1
    """,
)
_LISTED: Final = _asked(
    """
    SELECT receivable_id, invoice_number, account_number, customer_class, dated_on, age_days,
           owed_cents, paid_cents, open_cents, cash_on, reason
    FROM reasoned
    WHERE (standing = :standing OR CAST(:standing AS text) = 'open' AND standing = 'short')
      AND (CAST(:since AS date) IS NULL OR cash_on >= :since)
      AND (CAST(:bucket AS int) IS NULL OR bucket = :bucket)
      AND (CAST(:customer_class AS text) IS NULL OR customer_class = :customer_class)
      AND (CAST(:reason AS text) IS NULL OR reason = :reason)
      AND (CAST(:days_from AS int) IS NULL OR cash_days >= :days_from)
      AND (CAST(:days_to AS int) IS NULL OR cash_days <= :days_to)
      AND (CAST(:after_day AS date) IS NULL
           OR (dated_on, receivable_id) > (CAST(:after_day AS date), CAST(:after_id AS uuid)))
    ORDER BY dated_on, receivable_id LIMIT :limit
    """,
    _REASONED,
)
_DEDUCTED: Final = text(
    """
    SELECT p.kind, coalesce(p.reason_code, 'not_said') AS reason, count(*) AS lines,
           sum(p.adjusted_cents - p.discount_cents)::bigint AS cents
    FROM remittance.line_place p JOIN remittance.remittance t USING (transaction_id)
    WHERE p.cca = :cca AND p.utility = :utility AND p.environment = :environment
      AND p.adjusted_cents <> p.discount_cents
      AND t.settled_on BETWEEN :since AND :on
    GROUP BY 1, 2 ORDER BY 1, 2
    """
)


async def aging(session: ReadSession, scope: Scope, on: date) -> tuple[Aged, ...]:
    """Return what was open at the end of a day by class and age of the bill."""
    found = await session.execute(_AGED, scope.values | {"on": on})
    return tuple(Aged(**row) for row in found.mappings())


async def short_pays(session: ReadSession, scope: Scope, on: date) -> tuple[Short, ...]:
    """Return what was missing at the end of a day on charges that money had come for, by reason.

    A rejection counts whenever it was told; everything else is of the day.
    """
    found = await session.execute(_SHORT, scope.values | {"on": on})
    return tuple(Short(**row) for row in found.mappings())


async def deductions(
    session: ReadSession, scope: Scope, since: date, on: date
) -> tuple[Deducted, ...]:
    """Return what payments settled in a span of days kept back or added, by reason."""
    found = await session.execute(_DEDUCTED, scope.values | {"since": since, "on": on})
    return tuple(Deducted(**row) for row in found.mappings())


async def paid_after(
    session: ReadSession, scope: Scope, since: date, on: date
) -> tuple[PaidAfter, ...]:
    """Return charges whose last money came in a span of days, by days from bill to that money."""
    found = await session.execute(_DAYS, scope.values | {"since": since, "on": on})
    return tuple(PaidAfter(**row) for row in found.mappings())


async def list_positions(
    session: ReadSession, scope: Scope, on: date, wanted: Wanted, limit: int
) -> Sequence[Position]:
    """Return a page of the charges that a figure is the sum of, oldest first."""
    after_day, after_id = wanted.after or (None, None)
    values = {
        "on": on,
        "standing": wanted.standing.value,
        "since": wanted.since,
        "bucket": wanted.bucket,
        "customer_class": wanted.customer_class,
        "reason": wanted.reason,
        "days_from": wanted.days_from,
        "days_to": wanted.days_to,
        "after_day": after_day,
        "after_id": after_id,
        "limit": limit,
    }
    found = await session.execute(_LISTED, scope.values | values)
    return [Position(**row) for row in found.mappings()]
