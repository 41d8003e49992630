"""Reads a utility's 820: one payment to one CCA, with a line for every account it pays.

Source: X12 004010 820 as utilities with consolidated billing use it (Maine EBT, NY 820 v2.0, SCANA
sample). A payment taken back is a line with a negative RMR04; several lines of one account may net
to zero; a fee belongs to no account. BPR02 is the sum of all RMR04 and ADX01; the profile says
whether an RMR08 is money of its own and whether ADX01 is written as what is taken off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from services.edi_gateway.profile import AdjustmentRule, FeeRule, TradingPartner
from services.edi_gateway.transactions.elements import read_usd
from services.edi_gateway.transactions.facts import Fact, Payment, lines_as_sent
from services.edi_gateway.transactions.reading import (
    OTHER,
    Inspection,
    Reading,
    reference,
)
from services.edi_gateway.x12 import Loop, Segment, Transaction
from shared.contracts.envelope import WrittenBody
from shared.contracts.parts import MESSAGE_ITEMS_MAX
from shared.contracts.remittance import RemittanceLine, RemittanceLineKind, RemittanceReported

NOTHING: Final = Decimal("0.00")
DEBIT: Final = "D"
CREDIT: Final = "C"
ADJUSTMENT: Final = "AJ"
INVOICE_REFERENCES: Final = frozenset({"IV", "IK"})
ACCOUNT_REFERENCES: Final = frozenset({"12"})
MASTER_ACCOUNT: Final = "14"
"""RMR01 of a fee or adjustment that is tied to no customer (NY 820 v2.0)."""


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one 820.

    Returns:
        A Reading with one `Payment`, whatever its sums are; or with the reasons why it is none.
    """
    inspection = Inspection(partner)
    trace = inspection.required(transaction.value("TRN", 2), "TRN02 (trace number)")
    inspection.utility(transaction.loop("N1", "PR") or transaction.loop("N1", "8S"), "N1*PR")
    payee = transaction.loop("N1", "PE") or transaction.loop("N1", "SJ")
    cca = inspection.cca(payee, "N1*PE")
    total = _total(transaction.first("BPR"), inspection)
    settled_on = _settled_on(transaction, inspection)
    items = _items(transaction)
    parts = tuple(_parts(items, inspection, partner))
    payment = None
    if total is not None and settled_on is not None and not inspection.reasons:
        payment = Payment(
            transaction_id=transaction_id,
            trace_number=trace,
            total=total,
            settled_on=settled_on,
            payee=cca,
            line_count=len(items),
            parts=parts,
        )
    return inspection.reading(
        key=trace,
        cca=cca,
        amount=total,
        facts=(payment,),
        identifiers=(("trace_number", trace),),
    )


def to_messages(payment: Payment, file_id: UUID, transaction_id: UUID) -> Iterator[WrittenBody]:
    """Put a payment into messages of at most 500 lines; one without lines is one message."""
    for part, lines in enumerate(payment.parts, start=1):
        head = RemittanceReported(
            file_id=file_id,
            transaction_id=transaction_id,
            trace_number=payment.trace_number,
            total=payment.total,
            settled_on=payment.settled_on,
            line_count=payment.line_count,
            part=part,
            parts=len(payment.parts),
            lines=(),
        )
        words = head.model_dump_json(exclude={"lines"}, exclude_none=True).encode()
        yield WrittenBody(head.type, b'%b,"lines":%b}' % (words[:-1], lines))


def report(facts: Iterable[Fact], file_id: UUID) -> Iterator[WrittenBody]:
    """Put the payments to one CCA into messages."""
    for fact in facts:
        if isinstance(fact, Payment):
            yield from to_messages(fact, file_id, fact.transaction_id)


def _total(bpr: Segment, inspection: Inspection) -> Decimal | None:
    """Read BPR02 with the sign of BPR03: a debit takes money from the CCA."""
    text, direction = bpr.element(2), bpr.element(3).strip()
    total = inspection.amount(read_usd(text), text, "BPR02 (total)")
    if direction not in {CREDIT, DEBIT}:
        inspection.note(OTHER, f"BPR03 {direction!r} is neither credit nor debit")
    return -abs(total) if total is not None and direction == DEBIT else total


def _settled_on(transaction: Transaction, inspection: Inspection) -> date | None:
    """Read the settlement date: BPR16, or a DTM of the header where BPR16 is left out."""
    text = transaction.value("BPR", 16)
    dtm = transaction.first("DTM", "007") or transaction.first("DTM", "097")
    if not text.strip() and dtm:
        return inspection.dtm(dtm, "DTM*007 (settlement date)")
    return inspection.day(text, "BPR16 (settlement date)")


