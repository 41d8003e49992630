"""Numbers as X12 writes them, exactly: `TDS*9588` is 95.88, `TXI*UT*1.23` is 1.23.

Two ways stand side by side in one document: N2 with two implied decimals and no point, and R with
an explicit point. Neither ever passes through binary floating point.
"""

from __future__ import annotations

import re
from decimal import Decimal

CENTS = Decimal(100)

_N = re.compile(r"-?[0-9]+\Z")
_R = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)\Z")


class InexactAmountError(ValueError):
    """A value cannot be written or read without changing it."""


def n2(amount: Decimal) -> str:
    """Write an amount as N2: whole cents, no point.

    Raises InexactAmountError on parts of a cent.
    """
    cents = amount * CENTS
    if not amount.is_finite() or cents != cents.to_integral():
        message = f"{amount!r} is not a whole number of cents."
        raise InexactAmountError(message)
    return str(int(cents))


def parse_n2(text: str) -> Decimal:
    """Read an N2 value: `-2645` is -26.45. Raises InexactAmountError when it is no number."""
    stripped = text.strip()
    if not _N.match(stripped):
        message = f"'{text}' is no whole number."
        raise InexactAmountError(message)
    return Decimal(stripped).scaleb(-2)


def decimal_text(number: Decimal | int) -> str:
    """Write an R value: plain digits, a point only when needed, never an exponent."""
    if isinstance(number, float) or not Decimal(number).is_finite():
        message = f"{number!r} cannot be written exactly."
        raise InexactAmountError(message)
    text = format(Decimal(number), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def parse_decimal(text: str) -> Decimal:
    """Read an R value. Raises InexactAmountError when it is no number."""
    stripped = text.strip()
    if not _R.match(stripped):
        message = f"'{text}' is no number."
        raise InexactAmountError(message)
    return Decimal(stripped)
