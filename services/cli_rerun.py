"""`ccax rerun …`: put right what was rated wrongly: look first, then start, watch, take the result.

A dry run and the run itself are worked on here, or by the exchange where it is running; both see
the same job. What is decided is signed with a name.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import typer
from rich.console import Console
from rich.table import Table

from services.cli_doors import (
    Cca,
    Signed,
    carry_out,
    open_rating,
    reading,
    scope_of,
    signer,
    understood,
)
from services.rating.rerun.api import NewMapping
from services.rating.rerun.asked import RerunAsked, mapping_job
from services.rating.rerun.store_jobs import JobState, list_jobs
from services.rating.rerun.views import RerunView, items_csv, show_job, show_unmapped
from services.rating.scope import Scope
from services.rating.service import RatingService

rerun_app = typer.Typer(no_args_is_help=True, help="Rate again what was rated wrongly.")
console = Console()

LOOK_S = 0.5
LISTED = 50

JobId = Annotated[UUID, typer.Argument(help="As `ccax rerun list` shows it.")]
Reason = Annotated[str, typer.Option(help="Kept with the job.")]
Key = Annotated[
    str | None, typer.Option(help="The same key again is the same job; made up when left out.")
]
From = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])]
To = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"])]
Through = Annotated[datetime | None, typer.Option("--through", formats=["%Y-%m-%d"])]


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
    wanted = {
        "plan_id": plan_id,
        "plan_version": version,
        "rate_code": rate_code,
        "bill_cycle": bill_cycle,
        "accounts": tuple(account or ()),
        "hold_code": hold,
        "period_from": _on(begin),
        "period_to": _on(end),
    }
    asked = understood(RerunAsked, {"filter": wanted, "reason": reason})
    _plan(scope_of(cca), asked, key, signed)


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
    mapping = {
        "rate_code": rate_code,
        "plan_code": plan_code,
        "effective_from": _on(begin),
        "effective_through": _on(end),
    }
    new = understood(NewMapping, {"key": key or uuid4().hex, "mapping": mapping, "reason": reason})
    _plan(scope_of(cca), mapping_job(new.mapping, new.reason), new.key, signed)


def _plan(scope: Scope, asked: RerunAsked, key: str | None, signed: str | None) -> None:
    async def work() -> None:
        async with open_rating() as rating:
            job = await rating.reruns.ask(scope, asked, key or uuid4().hex, signer(signed))
            await _work_off(rating, scope, job.job_id, JobState.PLANNING)
            _print(await _shown(rating, scope, job.job_id))

    carry_out(work())


@rerun_app.command("start")
def start(cca: Cca, job_id: JobId, reason: Reason, signed: Signed = None) -> None:
    """Do what a dry run told. Above a limit of money, not whoever asked for it."""

    async def work() -> None:
        scope = scope_of(cca)
        async with open_rating() as rating:
            await rating.reruns.start(scope, job_id, signer(signed), reason)
            await _work_off(rating, scope, job_id, JobState.RUNNING)
            _print(await _shown(rating, scope, job_id))

    carry_out(work())


@rerun_app.command("cancel")
def cancel(cca: Cca, job_id: JobId, reason: Reason, signed: Signed = None) -> None:
    """End a job; what its finished batches did stays done."""

    async def work() -> None:
        scope = scope_of(cca)
        async with open_rating() as rating:
            await rating.reruns.cancel(scope, job_id, signer(signed), reason)
            _print(await _shown(rating, scope, job_id))

    carry_out(work())


@rerun_app.command("show")
def show(cca: Cca, job_id: JobId) -> None:
    """Show a job: counts and money, progress, and who did what."""

    async def work() -> None:
        async with open_rating() as rating:
            _print(await _shown(rating, scope_of(cca), job_id))

    carry_out(work())


@rerun_app.command("list")
def list_reruns(cca: Cca) -> None:
    """Show the newest jobs of a CCA."""

    async def work() -> None:
        table = Table("job", "state", "asked by", "on", "items", "reason")
        async with reading("rating") as session:
            for job in await list_jobs(session, scope_of(cca), 0, LISTED):
                table.add_row(
                    *(str(job.job_id), job.state, job.asked_by, f"{job.asked_at:%Y-%m-%d}"),
                    *("" if job.total is None else str(job.total), job.asked.reason),
                )
        console.print(table)

    carry_out(work())


@rerun_app.command("csv")
def write_csv(
    cca: Cca,
    job_id: JobId,
    out: Annotated[Path | None, typer.Option(help="A file; the screen when left out.")] = None,
) -> None:
    """Write every bill of a job as a file for a spreadsheet."""

    async def work() -> None:
        async with open_rating() as rating:
            await _shown(rating, scope_of(cca), job_id)
            parts = [part async for part in items_csv(rating.database, job_id)]
        if out is None:
            sys.stdout.write("".join(parts))
        else:
            out.write_text("".join(parts), encoding="utf-8", newline="")

    carry_out(work())


@rerun_app.command("unmapped")
def unmapped(cca: Cca) -> None:
    """Show the rate codes that no plan knows, and what waits for them."""

    async def work() -> None:
        table = Table("rate code", "usage", "accounts", "first day", "oldest")
        async with open_rating() as rating, rating.database.read() as session:
            book = await rating.desk.books.current(session)
            for code in await show_unmapped(session, scope_of(cca), book):
                table.add_row(
                    *(code.rate_code, str(code.usage), str(code.accounts), str(code.first_day)),
                    f"{code.oldest_at:%Y-%m-%d}",
                )
        console.print(table)

    carry_out(work())


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
