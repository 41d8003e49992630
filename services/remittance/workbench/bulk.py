"""Many acts at once: found by a filter, looked at in counts and money, started, followed, stopped.

A job is planned first and does nothing. Whoever starts it sees what it comes to; above the limit of
one person that is somebody else. Each act is a unit of work of its own and is done once, so a job
goes on where it stopped, and what cannot be done any more is refused and named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID, uuid4

from sqlalchemy import Row, insert, select, text, update

from services.remittance.document_reader import in_scope
from services.remittance.ledger.approvals import SamePerson, alone_cents
from services.remittance.receivables import Scope
from services.remittance.store import WORKBENCH
from services.remittance.workbench.desk import Wanted, Workbench
from services.remittance.workbench.plans import Plan, Put, Wish
from services.remittance.workbench.sought import Sought
from shared.contracts.parts import Environment
from shared.platform.database import WriteSession, wait_lock
from shared.platform.loops import work_on
from shared.platform.refusals import Refusal

ITEMS_MAX: Final = 2_000
POLL_S: Final = 2.0


class BulkWhat(StrEnum):
    """What a job does."""

    EXACT_MATCHES = "exact_matches"
    """Waiting money goes onto the one open charge of its account with the same amount."""
    SMALL_BALANCES = "small_balances"
    """Charges that the filter finds are written off."""


class JobState(StrEnum):
    """How far a job is."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class NothingFound(Refusal):
    """The filter finds nothing that could be done."""

    code: ClassVar[str] = "nothing_found"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "There is nothing to do"


class UnknownJob(Refusal):
    """No such job in this scope."""

    code: ClassVar[str] = "unknown_job"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such job"


class WrongState(Refusal):
    """A job is started once, and cancelled while it is not done."""

    code: ClassVar[str] = "wrong_state"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The job is not in a state for that"


@dataclass(frozen=True, slots=True)
class BulkAsked:
    """What somebody asks of a job.

    Attributes:
        what: which acts.
        sought: the filter.
        reason: kept with every act.
        by: who asks.
        once_key: made once for each form.
    """

    what: BulkWhat
    sought: Sought
    reason: str
    by: str
    once_key: str


@dataclass(frozen=True, slots=True)
class _Item:
    subject: str
    plan: Plan
    cents: int


# The account is the one that the line names, or the one on which its money waits.
_EXACT = text(
    """
    WITH waiting AS (
        SELECT p.transaction_id, p.sequence, p.unapplied_cents, p.place_number, t.trace_number,
               coalesce(p.account_number, nullif(p.credit_account, '')) AS account_number
        FROM remittance.line_place p JOIN remittance.remittance t USING (transaction_id)
        WHERE p.cca = :cca AND p.utility = :utility AND p.environment = :environment
          AND p.unapplied_cents <> 0 AND p.kind = 'payment' AND NOT p.in_parts
          AND abs(p.unapplied_cents) BETWEEN :least AND :most AND t.settled_on <= :latest
          AND (CAST(:outcome AS text) IS NULL OR p.outcome = :outcome)
    ), pairs AS (
        SELECT w.*, r.receivable_id, r.invoice_number,
               count(*) OVER (PARTITION BY w.transaction_id, w.sequence) AS charges,
               count(*) OVER (PARTITION BY r.receivable_id) AS lines
        FROM waiting w
        JOIN remittance.receivable r ON r.account_number = w.account_number
         AND r.cca = :cca AND r.utility = :utility AND r.environment = :environment
        JOIN remittance.receivable_balance b ON b.receivable_id = r.receivable_id
         AND b.open_cents = w.unapplied_cents
        WHERE (CAST(:standing AS text) IS NULL OR b.standing = :standing)
          AND (:text = '' OR starts_with(r.invoice_number, :text)
               OR starts_with(r.account_number, :text) OR starts_with(w.trace_number, :text))
    )
    SELECT * FROM pairs WHERE charges = 1 AND lines = 1 ORDER BY place_number LIMIT :limit
    """
)
_SMALL = text(
    """
    SELECT r.receivable_id, r.invoice_number, b.open_cents
    FROM remittance.receivable r JOIN remittance.receivable_balance b USING (receivable_id)
    WHERE r.cca = :cca AND r.utility = :utility AND r.environment = :environment
      AND b.open_cents <> 0
      AND abs(b.open_cents) BETWEEN :least AND :most AND r.dated_on <= :latest
      AND (CAST(:standing AS text) IS NULL OR b.standing = :standing)
      AND (:text = '' OR starts_with(r.invoice_number, :text)
           OR starts_with(r.account_number, :text) OR starts_with(r.usage_id, :text))
    ORDER BY r.dated_on, r.receivable_id LIMIT :limit
    """
)


