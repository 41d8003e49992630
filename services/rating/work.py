"""The service's use cases: each reads what it needs, decides in memory, writes, and tells.

All of one case happens in one unit of work. Changes to the accounts and usage of one CCA at one
utility take their turn under one lock, so that an enrollment and the usage that waited for it can
never miss each other, in whatever order and on whichever machine they are handled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from services.rating.accounts import Register
from services.rating.alike import Asked, Groups
from services.rating.computing import compute
from services.rating.corrections import ChargeDraft, UsageRecord, UsageState
from services.rating.desk import DeskOutcome, Known, UsageDesk
from services.rating.enroll import decide_requests
from services.rating.intervals.block import IntervalBlock
from services.rating.intervals.keeping import Origin, keep_blocks, load_intervals
from services.rating.intervals.take import Taken, take
from services.rating.messages import Occasion, announce
from services.rating.progress.place import place_bills, places_of
from services.rating.rate_usage import Rated
from services.rating.review.gate import ReviewGate
from services.rating.review.settings import ReviewSettings, load_settings
from services.rating.review.store_reviews import (
    Approval,
    Rules,
    keep_reviews,
    load_gate,
    stop_unseen,
    with_reserved,
)
from services.rating.review.window import BillWindow, bill_window
from services.rating.scope import Scope
from services.rating.store_accounts import load_register, load_requests, save_decisions
from services.rating.store_charges import (
    charge_rows,
    load_banks,
    load_charges,
    number_charges,
    save_charges,
)
from services.rating.store_tariffs import PriceBooks
from services.rating.store_usage import (
    Sought,
    held_transactions,
    load_usage,
    save_usage,
    scopes_with_holds,
)
from services.rating.tariffs.book import PriceBook
from services.rating.vee.arrival import check_arrived
from services.rating.vee.check import Checked, Subject
from services.rating.vee.copy import keep_copies
from services.rating.vee.keeping import save_checked
from shared.contracts.enrollment import EnrollmentDecided, EnrollmentReported
from shared.contracts.envelope import Envelope, Written
from shared.contracts.intervals import IntervalUsage, IntervalUsageReported
from shared.contracts.parts import Purpose, ServiceName
from shared.contracts.usage import UsageItem, UsageReported
from shared.platform.database import Database, WriteSession, wait_lock

B = TypeVar("B")

Readings = Mapping[UUID, tuple[IntervalBlock, ...]]
"""The readings of interval usage, by its transaction."""

SLICE_ITEMS: Final = 50
"""Items rated before others get their turn, where that is done in the event loop."""

RELEASE_BATCH: Final = 500
"""Held usage tried again in one unit of work."""

Put = Callable[[WriteSession, Iterable[Envelope | Written]], Awaitable[int]]
"""Says messages as part of a unit of work; `Mailbox.put`."""


@dataclass(frozen=True, slots=True)
class Released:
    """What trying held usage again came to."""

    tried: int = 0
    charged: int = 0


@dataclass(frozen=True, slots=True)
class _News:
    """Usage that has just come, with its readings and what checks found; empty for a retry."""

    items: Sequence[UsageItem] = ()
    readings: Readings = field(default_factory=dict)
    checked: Checked = field(default_factory=Checked)
    settings: ReviewSettings | None = None
    """How the CCA wants its checks and audits, where that was read for the checks."""


@dataclass(frozen=True, slots=True)
class RatingDesk:
    """The use cases, with what they share.

    Attributes:
        put: says messages.
        books: the price book, kept in memory.
        groups: plans compiled for accounts that are alike.
    """

    put: Put
    books: PriceBooks = field(default_factory=PriceBooks)
    groups: Groups = field(default_factory=Groups)

    async def apply_enrollments(self, session: WriteSession, envelope: Envelope) -> None:
        """Decide 814 requests, answer them, and charge usage that waited for them."""
        reported = _body(envelope, EnrollmentReported)
        scope = Scope.of(envelope)
        await wait_lock(session, scope.lock_key)
        accounts = frozenset(request.account_number for request in reported.items)
        register = await load_register(session, scope, accounts)
        known = await load_requests(session, scope, [r.request_id for r in reported.items])
        decided = decide_requests(reported.items, register, known)
        await save_decisions(session, scope, decided, envelope.at)
        answer = EnrollmentDecided(items=tuple(one.decision for one in decided))
        await self.put(
            session, [envelope.answer(answer, at=envelope.at, source=ServiceName.RATING)]
        )
        touched = frozenset(d.request.account_number for d in decided if d.entry is not None)
        if touched:
            occasion = Occasion(scope, envelope.at, envelope.id)
            await self._try_again(session, occasion, touched, register)

    async def take_usage(self, session: WriteSession, envelope: Envelope) -> None:
        """Charge, hold or cancel reported usage."""
        reported = _body(envelope, UsageReported)
        await self._take(session, envelope, reported.items)

    async def take_intervals(self, session: WriteSession, envelope: Envelope) -> None:
        """Keep the readings of reported interval usage, and charge, hold or cancel it."""
        reported = _body(envelope, IntervalUsageReported)
        taken = await compute(_unpack, reported.items)
        readings = {one.item.transaction_id: one.blocks for one in taken}
        added = await self._take(session, envelope, [one.item for one in taken], readings)
        brought = [
            (Origin(one.item.transaction_id, one.item.account_number), block)
            for one in added
            for block in one.blocks
        ]
        await keep_blocks(session, Scope.of(envelope), brought, envelope.at)
        await keep_copies(session, Scope.of(envelope), added, envelope.at)

    async def _take(
        self,
        session: WriteSession,
        envelope: Envelope,
        items: Sequence[UsageItem],
        readings: Readings | None = None,
    ) -> list[Subject]:
        """Work through usage; tells which was new, cancels and duplicates left out."""
        scope = Scope.of(envelope)
        await wait_lock(session, scope.lock_key)
        sought = Sought.for_items(items)
        occasion = Occasion(scope, envelope.at, envelope.id)
        register = await load_register(session, scope, sought.account_numbers)
        settings = await load_settings(session, scope.cca)
        checked = await check_arrived(session, scope, register, settings, items, readings or {})
        news = _News(items, readings or {}, checked, settings)
        desk = await self._desk(session, occasion, register, sought, news)
        await compute(_receive, desk, items, envelope.correlation_id)
        await self._finish(session, occasion, desk)
        added = desk.new_transactions()
        await save_checked(session, scope, checked, added, envelope.at)
        return [one for one in checked.subjects if one.item.transaction_id in added]

    async def release_batch(
        self, session: WriteSession, occasion: Occasion, codes: Collection[str], after: int
    ) -> tuple[Released, int | None]:
        """Try one batch of held usage again.

        Returns:
            What came of it, and where the next batch begins (`None` when this was the last).
        """
        scope = occasion.scope
        await wait_lock(session, scope.lock_key)
        found = await held_transactions(session, scope, codes, RELEASE_BATCH, after)
        if not found:
            return Released(), None
        accounts = frozenset(account for _, account in found)
        register = await load_register(session, scope, accounts)
        charged = await self._try_again(session, occasion, accounts, register)
        last = found[-1][0] if len(found) == RELEASE_BATCH else None
        return Released(tried=len(found), charged=charged), last

    async def _try_again(
        self,
        session: WriteSession,
        occasion: Occasion,
        account_numbers: frozenset[str],
        register: Register,
    ) -> int:
        desk = await self.try_on(session, occasion, account_numbers, register)
        return await self._finish(session, occasion, desk)

    async def try_on(
        self,
        session: WriteSession,
        occasion: Occasion,
        account_numbers: frozenset[str],
        register: Register,
        book: PriceBook | None = None,
    ) -> UsageDesk:
        """Try everything held of some accounts again, in memory alone.

        Args:
            session: where to read; nothing is written.
            occasion: whose accounts, and when.
            account_numbers: the accounts.
            register: their agreements.
            book: prices to try it with; those that are active when left out.
        """
        sought = Sought(account_numbers)
        desk = await self._desk(session, occasion, register, sought, _News(), book=book)
        await compute(desk.retry, account_numbers)
        return desk

    async def charge_approved(
        self, session: WriteSession, occasion: Occasion, approval: Approval
    ) -> Sequence[ChargeDraft]:
        """Charge usage exactly as it was computed and looked at.

        Returns:
            The charges that leave; usage whose days were taken meanwhile is held again.
        """
        accounts = frozenset(charge.account_number for charge in approval.charges.values())
        register = await load_register(session, occasion.scope, accounts)
        sought = Sought(accounts)
        desk = await self._desk(session, occasion, register, sought, _News(), approval=approval)
        await compute(desk.retry, accounts)
        return await self.keep(session, occasion, desk.outcome())

    async def _desk(
        self,
        session: WriteSession,
        occasion: Occasion,
        register: Register,
        sought: Sought,
        news: _News,
        book: PriceBook | None = None,
        approval: Approval | None = None,
    ) -> UsageDesk:
        records = await load_usage(session, occasion.scope, sought)
        charges = await load_charges(session, _may_be_reversed(records, news.items))
        current = await self.books.current(session)
        book = book or current
        banks = {}
        if book is not None and book.nets(occasion.scope.cca, occasion.scope.utility):
            banks = await load_banks(session, occasion.scope, sought.account_numbers)
        held = [r.transaction_id for r in records if r.item is not None and r.item.intervals]
        stored = {**await load_intervals(session, held), **news.readings}
        known_before = (records, charges)
        accounts = sought.account_numbers
        found = news.checked.by_transaction()
        settings = news.settings or await load_settings(session, occasion.scope.cca)
        rules = Rules(register, settings, _window_of(occasion, current))
        gate = await load_gate(session, occasion, rules, known_before, accounts, approval, found)
        gate.book = book
        reserved = {key: r.draft for key, r in gate.waiting.items() if not r.rerated}
        priced: Mapping[UUID, Rated] = {}
        again = [r.item for r in records if r.item is not None and r.state is UsageState.HELD]
        items = news.items or (again if approval is None else ())
        if book is not None and items:
            groups = self.groups if book is current else Groups()
            asked = Asked(occasion.scope, occasion.on)
            priced = await compute(groups.rate, items, register, book, asked, stored)
        banks = with_reserved(banks, reserved)
        known = Known(tuple(records), charges, banks, stored, reserved, priced)
        return UsageDesk(occasion.scope, register, book, occasion.on, known, gate)

    async def _finish(self, session: WriteSession, occasion: Occasion, desk: UsageDesk) -> int:
        return len(await self.keep(session, occasion, desk.outcome()))

    async def keep(
        self,
        session: WriteSession,
        occasion: Occasion,
        outcome: DeskOutcome,
        approved: frozenset[UUID] = frozenset(),
    ) -> Sequence[ChargeDraft]:
        """Number the charges of an outcome, write all that changed, and tell.

        Args:
            session: where to write.
            occasion: whose charges, and when.
            outcome: what changed.
            approved: charges that a person has looked at and lets go.

        Returns:
            The charges that leave with their invoice numbers, in the order of the outcome;
            those that must be reviewed before are not among them.
        """
        window = await self._window(session, occasion, outcome)
        gate, leaving = await stop_unseen(session, occasion, outcome, window, approved)
        idle = gate is None or not gate.opened
        if idle and not outcome.added and not outcome.changed and not outcome.charges:
            return ()
        charges = await number_charges(session, occasion.scope, leaving)
        # Worded beside the event loop while the database writes.
        about = (occasion.scope, charges, occasion.on, occasion.at)
        rows = asyncio.create_task(compute(charge_rows, *about))
        words = asyncio.create_task(compute(announce, occasion, outcome, charges))
        try:
            await save_usage(session, occasion.scope, outcome, occasion.at)
            await save_charges(session, await rows)
            if gate is not None:
                await keep_reviews(session, occasion, outcome, gate)
            places = places_of(occasion, outcome, charges, gate, window)
            await place_bills(session, occasion.scope, places)
            await self.put(session, await words)
        finally:
            rows.cancel()  # where writing failed
            words.cancel()
        return charges

    async def _window(
        self, session: WriteSession, occasion: Occasion, outcome: DeskOutcome
    ) -> BillWindow | None:
        """The utility's clock; the gate that judged an outcome has it already."""
        if isinstance(outcome.door, ReviewGate):
            return outcome.door.window
        return _window_of(occasion, await self.books.current(session))


