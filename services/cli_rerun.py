"""`ccax rerun …`: put right what was rated wrongly: look first, then start, watch, take the result.

A dry run and the run itself are worked on here, or by the exchange where it is running; both see
the same job. What is decided is signed with a name.
"""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer
from rich.console import Console
from rich.table import Table

from services.rating.rerun.asked import CodeMapping, RerunAsked, RerunFilter, mapping_job
from services.rating.rerun.store_jobs import JobState, list_jobs
from services.rating.rerun.views import RerunView, items_csv, show_job, show_unmapped
from services.rating.scope import Scope
from services.rating.service import RatingService
from services.rating.service import build as build_rating
from services.rating.store_activation import signing
from shared.platform.clock import SystemClock
from shared.platform.database import Database
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from shared.platform.web.scopes import known_ccas

rerun_app = typer.Typer(no_args_is_help=True, help="Rate again what was rated wrongly.")
console = Console()

DatabaseUrl = Callable[[], AbstractAsyncContextManager[str]]
Run = Callable[..., None]
LOOK_S = 0.5
LISTED = 50

Cca = Annotated[str, typer.Argument(help="The CCA, e.g. mce.")]
JobId = Annotated[UUID, typer.Argument(help="As `ccax rerun list` shows it.")]
Reason = Annotated[str, typer.Option(help="Kept with the job.")]
Signed = Annotated[
    str | None, typer.Option("--as", help="Who signs; the user of this machine when left out.")
]
Key = Annotated[
    str | None, typer.Option(help="The same key again is the same job; made up when left out.")
]
From = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])]
To = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"])]
Through = Annotated[datetime | None, typer.Option("--through", formats=["%Y-%m-%d"])]


@dataclass(slots=True)
class _Doors:
    """How commands reach the database; the command line opens them when it starts."""

    database_url: DatabaseUrl | None = None
    run: Run | None = None


_doors = _Doors()


def register(app: typer.Typer, database_url: DatabaseUrl, run: Run) -> None:
    """Add `rerun` to the command line.

    Args:
        app: the command line.
        database_url: gives the address of the database for as long as it is needed.
        run: runs a command's work in an event loop.
    """
    _doors.database_url, _doors.run = database_url, run
    app.add_typer(rerun_app, name="rerun")


@asynccontextmanager
async def _rating() -> AsyncIterator[RatingService]:
    if _doors.database_url is None:
        raise LookupError("the command line was not put together")
    async with _doors.database_url() as url:
        database = Database(url, "rating")
        try:
            yield build_rating(PlatformSettings(), database, MemoryBus(), SystemClock())
        finally:
            await database.close()


def _run(work: Callable[[], object]) -> None:
    if _doors.run is not None:
        _doors.run(work())


def _scope(cca: str) -> Scope:
    for one in known_ccas():
        if one.cca == cca:
            return Scope(cca, one.utility, PlatformSettings().environment)
    raise LookupError(f"there is no CCA {cca}")


def _name(signed: str | None) -> str:
    return signing(signed or getpass.getuser())


def _on(moment: datetime | None) -> date | None:
    return None if moment is None else moment.replace(tzinfo=UTC).date()


@rerun_app.command("plan")
def plan(  # noqa: PLR0913  one option for each thing a filter can name
    cca: Cca,
    *,
    reason: Reason,
    plan_id: Annotated[str | None, typer.Option("--plan", help="Charges of this plan.")] = None,
    version: Annotated[str | None, typer.Option(help="… and of this version.")] = None,
    rate_code: Annotated[str | None, typer.Option(help="The utility's rate code.")] = None,
    bill_cycle: Annotated[str | None, typer.Option(help="A batch.")] = None,
    account: Annotated[list[str] | None, typer.Option(help="Repeat for more.")] = None,
    hold: Annotated[str | None, typer.Option(help="Usage held under this code.")] = None,
    begin: From = None,
    end: To = None,
    signed: Signed = None,
    key: Key = None,
) -> None:
    """Show how many bills and what money a re-rating would move; nothing is billed."""
    wanted = RerunFilter.model_validate(
        {
            "plan_id": plan_id,
            "plan_version": version,
            "rate_code": rate_code,
            "bill_cycle": bill_cycle,
            "accounts": tuple(account or ()),
            "hold_code": hold,
            "period_from": _on(begin),
            "period_to": _on(end),
        }
    )
    _plan(_scope(cca), RerunAsked(filter=wanted, reason=reason), key, signed)


@rerun_app.command("map")
def map_code(
    cca: Cca,
    rate_code: Annotated[str, typer.Argument(help="The utility's code that no plan knows.")],
    plan_code: Annotated[str, typer.Argument(help="The code that it stands for.")],
    reason: Reason,
    begin: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])],
    end: Through = None,
    signed: Signed = None,
    key: Key = None,
) -> None:
    """Show what mapping a rate code would charge; `ccax rerun start` maps and charges it."""
    mapping = CodeMapping(
        rate_code=rate_code,
        plan_code=plan_code,
        effective_from=begin.replace(tzinfo=UTC).date(),
        effective_through=_on(end),
    )
    _plan(_scope(cca), mapping_job(mapping, reason), key, signed)


