"""Runs a simulated utility from the command line: `python -m simulator --help`.

`day` lives billing days against a running back office over SFTP and ends with status 0 only when
everything the utility can see is as expected; `write` only writes files, to measure load with.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import asyncssh
import typer
from rich.console import Console

from simulator import bank, intervals
from simulator.batches import write_file
from simulator.places import UTILITIES
from simulator.plan import DEFAULT_DAY, Connection, DayPlan, Faults, Phase
from simulator.report import DayReport, counts_table, faults_table, money_table, save
from simulator.utility import billing_day
from simulator.x12 import STYLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="A utility in a box: the other end of the wire, the same every time for the same seed.",
)
SATURDAY = 5
DATE_FORMATS = ["%Y-%m-%d"]
FIRST_DAY = datetime.combine(DEFAULT_DAY, time())
ALL_PHASES = ",".join(Phase)
INTERVALS = "intervals"
KIND_SETS = {"enrol": "814", "usage": "867", INTERVALS: "867"}

Utility = Annotated[str, typer.Option(help="Which utility: pge, sce or sdge.")]
Accounts = Annotated[int, typer.Option(min=1, help="How many accounts, over all days.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same world and files.")]
Day = Annotated[
    datetime, typer.Option("--day", formats=DATE_FORMATS, help="The (first) billing day.")
]
Environment = Annotated[str, typer.Option(help="test (ISA15 T) or production (ISA15 P).")]
Style = Annotated[str, typer.Option("--delimiters", help="standard, or sce for byte 0x1C.")]
HostKey = Annotated[
    Path | None, typer.Option(help="The server's public key, to be sure who it is.")
]
TrustAnyone = Annotated[
    bool, typer.Option("--trust-any-host-key", help="Skip that check (own machine only).")
]
Phases = Annotated[str, typer.Option(help="Which parts of the day, separated by commas.")]
AccountsPerFile = Annotated[int, typer.Option(min=0, help="0: all in one file.")]
InPlace = Annotated[
    bool, typer.Option("--upload-in-place", help="Write under the final name at once.")
]
Run = Annotated[int, typer.Option(min=0, max=9, help="Number of this run of the day.")]
Statement = Annotated[
    Path | None, typer.Option(help="Write the bank's statement (BAI2) of what is paid here.")
]
Share = Annotated[float, typer.Option(min=0, max=1, help="A share between 0 and 1.")]


@app.command()
def day(  # noqa: PLR0913 - one argument an option: this is the command line
    *,
    key: Annotated[Path, typer.Option(help="The utility's private SSH key (Ed25519).")],
    utility: Utility = "pge",
    host: Annotated[str, typer.Option(help="The back office's SFTP host.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port.")] = 2222,
    user: Annotated[str, typer.Option(help="Log-in name; the utility's key when empty.")] = "",
    host_key: HostKey = None,
    trust_any_host_key: TrustAnyone = False,
    accounts: Accounts = 200,
    days: Annotated[int, typer.Option(min=1, help="Spread the accounts over so many days.")] = 1,
    seed: Seed = 7,
    first_day: Day = FIRST_DAY,
    error_rate: Share = 0.03,
    advice_rate: Share = 0.01,
    short_rate: Share = 0.02,
    reversal_rate: Share = 0.01,
    environment: Environment = "test",
    delimiters: Style = "standard",
    phases: Phases = ALL_PHASES,
    accounts_per_file: AccountsPerFile = 0,
    upload_in_place: InPlace = False,
    run: Run = 0,
    timeout: Annotated[float, typer.Option(help="Seconds for one whole day.")] = 120.0,
    patience: Annotated[float, typer.Option(help="Seconds of silence to bear.")] = 30.0,
    report: Annotated[Path | None, typer.Option(help="Write the report as JSON here.")] = None,
    statement: Statement = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the verdict.")] = False,
) -> None:
    """Live billing days: enrol, send usage, gather charges, answer, pay, balance."""
    _one_of(utility, UTILITIES, "--utility")
    _one_of(environment, ("test", "production"), "--environment")
    _one_of(delimiters, STYLES, "--delimiters")
    plan = DayPlan(
        utility=utility,
        connection=Connection(
            host, port, user or utility, key, host_key, trust_any_host_key, upload_in_place
        ),
        accounts=accounts,
        seed=seed,
        day=first_day.date(),
        faults=Faults(error_rate, advice_rate, short_rate, reversal_rate),
        environment=environment,
        delimiters=delimiters,
        phases=_phases(phases),
        accounts_a_file=accounts_per_file,
        run=run,
        timeout_s=timeout,
        patience_s=patience,
    )
    console = Console(quiet=quiet)
    try:
        reports = asyncio.run(_live(list(_spread(plan, days)), console))
    except (OSError, ValueError, asyncssh.Error) as error:
        Console(stderr=True).print(f"{utility} could not reach {host} port {port}: {error}")
        raise typer.Exit(2) from error
    _keep(plan, reports, report, statement)
    _conclude(reports)


@app.command()
def key(
    out: Annotated[Path, typer.Option(help="The private key file; `.pub` goes beside it.")],
) -> None:
    """Make the utility's own Ed25519 key pair; an existing one is kept."""
    if not out.exists():
        made = asyncssh.generate_private_key("ssh-ed25519", comment="simulated utility")
        out.parent.mkdir(parents=True, exist_ok=True)
        out.touch(mode=0o600)
        made.write_private_key(out)
        made.write_public_key(out.with_name(f"{out.name}.pub"))
    Console().print(f"{out}")


