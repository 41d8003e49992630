"""The demonstration: one billing day against a simulated utility, over real SFTP.

It starts the whole exchange in this process, gives the utility a mailbox key, lets the utility (a
program of its own that shares no code with us) play its day, and then asks our own ledger and
books whether the day balanced. What it prints is what they answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from services import host
from services.edi_gateway.operations import access, file_queries, ledger_audit, queries
from services.edi_gateway.operations.queries import EVERYTHING
from services.host import Host
from services.remittance.bank import questions
from services.remittance.receivables import Scope
from shared.platform.clock import SystemClock
from shared.platform.settings import PlatformSettings
from shared.platform.web.identity import Role

SETTLE_S = 60.0
"""After the utility has finished, our own books have this long to come to rest."""

LOOK_EVERY_S = 0.2
STATEMENT_FILE = "statement.bai"
ACCOUNT_NAME = "simulated account"
ACTOR = "demo"
PLAY_MAX_S = 1_800.0
PATIENCE_S = 120.0

MUST_BE_ANSWERED = frozenset(
    {
        ("inbound 814", "applied"),
        ("inbound 820", "applied"),
        ("inbound 824", "applied"),
        ("inbound 867", "rated"),
        ("outbound 810", "acknowledged"),
        ("outbound 814", "acknowledged"),
    }
)
"""What a balanced day leaves no transaction waiting for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The day to play."""

    utility: str
    accounts: int
    seed: int


async def play(
    settings: PlatformSettings, plan: Plan, console: Console, *, exit_after: bool
) -> bool:
    """Play the day, print what happened and where to look, and keep serving unless told to end.

    Returns:
        Whether the day balanced and everything ended in good order.
    """
    began = time.monotonic()
    running = await host.start(settings)
    try:
        console.print(f"Exchange running after {time.monotonic() - began:.1f} s")
        problems = await _play_day(running, plan, console)
        await _show_door(running, console)
        if not exit_after:
            console.print("\nServing until you press Ctrl-C.")
            await running.lifecycle.until_stopped()
    finally:
        ended = await running.lifecycle.close()
    return not problems and ended


async def _play_day(running: Host, plan: Plan, console: Console) -> list[str]:
    """Let the utility play, wait until our books rest, and say what is wrong, if anything."""
    folder = running.settings.data_dir / "demo"
    began = time.monotonic()
    report = await _utility_plays(running, plan, folder)
    problems = [*_problems_of(report)]
    await _until_at_rest(running)
    problems += await _bank_tells(running, plan, report, folder / STATEMENT_FILE)
    problems += await _our_problems(running, report)
    console.print(await _day_table(running))
    took = time.monotonic() - began
    if problems:
        for problem in problems:
            console.print(f"[red]{problem}[/red]")
        console.print(f"[bold red]The day did not balance[/bold red] ({took:.1f} s)")
    else:
        console.print(
            f"[bold green]The day balanced[/bold green] in {took:.1f} s: every 867 charged, "
            "held with a reason, cancelled or rejected in its 997; 997s both ways; every 820 cent "
            "placed and found at the bank; every ledger chain whole"
        )
    return problems


async def _utility_plays(running: Host, plan: Plan, folder: Path) -> dict[str, Any]:
    """Run the simulated utility as a program of its own, and return its report."""
    gateway = running.required_gateway
    key, host_key, report = folder / "utility_key", folder / "host_key.pub", folder / "report.json"
    await _program("-m", "simulator", "key", "--out", str(key))
    host_key.write_text(gateway.sftp.host_key + "\n")
    report.unlink(missing_ok=True)
    async with gateway.database.unit_of_work() as session:
        public = key.with_name(f"{key.name}.pub").read_text()
        if public.split()[1] not in " ".join(await access.authorized_keys(session, plan.utility)):
            await access.add_partner_key(session, plan.utility, public, SystemClock().now())
        # A day that was played here before is not played again: its control numbers are used.
        played = await file_queries.count_named(session, f"{plan.utility.upper()}_814_%")
    await _program(
        *("-m", "simulator", "day", "--utility", plan.utility, "--accounts", str(plan.accounts)),
        *("--seed", str(plan.seed + played), "--port", str(gateway.sftp.port)),
        *("--host", running.settings.sftp_host, "--key", str(key), "--host-key", str(host_key)),
        *("--environment", running.settings.environment.value, "--report", str(report)),
        *("--timeout", str(PLAY_MAX_S), "--patience", str(PATIENCE_S)),
        *("--statement", str(folder / STATEMENT_FILE)),
    )
    if not report.exists():
        return {"balanced": False, "days": []}
    found: dict[str, Any] = json.loads(report.read_text())
    return found


async def _bank_tells(
    running: Host, plan: Plan, report: dict[str, Any], statement: Path
) -> list[str]:
    """Take the bank's statement in, and say whose deposits do not match the 820s, if any."""
    remittance, environment = running.required_remittance, running.settings.environment
    paid = [cca for day in report["days"] for cca in day["ccas"] if cca["trace"]]
    if not paid:
        return []
    for cca in paid:
        scope = Scope(cca["cca"], plan.utility, environment)
        await remittance.bank.register(scope, cca["bank_account"], ACCOUNT_NAME, ACTOR)
    data = await asyncio.to_thread(statement.read_bytes)
    taken = await remittance.bank.take(data, statement.name, ACTOR)
    problems = [f"bank: {each.held_message}" for each in taken.statements if each.held_code]
    async with remittance.database.read() as session:
        for cca in paid:
            scope = Scope(cca["cca"], plan.utility, environment)
            told = await questions.overview(session, scope, remittance.bank.today)
            if told.difference or not told.ties:
                problems.append(f"bank: {cca['cca']} differs by {told.difference}")
    return problems


