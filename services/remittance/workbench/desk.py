"""Everything that can be done at the workbench, one unit of work each: ask, approve, undo.

Console and API act through it. What one person may decide over is done at once; what is above
their limit waits until somebody else approves it, and is checked again at that moment.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import Row, insert, select

from services.remittance.document_reader import in_scope
from services.remittance.ledger.approvals import Decision, SamePerson, alone_cents, check_signed
from services.remittance.ledger.months import day_of_books
from services.remittance.receivables import Scope
from services.remittance.store import WORKBENCH
from services.remittance.workbench.acts import Act, carry_out
from services.remittance.workbench.plans import ActKind, Plan
from shared.contracts.parts import Environment
from shared.platform.clock import Clock
from shared.platform.database import Database, WriteSession, wait_lock
from shared.platform.mailbox import Mailbox
from shared.platform.refusals import Refusal
from shared.platform.telemetry import logger

log = logger(__name__)

SeenT = TypeVar("SeenT")
NOBODY, ANYBODY = "-", "*"
"""Who signs what is only tried."""


class ActState(StrEnum):
    """How far an act is."""

    WAITING = "waiting"
    """For a second person."""
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class UnknownAct(Refusal):
    """No such act in this scope."""

    code: ClassVar[str] = "unknown_act"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such act"


class Ended(Refusal):
    """The act does not wait for anybody any more."""

    code: ClassVar[str] = "act_ended"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This act has ended"


class NotUndone(Refusal):
    """Only what was done is undone, and once."""

    code: ClassVar[str] = "not_undone"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This act cannot be undone"


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking.

    Attributes:
        act_id: the act, or the one that the same form made before.
        state: done, or waiting for a second person.
        again: whether the same was asked before, with the same key.
    """

    act_id: UUID
    state: ActState
    again: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for.

    Attributes:
        plan: what is to be done.
        reason: why, in words.
        by: who asks.
        once_key: made once for each form; the same one asked twice is one act.
        approved_by: who has approved it already, where a whole job was approved.
    """

    plan: Plan
    reason: str
    by: str
    once_key: str
    approved_by: str | None = None


@dataclass(frozen=True, slots=True)
class Workbench:
    """Asks, approves, declines, withdraws and takes back.

    Attributes:
        database: remittance's tables.
        mailbox: tells of lines that moved.
        environment: test or production; the other one's money is never touched.
    """

    database: Database
    mailbox: Mailbox
    clock: Clock
    environment: Environment

    async def ask(self, scope: Scope, wanted: Wanted) -> Asked:
        """Do what somebody decided, or let it wait for a second person.

        What waits was tried, so that nobody is asked to approve what cannot be done.

        Raises:
            Refusal: see `acts.carry_out`.
        """
        return await self._ask(scope, wanted, None)

    async def look(
        self, scope: Scope, plan: Plan, seen: Callable[[WriteSession], Awaitable[SeenT]]
    ) -> tuple[SeenT, SeenT]:
        """Try a plan and leave no trace of it.

        Args:
            scope: whose money.
            plan: what would be done.
            seen: asked before and after.

        Raises:
            Refusal: it could not be done, see `acts.carry_out`.
        """
        at = self.clock.now()
        act = Act(uuid4(), plan, Decision("", NOBODY, ANYBODY), at)
        async with self.database.unit_of_work() as session:
            await wait_lock(session, scope.lock_name)
            before = await seen(session)
            trial = await session.begin_nested()
            await _keep_act(
                session,
                scope,
                act,
                kind=plan.kind,
                written_off_cents=plan.written_off_cents,
                two_people=False,
                takes_back=None,
                once_key=str(act.act_id),
            )
            await carry_out(session, scope, act)
            after = await seen(session)
            await trial.rollback()
        return before, after

    async def take_back(
        self, scope: Scope, act_id: UUID, reason: str, by: str, once_key: str
    ) -> Asked:
        """Undo an act by one of the opposite effect.

        Raises:
            UnknownAct: no such act in this scope.
            NotUndone: it was not done, was undone before, or undoes another one.
            Refusal: what it put somewhere was moved since, see `acts.carry_out`.
        """
        async with self.database.read() as session:
            row = await _act(session, scope, act_id)
            ended = await _end(session, act_id)
            table = WORKBENCH.act_write_off
            write_offs = await session.scalars(
                select(table.c.write_off_id).where(table.c.act_id == act_id)
            )
            backwards = Plan.model_validate(row.plan).backwards(act_id, write_offs)
        if ended is None or ended.state != ActState.DONE or row.takes_back is not None:
            raise NotUndone("Only what was done can be undone; a reversal is not reversed.")
        return await self._ask(scope, Wanted(backwards, reason, by, once_key), row)

    async def approve(self, scope: Scope, act_id: UUID, by: str, words: str = "") -> None:
        """Do what waits, signed by a second person.

        Raises:
            SamePerson: they asked for it themselves.
            Ended: it does not wait any more.
            Refusal: it cannot be done any more as it was asked; it goes on waiting.
        """

        async def done(session: WriteSession, row: Row[Any], at: datetime) -> None:
            if row.asked_by == by:
                raise SamePerson(f"{by} asked for it and cannot approve it.")
            plan = Plan.model_validate(row.plan)
            await _check_not_undone(session, row.takes_back)
            act = Act(act_id, plan, Decision(row.reason, row.asked_by, by), at)
            said = await carry_out(session, scope, act)
            await self.mailbox.put(session, said)

        await self._finish(scope, act_id, ActState.DONE, (by, words), done)

    async def decline(self, scope: Scope, act_id: UUID, by: str, words: str) -> None:
        """Say no to what waits.

        Raises:
            Ended: it does not wait any more.
        """
        await self._finish(scope, act_id, ActState.DECLINED, (by, words), _nothing)

    async def withdraw(self, scope: Scope, act_id: UUID, by: str, words: str) -> None:
        """Take one's own request away.

        Raises:
            NotUndone: somebody else asked for it.
            Ended: it does not wait any more.
        """

        async def own(_session: WriteSession, row: Row[Any], _at: datetime) -> None:
            if row.asked_by != by:
                raise NotUndone(f"{row.asked_by} asked for it; decline it instead.")

        await self._finish(scope, act_id, ActState.WITHDRAWN, (by, words), own)

    async def _ask(self, scope: Scope, wanted: Wanted, undone: Row[Any] | None) -> Asked:
        at, act_id, plan = self.clock.now(), uuid4(), wanted.plan
        async with self.database.unit_of_work() as session:
            await wait_lock(session, scope.lock_name)
            before = await _asked_before(session, wanted)
            if before is not None:
                return before
            if undone is not None:
                await _check_not_undone(session, undone.act_id)
            written_off = plan.written_off_cents if undone is None else undone.written_off_cents
            decision = Decision(wanted.reason, wanted.by, wanted.approved_by)
            size = plan.moved_cents + written_off
            needs_two = size > alone_cents(scope.cca)
            await _keep_act(
                session,
                scope,
                Act(act_id, plan, decision, at),
                kind=ActKind.REVERSAL if undone is not None else plan.kind,
                written_off_cents=written_off,
                two_people=needs_two,
                takes_back=None if undone is None else undone.act_id,
                once_key=wanted.once_key,
            )
            if needs_two and wanted.approved_by is None:
                await _try(session, scope, Act(act_id, plan, decision, at))
                log.info("act waits", act_id=str(act_id), by=wanted.by)
                return Asked(act_id, ActState.WAITING)
            check_signed(scope.cca, size, decision)
            said = await carry_out(session, scope, Act(act_id, plan, decision, at))
            await self.mailbox.put(session, said)
            await _keep_end(
                session, act_id, ActState.DONE, (wanted.approved_by or wanted.by, ""), at
            )
        log.info("act done", act_id=str(act_id), by=wanted.by)
        return Asked(act_id, ActState.DONE)

    async def _finish(
        self,
        scope: Scope,
        act_id: UUID,
        state: ActState,
        who: tuple[str, str],
        step: Callable[[WriteSession, Row[Any], datetime], Coroutine[Any, Any, None]],
    ) -> None:
        at = self.clock.now()
        async with self.database.unit_of_work() as session:
            await wait_lock(session, scope.lock_name)
            row = await _act(session, scope, act_id)
            ended = await _end(session, act_id)
            if ended is not None:
                raise Ended(f"It was {ended.state} by {ended.ended_by}.")
            await step(session, row, at)
            await _keep_end(session, act_id, state, who, at)
        log.info("act ended", act_id=str(act_id), state=state.value, by=who[0])


async def _keep_act(session: WriteSession, scope: Scope, act: Act, **values: Any) -> None:  # noqa: ANN401
    await session.execute(
        insert(WORKBENCH.act).values(
            act_id=act.act_id,
            **scope.values,
            plan=act.plan.model_dump(mode="json"),
            moved_cents=act.plan.moved_cents,
            reason=act.decision.reason,
            asked_by=act.decision.by,
            asked_at=act.at,
            **values,
        )
    )


async def _nothing(_session: WriteSession, _row: Row[Any], _at: datetime) -> None:
    """What declining does to the books."""


async def _try(session: WriteSession, scope: Scope, act: Act) -> None:
    """Make sure that an act can be done now, and leave no trace of it."""
    trial = await session.begin_nested()
    # Anybody may have to sign; that it is not the one who asks is for the approval to check.
    signed = replace(act.decision, approved_by=ANYBODY)
    await carry_out(session, scope, replace(act, decision=signed))
    await trial.rollback()


async def _act(session: Any, scope: Scope, act_id: UUID) -> Row[Any]:  # noqa: ANN401  either session
    table = WORKBENCH.act
    found = await session.execute(
        select(table).where(in_scope(table, scope), table.c.act_id == act_id)
    )
    row: Row[Any] | None = found.one_or_none()
    if row is None:
        raise UnknownAct(f"There is no act {act_id}.")
    return row


async def _end(session: Any, act_id: UUID) -> Row[Any] | None:  # noqa: ANN401  either session
    table = WORKBENCH.act_end
    row: Row[Any] | None = (
        await session.execute(select(table).where(table.c.act_id == act_id))
    ).one_or_none()
    return row


async def _check_not_undone(session: WriteSession, act_id: UUID | None) -> None:
    """Make sure that no reversal of an act was done."""
    act, end = WORKBENCH.act, WORKBENCH.act_end
    undone = select(act.c.act_id).join(end, end.c.act_id == act.c.act_id)
    undone = undone.where(act.c.takes_back == act_id, end.c.state == ActState.DONE.value)
    if act_id is not None and await session.scalar(undone) is not None:
        raise NotUndone("It was undone before.")


async def _asked_before(session: WriteSession, wanted: Wanted) -> Asked | None:
    table, end = WORKBENCH.act, WORKBENCH.act_end
    row = (
        await session.execute(
            select(table.c.act_id, end.c.state)
            .outerjoin(end, end.c.act_id == table.c.act_id)
            .where(table.c.asked_by == wanted.by, table.c.once_key == wanted.once_key)
        )
    ).one_or_none()
    if row is None:
        return None
    state = ActState.WAITING if row.state is None else ActState(row.state)
    return Asked(row.act_id, state, again=True)


async def _keep_end(
    session: WriteSession, act_id: UUID, state: ActState, who: tuple[str, str], at: datetime
) -> None:
    by, words = who
    await session.execute(
        insert(WORKBENCH.act_end).values(
            act_id=act_id,
            state=state,
            ended_by=by,
            words=words,
            effective_on=day_of_books(at) if state is ActState.DONE else None,
            ended_at=at,
        )
    )
