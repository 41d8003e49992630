"""What a utility answers to requests of ours, and requests that cross each other on the way.

A response is tied to its request by BGN06 alone. An accepted one is told to rating as if the
utility had asked for it, for that is what it says: the account is ours, or no longer. When our drop
and theirs pass each other, theirs counts as the acceptance of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_, update

from services.edi_gateway.intake import FileScope, Judged
from services.edi_gateway.operations import ledger, projection
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.preparing import read_stored
from services.edi_gateway.store import outbound_document, transaction
from services.edi_gateway.transactions import RequestAnswer, RequestKind, ServiceRequest
from shared.contracts.enrollment import EnrollmentPurpose, EnrollmentReported, EnrollmentRequest
from shared.contracts.envelope import Envelope
from shared.contracts.parts import Reason, ServiceName
from shared.platform.clock import Clock
from shared.platform.database import WriteSession
from shared.platform.mailbox import Mailbox

REQUEST_SET: Final = "814"

PURPOSE_OF_KIND: Final = {
    RequestKind.ENROLL: EnrollmentPurpose.ENROLL,
    RequestKind.DROP: EnrollmentPurpose.DROP,
    RequestKind.CHANGE: EnrollmentPurpose.CHANGE,
    RequestKind.REINSTATE: EnrollmentPurpose.REINSTATE,
}
"""What an accepted request means for the register; history changes nothing in it."""


class RequestAnswers:
    """Applies responses to our requests, and drops that cross ours."""

    def __init__(self, mailbox: Mailbox, clock: Clock) -> None:
        self._mailbox = mailbox
        self._clock = clock

    async def apply(
        self, session: WriteSession, scope: FileScope, judged: Sequence[Judged]
    ) -> None:
        """Apply what the 814s of a batch say about requests of ours."""
        for each in judged:
            if not each.is_applicable or each.reading is None:
                continue
            for fact in each.reading.facts:
                if isinstance(fact, RequestAnswer):
                    await self._apply_answer(session, scope, each.reading.cca, fact)
        drops = {
            (each.reading.cca, fact.account_number): fact
            for each in judged
            if each.is_applicable and each.reading is not None
            for fact in each.reading.facts
            if isinstance(fact, EnrollmentRequest) and fact.purpose is EnrollmentPurpose.DROP
        }
        if drops:
            await self._cross(session, scope, drops)

    async def _apply_answer(
        self, session: WriteSession, scope: FileScope, cca: str | None, answer: RequestAnswer
    ) -> None:
        row = await self._request(session, scope, answer.request_id)
        if row is None or row.cca != cca:
            text = f"the 814 answers request {answer.request_id}, which we never sent"
            await self._set_aside(session, scope, answer.transaction_id, "UNKNOWN_REQUEST", text)
            return
        request = read_stored(row.payload)
        if not isinstance(request, ServiceRequest):
            raise TypeError(f"{answer.request_id} is stored as {type(request).__name__}")
        await session.execute(
            update(transaction)
            .where(transaction.c.id == answer.transaction_id)
            .values(answers_id=row.id)
        )
        if row.applied != "waiting":  # the first answer counts
            await self._move(session, answer.transaction_id, "applied")
            return
        await self._show(session, row, request, answer)
        purpose = PURPOSE_OF_KIND.get(request.kind)
        if not answer.accepted or purpose is None:
            await self._move(session, answer.transaction_id, "applied")
            return
        told = answer.account.model_copy(
            update={
                "purpose": purpose,
                "effective_on": answer.account.effective_on or request.effective_on,
                "product": answer.account.product or request.product,
                "customer_name": answer.account.customer_name or request.customer_name,
            }
        )
        await self._tell(session, scope, row, told)

    async def _request(self, session: WriteSession, scope: FileScope, request_id: str) -> Any:  # noqa: ANN401
        """Return the sent request of this id, with what was asked."""
        found = await session.execute(
            select(
                transaction.c.id, transaction.c.file_id, transaction.c.cca, transaction.c.applied,
                outbound_document.c.payload, outbound_document.c.correlation_id,
            )
            .join(outbound_document, outbound_document.c.transaction_id == transaction.c.id)
            .where(
                outbound_document.c.set_id == REQUEST_SET,
                outbound_document.c.utility == scope.utility,
                outbound_document.c.environment == scope.environment.value,
                outbound_document.c.document_number == request_id,
                outbound_document.c.answers_id.is_(None),
            )
            .with_for_update()
        )  # fmt: skip
        return found.one_or_none()

    async def _show(
        self,
        session: WriteSession,
        row: Any,  # noqa: ANN401  a row of the query above
        request: ServiceRequest,
        answer: RequestAnswer,
    ) -> None:
        """Put the utility's answer on our request."""
        said = _words((*answer.reasons, *answer.statuses))
        verb = "accepted" if answer.accepted else "rejected"
        message = f"{verb.capitalize()} by the utility with {answer.response_id}"
        await ledger.record(
            session,
            [
                NewEntry(
                    file_id=row.file_id,
                    transaction_id=row.id,
                    kind=f"Request{verb.capitalize()}",
                    message=f"{message}: {said}" if said else message,
                    data={
                        "response": str(answer.transaction_id),
                        "codes": [reason.code for reason in answer.reasons],
                        "statuses": [status.code for status in answer.statuses],
                        "kind": request.kind.value,
                    },
                )
            ],
            self._clock.now(),
        )
        refused = None if answer.accepted else f"the utility rejected the request: {said}"
        await projection.move(
            session,
            [
                {
                    "id": row.id,
                    "applied": "applied" if answer.accepted else "refused",
                    "exception_code": None if answer.accepted else "REQUEST_REJECTED",
                    "exception_text": refused,
                }
            ],
            "applied",
            "exception_code",
            "exception_text",
        )

    async def _tell(
        self,
        session: WriteSession,
        scope: FileScope,
        row: Any,  # noqa: ANN401
        told: EnrollmentRequest,
    ) -> None:
        """Tell rating what the utility agreed to; its decision is shown on the response."""
        envelope = Envelope.about(
            EnrollmentReported(file_id=scope.file_id, items=(told,)),
            at=self._clock.now(),
            source=ServiceName.EDI_GATEWAY,
            correlation_id=row.correlation_id,
            cca=row.cca,
            utility=scope.utility,
            environment=scope.environment,
        )
        await self._mailbox.put(session, [envelope])

    async def _cross(
        self,
        session: WriteSession,
        scope: FileScope,
        theirs: Mapping[tuple[str | None, str], EnrollmentRequest],
    ) -> None:
        """Take a utility's drop as the acceptance of a drop of ours that waits for its answer.

        Args:
            session: the unit of work.
            scope: the file that brought them.
            theirs: drops by CCA and account.
        """
        rows = (
            await session.execute(
                select(
                    transaction.c.id, transaction.c.file_id, transaction.c.cca,
                    transaction.c.account_number, outbound_document.c.payload,
                )
                .join(outbound_document, outbound_document.c.transaction_id == transaction.c.id)
                .where(
                    transaction.c.direction == "outbound",
                    transaction.c.utility == scope.utility,
                    transaction.c.environment == scope.environment.value,
                    transaction.c.set_id == REQUEST_SET,
                    transaction.c.applied == "waiting",
                    tuple_(transaction.c.cca, transaction.c.account_number).in_(theirs),
                    outbound_document.c.answers_id.is_(None),
                )
                .with_for_update()
            )
        ).all()  # fmt: skip
        for row in rows:
            request = read_stored(row.payload)
            if not isinstance(request, ServiceRequest) or request.kind is not RequestKind.DROP:
                continue
            other = theirs[row.cca, row.account_number]
            await self._move(session, row.id, "applied")
            await ledger.record(
                session,
                [
                    NewEntry(
                        file_id=row.file_id,
                        transaction_id=row.id,
                        kind="RequestCrossed",
                        message=(
                            f"The utility's own drop {other.request_id} crossed this one and "
                            "counts as its acceptance"
                        ),
                        data={"request": str(other.transaction_id)},
                    )
                ],
                self._clock.now(),
            )

    async def _move(self, session: WriteSession, transaction_id: UUID, state: str) -> None:
        change = {"id": transaction_id, "applied": state}
        await projection.move(session, [change], "applied")

    async def _set_aside(
        self, session: WriteSession, scope: FileScope, transaction_id: UUID, code: str, text: str
    ) -> None:
        await projection.move(
            session,
            [
                {
                    "id": transaction_id,
                    "applied": "exception",
                    "exception_code": code,
                    "exception_text": text,
                }
            ],
            "applied",
            "exception_code",
            "exception_text",
        )
        await ledger.record(
            session,
            [
                NewEntry(
                    file_id=scope.file_id,
                    transaction_id=transaction_id,
                    kind="SetAside",
                    message=f"Set aside: {text} ({code})",
                )
            ],
            self._clock.now(),
        )


def _words(reasons: Sequence[Reason]) -> str:
    return "; ".join(f"{reason.code} {reason.text}".strip() for reason in reasons)
