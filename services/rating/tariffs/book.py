"""The price book: finds the plan for a customer and cuts a service period where prices change.

A plan is chosen by CCA, utility rate code, product, cohort and day, among the versions known when
we rate. A rate sheet that begins mid-month, or a summer that ends inside the period, splits the
period; each part is printed by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Final

from services.rating.calendars import CalendarBook, load_calendars
from services.rating.holds import RateNotFound, TaxUnknown
from services.rating.tariffs.cca import CcaFile
from services.rating.tariffs.export_prices import ExportBook, load_export_prices
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.taxes import TaxFile
from services.rating.versions import precedence

_ONE_DAY: Final = timedelta(days=1)
REMEMBERED_SPANS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class PlanKey:
    """What selects a plan, besides the day."""

    cca: str
    utility: str
    rate_code: str
    product: str
    cohort: str


@dataclass(frozen=True, slots=True)
class MappedCode:
    """A utility's rate code that stands for a code which plans know, from one day to another."""

    cca: str
    utility: str
    rate_code: str
    plan_code: str
    effective_from: date
    effective_through: date | None = None

    def covers(self, day: date) -> bool:
        """Whether it counts for a day of service."""
        through = self.effective_through
        return self.effective_from <= day and (through is None or day <= through)


@dataclass(frozen=True, slots=True)
class Span:
    """Days `[start, end)` with one plan version and one season."""

    start: date
    end: date
    plan: PlanFile
    season: str


