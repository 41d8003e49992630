"""Compares three counts of a month: our register, the utility's list, and what was billed.

No utility sends a list of its CCA customers by itself. What it holds for one, it shows by reading
the meter: the list of a month is the agreements for which an 867 came whose period ends in it. The
register is what its 814s have made of ours. Every agreement that is in one count and not in the
next is listed with the reason.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, select, union

from services.rating.accounts import Agreement, Register
from services.rating.progress.counts import BatchCounts, load_counts
from services.rating.progress.roster import roster_cycle
from services.rating.progress.stages import Stage, month_of
from services.rating.scope import Scope
from services.rating.store import ACCOUNTS, PROGRESS
from services.rating.store_accounts import among, in_scope, load_register
from shared.contracts.parts import Purpose
from shared.platform.database import ReadSession

ACCOUNTS_AT_ONCE: Final = 1_000
"""Accounts that one question looks through."""

BILLED: Final = frozenset({Stage.SENT, Stage.ACCEPTED})

NO_USAGE: Final = "no_usage"
"""On the register, and no 867 of the month."""
NOT_ON_REGISTER: Final = "not_on_register"
"""An 867 came, and the agreement is not on the month's register."""
SECOND_BILL: Final = "second_bill"
"""More bills than agreements: somebody has two in the month."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Why so many are in one count and not in the next.

    Attributes:
        reason: `no_usage` and `not_on_register` between register and list, `second_bill` and the
            stages of bills between list and bills.
        code: why a bill is held or was rejected.
    """

    reason: str
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """The three counts of one bill cycle in one month.

    register - no_usage + not_on_register = listed; listed + second_bill - all other gaps = billed.

    Attributes:
        register: agreements that are served in the month.
        listed: agreements for which the utility sent usage of the month.
        billed: bills whose 810 left for the utility and was not rejected.
    """

    bill_cycle: str
    month: date
    register: int
    listed: int
    billed: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class GapRow:
    """One agreement that is in one count and not in the next."""

    account_number: str
    service_agreement_id: str
    meters: tuple[str, ...]
    bill_cycle: str
    reason: str
    code: str


@dataclass(frozen=True, slots=True)
class GapPage:
    """What was found among the accounts looked through; `next_after` asks for those after them."""

    rows: tuple[GapRow, ...]
    next_after: str | None


async def three_way(session: ReadSession, scope: Scope, month: date) -> list[ThreeWay]:
    """The three counts of every bill cycle in the month of a day, from the counts that are kept."""
    counts = await load_counts(session, scope, month_of(month))
    return [_compared(cycle, month_of(month), batch) for cycle, batch in counts.items()]


def _compared(cycle: str, month: date, counts: BatchCounts) -> ThreeWay:
    listed = counts.covered + counts.unknown
    waiting = sorted((key, n) for key, n in counts.bills.items() if key[0] not in BILLED)
    gaps = (
        Gap(NO_USAGE, "", counts.roster - counts.covered),
        Gap(NOT_ON_REGISTER, "", counts.unknown),
        Gap(SECOND_BILL, "", counts.bills.total() - listed),
        *(Gap(stage, code, n) for (stage, code), n in waiting),
    )
    return ThreeWay(
        *(cycle, month, counts.roster, listed, counts.at(*BILLED)),
        tuple(gap for gap in gaps if gap.count),
    )


async def gap_rows(
    session: ReadSession, scope: Scope, month: date, reason: str | None, after: str
) -> GapPage:
    """The agreements behind the gaps, by account number, a bounded number of accounts at a time."""
    first = month_of(month)
    numbers = await _accounts(session, scope, first, after)
    register = await load_register(session, scope, numbers)
    b = PROGRESS.bills
    found = await session.execute(
        select(b)
        .where(
            *in_scope(b, scope),
            among(b.c.account_number, numbers),
            b.c.month == first,
            b.c.purpose != Purpose.CANCEL.value,
            b.c.stage != Stage.GONE.value,
        )
        .order_by(b.c.account_number, b.c.transaction_id)
    )
    bills: dict[str, list[Row[Any]]] = {}
    for row in found:
        bills.setdefault(row.account_number, []).append(row)
    rows = [
        row
        for number in numbers
        for row in _gaps(number, register, bills.get(number, ()), first)
        if reason in (None, row.reason)
    ]
    full = len(numbers) == ACCOUNTS_AT_ONCE
    return GapPage(tuple(rows), numbers[-1] if full else None)


async def every_gap(
    reading: Callable[[], AbstractAsyncContextManager[ReadSession]],
    scope: Scope,
    month: date,
    reason: str | None = None,
) -> AsyncIterator[Sequence[GapRow]]:
    """All agreements behind the gaps, in parts."""
    after: str | None = ""
    while after is not None:
        async with reading() as session:
            page = await gap_rows(session, scope, month, reason, after)
        after = page.next_after
        yield page.rows


async def _accounts(session: ReadSession, scope: Scope, month: date, after: str) -> list[str]:
    """The next accounts by number, of the register and of the month's usage."""
    a, b = ACCOUNTS, PROGRESS.bills
    known = (
        select(a.c.account_number)
        .where(*in_scope(a, scope), a.c.account_number > after)
        .order_by(a.c.account_number)
        .limit(ACCOUNTS_AT_ONCE)
    )
    seen = (
        select(b.c.account_number)
        .where(*in_scope(b, scope), b.c.month == month, b.c.account_number > after)
        .order_by(b.c.account_number)
        .limit(ACCOUNTS_AT_ONCE)
    )
    both = union(known.subquery().select(), seen.subquery().select()).subquery()
    found = await session.scalars(
        select(both.c.account_number).order_by(both.c.account_number).limit(ACCOUNTS_AT_ONCE)
    )
    return list(found)


def _gaps(number: str, register: Register, bills: Sequence[Row[Any]], month: date) -> list[GapRow]:
    agreements = register.accounts.get(number, {})
    rows = []
    for agreement in agreements.values():
        cycle = roster_cycle(agreement.entries, month)
        covered = any(
            bill.is_expected and bill.service_agreement_id == agreement.service_agreement_id
            for bill in bills
        )
        if cycle is not None and not covered:
            rows.append(_row(number, agreement.service_agreement_id, agreement, cycle, NO_USAGE))
    seen: set[str] = set()
    for bill in bills:
        key = bill.service_agreement_id
        known = agreements.get(key)
        if key in seen:
            rows.append(_row(number, key, known, bill.bill_cycle, SECOND_BILL))
        elif not bill.is_expected:
            rows.append(_row(number, key, known, bill.bill_cycle, NOT_ON_REGISTER))
        seen.add(key)
        if bill.stage not in BILLED:
            rows.append(_row(number, key, known, bill.bill_cycle, bill.stage, bill.reason))
    return rows


def _row(
    number: str, key: str, agreement: Agreement | None, cycle: str, reason: str, code: str = ""
) -> GapRow:
    meters = tuple(sorted(agreement.meters)) if agreement else ()
    return GapRow(number, key, meters, cycle, reason, code)
