"""Looks at a charge before it leaves, and says in words what is odd about it.

An audit is a pure function of one case: the charge, the usage it is for, and what came before. It
never decides what becomes of the charge; a CCA's setting does (hold or warn). Sources: EnergyCAP's
list of bill audits, and the exceptions that this project's rating facts define.
"""

from __future__ import annotations

from calendar import month_name
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import date, datetime
from hashlib import sha256
from statistics import median_low
from typing import Final
from uuid import UUID

from shared.contracts.measures import from_cents, from_micro
from shared.platform.values import value

HISTORY_PERIODS: Final = 12
"""How many earlier periods of a service agreement an audit looks at."""

_YEAR_DAYS: Final = 365
_SAME_SEASON_DAYS: Final = 20
_RECENT_PERIODS: Final = 3
_LOTS: Final = 1_000

Limits = Mapping[str, int]
"""An audit's numbers by name: cents, days, percent, kW."""


@value(frozen=True, slots=True)
class Past:
    """One earlier period of a service agreement.

    `total_cents` and `energy_micro` are absent where nothing was charged or nobody noted it.
    """

    period_start: date
    period_end: date
    estimated: bool = False
    energy_micro: int | None = None
    total_cents: int | None = None

    @property
    def days(self) -> int:
        """The days of the period."""
        return (self.period_end - self.period_start).days


@value(frozen=True, slots=True)
class Case:
    """What an audit looks at: a charge that is about to leave.

    Attributes:
        total_cents: what the customer would be asked for; negative for a credit.
        energy_micro: delivered energy in 1e-6 kWh.
        demand_micro: the highest demand in 1e-6 kW; 0 when nobody measured it.
        residential: whether the customer is a household.
        rebill: it replaces a charge that was taken back; `replaced_cents` is what that came to.
        past: earlier periods that are not cancelled, latest first.
        due_at: when the bill window closes.
        checks: what the checks of its usage said, by their code.
        charge_id: what draws it for a sample, the same whenever it is looked at.
        credit_cents: credits that the customer has once this bill has left.
        cash_out_month: in which month the plan pays them out; None where it never does.
    """

    period_start: date
    period_end: date
    total_cents: int
    at: datetime
    on: date
    energy_micro: int = 0
    demand_micro: int = 0
    estimated: bool = False
    final: bool = False
    prorated: bool = False
    residential: bool = True
    rebill: bool = False
    replaced_cents: int | None = None
    past: tuple[Past, ...] = ()
    due_at: datetime | None = None
    checks: Mapping[str, str] = field(default_factory=dict)
    charge_id: UUID | None = None
    credit_cents: int = 0
    cash_out_month: int | None = None

    @property
    def days(self) -> int:
        """The days of the billing period."""
        return (self.period_end - self.period_start).days

    @property
    def before(self) -> Past | None:
        """The period that ended last before this one begins."""
        earlier = [past for past in self.past if past.period_end <= self.period_start]
        return max(earlier, key=lambda past: past.period_end, default=None)


Audit = Callable[[Case, Limits], str | None]
"""Says what is odd, or nothing."""


def high_value(case: Case, limits: Limits) -> str | None:
    """A charge of the limit or more, or a credit of its limit or more."""
    if case.total_cents >= limits["limit_cents"]:
        return f"{_usd(case.total_cents)} is not below the limit of {_usd(limits['limit_cents'])}"
    if -case.total_cents >= limits["credit_limit_cents"]:
        limit = _usd(limits["credit_limit_cents"])
        return f"a credit of {_usd(-case.total_cents)} is not below the limit of {limit}"
    return None


def first_large_bill(case: Case, limits: Limits) -> str | None:
    """The first bill of a customer with a high demand."""
    if case.past or case.demand_micro <= limits["kw"] * 1_000_000:
        return None
    return f"the first bill, with a demand of {from_micro(case.demand_micro):f} kW"


def negative_total(case: Case, limits: Limits) -> str | None:
    """A bill that pays the customer."""
    del limits
    return f"the bill comes to {_usd(case.total_cents)}" if case.total_cents < 0 else None


def period_length(case: Case, limits: Limits) -> str | None:
    """A period that is shorter or longer than a month; first and final bills are."""
    if not case.past or case.final or limits["min_days"] <= case.days <= limits["max_days"]:
        return None
    return f"{case.days} days; a month has {limits['min_days']} to {limits['max_days']}"


def usage_gap(case: Case, limits: Limits) -> str | None:
    """Days between two periods that nobody reported."""
    before = case.before
    if before is None:
        return None
    days = (case.period_start - before.period_end).days
    if days < limits["days"]:
        return None
    return f"no usage for {days} days, from {before.period_end} to {case.period_start}"


def zero_usage(case: Case, limits: Limits) -> str | None:
    """No energy over a period, where there was some before."""
    before = case.before
    if case.energy_micro or before is None or not before.energy_micro:
        return None
    if case.days <= limits["days"]:
        return None
    used = from_micro(before.energy_micro)
    return f"no energy in {case.days} days, after {used:f} kWh in {before.days}"


def usage_outlier(case: Case, limits: Limits) -> str | None:
    """Energy a day outside k times the median of the periods before."""
    values = [_daily(p.energy_micro, p.days) for p in case.past if p.energy_micro is not None]
    return _outlier("energy", _daily(case.energy_micro, case.days), values, limits)


