"""What remittance does when another service says something: each fact, its effect on the money.

Every handler runs inside the unit of work that the mailbox opened, so entries, balances, the
answer and the receipt of the message are kept together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from services.remittance.apply_remittance import receive_part
from services.remittance.enter_documents import enter_documents, enter_verdicts
from services.remittance.ledger.months import day_of_books
from services.remittance.ledger.reported_write_offs import keep_write_offs
from services.remittance.receivables import Scope, sent_charges
from services.remittance.settle_lines import Cause, Settled, announce
from services.remittance.statements.classes import keep_classes
from services.remittance.verdicts import acknowledged, advised, resent
from shared.contracts.documents import (
    AdviceReported,
    DocumentAcknowledged,
    DocumentResent,
    DocumentSent,
)
from shared.contracts.enrollment import EnrollmentReported
from shared.contracts.envelope import Envelope
from shared.contracts.remittance import RemittanceReported
from shared.contracts.write_offs import WriteOffsReported
from shared.platform.clock import Clock
from shared.platform.database import WriteSession, after_commit
from shared.platform.mailbox import Handler, Mailbox

Fact = TypeVar(
    "Fact",
    EnrollmentReported,
    DocumentSent,
    DocumentResent,
    DocumentAcknowledged,
    AdviceReported,
    RemittanceReported,
    WriteOffsReported,
)


def _body(envelope: Envelope, kind: type[Fact]) -> Fact:
    if not isinstance(envelope.body, kind):
        raise TypeError(f"{envelope.type} reached the handler of {kind.__name__}")
    return envelope.body


class RemittanceConsumers:
    """The handlers of messages.

    Args:
        mailbox: says what came of them.
        clock: tells when an entry is written.
        wake_poster: called after a commit that left lines to place.
    """

    def __init__(self, mailbox: Mailbox, clock: Clock, wake_poster: Callable[[], None]) -> None:
        self._mailbox = mailbox
        self._clock = clock
        self._wake_poster = wake_poster

    def handlers(self) -> Mapping[str, Handler]:
        """Message type → handler, for the mailbox."""
        return {
            "EnrollmentReported": self.on_enrollment_reported,
            "DocumentSent": self.on_document_sent,
            "DocumentResent": self.on_document_resent,
            "DocumentAcknowledged": self.on_document_acknowledged,
            "AdviceReported": self.on_advice_reported,
            "RemittanceReported": self.on_remittance_reported,
            "WriteOffsReported": self.on_write_offs_reported,
        }

    async def on_enrollment_reported(self, session: WriteSession, envelope: Envelope) -> None:
        """Keep whether accounts are households' or businesses', for the reports."""
        body = _body(envelope, EnrollmentReported)
        await keep_classes(session, self._scope(envelope), body)

    async def on_document_sent(self, session: WriteSession, envelope: Envelope) -> None:
        """Open receivables for sent 810s and take back what cancels cancel."""
        body = _body(envelope, DocumentSent)
        documents = sent_charges(body)
        if not documents:
            return
        scope, cause = self._scope(envelope), self._cause(envelope)
        settled = await enter_documents(session, scope, documents, envelope, cause)
        await self._say(session, scope, settled, cause)

    async def on_document_resent(self, session: WriteSession, envelope: Envelope) -> None:
        """Let receivables that the utility had rejected wait for its answer again."""
        body = _body(envelope, DocumentResent)
        scope, cause = self._scope(envelope), self._cause(envelope)
        settled = await enter_verdicts(session, scope, resent(body), cause)
        await self._say(session, scope, settled, cause)

    async def on_document_acknowledged(self, session: WriteSession, envelope: Envelope) -> None:
        """Mark receivables by the 997 on their 810."""
        body = _body(envelope, DocumentAcknowledged)
        scope, cause = self._scope(envelope), self._cause(envelope)
        settled = await enter_verdicts(session, scope, acknowledged(body), cause)
        await self._say(session, scope, settled, cause)

    async def on_advice_reported(self, session: WriteSession, envelope: Envelope) -> None:
        """Mark receivables by the 824 on their 810."""
        body = _body(envelope, AdviceReported)
        scope, cause = self._scope(envelope), self._cause(envelope)
        settled = await enter_verdicts(session, scope, advised(body), cause)
        await self._say(session, scope, settled, cause)

    async def on_remittance_reported(self, session: WriteSession, envelope: Envelope) -> None:
        """Keep a part of an 820 and, with the last one, place its money."""
        body = _body(envelope, RemittanceReported)
        said = await receive_part(session, envelope, body, self._cause(envelope))
        await self._mailbox.put(session, said)
        after_commit(session, self._wake_poster)

    async def on_write_offs_reported(self, session: WriteSession, envelope: Envelope) -> None:
        """Keep what a utility says it wrote off."""
        body = _body(envelope, WriteOffsReported)
        await keep_write_offs(session, envelope, body, self._clock.now())

    async def _say(
        self, session: WriteSession, scope: Scope, settled: Settled, cause: Cause
    ) -> None:
        if settled.placements:
            await self._mailbox.put(session, await announce(session, scope, settled, cause))

    def _scope(self, envelope: Envelope) -> Scope:
        return Scope(envelope.cca, envelope.utility, envelope.environment)

    def _cause(self, envelope: Envelope) -> Cause:
        at = self._clock.now()
        return Cause(message_id=envelope.id, at=at, effective_on=day_of_books(at))
