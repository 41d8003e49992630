"""`ccax tariffs …`: import, look through, compare, try, hand on and activate rate plans.

Plans are files until they are imported, so most of this works on files, without a database. Who
imports and who activates is signed with a name; the two must be different people.
"""

from __future__ import annotations

import csv
import sys
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Annotated

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
    year_asked,
)
from services.rating.api_settlements import current_book
from services.rating.calendars import load_calendars
from services.rating.engine.hours import calendar_of
from services.rating.nem_year import settle_accounts
from services.rating.settlement.runs import year_of
from services.rating.store_activation import CCA_KIND, PLAN_KIND, TAXES_KIND, TariffKey
from services.rating.store_shared import list_data
from services.rating.store_tariffs import list_plans
from services.rating.tariffs import urdb
from services.rating.tariffs.check import Severity, TariffFinding, check
from services.rating.tariffs.check_shared import calendars_of, check_shared
from services.rating.tariffs.compare import compare, compare_bills
from services.rating.tariffs.export import plan_csv, plan_json, plan_toml
from services.rating.tariffs.files import PLANS_FOLDER, read_folder, read_plan
from services.rating.tariffs.midas import midas_answer, midas_rate
from services.rating.tariffs.midas_upload import midas_upload
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.preview import NO_CITY, TestBill, TestUsage, preview
from shared.contracts.measures import from_cents, from_micro, to_micro
from shared.contracts.usage import Bucket
from shared.platform.clock import SystemClock
from shared.platform.web.scopes import CCAS_FILE, known_ccas

tariffs_app = typer.Typer(no_args_is_help=True, help="Rate plans.")
console = Console()

PlanPath = Annotated[Path, typer.Argument(help="A plan file, or a name below the program's plans.")]
Quantities = Annotated[list[str], typer.Option(help="Bucket and amount, e.g. on_peak=120.5.")]
Optional = Annotated[list[str] | None, typer.Option(help="Likewise.")]


class Form(StrEnum):
    """What a plan can be written as."""

    TOML = "toml"
    JSON = "json"
    CSV = "csv"
    MIDAS = "midas"
    MIDAS_XML = "midas-xml"


_OF_THE_PLAN = {Form.TOML: plan_toml, Form.JSON: plan_json, Form.CSV: plan_csv}
"""Forms that say the whole plan, whatever the days."""


@tariffs_app.command("import")
def import_tariffs(
    folder: Annotated[
        Path | None, typer.Argument(exists=True, file_okay=False, help="Plan files, if not ours.")
    ] = None,
    signed: Signed = None,
) -> None:
    """Import rate plans. Ours are active at once; yours are drafts until another activates them."""

    async def work() -> None:
        async with open_rating() as rating:
            if folder is None:
                done, released = await rating.import_tariffs()
            else:
                who = signer(signed)
                done, released = await rating.import_tariffs(folder, who)
        for name in done.imported:
            console.print(f"imported   {name}")
        console.print(f"{len(done.imported)} imported, {len(done.unchanged)} unchanged")
        if folder is not None and done.imported:
            console.print("They are drafts: another person runs `ccax tariffs activate`.")
        if released.tried:
            console.print(f"{released.tried} held tried again, {released.charged} charged")

    carry_out(work())


@tariffs_app.command("activate")
def activate(
    cca: Cca,
    plan_id: Annotated[str, typer.Argument(help="The plan; `cca` or `taxes` for those files.")],
    version: str,
    signed: Signed = None,
    reason: Annotated[str, typer.Option(help="Kept with the activation.")] = "",
) -> None:
    """Let an imported version count. Whoever imported it cannot."""

    async def work() -> None:
        key = TariffKey(PLAN_KIND, f"{cca}/{plan_id}", version)
        if plan_id in {"cca", "taxes"}:
            key = TariffKey(plan_id, cca if plan_id == "cca" else "", version)
        async with open_rating() as rating:
            released = await rating.activate_tariff(key, signer(signed), reason)
        console.print(f"{key.words} is active")
        console.print(f"{released.tried} held tried again, {released.charged} charged")

    carry_out(work())


