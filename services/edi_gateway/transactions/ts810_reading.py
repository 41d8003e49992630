"""Reads an 810 that a utility sends us: a rate-ready bill, or its own service fees.

Source: UIG 810 004010, PJM LDC consolidated billing (items, SLN, BAL, NTE), Ameren 810 guide 2016
(SAC01 N is printed and no part of TDS01; each tax stands in an SLN of its own behind one; TDS01 is
this bill alone, the amount due with arrears is in BAL). SAC05 and TDS01 have two implied decimals
(N2); TXI02 and BAL03 an explicit point (R).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions.elements import (
    PRICE_DECIMALS,
    QUANTITY_DECIMALS,
    read_n2_usd,
    read_number,
    read_usd,
)
from services.edi_gateway.transactions.facts import Fact, batches
from services.edi_gateway.transactions.reading import (
    OTHER,
    REASON_TEXT_MAX,
    Inspection,
    Reading,
    reference,
)
from services.edi_gateway.transactions.ts810 import ALLOWANCE, CHARGE, CODE_OF_UNIT
from services.edi_gateway.transactions.ts814 import BILL_OPTIONS
from services.edi_gateway.x12 import ABSENT_SEGMENT, Loop, Segment, Transaction
from shared.contracts.charges import InvoiceReported, LineKind, ReportedInvoice, ReportedLine
from shared.contracts.parts import Purpose

PURPOSE_OF_CODE: Final = {
    "": Purpose.ORIGINAL,
    "00": Purpose.ORIGINAL,
    "01": Purpose.CANCEL,
    "05": Purpose.REPLACE,
    "18": Purpose.REPLACE,
}
"""BIG08 as utilities send it; it may be left out."""

INFORMATIONAL: Final = "N"
"""SAC01 of a line that is only printed; it is no part of TDS01."""
INFORMATIONAL_TAX: Final = "O"
"""TXI07 of a tax that is only told."""
UNIT_OF_CODE: Final = {code: unit for unit, code in CODE_OF_UNIT.items()}
"""SAC09; a utility's line in another unit is kept without one."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A SAC or TXI with the item it stands under."""

    segment: Segment
    level: str
    """IT109: ACCOUNT, RATE, METER, UNMET; empty below TDS."""
    meter: str

    @property
    def counts(self) -> bool:
        """Whether it is part of TDS01."""
        if self.segment.id == "SAC":
            return self.segment.element(1) != INFORMATIONAL
        return self.segment.element(7) != INFORMATIONAL_TAX


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one 810 that a utility sends: a rate-ready bill, or its own service fees.

    Returns:
        A Reading with one `ReportedInvoice` whose lines add to its total, or with the reasons why
        it cannot be one.
    """
    inspection = Inspection(partner)
    begin = transaction.first("BIG")
    places = (transaction.root, *transaction.loops("N1"), *transaction.loops("IT1"))
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
            **_read_lines(transaction, total, inspection),
            "total": total,
            "bill_option": _bill_option(places),
            "due_on": _due_on(transaction, inspection),
            "balances": _balances(transaction, inspection),
            "messages": tuple(note.element(2)[:REASON_TEXT_MAX] for note in transaction.all("NTE")),
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


def _bill_option(places: tuple[Loop, ...]) -> object:
    """Tell a rate-ready bill (LDC, LDC) from the utility's own fees; None when it does not say."""
    return BILL_OPTIONS.get((reference(places, "BLT"), reference(places, "PC")))


def _due_on(transaction: Transaction, inspection: Inspection) -> object:
    """Read when the bill is due (ITD06, the net due date)."""
    text = transaction.value("ITD", 6)
    return inspection.day(text, "ITD06 (due date)") if text.strip() else None


def _balances(transaction: Transaction, inspection: Inspection) -> list[dict[str, object]]:
    """Read what the account owed before and owes after this bill; it is never added up here."""
    return [
        {
            "kind": balance.element(1).strip(),
            "code": balance.element(2).strip(),
            "amount": inspection.amount(
                read_usd(balance.element(3)), balance.element(3), "BAL03 (balance)"
            ),
        }
        for balance in transaction.all("BAL")
    ]


