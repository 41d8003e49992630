"""Pays for energy that a customer sends to the grid, hour by hour: net billing (NBT, NEM 3).

The regulator publishes what an exported kWh is worth in each hour: twelve months, two kinds of day,
24 hours, for every year, fixed for nine years for the year in which a customer came (the vintage).
The CCA credits the generation component, often with a bonus. Sources: PG&E Schedule NBT; CPUC
avoided cost calculator. Imports and exports are netted inside an interval only (`netting`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from services.rating.calendars import CalendarBook, Window
from services.rating.calendars.holiday_rules import HolidayList, is_holiday
from services.rating.charging import Amount, Line, amount_line, line_id
from services.rating.components.nem import NetBilling
from services.rating.cutting import PricedPart
from services.rating.engine.cents import PICO_PER_CENT, rounded_ratio
from services.rating.engine.netting import inside_intervals
from services.rating.engine.rows import LARGEST_SUM, Amounts, MeterRows, ReadingsMisfit
from services.rating.holds import RateNotFound
from services.rating.rounding import MICRO
from shared.contracts.charges import ChargeUnit
from shared.contracts.parts import UtilityCode
from shared.platform.refusals import Refusal

EXPORTS_FOLDER: Final = Path(__file__).parent / "export_prices"
"""The tables that come with the program."""

PRICE_DIGITS: Final = 6
EXPORT_LINE: Final = "export_credit"
_SATURDAY: Final = 5

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Hours = Annotated[tuple[int, ...], Field(min_length=24, max_length=24)]
Months = Annotated[tuple[Hours, ...], Field(min_length=12, max_length=12)]


class ExportPricesRefused(Refusal):
    """A file of export prices cannot be read as one; the message says where."""

    code = "EXPORT_PRICES_REFUSED"
    status = 422
    title = "The file of export prices was refused"


class ExportYear(BaseModel):
    """The 576 prices of one year, in units of the file's `price_scale`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    year: Annotated[int, Field(ge=2000, le=2100)]
    weekday: Months
    weekend: Months
    """Saturdays, Sundays and holidays."""


