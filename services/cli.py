"""`ccax`: start the exchange, play a day, and keep partners, tokens and tariffs.

Every command reads the same settings (`CCAX_…`); without a database address it uses the embedded
database of the data folder, joining it when the exchange is running.
"""

from __future__ import annotations

import errno
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from services import (
    cli_bank,
    cli_books,
    cli_files,
    cli_rerun,
    cli_settlements,
    cli_shared,
    cli_tariffs,
    host,
)
from services import demo as demo_day
from services.cli_doors import carry_out, database_url, reading, writing
from services.edi_gateway import reading_faults
from services.edi_gateway.operations import access, ledger_audit
from services.edi_gateway.partners import load_partners
from services.edi_gateway.service import CLIENT_KEY_FILE
from services.edi_gateway.transport.sftp_server import load_host_key
from services.remittance.audit import audit as audit_books
from shared.contracts.parts import ServiceName
from shared.platform import migrate as migrations
from shared.platform.clock import SystemClock
from shared.platform.collector import settle_in
from shared.platform.database import Database
from shared.platform.refusals import Refusal
from shared.platform.settings import PlatformSettings
from shared.platform.web.identity import Role

app = typer.Typer(
    no_args_is_help=True,
    help="EDI transaction service for Community Choice Aggregation.",
    pretty_exceptions_enable=False,
)
partners_app = typer.Typer(no_args_is_help=True, help="Trading partners, mailboxes and their keys.")
token_app = typer.Typer(no_args_is_help=True, help="API tokens.")
dead_letters_app = typer.Typer(no_args_is_help=True, help="Messages that were given up on.")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(partners_app, name="partners")
app.add_typer(token_app, name="token")
app.add_typer(cli_tariffs.tariffs_app, name="tariffs")
app.add_typer(cli_shared.calendars_app, name="calendars")
app.add_typer(cli_shared.holidays_app, name="holidays")
app.add_typer(cli_shared.exports_app, name="export-prices")
app.add_typer(cli_bank.bank_app, name="bank")
app.add_typer(cli_books.books_app, name="books")
app.add_typer(cli_bank.keys_app, name="keys")
app.add_typer(cli_rerun.rerun_app, name="rerun")
app.add_typer(cli_settlements.settlements_app, name="settlements")
cli_files.register(app)
console = Console()


def main() -> None:
    """Run the command line; a refusal is one clear sentence and exit status 1."""
    try:
        app()
    except (KeyError, IndexError):
        raise  # faults of ours, though they are kinds of LookupError
    except (Refusal, host.MissingSetting, LookupError) as refusal:
        Console(stderr=True).print(str(refusal), style="red", markup=False, soft_wrap=True)
        sys.exit(1)
    except OSError as fault:
        if fault.errno != errno.EADDRINUSE:
            raise
        Console(stderr=True).print(
            f"[red]{fault.strerror}: something else listens there. "
            "Choose other ports with CCAX_HTTP_PORT and CCAX_SFTP_PORT.[/red]"
        )
        sys.exit(1)


@app.command()
def run(
    service: Annotated[
        list[ServiceName] | None,
        typer.Option(help="Only this service (repeat for more); all of them when left out."),
    ] = None,
) -> None:
    """Start the exchange and serve until stopped (Ctrl-C or SIGTERM)."""
    wanted = tuple(service) if service else host.ALL_SERVICES

    async def serve() -> None:
        settings = PlatformSettings()
        running = await host.start(settings, wanted)
        settle_in()
        if running.gateway is not None:
            console.print(f"Console and API  http://{settings.http_host}:{running.http_port}/")
            console.print(f"SFTP             {settings.sftp_host}:{running.gateway.sftp.port}")
        await running.lifecycle.until_stopped()
        if not await running.lifecycle.close():
            raise typer.Exit(1)

    carry_out(serve())


@app.command()
def demo(
    accounts: Annotated[int, typer.Option(min=1, help="Accounts that the utility sends.")] = 200,
    utility: Annotated[str, typer.Option(help="Which utility plays: pge, sce or sdge.")] = "pge",
    seed: Annotated[int, typer.Option(help="The same seed plays the same day.")] = 7,
    exit_after: Annotated[
        bool, typer.Option("--exit", help="End after the day; status 0 only if it balanced.")
    ] = False,
) -> None:
    """Play one billing day against a simulated utility over real SFTP, then keep serving."""

    async def play() -> None:
        plan = demo_day.Plan(utility=utility, accounts=accounts, seed=seed)
        if not await demo_day.play(PlatformSettings(), plan, console, exit_after=exit_after):
            raise typer.Exit(1)

    carry_out(play())


@app.command()
def migrate() -> None:
    """Bring the database to the shape this version expects; safe to repeat."""

    async def work() -> None:
        async with database_url() as url:
            for name, revision in (await migrations.migrate_all(url)).items():
                console.print(f"{name}: {revision or 'no tables'}")

    carry_out(work())


@app.command()
def audit() -> None:
    """Verify the ledger's hash chains and re-derive every balance; status 1 on any difference."""

    async def work() -> None:
        async with database_url() as url:
            edi, books = Database(url, "edi"), Database(url, "remittance")
            try:
                async with edi.read() as session:
                    broken = await ledger_audit.verify_all(session)
                async with books.read() as session:
                    report = await audit_books(session)
            finally:
                await edi.close()
                await books.close()
        for sentence in broken:
            console.print(f"[red]ledger: {sentence}[/red]")
        for difference in report.differences:
            console.print(f"[red]books: {difference}[/red]")
        console.print(
            f"ledger chains {'hold' if not broken else 'BROKEN'}; "
            f"books of {report.receivables} receivables {'agree' if report.is_clean else 'DIFFER'}"
        )
        if broken or not report.is_clean:
            raise typer.Exit(1)

    carry_out(work())