def _read_period(transaction: Transaction, inspection: Inspection) -> dict[str, object]:
    """Read the service period, from the first day of any item to the last; a fee may have none."""
    places = (transaction.root, *transaction.loops("IT1"))
    periods = [
        period
        for place in places
        if (place.first("DTM", "150") or place.first("DTM", "151"))
        and (
            period := inspection.period(
                place.first("DTM", "150") or ABSENT_SEGMENT,
                place.first("DTM", "151") or ABSENT_SEGMENT,
            )
        )
    ]
    if not periods:
        return {}
    return {
        "period_start": min(start for start, _ in periods),
        "period_end": max(end for _, end in periods),
    }


def _read_lines(
    transaction: Transaction, total: Decimal | None, inspection: Inspection
) -> dict[str, object]:
    """Read every SAC and TXI wherever it stands, charges first, and add up those that count.

    Utilities put lines under items, sub-items or the total; each enters TDS01 once.
    """
    placed = sorted(_placed(transaction), key=lambda each: each.segment.id)
    counting = _lines([each for each in placed if each.counts], inspection)
    printed = _lines([each for each in placed if not each.counts], inspection)
    summed = sum((line.signed_amount for line in counting), Decimal("0.00"))
    if total is not None and not inspection.reasons and summed != total:
        inspection.note(OTHER, f"TDS01 is {total}, its lines add to {summed}")
    return {"lines": counting, "informational": printed}


def _placed(transaction: Transaction) -> Iterator[_Placed]:
    """Find every SAC and TXI, those of items first, in the order sent."""
    seen: set[int] = set()
    for item in transaction.loops("IT1"):
        level = item.header.element(9).strip()
        meter = reference((item, *item.loops("SLN")), "MG")
        for segment in item.walk():
            if segment.id in {"SAC", "TXI"}:
                seen.add(segment.position)
                yield _Placed(segment, level, meter)
    for segment in transaction.segments:
        if segment.id in {"SAC", "TXI"} and segment.position not in seen:
            yield _Placed(segment, "", "")


def _lines(placed: list[_Placed], inspection: Inspection) -> tuple[ReportedLine, ...]:
    lines = []
    for sequence, each in enumerate(placed, start=1):
        read_segment = _read_sac if each.segment.id == "SAC" else _read_txi
        value = read_segment(each.segment, inspection)
        line = inspection.build(
            ReportedLine,
            {
                "sequence": sequence,
                "line_id": f"{value['code']}.{sequence}",
                "level": each.level,
                "meter_number": each.meter or None,
                **value,
            },
        )
        if line is not None:
            lines.append(line)
    return tuple(lines)


def _read_sac(sac: Segment, inspection: Inspection) -> dict[str, object]:
    """Read one SAC; a sign in SAC05 turns a charge into a credit and the reverse."""
    indicator, text = sac.element(1).strip(), sac.element(5)
    amount = inspection.amount(read_n2_usd(text), text, "SAC05 (amount)") or Decimal("0.00")
    if indicator not in {CHARGE, ALLOWANCE, INFORMATIONAL}:
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
    """Read one TXI; a tax that is given back is a credit under the tax's code."""
    text = txi.element(2)
    amount = inspection.amount(read_usd(text), text, "TXI02 (tax)") or Decimal("0.00")
    code = txi.element(1).strip()
    return {
        "kind": LineKind.CREDIT if amount < 0 else LineKind.TAX,
        "code": code or "TXI",
        "label": code,
        "amount": abs(amount),
    }


def _optional(text: str, decimals: int, what: str, inspection: Inspection) -> Decimal | None:
    if not text.strip():
        return None
    value = read_number(text, decimals)
    if value is None:
        inspection.note(OTHER, f"{what} {text.strip()!r} has more than {decimals} decimals")
    return value