@tariffs_app.command("list")
def list_versions() -> None:
    """Show every imported version, and who stands for it."""

    async def work() -> None:
        table = Table("CCA", "plan", "version", "effective", "known", "sure", "imported", "active")
        async with reading("rating") as session:
            for plan in await list_plans(session):
                table.add_row(
                    *(plan.cca, plan.plan_id, plan.version, str(plan.effective_from)),
                    *(str(plan.known_from), plan.confidence or "", plan.imported_by),
                    plan.activated_by or "draft",
                )
            for one in await list_data(session, [TAXES_KIND, CCA_KIND]):
                table.add_row(
                    *(one.key.name or "all", one.key.kind, one.key.version, "", "", ""),
                    *(one.imported_by, one.activated_by or "draft"),
                )
        console.print(table)

    carry_out(work())


@tariffs_app.command("check")
def check_folder(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Plan files, if not ours.")
    ] = PLANS_FOLDER,
) -> None:
    """Look through plan files for gaps, contradictions and prices that are missing."""
    files = read_folder(folder)
    ours = read_folder(PLANS_FOLDER)
    products = {one.cca: one.products for one in known_ccas()}
    found = check(files, calendars_of(files, ours), products) + check_shared(files, ours)
    show_findings(found)
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    console.print(
        f"{len(files.plans)} plans, {errors} errors, {len(found) - errors} warnings"
        f" (partners of {CCAS_FILE.name})"
    )
    if errors:
        raise typer.Exit(1)


@tariffs_app.command("diff")
def diff(before: PlanPath, after: PlanPath) -> None:
    """Tell two versions of a plan apart: in words, and in money for a test bill."""
    old, new = _plan(before), _plan(after)
    for difference in compare(old, new):
        console.print(difference.words, highlight=False)
    table = Table("line of a test bill", "before", "after", "change")
    for season, months in new.seasons.items():
        year = new.effective_from.year
        used = TestUsage(
            start=date(year, months[0], 1),
            end=date(year, months[0], 28),
            delivered_kwh=dict.fromkeys(_asked(old, season) | _asked(new, season), Decimal(100)),
            demand_kw={Bucket.TOTAL: Decimal(10)} if new.demand_buckets(season) else {},
        )
        for change in compare_bills(preview(old, used, None), preview(new, used, None)):
            table.add_row(change.label, str(change.before), str(change.after), f"{change.change:+}")
    console.print("27 days, 100 kWh in each bucket, no taxes:")
    console.print(table)


def _asked(plan: PlanFile, season: str) -> set[Bucket]:
    return set(plan.buckets(season)) if season in plan.seasons else set()


@tariffs_app.command("preview")
def show_preview(
    plan: PlanPath,
    start: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])],
    end: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Closing read.")],
    kwh: Quantities,
    received: Optional = None,
    kw: Optional = None,
    product: Annotated[str | None, typer.Option(help="The plan's first when left out.")] = None,
    city: Annotated[str, typer.Option(help="Decides the user tax.")] = NO_CITY,
) -> None:
    """Print a test bill for kWh and kW that you give; nothing is kept."""
    used = understood(
        TestUsage,
        {
            "start": start.replace(tzinfo=UTC).date(),
            "end": end.replace(tzinfo=UTC).date(),
            "product": product,
            "city": city.upper(),
            "delivered_kwh": _quantities(kwh),
            "received_kwh": _quantities(received),
            "demand_kw": _quantities(kw),
        },
    )
    _show_bill(preview(_plan(plan), used, read_folder(PLANS_FOLDER).taxes))


@tariffs_app.command("export")
def export(
    plan: PlanPath,
    form: Annotated[Form, typer.Option(help="How to write it.")] = Form.TOML,
    product: Annotated[str | None, typer.Option(help="For MIDAS; the plan's first.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="For MIDAS.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="For MIDAS.")
    ] = None,
    minutes: Annotated[
        int | None, typer.Option(help="For MIDAS: of an interval, as the RIN was first uploaded.")
    ] = None,
) -> None:
    """Write a plan as TOML, JSON or CSV, or its prices by the interval for the state's MIDAS."""
    found = _plan(plan)
    if form in _OF_THE_PLAN:
        sys.stdout.write(_OF_THE_PLAN[form](found))
        return
    if first is None or last is None:
        raise LookupError("MIDAS needs --from and --to")
    days = (first.replace(tzinfo=UTC).date(), last.replace(tzinfo=UTC).date())
    at = SystemClock().now()
    calendar = calendar_of(found, load_calendars(), at.date())
    rate = midas_rate(found, calendar, product or found.products[0], days, minutes)
    sys.stdout.write(midas_upload(rate) if form is Form.MIDAS_XML else midas_answer(rate, at))
    for line in rate.left_out:
        Console(stderr=True).print(f"left out: {line}, which MIDAS cannot say")