def amount_outlier(case: Case, limits: Limits) -> str | None:
    """Dollars a day outside k times the median of the periods before."""
    values = [_daily(p.total_cents, p.days) for p in case.past if p.total_cents is not None]
    return _outlier("amount", _daily(case.total_cents, case.days), values, limits)


def high_bill(case: Case, limits: Limits) -> str | None:
    """More a day than the reference, by a factor and by an amount."""
    expected = _expected_cents(case)
    if expected is None or case.total_cents - expected <= _noticeable(case, limits):
        return None
    if case.total_cents * 100 <= expected * limits["percent"]:
        return None
    return f"{_usd(case.total_cents)} where {_usd(expected)} was to be expected"


def low_bill(case: Case, limits: Limits) -> str | None:
    """Less a day than the reference, by a factor and by an amount."""
    expected = _expected_cents(case)
    if expected is None or expected - case.total_cents <= _noticeable(case, limits):
        return None
    if case.total_cents * limits["percent"] >= expected * 100:
        return None
    return f"{_usd(case.total_cents)} where {_usd(expected)} was to be expected"


def estimated_read(case: Case, limits: Limits) -> str | None:
    """A bill from the utility's estimate."""
    del limits
    return "the usage is the utility's estimate" if case.estimated else None


def estimated_run(case: Case, limits: Limits) -> str | None:
    """Several estimated bills running, or estimates over many days."""
    if not case.estimated:
        return None
    count, first = 1, case.period_start
    for past in case.past:
        if not past.estimated:
            break
        count, first = count + 1, past.period_start
    days = (case.period_end - first).days
    if count < limits["bills"] and days <= limits["days"]:
        return None
    return f"{count} estimated bills running, over {days} days"


def after_window(case: Case, limits: Limits) -> str | None:
    """A charge that is ready after the bill window has closed."""
    del limits
    if case.due_at is None or case.at <= case.due_at:
        return None
    return f"the bill window closed on {case.due_at:%Y-%m-%d %H:%M} UTC"


def backbill_limit(case: Case, limits: Limits) -> str | None:
    """A rebill that asks a household for more, for days long past (Rule 17.1)."""
    days = (case.on - case.period_start).days
    if not (case.rebill and case.residential) or days <= limits["days"]:
        return None
    if case.replaced_cents is not None and case.total_cents <= case.replaced_cents:
        return None
    return f"a rebill that asks a household for more, for days up to {days} days back"


def prorated_buckets(case: Case, limits: Limits) -> str | None:
    """Energy divided by days, because prices changed within the period."""
    del limits
    return "energy was divided by days where prices changed" if case.prorated else None


def credit_balance(case: Case, limits: Limits) -> str | None:
    """A credit that waits for its yearly cash-out: a large one, or any when the month has come."""
    credit, month = case.credit_cents, case.cash_out_month
    if credit > 0 and month == case.period_end.month:
        return f"the month of the cash-out has come with a credit of {_usd(credit)}"
    if credit <= 0 or credit < limits["limit_cents"]:
        return None
    until = f"for its cash-out in {month_name[month]}" if month else "and nothing pays it out"
    return f"a credit of {_usd(credit)} waits {until}"


def random_sample(case: Case, limits: Limits) -> str | None:
    """One of so many good bills, drawn for a person to look at."""
    share = limits["per_mille"]
    if not share or case.charge_id is None:
        return None
    drawn = int.from_bytes(sha256(case.charge_id.bytes).digest()[:8]) % _LOTS
    return f"drawn for a look, {share} of {_LOTS:,} good bills" if drawn < share else None


def _daily(whole: int, days: int) -> int:
    """An amount a day in thousandths, so that small ones can be compared too."""
    return whole * 1_000 // days


def usage_check(code: str) -> Audit:
    """The audit that speaks for a check of usage: what that found when the usage came."""

    def look(case: Case, limits: Limits) -> str | None:
        del limits  # the check has used them
        return case.checks.get(code)

    return look


def _outlier(what: str, value: int, values: list[int], limits: Limits) -> str | None:
    if len(values) < limits["periods"]:
        return None
    usual = median_low(values)
    if usual <= 0:
        return None
    low, high = value * limits["percent"] < usual * 100, value * 100 > usual * limits["percent"]
    if not low and not high:
        return None
    percent = value * 100 // usual
    return f"{what} a day is {percent} % of the median of {len(values)} periods"


def _expected_cents(case: Case) -> int | None:
    """The same period last year by the day, else the mean of the last three."""
    billed = [p for p in case.past if p.total_cents is not None]
    last_year = [
        p
        for p in billed
        if abs((case.period_start - p.period_start).days - _YEAR_DAYS) <= _SAME_SEASON_DAYS
    ]
    chosen = last_year[:1] or billed[:_RECENT_PERIODS]
    if not last_year and len(chosen) < _RECENT_PERIODS:
        return None
    total = sum(p.total_cents or 0 for p in chosen)
    return total * case.days // sum(p.days for p in chosen)


def _noticeable(case: Case, limits: Limits) -> int:
    return limits["residential_cents"] if case.residential else limits["commercial_cents"]


def _usd(cents: int) -> str:
    return f"${from_cents(cents):,}"
