"""Compares what a utility says it wrote off (248) with what our books have open, for a person.

Each line is kept as the utility said it and compared with the books of the moment: it agrees, it
differs by so much, or its account is unknown. Nothing moves by itself: a write-off is somebody
else's word about our money. A person follows it, which writes off what is open, or dismisses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert

from services.remittance.ledger.approvals import Decision, check_signed
from services.remittance.ledger.write_offs import Reported, take_back_write_off, write_off
from services.remittance.placements import dollars
from services.remittance.receivables import Scope
from services.remittance.store import LEDGER, reported_write_off
from shared.contracts.envelope import Envelope
from shared.contracts.measures import to_cents
from shared.contracts.write_offs import WriteOffsReported
from shared.platform.database import ReadSession, WriteSession, wait_lock
from shared.platform.refusals import Refusal


class Comparison(StrEnum):
    """How a utility's write-off stands to our books."""

    AGREES = "agrees"
    """So much is open, or we have written so much off already; of one taken back: written off."""
    DIFFERS = "differs"
    UNKNOWN_ACCOUNT = "unknown_account"
    """No charge of ours is named, or none of that account was ever sent."""


class Answer(StrEnum):
    """What a person makes of a utility's write-off."""

    FOLLOWED = "followed"
    """What is open of it is written off, or what was written off is taken back."""
    DISMISSED = "dismissed"


class UnknownReport(Refusal):
    """No such line of a 248 in this scope."""

    code: ClassVar[str] = "unknown_reported_write_off"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such write-off of a utility"


class AlreadyWorked(Refusal):
    """Somebody has answered it."""

    code: ClassVar[str] = "already_worked"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Somebody has answered this write-off"


class CannotFollow(Refusal):
    """The books have nothing that would follow it."""

    code: ClassVar[str] = "cannot_follow"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "There is nothing to write off or to take back"


@dataclass(frozen=True, slots=True)
class ReportedWriteOff:
    """A line of a 248 beside our books; in cents.

    Attributes:
        key: the 248 and the place of the line in it.
        cents: what is not expected any more; negative for what is taken back.
        open_cents, written_off_cents: of the charges it names, when it was answered or now.
        comparison: how the two stand.
        explanation: the same in a sentence.
        answer: what a person made of it; none while it is to be worked.
    """

    key: Reported
    write_off_id: str
    account_number: str
    invoice_number: str | None
    usage_id: str | None
    cents: int
    written_off_on: date
    reason_code: str | None
    reason_text: str | None
    reported_at: datetime
    open_cents: int
    written_off_cents: int
    comparison: Comparison
    explanation: str
    answer: Answer | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    answer_reason: str | None = None


async def keep_write_offs(
    session: WriteSession, envelope: Envelope, body: WriteOffsReported, at: datetime
) -> None:
    """Store the write-offs of one message as they were said; a repeated message has no effect."""
    await session.execute(
        insert(reported_write_off).on_conflict_do_nothing(),
        [
            {
                "transaction_id": item.transaction_id,
                "sequence": item.sequence,
                "cca": envelope.cca,
                "utility": envelope.utility,
                "environment": envelope.environment.value,
                "write_off_id": item.write_off_id,
                "purpose": item.purpose.value,
                "account_number": item.account_number,
                "service_agreement_id": item.service_agreement_id,
                "invoice_number": item.invoice_number,
                "usage_id": item.usage_id,
                "amount_cents": to_cents(item.amount),
                "written_off_on": item.written_off_on,
                "reason_code": item.reason.code if item.reason else None,
                "reason_text": item.reason.text if item.reason else None,
                "message_id": envelope.id,
                "correlation_id": envelope.correlation_id,
                "reported_at": at,
            }
            for item in body.items
        ],
    )


