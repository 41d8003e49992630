"""Looks through calendars, holidays and export prices for what would hold usage, or bill wrongly.

Each file by itself was checked when it was read. Here versions are held against each other, and
against the plans that name them: new hours may bring a bucket that a plan has no price for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from services.rating.calendars import CalendarBook
from services.rating.components.nem import NetBilling
from services.rating.tariffs.check import (
    Severity,
    TariffFinding,
    error,
    hours_findings,
    warning,
)
from services.rating.tariffs.export_prices import ExportPrices
from services.rating.tariffs.files import TariffFolder
from services.rating.tariffs.plan import PlanFile


def check_shared(folder: TariffFolder, known: TariffFolder) -> list[TariffFinding]:
    """Everything noteworthy about what the plans of a folder share.

    Args:
        folder: what is looked at.
        known: what is there besides, mostly what comes with the program.
    """
    whole = _together(folder, known)
    return [
        *_dates(folder, whole),
        *_holidays(folder, whole),
        *_codes(folder, whole),
        *_new_hours(folder, whole),
        *_tables(folder, whole),
    ]


def calendars_of(folder: TariffFolder, known: TariffFolder) -> CalendarBook:
    """The calendars of a folder with those that are there besides; the folder's come first."""
    whole = _together(folder, known)
    return CalendarBook(whole.calendars, whole.holidays)


def _together(folder: TariffFolder, known: TariffFolder) -> TariffFolder:
    calendars = {(one.calendar_id, one.versions[0].version) for one in folder.calendars}
    lists = {(one.list_id, one.version) for one in folder.holidays}
    tables = {(one.table_id, one.version) for one in folder.exports}
    plans = {(one.cca, one.plan_id, one.version) for one in folder.plans}
    return TariffFolder(
        plans=folder.plans
        + tuple(p for p in known.plans if (p.cca, p.plan_id, p.version) not in plans),
        ccas=folder.ccas,
        taxes=folder.taxes,
        calendars=folder.calendars
        + tuple(
            c for c in known.calendars if (c.calendar_id, c.versions[0].version) not in calendars
        ),
        holidays=folder.holidays
        + tuple(h for h in known.holidays if (h.list_id, h.version) not in lists),
        exports=folder.exports
        + tuple(e for e in known.exports if (e.table_id, e.version) not in tables),
    )


def _dates(folder: TariffFolder, whole: TariffFolder) -> Iterator[TariffFinding]:
    """Two versions with the same dates: nobody can tell which counts."""
    named: dict[tuple[str, date, date], set[str]] = {}
    for calendar in whole.calendars:
        (one,) = calendar.versions
        dates = (calendar.calendar_id, one.effective_from, one.known_from)
        named.setdefault(dates, set()).add(one.version)
    for days in whole.holidays:
        dates = (f"holidays {days.list_id}", days.effective_from, days.known_from)
        named.setdefault(dates, set()).add(days.version)
    for table in whole.exports:
        dates = (f"export prices {table.table_id}", table.effective_from, table.known_from)
        named.setdefault(dates, set()).add(table.version)
    mine = {one.calendar_id for one in folder.calendars}
    mine |= {f"holidays {one.list_id}" for one in folder.holidays}
    mine |= {f"export prices {one.table_id}" for one in folder.exports}
    for (name, *_), versions in named.items():
        if len(versions) > 1 and name in mine:
            yield error("SAME_DATES", name, f"{' and '.join(sorted(versions))} have the same dates")


def _holidays(folder: TariffFolder, whole: TariffFolder) -> Iterator[TariffFinding]:
    known = {one.list_id for one in whole.holidays}
    for calendar in folder.calendars:
        if calendar.holidays not in known:
            yield error(
                "HOLIDAYS_UNKNOWN",
                calendar.calendar_id,
                f"there is no holiday list {calendar.holidays}",
            )
    for table in folder.exports:
        if table.holidays not in known:
            yield error(
                "HOLIDAYS_UNKNOWN", table.table_id, f"there is no holiday list {table.holidays}"
            )


def _codes(folder: TariffFolder, whole: TariffFolder) -> Iterator[TariffFinding]:
    """A plan that names no calendar finds it by its rate code: one code, one calendar."""
    seen: dict[tuple[str, str], str] = {}
    mine = {one.calendar_id for one in folder.calendars}
    for calendar in whole.calendars:
        for code in calendar.rate_codes:
            other = seen.setdefault((calendar.utility, code), calendar.calendar_id)
            if other != calendar.calendar_id and {other, calendar.calendar_id} & mine:
                yield error("CODE_OF_TWO", calendar.calendar_id, f"{other} has {code} too")


def _new_hours(folder: TariffFolder, whole: TariffFolder) -> Iterator[TariffFinding]:
    """Hours that begin while a plan is in effect must fit its prices from that day on."""
    if not all(
        one.holidays in {each.list_id for each in whole.holidays} for one in whole.calendars
    ):
        return
    book = CalendarBook(whole.calendars, whole.holidays)
    for calendar in folder.calendars:
        (version,) = calendar.versions
        for plan in whole.plans:
            if plan.calendar != calendar.calendar_id or _is_over(
                plan, version.effective_from, whole
            ):
                continue
            day = max(plan.effective_from, version.effective_from)
            then = plan.model_copy(update={"effective_from": day})
            yield from (f for f in hours_findings(then, book) if f.severity is Severity.ERROR)


def _is_over(plan: PlanFile, day: date, whole: TariffFolder) -> bool:
    """Whether a plan version has ended by a day, or another has taken its place."""
    if plan.effective_through is not None and plan.effective_through < day:
        return True
    return any(
        (other.cca, other.plan_id) == (plan.cca, plan.plan_id)
        and plan.effective_from < other.effective_from <= day
        for other in whole.plans
    )


def _tables(folder: TariffFolder, whole: TariffFolder) -> Iterator[TariffFinding]:
    known = {one.table_id for one in whole.exports}
    for plan in folder.plans:
        if isinstance(plan.nem, NetBilling) and plan.nem.export_prices not in known:
            yield error(
                "EXPORT_PRICES_UNKNOWN",
                f"{plan.cca} {plan.plan_id} {plan.version}",
                f"there are no export prices {plan.nem.export_prices}",
            )
    for table in folder.exports:
        yield from _of_table(table)


def _of_table(table: ExportPrices) -> Iterator[TariffFinding]:
    name = f"{table.table_id} {table.version}"
    if table.confidence == "fictional":
        yield warning("FICTIONAL", name, "made up for tests: never pay a customer by it")
    elif table.confidence == "low":
        yield warning("LOW_CONFIDENCE", name, "the numbers are not sure")
    if table.source_url is None or table.source_sha256 is None:
        yield warning("SOURCE_MISSING", name, "it does not say address and hash of what was read")
    years = sorted(each.year for each in table.years)
    missing = [one + 1 for one, other in pairwise(years) if other > one + 1]
    if table.effective_from.year < years[0]:
        missing.insert(0, table.effective_from.year)
    for year in missing:
        yield warning("YEAR_MISSING", name, f"it has no prices for {year}: exports will be held")
