"""Batches: the bills of one CCA, utility and bill cycle in a month, counted by how far they came.

A charge leaves by itself as soon as it is computed, unless the CCA releases its batches by hand:
then everything that no audit holds waits for one release of the whole batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, insert, select, text

from services.rating.messages import Occasion
from services.rating.review.decide import RELEASE_BATCH, release
from services.rating.review.registry import AWAITING_RELEASE
from services.rating.scope import Scope
from services.rating.store import REVIEW
from services.rating.store_accounts import in_scope
from services.rating.work import RatingDesk
from shared.platform.database import Database, ReadSession, WriteSession

_COUNTS: Final = text(
    """
    WITH roster AS (
        SELECT DISTINCT ON (g.agreement_id)
               a.account_number, g.service_agreement_id, e.status,
               coalesce(e.bill_cycle, '') AS bill_cycle
          FROM rating.accounts a
          JOIN rating.agreements g USING (account_id)
          JOIN rating.agreement_entries e USING (agreement_id)
         WHERE a.cca = :cca AND a.utility = :utility AND a.environment = :environment
         ORDER BY g.agreement_id, e.seq DESC
    ), used AS (
        SELECT u.account_number, u.service_agreement_id, u.state,
               u.state = 'held' AND r.review_id IS NOT NULL
                   AND r.codes <> ARRAY[:awaiting] AS in_review,
               u.state = 'held' AND r.review_id IS NOT NULL
                   AND r.codes = ARRAY[:awaiting] AS to_release,
               CASE WHEN u.state = 'held' THEN w.due_at END AS due_at
          FROM rating.usage u
          LEFT JOIN rating.reviews r
            ON r.transaction_id = u.transaction_id AND r.state IN ('waiting', 'returned')
          LEFT JOIN rating.bill_windows w ON w.transaction_id = u.transaction_id
         WHERE u.cca = :cca AND u.utility = :utility AND u.environment = :environment
           AND u.period_end >= :first AND u.period_end < :next
           AND u.purpose <> 'cancel' AND u.state IN ('held', 'charged')
    )
    SELECT o.bill_cycle,
           count(DISTINCT (o.account_number, o.service_agreement_id))
               FILTER (WHERE o.status = 'active') AS expected,
           count(u.state) AS received,
           count(*) FILTER (WHERE u.state = 'held' AND NOT u.in_review AND NOT u.to_release)
               AS held,
           count(*) FILTER (WHERE u.in_review) AS under_review,
           count(*) FILTER (WHERE u.to_release) AS awaiting_release,
           count(*) FILTER (WHERE u.state = 'charged') AS charged,
           count(*) FILTER (WHERE u.state IS NULL AND o.status = 'active') AS missing,
           min(u.due_at) AS due_at
      FROM roster o
      LEFT JOIN used u ON u.account_number = o.account_number
       AND (u.service_agreement_id IS NULL OR u.service_agreement_id = o.service_agreement_id)
     GROUP BY o.bill_cycle
     ORDER BY o.bill_cycle
    """
)


@dataclass(frozen=True, slots=True)
class Batch:
    """How far the bills of one cycle came in one month.

    Attributes:
        bill_cycle: the utility's cycle; empty for agreements whose 814 named none.
        month: its first day; a bill belongs to the month of its closing read.
        expected: active agreements.
        received: usage that came and is not cancelled.
        held: usage that cannot be charged yet.
        under_review: charges that an audit holds.
        awaiting_release: charges that leave with the batch.
        charged: charges that left for the utility.
        missing: active agreements without usage.
        due_at: when the first bill window closes among those that wait.
        owner: who looks after it.
    """

    bill_cycle: str
    month: date
    expected: int
    received: int
    held: int
    under_review: int
    awaiting_release: int
    charged: int
    missing: int
    due_at: datetime | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class BatchReleased:
    """What the release of a batch came to."""

    released: int
    held: int
    """Charges that could not leave after all."""


async def list_batches(session: ReadSession, scope: Scope, month: date) -> list[Batch]:
    """Count every batch of a scope in the month of a day."""
    first, following = _month(month)
    found = await session.execute(
        _COUNTS,
        {
            "cca": scope.cca,
            "utility": scope.utility,
            "environment": scope.environment.value,
            "awaiting": AWAITING_RELEASE,
            "first": first,
            "next": following,
        },
    )
    owners = await _owners(session, scope, first)
    return [Batch(**row._mapping, month=first, owner=owners.get(row.bill_cycle)) for row in found]  # noqa: SLF001  SQLAlchemy's public name


async def assign_batch(
    session: WriteSession,
    scope: Scope,
    batch: tuple[str, date],
    owner: str,
    signed: tuple[str, str, datetime],
) -> None:
    """Say who looks after a batch; `signed` is who says so, why and when."""
    await session.execute(
        insert(REVIEW.batch_acts).values(_act(scope, batch, "assign", signed) | {"owner": owner})
    )


async def release_batch(
    database: Database,
    desk: RatingDesk,
    occasion: Occasion,
    batch: tuple[str, date],
    by: str,
    reason: str,
) -> BatchReleased:
    """Let everything of a batch leave that no audit holds, in units of work of a few hundred.

    What this person touched last, or somebody returned, stays. After a crash the next release takes
    up the rest.
    """
    left = stuck = after = 0
    async with database.unit_of_work() as session:
        signed = _act(occasion.scope, batch, "release", (by, reason, occasion.at))
        await session.execute(insert(REVIEW.batch_acts).values(signed))
    while True:
        async with database.unit_of_work() as session:
            rows = await _awaiting(session, occasion.scope, batch, by, after)
            if not rows:
                return BatchReleased(left, stuck)
            ids = [row.review_id for row in rows]
            done = await release(session, desk, occasion, ids, by, reason)
        after = ids[-1]
        left, stuck = left + len(ids) - done.held, stuck + done.held


async def _awaiting(
    session: WriteSession, scope: Scope, batch: tuple[str, date], by: str, after: int
) -> list[Row[Any]]:
    t = REVIEW.reviews.c
    first, following = _month(batch[1])
    found = await session.execute(
        select(t.review_id)
        .where(
            *in_scope(REVIEW.reviews, scope),
            t.state == "waiting",
            t.codes == [AWAITING_RELEASE],
            t.bill_cycle == batch[0],
            t.period_end >= first,
            t.period_end < following,
            t.last_actor.is_distinct_from(by),
            t.review_id > after,
        )
        .order_by(t.review_id)
        .limit(RELEASE_BATCH)
    )
    return list(found.all())


async def _owners(session: ReadSession, scope: Scope, month: date) -> dict[str, str]:
    t = REVIEW.batch_acts.c
    found = await session.execute(
        select(t.bill_cycle, t.owner)
        .where(*in_scope(REVIEW.batch_acts, scope), t.month == month, t.act == "assign")
        .order_by(t.act_id)
    )
    return {row.bill_cycle: row.owner for row in found}


def _act(
    scope: Scope, batch: tuple[str, date], act: str, signed: tuple[str, str, datetime]
) -> dict[str, object]:
    by, reason, at = signed
    return {
        "cca": scope.cca,
        "utility": scope.utility,
        "environment": scope.environment.value,
        "bill_cycle": batch[0],
        "month": _month(batch[1])[0],
        "act": act,
        "by": by,
        "reason": reason,
        "at": at,
    }


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)
