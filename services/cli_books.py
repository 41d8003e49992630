"""`ccax books …`: months of a CCA's books, their balances, and what accounting is given."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli_doors import Cca, Signed, carry_out, open_database, payments_of, signer
from services.remittance.ledger.closing import list_months, trial_balance
from services.remittance.ledger.desk import LedgerDesk
from services.remittance.ledger.export import Batch, batch_file, file_name, find_batch, list_batches
from services.remittance.store import MAILBOX
from shared.contracts.measures import from_cents
from shared.contracts.parts import ServiceName
from shared.platform.clock import SystemClock
from shared.platform.mailbox import Mailbox
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings

books_app = typer.Typer(no_args_is_help=True, help="Months of a CCA's books, and their export.")
console = Console()

Month = Annotated[datetime, typer.Option(formats=["%Y-%m"], help="E.g. 2026-11.")]
Out = Annotated[Path | None, typer.Option(help="A folder for the file; the screen when left out.")]


@asynccontextmanager
async def _open_desk() -> AsyncIterator[LedgerDesk]:
    """The acts on the books; their messages wait in the outbox for the exchange."""
    async with open_database("remittance") as database:
        clock = SystemClock()
        mailbox = Mailbox(ServiceName.REMITTANCE, database, MAILBOX, MemoryBus(), clock)
        yield LedgerDesk(database, mailbox, clock, PlatformSettings().general_ledger_file)


def _first_day(month: datetime) -> date:
    return month.replace(tzinfo=UTC).date()


@books_app.command("months")
def show_months(cca: Cca) -> None:
    """Show the months that have entries, and who closed which."""

    async def work() -> None:
        table = Table("month", "entries", "closed by", "on", "not entered", "held", "note")
        async with _open_desk() as desk, desk.database.read() as session:
            for month in await list_months(session, payments_of(cca)):
                table.add_row(
                    *(f"{month.month:%Y-%m}", f"{month.entries:,}", month.closed_by or "open"),
                    f"{month.closed_at:%Y-%m-%d %H:%M}" if month.closed_at else "",
                    *(str(month.not_entered), str(month.held_payments), month.note),
                )
        console.print(table)

    carry_out(work())


@books_app.command("close")
def close(
    cca: Cca,
    month: Month,
    note: Annotated[str, typer.Option(help="Kept with the month.")] = "",
    signed: Signed = None,
) -> None:
    """Close a month for good. The audit of the CCA has to agree; there is no reopening."""

    async def work() -> None:
        async with _open_desk() as desk:
            done = await desk.close(payments_of(cca), _first_day(month), signer(signed), note)
        console.print(f"{cca} {done.month:%Y-%m} is closed with {done.entries:,} entries")
        if done.not_entered or done.held_payments:
            console.print(
                f"{done.not_entered} sent 810s were not entered in full, "
                f"{done.held_payments} payments are set aside"
            )

    carry_out(work())


@books_app.command("balances")
def show_balances(cca: Cca, month: Month) -> None:
    """Show every account's opening, movements and closing of a month."""

    async def work() -> None:
        table = Table("account", "owed to")
        for name in ("opening", "debits", "credits", "closing"):
            table.add_column(name, justify="right")
        async with _open_desk() as desk, desk.database.read() as session:
            found = await trial_balance(session, payments_of(cca), _first_day(month))
        for each in found:
            cents = (each.opening_cents, each.debit_cents, each.credit_cents, each.closing_cents)
            money = (f"{from_cents(one):,.2f}" for one in cents)
            table.add_row(each.ledger_account, each.jurisdiction, *money)
        console.print(table)

    carry_out(work())


@books_app.command("export")
def export(cca: Cca, month: Month, out: Out = None, signed: Signed = None) -> None:
    """Make the next batch of a month for accounting, and write its file."""

    async def work() -> None:
        async with _open_desk() as desk:
            batch = await desk.export(payments_of(cca), _first_day(month), signer(signed))
            await _write(desk, cca, batch, out)

    carry_out(work())


@books_app.command("batches")
def show_batches(cca: Cca) -> None:
    """Show what accounting was given."""

    async def work() -> None:
        table = Table("number", "month", "entries", "debits = credits", "made by", "on", "sha256")
        async with _open_desk() as desk, desk.database.read() as session:
            for batch in await list_batches(session, payments_of(cca)):
                table.add_row(
                    *(str(batch.number), f"{batch.month:%Y-%m}", f"{batch.entries:,}"),
                    *(f"{from_cents(batch.debit_cents):,.2f}", batch.made_by),
                    *(f"{batch.made_at:%Y-%m-%d}", batch.sha256.hex()[:12]),
                )
        console.print(table)

    carry_out(work())


@books_app.command("batch")
def write_batch(cca: Cca, number: Annotated[int, typer.Argument(min=1)], out: Out = None) -> None:
    """Write the file of a batch again, byte for byte as it was made."""

    async def work() -> None:
        async with _open_desk() as desk:
            async with desk.database.read() as session:
                batch = await find_batch(session, payments_of(cca), number)
            await _write(desk, cca, batch, out)

    carry_out(work())


async def _write(desk: LedgerDesk, cca: str, batch: Batch, out: Path | None) -> None:
    scope = payments_of(cca)
    told = "".join([part async for part in batch_file(desk.database, scope, batch)])
    if out is None:
        sys.stdout.write(told)
        return
    path = out / file_name(scope, batch)
    path.write_text(told, encoding="utf-8", newline="")
    console.print(f"{path}: {batch.entries:,} entries, {from_cents(batch.debit_cents):,.2f}")