@dataclass(slots=True)
class BulkDesk:
    """Plans, starts, cancels and runs jobs.

    Attributes:
        workbench: what carries each act out.
    """

    workbench: Workbench
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, scope: Scope, asked: BulkAsked) -> UUID:
        """Plan a job; nothing is done. The same key again is the same job.

        Raises:
            NothingFound: there is nothing to do, or a write-off names no greatest amount.
        """
        at, table = self.workbench.clock.now(), WORKBENCH.bulk_job
        async with self.workbench.database.unit_of_work() as session:
            await wait_lock(session, scope.lock_name)
            before: UUID | None = await session.scalar(
                select(table.c.job_id).where(
                    table.c.asked_by == asked.by, table.c.once_key == asked.once_key
                )
            )
            if before is not None:
                return before
            items = await _found(session, asked, self._values(scope, asked.sought))
            if not items:
                raise NothingFound("The filter finds nothing that could be done.")
            job_id, size = uuid4(), sum(item.cents for item in items)
            await session.execute(
                insert(table).values(
                    job_id=job_id,
                    **scope.values,
                    what=asked.what,
                    asked=asked.sought.said(),
                    state=JobState.PLANNED,
                    items=len(items),
                    moved_cents=sum(item.plan.moved_cents for item in items),
                    written_off_cents=sum(item.plan.written_off_cents for item in items),
                    two_people=size > alone_cents(scope.cca),
                    reason=asked.reason,
                    asked_by=asked.by,
                    asked_at=at,
                    once_key=asked.once_key,
                )
            )
            await session.execute(
                insert(WORKBENCH.bulk_item),
                [_item_row(job_id, place, item) for place, item in enumerate(items, 1)],
            )
        return job_id

    async def start(self, scope: Scope, job_id: UUID, by: str) -> None:
        """Let a planned job run.

        Raises:
            SamePerson: it is above what one person may decide over, and they asked for it.
            WrongState: it was started or cancelled.
        """
        await self._decide(scope, job_id, by, JobState.RUNNING)
        self._wake.set()

    async def cancel(self, scope: Scope, job_id: UUID, by: str) -> None:
        """Stop a job; what is done stays done, and can be undone act by act.

        Raises:
            WrongState: it has ended.
        """
        await self._decide(scope, job_id, by, JobState.CANCELLED)

    async def _decide(self, scope: Scope, job_id: UUID, by: str, state: JobState) -> None:
        at, table = self.workbench.clock.now(), WORKBENCH.bulk_job
        async with self.workbench.database.unit_of_work() as session:
            await wait_lock(session, scope.lock_name)
            found = await session.execute(
                select(table).where(in_scope(table, scope), table.c.job_id == job_id)
            )
            job = found.one_or_none()
            if job is None:
                raise UnknownJob(f"There is no job {job_id}.")
            starts = state is JobState.RUNNING
            allowed = (JobState.PLANNED,) if starts else (JobState.PLANNED, JobState.RUNNING)
            if job.state not in allowed:
                raise WrongState(f"The job is {job.state}.")
            if starts and job.two_people and job.asked_by == by:
                raise SamePerson(f"{by} asked for it; somebody else starts it.")
            values: dict[str, Any] = {"state": state, "decided_by": by, "decided_at": at}
            if not starts:
                values["ended_at"] = at
            await session.execute(update(table).where(table.c.job_id == job_id).values(**values))

    async def run(self) -> None:
        """Run jobs for ever; wait while the database is away."""
        await work_on(self.work, self._wake, POLL_S)

    async def work(self) -> int:
        """Do the next act of the oldest running job; tells how many were done."""
        job_table, item_table = WORKBENCH.bulk_job, WORKBENCH.bulk_item
        async with self.workbench.database.read() as session:
            job = (
                await session.execute(
                    select(job_table)
                    .where(job_table.c.state == JobState.RUNNING.value)
                    .order_by(job_table.c.job_number)
                    .limit(1)
                )
            ).one_or_none()
            if job is None:
                return 0
            item = (
                await session.execute(
                    select(item_table)
                    .where(item_table.c.job_id == job.job_id, item_table.c.state == "planned")
                    .order_by(item_table.c.position)
                    .limit(1)
                )
            ).one_or_none()
        if item is None:
            await self._end(job.job_id)
            return 1
        await self._keep(job, item, *await self._act(job, item))
        return 1

    async def _act(self, job: Row[Any], item: Row[Any]) -> tuple[UUID | None, str]:
        """Do one act; tells which, or why it was refused."""
        scope = Scope(job.cca, job.utility, Environment(job.environment))
        wanted = Wanted(
            Plan.model_validate(item.plan),
            job.reason,
            job.asked_by,
            f"{job.job_id} {item.position}",
            approved_by=job.decided_by if job.two_people else None,
        )
        try:
            return (await self.workbench.ask(scope, wanted)).act_id, ""
        except Refusal as refusal:
            return None, refusal.detail

    async def _keep(self, job: Row[Any], item: Row[Any], act_id: UUID | None, words: str) -> None:
        job_table, table = WORKBENCH.bulk_job, WORKBENCH.bulk_item
        came = "done" if act_id is not None else "refused"
        async with self.workbench.database.unit_of_work() as session:
            kept = await session.execute(
                update(table)
                .where(
                    table.c.job_id == item.job_id,
                    table.c.position == item.position,
                    table.c.state == "planned",
                )
                .values(state=came, words=words, act_id=act_id)
                .returning(table.c.position)
            )
            if kept.first() is not None:
                counted = job_table.c[came]
                await session.execute(
                    update(job_table)
                    .where(job_table.c.job_id == job.job_id)
                    .values({came: counted + 1})
                )

    async def _end(self, job_id: UUID) -> None:
        table = WORKBENCH.bulk_job
        async with self.workbench.database.unit_of_work() as session:
            await session.execute(
                update(table)
                .where(table.c.job_id == job_id, table.c.state == JobState.RUNNING.value)
                .values(state=JobState.DONE, ended_at=self.workbench.clock.now())
            )

    def _values(self, scope: Scope, sought: Sought) -> dict[str, Any]:
        today = self.workbench.clock.now().date()
        return scope.values | sought.values(today) | {"limit": ITEMS_MAX}