@dataclass(frozen=True)
class PriceBook:
    """All imported tariffs, ready to be asked; built once and used until something is imported.

    Attributes:
        plans: every plan version.
        tax_files: tax files in the order of their activation; of those known the last counts.
        cca_files: particulars of CCAs, likewise.
        calendars: which hours are on-peak, and the holidays.
        exports: what exported energy is worth.
        codes: mapped rate codes in the order they were made; of those for a day the last counts.
    """

    plans: tuple[PlanFile, ...]
    tax_files: tuple[TaxFile, ...]
    cca_files: tuple[CcaFile, ...]
    calendars: CalendarBook = field(default_factory=load_calendars)
    exports: ExportBook = field(default_factory=load_export_prices)
    codes: tuple[MappedCode, ...] = ()
    _by_code: dict[tuple[str, str, str], list[PlanFile]] = field(init=False, repr=False)
    _spans: dict[tuple[PlanKey, date, date, date], tuple[Span, ...]] = field(
        init=False, repr=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        index: dict[tuple[str, str, str], list[PlanFile]] = {}
        for plan in self.plans:
            for code in plan.rate_codes:
                index.setdefault((plan.cca, plan.utility, code), []).append(plan)
        object.__setattr__(self, "_by_code", index)

    @property
    def taxes(self) -> TaxFile:
        """The tax file in force by all that is known."""
        return self.tax_files[-1]

    @cached_property
    def ccas(self) -> Mapping[str, CcaFile]:
        """CCA → its particulars by all that is known."""
        return {file.cca: file for file in self.cca_files}

    def taxes_on(self, known_on: date) -> TaxFile:
        """The tax file in force, as known on a day.

        Raises:
            TaxUnknown: none was known then.
        """
        for file in reversed(self.tax_files):
            if _is_known(file, known_on):
                return file
        raise TaxUnknown(f"no taxes were known on {known_on}")

    @cached_property
    def _mapped(self) -> Mapping[tuple[str, str, str], list[MappedCode]]:
        found: dict[tuple[str, str, str], list[MappedCode]] = {}
        for code in self.codes:
            found.setdefault((code.cca, code.utility, code.rate_code), []).insert(0, code)
        return found

    def with_code(self, code: MappedCode) -> PriceBook:
        """The same prices with one more mapped code, e.g. to see what it would come to."""
        return replace(self, codes=(*self.codes, code))

    def plan_code(self, cca: str, utility: str, rate_code: str, day: date) -> str:
        """The code under which plans know a rate code on a day: mostly the same."""
        for mapped in self._mapped.get((cca, utility, rate_code), ()):
            if mapped.covers(day):
                return mapped.plan_code
        return rate_code

    def has_plan(self, cca: str, utility: str, rate_code: str) -> bool:
        """Whether a plan names this rate code itself."""
        return (cca, utility, rate_code) in self._by_code

    def key(
        self,
        cca: str,
        utility: str,
        rate_code: str,
        product: str | None,
        city: str,
        known_on: date,
    ) -> PlanKey:
        """Complete the key of a customer's plan with default product and cohort, as known on a day.

        Raises:
            RateNotFound: nothing was known of the CCA, or the city has no cohort.
        """
        particulars = next(
            (f for f in reversed(self.cca_files) if f.cca == cca and _is_known(f, known_on)), None
        )
        if particulars is None:
            raise RateNotFound(f"no tariffs were imported for {cca}")
        chosen = particulars.product_of(product)
        return PlanKey(cca, utility, rate_code, chosen, particulars.cohort_of(city))

    def knows_rate_code(self, cca: str, utility: str, rate_code: str) -> bool:
        """Whether any plan is for this utility rate code, by itself or as it is mapped."""
        return (cca, utility, rate_code) in self._mapped or self.has_plan(cca, utility, rate_code)

    @cached_property
    def _nets(self) -> frozenset[tuple[str, str]]:
        return frozenset((plan.cca, plan.utility) for plan in self.plans if plan.nem)

    def nets(self, cca: str, utility: str) -> bool:
        """Whether any plan has rules for customers who generate."""
        return (cca, utility) in self._nets

    def select(self, key: PlanKey, day: date, known_on: date) -> PlanFile:
        """The one plan version for a customer on a day, as known on another day.

        The latest effective date wins, then the latest knowledge: a corrected sheet replaces
        the one it corrects from then on, and past ratings keep what they used.

        Raises:
            RateNotFound: no plan, or two different plans, claim the day.
        """
        code = self.plan_code(key.cca, key.utility, key.rate_code, day)
        claimed = [
            plan
            for plan in self._by_code.get((key.cca, key.utility, code), ())
            if key.product in plan.products
            and plan.cohort == key.cohort
            and plan.known_from <= known_on
            and plan.covers(day)
        ]
        if not claimed:
            raise RateNotFound(f"no plan for {_words(key)} on {day}")
        if len({plan.plan_id for plan in claimed}) > 1:
            names = ", ".join(sorted({plan.plan_id for plan in claimed}))
            raise RateNotFound(f"more than one plan for {_words(key)} on {day}: {names}")
        return max(claimed, key=precedence)

    def spans(self, key: PlanKey, start: date, end: date, known_on: date) -> tuple[Span, ...]:
        """Cut `[start, end)` where plan, season or an expiring component changes.

        Accounts of one billing cycle share their period, so the answer is remembered.

        Raises:
            RateNotFound: some day of the period has no plan, or more than one.
        """
        asked = (key, start, end, known_on)
        spans = self._spans.get(asked)  # asked from several threads
        if spans is None:
            if len(self._spans) >= REMEMBERED_SPANS_MAX:
                self._spans.clear()
            spans = self._spans[asked] = self._cut(key, start, end, known_on)
        return spans

    def _cut(self, key: PlanKey, start: date, end: date, known_on: date) -> tuple[Span, ...]:
        spans: list[Span] = []
        marks: list[tuple[object, ...]] = []
        for number in range((end - start).days):
            day = start + number * _ONE_DAY
            plan = self.select(key, day, known_on)
            season = plan.season_of(day)
            active = tuple(c.line_id for c in plan.components if c.applies(key.product, day))
            mark = (plan.plan_id, plan.version, season, active)
            if spans and marks[-1] == mark:
                spans[-1] = Span(spans[-1].start, day + _ONE_DAY, plan, season)
            else:
                spans.append(Span(day, day + _ONE_DAY, plan, season))
                marks.append(mark)
        return tuple(spans)


def _is_known(file: TaxFile | CcaFile, known_on: date) -> bool:
    return file.known_from is None or file.known_from <= known_on


def _words(key: PlanKey) -> str:
    cohort = f", cohort {key.cohort}" if key.cohort else ""
    return f"{key.cca} {key.rate_code} {key.product} ({key.utility}{cohort})"


def build_book(
    plans: Iterable[PlanFile],
    taxes: Iterable[TaxFile],
    ccas: Iterable[CcaFile],
    calendars: CalendarBook | None = None,
    exports: ExportBook | None = None,
) -> PriceBook:
    """Make the price book from imported files; of taxes and CCAs the last known version counts.

    Without calendars or export prices it has those that come with the program.

    Raises:
        RateNotFound: no taxes were imported, so nothing can be rated.
    """
    files = tuple(taxes)
    if not files:
        raise RateNotFound("no taxes were imported")
    return PriceBook(
        tuple(plans),
        files,
        tuple(ccas),
        load_calendars() if calendars is None else calendars,
        load_export_prices() if exports is None else exports,
    )
