"""Reads what the back office answers: receipts (997), enrolment answers, charges and advice.

Amounts become whole cents and identifiers stay text, so that what is checked later is exactly
what was on the wire. A value that cannot be read at all raises `UnreadableAnswerError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from simulator.x12 import Segment, Transaction, element


class UnreadableAnswerError(Exception):
    """A transaction set lacks a segment, or holds a value, that a utility could not work with."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A 997: the verdict on one group that we sent and on its transaction sets."""

    functional_id: str
    control: int
    verdict: str
    included: int
    accepted: int
    sets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EnrollmentAnswer:
    """An 814 response: yes (WQ) or no (U, with reasons) to the request with this id (BGN06)."""

    request_id: str
    accepted: bool
    reasons: tuple[str, ...]
    account: str


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One SAC of an 810; `signed_cents` is negative for an allowance."""

    signed_cents: int
    rate: Decimal | None
    quantity: Decimal | None
    text: str


@dataclass(frozen=True, slots=True)
class Invoice:
    """An 810: the charges of one account for one service period, in cents."""

    number: str
    reference: str
    purpose: str
    original: str
    account: str
    service_agreement: str
    utility_duns: str
    cca_duns: str
    start: str
    end: str
    total_cents: int
    tax_cents: int
    lines: tuple[ChargeLine, ...]

    @property
    def is_cancel(self) -> bool:
        """Whether this 810 takes an earlier one back (BIG08 = 01)."""
        return self.purpose == "01"


@dataclass(frozen=True, slots=True)
class Advice:
    """An 824 about one of our documents, named by its own id (OTI03)."""

    verdict: str
    about: str
    set_id: str
    reasons: tuple[str, ...]


def read_receipt(transaction: Transaction) -> Receipt:
    """Read a 997; its sets map ST02 to the AK5 verdict, where AK2 loops are given."""
    group = _first(transaction, "AK1")
    summary = _first(transaction, "AK9")
    sets: dict[str, str] = {}
    current = ""
    for segment in transaction.segments:
        if segment[0] == "AK2":
            current = element(segment, 2)
        elif segment[0] == "AK5":
            sets[current] = element(segment, 1)
    return Receipt(
        functional_id=element(group, 1),
        control=_whole(group, 2),
        verdict=element(summary, 1),
        included=_whole(summary, 2),
        accepted=_whole(summary, 4),
        sets=sets,
    )


def read_enrollment_answer(transaction: Transaction) -> EnrollmentAnswer:
    """Read an 814 response."""
    verdict = element(_first(transaction, "ASI"), 1)
    if verdict not in {"WQ", "U"}:
        message = f"814 {transaction.control}: ASI01 is {verdict!r}, expected WQ or U"
        raise UnreadableAnswerError(message)
    return EnrollmentAnswer(
        request_id=element(_first(transaction, "BGN"), 6),
        accepted=verdict == "WQ",
        reasons=tuple(
            element(segment, 2)
            for segment in transaction.segments
            if segment[0] == "REF" and element(segment, 1) == "7G"
        ),
        account=_qualified(transaction, "REF", "12"),
    )


def read_invoice(transaction: Transaction) -> Invoice:
    """Read an 810. SAC05 and TDS01 are N2 (whole cents); TXI02 carries an explicit point."""
    big = _first(transaction, "BIG")
    return Invoice(
        number=element(big, 2),
        reference=element(big, 5),
        purpose=element(big, 8),
        original=_qualified(transaction, "REF", "OI"),
        account=_qualified(transaction, "REF", "12"),
        service_agreement=_qualified(transaction, "REF", "Q5", 3),
        utility_duns=_qualified(transaction, "N1", "8S", 4),
        cca_duns=_qualified(transaction, "N1", "SJ", 4),
        start=_qualified(transaction, "DTM", "150"),
        end=_qualified(transaction, "DTM", "151"),
        total_cents=_whole(_first(transaction, "TDS"), 1),
        tax_cents=sum(_cents(s, 2) for s in transaction.segments if s[0] == "TXI"),
        lines=tuple(_line(s) for s in transaction.segments if s[0] == "SAC"),
    )


def read_advice(transaction: Transaction) -> Advice:
    """Read an 824."""
    subject = _first(transaction, "OTI")
    return Advice(
        verdict=element(subject, 1),
        about=element(subject, 3),
        set_id=element(subject, 10),
        reasons=tuple(element(s, 2) for s in transaction.segments if s[0] == "TED"),
    )


def _line(sac: Segment) -> ChargeLine:
    kind = element(sac, 1)
    if kind not in {"C", "A"}:
        message = f"SAC01 is {kind!r}, expected C or A"
        raise UnreadableAnswerError(message)
    cents = _whole(sac, 5)
    return ChargeLine(
        signed_cents=cents if kind == "C" else -cents,
        rate=_decimal(sac, 8) if element(sac, 8) else None,
        quantity=_decimal(sac, 10) if element(sac, 10) else None,
        text=element(sac, 15),
    )


def _first(transaction: Transaction, name: str) -> Segment:
    for segment in transaction.segments:
        if segment[0] == name:
            return segment
    message = f"{transaction.set_id} {transaction.control} has no {name}"
    raise UnreadableAnswerError(message)


def _qualified(transaction: Transaction, name: str, qualifier: str, position: int = 2) -> str:
    for segment in transaction.segments:
        if segment[0] == name and element(segment, 1) == qualifier:
            return element(segment, position)
    return ""


def _whole(segment: Segment, position: int) -> int:
    text = element(segment, position)
    try:
        return int(text)
    except ValueError:
        message = f"{segment[0]}{position:02d} is {text!r}, expected a whole number"
        raise UnreadableAnswerError(message) from None


def _decimal(segment: Segment, position: int) -> Decimal:
    text = element(segment, position)
    try:
        return Decimal(text)
    except InvalidOperation:
        message = f"{segment[0]}{position:02d} is {text!r}, expected a number"
        raise UnreadableAnswerError(message) from None


def _cents(segment: Segment, position: int) -> int:
    amount = _decimal(segment, position) * 100
    if amount != int(amount):
        message = f"{segment[0]}{position:02d} is finer than a cent"
        raise UnreadableAnswerError(message)
    return int(amount)
