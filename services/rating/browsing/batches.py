"""What somebody asks about one batch: what its release would send, and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select

from services.rating.review.registry import AWAITING_RELEASE
from services.rating.scope import Scope
from services.rating.store import REVIEW
from services.rating.store_accounts import in_scope
from shared.contracts.measures import from_cents
from shared.platform.database import ReadSession


@dataclass(frozen=True, slots=True)
class AwaitingMoney:
    """Charges that leave with their batch, and their sum in dollars."""

    charges: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class BatchAct:
    """What somebody did about a batch: `assign` to an owner, or `release`."""

    act: str
    owner: str | None
    by: str
    reason: str
    at: datetime


async def batch_acts(
    session: ReadSession, scope: Scope, bill_cycle: str, month: date
) -> list[BatchAct]:
    """Everything done about a batch, latest first."""
    t = REVIEW.batch_acts.c
    found = await session.execute(
        select(t.act, t.owner, t.by, t.reason, t.at)
        .where(
            *in_scope(REVIEW.batch_acts, scope),
            t.month == month.replace(day=1),
            t.bill_cycle == bill_cycle,
        )
        .order_by(t.act_id.desc())
    )
    return [BatchAct(*row) for row in found]


async def awaiting_money(
    session: ReadSession, scope: Scope, bill_cycle: str, month: date
) -> AwaitingMoney:
    """Count what waits only for the release of its batch."""
    t = REVIEW.reviews.c
    first = month.replace(day=1)
    found = await session.execute(
        select(func.count(), func.coalesce(func.sum(t.total_cents), 0)).where(
            *in_scope(REVIEW.reviews, scope),
            t.state == "waiting",
            t.codes == [AWAITING_RELEASE],
            t.bill_cycle == bill_cycle,
            t.period_end >= first,
            t.period_end < (first + timedelta(days=31)).replace(day=1),
        )
    )
    count, cents = found.one()
    return AwaitingMoney(count, from_cents(int(cents)))
