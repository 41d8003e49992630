"""Looks at the clock: proves the value hold every day, and warns before bill windows close.

It runs beside the service once a minute. Each alarm is raised once, when it becomes true; the
gauges say at any moment how many things it is true of.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import and_, case, func, not_, select, text, update

from services.rating.progress.stages import Stage
from services.rating.review.figures import (
    BILL_WINDOWS,
    REVIEWS_EXPIRED,
    REVIEWS_OPEN,
    VALUE_HOLD_FAILED,
)
from services.rating.review.proof import (
    PROVED_CLASSES,
    SCHEDULE,
    billing_scopes,
    last_test_days,
    prove_and_keep,
)
from services.rating.review.tables import OPEN_REVIEW
from services.rating.review.window import Standing
from services.rating.scope import UTILITY_ZONE
from services.rating.store import PROGRESS, REVIEW
from services.rating.store_tariffs import PriceBooks
from shared.platform.clock import Clock
from shared.platform.database import Database, WriteSession, wait_lock
from shared.platform.lifecycle import Loop
from shared.platform.loops import look_every
from shared.platform.telemetry import logger

log = logger(__name__)

TICK_S: Final = 60.0
WARN_BEFORE: Final = timedelta(hours=24)
"""So long before a bill window closes, people are told."""

WATCH_LOCK: Final = "rating/review/watch"
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReviewWatch:
    """What runs beside the service.

    Attributes:
        database: where reviews and windows are kept.
        clock: tells the time.
        books: prices, for the desk that the synthetic charge goes through.
    """

    database: Database
    clock: Clock
    books: PriceBooks

    def loop(self) -> Loop:
        """What the service's lifecycle runs."""
        return Loop("rating review watch", self.run)

    async def run(self) -> None:
        """Look once a minute, for ever."""
        await look_every(TICK_S, self.tick)

    async def tick(self) -> None:
        """Do what is due now; processes take turns, and what one has done is not due again."""
        at = self.clock.now()
        for work in (self._prove, look_at_windows, look_at_reviews):
            async with self.database.unit_of_work() as session:
                await wait_lock(session, WATCH_LOCK)
                await work(session, at)

    async def _prove(self, session: WriteSession, at: datetime) -> None:
        book = await self.books.current(session)
        if book is None:
            return
        today = at.astimezone(UTILITY_ZONE).date()
        tested = await last_test_days(session)
        for scope in await billing_scopes(session):
            last = tested.get(scope.cca)
            if last == today:
                continue
            _tell_missed(scope.cca, last, today)
            await prove_and_keep(session, scope, book, at, SCHEDULE)


def _tell_missed(cca: str, last: date | None, today: date) -> None:
    if last is None or last >= today - _ONE_DAY:
        return
    for customer_class in PROVED_CLASSES:
        VALUE_HOLD_FAILED.labels(cca, customer_class.value).inc()
    log.error("value hold was not tested", cca=cca, last_test=last.isoformat())


async def look_at_windows(session: WriteSession, at: datetime) -> None:
    """Tell of bill windows that close, or have closed, on bills that are not accepted yet."""
    b = PROGRESS.bills
    left_in_time = and_(b.c.stage == Stage.SENT.value, b.c.sent_at <= b.c.due_at)
    missed = await session.execute(
        update(b)
        .where(b.c.is_open, b.c.due_at < at, b.c.missed_at.is_(None), not_(left_in_time))
        .values(missed_at=at, warned_at=func.coalesce(b.c.warned_at, at))
        .returning(b.c.cca, b.c.utility, b.c.stage)
    )
    for (cca, utility, stage), count in Counter(map(tuple, missed)).items():
        log.error("bill window missed", cca=cca, utility=utility, stage=stage, bills=count)
    closing = await session.execute(
        update(b)
        .where(b.c.is_open, b.c.due_at >= at, b.c.due_at <= at + WARN_BEFORE)
        .where(b.c.warned_at.is_(None))
        .values(warned_at=at)
        .returning(b.c.cca, b.c.utility, b.c.stage)
    )
    for (cca, utility, stage), count in Counter(map(tuple, closing)).items():
        log.warning("bill window closes soon", cca=cca, utility=utility, stage=stage, bills=count)
    standing = case(
        (and_(b.c.due_at < at, left_in_time), Standing.UNANSWERED.value),
        (b.c.due_at < at, Standing.MISSED.value),
        (b.c.due_at <= at + WARN_BEFORE, Standing.CLOSING.value),
        else_=Standing.OPEN.value,
    )
    counts = await session.execute(
        select(b.c.cca, b.c.utility, standing, func.count())
        .where(b.c.is_open, b.c.due_at.is_not(None))
        .group_by(b.c.cca, b.c.utility, standing)
    )
    BILL_WINDOWS.clear()
    for cca, utility, how, count in counts:
        BILL_WINDOWS.labels(cca, utility, how).set(count)


async def look_at_reviews(session: WriteSession, at: datetime) -> None:
    """Tell of charges that are still under review when little time is left."""
    r = REVIEW.reviews
    expired = await session.execute(
        update(r)
        .where(text(OPEN_REVIEW), r.c.expires_at <= at, r.c.expiry_told_at.is_(None))
        .values(expiry_told_at=at)
        .returning(r.c.cca, r.c.utility)
    )
    for (cca, utility), count in Counter(map(tuple, expired)).items():
        REVIEWS_EXPIRED.labels(cca, utility).inc(count)
        log.error("charges still under review", cca=cca, utility=utility, charges=count)
    counts = await session.execute(
        select(r.c.cca, r.c.utility, func.count())
        .where(text(OPEN_REVIEW))
        .group_by(r.c.cca, r.c.utility)
    )
    REVIEWS_OPEN.clear()
    for cca, utility, count in counts:
        REVIEWS_OPEN.labels(cca, utility).set(count)