async def _program(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    await process.wait()


def _problems_of(report: dict[str, Any]) -> list[str]:
    if not report["days"]:
        return ["the simulated utility could not play its day"]
    return [f"utility: {sentence}" for day in report["days"] for sentence in day["problems"]]


async def _until_at_rest(running: Host) -> None:
    """Wait until nothing is under way between the services; what is left then is a problem."""
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        if await running.is_at_rest():
            return
        await asyncio.sleep(LOOK_EVERY_S)


async def _our_problems(running: Host, report: dict[str, Any]) -> list[str]:
    """Ask our own ledger and books whether the day balanced, and compare with the utility."""
    gateway, remittance = running.required_gateway, running.required_remittance
    problems = []
    async with gateway.database.read() as session:
        told = await queries.counts(session, EVERYTHING)
        problems += [f"ledger: {wrong}" for wrong in await ledger_audit.verify_all(session)]
        unanswered = await queries.unanswered_groups(session)
    for (what, question, answer), number in told.items():
        if answer == "waiting" and (what, question) in MUST_BE_ANSWERED:
            problems.append(f"{number} of {what}: '{question}?' is still waiting")
    if unanswered:
        problems.append(f"{unanswered} functional groups without their 997")
    books = await remittance.audit()
    problems += [f"books: {difference}" for difference in books.differences]
    if not books.every_cent_placed:
        problems.append(f"{books.waiting_lines} lines of 820s are not placed")
    paid = sum(day["totals"]["paid_cents"] for day in report["days"])
    if len(report["days"]) == 1 and not await _is_first_day(running):
        return problems
    if books.placed_cents != paid:
        problems.append(f"the utility paid {paid} cents, our books placed {books.placed_cents}")
    return problems


async def _is_first_day(running: Host) -> bool:
    """Whether the books hold one day only, so that its sums are the books' sums."""
    async with running.required_gateway.database.read() as session:
        return await file_queries.count_named(session, "%\\_814\\_%", direction="inbound") == 1


async def _day_table(running: Host) -> Table:
    table = Table("transactions", "question", "answer", "number", title="What the ledger says")
    async with running.required_gateway.database.read() as session:
        told = await queries.counts(session, EVERYTHING)
    for (what, question, answer), number in sorted(told.items()):
        if answer != "-":
            table.add_row(what, f"{question}?", answer, f"{number:,}")
    return table


async def _show_door(running: Host, console: Console) -> None:
    """Print where to look, with a token made for this run."""
    gateway, settings = running.required_gateway, running.settings
    at = SystemClock().now()
    async with gateway.database.unit_of_work() as session:
        token = await access.create_token(
            session, name=f"demo {at:%Y-%m-%d %H:%M:%S.%f}", role=Role.OPERATOR, at=at
        )
    console.print(f"Console  http://{settings.http_host}:{running.http_port}/")
    console.print(f"API      http://{settings.http_host}:{running.http_port}/docs")
    console.print(f"Token    {token.plain}", soft_wrap=True)
    console.print(f"SFTP     {settings.sftp_host} port {gateway.sftp.port}")
