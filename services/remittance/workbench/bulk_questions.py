"""Answers what a job would do, how far it is, and what came of each of its acts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select

from services.remittance.document_reader import in_scope
from services.remittance.receivables import Scope
from services.remittance.store import WORKBENCH
from services.remittance.views import View
from services.remittance.workbench.bulk import BulkWhat, JobState, UnknownJob
from shared.contracts.measures import Usd, from_cents
from shared.platform.database import ReadSession

JOBS_SHOWN: Final = 50
ITEMS_SHOWN: Final = 100


class JobView(View):
    """A job: what it comes to, and how far it is."""

    job_id: UUID
    number: int
    what: BulkWhat
    filter: dict[str, Any]
    state: JobState
    items: int
    moved: Usd
    written_off: Usd
    two_people: bool
    """Whether somebody other than whoever asked has to start it."""
    done: int
    refused: int
    reason: str
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    ended_at: datetime | None


class ItemView(View):
    """One act of a job, and what came of it."""

    position: int
    subject: str
    amount: Usd
    state: str
    words: str
    act_id: UUID | None


async def jobs(session: ReadSession, scope: Scope) -> tuple[JobView, ...]:
    """The latest jobs."""
    table = WORKBENCH.bulk_job
    rows = await session.execute(
        select(table)
        .where(in_scope(table, scope))
        .order_by(table.c.job_number.desc())
        .limit(JOBS_SHOWN)
    )
    return tuple(_job(row) for row in rows)


async def job_view(session: ReadSession, scope: Scope, job_id: UUID) -> JobView:
    """One job.

    Raises:
        UnknownJob: it is not of this scope.
    """
    table = WORKBENCH.bulk_job
    found = await session.execute(
        select(table).where(in_scope(table, scope), table.c.job_id == job_id)
    )
    row = found.one_or_none()
    if row is None:
        raise UnknownJob(f"There is no job {job_id}.")
    return _job(row)


async def job_items(
    session: ReadSession, job_id: UUID, after: int = 0, limit: int = ITEMS_SHOWN
) -> tuple[ItemView, ...]:
    """A page of a job's acts."""
    table = WORKBENCH.bulk_item
    rows = await session.execute(
        select(table)
        .where(table.c.job_id == job_id, table.c.position > after)
        .order_by(table.c.position)
        .limit(limit)
    )
    return tuple(
        ItemView(
            position=row.position,
            subject=row.subject,
            amount=from_cents(row.cents),
            state=row.state,
            words=row.words,
            act_id=row.act_id,
        )
        for row in rows
    )


def _job(row: Row[Any]) -> JobView:
    return JobView(
        job_id=row.job_id,
        number=row.job_number,
        what=row.what,
        filter=row.asked,
        state=row.state,
        items=row._mapping["items"],  # noqa: SLF001  a row has a method of that name
        moved=from_cents(row.moved_cents),
        written_off=from_cents(row.written_off_cents),
        two_people=row.two_people,
        done=row.done,
        refused=row.refused,
        reason=row.reason,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        decided_by=row.decided_by,
        ended_at=row.ended_at,
    )