def _items(transaction: Transaction) -> list[Loop]:
    """Every RMR and ADX in the order sent; an ADX after an RMR still is a line of its own."""
    items: list[Loop] = []
    for entity in transaction.loops("ENT"):
        items += entity.loops("ADX")
        for remittance in entity.loops("RMR"):
            items.append(remittance)
            if remittance.children:
                items += remittance.loops("ADX")
    return items


def _parts(
    items: Sequence[Loop], inspection: Inspection, partner: TradingPartner
) -> Iterator[bytes]:
    """Read the lines, and write them down in parts as soon as they fill one."""
    for start in range(0, max(1, len(items)), MESSAGE_ITEMS_MAX):
        some = enumerate(items[start : start + MESSAGE_ITEMS_MAX], start + 1)
        lines = [_line(item, sequence, inspection, partner) for sequence, item in some]
        yield lines_as_sent([line for line in lines if line is not None])


def _line(
    item: Loop, sequence: int, inspection: Inspection, partner: TradingPartner
) -> RemittanceLine | None:
    place = f"{item.id}[{sequence}]"
    read_item = _fee if item.id == "ADX" else _remittance
    values = read_item(item, inspection, place, partner)
    values["sequence"] = sequence
    return inspection.build(RemittanceLine, values)


def _remittance(
    item: Loop, inspection: Inspection, place: str, partner: TradingPartner
) -> dict[str, object]:
    kind, number, handling, paid, invoiced, discount, code, adjusted = item.header.first_elements(8)
    kind, number, code = kind.strip(), number.strip(), code.strip()
    line_kind = _kind(kind, adjusts=handling.strip() == ADJUSTMENT)
    adjustment = _optional(adjusted, inspection, place, "RMR08")
    amount = _optional(paid, inspection, place, "RMR04")
    if amount is None and adjustment is None:
        inspection.required(paid, f"{place}: RMR04 (amount)")
    moves = partner.profile.payments.adjustments is AdjustmentRule.ADDED
    moved = adjustment if moves and adjustment is not None else NOTHING
    posted = item.first("DTM", "809")
    return {
        "kind": line_kind,
        "amount": (NOTHING if amount is None else amount) + moved,
        "invoiced": _optional(invoiced, inspection, place, "RMR05"),
        "invoice_number": (number if kind in INVOICE_REFERENCES else reference((item,), "IV"))
        or None,
        "account_number": reference((item,), "12")
        or (number if kind in ACCOUNT_REFERENCES else "")
        or None,
        "usage_id": reference((item,), "6O") or None,
        "adjustment_amount": adjustment,
        "adjusting": moved if line_kind is RemittanceLineKind.PAYMENT else NOTHING,
        "discount": _optional(discount, inspection, place, "RMR06"),
        "reason": {"code": code, "text": item.value("NTE", 2)} if code else None,
        "posted_on": inspection.dtm(posted, f"{place}: DTM*809", required=False),
    }


def _kind(reference_kind: str, *, adjusts: bool) -> RemittanceLineKind:
    if reference_kind == MASTER_ACCOUNT:
        return RemittanceLineKind.FEE
    return RemittanceLineKind.ADJUSTMENT if adjusts else RemittanceLineKind.PAYMENT


def _fee(
    item: Loop, inspection: Inspection, place: str, partner: TradingPartner
) -> dict[str, object]:
    adx = item.header
    text, kind, number = adx.element(1), adx.element(3).strip(), adx.element(4).strip()
    amount = inspection.amount(read_usd(text), text, f"{place}: ADX01 (amount)")
    taken = partner.profile.payments.fees is FeeRule.SUBTRACTED
    return {
        "kind": RemittanceLineKind.FEE,
        "amount": -amount if amount is not None and taken else amount,
        "invoice_number": (number if kind in INVOICE_REFERENCES else "") or None,
        "account_number": (number if kind in ACCOUNT_REFERENCES else "") or None,
        "reason": {"code": adx.element(2).strip() or OTHER, "text": item.value("NTE", 2)},
    }


def _optional(text: str, inspection: Inspection, place: str, element: str) -> Decimal | None:
    """Read an amount that need not be sent; the words for one that is none are rarely needed."""
    if not text.strip():
        return None
    amount = read_usd(text)
    return inspection.amount(amount, text, f"{place}: {element}") if amount is None else amount
