"""Tells two versions apart: in words, and a plan in money for a test bill.

Whoever activates a version must see at a glance what it changes: which prices, by how much, and
what an ordinary customer would pay more or less. What other hours come to: `compare_hours`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from services.rating.calendars.calendar_file import CalendarFile
from services.rating.calendars.holiday_rules import HolidayList
from services.rating.tariffs.export_prices import ExportPrices, prices_csv
from services.rating.tariffs.files import TariffFile
from services.rating.tariffs.plan import PlanFile
from services.rating.tariffs.preview import TestBill
from shared.contracts.measures import Usd

PRICE_FIELDS: Final = frozenset({"price", "prices"})
MICRO_DIGITS: Final = 6
_HUNDRED: Final = Decimal(100)


class Difference(BaseModel):
    """One thing that two versions say differently; absent on the side that does not say it."""

    model_config = ConfigDict(frozen=True)

    place: str
    """Where it stands, e.g. `generation.prices.summer.on_peak`."""
    before: str | None
    after: str | None
    words: str


class LineChange(BaseModel):
    """A line of a test bill in both versions, in dollars."""

    model_config = ConfigDict(frozen=True)

    label: str
    before: Usd
    after: Usd

    @property
    def change(self) -> Decimal:
        """What the line costs more."""
        return self.after - self.before


def compare(before: TariffFile, after: TariffFile) -> list[Difference]:
    """Everything two versions say differently, in the order of the older one."""
    old, new = said(before), said(after)
    return [
        _difference(place, old.get(place), new.get(place))
        for place in (*old, *(place for place in new if place not in old))
        if old.get(place) != new.get(place)
    ]


def compare_bills(before: TestBill, after: TestBill) -> list[LineChange]:
    """Two test bills side by side, line by line; lines are matched by their label."""
    old, new = _by_label(before), _by_label(after)
    labels = [*old, *(label for label in new if label not in old)]
    nothing = Decimal("0.00")
    return [
        LineChange(label=label, before=old.get(label, nothing), after=new.get(label, nothing))
        for label in labels
    ]


def _by_label(bill: TestBill) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in bill.lines:
        found[line.label] = found.get(line.label, Decimal("0.00")) + line.amount
    return found


def said(file: TariffFile) -> dict[str, str]:
    """Every single value of a file by its place."""
    match file:
        case PlanFile():
            return _said_of_plan(file)
        case CalendarFile():
            return _said_of_calendar(file)
        case HolidayList():
            return _said_of_holidays(file)
        case ExportPrices():
            return _said_of_exports(file)
    return dict(_flat(file.model_dump(mode="json", exclude_none=True), "", 0))


def _said_of_calendar(file: CalendarFile) -> dict[str, str]:
    """Each window by its bucket, days and hours: it is there or not, wherever it stands."""
    (version,) = file.versions
    content = file.model_dump(mode="json", exclude_none=True, exclude={"versions"})
    content |= version.model_dump(mode="json", exclude_none=True, exclude={"seasons"})
    told = dict(_flat(content, "", 0))
    for name, season in version.seasons.items():
        place = f"seasons.{name}"
        told[f"{place}.months"] = ", ".join(map(str, season.months))
        if season.otherwise:
            told[f"{place}.otherwise"] = season.otherwise.value
        for window in season.windows:
            months = f" in {', '.join(map(str, window.months))}" if window.months else ""
            told[f"{place}.{window.hours} on {window.days} days{months}"] = window.bucket.value
    return told


def _said_of_holidays(file: HolidayList) -> dict[str, str]:
    content = file.model_dump(mode="json", exclude_none=True, exclude={"days"})
    return dict(_flat(content, "", 0)) | {f"days.{each.name}": each.on for each in file.days}


def _said_of_exports(file: ExportPrices) -> dict[str, str]:
    content = file.model_dump(mode="json", exclude_none=True, exclude={"years"})
    rows = csv.reader(prices_csv(file).splitlines()[1:])
    prices = {".".join(place): f"${price}" for *place, price in rows}
    return dict(_flat(content, "", 0)) | prices


def _said_of_plan(plan: PlanFile) -> dict[str, str]:
    """Prices in dollars, components by their name."""
    content = plan.model_dump(mode="json", exclude_none=True)
    components = content.pop("components")
    told = dict(_flat(content, "", plan.price_scale))
    for component in components:
        told |= dict(_flat(component, component.pop("line_id"), plan.price_scale))
    return told


def _flat(content: Mapping[str, Any], place: str, scale: int) -> Iterator[tuple[str, str]]:
    for name, value in content.items():
        yield from _values(value, f"{place}.{name}".strip("."), scale, priced=name in PRICE_FIELDS)


def _values(value: object, place: str, scale: int, *, priced: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _values(inner, f"{place}.{name}", scale, priced=priced)
    elif isinstance(value, list) and (priced or any(isinstance(one, dict | list) for one in value)):
        for number, inner in enumerate(value, start=1):
            yield from _values(inner, f"{place}.{number}", scale, priced=priced)
    elif priced and isinstance(value, int):
        yield place, f"${Decimal(value).scaleb(-scale):f}"
    elif isinstance(value, list):
        yield place, ", ".join(str(one) for one in value)
    else:
        yield place, str(value)


def _difference(place: str, before: str | None, after: str | None) -> Difference:
    if before is None:
        words = f"{place}: new, {after}"
    elif after is None:
        words = f"{place}: gone, was {before}"
    else:
        words = f"{place}: {before} → {after}{_change(before, after)}"
    return Difference(place=place, before=before, after=after, words=words)


def _change(before: str, after: str) -> str:
    if not (before.startswith("$") and after.startswith("$")):
        return ""
    old, new = Decimal(before[1:]), Decimal(after[1:])
    if not old:
        return ""
    percent = ((new - old) / abs(old) * _HUNDRED).quantize(Decimal("0.01"))
    return f" ({percent:+f} %)"
