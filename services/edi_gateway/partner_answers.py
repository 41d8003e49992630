"""What a partner says of our documents: TA1 (envelope), 997 or 999 (syntax), 824 (business).

A TA1 is matched by interchange number; a 997 to the group we sent by partner, functional id and
group control number, and moves the "acknowledged?" of each transaction in it. An 824 is matched by
the document's own number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.edi_gateway.intake import FileScope, Judged
from services.edi_gateway.operations import ledger, projection
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.request_answers import RequestAnswers
from services.edi_gateway.store import (
    functional_group,
    interchange,
    outbound_document,
    transaction,
)
from services.edi_gateway.transactions import Acknowledgment
from services.edi_gateway.x12 import InterchangeAcknowledgment, Segment, read_ta1
from shared.contracts.documents import (
    AcknowledgedDocument,
    AcknowledgmentVerdict,
    Advice,
    AdviceAction,
    AdviceVerdict,
    DocumentAcknowledged,
)
from shared.contracts.envelope import Envelope
from shared.contracts.parts import MESSAGE_ITEMS_MAX, ServiceName
from shared.platform.clock import Clock
from shared.platform.database import WriteSession
from shared.platform.mailbox import Mailbox

CHARGE_SET = "810"

_ACCEPTED = ("accepted", "accepted_with_errors")
"""What a 997 has said that stays so when the file is sent again."""


@dataclass(frozen=True, slots=True)
class _Told:
    """One document of ours and the partner's verdict on it."""

    row: Any
    verdict: AcknowledgmentVerdict
    reasons: tuple[Any, ...]


