"""What a utility says of our 810s: a 997 that it can read them, an 824 that it bills them or not.

Verdicts may come before the 810 is known here, twice, and in any order, so a receivable stands as
all of them together say. An 810 that was rejected may be sent again as it was: then only what is
said of the later sending counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.remittance.receivables import CHARGE_SET, Standing
from shared.contracts.documents import (
    AcknowledgmentVerdict,
    AdviceReported,
    AdviceVerdict,
    DocumentAcknowledged,
    DocumentResent,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one 997 or 824 said of one 810, or that it was sent again."""

    source: str
    """`997` or `824`, or `810` where it was sent again."""
    transaction_id: UUID
    """824: the advice's own; else our document's."""
    invoice_number: str
    standing: Standing
    reasons: tuple[tuple[str, str], ...] = ()
    sending: int = 1
    """Which sending of the 810 it is about."""


def resent(body: DocumentResent) -> tuple[Verdict, ...]:
    """Return that 810s which the utility had rejected are sent again, and wait for its answer."""
    if body.set_id != CHARGE_SET:
        return ()
    return tuple(
        Verdict(
            source="810",
            transaction_id=item.transaction_id,
            invoice_number=item.document_number,
            standing=Standing.SENT,
            sending=item.sending,
        )
        for item in body.items
    )


def acknowledged(body: DocumentAcknowledged) -> tuple[Verdict, ...]:
    """Return the verdicts of a 997 on our 810s; syntax only, yet a rejected 810 is not billed."""
    if body.set_id != CHARGE_SET:
        return ()
    return tuple(
        Verdict(
            source="997",
            transaction_id=item.transaction_id,
            invoice_number=item.document_number,
            standing=Standing.REJECTED
            if item.verdict is AcknowledgmentVerdict.REJECTED
            else Standing.ACCEPTED,
            reasons=tuple((reason.code, reason.text) for reason in item.reasons),
            sending=item.sending,
        )
        for item in body.items
    )


_ADVICE_STANDING: Mapping[AdviceVerdict, Standing] = {
    AdviceVerdict.ACCEPTED: Standing.ACCEPTED,
    AdviceVerdict.REJECTED: Standing.REJECTED,
    AdviceVerdict.PARTIAL: Standing.ACCEPTED,  # OTI*TP speaks of single accounts of 568 and 820
}


def advised(body: AdviceReported) -> tuple[Verdict, ...]:
    """Return the verdicts of 824s on our 810s; 824s about other sets are not ours."""
    return tuple(
        Verdict(
            source="824",
            transaction_id=item.transaction_id,
            invoice_number=item.document_number,
            standing=_ADVICE_STANDING[item.verdict],
            reasons=tuple((reason.code, reason.text) for reason in item.reasons),
            sending=item.sending,
        )
        for item in body.items
        if item.set_id == CHARGE_SET
    )


_STRENGTH = {Standing.SENT: 0, Standing.ACCEPTED: 1, Standing.REJECTED: 2}


def standing_of(said: Iterable[tuple[int, Standing]]) -> Standing:
    """Return the standing that all verdicts together give.

    Of the last sending one rejection outweighs any yes; what was said of a sending before it does
    not count any more.

    Args:
        said: sendings, and what was said of each.
    """
    strongest = max(said, key=lambda each: (each[0], _STRENGTH[each[1]]), default=None)
    return strongest[1] if strongest else Standing.SENT