@partners_app.command("list")
def list_partners() -> None:
    """Show every utility and the CCAs it serves."""
    book = load_partners()
    table = Table("utility", "name", "DUNS", "CCAs")
    for utility in book.utilities:
        codes = ", ".join(cca.code for cca in book.partner(utility.code).ccas)
        table.add_row(utility.code, utility.name, utility.duns, codes)
    console.print(table)


@partners_app.command("add-key")
def add_key(
    utility: Annotated[str, typer.Argument(help="The utility's folder name, e.g. pge.")],
    public_key: Annotated[Path, typer.Argument(help="Its Ed25519 public key file.", exists=True)],
) -> None:
    """Let a utility into its mailbox with this key; the running server honours it at once."""

    async def work() -> None:
        load_partners().utility(utility)
        async with writing("edi") as session:
            added = await access.add_partner_key(
                session, utility, public_key.read_text(), SystemClock().now()
            )
        console.print(f"{utility}: key {added.fingerprint} added")

    carry_out(work())


@partners_app.command("keys")
def list_keys(utility: Annotated[str, typer.Argument()]) -> None:
    """Show the keys that open a utility's mailbox."""

    async def work() -> None:
        async with reading("edi") as session:
            for key in await access.list_partner_keys(session, utility):
                console.print(f"{key.fingerprint}  {key.comment}  added {key.added_at:%Y-%m-%d}")

    carry_out(work())


@partners_app.command("revoke-key")
def revoke_key(
    utility: Annotated[str, typer.Argument()],
    fingerprint: Annotated[str, typer.Argument(help="As `ccax partners keys` shows it.")],
) -> None:
    """Shut a key out; open connections end with their session."""

    async def work() -> None:
        async with writing("edi") as session:
            await access.revoke_partner_key(session, utility, fingerprint, SystemClock().now())
        console.print(f"{utility}: key {fingerprint} revoked")

    carry_out(work())


@partners_app.command("our-key")
def our_key() -> None:
    """Show the public key with which we call utilities' own servers; made on first use."""
    key = load_host_key(PlatformSettings().data_dir / CLIENT_KEY_FILE)
    sys.stdout.write(key.export_public_key("openssh").decode())


@dead_letters_app.command("list")
def list_dead_letters() -> None:
    """Show the messages that a service gave up on, and why."""

    async def work() -> None:
        table = Table("service", "message", "type", "died", "reason")
        async with database_url() as url, host.at_desk(PlatformSettings(), url) as desk:
            for service in desk.services:
                for letter in await service.mailbox.dead_letters():
                    reason = letter.reason.strip().splitlines()[-1]
                    died = f"{letter.died_at:%Y-%m-%d %H:%M}"
                    name = service.mailbox.service
                    table.add_row(name, letter.message_id, letter.type, died, reason)
        console.print(table)

    carry_out(work())


@dead_letters_app.command("replay")
def replay_dead_letter(
    service: Annotated[ServiceName, typer.Argument(help="The service that gave it up.")],
    message_id: Annotated[str, typer.Argument(help="As `ccax dead-letters list` shows it.")],
) -> None:
    """Handle a message again, now that its cause is mended; it stays if it fails again."""

    async def work() -> None:
        settings = PlatformSettings()
        async with database_url() as url, host.at_desk(settings, url, (service,)) as desk:
            outcome = await desk.services[0].consumer.replay(message_id)
        console.print(f"{message_id}: {outcome}")

    carry_out(work())


@app.command("read-again")
def read_again(
    file_id: Annotated[UUID, typer.Argument(help="The file's id, as the console shows it.")],
    actor: Annotated[str, typer.Option(help="Who asks; it stands in the ledger.")] = "command line",
) -> None:
    """Read a file again that our reader gave up on, from where it stopped."""

    async def work() -> None:
        async with writing("edi") as session:
            await reading_faults.read_again(session, file_id, actor, SystemClock().now())
        console.print(f"{file_id} is queued for reading")

    carry_out(work())


@token_app.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="Who will use it, e.g. jane-billing.")],
    role: Annotated[Role, typer.Option()] = Role.VIEWER,
    cca: Annotated[
        list[str] | None, typer.Option(help="Only this CCA (repeat for more); all when left out.")
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day it works.")
    ] = None,
) -> None:
    """Make an API token; it is shown this once and kept only as a hash."""

    async def work() -> None:
        until: date | None = expires.replace(tzinfo=UTC).date() if expires else None
        async with writing("edi") as session:
            made = await access.create_token(
                session,
                name=name,
                role=role,
                ccas=tuple(cca) if cca else None,
                expires_on=until,
                at=SystemClock().now(),
            )
        sys.stdout.write(made.plain + "\n")

    carry_out(work())


@token_app.command("list")
def list_tokens() -> None:
    """Show the tokens, without their secrets."""

    async def work() -> None:
        table = Table("name", "role", "CCAs", "created", "expires", "revoked")
        async with reading("edi") as session:
            for token in await access.list_tokens(session):
                table.add_row(
                    token.name,
                    token.role,
                    ", ".join(token.ccas) if token.ccas is not None else "all",
                    f"{token.created_at:%Y-%m-%d}",
                    str(token.expires_on or ""),
                    f"{token.revoked_at:%Y-%m-%d}" if token.revoked_at else "",
                )
        console.print(table)

    carry_out(work())


@token_app.command("revoke")
def revoke_token(name: Annotated[str, typer.Argument()]) -> None:
    """End a token, and every console session it opened."""

    async def work() -> None:
        async with writing("edi") as session:
            await access.revoke_token(session, name, SystemClock().now())
        console.print(f"token {name} revoked")

    carry_out(work())