# A line names an invoice, else usage, else its account as a whole; each is found by its own index.
_NAMED = """
    SELECT r.receivable_id, r.invoice_number, r.dated_on, b.open_cents, b.written_off_cents
    FROM remittance.receivable r JOIN remittance.receivable_balance b USING (receivable_id)
    WHERE (r.cca, r.utility, r.environment) = (w.cca, w.utility, w.environment)
      AND r.invoice_number = w.invoice_number
    UNION ALL
    SELECT r.receivable_id, r.invoice_number, r.dated_on, b.open_cents, b.written_off_cents
    FROM remittance.receivable r JOIN remittance.receivable_balance b USING (receivable_id)
    WHERE (r.cca, r.utility, r.environment) = (w.cca, w.utility, w.environment)
      AND w.invoice_number IS NULL AND r.usage_id = w.usage_id
    UNION ALL
    SELECT r.receivable_id, r.invoice_number, r.dated_on, b.open_cents, b.written_off_cents
    FROM remittance.receivable r JOIN remittance.receivable_balance b USING (receivable_id)
    WHERE (r.cca, r.utility, r.environment) = (w.cca, w.utility, w.environment)
      AND w.invoice_number IS NULL AND w.usage_id IS NULL AND r.account_number = w.account_number
"""
_COMPARED = """
    SELECT w.*, k.decision, k.reason, k.worked_by, k.worked_at, told.cents, books.charges,
           coalesce(k.open_cents, books.open_cents, 0)::bigint AS open_cents,
           coalesce(books.written_off_cents, 0)::bigint AS written_off_cents,
           coalesce(k.comparison, CASE
               WHEN books.charges = 0 THEN 'unknown_account'
               WHEN told.cents > 0 AND told.cents = books.open_cents THEN 'agrees'
               WHEN told.cents > 0 AND books.open_cents = 0
                    AND told.cents = books.written_off_cents THEN 'agrees'
               WHEN told.cents <= 0 AND -told.cents = books.written_off_cents THEN 'agrees'
               ELSE 'differs' END) AS comparison
    FROM remittance.reported_write_off w
    LEFT JOIN remittance.worked_write_off k USING (transaction_id, sequence)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN w.purpose = 'cancel' THEN -w.amount_cents ELSE w.amount_cents END AS cents
    ) AS told
    CROSS JOIN LATERAL (
        SELECT count(*) AS charges, sum(open_cents) AS open_cents,
               sum(written_off_cents) AS written_off_cents
        FROM ({named}) AS named
    ) AS books
    WHERE w.cca = :cca AND w.utility = :utility AND w.environment = :environment
""".replace("{named}", _NAMED)
_ONE = text(f"{_COMPARED} AND w.transaction_id = :transaction_id AND w.sequence = :sequence")
_LIST = """
    SELECT * FROM ({compared}) AS compared
    WHERE (CAST(:comparison AS text) IS NULL OR comparison = :comparison)
      AND (CAST(:worked AS boolean) IS NULL OR (decision IS NOT NULL) = :worked)
      AND (CAST(:account AS text) IS NULL OR account_number = :account)
      AND (CAST(:after_id AS uuid) IS NULL OR (reported_at, transaction_id, sequence) > (
          SELECT reported_at, transaction_id, sequence FROM remittance.reported_write_off
          WHERE transaction_id = :after_id AND sequence = :after_sequence))
    ORDER BY reported_at, transaction_id, sequence LIMIT :limit
"""
_LISTED = text(_LIST.replace("{compared}", _COMPARED))
_CHARGES = """
    SELECT named.* FROM remittance.reported_write_off w CROSS JOIN LATERAL ({named}) AS named
    WHERE w.transaction_id = :transaction_id AND w.sequence = :sequence
    ORDER BY named.dated_on, named.invoice_number
"""
_CHARGES_OF = text(_CHARGES.replace("{named}", _NAMED))
_STANDING = text(
    """
    SELECT o.write_off_id, o.cents FROM remittance.write_off o
    WHERE o.receivable_id = ANY(CAST(:ids AS uuid[])) AND o.takes_back IS NULL
      AND NOT EXISTS (SELECT FROM remittance.write_off b WHERE b.takes_back = o.write_off_id)
    ORDER BY o.decided_at DESC, o.write_off_id
    """
)


def _report(row: Row[Any]) -> ReportedWriteOff:
    comparison = Comparison(row.comparison)
    return ReportedWriteOff(
        key=Reported(row.transaction_id, row.sequence),
        write_off_id=row.write_off_id,
        account_number=row.account_number,
        invoice_number=row.invoice_number,
        usage_id=row.usage_id,
        cents=row.cents,
        written_off_on=row.written_off_on,
        reason_code=row.reason_code,
        reason_text=row.reason_text,
        reported_at=row.reported_at,
        open_cents=row.open_cents,
        written_off_cents=row.written_off_cents,
        comparison=comparison,
        explanation=_told(row, comparison),
        answer=None if row.decision is None else Answer(row.decision),
        answered_by=row.worked_by,
        answered_at=row.worked_at,
        answer_reason=row.reason,
    )


def _told(row: Row[Any], comparison: Comparison) -> str:
    named = f"account {row.account_number}"
    if row.invoice_number is not None:
        named = f"invoice {row.invoice_number}"
    elif row.usage_id is not None:
        named = f"usage {row.usage_id}"
    back = row.cents <= 0
    said = f"The utility {'takes back' if back else 'writes off'} {dollars(abs(row.cents))}"
    if comparison is Comparison.UNKNOWN_ACCOUNT:
        return f"{said}; we have sent no charge for {named}."
    if back:
        return f"{said}; {dollars(row.written_off_cents)} of {named} is written off."
    words = f"{said}; {dollars(row.open_cents)} of {named} is open"
    if row.written_off_cents:
        words += f" and {dollars(row.written_off_cents)} is written off"
    return f"{words}."


