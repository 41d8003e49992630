"""Reads a partner's 997 or 999: whether it could read the groups that we sent.

The codec knows the segments of a 997; here the verdicts become words of the trade, by functional id
and control numbers, from which the gateway finds the documents. A 999 says the same in other
segments, with the business context beside it. Sources: X12 004010 997, X12 005010 999.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final
from uuid import UUID

from services.edi_gateway.profile import TradingPartner
from services.edi_gateway.transactions.facts import Acknowledgment, Fact, SetVerdict
from services.edi_gateway.transactions.reading import (
    OTHER,
    REASON_TEXT_MAX,
    Inspection,
    Reading,
)
from services.edi_gateway.x12 import (
    GroupAcknowledgment,
    Loop,
    Segment,
    SetAcknowledgment,
    Transaction,
    read_997,
)
from shared.contracts.documents import AcknowledgmentVerdict
from shared.contracts.envelope import Body
from shared.contracts.parts import Reason

PARTIAL: Final = "P"
SEGMENT_NOTES: Final = frozenset({"AK3", "IK3"})
NOTES_OF_999: Final = frozenset({"IK3", "IK4", "CTX"})
VERDICT_OF_CODE: Final = {
    "A": AcknowledgmentVerdict.ACCEPTED,
    "E": AcknowledgmentVerdict.ACCEPTED_WITH_ERRORS,
    PARTIAL: AcknowledgmentVerdict.ACCEPTED_WITH_ERRORS,
    "R": AcknowledgmentVerdict.REJECTED,
    "M": AcknowledgmentVerdict.REJECTED,
    "W": AcknowledgmentVerdict.REJECTED,
    "X": AcknowledgmentVerdict.REJECTED,
}
"""AK5-01 and AK9-01; M, W and X are rejections for reasons of security."""

SEGMENT_ERRORS: Final = {
    "1": "is not a segment of X12",
    "2": "was not expected",
    "3": "is missing",
    "4": "begins its loop too often",
    "5": "comes too often",
    "6": "does not belong to the set",
    "7": "stands in the wrong place",
    "8": "has element errors",
    "I4": "is not used by the guide",
    "I6": "is missing where the guide asks for it",
    "I7": "begins its loop too seldom",
    "I8": "comes too seldom",
    "I9": "stands where the guide forbids it",
}
"""AK3-04 and IK3-04; the I codes are of the partner's own guide."""

ELEMENT_ERRORS: Final = {
    "1": "is missing",
    "2": "is missing, as another element requires it",
    "3": "is one too many",
    "4": "is too short",
    "5": "is too long",
    "6": "has a character that is not allowed",
    "7": "has a code that is not allowed",
    "8": "is not a date",
    "9": "is not a time",
    "10": "excludes another element",
    "I6": "has a code that the guide does not use",
    "I9": "stands where the guide forbids it",
    "I10": "is not used by the guide",
    "I11": "comes too seldom",
    "I12": "is not in the form that the guide asks for",
    "I13": "is missing where the guide asks for it",
}
"""AK4-03 and IK4-03."""

SET_ERRORS: Final = {
    "1": "the set is not supported",
    "2": "the trailer is missing",
    "3": "header and trailer have different control numbers",
    "4": "the segment count is wrong",
    "5": "segments are in error",
    "6": "the set identifier is wrong",
    "7": "the control number is wrong",
    "23": "the control number is not unique in its group",
    "I5": "segments are not as the guide asks",
    "I6": "the set does not follow the guide it names",
}
"""AK5-02 to AK5-06, IK5-02 to IK5-06."""

GROUP_ERRORS: Final = {
    "1": "the group is not supported",
    "2": "the version is not supported",
    "3": "the trailer is missing",
    "4": "header and trailer have different control numbers",
    "5": "the count of sets is wrong",
    "6": "the control number is wrong",
}
"""AK9-05 to AK9-09."""


