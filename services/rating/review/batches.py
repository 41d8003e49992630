"""Batches: the bills of one CCA, utility and bill cycle in a month, counted by how far they came.

A charge leaves by itself as soon as it is computed, unless the CCA releases its batches by hand:
then everything that no audit holds waits for one release of the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Text, insert, select

from services.rating.messages import Occasion
from services.rating.progress.counts import BatchCounts, load_counts
from services.rating.progress.place import typed
from services.rating.progress.stages import Stage, month_after, month_of
from services.rating.review.decide import RELEASE_BATCH, release
from services.rating.review.registry import AWAITING_RELEASE
from services.rating.scope import Scope
from services.rating.store import REVIEW
from services.rating.store_accounts import in_scope
from services.rating.work import RatingDesk
from shared.platform.database import Database, ReadSession, WriteSession, wait_lock

_DUE: Final = typed(
    """
    SELECT k.bill_cycle, first.due_at
      FROM unnest(:bill_cycle) AS k(bill_cycle) CROSS JOIN LATERAL (
        SELECT b.due_at FROM rating.bills b
         WHERE b.bill_cycle = k.bill_cycle AND b.month = :month AND b.is_open
           AND b.cca = :cca AND b.utility = :utility AND b.environment = :environment
         ORDER BY b.due_at LIMIT 1
      ) first
    """,
    {"bill_cycle": Text()},
)


@dataclass(frozen=True, slots=True)
class Batch:
    """How far the bills of one cycle came in one month.

    `received` is what is held, under review, awaiting release, charged and not billed together;
    what is charged goes on to be sent, and then accepted or rejected.

    Attributes:
        bill_cycle: the utility's cycle; empty for agreements whose 814 named none.
        month: its first day; a bill belongs to the month of its closing read.
        expected: agreements that are served in the month.
        received: usage that came and is not cancelled.
        held: usage that cannot be charged yet.
        under_review: charges that an audit holds.
        awaiting_release: charges that leave with the batch.
        charged: charges that left for the gateway.
        sent: of these, whose 810 left for the utility.
        accepted: of these, which the utility accepted.
        rejected: of these, which it rejected.
        not_billed: usage whose bill the utility computes (rate-ready).
        missing: agreements that are expected and without usage.
        due_at: when the first bill window closes among bills that are not accepted yet.
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
    sent: int
    accepted: int
    rejected: int
    not_billed: int
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
    """Every batch of a scope in the month of a day, from the counts that are kept of it."""
    first = month_of(month)
    counts = await load_counts(session, scope, first)
    owners = await _owners(session, scope, first)
    due = await _due(session, scope, first, list(counts))
    return [
        _batch(cycle, first, batch, due.get(cycle), owners.get(cycle))
        for cycle, batch in counts.items()
    ]


def _batch(
    cycle: str, month: date, counts: BatchCounts, due_at: datetime | None, owner: str | None
) -> Batch:
    accepted, rejected = counts.at(Stage.ACCEPTED), counts.at(Stage.REJECTED)
    sent = counts.at(Stage.SENT) + accepted + rejected
    return Batch(
        bill_cycle=cycle,
        month=month,
        expected=counts.roster,
        received=counts.bills.total(),
        held=counts.at(Stage.HELD),
        under_review=counts.at(Stage.UNDER_REVIEW),
        awaiting_release=counts.at(Stage.AWAITING_RELEASE),
        charged=counts.at(Stage.CHARGED) + sent,
        sent=sent,
        accepted=accepted,
        rejected=rejected,
        not_billed=counts.at(Stage.NOT_BILLED),
        missing=max(0, counts.roster - counts.covered),
        due_at=due_at,
        owner=owner,
    )


async def _due(
    session: ReadSession, scope: Scope, month: date, cycles: Sequence[str]
) -> dict[str, datetime | None]:
    values: dict[str, object] = {"bill_cycle": list(cycles), "month": month}
    found = await session.execute(_DUE, values | scope.values)
    return {row.bill_cycle: row.due_at for row in found}


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
            await wait_lock(session, occasion.scope.lock_key)  # whoever releases it too comes after
            ids = await _awaiting(session, occasion.scope, batch, by, after)
            if not ids:
                return BatchReleased(left, stuck)
            done = await release(session, desk, occasion, ids, by, reason)
        after = ids[-1]
        left, stuck = left + len(ids) - done.held, stuck + done.held


async def _awaiting(
    session: WriteSession, scope: Scope, batch: tuple[str, date], by: str, after: int
) -> list[int]:
    t = REVIEW.reviews.c
    first, following = month_of(batch[1]), month_after(batch[1])
    found = await session.scalars(
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
    return list(found)


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
        **scope.values,
        "bill_cycle": batch[0],
        "month": month_of(batch[1]),
        "act": act,
        "by": by,
        "reason": reason,
        "at": at,
    }
