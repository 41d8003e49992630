"""`ccax settlements …`: record what a year of net metering ends in, and book it by a second person.

`ccax tariffs settle-year` lists a year without recording anything. Preparing and approving are
signed with names, which must be two people's.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.rating.api_settlements import current_book, ends_csv, run_view
from services.rating.scope import Scope
from services.rating.settlement.runs import Run, approve, list_runs, load_run, prepare
from services.rating.store_activation import signing
from shared.contracts.measures import from_micro, to_micro
from shared.platform.clock import SystemClock
from shared.platform.database import Database
from shared.platform.settings import PlatformSettings
from shared.platform.web.scopes import known_ccas

settlements_app = typer.Typer(no_args_is_help=True, help="Yearly settlement of net metering.")
console = Console()

DatabaseUrl = Callable[[], AbstractAsyncContextManager[str]]
RunWork = Callable[..., None]

Cca = Annotated[str, typer.Argument(help="The CCA, e.g. mce.")]
RunId = Annotated[int, typer.Argument(help="As `ccax settlements list` shows it.")]
Signed = Annotated[
    str | None, typer.Option("--as", help="Who signs; the user of this machine when left out.")
]


@dataclass(slots=True)
class _Doors:
    """How commands reach the database; the command line opens them when it starts."""

    database_url: DatabaseUrl | None = None
    run: RunWork | None = None


_doors = _Doors()


def register(app: typer.Typer, database_url: DatabaseUrl, run: RunWork) -> None:
    """Add `settlements` to the command line.

    Args:
        app: the command line.
        database_url: gives the address of the database for as long as it is needed.
        run: runs a command's work in an event loop.
    """
    _doors.database_url, _doors.run = database_url, run
    app.add_typer(settlements_app, name="settlements")


@asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    if _doors.database_url is None:
        raise LookupError("the command line was not put together")
    async with _doors.database_url() as url:
        database = Database(url, "rating")
        try:
            yield database
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


@settlements_app.command("prepare")
def prepare_run(
    cca: Cca,
    ended: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last closing read.")],
    nsc: Annotated[str, typer.Option(help="Net surplus compensation, dollars per kWh.")],
    signed: Signed = None,
) -> None:
    """Work out a year and record it. Nothing is booked until somebody else approves it."""

    async def work() -> None:
        who, year = signing(signed or getpass.getuser()), ended.replace(tzinfo=UTC).date()
        async with _database() as database, database.unit_of_work() as session:
            book = await current_book(session)
            asked = (year, to_micro(Decimal(nsc)))
            run = await prepare(session, _scope(cca), book, asked, who, SystemClock().now())
        _tell(run)
        console.print("Another person runs `ccax settlements approve`.")

    _run(work)


@settlements_app.command("approve")
def approve_run(
    cca: Cca,
    run_id: RunId,
    signed: Signed = None,
    reason: Annotated[str, typer.Option(help="Kept with the approval.")] = "",
) -> None:
    """Book a run: balances move now, and the next bills apply the credits."""

    async def work() -> None:
        signature = (signing(signed or getpass.getuser()), reason)
        async with _database() as database, database.unit_of_work() as session:
            book = await current_book(session)
            at = SystemClock().now()
            run = await approve(session, _scope(cca), book, run_id, signature, at)
        _tell(run)

    _run(work)


@settlements_app.command("list")
def list_all(cca: Cca) -> None:
    """Show every run of a CCA, latest first."""

    async def work() -> None:
        async with _database() as database, database.read() as session:
            found = await list_runs(session, _scope(cca))
        table = Table("run", "year until", "rate", "prepared by", "approved by")
        for one in found:
            table.add_row(
                *(str(one.run_id), str(one.ended_on), f"{from_micro(one.nsc_micro):f}"),
                *(one.prepared_by, one.approved_by or "not yet"),
            )
        console.print(table)

    _run(work)


@settlements_app.command("show")
def show(
    cca: Cca,
    run_id: RunId,
    how: Annotated[str | None, typer.Option(help="cheque, bill_credit, roll_over or none.")] = None,
) -> None:
    """Write a run as CSV; `--how cheque` is the list for finance."""

    async def work() -> None:
        async with _database() as database, database.read() as session:
            run = await load_run(session, _scope(cca), run_id)
        sys.stdout.write(ends_csv(end for end in run.ends if how in {None, end.how}))

    _run(work)


def _tell(run: Run) -> None:
    shown = run_view(run)
    console.print(
        f"run {shown.run_id}, year until {shown.ended_on}: {len(shown.ends)} customers, "
        f"cheques {shown.cheques}, bill credits {shown.bill_credits}, "
        f"approved by {shown.approved_by or 'nobody yet'}"
    )
