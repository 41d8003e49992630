"""Tells a utility what it must put right: requests, usage and payments that we cannot use.

An 814 request is refused by an 814; usage and payments by an 824, one for each received
transaction at most, and never one about an 824. Which of our reasons are told, under which code
and after how many days, stands in the utility's profile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select

from services.edi_gateway.intake import FileScope, Judged, refusals
from services.edi_gateway.operations import ledger
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.outbound import OutboundDesk, PendingDocument
from services.edi_gateway.partners import PartnerBook
from services.edi_gateway.store import outbound_document, transaction
from services.edi_gateway.transactions import Rejection
from shared.contracts.documents import AdviceAction
from shared.contracts.parts import Environment, Reason
from shared.platform.clock import Clock
from shared.platform.database import Database, WriteSession, try_lock

ADVICE_SET: Final = "824"
ADVISED_SETS: Final = ("867", "820")
"""Received sets on which an 824 may be sent; an 824 is not among them."""

OVERDUE_MAX: Final = 500
"""Overdue holds looked at in one step."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A received transaction that cannot be used, and why."""

    transaction_id: UUID
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the utility is to hear of one transaction."""

    transaction_id: UUID
    action: AdviceAction
    reasons: tuple[Reason, ...]
    causation_id: UUID


class Adviser:
    """Decides whether a reason of ours is told to the utility, and queues the 824.

    Args:
        outbound: takes documents that wait to be sent.
        book: whose profiles say what is told.
    """

    def __init__(
        self,
        database: Database,
        outbound: OutboundDesk,
        book: PartnerBook,
        clock: Clock,
        environment: Environment,
    ) -> None:
        self._database = database
        self._outbound = outbound
        self._book = book
        self._clock = clock
        self._environment = environment

    async def advise(
        self,
        session: WriteSession,
        utility: str,
        set_id: str,
        unusable: Iterable[Unusable],
        causation_id: UUID | None = None,
    ) -> None:
        """Queue an 824 for each transaction of which a reason is to be told at once.

        Args:
            session: the caller's unit of work.
            utility: who sent them.
            set_id: what they are, 867 or 820.
            unusable: the transactions.
            causation_id: the message that said so; without one, the transaction itself did.
        """
        policy = self._book.utility(utility).advice
        told = []
        for each in unusable:
            action, reasons = policy.told(set_id, each.reasons)
            if reasons:
                cause = causation_id or each.transaction_id
                told.append(_Told(each.transaction_id, action, tuple(reasons), cause))
        await self._queue(session, told)

    async def answer(
        self, session: WriteSession, scope: FileScope, judged: Sequence[Judged]
    ) -> None:
        """Queue what a batch needs at once, for content that could not be used.

        An 814 request gets its rejection; usage and payments get an 824, where the profile says so.
        """
        at = self._clock.now()
        refused = [
            PendingDocument.of_refusal(decision, cca, scope, at)
            for decision, cca in refusals(judged)
        ]
        await self._outbound.enqueue(session, refused)
        for set_id in ADVISED_SETS:
            unusable = [
                Unusable(each.read.transaction_id, each.reading.reasons)
                for each in judged
                if each.verdict.has_effect
                and each.read.slot.set_id == set_id
                and each.reading is not None
                and each.reading.reasons
            ]
            if unusable:
                await self.advise(session, scope.utility, set_id, unusable)

    async def advise_overdue(self) -> int:
        """Queue the 824s whose days of waiting are over.

        Returns:
            How many transactions were told of; 0 when nothing is due or another copy is at it.
        """
        async with self._database.unit_of_work() as session:
            if not await try_lock(session, "overdue advice"):
                return 0
            told = [
                each
                for utility in self._book.utilities
                for set_id in ADVISED_SETS
                for each in await self._overdue(session, utility.code, set_id)
            ]
            await self._queue(session, told)
        return len(told)

    async def _overdue(self, session: WriteSession, utility: str, set_id: str) -> list[_Told]:
        rules = self._book.utility(utility).advice.delayed(set_id)
        now = self._clock.now()
        told = []
        for code, rule in rules.items():
            rows = await session.execute(
                select(transaction.c.id, transaction.c.exception_text)
                .where(
                    transaction.c.exception_code == code,
                    transaction.c.at <= now - timedelta(days=rule.after_days),
                    transaction.c.direction == "inbound",
                    transaction.c.utility == utility,
                    transaction.c.environment == self._environment.value,
                    transaction.c.set_id == set_id,
                    ~exists().where(
                        outbound_document.c.answers_id == transaction.c.id,
                        outbound_document.c.set_id == ADVICE_SET,
                    ),
                )
                .order_by(transaction.c.at)
                .limit(OVERDUE_MAX)
            )
            for row in rows:
                reason = Reason(code=rule.code, text=(row.exception_text or "")[:264])
                told.append(_Told(row.id, rule.action, (reason,), row.id))
        return told

    async def _queue(self, session: WriteSession, told: Sequence[_Told]) -> None:
        """Queue the 824s that were not queued before, and say so on what they are about."""
        wanted = {each.transaction_id: each for each in told}
        if not wanted:
            return
        known = await session.scalars(
            select(outbound_document.c.answers_id).where(
                outbound_document.c.set_id == ADVICE_SET,
                outbound_document.c.answers_id.in_(wanted),
            )
        )
        for transaction_id in known:
            wanted.pop(transaction_id, None)
        rows = (
            await session.execute(
                select(
                    transaction.c.id, transaction.c.file_id, transaction.c.utility,
                    transaction.c.cca, transaction.c.environment, transaction.c.set_id,
                    transaction.c.business_key, transaction.c.account_number,
                ).where(transaction.c.id.in_(wanted))
            )
        ).all()  # fmt: skip
        at = self._clock.now()
        documents, entries = [], []
        for row in rows:
            if not (row.cca and row.business_key):  # for nobody we know, or with no name to give
                continue
            each = wanted[row.id]
            rejection = Rejection(
                transaction_id=row.id,
                set_id=row.set_id,
                document_number=row.business_key,
                account_number=row.account_number,
                action=each.action,
                reasons=each.reasons,
            )
            documents.append(
                PendingDocument.of_rejection(
                    rejection,
                    (row.utility, row.cca, row.environment),
                    (row.file_id, each.causation_id),
                    at,
                )
            )
            entries.append(
                NewEntry(
                    file_id=row.file_id,
                    transaction_id=row.id,
                    kind="AdviceQueued",
                    message="The utility is told by 824: "
                    + "; ".join(f"{r.code} {r.text}".strip() for r in each.reasons),
                    data={"codes": [r.code for r in each.reasons], "action": each.action.value},
                )
            )
        await self._outbound.enqueue(session, documents)
        await ledger.record(session, entries, at)
