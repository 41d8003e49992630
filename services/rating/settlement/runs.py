"""Records a yearly settlement, and books it once a second person approves.

What is prepared is kept as it was worked out, with the policy that says so. Approving works it out
again: when bills or corrections came in between, the run is out of date and nothing is booked.
Booked is a move in each customer's balance, added and never changed; the next bill applies it as a
credit line. Cheques are listed for finance and are nothing that we pay.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import Row, insert, select

from services.rating.nem_year import YearEnd, settle_accounts
from services.rating.scope import Scope
from services.rating.store import SETTLEMENT
from services.rating.store_accounts import in_scope
from services.rating.store_activation import REASON_LENGTH_MAX
from services.rating.tariffs.book import PriceBook
from shared.platform.database import ReadSession, WriteSession, wait_lock
from shared.platform.refusals import Refusal

RUNS_MAX: Final = 200
_LEAP_DAY: Final = (2, 29)


class NothingToSettle(Refusal):
    """No customer of the CCA has a year that ends so."""

    code: ClassVar[str] = "NOTHING_TO_SETTLE"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "There is nothing to settle"


class SettlementUnknown(Refusal):
    """No such run was prepared."""

    code: ClassVar[str] = "SETTLEMENT_UNKNOWN"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "The settlement run is not known"


class AnotherPersonNeeded(Refusal):
    """Whoever prepared a run cannot approve it."""

    code: ClassVar[str] = "SECOND_PERSON_NEEDED"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Another person must approve the settlement"


class YearSettled(Refusal):
    """Days of the year were settled before."""

    code: ClassVar[str] = "YEAR_SETTLED"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The year is settled already"


class SettlementOutOfDate(Refusal):
    """Since the run was prepared, usage or balances have changed."""

    code: ClassVar[str] = "SETTLEMENT_OUT_OF_DATE"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The settlement must be prepared again"


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run: what was asked, who prepared it and who let it count."""

    run_id: int
    ended_on: date
    nsc_micro: int
    prepared_by: str
    prepared_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What one service agreement's year ends in, as the run recorded it; cents and 1e-6 kWh."""

    account_number: str
    service_agreement_id: str
    bills: int
    surplus_micro: int
    rate_micro: int
    balance_cents: int
    earned_cents: int
    paid_cents: int
    how: str
    next_balance_cents: int
    settled_through: date
    ended_cents: int
    policy: dict[str, Any]

    @property
    def compensation_cents(self) -> int:
        """What is put into the balance, for the next bills to apply."""
        return self.paid_cents if self.how == "bill_credit" else 0


@dataclass(frozen=True, slots=True)
class Run:
    """A run and its ends, by account."""

    head: RunHead
    ends: tuple[RunEnd, ...]


def year_of(ended_on: date) -> tuple[date, date]:
    """The year that ends with a closing read: after the first day, not after the last."""
    leap = (ended_on.month, ended_on.day) == _LEAP_DAY
    return ended_on.replace(year=ended_on.year - 1, day=28 if leap else ended_on.day), ended_on


async def prepare(
    session: WriteSession,
    scope: Scope,
    book: PriceBook,
    asked: tuple[date, int],
    by: str,
    at: datetime,
) -> Run:
    """Work out a year and record it; the same again gives the same run.

    Args:
        session: where to read and write.
        scope: the CCA, utility and environment.
        book: the tariffs.
        asked: the last closing read of the year, and the net surplus compensation rate in 1e-6
            dollars per kWh.
        by: who prepares it.
        at: now.

    Raises:
        YearSettled: days of the year are settled already.
        NothingToSettle: nobody's year ends so.
    """
    ended_on, nsc_micro = asked
    await wait_lock(session, scope.lock_key)
    await _refuse_settled(session, scope, ended_on)
    ends = await settle_accounts(session, scope, book, year_of(ended_on), nsc_micro)
    if not ends:
        raise NothingToSettle(f"no customer of {scope.cca} has a year that ends by {ended_on}")
    digest, t = _digest(ends, nsc_micro), SETTLEMENT.runs.c
    known = await session.scalar(
        select(t.run_id).where(
            *in_scope(SETTLEMENT.runs, scope), t.ended_on == ended_on, t.digest == digest
        )
    )
    if known is not None:
        return await load_run(session, scope, known)
    where = scope.values
    run_id = await session.scalar(
        insert(SETTLEMENT.runs)
        .values(
            **where,
            ended_on=ended_on,
            nsc_micro=nsc_micro,
            digest=digest,
            prepared_by=by,
            prepared_at=at,
        )
        .returning(t.run_id)
    )
    await session.execute(
        insert(SETTLEMENT.ends), [{"run_id": run_id, **_end_row(end)} for end in ends]
    )
    return await load_run(session, scope, int(run_id or 0))


