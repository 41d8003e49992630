"""Reads and writes jobs: where each stands, and every step that somebody took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.rating.rerun.asked import RerunAsked
from services.rating.rerun.refusals import RerunUnknown
from services.rating.rerun.rerating import Effect
from services.rating.scope import Scope
from services.rating.store import RERUN
from services.rating.store_accounts import in_scope
from shared.contracts.parts import Environment
from shared.platform.database import ReadSession, WriteSession

SERVICE: Final = "rating"
"""Who takes the steps that no person takes."""


class JobState(StrEnum):
    """Where a job stands."""

    PLANNING = "planning"
    """The dry run is under way."""
    PLANNED = "planned"
    """Counts and money are known; nothing was done."""
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    """Ended by a person; what was done before stays done."""
    FAILED = "failed"
    """Our fault, several times in a row; can be started again where it stopped."""


AT_WORK: Final = (JobState.PLANNING.value, JobState.RUNNING.value)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands."""

    job_id: UUID
    seq: int
    scope: Scope
    key: str
    asked: RerunAsked
    state: JobState
    total: int | None
    position: int
    faults: int
    at_stake_cents: int | None
    asked_by: str
    asked_at: datetime
    planned_at: datetime | None
    started_by: str | None
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done to a job."""

    at: datetime
    actor: str
    step: str
    detail: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items of one kind, and what money they move."""

    planned: str | None
    outcome: str | None
    code: str | None
    items: int
    old_cents: int
    new_cents: int
    result_cents: int


async def insert_job(
    session: WriteSession,
    job_id: UUID,
    scope: Scope,
    asked: RerunAsked,
    key: str,
    by: str,
    at: datetime,
) -> bool:
    """Write a new job; `False` when its key was used before."""
    done = await session.execute(
        insert(RERUN.jobs)
        .values(
            job_id=job_id,
            cca=scope.cca,
            utility=scope.utility,
            environment=scope.environment.value,
            key=key,
            asked=asked.model_dump(mode="json", exclude_none=True),
            state=JobState.PLANNING.value,
            position=0,
            faults=0,
            asked_by=by,
            asked_at=at,
        )
        .on_conflict_do_nothing()
        .returning(RERUN.jobs.c.job_id)
    )
    return done.first() is not None


async def by_key(session: WriteSession, scope: Scope, key: str) -> Job:
    """The job of a key that was used before."""
    t = RERUN.jobs
    found = await session.execute(select(t).where(*in_scope(t, scope), t.c.key == key))
    return _job(found.one())


async def find_job(
    session: ReadSession | WriteSession, scope: Scope, job_id: UUID, *, lock: bool = False
) -> Job:
    """One job of a scope.

    Args:
        session: where to read.
        scope: a job of another scope is not found.
        job_id: the job.
        lock: keep it from moving until the unit of work ends.

    Raises:
        RerunUnknown: there is none.
    """
    t = RERUN.jobs
    query = select(t).where(*in_scope(t, scope), t.c.job_id == job_id)
    found = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise RerunUnknown(f"there is no job {job_id}")
    return _job(found)


async def next_at_work(session: WriteSession) -> Job | None:
    """The oldest job that has something to do and that no other process is working on."""
    t = RERUN.jobs
    found = await session.execute(
        select(t)
        .where(t.c.state.in_(AT_WORK))
        .order_by(t.c.seq)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = found.one_or_none()
    return None if row is None else _job(row)


async def list_jobs(session: ReadSession, scope: Scope, before: int, limit: int) -> list[Job]:
    """Jobs of a scope, newest first, below a sequence number."""
    t = RERUN.jobs
    found = await session.execute(
        select(t)
        .where(*in_scope(t, scope), *([t.c.seq < before] if before else []))
        .order_by(t.c.seq.desc())
        .limit(limit)
    )
    return [_job(row) for row in found]


async def set_job(session: WriteSession, job_id: UUID, **values: object) -> None:
    """Move a job on."""
    t = RERUN.jobs
    await session.execute(update(t).where(t.c.job_id == job_id).values(values))


async def add_step(
    session: WriteSession, job_id: UUID, actor: str, step: str, detail: str, at: datetime
) -> None:
    """Keep who did what to a job."""
    await session.execute(
        insert(RERUN.steps).values(job_id=job_id, actor=actor, step=step, detail=detail, at=at)
    )


async def load_steps(session: ReadSession, job_id: UUID) -> list[Step]:
    """Every step of a job, oldest first."""
    t = RERUN.steps.c
    found = await session.execute(select(RERUN.steps).where(t.job_id == job_id).order_by(t.step_id))
    return [Step(row.at, row.actor, row.step, row.detail) for row in found]


async def tally(session: ReadSession | WriteSession, job_id: UUID) -> list[Tally]:
    """Count a job's items by what was planned, what came of it, and why not."""
    t = RERUN.items.c
    kinds = (t.planned, t.outcome, t.code)
    found = await session.execute(
        select(
            *kinds,
            func.count(),
            *(
                func.coalesce(func.sum(column), 0)
                for column in (t.old_cents, t.new_cents, t.result_cents)
            ),
        )
        .where(t.job_id == job_id)
        .group_by(*kinds)
        .order_by(*kinds)
    )
    return [Tally(*row[:4], *(int(cents) for cents in row[4:])) for row in found]


async def money_at_stake(session: WriteSession, job_id: UUID) -> int:
    """What a job moves, in cents: the differences of rebills, up and down, and new charges."""
    t = RERUN.items.c
    moved = func.abs(func.coalesce(t.new_cents, 0) - t.old_cents)
    found = await session.scalar(
        select(func.coalesce(func.sum(moved), 0)).where(
            t.job_id == job_id, t.planned.in_([Effect.REBILL.value, Effect.CHARGE.value])
        )
    )
    return int(found or 0)


def _job(row: Row[Any]) -> Job:
    return Job(
        job_id=row.job_id,
        seq=row.seq,
        scope=Scope(row.cca, row.utility, Environment(row.environment)),
        key=row.key,
        asked=RerunAsked.model_validate(row.asked),
        state=JobState(row.state),
        total=row.total,
        position=row.position,
        faults=row.faults,
        at_stake_cents=row.at_stake_cents,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        planned_at=row.planned_at,
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
