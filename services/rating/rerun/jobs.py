"""Re-rating as a job: asked once, tried dry, confirmed by a person, done in batches.

Every batch is a unit of work that moves the job's place forward together with what it did, so a
crash at any moment leaves a job that goes on where it was. A job is cancelled between two batches.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.dialects.postgresql import insert

from services.rating.holds import RateNotFound
from services.rating.messages import Occasion
from services.rating.rerun.asked import CodeMapping, RerunAsked
from services.rating.rerun.batch import carry_out, keep_plan, load_items, weigh
from services.rating.rerun.refusals import (
    PlanCodeUnknown,
    RateCodeHasPlan,
    RerunNeedsAnother,
    RerunNotReady,
    SubmitKeyTaken,
)
from services.rating.rerun.selection import select_items
from services.rating.rerun.store_jobs import (
    SERVICE,
    Job,
    JobState,
    add_step,
    by_key,
    find_job,
    insert_job,
    money_at_stake,
    next_at_work,
    set_job,
)
from services.rating.scope import Scope
from services.rating.store import RERUN
from services.rating.store_activation import TARIFF_LOCK
from services.rating.work import RatingDesk
from shared.contracts.measures import from_cents
from shared.platform.clock import Clock
from shared.platform.database import Database, WriteSession, wait_lock
from shared.platform.lifecycle import Loop
from shared.platform.loops import work_on
from shared.platform.telemetry import logger

log = logger(__name__)

LOOK_S: Final = 2.0
"""How often a process looks for jobs that another one was asked to do."""
FAULTS_MAX: Final = 5
"""Faults in a row after which a job is set aside for a person."""


class RerunSettings(BaseSettings):
    """How much one person may decide.

    Attributes:
        second_person_cents: above this, whoever asked for a job cannot start it.
    """

    model_config = SettingsConfigDict(env_prefix="CCAX_RERUN_", frozen=True, extra="ignore")

    second_person_cents: int = 1_000_000


@dataclass(slots=True)
class RerunDesk:
    """The use cases of re-rating.

    Attributes:
        database: where jobs are kept.
        desk: rates and tells.
        clock: tells the time.
        settings: how much one person may decide.
        wake: set when there is something to do.
    """

    database: Database
    desk: RatingDesk
    clock: Clock
    settings: RerunSettings = field(default_factory=RerunSettings)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, scope: Scope, asked: RerunAsked, key: str, by: str) -> Job:
        """Ask for a dry run; with a key that was used before, the same job again.

        Raises:
            SubmitKeyTaken: the key came with another question.
            PlanCodeUnknown, RateCodeHasPlan: the mapping makes no sense.
        """
        at = self.clock.now()
        async with self.database.unit_of_work() as session:
            if asked.mapping is not None:
                await self._check_mapping(session, scope, asked.mapping)
            job_id = uuid4()
            if await insert_job(session, job_id, scope, asked, key, by, at):
                await add_step(session, job_id, by, "asked", asked.reason, at)
            job = await by_key(session, scope, key)
        if job.asked != asked:
            raise SubmitKeyTaken(f"the key {key} was used for another job")
        self.wake.set()
        return job

    async def start(self, scope: Scope, job_id: UUID, by: str, reason: str) -> Job:
        """Do what the dry run told; starting twice is starting once.

        A mapping takes effect here, in the same unit of work.

        Raises:
            RerunUnknown, RerunNotReady, RerunNeedsAnother: see the classes.
        """
        at = self.clock.now()
        async with self.database.unit_of_work() as session:
            job = await find_job(session, scope, job_id, lock=True)
            if job.state in {JobState.RUNNING, JobState.DONE} and job.started_by == by:
                return job
            self._refuse_start(job, by)
            values: dict[str, object] = {"state": JobState.RUNNING.value, "faults": 0}
            if job.state is JobState.PLANNED:
                values |= {"started_by": by, "started_at": at, "position": 0}
                if job.asked.mapping is not None:
                    await self._map(session, job, job.asked.mapping, by, at)
            elif job.planned_at is None:
                values["state"] = JobState.PLANNING.value
            await set_job(session, job_id, **values)
            await add_step(session, job_id, by, "started", reason, at)
            job = await find_job(session, scope, job_id)
        self.wake.set()
        return job

    async def cancel(self, scope: Scope, job_id: UUID, by: str, reason: str) -> Job:
        """End a job; what its finished batches did stays done.

        Raises:
            RerunUnknown: there is none.
            RerunNotReady: it is over.
        """
        at = self.clock.now()
        async with self.database.unit_of_work() as session:
            job = await find_job(session, scope, job_id, lock=True)
            if job.state is JobState.CANCELLED:
                return job
            if job.state is JobState.DONE:
                raise RerunNotReady("the job is done")
            await set_job(session, job_id, state=JobState.CANCELLED.value, ended_at=at)
            await add_step(session, job_id, by, "cancelled", reason, at)
            return await find_job(session, scope, job_id)

    # --- work -----------------------------------------------------------------------------------

    def loop(self) -> Loop:
        """Work on jobs until the service ends."""
        return Loop("rerun jobs", lambda: work_on(self.work, self.wake, LOOK_S))

    async def work(self) -> bool:
        """Do one batch of one job; tells whether there was one.

        Raises:
            Exception: the batch was undone; the fault is kept with the job before it goes on.
        """
        job: Job | None = None
        try:
            async with self.database.unit_of_work() as session:
                job = await next_at_work(session)
                if job is None:
                    return False
                await self._batch(session, job)
        except Exception as fault:
            if job is not None:
                await self._note_fault(job, fault)
            raise
        return True

    async def _batch(self, session: WriteSession, job: Job) -> None:
        at = self.clock.now()
        if job.total is None:
            total = await select_items(session, job.job_id, job.scope, job.asked.filter)
            await set_job(session, job.job_id, total=total)
            return
        running = job.state is JobState.RUNNING
        if running:
            await wait_lock(session, job.scope.lock_key)
        items = await load_items(session, job.job_id, job.position)
        if not items:
            await self._finish(session, job, at)
            return
        occasion = Occasion(job.scope, at)
        mapping = job.asked.mapping
        mapped = mapping.of(job.scope) if mapping is not None and not running else None
        weighed = await weigh(session, self.desk, occasion, items, mapped)
        if running:
            await carry_out(session, self.desk, occasion, job.job_id, items, weighed)
        else:
            await keep_plan(session, job.job_id, weighed)
        await set_job(session, job.job_id, position=items[-1].position, faults=0)

    async def _finish(self, session: WriteSession, job: Job, at: datetime) -> None:
        if job.state is JobState.RUNNING:
            await set_job(session, job.job_id, state=JobState.DONE.value, ended_at=at)
            await add_step(session, job.job_id, SERVICE, "done", f"{job.total} items", at)
            return
        stake = await money_at_stake(session, job.job_id)
        await set_job(
            session,
            job.job_id,
            state=JobState.PLANNED.value,
            planned_at=at,
            at_stake_cents=stake,
        )
        detail = f"{job.total} items, {from_cents(stake)} USD at stake"
        await add_step(session, job.job_id, SERVICE, "planned", detail, at)

    async def _note_fault(self, job: Job, fault: Exception) -> None:
        """Keep that a batch failed; after several in a row the job waits for a person."""
        faults = job.faults + 1
        state = JobState.FAILED if faults >= FAULTS_MAX else job.state
        async with self.database.unit_of_work() as session:
            now = await find_job(session, job.scope, job.job_id, lock=True)
            if now.state is not job.state:
                return
            await set_job(session, job.job_id, faults=faults, state=state.value)
            detail = f"{type(fault).__name__} after item {job.position}"
            await add_step(session, job.job_id, SERVICE, "fault", detail, self.clock.now())
        log.error("rerun batch failed", job_id=str(job.job_id), faults=faults, state=state.value)

    # --- rules ----------------------------------------------------------------------------------

    def _refuse_start(self, job: Job, by: str) -> None:
        if job.state not in {JobState.PLANNED, JobState.FAILED}:
            raise RerunNotReady(f"the job is {job.state}")
        limit = self.settings.second_person_cents
        if (job.at_stake_cents or 0) > limit and by == job.asked_by:
            raise RerunNeedsAnother(
                f"{from_cents(job.at_stake_cents or 0)} USD move, more than "
                f"{from_cents(limit)}: somebody other than {by} must start it"
            )

    async def _check_mapping(
        self, session: WriteSession, scope: Scope, mapping: CodeMapping
    ) -> None:
        book = await self.desk.books.current(session)
        if book is None:
            raise RateNotFound("no tariffs are active")
        if not book.has_plan(scope.cca, scope.utility, mapping.plan_code):
            raise PlanCodeUnknown(f"no plan of {scope.cca} is for {mapping.plan_code}")
        if book.has_plan(scope.cca, scope.utility, mapping.rate_code):
            raise RateCodeHasPlan(f"a plan of {scope.cca} is for {mapping.rate_code} itself")

    async def _map(
        self, session: WriteSession, job: Job, mapping: CodeMapping, by: str, at: datetime
    ) -> None:
        """Map a code; under the lock of tariffs, so that the last one made has the last number."""
        await wait_lock(session, TARIFF_LOCK)
        await self._check_mapping(session, job.scope, mapping)
        await session.execute(
            insert(RERUN.mappings).values(
                cca=job.scope.cca,
                utility=job.scope.utility,
                **mapping.model_dump(),
                mapped_by=by,
                reason=job.asked.reason,
                job_id=job.job_id,
                mapped_at=at,
            )
        )
