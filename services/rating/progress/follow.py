"""Hears what became of our 810s: that they left, and what the utility answered.

A 997 or 824 may be heard before the sending it answers, and twice. What a bill comes to is
therefore the strongest of all that was said of its charge, whichever came first. An 810 that the
utility had rejected may be sent again as it was: what is said of the later sending outweighs all
that was said of the one before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import DateTime, Integer, Text

from services.rating.progress.place import counting
from services.rating.progress.stages import CHARGED_ON, CLOSED, Stage
from services.rating.scope import Scope
from shared.contracts.documents import (
    AcknowledgedDocument,
    AcknowledgmentVerdict,
    Advice,
    AdviceReported,
    AdviceVerdict,
    DocumentAcknowledged,
    DocumentResent,
    DocumentSent,
)
from shared.contracts.envelope import Envelope
from shared.platform.database import WriteSession, wait_lock

CHARGE_SET: Final = "810"
_WORDS_MAX: Final = 264


@dataclass(frozen=True, slots=True)
class Heard:
    """What one message said of one 810.

    Attributes:
        stage: sent, accepted or rejected.
        reason: the first code of a rejection.
        answer: what the utility says, in words.
        sending: which sending of the 810 it is about.
    """

    invoice_number: str
    stage: Stage
    reason: str = ""
    answer: str = ""
    sending: int = 1


def sent(body: DocumentSent) -> list[Heard]:
    """The 810s that left."""
    if body.set_id != CHARGE_SET:
        return []
    return [Heard(item.document_number, Stage.SENT) for item in body.items]


def resent(body: DocumentResent) -> list[Heard]:
    """The 810s that leave again, because the utility had rejected them."""
    if body.set_id != CHARGE_SET:
        return []
    return [Heard(item.document_number, Stage.SENT, sending=item.sending) for item in body.items]


def acknowledged(body: DocumentAcknowledged) -> list[Heard]:
    """What a 997 says of our 810s: syntax only, yet a rejected 810 is not billed."""
    if body.set_id != CHARGE_SET:
        return []
    return [
        _answered(item, is_rejected=item.verdict is AcknowledgmentVerdict.REJECTED)
        for item in body.items
    ]


def advised(body: AdviceReported) -> list[Heard]:
    """What an 824 says of our 810s."""
    return [
        _answered(item, is_rejected=item.verdict is AdviceVerdict.REJECTED)
        for item in body.items
        if item.set_id == CHARGE_SET
    ]


def _answered(item: AcknowledgedDocument | Advice, *, is_rejected: bool) -> Heard:
    number, sending, reasons = item.document_number, item.sending, item.reasons
    if not is_rejected:
        return Heard(number, Stage.ACCEPTED, sending=sending)
    words = "; ".join(f"{reason.code} {reason.text}".strip() for reason in reasons)
    code = reasons[0].code if reasons else ""
    return Heard(number, Stage.REJECTED, code, words[:_WORDS_MAX], sending)


_HEAR: Final = counting(
    """
    WITH said AS (
        SELECT * FROM unnest(:invoice_number, :stage, :reason, :answer, :sending, :at)
            AS t(invoice_number, stage, reason, answer, sending, at)
    ), met AS (
        SELECT b.transaction_id, b.stage AS was, b.reason AS was_reason, s.stage, s.reason,
               s.answer, s.sending, s.at, b.stage = ANY(:ways)
                   AND (s.sending, array_position(:ways, s.stage))
                       > (b.sending, array_position(:ways, b.stage)) AS is_stronger
          FROM said s
          JOIN rating.charges c ON c.invoice_number = s.invoice_number
           AND c.cca = :cca AND c.environment = :environment
          JOIN rating.bills b ON b.transaction_id = c.transaction_id AND b.charge_id = c.charge_id
    ), heard AS (
        UPDATE rating.bills b SET
            stage = CASE WHEN m.is_stronger THEN m.stage ELSE b.stage END,
            reason = CASE WHEN m.is_stronger THEN m.reason ELSE b.reason END,
            answer = CASE WHEN m.is_stronger THEN m.answer ELSE b.answer END,
            is_open = CASE WHEN m.is_stronger THEN m.stage <> ALL(:closed) ELSE b.is_open END,
            sending = CASE WHEN m.is_stronger THEN m.sending ELSE b.sending END,
            sent_at = CASE WHEN m.stage = 'sent' THEN greatest(b.sent_at, m.at)
                      ELSE b.sent_at END,
            answered_at = CASE WHEN m.is_stronger AND m.stage = 'sent' THEN NULL
                          WHEN m.is_stronger THEN m.at ELSE b.answered_at END,
            warned_at = CASE WHEN m.is_stronger AND m.stage = 'rejected' THEN NULL
                        ELSE b.warned_at END
          FROM met m WHERE m.transaction_id = b.transaction_id
        RETURNING b.purpose, b.month, b.bill_cycle, b.transaction_id
    ), moves AS (
        SELECT h.month, h.bill_cycle, m.was AS what, m.was_reason AS reason, -1 AS n
          FROM met m JOIN heard h USING (transaction_id)
         WHERE m.is_stronger AND h.purpose <> 'cancel'
        UNION ALL
        SELECT h.month, h.bill_cycle, m.stage, m.reason, 1
          FROM met m JOIN heard h USING (transaction_id)
         WHERE m.is_stronger AND h.purpose <> 'cancel'
    ), changes AS (
        SELECT what, month, bill_cycle, reason, sum(n) AS n FROM moves GROUP BY 1, 2, 3, 4
    )
    """,
    {
        "invoice_number": Text(),
        "stage": Text(),
        "reason": Text(),
        "answer": Text(),
        "sending": Integer(),
        "at": DateTime(timezone=True),
        "ways": Text(),
        "closed": Text(),
    },
)


async def hear(session: WriteSession, scope: Scope, heard: Iterable[Heard], at: datetime) -> None:
    """Let bills stand where the utility's mailbox and its answers put them.

    What is said of a charge that was taken back meanwhile has no effect.
    """
    told = {each.invoice_number: each for each in sorted(heard, key=_weight)}.values()
    if not told:
        return
    await wait_lock(session, scope.lock_key)
    columns: dict[str, object] = {
        "invoice_number": [each.invoice_number for each in told],
        "stage": [each.stage.value for each in told],
        "reason": [each.reason for each in told],
        "answer": [each.answer for each in told],
        "sending": [each.sending for each in told],
        "at": [at for _ in told],
        "ways": [stage.value for stage in CHARGED_ON],
        "closed": [stage.value for stage in CLOSED],
    }
    await session.execute(_HEAR, columns | scope.values)


def _weight(each: Heard) -> tuple[int, int]:
    return each.sending, CHARGED_ON.index(each.stage)


def follow_handlers() -> Mapping[str, Callable[[WriteSession, Envelope], Awaitable[None]]]:
    """Message type → handler."""
    return {
        "DocumentSent": _on_sent,
        "DocumentResent": _on_resent,
        "DocumentAcknowledged": _on_acknowledged,
        "AdviceReported": _on_advice,
    }


async def _on_sent(session: WriteSession, envelope: Envelope) -> None:
    await hear(session, Scope.of(envelope), sent(envelope.fact(DocumentSent)), envelope.at)


async def _on_resent(session: WriteSession, envelope: Envelope) -> None:
    await hear(session, Scope.of(envelope), resent(envelope.fact(DocumentResent)), envelope.at)


async def _on_acknowledged(session: WriteSession, envelope: Envelope) -> None:
    words = acknowledged(envelope.fact(DocumentAcknowledged))
    await hear(session, Scope.of(envelope), words, envelope.at)


async def _on_advice(session: WriteSession, envelope: Envelope) -> None:
    words = advised(envelope.fact(AdviceReported))
    await hear(session, Scope.of(envelope), words, envelope.at)