@tariffs_app.command("from-urdb")
def from_urdb(
    record: Annotated[Path, typer.Argument(exists=True, help="JSON of OpenEI's database.")],
    out: Annotated[Path, typer.Argument(help="Folder for the drafts.")],
    cca: Annotated[str, typer.Option(help="Whose plan it becomes.")],
    utility: Annotated[str, typer.Option()],
    rate_code: Annotated[list[str], typer.Option(help="The utility's code (REF*NH).")],
    product: Annotated[str, typer.Option(help="The CCA's product.")],
    known_from: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
) -> None:
    """Draft plan files from records of OpenEI's rate database, with what they cannot say."""
    chosen = urdb.Chosen(
        cca, utility, product, tuple(rate_code), known_from.replace(tzinfo=UTC).date()
    )
    out.mkdir(parents=True, exist_ok=True)
    for one in urdb.read_records(record.read_text(encoding="utf-8")):
        plan, findings = urdb.draft(one, chosen)
        path = out / f"{plan.plan_id.lower()}-{plan.version}.toml"
        path.write_text(plan_toml(plan), encoding="utf-8")
        console.print(f"{path.name} written")
        show_findings(findings)


@tariffs_app.command("settle-year")
def settle_year(
    cca: Cca,
    ended: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last closing read.")],
    nsc: Annotated[str, typer.Option(help="Net surplus compensation, dollars per kWh.")],
) -> None:
    """List, as CSV, what a year of net metering ends in. Nothing is paid or changed."""
    scope, asked = scope_of(cca), year_asked(ended, nsc)

    async def work() -> None:
        async with reading("rating") as session:
            book, year = await current_book(session), year_of(asked.ended_on)
            found = await settle_accounts(session, scope, book, year, to_micro(asked.nsc))
        writer = csv.writer(sys.stdout)
        writer.writerow(
            ("account", "agreement", "bills", "surplus_kwh", "earned", "paid", "how", "balance")
        )
        for end in found:
            done = end.settlement
            writer.writerow(
                (
                    *(end.account_number, end.service_agreement_id, end.bills),
                    *(from_micro(done.surplus_micro), from_cents(done.earned_cents)),
                    *(from_cents(done.paid_cents), done.how, from_cents(done.balance_cents)),
                )
            )

    carry_out(work())


def _plan(path: Path) -> PlanFile:
    return read_plan(path if path.exists() else (PLANS_FOLDER / path).with_suffix(".toml"))


def _quantities(words: list[str] | None) -> dict[Bucket, Decimal]:
    found = {}
    for word in words or ():
        bucket, _, amount = word.partition("=")
        try:
            found[Bucket(bucket)] = Decimal(amount)
        except (ValueError, InvalidOperation) as wrong:
            raise LookupError(f"{word!r} is not like {Bucket.ON_PEAK}=120.5") from wrong
    return found


def show_findings(findings: list[TariffFinding] | tuple[TariffFinding, ...]) -> None:
    """Print findings, a line each."""
    for one in findings:
        color = "red" if one.severity is Severity.ERROR else "yellow"
        console.print(
            f"[{color}]{one.severity}[/{color}] {one.code} {one.subject}: {one.message}",
            highlight=False,
            soft_wrap=True,
        )


def _show_bill(bill: TestBill) -> None:
    table = Table("line", "code", "quantity", "unit", "price", "amount", "rule")
    for line in bill.lines:
        table.add_row(
            *(line.label, line.code),
            "" if line.quantity is None else f"{line.quantity.normalize():f}",
            line.unit or "",
            "" if line.price is None else f"{line.price.normalize():f}",
            *(f"{line.amount:.2f}", line.rule),
        )
    console.print(table)
    console.print(f"{bill.plan_id} {bill.version}: {bill.total:.2f}")
