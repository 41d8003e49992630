"""Works out a plan's price of every interval, and writes it in the form of the state's MIDAS.

The Load Management Standards ask CCAs to publish their time-varying generation rates there, under a
rate identification number of their own. MIDAS knows no tiers, demand or fixed charges: a plan with
tiers is refused, the others are left out and told. Dates and times are UTC, kinds of days as they
are locally. Fields, words and rules are those of version 2 (live since 2026-06-22), as the
California Energy Commission documents it in its repository `california-energy-commission/MIDAS`:
`appendix-a.md` for uploads, whose XML `midas_upload` writes, and the answers that are written here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from services.rating.calendars import Calendar
from services.rating.components import Adder, Component, PerUnit, TimeOfUse
from services.rating.tariffs.plan import PlanFile
from shared.contracts.usage import Bucket
from shared.platform.refusals import Refusal

DAYS_MAX: Final = 366
INTERVALS: Final = (60, 15, 5)
"""Minutes of an interval; MIDAS takes no others, and one length for all prices of a rate."""

VALUES_MAX: Final = 50_000
"""So many values MIDAS keeps of one rate."""

UNIT: Final = "$/kWh"
RATE_TYPE: Final = "TOU"
DAY_TYPES: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Holiday"),
)
"""MIDAS numbers them from 1."""

_ONE_SECOND: Final = timedelta(seconds=1)
_MICRO_DIGITS: Final = 6


class NotForMidas(Refusal):
    """A plan or a request that MIDAS has no form for."""

    code = "NOT_FOR_MIDAS"
    status = 422
    title = "MIDAS cannot say this"


@dataclass(frozen=True, slots=True)
class MidasPrice:
    """What a kWh costs in one interval.

    Attributes:
        name: season and bucket.
        first: its first second, UTC.
        last: its last second, UTC.
        days: the kind of local day on which it begins and ends, numbered as MIDAS does.
        dollars: per kWh.
    """

    name: str
    first: datetime
    last: datetime
    days: tuple[int, int]
    dollars: Decimal


@dataclass(frozen=True, slots=True)
class MidasRate:
    """One product of a plan as MIDAS lists it.

    Attributes:
        rin: its rate identification number.
        name: plan and product.
        title: the plan's own.
        url: where the sheet is, if that is known.
        prices: of every interval, in order.
        left_out: components that MIDAS cannot say.
    """

    rin: str
    name: str
    title: str
    url: str | None
    prices: tuple[MidasPrice, ...]
    left_out: tuple[str, ...]


def midas_rate(
    plan: PlanFile,
    calendar: Calendar,
    product: str,
    days: tuple[date, date],
    minutes: int | None = None,
) -> MidasRate:
    """The prices of one product for each interval of `[first, last)`.

    Args:
        plan: has a RIN.
        calendar: its hours.
        product: which of its products.
        days: first local day, and the day after the last.
        minutes: length of an interval, as the RIN was first uploaded; the longest that fits when
            left out.

    Raises:
        NotForMidas: no RIN, tiers, a product that is not sold, too many days or values, or an
            interval that MIDAS does not take or that would lie in two buckets.
        RateNotFound: the calendar does not reach the days.
    """
    first, last = days
    if plan.rin is None:
        raise NotForMidas(f"{plan.plan_id} has no rate identification number (rin)")
    if product not in plan.products:
        raise NotForMidas(f"{plan.plan_id} does not sell {product}")
    if not 0 < (last - first).days <= DAYS_MAX:
        raise NotForMidas(f"give one to {DAYS_MAX} days")
    if any(c.kind == "tiered" for c in plan.components):
        raise NotForMidas(f"{plan.plan_id} has tiers")
    step = _interval(calendar, days, minutes)
    by_the_kwh = [c for c in plan.components if isinstance(c, TimeOfUse) or _per_kwh(c)]
    sold = [c for c in by_the_kwh if not c.only_for or product in c.only_for]
    prices = tuple(_prices(plan, calendar, sold, (product, first, last), step))
    if len(prices) > VALUES_MAX:
        raise NotForMidas(f"{len(prices):,} values, MIDAS keeps {VALUES_MAX:,}: give fewer days")
    return MidasRate(
        rin=plan.rin,
        name=f"{plan.plan_id} {product}",
        title=plan.title,
        url=plan.source_url,
        prices=prices,
        left_out=tuple(c.line_id for c in plan.components if c not in by_the_kwh),
    )


def midas_answer(rate: MidasRate, at: datetime) -> str:
    """The rate as MIDAS answers whoever asks for it, made at a moment: JSON."""
    head = {
        "RateID": rate.rin,
        "SystemTime_UTC": at.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z",
        "RateName": rate.name,
        "RateType": RATE_TYPE,
        "Sector": None,
        "EndUse": None,
        "API_Url": None,
        "RatePlan_Url": rate.url,
        "AltRateName1": rate.title,
        "AltRateName2": None,
        "SignupCloseDate": None,
    }
    rows = ",\n".join(f"    {_row(price)}" for price in rate.prices)
    text = json.dumps(head, indent=2, ensure_ascii=False)[:-2]
    return f'{text},\n  "ValueInformation": [\n{rows}\n  ]\n}}\n'


def _row(price: MidasPrice) -> str:
    begin, end = (DAY_TYPES[number - 1] for number in price.days)
    told = json.dumps(
        {
            "ValueName": price.name,
            "DateStart": f"{price.first:%Y-%m-%d}",
            "DateEnd": f"{price.last:%Y-%m-%d}",
            "DayStart": begin,
            "DayEnd": end,
            "TimeStart": f"{price.first:%H:%M:%S}",
            "TimeEnd": f"{price.last:%H:%M:%S}",
        }
    )
    # The price is written digit by digit: no binary fraction stands for it on the way.
    return f'{told[:-1]}, "Value": {price.dollars:f}, "Unit": "{UNIT}"}}'


def _per_kwh(component: Component) -> bool:
    return isinstance(component, PerUnit) or (
        isinstance(component, Adder) and component.per == "kwh"
    )


def _interval(calendar: Calendar, days: tuple[date, date], minutes: int | None) -> timedelta:
    """The length of every interval: as asked, or the longest that never lies in two buckets."""
    first, last = days
    dates = (first + timedelta(days=number) for number in range((last - first).days))
    grains = {calendar.grain_minutes(day) for day in dates}
    fitting = [length for length in INTERVALS if not any(grain % length for grain in grains)]
    if minutes is None and fitting:
        minutes = fitting[0]
    if minutes not in fitting:
        named = ", ".join(map(str, fitting)) or "none"
        raise NotForMidas(
            f"{minutes or 'no'} minutes: intervals that fit {calendar.calendar_id} are {named}"
        )
    return timedelta(minutes=minutes)


def _prices(
    plan: PlanFile,
    calendar: Calendar,
    sold: Sequence[Component],
    asked: tuple[str, date, date],
    step: timedelta,
) -> Iterator[MidasPrice]:
    product, first, last = asked
    moment = datetime.combine(first, time(), calendar.zone).astimezone(UTC)
    end = datetime.combine(last, time(), calendar.zone).astimezone(UTC)
    while moment < end:
        day = moment.astimezone(calendar.zone).date()
        bucket = calendar.bucket_at(moment)
        season = calendar.season_of(day)
        units = sum(
            _units(component, season, bucket)
            for component in sold
            if component.applies(product, day)
        )
        closing = moment + step - _ONE_SECOND
        yield MidasPrice(
            name=f"{season} {bucket.replace('_', ' ')}",
            first=moment,
            last=closing,
            days=(_day_type(moment, calendar), _day_type(closing, calendar)),
            dollars=Decimal(plan.pricing.micro(units)).scaleb(-_MICRO_DIGITS),
        )
        moment += step


def _units(component: Component, season: str, bucket: Bucket) -> int:
    if isinstance(component, TimeOfUse):
        prices = component.prices.get(season, {})
        units = prices.get(bucket, prices.get(Bucket.TOTAL))
        if units is None:
            raise NotForMidas(f"{component.line_id} has no price for {bucket} in {season}")
        return units
    return (component.price or 0) if isinstance(component, PerUnit | Adder) else 0


def _day_type(moment: datetime, calendar: Calendar) -> int:
    day = moment.astimezone(calendar.zone).date()
    return len(DAY_TYPES) if calendar.holidays.is_holiday(day) else day.isoweekday()
