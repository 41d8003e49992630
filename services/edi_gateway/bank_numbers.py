"""Hides the bank account numbers of an 820 from people who need not know them.

A payment order (BPR) names the accounts of payer and payee. People of finance see them whole;
everybody else sees the last four digits, which is enough to tell two accounts apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from services.edi_gateway.explaining import ExplainedElement, ExplainedSegment, ExplainedTransaction
from services.edi_gateway.x12 import Finding
from shared.platform.web.identity import NotAllowed, Principal, Role

PAYMENT_SET: Final = "820"
PAYMENT_GROUP: Final = "RA"
PAYMENT_ORDER: Final = "BPR"
NUMBERS: Final = frozenset({7, 9, 13, 15})
"""BPR07 and BPR13 are routing numbers, BPR09 and BPR15 account numbers (X12 004010)."""
SHOWN: Final = 4
DOTS: Final = "••••"

_PLACE: Final = re.compile(r"(?:^|/)BPR(?:07|09|13|15)$")
_RUN: Final = re.compile(r"[A-Za-z0-9]+")


def sees_bank_numbers(principal: Principal) -> bool:
    """Whether somebody is shown bank numbers whole."""
    return principal.may(Role.FINANCE)


def require_bank_numbers(principal: Principal) -> None:
    """Let somebody have the exact bytes of a payment, which cannot be masked and stay exact.

    Raises:
        NotAllowed: they are not of finance.
    """
    if not sees_bank_numbers(principal):
        raise NotAllowed(
            "An 820 names bank accounts: its exact bytes are for the role finance. "
            "Explained segment by segment it can be read with the accounts masked."
        )


def masked(number: str) -> str:
    """Return a number of which the last four letters are left, and none of a shorter one."""
    return _RUN.sub(lambda run: DOTS + (run[0][-SHOWN:] if len(run[0]) > SHOWN else ""), number)


def is_bank_number(place: str) -> bool:
    """Whether the place of a finding, e.g. `820[2]/BPR/BPR15`, is a bank number's."""
    return _PLACE.search(place) is not None


def mask_segment(text: str) -> str:
    """Return a raw segment, with or without its terminator, in which no bank number stands."""
    if not text.startswith(PAYMENT_ORDER) or len(text) == len(PAYMENT_ORDER):
        return text
    separator = text[len(PAYMENT_ORDER)]
    return separator.join(
        masked(element) if number in NUMBERS else element
        for number, element in enumerate(text.split(separator))
    )


def mask_finding(found: Finding) -> Finding:
    """Return a finding that does not repeat a bank number."""
    if found.segment_id != PAYMENT_ORDER or found.element not in NUMBERS or not found.value:
        return found
    hidden = masked(found.value)
    return replace(found, value=hidden, message=found.message.replace(found.value, hidden))


def mask_transaction(explained: ExplainedTransaction) -> ExplainedTransaction:
    """Return an explained transaction in which no bank number stands."""
    return replace(
        explained,
        segments=tuple(_mask(segment) for segment in explained.segments),
        elsewhere=_findings(explained.elsewhere),
    )


def _mask(segment: ExplainedSegment) -> ExplainedSegment:
    if segment.id != PAYMENT_ORDER:
        return segment
    return replace(
        segment,
        text=mask_segment(segment.text),
        elements=tuple(_mask_element(element) for element in segment.elements),
        findings=_findings(segment.findings),
    )


def _mask_element(element: ExplainedElement) -> ExplainedElement:
    if element.number not in NUMBERS:
        return element
    return replace(element, value=masked(element.value), findings=_findings(element.findings))


def _findings(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(mask_finding(one) for one in found)