class PartnerAnswers:
    """Applies the acknowledgments and advice that partners send us."""

    def __init__(self, mailbox: Mailbox, clock: Clock) -> None:
        self._mailbox = mailbox
        self._clock = clock
        self._requests = RequestAnswers(mailbox, clock)

    async def apply(
        self, session: WriteSession, scope: FileScope, judged: Sequence[Judged]
    ) -> list[Judged]:
        """Apply the 997s, 824s and 814 responses of a batch to what of ours they speak of.

        Returns:
            The batch, its advice with the sending of the document that it answers.
        """
        await self._requests.apply(session, scope, judged)
        return [await self._applied(session, scope, each) for each in judged]

    async def _applied(self, session: WriteSession, scope: FileScope, each: Judged) -> Judged:
        if not each.is_applicable or each.reading is None:
            return each
        for fact in each.reading.facts:
            if isinstance(fact, Acknowledgment):
                await self._apply_997(session, scope, each, fact)
        advice = [fact for fact in each.reading.facts if isinstance(fact, Advice)]
        if not advice:
            return each
        answered = await self._apply_824(session, scope, advice)
        reading = replace(each.reading, facts=answered)
        return replace(each, read=replace(each.read, reading=reading))

    async def _apply_997(
        self, session: WriteSession, scope: FileScope, each: Judged, told: Acknowledgment
    ) -> None:
        group = (
            await session.execute(
                select(functional_group)
                .where(
                    functional_group.c.direction == "outbound",
                    functional_group.c.utility == scope.utility,
                    functional_group.c.environment == scope.environment.value,
                    functional_group.c.functional_id == told.functional_id,
                    functional_group.c.control_number
                    == (told.group_control_number.lstrip("0") or "0"),
                )
                .with_for_update()
            )
        ).one_or_none()
        at = self._clock.now()
        if group is None:
            text = (
                f"the 997 answers {told.functional_id} group {told.group_control_number}, "
                "which we never sent"
            )
            await self._exception(session, scope, each, "UNKNOWN_GROUP", text)
            return
        if group.acknowledged_at is not None:
            return  # the first answer to a sending counts; a second one is in the ledger
        await session.execute(
            update(functional_group)
            .where(functional_group.c.id == group.id)
            .values(
                state="partly_accepted" if told.partial else told.verdict.value,
                sets_accepted=told.accepted,
                acknowledged_by=each.read.transaction_id,
                acknowledged_at=at,
            )
        )
        rows = await session.execute(
            select(
                transaction.c.id, transaction.c.cca, transaction.c.set_id,
                transaction.c.control_number, transaction.c.business_key,
                transaction.c.account_number, transaction.c.sending,
                outbound_document.c.correlation_id,
            )
            .outerjoin(
                outbound_document, outbound_document.c.transaction_id == transaction.c.id
            )
            .where(
                transaction.c.group_id == group.id, transaction.c.acknowledged.not_in(_ACCEPTED)
            )
            .order_by(transaction.c.position)
        )  # fmt: skip
        verdicts = []
        for row in rows:
            verdict = told.verdict_on(row.set_id, row.control_number)
            verdicts.append(_Told(row, verdict.verdict, verdict.reasons))
        await self._move_acknowledged(session, group.file_id, verdicts, told)
        await self._tell_acknowledged(session, scope, verdicts)

    async def _move_acknowledged(
        self,
        session: WriteSession,
        file_id: UUID,
        verdicts: Sequence[_Told],
        told: Acknowledgment,
    ) -> None:
        refused = [v for v in verdicts if v.verdict is AcknowledgmentVerdict.REJECTED]
        await ledger.record(
            session,
            [
                NewEntry(
                    file_id=file_id,
                    kind="Acknowledged",
                    message=(
                        f"997 for group {told.group_control_number}: "
                        f"{len(verdicts) - len(refused)} of {len(verdicts)} accepted"
                    ),
                    data={"verdict": told.verdict.value},
                ),
                *(
                    NewEntry(
                        file_id=file_id,
                        transaction_id=v.row.id,
                        kind="RejectedByPartner",
                        message=f"Rejected by the utility's 997: {_words(v.reasons)}",
                    )
                    for v in refused
                ),
            ],
            self._clock.now(),
        )
        await projection.move(
            session,
            [{"id": v.row.id, "acknowledged": v.verdict.value} for v in verdicts],
            "acknowledged",
        )
        await projection.move(
            session,
            [
                {
                    "id": v.row.id,
                    "exception_code": "REJECTED_997",
                    "exception_text": "the utility's 997 rejected it: " + _words(v.reasons),
                }
                for v in refused
            ],
            "exception_code",
            "exception_text",
        )

    async def _tell_acknowledged(
        self, session: WriteSession, scope: FileScope, verdicts: Sequence[_Told]
    ) -> None:
        """Say `DocumentAcknowledged` for what belongs to a CCA."""
        by_scope: dict[tuple[str, str, UUID], list[_Told]] = {}
        for v in verdicts:
            if v.row.cca and v.row.business_key and v.row.account_number and v.row.correlation_id:
                key = (v.row.cca, v.row.set_id, v.row.correlation_id)
                by_scope.setdefault(key, []).append(v)
        for (cca, set_id, correlation_id), told in by_scope.items():
            for start in range(0, len(told), MESSAGE_ITEMS_MAX):
                body = DocumentAcknowledged(
                    set_id=set_id,
                    items=tuple(
                        AcknowledgedDocument(
                            transaction_id=v.row.id,
                            document_number=v.row.business_key,
                            account_number=v.row.account_number,
                            verdict=v.verdict,
                            reasons=v.reasons,
                            sending=v.row.sending,
                        )
                        for v in told[start : start + MESSAGE_ITEMS_MAX]
                    ),
                )
                await self._mailbox.put(
                    session,
                    [
                        Envelope.about(
                            body,
                            at=self._clock.now(),
                            source=ServiceName.EDI_GATEWAY,
                            correlation_id=correlation_id,
                            cca=cca,
                            utility=scope.utility,
                            environment=scope.environment,
                        )
                    ],
                )

    async def _apply_824(
        self, session: WriteSession, scope: FileScope, told: Sequence[Advice]
    ) -> tuple[Advice, ...]:
        """Show the utility's business answers on the documents that one 824 is about.

        Returns:
            The answers, each with the sending of its document.
        """
        unknown = []
        answered = []
        for advice in told:
            row = (
                await session.execute(
                    select(transaction.c.id, transaction.c.file_id, transaction.c.sending).where(
                        transaction.c.direction == "outbound",
                        transaction.c.utility == scope.utility,
                        transaction.c.environment == scope.environment.value,
                        transaction.c.set_id == advice.set_id,
                        transaction.c.business_key == advice.document_number,
                    )
                )
            ).one_or_none()
            sending = row.sending if row else 1
            answered.append(advice.model_copy(update={"sending": sending}))
            if row is None:
                unknown.append(f"{advice.set_id} {advice.document_number}")
            elif advice.verdict is not AdviceVerdict.ACCEPTED:
                await self._show_rejection(session, row, advice)
        text = f"the 824 is about {', '.join(unknown)}, which we never sent" if unknown else None
        own = {
            "id": told[0].transaction_id,
            "applied": "exception" if unknown else "applied",
            "exception_code": "UNKNOWN_DOCUMENT" if unknown else None,
            "exception_text": text,
        }
        await projection.move(session, [own], "applied", "exception_code", "exception_text")
        return tuple(answered)

    async def _show_rejection(self, session: WriteSession, row: Any, advice: Advice) -> None:  # noqa: ANN401
        """Put a rejection and what is expected of us on the document that was rejected."""
        words = _words(advice.reasons)
        if advice.action is AdviceAction.CORRECT_AND_RESEND:
            words += "; it is expected again, corrected"
        await ledger.record(
            session,
            [
                NewEntry(
                    file_id=row.file_id,
                    transaction_id=row.id,
                    kind="AdviceReceived",
                    message=f"The utility's 824 rejected {advice.document_number}: {words}",
                    data={
                        "advice": str(advice.transaction_id),
                        "action": advice.action.value if advice.action else None,
                    },
                )
            ],
            self._clock.now(),
        )
        change = {
            "id": row.id,
            "exception_code": "INVOICE_REJECTED" if advice.set_id == CHARGE_SET else "REJECTED_824",
            "exception_text": f"the utility's 824 rejected it: {words}",
        }
        columns = ["exception_code", "exception_text"]
        if advice.set_id == CHARGE_SET:
            change["paid"] = "rejected"
            columns.append("paid")
        await projection.move(session, [change], *columns)

    async def apply_ta1s(
        self, session: WriteSession, scope: FileScope, told: Iterable[Segment]
    ) -> None:
        """Show the receipts for whole interchanges on what we sent; a refusal is an exception.

        A TA1 that accepts says only that the envelope could be read, which the 997 says better.
        """
        for receipt in map(read_ta1, told):
            rows = (
                await session.execute(
                    select(transaction.c.id, transaction.c.file_id)
                    .join(interchange, interchange.c.file_id == transaction.c.file_id)
                    .where(
                        interchange.c.direction == "outbound",
                        interchange.c.utility == scope.utility,
                        interchange.c.environment == scope.environment.value,
                        interchange.c.control_number == receipt.control_number.zfill(9),
                    )
                    .order_by(transaction.c.position)
                )
            ).all()
            if not receipt.accepted or not rows:
                await self._show_ta1(session, scope, receipt, rows)

    async def _show_ta1(
        self,
        session: WriteSession,
        scope: FileScope,
        receipt: InterchangeAcknowledgment,
        rows: Sequence[Any],
    ) -> None:
        number = f"interchange {receipt.control_number}"
        verdict = "accepts" if receipt.accepted else f"refuses (note {receipt.note})"
        about = f"The utility's TA1 {verdict} {number}"
        entries = [
            NewEntry(
                file_id=scope.file_id,
                kind="InterchangeReceipt",
                message=about if rows else f"{about}, which we never sent",
                data={"code": receipt.code, "note": receipt.note},
            )
        ]
        if rows:
            entries.append(
                NewEntry(file_id=rows[0].file_id, kind="RefusedByPartner", message=about)
            )
        await ledger.record(session, entries, self._clock.now())
        await projection.move(
            session,
            [
                {
                    "id": row.id,
                    "acknowledged": "rejected",
                    "exception_code": "REJECTED_TA1",
                    "exception_text": f"the utility's TA1 refused {number}, note {receipt.note}",
                }
                for row in rows
            ],
            "acknowledged",
            "exception_code",
            "exception_text",
        )

    async def _exception(
        self, session: WriteSession, scope: FileScope, each: Judged, code: str, text: str
    ) -> None:
        await projection.move(
            session,
            [{"id": each.read.transaction_id, "exception_code": code, "exception_text": text}],
            "exception_code",
            "exception_text",
        )
        await ledger.record(
            session,
            [
                NewEntry(
                    file_id=scope.file_id,
                    transaction_id=each.read.transaction_id,
                    kind="SetAside",
                    message=f"Set aside: {text} ({code})",
                )
            ],
            self._clock.now(),
        )


def _words(reasons: Sequence[Any]) -> str:
    return "; ".join(f"{r.code} {r.text}".strip() for r in reasons) or "no reason given"