@app.command()
def write(
    kind: Annotated[str, typer.Option(help="enrol (814), usage (867) or intervals (867).")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    utility: Utility = "pge",
    accounts: Accounts = 20_000,
    seed: Seed = 7,
    first_day: Day = FIRST_DAY,
    environment: Environment = "test",
    delimiters: Style = "standard",
) -> None:
    """Write one large clean file and send nothing; usage matches the enrolments of its seed."""
    _one_of(kind, KIND_SETS, "--kind")
    _one_of(utility, UTILITIES, "--utility")
    _one_of(delimiters, STYLES, "--delimiters")
    plan = DayPlan(
        utility=utility,
        connection=Connection("", 0, utility, Path()),
        accounts=accounts,
        seed=seed,
        day=first_day.date(),
        environment=environment,
        delimiters=delimiters,
    )
    with out.open("wb") as stream:
        if kind == INTERVALS:
            count = intervals.write_file(plan, stream)
        else:
            count = write_file(plan, KIND_SETS[kind], stream)
    Console().print(f"{out}: {count:,} transactions, {out.stat().st_size:,} bytes")


async def _live(plans: list[DayPlan], console: Console) -> list[DayReport]:
    reports: list[DayReport] = []
    for plan in plans:
        prefix = f"[bold]{plan.utility}[/] {plan.day:%Y-%m-%d}"

        def tell(sentence: str, prefix: str = prefix) -> None:
            console.print(f"{prefix}  {sentence}")

        report = await billing_day(plan, tell)
        for table in (counts_table(report), money_table(report), faults_table(report)):
            console.print(table)
        reports.append(report)
    return reports


def _spread(plan: DayPlan, days: int) -> Iterator[DayPlan]:
    """Share the accounts of a plan out over working days, as bill cycles do."""
    on = plan.day
    for turn in range(days):
        first = plan.accounts * turn // days
        count = plan.accounts * (turn + 1) // days - first
        if count:
            yield _slice(plan, on, first, count)
        on = _next_working_day(on)


def _slice(plan: DayPlan, on: date, first: int, count: int) -> DayPlan:
    return replace(plan, day=on, first_account=plan.first_account + first, accounts=count)


def _next_working_day(on: date) -> date:
    following = on + timedelta(days=1)
    while following.weekday() >= SATURDAY:
        following += timedelta(days=1)
    return following


def _phases(text: str) -> frozenset[Phase]:
    try:
        return frozenset(Phase(one.strip()) for one in text.split(",") if one.strip())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--phases") from error


def _one_of(value: str, choices: Iterable[str], option: str) -> None:
    names = list(choices)
    if value not in names:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(names)}", param_hint=option)


def _document(reports: list[DayReport]) -> dict[str, object]:
    return {
        "balanced": all(report.balanced for report in reports),
        "days": [report.as_json() for report in reports],
    }


def _keep(
    plan: DayPlan, reports: list[DayReport], report: Path | None, statement: Path | None
) -> None:
    if report is not None:
        save(json.dumps(_document(reports), indent=2) + "\n", report)
    if statement is not None:
        save(_statement(plan, reports), statement)


def _statement(plan: DayPlan, reports: list[DayReport]) -> str:
    ccas = {cca.key: cca for cca in plan.identity.ccas}
    deposits = [
        bank.Deposit(
            ccas[sums.cca], sums.trace, sums.paid_cents, date.fromisoformat(report.settled)
        )
        for report in reports
        for sums in report.ccas
        if sums.trace
    ]
    return bank.statement(plan.identity, deposits, plan.day)


def _conclude(reports: list[DayReport]) -> None:
    console = Console()
    problems = [problem for report in reports for problem in report.problems]
    if not problems:
        console.print("[green]balanced:[/] everything the utility can see is as expected")
        return
    console.print(f"[red]not balanced:[/] {len(problems):,} problems")
    for problem in problems[:20]:
        console.print(f"  {problem}", markup=False)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