async def list_reported(
    session: ReadSession,
    scope: Scope,
    *,
    comparison: Comparison | None = None,
    worked: bool | None = None,
    account: str | None = None,
    after: Reported | None = None,
    limit: int = 100,
) -> tuple[ReportedWriteOff, ...]:
    """Return a page of utilities' write-offs beside our books, oldest first.

    Args:
        session: the moment that is shown.
        scope: whose.
        comparison: only those that stand so.
        worked: only those a person has answered, or has not.
        account: only those of this account.
        after: the last one of the page before.
        limit: how many.
    """
    values = scope.values | {
        "comparison": comparison,
        "worked": worked,
        "account": account,
        "after_id": after.transaction_id if after else None,
        "after_sequence": after.sequence if after else None,
        "limit": limit,
    }
    return tuple(_report(row) for row in await session.execute(_LISTED, values))


async def find_reported(
    session: ReadSession | WriteSession, scope: Scope, key: Reported
) -> ReportedWriteOff:
    """Return one line of a 248 beside our books.

    Raises:
        UnknownReport: there is none in this scope.
    """
    values = scope.values | {"transaction_id": key.transaction_id, "sequence": key.sequence}
    row = (await session.execute(_ONE, values)).one_or_none()
    if row is None:
        raise UnknownReport(f"There is no line {key.sequence} of 248 {key.transaction_id}.")
    return _report(row)


async def answer_reported(
    session: WriteSession,
    scope: Scope,
    key: Reported,
    answer: Answer,
    decision: Decision,
    at: datetime,
) -> list[Envelope]:
    """Follow a utility's write-off in our books, or dismiss it; once.

    Following writes off what is open of the charges it names, oldest first and no more than it
    says; of one that takes back, our write-offs of exactly that much are taken back.

    Returns:
        Messages about lines that moved, for the mailbox.

    Raises:
        UnknownReport, AlreadyWorked: there is none, or somebody has answered it.
        CannotFollow: there is nothing to write off or to take back.
        SecondPersonNeeded, SamePerson: see `check_signed`.
    """
    await wait_lock(session, scope.lock_name)
    report = await find_reported(session, scope, key)
    if report.answer is not None:
        raise AlreadyWorked(f"{report.answered_by} has {report.answer} it.")
    await session.execute(
        insert(LEDGER.worked_write_off).values(
            transaction_id=key.transaction_id,
            sequence=key.sequence,
            decision=answer.value,
            comparison=report.comparison.value,
            open_cents=report.open_cents,
            reason=decision.reason,
            worked_by=decision.by,
            worked_at=at,
        )
    )
    if answer is Answer.DISMISSED:
        return []
    check_signed(scope.cca, report.cents, decision)
    if report.cents > 0:
        return await _write_off(session, scope, report, decision, at)
    return await _take_back(session, scope, report, decision, at)


async def _write_off(
    session: WriteSession,
    scope: Scope,
    report: ReportedWriteOff,
    decision: Decision,
    at: datetime,
) -> list[Envelope]:
    left = report.cents
    said: list[Envelope] = []
    for charge in await _charges(session, report.key):
        cents = min(left, charge.open_cents)
        if cents > 0:
            done = await write_off(
                session, scope, charge.receivable_id, cents, decision, at, follows=report.key
            )
            said += done.said
            left -= cents
    if left == report.cents:
        raise CannotFollow(f"Nothing is open. {report.explanation}")
    return said


async def _take_back(
    session: WriteSession,
    scope: Scope,
    report: ReportedWriteOff,
    decision: Decision,
    at: datetime,
) -> list[Envelope]:
    ids = [charge.receivable_id for charge in await _charges(session, report.key)]
    standing = (await session.execute(_STANDING, {"ids": ids})).all()
    taken, left = [], -report.cents
    for each in standing:
        if left > 0:
            taken.append(each.write_off_id)
            left -= each.cents
    if left or not taken:
        raise CannotFollow(f"No write-offs of ours come to exactly that. {report.explanation}")
    said: list[Envelope] = []
    for write_off_id in taken:
        said += (await take_back_write_off(session, scope, write_off_id, decision, at)).said
    return said


async def _charges(session: WriteSession, key: Reported) -> list[Row[Any]]:
    values = {"transaction_id": key.transaction_id, "sequence": key.sequence}
    return list((await session.execute(_CHARGES_OF, values)).all())
