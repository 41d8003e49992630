"""Reads a utility's 248: which customers' debts it wrote off.

Source: X12 004010 248 as utilities outside California use it (BHT03 is the id that an 824 names,
amounts stand under HL, DTP and AMT). What each segment carries is a project convention until a
utility's guide says it: one HL for each account, one DTP for each write-off with one AMT in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions.elements import read_period_day, read_usd
from services.edi_gateway.transactions.facts import Fact, batches
from services.edi_gateway.transactions.reading import (
    DATE_INVALID,
    OTHER,
    REASON_TEXT_MAX,
    REQUIRED_MISSING,
    Inspection,
    Reading,
    reference,
)
from services.edi_gateway.x12 import Loop, Transaction
from shared.contracts.parts import Purpose
from shared.contracts.write_offs import WriteOff, WriteOffsReported

PURPOSE_OF_CODE: Final = {"00": Purpose.ORIGINAL, "01": Purpose.CANCEL, "05": Purpose.REPLACE}
"""BHT02."""

Values = dict[str, object]


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one 248.

    Returns:
        A Reading with a `WriteOff` for each amount, or with the reasons why there is none.
    """
    inspection = Inspection(partner)
    begin = transaction.first("BHT")
    write_off_id = inspection.required(begin.element(3), "BHT03 (write-off id)")
    purpose = PURPOSE_OF_CODE.get(begin.element(2))
    if purpose is None:
        inspection.note(OTHER, f"BHT02 {begin.element(2)!r} is no original, cancel or replacement")
    inspection.utility_id(transaction.loop("NM1", "8S").header.element(9), "NM1*8S")
    cca = inspection.cca_id(transaction.loop("NM1", "SJ").header.element(9), "NM1*SJ")
    shared: Values = {
        "transaction_id": transaction_id,
        "write_off_id": write_off_id,
        "purpose": purpose,
    }
    values = [
        shared | account | one
        for place, loop in enumerate(transaction.loops("HL"), start=1)
        for account, one in _account(loop, inspection, f"HL[{place}]")
    ]
    if not values:
        inspection.note(REQUIRED_MISSING, "no account (HL loop) tells what was written off")
    facts = [
        inspection.build(WriteOff, {**each, "sequence": number})
        for number, each in enumerate(values, start=1)
    ]
    accounts = [str(each["account_number"]) for each in values]
    return inspection.reading(
        key=write_off_id,
        cca=cca,
        account=accounts[0] if len(set(accounts)) == 1 else "",
        amount=sum((fact.amount for fact in facts if fact), Decimal("0.00")),
        facts=facts,
        identifiers=(
            ("write_off_id", write_off_id),
            *(("account", account) for account in accounts),
            *(("invoice_number", str(each["invoice_number"] or "")) for each in values),
            *(("usage_id", str(each["usage_id"] or "")) for each in values),
        ),
    )


def report(facts: Iterable[Fact], file_id: UUID) -> Iterator[WriteOffsReported]:
    """Put the write-offs of one CCA into messages."""
    for items in batches(facts, WriteOff):
        yield WriteOffsReported(file_id=file_id, items=items)


def _account(loop: Loop, inspection: Inspection, place: str) -> Iterator[tuple[Values, Values]]:
    """Read one account with each of its write-offs."""
    customer = loop.first("NM1", "8R")
    agreement, invoice = reference((loop,), "Q5"), reference((loop,), "IV")
    account: Values = {
        "account_number": inspection.required(reference((loop,), "12"), f"{place}: REF*12"),
        "service_agreement_id": agreement or None,
        "customer_name": f"{customer.element(4)} {customer.element(3)}".strip(),
        "invoice_number": invoice or None,
        "usage_id": reference((loop,), "6O") or None,
    }
    amounts = loop.loops("DTP")
    if not amounts:
        inspection.note(REQUIRED_MISSING, f"{place} has no date and amount (DTP loop)")
    for number, item in enumerate(amounts, start=1):
        yield account, _amount(item, inspection, f"{place}/DTP[{number}]")


def _amount(item: Loop, inspection: Inspection, place: str) -> Values:
    dtp, amounts = item.header, item.all("AMT")
    day = read_period_day(dtp.element(3))
    if day is None:
        inspection.note(DATE_INVALID, f"{place}: DTP03 {dtp.element(3)!r} is not a day")
    if len(amounts) > 1:
        inspection.note(OTHER, f"{place}: {len(amounts)} AMT, which is the one written off?")
    text = item.first("AMT").element(2)
    own: Values = {
        "amount": inspection.amount(read_usd(text), text, f"{place}: AMT02 (amount)"),
        "written_off_on": day,
        "reason": _reason(item),
    }
    named = {"invoice_number": reference((item,), "IV"), "usage_id": reference((item,), "6O")}
    return own | {name: value for name, value in named.items() if value}


def _reason(item: Loop) -> dict[str, str] | None:
    """Return STC01 with the words of STC12."""
    status = item.first("STC")
    code = status.element(1, 1).strip()
    return {"code": code[:40], "text": status.element(12)[:REASON_TEXT_MAX]} if code else None
