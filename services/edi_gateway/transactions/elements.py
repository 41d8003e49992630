"""Reads and writes single elements: a date, a quantity, an amount.

X12 knows two ways to write a number and several to write a date, and amounts must survive to the
last digit, so each way has one function here. Whatever cannot be read is None, never a guess.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from services.edi_gateway.x12 import InexactAmountError, Segment, parse_decimal, parse_n2

QUANTITY_DECIMALS: Final = 6
PRICE_DECIMALS: Final = 6
USD_DECIMALS: Final = 2
WHOLE_LIMIT: Final = 10**12

SHORT_FORM: Final = "D6"
"""DTM05 of a date with six digits."""
CENTURY_PIVOT: Final = 50
LAST_MINUTE: Final = "2359"

_DATE_DIGITS: Final = 8
_SHORT_DATE: Final = re.compile(r"\d{6}", re.ASCII)
_DATE: Final = re.compile(r"\d{8}", re.ASCII)
_WITH_CENTS: Final = re.compile(r"-?\d{1,12}\.\d\d", re.ASCII)
_PERIOD: Final = re.compile(r"\d{8}(\d{4}|\d{6})?(-\d{8}(\d{4}|\d{6})?)?", re.ASCII)


@lru_cache(maxsize=1024)
def read_date(text: str) -> date | None:
    """Read CCYYMMDD (element type DT)."""
    digits = text.strip()
    if not _DATE.fullmatch(digits):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def read_dtm(segment: Segment) -> date | None:
    """Read the day of a DTM: DTM02, else DTM06 in form D8, D6, DT or RD8 (its first day).

    Californian interval files leave DTM02 empty: `DTM*150****DT*202606010000`.
    """
    if segment.element(2).strip():
        return read_date(segment.element(2))
    text = segment.element(6).strip()
    if segment.element(5).strip() == SHORT_FORM:
        return read_short_date(text)
    return read_period_day(text)


def read_end(segment: Segment) -> date | None:
    """Read the day of a DTM that ends something; a stamp of 23:59 ends with the next midnight."""
    day = read_dtm(segment)
    time = segment.element(6).strip()[_DATE_DIGITS:] if not segment.element(2).strip() else ""
    if day is not None and time.startswith(LAST_MINUTE) and day < date.max:
        return day + timedelta(days=1)
    return day


def read_range(segment: Segment) -> tuple[date, date] | None:
    """Read both days of a DTM in form RD8; None when it has one day only."""
    text = segment.element(6).strip()
    if segment.element(2).strip() or "-" not in text or not _PERIOD.fullmatch(text):
        return None
    first, last = (read_date(part[:_DATE_DIGITS]) for part in text.split("-"))
    return (first, last) if first and last else None


def read_period_day(text: str) -> date | None:
    """Read the day of an element 1251 in form D8, DT or RD8 (its first day)."""
    period = text.strip()
    return read_date(period[:_DATE_DIGITS]) if _PERIOD.fullmatch(period) else None


def read_short_date(text: str) -> date | None:
    """Read YYMMDD; a year before 50 is of this century."""
    digits = text.strip()
    if not _SHORT_DATE.fullmatch(digits):
        return None
    return read_date(("20" if int(digits[:2]) < CENTURY_PIVOT else "19") + digits)


def read_number(text: str, decimals: int) -> Decimal | None:
    """Read an element of type R: an explicit point, a sign allowed, at most `decimals` places.

    Twelve digits before the point are the most that a contract carries.
    """
    try:
        value = parse_decimal(text)
    except InexactAmountError:
        return None
    scaled = value.scaleb(decimals)
    exact = scaled == scaled.to_integral_value()
    return value if exact and abs(value) < WHOLE_LIMIT else None


def read_usd(text: str) -> Decimal | None:
    """Read dollars with an explicit point (type R), to the cent."""
    if _WITH_CENTS.fullmatch(text):  # as nearly everybody writes them
        return Decimal(text)
    value = read_number(text, USD_DECIMALS)
    return None if value is None else value.quantize(Decimal("0.01"))


def read_n2_usd(text: str) -> Decimal | None:
    """Read dollars with two implied decimals (type N2): `9588` is 95.88."""
    try:
        value = parse_n2(text)
    except InexactAmountError:
        return None
    return value if abs(value) < WHOLE_LIMIT else None


def write_date(day: date) -> str:
    """Write CCYYMMDD."""
    return f"{day.year:04}{day.month:02}{day.day:02}"
