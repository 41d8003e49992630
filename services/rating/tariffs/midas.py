"""Writes a plan's prices by the hour in the form of the state's MIDAS, version 2.

The Load Management Standards ask CCAs to publish their time-varying generation rates there, under a
rate identification number of their own. Dates and times are UTC (since v2.0 of 2026-06-22); days
are named as they are locally, with `Holiday` for a holiday. MIDAS knows no tiers, demand or fixed
charges: a plan with tiers is refused, the others are left out and told. Fields and words are those
of version 2's answers, as the public description of its API has them.
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
UNIT: Final = "$/kWh"
RATE_TYPE: Final = "TOU"
_DAYS: Final = (*("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),)
_HOLIDAY: Final = "Holiday"
_ONE_SECOND: Final = timedelta(seconds=1)
_MICRO_DIGITS: Final = 6


class NotForMidas(Refusal):
    """A plan or a request that MIDAS has no form for."""

    code = "NOT_FOR_MIDAS"
    status = 422
    title = "MIDAS cannot say this"


@dataclass(frozen=True, slots=True)
class MidasExport:
    """The document, and which components it could not say."""

    text: str
    left_out: tuple[str, ...]


def midas_export(
    plan: PlanFile, calendar: Calendar, product: str, days: tuple[date, date], at: datetime
) -> MidasExport:
    """The prices of one product for each hour of `[first, last)`.

    Args:
        plan: has a RIN.
        calendar: its hours.
        product: which of its products.
        days: first local day, and the day after the last.
        at: when the document is made.

    Raises:
        NotForMidas: no RIN, tiers, a product that is not sold, or too many days.
        RateNotFound: the calendar does not reach the days.
    """
    first, last = days
    if plan.rin is None:
        raise NotForMidas(f"{plan.plan_id} has no rate identification number (rin)")
    if product not in plan.products:
        raise NotForMidas(f"{plan.plan_id} does not sell {product}")
    if not 0 < (last - first).days <= DAYS_MAX:
        raise NotForMidas(f"give one to {DAYS_MAX} days")
    hourly = [c for c in plan.components if isinstance(c, TimeOfUse) or _per_kwh(c)]
    sold = [c for c in hourly if not c.only_for or product in c.only_for]
    others = tuple(c.line_id for c in plan.components if c not in hourly)
    if any(c.kind == "tiered" for c in plan.components):
        raise NotForMidas(f"{plan.plan_id} has tiers")
    rows = ",\n".join(f"    {row}" for row in _rows(plan, calendar, sold, (product, first, last)))
    head = {
        "RateID": plan.rin,
        "SystemTime_UTC": at.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z",
        "RateName": f"{plan.plan_id} {product}",
        "RateType": RATE_TYPE,
        "Sector": None,
        "EndUse": None,
        "API_Url": None,
        "RatePlan_Url": plan.source_url,
        "AltRateName1": plan.title,
        "AltRateName2": None,
        "SignupCloseDate": None,
    }
    text = json.dumps(head, indent=2, ensure_ascii=False)[:-2]
    return MidasExport(f'{text},\n  "ValueInformation": [\n{rows}\n  ]\n}}\n', others)


def _per_kwh(component: Component) -> bool:
    return isinstance(component, PerUnit) or (
        isinstance(component, Adder) and component.per == "kwh"
    )


def _rows(
    plan: PlanFile,
    calendar: Calendar,
    sold: Sequence[Component],
    asked: tuple[str, date, date],
) -> Iterator[str]:
    product, first, last = asked
    moment = datetime.combine(first, time(), calendar.zone).astimezone(UTC)
    end = datetime.combine(last, time(), calendar.zone).astimezone(UTC)
    while moment < end:
        local = moment.astimezone(calendar.zone)
        step = timedelta(minutes=calendar.grain_minutes(local.date()))
        bucket = calendar.bucket_at(moment)
        season = calendar.season_of(local.date())
        units = sum(
            _units(component, season, bucket)
            for component in sold
            if component.applies(product, local.date())
        )
        price = Decimal(plan.pricing.micro(units)).scaleb(-_MICRO_DIGITS)
        yield _row(f"{season} {bucket.replace('_', ' ')}", (moment, moment + step), price, calendar)
        moment += step


def _units(component: Component, season: str, bucket: Bucket) -> int:
    if isinstance(component, TimeOfUse):
        prices = component.prices.get(season, {})
        units = prices.get(bucket, prices.get(Bucket.TOTAL))
        if units is None:
            raise NotForMidas(f"{component.line_id} has no price for {bucket} in {season}")
        return units
    return (component.price or 0) if isinstance(component, PerUnit | Adder) else 0


def _row(name: str, span: tuple[datetime, datetime], price: Decimal, calendar: Calendar) -> str:
    start, end = span[0], span[1] - _ONE_SECOND
    told = json.dumps(
        {
            "ValueName": name,
            "DateStart": f"{start:%Y-%m-%d}",
            "DateEnd": f"{end:%Y-%m-%d}",
            "DayStart": _day(start, calendar),
            "DayEnd": _day(end, calendar),
            "TimeStart": f"{start:%H:%M:%S}",
            "TimeEnd": f"{end:%H:%M:%S}",
        }
    )
    # The price is written digit by digit: no binary fraction stands for it on the way.
    return f'{told[:-1]}, "Value": {price:f}, "Unit": "{UNIT}"}}'


def _day(moment: datetime, calendar: Calendar) -> str:
    day = moment.astimezone(calendar.zone).date()
    return _HOLIDAY if calendar.holidays.is_holiday(day) else _DAYS[day.weekday()]
