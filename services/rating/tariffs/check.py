"""Looks through a folder of tariffs for what would hold usage, or bill it wrongly, later.

Each file by itself was checked when it was read. Here they are held against each other and against
calendars and partners: days without a price, two plans for one customer, buckets nobody prices.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import combinations, pairwise, product

from services.rating.calendars import Calendar, CalendarBook
from services.rating.calendars.calendar_file import Table
from services.rating.components import Component
from services.rating.holds import RateNotFound
from services.rating.tariffs.files import TariffFolder
from services.rating.tariffs.plan import PlanFile
from shared.contracts.usage import Bucket

_ONE_DAY = timedelta(days=1)


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """Somebody would be billed wrongly, or two rules contradict each other."""
    WARNING = "warning"
    """Usage would be held, or somebody should look."""


@dataclass(frozen=True, slots=True)
class TariffFinding:
    """Something that a person should know before a tariff is activated.

    Attributes:
        severity: how bad it is.
        code: stable, e.g. `GAP`.
        subject: the plan or CCA.
        message: what is wrong, in words.
    """

    severity: Severity
    code: str
    subject: str
    message: str


def check(
    folder: TariffFolder, calendars: CalendarBook, products: Mapping[str, Collection[str]]
) -> list[TariffFinding]:
    """Everything noteworthy about a folder of tariffs, plan by plan.

    Args:
        folder: the files as they were read.
        calendars: what plans may name.
        products: CCA → the products that the partners' list says it sells; no CCA outside is known.
    """
    found: list[TariffFinding] = []
    for plan in folder.plans:
        found += _seasons(plan)
        found += hours_findings(plan, calendars)
        found += _codes(plan)
        found += _trust(plan)
    found += _dates(folder.plans)
    found += _rivals(folder.plans)
    found += _ccas(folder, products)
    return found


def _name(plan: PlanFile) -> str:
    return f"{plan.cca} {plan.plan_id} {plan.version}"


def error(code: str, subject: str, message: str) -> TariffFinding:
    """A finding that somebody would be billed wrongly."""
    return TariffFinding(Severity.ERROR, code, subject, message)


def warning(code: str, subject: str, message: str) -> TariffFinding:
    """A finding that usage would be held, or that somebody should look."""
    return TariffFinding(Severity.WARNING, code, subject, message)


def _energy(plan: PlanFile, sold: str) -> list[Component]:
    return [
        c for c in plan.components if c.prices_energy and (not c.only_for or sold in c.only_for)
    ]


def _seasons(plan: PlanFile) -> Iterator[TariffFinding]:
    """Every season needs prices from every component that has a table of them."""
    for sold in plan.products:
        if not _energy(plan, sold):
            yield error("NO_PRICE", _name(plan), f"{sold} has no generation price")
    for component in plan.components:
        named = component.seasons_named()
        for season in plan.seasons:
            if named and season not in named:
                yield warning(
                    "SEASON_UNPRICED",
                    _name(plan),
                    f"{component.line_id} has no prices in {season}: its usage will be held",
                )


def hours_findings(plan: PlanFile, calendars: CalendarBook) -> Iterator[TariffFinding]:
    """The buckets that are priced must be those that the hours come in."""
    if plan.schedule is not None:
        yield from _buckets(plan, _of_schedule(plan.schedule, plan))
        return
    if plan.calendar is None:
        yield warning("NO_CALENDAR", _name(plan), "it names no calendar: no intervals can be rated")
        return
    try:
        calendar = calendars.calendar(plan.calendar)
        days = _days(plan)
        seasons = {season: calendar.season_of(day) for season, day in days.items()}
        buckets = {season: calendar.buckets_of(day) for season, day in days.items()}
    except RateNotFound as wrong:
        yield error("CALENDAR_UNKNOWN", _name(plan), wrong.detail)
        return
    yield from _named_alike(plan, calendar, seasons)
    yield from _buckets(plan, buckets)


def _named_alike(
    plan: PlanFile, calendar: Calendar, seasons: Mapping[str, str]
) -> Iterator[TariffFinding]:
    if calendar.file.utility != plan.utility:
        yield error(
            "CALENDAR_OF_ANOTHER",
            _name(plan),
            f"{calendar.calendar_id} is a calendar of {calendar.file.utility}",
        )
    strange = sorted(set(plan.rate_codes) - set(calendar.file.rate_codes))
    if strange:
        yield warning(
            "CODE_WITHOUT_HOURS",
            _name(plan),
            f"{calendar.calendar_id} does not list {', '.join(strange)}",
        )
    for season, called in seasons.items():
        if season != called:
            yield error(
                "SEASONS_DIFFER",
                _name(plan),
                f"what the plan calls {season} is {called} in {calendar.calendar_id}",
            )


def _days(plan: PlanFile) -> dict[str, date]:
    """A day of each season on which the plan is in effect or soon will be."""
    found: dict[str, date] = {}
    day = plan.effective_from
    while len(found) < len(plan.seasons):
        found.setdefault(plan.season_of(day), day)
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return found


def _of_schedule(table: Table, plan: PlanFile) -> dict[str, frozenset[Bucket]]:
    return {
        season: frozenset(
            table.buckets[number]
            for month in months
            for grid in (table.weekday, table.weekend)
            for number in grid[month - 1]
        )
        for season, months in plan.seasons.items()
    }


def _buckets(plan: PlanFile, hours: Mapping[str, frozenset[Bucket]]) -> Iterator[TariffFinding]:
    for sold, season in product(plan.products, hours):
        priced: set[Bucket] = set()
        for component in _energy(plan, sold):
            if season in component.seasons_named():
                priced |= component.buckets(season)
        if not priced or Bucket.TOTAL in priced:
            continue
        for bucket in sorted(hours[season] - priced):
            yield error(
                "BUCKET_UNPRICED", _name(plan), f"{sold} has no price for {bucket} in {season}"
            )
        for bucket in sorted(priced - hours[season]):
            yield error(
                "BUCKET_WITHOUT_HOURS",
                _name(plan),
                f"{sold} prices {bucket} in {season}, and no hour is {bucket} then",
            )


def _codes(plan: PlanFile) -> Iterator[TariffFinding]:
    """A line of the 810 is known by its code: one code is one component."""
    used: dict[str, str] = {}
    for component in plan.components:
        other = used.setdefault(component.code, component.line_id)
        if other != component.line_id and not _apart(plan, other, component):
            yield warning(
                "CODE_SHARED",
                _name(plan),
                f"{other} and {component.line_id} are both {component.code} on the 810",
            )


def _apart(plan: PlanFile, other: str, component: Component) -> bool:
    """Whether two components never stand on one bill, being for different products."""
    first = next(c for c in plan.components if c.line_id == other)
    return bool(first.only_for and component.only_for) and not (
        set(first.only_for) & set(component.only_for)
    )


def _trust(plan: PlanFile) -> Iterator[TariffFinding]:
    if plan.confidence == "fictional":
        yield warning("FICTIONAL", _name(plan), "made up for tests: never bill a customer with it")
    elif plan.confidence == "low":
        yield warning("LOW_CONFIDENCE", _name(plan), plan.note or "the numbers are not sure")


def _dates(plans: Sequence[PlanFile]) -> Iterator[TariffFinding]:
    """Versions of one plan: days that none of them covers, and ends that overlap."""
    by_plan: dict[tuple[str, str], list[PlanFile]] = {}
    for plan in plans:
        by_plan.setdefault((plan.cca, plan.plan_id), []).append(plan)
    for versions in by_plan.values():
        ordered = sorted(versions, key=lambda p: (p.effective_from, p.known_from))
        for earlier, later in pairwise(ordered):
            through = earlier.effective_through
            if through is not None and through + _ONE_DAY < later.effective_from:
                last = later.effective_from - _ONE_DAY
                yield warning(
                    "GAP", _name(earlier), f"nothing is priced from {through + _ONE_DAY} to {last}"
                )
            if through is not None and through >= later.effective_from:
                yield warning(
                    "OVERLAP",
                    _name(earlier),
                    f"it is to end on {through}, and {later.version} replaces it before",
                )
            same_day = earlier.effective_from == later.effective_from
            if same_day and earlier.known_from == later.known_from:
                yield error(
                    "SAME_DATES",
                    _name(later),
                    f"{earlier.version} has the same dates: which counts?",
                )


def _rivals(plans: Iterable[PlanFile]) -> Iterator[TariffFinding]:
    """Different plans that claim the same customer on the same day."""
    for one, other in combinations(plans, 2):
        if (one.cca, one.utility, one.cohort) != (other.cca, other.utility, other.cohort):
            continue
        codes = set(one.rate_codes) & set(other.rate_codes)
        sold = set(one.products) & set(other.products)
        if one.plan_id == other.plan_id or not codes or not sold or not _meet(one, other):
            continue
        yield error(
            "TWO_PLANS",
            _name(one),
            f"{other.plan_id} {other.version} is for {', '.join(sorted(codes))} and "
            f"{', '.join(sorted(sold))} too",
        )


def _meet(one: PlanFile, other: PlanFile) -> bool:
    ends = [plan.effective_through or date.max for plan in (one, other)]
    return one.effective_from <= ends[1] and other.effective_from <= ends[0]


def _ccas(folder: TariffFolder, products: Mapping[str, Collection[str]]) -> Iterator[TariffFinding]:
    """CCAs, their products and cohorts, and the plans for them must know each other."""
    listed = {cca.cca: cca for cca in folder.ccas}
    for name in sorted({plan.cca for plan in folder.plans}):
        plans = [plan for plan in folder.plans if plan.cca == name]
        if name not in products:
            yield error("CCA_UNKNOWN", name, "the partners' list has no such CCA")
        if name not in listed:
            yield error("CCA_FILE_MISSING", name, "there is no cca.toml for it")
            continue
        cca = listed[name]
        sold = {each for plan in plans for each in plan.products}
        for stray in sorted(sold - set(products.get(name, sold))):
            yield warning("PRODUCT_UNKNOWN", name, f"the partners' list does not have {stray}")
        if cca.default_product not in sold:
            yield error("DEFAULT_UNPRICED", name, f"no plan is for {cca.default_product}")
        cohorts = {plan.cohort for plan in plans}
        for cohort in sorted(set(cca.cohorts.values()) - cohorts):
            yield error("COHORT_UNPRICED", name, f"cities are of {cohort}, and no plan is for it")
        for cohort in sorted(cohorts - set(cca.cohorts.values()) - {""}):
            yield warning("COHORT_WITHOUT_CITY", name, f"no city is of {cohort}")