def read(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one 997.

    Returns:
        A Reading with one `Acknowledgment`; it has no business key, for a 997 has none, and no CCA,
        for a group may hold documents of several.
    """
    del transaction_id  # a 997 is known by the group it answers
    return _reading(transaction, Inspection(partner), read_997)


def read_999(transaction: Transaction, partner: TradingPartner, transaction_id: UUID) -> Reading:
    """Read one 999; it has the effect of a 997.

    Returns:
        A Reading with one `Acknowledgment`.
    """
    del transaction_id  # a 999 is known by the group it answers
    return _reading(transaction, Inspection(partner), _told_by_999)


def _reading(
    transaction: Transaction,
    inspection: Inspection,
    understand: Callable[[Transaction], GroupAcknowledgment],
) -> Reading:
    fact: Acknowledgment | None = None
    try:
        told = understand(transaction)
    except ValueError:
        inspection.note(OTHER, "AK9 holds a count that is no number")
    else:
        if told.code not in VERDICT_OF_CODE:
            inspection.note(OTHER, f"AK901 {told.code!r} is no verdict")
        fact = Acknowledgment(
            functional_id=told.functional_id,
            group_control_number=told.control_number.strip(),
            verdict=VERDICT_OF_CODE.get(told.code, AcknowledgmentVerdict.REJECTED),
            partial=told.code == PARTIAL,
            included=told.included,
            accepted=told.accepted_count,
            reasons=_reasons("AK9", told.error_codes, GROUP_ERRORS),
            sets=tuple(_set_verdict(each, inspection) for each in told.sets),
        )
    return inspection.reading(key=None, facts=(fact,))


def _told_by_999(transaction: Transaction) -> GroupAcknowledgment:
    """Understand a 999: header and trailer are those of a 997, each set has IK segments."""
    group = read_997(transaction)
    return replace(group, sets=tuple(_set_of_999(loop) for loop in transaction.loops("AK2")))


def _set_of_999(loop: Loop) -> SetAcknowledgment:
    trailer = loop.first("IK5")
    return SetAcknowledgment(
        set_id=loop.header.element(1),
        control_number=loop.header.element(2),
        code=trailer.element(1),
        error_codes=tuple(code for code in trailer.elements[1:] if code),
        notes=tuple(segment for segment in loop.walk() if segment.id in NOTES_OF_999),
    )


def report(facts: Iterable[Fact], file_id: UUID) -> Iterator[Body]:
    """Say nothing: only the gateway can tell which documents a control number stands for."""
    del facts, file_id
    return iter(())


def _set_verdict(told: SetAcknowledgment, inspection: Inspection) -> SetVerdict:
    if told.code not in VERDICT_OF_CODE:
        text = f"AK501 {told.code!r} is no verdict on {told.set_id} {told.control_number}"
        inspection.note(OTHER, text)
    return SetVerdict(
        set_id=told.set_id,
        control_number=told.control_number.strip(),
        verdict=VERDICT_OF_CODE.get(told.code, AcknowledgmentVerdict.REJECTED),
        reasons=(
            *_reasons("AK5", told.error_codes, SET_ERRORS),
            *(_note(segment) for segment in told.notes),
        ),
    )


def _reasons(segment: str, codes: tuple[str, ...], words: dict[str, str]) -> tuple[Reason, ...]:
    return tuple(
        Reason(code=f"{segment}-{code.strip()}"[:40], text=words.get(code.strip(), ""))
        for code in codes
        if code.strip()
    )


def _note(note: Segment) -> Reason:
    """Put an AK3 (a segment), AK4 (an element of that segment) or CTX (its context) into words."""
    if note.id == "CTX":
        about = (note.element(1, 1), note.element(1, 2), note.element(2))
        return Reason(code="CTX", text=" ".join(word for word in about if word)[:REASON_TEXT_MAX])
    if note.id in SEGMENT_NOTES:
        code = note.element(4).strip()
        words = SEGMENT_ERRORS.get(code, "is in error")
        text = f"segment {note.element(2)}, {note.element(1)}, {words}"
    else:
        code = note.element(3).strip()
        words = ELEMENT_ERRORS.get(code, "is in error")
        value = f": {note.element(4)}" if note.element(4) else ""
        text = f"element {note.element(1, 1)} {words}{value}"
    return Reason(code=f"{note.id}-{code}"[:40], text=text[:REASON_TEXT_MAX])
