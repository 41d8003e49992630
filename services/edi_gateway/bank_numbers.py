"""Hides the bank account numbers of an 820 from people who need not know them.

A payment order (BPR) names the accounts of payer and payee. People of finance see them whole in
the payment itself; everybody else sees the last four digits, which is enough to tell two accounts
apart. What is found wrong with such a number is kept, shown and answered without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from services.edi_gateway.explaining import ExplainedElement, ExplainedSegment, ExplainedTransaction
from services.edi_gateway.x12 import Finding

PAYMENT_SET: Final = "820"
PAYMENT_GROUP: Final = "RA"
PAYMENT_ORDER: Final = "BPR"
NUMBERS: Final = frozenset({7, 9, 13, 15})
"""BPR07 and BPR13 are routing numbers, BPR09 and BPR15 account numbers (X12 004010)."""
AMOUNT: Final = 2
SETTLEMENT_DAY: Final = 16
CODE_LETTERS_MAX: Final = 4
"""All other elements are codes; where a longer word stands, elements were left out or shifted."""
SHOWN: Final = 4
DOTS: Final = "••••"

_RUN: Final = re.compile(r"[A-Za-z0-9]+")
_DAY: Final = re.compile(r"(?:19|20)[0-9]{6}")


def masked(number: str) -> str:
    """Return a number of which the last four letters are left, and none of a shorter one."""
    return _RUN.sub(lambda run: DOTS + (run[0][-SHOWN:] if len(run[0]) > SHOWN else ""), number)


def may_name_account(element: int, value: str) -> bool:
    """Whether an element of a payment order is a bank number, or may be one that was misplaced."""
    letters = "".join(filter(str.isalnum, value))
    if element in NUMBERS:
        return bool(letters)
    if element == SETTLEMENT_DAY and _DAY.fullmatch(letters):
        return False
    return element != AMOUNT and len(letters) > CODE_LETTERS_MAX


def mask_segment(text: str) -> str:
    """Return a raw segment, with or without its terminator, in which no bank number stands."""
    if not text.startswith(PAYMENT_ORDER) or len(text) == len(PAYMENT_ORDER):
        return text
    separator = text[len(PAYMENT_ORDER)]
    return separator.join(
        _masked_element(number, element) if number else element
        for number, element in enumerate(text.split(separator))
    )


def without_numbers(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings that do not repeat a bank number: their words are masked, the copy is gone.

    So neither the ledger nor our 997 holds it; AK404, the copy of the bad value, need not be sent.
    """
    return tuple(_without_number(one) for one in found)


def _without_number(found: Finding) -> Finding:
    if found.segment_id != PAYMENT_ORDER or not may_name_account(found.element, found.value):
        return found
    words = found.message.replace(found.value, masked(found.value))
    return replace(found, value="", message=words)


def mask_transaction(explained: ExplainedTransaction) -> ExplainedTransaction:
    """Return an explained transaction in which no bank number stands."""
    return replace(explained, segments=tuple(_mask(segment) for segment in explained.segments))


def _mask(segment: ExplainedSegment) -> ExplainedSegment:
    if segment.id != PAYMENT_ORDER:
        return segment
    return replace(
        segment,
        text=mask_segment(segment.text),
        elements=tuple(_mask_element(element) for element in segment.elements),
    )


def _mask_element(element: ExplainedElement) -> ExplainedElement:
    return replace(element, value=_masked_element(element.number, element.value))


def _masked_element(number: int, value: str) -> str:
    return masked(value) if may_name_account(number, value) else value
