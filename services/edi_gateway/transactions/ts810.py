"""Writes our charges as 810s; `ts810_reading.py` reads those that a utility sends us.

Source: UIG 810 004010 (BIG, SAC, TXI, TDS), PJM LDC consolidated billing, Ameren 810 guide 2016.
SAC05 and TDS01 have two implied decimals (N2), TXI02 an explicit point (R). A cancel carries the
numbers as originally billed, not negated: BIG08 = 01 makes it a cancel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import zip_longest
from typing import Final

from services.edi_gateway.profile import PeriodEnd, SignRule
from services.edi_gateway.transactions.elements import (
    write_date,
)
from services.edi_gateway.transactions.writing import Outgoing, parties
from services.edi_gateway.x12 import (
    OutboundSegment,
    clean_text,
    decimal_text,
    n2,
)
from shared.contracts.charges import (
    Charge,
    ChargeLine,
    ChargeUnit,
    LineKind,
)
from shared.contracts.parts import Purpose

CODE_OF_PURPOSE: Final = {Purpose.ORIGINAL: "00", Purpose.CANCEL: "01", Purpose.REPLACE: "18"}
"""BIG08: original, cancellation, reissue."""

MERCHANDISE: Final = "ME"
"""BIG07: transaction type."""

CHARGE: Final = "C"
ALLOWANCE: Final = "A"
"""SAC01: added or subtracted."""

ELECTRIC_UTILITIES: Final = "EU"
"""SAC03: the agency whose codes stand in SAC04."""

ADDED_TAX: Final = "A"
"""TXI07: the tax is added to the amount due."""

CODE_OF_UNIT: Final = {
    ChargeUnit.KWH: "KH",
    ChargeUnit.KW: "K1",
    ChargeUnit.DAY: "DA",
    ChargeUnit.MONTH: "MO",
}
"""SAC09."""
RATE_DIGITS_MAX: Final = 9
"""SAC08: X12 004010 element 118; a longer price is left out, the amount stands."""


def write_charge(charge: Charge, outgoing: Outgoing) -> tuple[OutboundSegment, ...]:
    """Write one 810.

    Lines are spread over as many IT1 loops as the profile's limits ask for; their order, numbers
    and sum stay the same.

    Returns:
        The segments between ST and SE.
    """
    rules = outgoing.profile.charges
    lines = sorted(charge.lines, key=lambda line: line.sequence)
    taxes = [line for line in lines if line.kind is LineKind.TAX]
    priced = [line for line in lines if line.kind is not LineKind.TAX]
    segments = [*_header(charge), *parties(outgoing, charge.customer_name)]
    items = zip_longest(
        _chunks(taxes, rules.taxes_per_item), _chunks(priced, rules.lines_per_item), fillvalue=()
    )
    for number, (item_taxes, item_lines) in enumerate(items, start=1):
        segments.append(
            ("IT1", str(number), "", "", "", "", "SV", "ELECTRIC", "C3", "ACCOUNT"),
        )
        segments += [_tax(line) for line in item_taxes]
        segments += _period(charge, outgoing)
        segments += [_line(line, outgoing) for line in item_lines]
    return (*segments, ("TDS", n2(charge.total)))


def _header(charge: Charge) -> list[OutboundSegment]:
    segments: list[OutboundSegment] = [
        (
            *("BIG", write_date(charge.invoiced_on), charge.invoice_number, "", ""),
            *(charge.usage_id, "", MERCHANDISE, CODE_OF_PURPOSE[charge.purpose]),
        )
    ]
    if charge.purpose is not Purpose.ORIGINAL and charge.original_invoice_number:
        segments.append(("REF", "OI", charge.original_invoice_number))
    segments += [
        ("REF", "12", charge.account_number),
        ("REF", "BLT", "LDC"),
        ("REF", "PC", "DUAL"),
    ]
    if charge.service_agreement_id:
        segments.append(("REF", "Q5", "", charge.service_agreement_id))
    return segments


def _tax(line: ChargeLine) -> OutboundSegment:
    amount = f"{line.amount:.2f}"
    return ("TXI", line.code, amount, "", "", "", "", ADDED_TAX)


def _period(charge: Charge, outgoing: Outgoing) -> tuple[OutboundSegment, OutboundSegment]:
    """Write the service period as this utility means it, the same as in its 867."""
    last = charge.period_end
    if outgoing.profile.reading.period_end is PeriodEnd.INCLUSIVE:
        last -= timedelta(days=1)
    return (
        ("DTM", "150", write_date(charge.period_start)),
        ("DTM", "151", write_date(last)),
    )


def _line(line: ChargeLine, outgoing: Outgoing) -> OutboundSegment:
    """Write one SAC: the sign is in SAC01, or in SAC05 where the utility wants it there."""
    rules = outgoing.profile.charges
    credit = line.kind is LineKind.CREDIT
    if rules.sign is SignRule.SIGNED:
        indicator, amount = CHARGE, n2(line.signed_amount)
    else:
        indicator, amount = ALLOWANCE if credit else CHARGE, n2(line.amount)
    price = "" if line.price is None else decimal_text(line.price)
    if sum(sign.isdigit() for sign in price) > RATE_DIGITS_MAX:
        price = ""
    quantity = "" if line.quantity is None else decimal_text(line.quantity)
    unit = CODE_OF_UNIT[line.unit] if quantity and line.unit else ""
    label = clean_text(line.label, rules.label_max)
    return (
        *("SAC", indicator, "", ELECTRIC_UTILITIES, line.code, amount, "", ""),
        *(price, unit, quantity, "", "", str(line.sequence), "", label),
    )


def _chunks(lines: Sequence[ChargeLine], size: int) -> Iterator[Sequence[ChargeLine]]:
    for start in range(0, len(lines), size):
        yield lines[start : start + size]