async def _found(
    session: WriteSession, asked: BulkAsked, values: dict[str, Any]
) -> Sequence[_Item]:
    """Return what a job would do."""
    if asked.what is BulkWhat.EXACT_MATCHES:
        rows = await session.execute(_EXACT, values)
        return [_exact(row) for row in rows]
    if asked.sought.amount_to is None:
        raise NothingFound("Say up to which amount charges are written off.")
    rows = await session.execute(_SMALL, values)
    return [_small(row) for row in rows]


def _exact(row: Row[Any]) -> _Item:
    put = Put(
        transaction_id=row.transaction_id,
        sequence=row.sequence,
        receivable_id=row.receivable_id,
        cents=row.unapplied_cents,
    )
    subject = f"{row.trace_number} line {row.sequence} on {row.invoice_number}"
    return _Item(subject, Plan(puts=(put,)), abs(row.unapplied_cents))


def _small(row: Row[Any]) -> _Item:
    wish = Wish(receivable_id=row.receivable_id, cents=row.open_cents)
    return _Item(row.invoice_number, Plan(write_offs=(wish,)), abs(row.open_cents))


def _item_row(job_id: UUID, place: int, item: _Item) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "position": place,
        "subject": item.subject,
        "plan": item.plan.model_dump(mode="json"),
        "cents": item.cents,
        "state": "planned",
        "words": "",
    }
