"""Pays for energy that a customer sends to the grid, hour by hour: net billing (NBT, NEM 3).

The regulator publishes what an exported kWh is worth in each hour: twelve months, two kinds of day,
24 hours, for every year, fixed for nine years for the year in which a customer came (the vintage).
The CCA credits the generation component, often with a bonus. Sources: PG&E Schedule NBT; CPUC
avoided cost calculator. Imports and exports are netted inside an interval only (`netting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from services.rating.calendars import CalendarBook, Window
from services.rating.calendars.holiday_rules import Holidays
from services.rating.calendars.window import midnight
from services.rating.charging import Amount, Line, amount_line, line_id
from services.rating.components.nem import NetBilling
from services.rating.cutting import PricedPart
from services.rating.engine.cents import PICO_PER_CENT, rounded_ratio
from services.rating.engine.netting import inside_intervals
from services.rating.engine.rows import LARGEST_SUM, Amounts, MeterRows, ReadingsMisfit
from services.rating.holds import RateNotFound
from services.rating.rounding import MICRO
from services.rating.tariffs.export_prices import ExportBook, ExportPrices, ExportTable
from shared.contracts.charges import ChargeUnit
from shared.contracts.measures import from_micro

EXPORT_LINE: Final = "export_credit"
REMEMBERED_VECTORS_MAX: Final = 512
"""Vectors of prices kept: twenty kilobytes each for a month of quarter-hours."""


@lru_cache(maxsize=REMEMBERED_VECTORS_MAX)
def price_vector(
    table: ExportTable, window: Window, calendars: CalendarBook, known_on: date | None = None
) -> Amounts:
    """The price of every interval of a period, in 1e-6 dollars per kWh; the answer is remembered.

    Args:
        table: the export prices; each day has the version in effect.
        window: the period.
        calendars: holds the holiday lists.
        known_on: the day whose knowledge of holidays counts.

    Raises:
        RateNotFound: the table, or its holidays, do not reach some day.
    """
    step = timedelta(seconds=window.step_s)
    begin = window.start_utc
    of_day: dict[date, tuple[ExportPrices, Holidays]] = {}
    found = []
    for number in range(window.intervals):
        local = (begin + number * step).astimezone(window.zone)
        day = local.date()
        if day not in of_day:
            prices = table.version_on(day)
            of_day[day] = prices, calendars.holiday_list(prices.holidays, known_on)
        prices, holidays = of_day[day]
        found.append(prices.price_micro(local, holidays))
    vector = np.array(found, dtype=np.int64)
    vector.setflags(write=False)
    return vector


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
    adders_micro: Amounts | None = None,
    half_even: bool = False,
) -> ExportCredits:
    """Price the exports of every row, interval by interval, and round once for each part.

    Args:
        usage: delivered and received energy.
        window: the period.
        prices_micro: one price for each interval, see `price_vector`.
        bonus_micro: what is added to each price, in millionths of it.
        adders_micro: what is added to each kWh besides, for each interval in 1e-6 dollars.
        half_even: how lines are rounded.

    Raises:
        ReadingsMisfit: the rows are not as long as the window, or too large to be exact.
    """
    _, exports = inside_intervals(usage)
    rows = exports.delivered
    if rows.shape[1] != window.intervals:
        raise ReadingsMisfit(f"{rows.shape[1]} readings for {window.intervals} intervals")
    added = np.zeros_like(prices_micro) if adders_micro is None else adders_micro
    dearest = max(int(np.abs(each).max(initial=0)) for each in (prices_micro, added))
    largest = int(rows.max(initial=0)) * dearest
    if largest * window.intervals >= LARGEST_SUM:
        raise ReadingsMisfit("exports cannot be priced exactly")
    parts = np.array([cell.part for cell in window.cells])[window.index]
    masks = parts[np.newaxis] == np.arange(len(window.segments))[:, np.newaxis]
    worth = (masks * prices_micro) @ rows.T
    besides = (masks * added) @ rows.T
    exported = masks.astype(np.int64) @ rows.T * usage.micro
    divisor = PICO_PER_CENT * MICRO
    cents = [
        [
            rounded_ratio(
                (priced * (MICRO + bonus_micro) + more * MICRO) * usage.micro,
                divisor,
                half_even=half_even,
            )
            for priced, more in zip(part, extra, strict=True)
        ]
        for part, extra in zip(worth.tolist(), besides.tolist(), strict=True)
    ]
    return ExportCredits(exported, np.array(cents, dtype=np.int64).reshape(worth.shape))


def adder_vector(rules: NetBilling, window: Window) -> Amounts:
    """What a plan adds to each exported kWh, for every interval in 1e-6 dollars."""
    vector = np.full(window.intervals, rules.adder_micro, dtype=np.int64)
    if rules.adder_through is not None:
        end = midnight(rules.adder_through + timedelta(days=1), window.zone)
        vector[max(int((end - window.start_utc).total_seconds()) // window.step_s, 0) :] = 0
    return vector


def export_lines(
    usage: MeterRows,
    parts: Sequence[PricedPart],
    window: Window,
    exports: ExportBook,
    calendars: CalendarBook,
    known_on: date,
) -> list[Line | None]:
    """The credit line of each part of one account; `None` where nothing is due.

    It is a generation line: it enters the base of the user tax, and with carry-over the bank.

    Args:
        usage: the account's readings (its meters are added up).
        parts: the parts of the bill, whose plans have rules for net billing.
        window: the period.
        exports: all export prices.
        calendars: holds the holiday lists.
        known_on: the day whose knowledge of prices and holidays counts.

    Raises:
        RateNotFound: a plan has no such rules, or names a table that is not there.
    """
    found: list[Line | None] = []
    for number, each in enumerate(parts):
        rules = each.span.plan.nem
        if not isinstance(rules, NetBilling):
            raise RateNotFound(f"{each.span.plan.plan_id} has no rules for net billing")
        table = exports.table(rules.export_prices, known_on)
        vector = price_vector(table, window, calendars, known_on)
        credits_ = export_credits(
            *(usage.added(), window, vector, rules.bonus_micro),
            adders_micro=adder_vector(rules, window) if rules.adder_micro else None,
            half_even=each.span.plan.half_even,
        )
        cents = int(credits_.cents[number, 0])
        quantity = int(credits_.exported_micro[number, 0])
        prices = table.version_on(each.part.start)
        rule = f"exports by the interval, prices {prices.table_id} {prices.version}"
        if rules.adder_micro:
            until = f" through {rules.adder_through}" if rules.adder_through else ""
            rule += f", and {from_micro(rules.adder_micro)} dollars a kWh{until}"
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