def _plan(scope: Scope, asked: RerunAsked, key: str | None, signed: str | None) -> None:
    async def work() -> None:
        async with _rating() as rating:
            job = await rating.reruns.ask(scope, asked, key or uuid4().hex, _name(signed))
            await _work_off(rating, scope, job.job_id, JobState.PLANNING)
            _print(await _shown(rating, scope, job.job_id))

    _run(work)


@rerun_app.command("start")
def start(cca: Cca, job_id: JobId, reason: Reason, signed: Signed = None) -> None:
    """Do what a dry run told. Above a limit of money, not whoever asked for it."""

    async def work() -> None:
        scope = _scope(cca)
        async with _rating() as rating:
            await rating.reruns.start(scope, job_id, _name(signed), reason)
            await _work_off(rating, scope, job_id, JobState.RUNNING)
            _print(await _shown(rating, scope, job_id))

    _run(work)


@rerun_app.command("cancel")
def cancel(cca: Cca, job_id: JobId, reason: Reason, signed: Signed = None) -> None:
    """End a job; what its finished batches did stays done."""

    async def work() -> None:
        scope = _scope(cca)
        async with _rating() as rating:
            await rating.reruns.cancel(scope, job_id, _name(signed), reason)
            _print(await _shown(rating, scope, job_id))

    _run(work)


@rerun_app.command("show")
def show(cca: Cca, job_id: JobId) -> None:
    """Show a job: counts and money, progress, and who did what."""

    async def work() -> None:
        async with _rating() as rating:
            _print(await _shown(rating, _scope(cca), job_id))

    _run(work)


@rerun_app.command("list")
def list_reruns(cca: Cca) -> None:
    """Show the newest jobs of a CCA."""

    async def work() -> None:
        table = Table("job", "state", "asked by", "on", "items", "reason")
        async with _rating() as rating, rating.database.read() as session:
            for job in await list_jobs(session, _scope(cca), 0, LISTED):
                table.add_row(
                    *(str(job.job_id), job.state, job.asked_by, f"{job.asked_at:%Y-%m-%d}"),
                    *("" if job.total is None else str(job.total), job.asked.reason),
                )
        console.print(table)

    _run(work)


@rerun_app.command("csv")
def write_csv(
    cca: Cca,
    job_id: JobId,
    out: Annotated[Path | None, typer.Option(help="A file; the screen when left out.")] = None,
) -> None:
    """Write every bill of a job as a file for a spreadsheet."""

    async def work() -> None:
        async with _rating() as rating:
            await _shown(rating, _scope(cca), job_id)
            parts = [part async for part in items_csv(rating.database, job_id)]
        if out is None:
            sys.stdout.write("".join(parts))
        else:
            out.write_text("".join(parts), encoding="utf-8", newline="")

    _run(work)


@rerun_app.command("unmapped")
def unmapped(cca: Cca) -> None:
    """Show the rate codes that no plan knows, and what waits for them."""

    async def work() -> None:
        table = Table("rate code", "usage", "accounts", "first day", "oldest")
        async with _rating() as rating, rating.database.read() as session:
            book = await rating.desk.books.current(session)
            for code in await show_unmapped(session, _scope(cca), book):
                table.add_row(
                    *(code.rate_code, str(code.usage), str(code.accounts), str(code.first_day)),
                    f"{code.oldest_at:%Y-%m-%d}",
                )
        console.print(table)

    _run(work)


async def _work_off(rating: RatingService, scope: Scope, job_id: UUID, state: JobState) -> None:
    """Work until a job has left a state, wherever it is worked on."""
    told = -1
    while (job := await _shown(rating, scope, job_id)).state is state:
        if state is JobState.RUNNING and job.progress.done != told:
            told = job.progress.done
            console.print(f"{told} of {job.total}")
        if not await rating.reruns.work():
            await asyncio.sleep(LOOK_S)


async def _shown(rating: RatingService, scope: Scope, job_id: UUID) -> RerunView:
    async with rating.database.read() as session:
        limit_cents = rating.reruns.settings.second_person_cents
        return await show_job(session, scope, job_id, limit_cents)


def _print(job: RerunView) -> None:
    console.print(f"job {job.job_id}: {job.state}, {job.total} bills and waiting usage")
    if job.plan is not None:
        table = Table("effect", "why", "items", "now USD", "then USD")
        for one in job.plan.effects:
            table.add_row(one.effect, one.code or "", str(one.items), str(one.old), str(one.new))
        console.print(table)
        console.print(
            f"{job.plan.sent} were sent and are cancelled and billed anew, {job.plan.unsent} "
            f"wait and are charged: {job.plan.old} USD becomes {job.plan.new} USD "
            f"({job.plan.difference:+f}), {job.plan.at_stake} USD at stake"
        )
        if job.plan.second_person and job.state is JobState.PLANNED:
            console.print(f"Somebody other than {job.asked_by} must start it.")
    for outcome, count in job.progress.outcomes.items():
        console.print(f"{outcome}: {count}")
