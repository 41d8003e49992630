"""`ccax settlements …`: record what a year of net metering ends in, and book it by a second person.

`ccax tariffs settle-year` lists a year without recording anything. Preparing and approving are
signed with names, which must be two people's.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli_doors import (
    Cca,
    Signed,
    carry_out,
    reading,
    scope_of,
    signer,
    writing,
    year_asked,
)
from services.rating.api_settlements import current_book, ends_csv, run_view
from services.rating.components.nem import PaidHow
from services.rating.settlement.runs import Run, approve, list_runs, load_run, prepare
from shared.contracts.measures import from_micro, to_micro
from shared.platform.clock import SystemClock

settlements_app = typer.Typer(no_args_is_help=True, help="Yearly settlement of net metering.")
console = Console()

RunId = Annotated[
    int, typer.Argument(help="As `ccax settlements list` shows it.", min=1, max=2**63 - 1)
]


@settlements_app.command("prepare")
def prepare_run(
    cca: Cca,
    ended: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last closing read.")],
    nsc: Annotated[str, typer.Option(help="Net surplus compensation, dollars per kWh.")],
    signed: Signed = None,
) -> None:
    """Work out a year and record it. Nothing is booked until somebody else approves it."""
    scope, asked = scope_of(cca), year_asked(ended, nsc)

    async def work() -> None:
        who, year = signer(signed), (asked.ended_on, to_micro(asked.nsc))
        async with writing("rating") as session:
            book = await current_book(session)
            run = await prepare(session, scope, book, year, who, SystemClock().now())
        _tell(run)
        console.print("Another person runs `ccax settlements approve`.")

    carry_out(work())


@settlements_app.command("approve")
def approve_run(
    cca: Cca,
    run_id: RunId,
    signed: Signed = None,
    reason: Annotated[str, typer.Option(help="Kept with the approval.")] = "",
) -> None:
    """Book a run: balances move now, and the next bills apply the credits."""
    scope = scope_of(cca)

    async def work() -> None:
        signature = (signer(signed), reason)
        async with writing("rating") as session:
            book = await current_book(session)
            run = await approve(session, scope, book, run_id, signature, SystemClock().now())
        _tell(run)

    carry_out(work())


@settlements_app.command("list")
def list_all(cca: Cca) -> None:
    """Show every run of a CCA, latest first."""

    async def work() -> None:
        async with reading("rating") as session:
            found = await list_runs(session, scope_of(cca))
        table = Table("run", "year until", "rate", "prepared by", "approved by")
        for one in found:
            table.add_row(
                *(str(one.run_id), str(one.ended_on), f"{from_micro(one.nsc_micro):f}"),
                *(one.prepared_by, one.approved_by or "not yet"),
            )
        console.print(table)

    carry_out(work())


@settlements_app.command("show")
def show(
    cca: Cca,
    run_id: RunId,
    how: Annotated[PaidHow | None, typer.Option(help="Only what is paid so.")] = None,
) -> None:
    """Write a run as CSV; `--how cheque` is the list for finance."""

    async def work() -> None:
        async with reading("rating") as session:
            run = await load_run(session, scope_of(cca), run_id)
        sys.stdout.write(ends_csv(end for end in run.ends if how in {None, end.how}))

    carry_out(work())


def _tell(run: Run) -> None:
    shown = run_view(run)
    console.print(
        f"run {shown.run_id}, year until {shown.ended_on}: {len(shown.ends)} customers, "
        f"cheques {shown.cheques}, bill credits {shown.bill_credits}, "
        f"approved by {shown.approved_by or 'nobody yet'}"
    )