async def release_holds(
    desk: RatingDesk, database: Database, codes: Collection[str], at: datetime
) -> Released:
    """Try everything held under some codes again, e.g. `RATE_NOT_FOUND` after an import.

    Works in batches, each in a unit of work of its own: a crash keeps what is done, and a second
    run takes up the rest.
    """
    async with database.unit_of_work() as session:
        scopes = await scopes_with_holds(session, codes)
    total = Released()
    for scope in scopes:
        after: int | None = 0
        while after is not None:
            async with database.unit_of_work() as session:
                done, after = await desk.release_batch(session, Occasion(scope, at), codes, after)
            total = Released(total.tried + done.tried, total.charged + done.charged)
    return total


def _window_of(occasion: Occasion, book: PriceBook | None) -> BillWindow | None:
    """The utility's clock with the holidays that are active; the program's before anything is."""
    calendars = book.calendars if book else None
    return bill_window(occasion.scope.utility, calendars, occasion.on)


def _receive(desk: UsageDesk, items: Iterable[UsageItem], correlation_id: UUID) -> None:
    for record in [UsageRecord.of(item, correlation_id) for item in items]:
        desk.receive(record)
    desk.settle()


def _unpack(items: Iterable[IntervalUsage]) -> list[Taken]:
    return [take(item) for item in items]


def _may_be_reversed(records: Iterable[UsageRecord], items: Sequence[UsageItem]) -> list[UUID]:
    """Charged usage that a correction, new or waiting, may be about."""
    rows = list(records)
    corrections = [UsageRecord.of(i, i.transaction_id) for i in items if _corrects(i.purpose)]
    corrections += [r for r in rows if r.state is UsageState.HELD and _corrects(r.purpose)]
    named = {c.original_usage_id for c in corrections if c.original_usage_id}
    nameless = [c for c in corrections if not c.original_usage_id]
    return [
        row.transaction_id
        for row in rows
        if row.state is UsageState.CHARGED
        and row.purpose is not Purpose.CANCEL
        and (row.usage_id in named or any(row.same_period(c) for c in nameless))
    ]


def _corrects(purpose: Purpose) -> bool:
    return purpose is not Purpose.ORIGINAL


def _body(envelope: Envelope, kind: type[B]) -> B:
    if not isinstance(envelope.body, kind):
        raise TypeError(f"expected {kind.__name__}, got {envelope.type}")
    return envelope.body