async def approve(
    session: WriteSession,
    scope: Scope,
    book: PriceBook,
    run_id: int,
    signed: tuple[str, str],
    at: datetime,
) -> Run:
    """Book a prepared run: balances move now, and the next bills apply what they hold.

    Args:
        session: where to read and write.
        scope: the CCA, utility and environment.
        book: the tariffs.
        run_id: the run.
        signed: who approves it, and why.
        at: now.

    Raises:
        SettlementUnknown, AnotherPersonNeeded, YearSettled, SettlementOutOfDate: see the classes.
    """
    by, reason = signed
    await wait_lock(session, scope.lock_key)
    run = await load_run(session, scope, run_id)
    head = run.head
    if head.prepared_by == by:
        raise AnotherPersonNeeded(f"{by} prepared run {run_id}; somebody else must approve it")
    await _refuse_settled(session, scope, head.ended_on)
    now = await settle_accounts(session, scope, book, year_of(head.ended_on), head.nsc_micro)
    recorded = await session.scalar(
        select(SETTLEMENT.runs.c.digest).where(SETTLEMENT.runs.c.run_id == run_id)
    )
    if _digest(now, head.nsc_micro) != recorded:
        raise SettlementOutOfDate(f"usage or balances changed since run {run_id} was prepared")
    where = scope.values
    await session.execute(
        insert(SETTLEMENT.approvals).values(
            run_id=run_id,
            **where,
            ended_on=head.ended_on,
            prepared_by=head.prepared_by,
            approved_by=by,
            reason=reason[:REASON_LENGTH_MAX],
            approved_at=at,
        )
    )
    await _move(session, run, where, at)
    return await load_run(session, scope, run_id)


async def _move(session: WriteSession, run: Run, where: Mapping[str, object], at: datetime) -> None:
    """Move the balances of everybody whose year changes theirs."""
    moves = [
        {
            "run_id": run.head.run_id,
            "account_number": end.account_number,
            "service_agreement_id": end.service_agreement_id,
            **where,
            "settled_through": end.settled_through,
            "ended_cents": end.ended_cents,
            "compensation_cents": end.compensation_cents,
            "moved_at": at,
        }
        for end in run.ends
        if end.ended_cents or end.compensation_cents
    ]
    if moves:
        await session.execute(insert(SETTLEMENT.moves), moves)


async def load_run(session: ReadSession | WriteSession, scope: Scope, run_id: int) -> Run:
    """Read a run with its ends.

    Raises:
        SettlementUnknown: the CCA has no such run.
    """
    heads = await list_runs(session, scope, run_id)
    if not heads:
        raise SettlementUnknown(f"{scope.cca} has no settlement run {run_id}")
    t = SETTLEMENT.ends.c
    rows = await session.execute(
        select(SETTLEMENT.ends)
        .where(t.run_id == run_id)
        .order_by(t.account_number, t.service_agreement_id)
    )
    return Run(heads[0], tuple(_end(row) for row in rows))


async def list_runs(
    session: ReadSession | WriteSession, scope: Scope, run_id: int | None = None
) -> list[RunHead]:
    """Read the runs of a CCA, latest first."""
    r, a = SETTLEMENT.runs.c, SETTLEMENT.approvals.c
    wanted = [] if run_id is None else [r.run_id == run_id]
    rows = await session.execute(
        select(
            *(r.run_id, r.ended_on, r.nsc_micro, r.prepared_by, r.prepared_at),
            *(a.approved_by, a.approved_at),
        )
        .outerjoin(SETTLEMENT.approvals, a.run_id == r.run_id)
        .where(*in_scope(SETTLEMENT.runs, scope), *wanted)
        .order_by(r.run_id.desc())
        .limit(RUNS_MAX)
    )
    return [RunHead(*row) for row in rows]


async def _refuse_settled(session: WriteSession, scope: Scope, ended_on: date) -> None:
    """A day is settled once: years of approved runs must not overlap the one that is asked for."""
    t = SETTLEMENT.approvals.c
    first, _ = year_of(ended_on)
    settled = await session.scalars(
        select(t.ended_on).where(*in_scope(SETTLEMENT.approvals, scope), t.ended_on > first)
    )
    for other in settled:
        if year_of(other)[0] < ended_on:
            raise YearSettled(f"the year until {other} is settled")


def _end_row(end: YearEnd) -> dict[str, Any]:
    done = end.settlement
    return {
        "account_number": end.account_number,
        "service_agreement_id": end.service_agreement_id,
        "bills": end.bills,
        "surplus_micro": done.surplus_micro,
        "rate_micro": end.rate_micro,
        "balance_cents": end.balance_cents,
        "earned_cents": done.earned_cents,
        "paid_cents": done.paid_cents,
        "how": done.how,
        "next_balance_cents": end.next_balance_cents,
        "settled_through": end.settled_through,
        "ended_cents": end.ended_cents,
        "policy": end.policy.model_dump(mode="json"),
    }


def _end(row: Row[Any]) -> RunEnd:
    return RunEnd(**{name: getattr(row, name) for name in RunEnd.__slots__})


def _digest(ends: Sequence[YearEnd], nsc_micro: int) -> str:
    told = json.dumps([nsc_micro, [_end_row(end) for end in ends]], default=str, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
