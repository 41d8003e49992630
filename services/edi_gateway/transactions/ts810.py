"""Writes our charges as 810s, and reads an 810 that a utility sends us.

Source: UIG 810 004010 (BIG, SAC, TXI, TDS), PJM LDC consolidated billing, Ameren 810 guide 2016.
SAC05 and TDS01 have two implied decimals (N2), TXI02 an explicit point (R). A cancel carries the
numbers as originally billed, not negated: BIG08 = 01 makes it a cancel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Final
from uuid import UUID

from services.edi_gateway.profile import PeriodEnd, SignRule, TradingPartner
from services.edi_gateway.transactions.elements import (
    PRICE_DECIMALS,
    QUANTITY_DECIMALS,
    read_n2_usd,
    read_number,
    read_usd,
    write_date,
)
from services.edi_gateway.transactions.facts import Fact, batches
from services.edi_gateway.transactions.reading import OTHER, Inspection, Reading, reference
from services.edi_gateway.transactions.writing import Outgoing, parties
from services.edi_gateway.x12 import (
    ABSENT_SEGMENT,
    Loop,
    OutboundSegment,
    Segment,
    Transaction,
    clean_text,
    decimal_text,
    n2,
)
from shared.contracts.charges import (
    Charge,
    ChargeLine,
    ChargeUnit,
    InvoiceReported,
    LineKind,
    ReportedInvoice,
)
from shared.contracts.parts import Purpose

CODE_OF_PURPOSE: Final = {Purpose.ORIGINAL: "00", Purpose.CANCEL: "01", Purpose.REPLACE: "18"}
"""BIG08: original, cancellation, reissue."""

PURPOSE_OF_CODE: Final = {
    "": Purpose.ORIGINAL,
    "00": Purpose.ORIGINAL,
    "01": Purpose.CANCEL,
    "05": Purpose.REPLACE,
    "18": Purpose.REPLACE,
}
"""BIG08 as utilities send it; it may be left out."""

MERCHANDISE: Final = "ME"
"""BIG07: transaction type."""

CHARGE: Final = "C"
ALLOWANCE: Final = "A"
INFORMATIONAL: Final = "N"
"""SAC01: added, subtracted, or only printed (then it is no part of TDS01)."""

ELECTRIC_UTILITIES: Final = "EU"
"""SAC03: the agency whose codes stand in SAC04."""

ADDED_TAX: Final = "A"
INFORMATIONAL_TAX: Final = "O"
"""TXI07: the tax is added to the amount due, or only told."""

CODE_OF_UNIT: Final = {
    ChargeUnit.KWH: "KH",
    ChargeUnit.KW: "K1",
    ChargeUnit.DAY: "DA",
    ChargeUnit.MONTH: "MO",
}
UNIT_OF_CODE: Final = {code: unit for unit, code in CODE_OF_UNIT.items()}
"""SAC09; a utility's line in another unit is kept without one."""
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


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one 810 that a utility sends: a rate-ready bill, or its own service fees.

    Returns:
        A Reading with one `ReportedInvoice` whose lines add to its total, or with the reasons why
        it cannot be one.
    """
    inspection = Inspection(partner)
    begin = transaction.first("BIG")
    items = transaction.loops("IT1")
    places = (transaction.root, *transaction.loops("N1"), *items)
    number = inspection.required(begin.element(2), "BIG02 (invoice number)")
    usage_id = begin.element(5).strip()
    purpose, original = _purpose(begin, places, inspection)
    inspection.utility(transaction.loop("N1", "8S"))
    cca = inspection.cca(transaction.loop("N1", "SJ"))
    account = inspection.required(reference(places, "12"), "REF*12 (utility account)")
    agreement = reference(places, "Q5")
    stated = transaction.value("TDS", 1)
    total = inspection.amount(read_n2_usd(stated), stated, "TDS01 (total)")
    invoice = inspection.build(
        ReportedInvoice,
        {
            "transaction_id": transaction_id,
            "invoice_number": number,
            "original_invoice_number": original or None,
            "purpose": purpose,
            "invoiced_on": inspection.day(begin.element(1), "BIG01 (invoice date)"),
            "account_number": account,
            "service_agreement_id": agreement or None,
            "usage_id": usage_id or None,
            **_read_period(transaction, inspection),
            "lines": _read_lines(transaction, total, inspection),
            "total": total,
        },
    )
    return inspection.reading(
        key=number,
        cca=cca,
        account=account,
        amount=total,
        facts=(invoice,),
        identifiers=(
            ("invoice_number", number),
            ("invoice_number", original),
            ("account", account),
            ("service_agreement", agreement),
            ("usage_id", usage_id),
        ),
    )


def report(facts: Iterable[Fact], file_id: UUID) -> Iterator[InvoiceReported]:
    """Put the invoices of one CCA into messages."""
    for items in batches(facts, ReportedInvoice):
        yield InvoiceReported(file_id=file_id, items=items)


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


def _purpose(
    begin: Segment, places: tuple[Loop, ...], inspection: Inspection
) -> tuple[Purpose | None, str]:
    """Read BIG08 and, for a cancel or reissue, the invoice it corrects."""
    purpose = PURPOSE_OF_CODE.get(begin.element(8).strip())
    if purpose is None:
        inspection.note(OTHER, f"BIG08 {begin.element(8)!r} is no original, cancel or reissue")
    original = reference(places, "OI")
    if purpose in {Purpose.CANCEL, Purpose.REPLACE}:
        inspection.required(original, "REF*OI (the invoice that this one corrects)")
    return purpose, original


def _read_period(transaction: Transaction, inspection: Inspection) -> dict[str, object]:
    """Read the service period from the first item that has one; a fee may have none."""
    for place in (transaction.root, *transaction.loops("IT1")):
        first, last = place.first("DTM", "150"), place.first("DTM", "151")
        if first or last:
            period = inspection.period(first or ABSENT_SEGMENT, last or ABSENT_SEGMENT)
            return dict(zip(("period_start", "period_end"), period or (None, None), strict=True))
    return {}


def _read_lines(
    transaction: Transaction, total: Decimal | None, inspection: Inspection
) -> tuple[ChargeLine, ...]:
    """Read every SAC and added TXI wherever it stands, charges first, and add them up.

    Utilities put lines under items, sub-items or the total; each enters TDS01 once.
    """
    priced = [
        segment
        for segment in transaction.segments
        if segment.id == "SAC" and segment.element(1) != INFORMATIONAL
    ]
    taxes = [
        segment
        for segment in transaction.segments
        if segment.id == "TXI" and segment.element(7) != INFORMATIONAL_TAX
    ]
    values = [_read_sac(segment, inspection) for segment in priced]
    values += [_read_txi(segment, inspection) for segment in taxes]
    lines: list[ChargeLine] = []
    for sequence, value in enumerate(values, start=1):
        named = {"sequence": sequence, "line_id": f"{value['code']}.{sequence}", **value}
        line = inspection.build(ChargeLine, named)
        if line is not None:
            lines.append(line)
    summed = sum((line.signed_amount for line in lines), Decimal("0.00"))
    if total is not None and not inspection.reasons and summed != total:
        inspection.note(OTHER, f"TDS01 is {total}, its lines add to {summed}")
    return tuple(lines)


def _read_sac(sac: Segment, inspection: Inspection) -> dict[str, object]:
    """Read one SAC; a sign in SAC05 turns a charge into a credit and the reverse."""
    indicator, text = sac.element(1).strip(), sac.element(5)
    amount = inspection.amount(read_n2_usd(text), text, "SAC05 (amount)") or Decimal("0.00")
    if indicator not in {CHARGE, ALLOWANCE}:
        inspection.note(OTHER, f"SAC01 {indicator!r} neither charges nor allows")
    credits_ = (indicator == ALLOWANCE) is not (amount < 0)
    unit = sac.element(9, 1).strip()
    return {
        "kind": LineKind.CREDIT if credits_ else LineKind.CHARGE,
        "code": sac.element(4).strip() or "SAC",
        "label": sac.element(15).strip(),
        "quantity": _optional(sac.element(10), QUANTITY_DECIMALS, "SAC10 (quantity)", inspection),
        "unit": UNIT_OF_CODE.get(unit),
        "price": _optional(sac.element(8), PRICE_DECIMALS, "SAC08 (rate)", inspection),
        "amount": abs(amount),
    }


def _read_txi(txi: Segment, inspection: Inspection) -> dict[str, object]:
    text = txi.element(2)
    amount = inspection.amount(read_usd(text), text, "TXI02 (tax)") or Decimal("0.00")
    if amount < 0:
        inspection.note(OTHER, f"TXI02 {text!r}: a tax that is given back needs a person")
    code = txi.element(1).strip()
    return {"kind": LineKind.TAX, "code": code or "TXI", "label": code, "amount": abs(amount)}


def _optional(text: str, decimals: int, what: str, inspection: Inspection) -> Decimal | None:
    if not text.strip():
        return None
    value = read_number(text, decimals)
    if value is None:
        inspection.note(OTHER, f"{what} {text.strip()!r} has more than {decimals} decimals")
    return value