class ExportPrices(BaseModel):
    """One table of export prices: a utility, a component, a vintage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    table_id: Name
    vintage: Annotated[int, Field(ge=2000, le=2100)]
    utility: UtilityCode
    holidays: Name
    """Name of a holiday list of the calendars."""
    source: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    price_scale: Literal[5, 6] = 5
    repeated_hour: Literal["same", "next"] = "same"
    """Which price the hour has that comes twice when clocks go back: that of its name, or of the
    hour after it, for a utility that labels it so."""
    years: Annotated[tuple[ExportYear, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _years_differ(self) -> Self:
        if len({each.year for each in self.years}) != len(self.years):
            raise ValueError("two tables are for one year")
        return self

    def price_micro(self, local: datetime, holidays: HolidayList) -> int:
        """The price of a moment in 1e-6 dollars per kWh.

        Raises:
            RateNotFound: the table does not reach that year.
        """
        table = next((each for each in self.years if each.year == local.year), None)
        if table is None:
            raise RateNotFound(f"the export prices {self.table_id} do not reach {local.year}")
        weekend = local.weekday() >= _SATURDAY or is_holiday(holidays, local.date())
        hour = local.hour
        if local.fold and self.repeated_hour == "next":
            hour += 1
        grid = table.weekend if weekend else table.weekday
        return int(grid[local.month - 1][hour] * 10 ** (PRICE_DIGITS - self.price_scale))


def read_export_prices(path: Path) -> ExportPrices:
    """Read one file of export prices.

    Raises:
        ExportPricesRefused: it is not TOML, or breaks a rule of its model.
    """
    try:
        return ExportPrices.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as wrong:
        raise ExportPricesRefused(f"{path.name}: {wrong}") from wrong


@cache
def load_export_prices(folder: Path = EXPORTS_FOLDER) -> Mapping[str, ExportPrices]:
    """Read every table of export prices of a folder, by name. The answer is remembered.

    Raises:
        ExportPricesRefused: a file cannot be read as one, or two have one name.
    """
    found: dict[str, ExportPrices] = {}
    for path in sorted(folder.glob("*.toml")):
        table = read_export_prices(path)
        if table.table_id in found:
            raise ExportPricesRefused(f"{path.name}: {table.table_id} is there already")
        found[table.table_id] = table
    return found


def price_vector(prices: ExportPrices, window: Window, holidays: HolidayList) -> Amounts:
    """The price of every interval of a period, in 1e-6 dollars per kWh.

    Raises:
        RateNotFound: the table does not reach some day.
    """
    step = timedelta(seconds=window.step_s)
    begin = window.start_utc
    moments = ((begin + n * step).astimezone(window.zone) for n in range(window.intervals))
    return np.array([prices.price_micro(each, holidays) for each in moments], dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class ExportCredits:
    """What exports of a group come to: a row for each part of the period, a column each account.

    Attributes:
        exported_micro: 1e-6 kWh.
        cents: what they are worth, each rounded once.
    """

    exported_micro: Amounts
    cents: Amounts


def export_credits(
    usage: MeterRows,
    window: Window,
    prices_micro: Amounts,
    bonus_micro: int = 0,
    *,
    half_even: bool = False,
) -> ExportCredits:
    """Price the exports of every row, interval by interval, and round once for each part.

    Args:
        usage: delivered and received energy.
        window: the period.
        prices_micro: one price for each interval, see `price_vector`.
        bonus_micro: what is added to each price, in millionths of it.
        half_even: how lines are rounded.

    Raises:
        ReadingsMisfit: the rows are not as long as the window, or too large to be exact.
    """
    _, exports = inside_intervals(usage)
    rows = exports.delivered
    if rows.shape[1] != window.intervals:
        raise ReadingsMisfit(f"{rows.shape[1]} readings for {window.intervals} intervals")
    largest = int(rows.max(initial=0)) * int(np.abs(prices_micro).max(initial=0))
    if largest * window.intervals >= LARGEST_SUM:
        raise ReadingsMisfit("exports cannot be priced exactly")
    parts = np.array([cell.part for cell in window.cells])[window.index]
    masks = parts[np.newaxis] == np.arange(len(window.segments))[:, np.newaxis]
    worth = (masks * prices_micro) @ rows.T
    exported = masks.astype(np.int64) @ rows.T * usage.micro
    factor, divisor = usage.micro * (MICRO + bonus_micro), PICO_PER_CENT * MICRO
    cents = [
        [rounded_ratio(each * factor, divisor, half_even=half_even) for each in part]
        for part in worth.tolist()
    ]
    return ExportCredits(exported, np.array(cents, dtype=np.int64).reshape(worth.shape))


def export_lines(
    usage: MeterRows,
    parts: Sequence[PricedPart],
    window: Window,
    tables: Mapping[str, ExportPrices],
    calendars: CalendarBook,
) -> list[Line | None]:
    """The credit line of each part of one account; `None` where nothing is due.

    It is a generation line: it enters the base of the user tax, and with carry-over the bank.

    Args:
        usage: the account's readings (its meters are added up).
        parts: the parts of the bill, whose plans have rules for net billing.
        window: the period.
        tables: export prices by name.
        calendars: holds the holiday lists.

    Raises:
        RateNotFound: a plan has no such rules, or names a table that is not there.
    """
    found: list[Line | None] = []
    for number, each in enumerate(parts):
        rules = each.span.plan.nem
        if not isinstance(rules, NetBilling):
            raise RateNotFound(f"{each.span.plan.plan_id} has no rules for net billing")
        if rules.export_prices not in tables:
            raise RateNotFound(f"there are no export prices {rules.export_prices}")
        prices = tables[rules.export_prices]
        vector = price_vector(prices, window, calendars.holiday_list(prices.holidays))
        credits_ = export_credits(
            usage.added(), window, vector, rules.bonus_micro, half_even=each.span.plan.half_even
        )
        cents = int(credits_.cents[number, 0])
        quantity = int(credits_.exported_micro[number, 0])
        rule = f"exports by the interval, prices {prices.table_id}"
        amount = Amount(-cents, rule, quantity, ChargeUnit.KWH)
        name = line_id(EXPORT_LINE, "all", each.part)
        words = (rules.code, rules.label)
        found.append(amount_line(name, words, each.part, amount) if cents else None)
    return found


def bank_credits(
    charges_cents: Amounts, earned_cents: Amounts, bank_cents: Amounts
) -> tuple[Amounts, Amounts]:
    """Apply generation credits to generation charges; they never pay for anything else.

    Args:
        charges_cents: each account's generation charges of the bill, exports left out.
        earned_cents: credits earned with this bill.
        bank_cents: credits from earlier bills.

    Returns:
        Credits applied to this bill, and credits that wait for the next.
    """
    available = bank_cents + earned_cents
    applied = np.minimum(np.maximum(charges_cents, 0), np.maximum(available, 0))
    return applied, available - applied
