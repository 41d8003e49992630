"""Reads the counts of a month that are kept with the bills, instead of adding up the bills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import and_, func, or_, select

from services.rating.progress.place import COVERED, ROSTER, UNKNOWN
from services.rating.progress.stages import COUNTED, Stage
from services.rating.scope import Scope
from services.rating.store import PROGRESS
from services.rating.store_accounts import in_scope
from shared.platform.database import ReadSession


@dataclass(slots=True)
class BatchCounts:
    """The counts of one batch.

    Attributes:
        roster: agreements that are to be billed in the month.
        covered: of these, with a bill in whatever stage.
        unknown: agreements that have one and are not on the roster.
        bills: bills by stage, and why they wait or were rejected.
    """

    roster: int = 0
    covered: int = 0
    unknown: int = 0
    bills: Counter[tuple[Stage, str]] = field(default_factory=Counter)

    def at(self, *stages: Stage) -> int:
        """Bills at some stages."""
        return sum(count for (stage, _), count in self.bills.items() if stage in stages)


async def load_counts(session: ReadSession, scope: Scope, month: date) -> dict[str, BatchCounts]:
    """The counts of every batch of a month that has any, by bill cycle in order.

    Args:
        session: where to read.
        scope: whose batches.
        month: its first day.
    """
    t = PROGRESS.counts.c
    of_month = (COVERED, UNKNOWN, *(stage.value for stage in COUNTED))
    found = await session.execute(
        select(t.bill_cycle, t.what, t.reason, func.sum(t.count))
        .where(
            *in_scope(PROGRESS.counts, scope),
            or_(
                and_(t.what.in_(of_month), t.month == month),
                and_(t.what == ROSTER, t.month <= month),
            ),
        )
        .group_by(t.bill_cycle, t.what, t.reason)
        .having(func.sum(t.count) != 0)
        .order_by(t.bill_cycle)
    )
    counts: dict[str, BatchCounts] = {}
    for cycle, what, reason, count in found:
        batch = counts.setdefault(cycle, BatchCounts())
        if what in {ROSTER, COVERED, UNKNOWN}:
            setattr(batch, what, int(count))
        else:
            batch.bills[Stage(what), reason] = int(count)
    return counts


async def newest_month(session: ReadSession, scopes: Sequence[Scope]) -> date | None:
    """The first day of the newest month in which any of some scopes has bills."""
    t = PROGRESS.counts.c
    newest: date | None = None
    for scope in scopes:
        found = await session.scalar(
            select(t.month)
            .where(*in_scope(PROGRESS.counts, scope), t.what.in_([s.value for s in COUNTED]))
            .group_by(t.month)
            .having(func.sum(t.count) != 0)
            .order_by(t.month.desc())
            .limit(1)
        )
        if found is not None and (newest is None or found > newest):
            newest = found
    return newest
