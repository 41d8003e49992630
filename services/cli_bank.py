"""`ccax bank …` takes bank statements in; `ccax keys …` changes the keys that seal bank numbers."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli_doors import (
    Cca,
    Signed,
    carry_out,
    database_url,
    open_database,
    payments_of,
    signer,
)
from services.edi_gateway.archive import Archive
from services.remittance.bank import questions
from services.remittance.bank.desk import BankDesk
from services.remittance.bank.importing import TakenStatement
from services.remittance.bank.uploads import shown_name
from services.remittance.bank.views import masked
from shared.platform.clock import SystemClock
from shared.platform.database import Database
from shared.platform.keyring import key_file_of
from shared.platform.settings import PlatformSettings

bank_app = typer.Typer(no_args_is_help=True, help="Bank statements and how they match the 820s.")
keys_app = typer.Typer(no_args_is_help=True, help="The keys that seal bank account numbers.")
console = Console()


@asynccontextmanager
async def _open_desk() -> AsyncIterator[BankDesk]:
    settings = PlatformSettings()
    async with open_database("remittance") as database:
        yield BankDesk(database, SystemClock(), key_file_of(settings), settings.environment)


@asynccontextmanager
async def _open_sealed() -> AsyncIterator[tuple[BankDesk, Database]]:
    """Whatever holds sealed values: the bank's desk, and the gateway's archive."""
    settings = PlatformSettings()
    async with database_url() as url:
        money, files = Database(url, "remittance"), Database(url, "edi")
        try:
            yield BankDesk(money, SystemClock(), key_file_of(settings), settings.environment), files
        finally:
            await money.close()
            await files.close()


@bank_app.command("register")
def register_account(
    cca: Cca,
    name: Annotated[str, typer.Argument(help="What people call the account.")],
    signed: Signed = None,
) -> None:
    """Register a bank account; its number is read from the keyboard or from standard input."""
    number = (
        typer.prompt("Account number", hide_input=True)
        if sys.stdin.isatty()
        else sys.stdin.readline()
    )

    async def work() -> None:
        async with _open_desk() as desk:
            made = await desk.register(payments_of(cca), number.strip(), name, signer(signed))
        console.print(f"{cca}: account {masked(made.last_four)} is registered as {made.name}")

    carry_out(work())


@bank_app.command("import")
def import_statement(
    path: Annotated[Path, typer.Argument(help="A BAI2, CAMT.053 or NACHA file.", exists=True)],
    signed: Signed = None,
) -> None:
    """Take a bank file in and match it. The same bytes again have no effect; 1 if any is held."""

    async def work() -> None:
        async with _open_desk() as desk:
            done = await desk.take(path.read_bytes(), shown_name(path.name), signer(signed))
        again = ", known already" if done.again else ""
        console.print(f"{shown_name(path.name)}: {done.kind.value}{again}")
        for statement in done.statements:
            console.print(_told(statement))
        if any(statement.held_code for statement in done.statements):
            raise typer.Exit(1)

    carry_out(work())


def _told(statement: TakenStatement) -> str:
    account = masked(statement.last_four)
    if statement.held_code:
        return f"[red]account {account}: held, {statement.held_message}[/red]"
    new = f"of them new when it came: {statement.new_movements}"
    return f"account {account}: movements: {statement.movements}, {new}"


@bank_app.command("show")
def show_bank(
    cca: Cca,
    which: Annotated[str, typer.Option(help="open, any, or an outcome.")] = questions.OPEN,
) -> None:
    """Show announced, deposited and the difference, and what waits."""

    async def work() -> None:
        async with _open_desk() as desk, desk.database.read() as session:
            scope, on = payments_of(cca), desk.today
            told = await questions.overview(session, scope, on)
            page = await questions.matches(
                session, scope, on, which=which, limit=questions.PAGE_SIZE_MAX
            )
        console.print(
            f"announced {told.announced:,.2f}, deposited {told.deposited:,.2f}, "
            f"difference {told.difference:,.2f}; in transit {told.in_transit:,.2f}, "
            f"bank {told.bank:,.2f} {'ties' if told.ties else 'DOES NOT TIE'}"
        )
        table = Table("outcome", "since", "days", "announced", "deposited", "why")
        for each in page.matches:
            table.add_row(
                each.outcome,
                str(each.since),
                str(each.age_days),
                f"{each.announced:,.2f}",
                f"{each.deposited:,.2f}",
                each.explanation,
            )
        console.print(table)

    carry_out(work())


@keys_app.command("list")
def list_keys() -> None:
    """Show the ids of the keys, oldest first, and how many values each has sealed."""

    async def work() -> None:
        async with _open_sealed() as (desk, edi), edi.read() as session:
            counts = Counter(await desk.sealed_with())
            counts.update(await Archive(desk.keys).sealed_with(session))
        for key_id, count in counts.items():
            console.print(f"{key_id}  {count} sealed")

    carry_out(work())


@keys_app.command("rotate")
def rotate_keys() -> None:
    """Make a new key and seal everything with it; older keys stay in the file until removed."""

    async def work() -> None:
        async with _open_sealed() as (desk, edi):
            ring = desk.keys.add()
            done = await desk.seal_again() + await Archive(desk.keys).seal_again(edi)
        console.print(f"{done} values are sealed with {ring.newest}")

    carry_out(work())


@keys_app.command("reseal")
def reseal() -> None:
    """Seal everything with the newest key of the file; payments kept in the clear too."""

    async def work() -> None:
        async with _open_sealed() as (desk, edi):
            done = await desk.seal_again() + await Archive(desk.keys).seal_again(edi)
        console.print(f"{done} values were sealed again")

    carry_out(work())
