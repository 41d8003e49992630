"""Writes charges off that nobody expects to be paid any more, and takes write-offs back.

A person decides, with a reason, and above a limit a second one approves. The books then hold as
much of it as payments leave open (see `write_off_effect`). Taxes within the charge stay payable:
whether a jurisdiction gives them back for bad debt is its own procedure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update

from services.remittance.book_reader import Touched
from services.remittance.document_reader import in_scope
from services.remittance.ledger.approvals import Decision, check_signed
from services.remittance.ledger.months import day_of_books
from services.remittance.receivables import Scope
from services.remittance.settle_lines import Cause, announce, settle_lines
from services.remittance.store import LEDGER, receivable, receivable_balance
from shared.contracts.envelope import Envelope
from shared.contracts.measures import from_cents
from shared.platform.database import WriteSession, wait_lock
from shared.platform.refusals import Refusal


class UnknownCharge(Refusal):
    """No such charge in this scope."""

    code: ClassVar[str] = "unknown_receivable"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such charge"


class NotOpen(Refusal):
    """More is to be written off than is open."""

    code: ClassVar[str] = "not_open"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "That much is not open on the charge"


class UnknownWriteOff(Refusal):
    """No such write-off in this scope."""

    code: ClassVar[str] = "unknown_write_off"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such write-off"


class TakenBack(Refusal):
    """A write-off is taken back once, and a taking back never."""

    code: ClassVar[str] = "taken_back"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This write-off cannot be taken back"


@dataclass(frozen=True, slots=True)
class Reported:
    """The line of a utility's 248 that a write-off follows."""

    transaction_id: UUID
    sequence: int


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """What was decided, and the messages about lines that it moved, for the mailbox."""

    write_off_id: UUID
    said: Sequence[Envelope]


async def write_off(
    session: WriteSession,
    scope: Scope,
    receivable_id: UUID,
    cents: int,
    decision: Decision,
    at: datetime,
    *,
    follows: Reported | None = None,
) -> WrittenOff:
    """Write off what is open on a charge, or a part of it.

    Args:
        session: the unit of work.
        scope: whose money.
        receivable_id: the charge.
        cents: how much, with the sign of what is open: negative for a credit invoice.
        decision: why, and who signs.
        at: when.
        follows: the utility's own write-off that is followed.

    Raises:
        SecondPersonNeeded, SamePerson: see `check_signed`.
        UnknownCharge: no such charge in this scope.
        NotOpen: more than is open, or nothing.
    """
    check_signed(scope.cca, cents, decision)
    await wait_lock(session, scope.lock_name)
    charge = await _charge(session, scope, receivable_id)
    sign = -1 if charge.open_cents < 0 else 1
    if not 0 < sign * cents <= sign * charge.open_cents:
        raise NotOpen(
            f"Invoice {charge.invoice_number} has {from_cents(charge.open_cents):,} open; "
            f"{from_cents(cents):,} cannot be written off."
        )
    values = {} if follows is None else _following(follows)
    return await _decide(session, scope, charge, cents, decision, at, values)


async def take_back_write_off(
    session: WriteSession, scope: Scope, write_off_id: UUID, decision: Decision, at: datetime
) -> WrittenOff:
    """Undo a write-off by one of the opposite amount; the charge is open again.

    Raises:
        SecondPersonNeeded, SamePerson: see `check_signed`.
        UnknownWriteOff: no such write-off in this scope.
        TakenBack: it was taken back before, or takes one back itself.
    """
    await wait_lock(session, scope.lock_name)
    table = LEDGER.write_off
    taken = (
        await session.execute(
            select(table).where(in_scope(table, scope), table.c.write_off_id == write_off_id)
        )
    ).one_or_none()
    if taken is None:
        raise UnknownWriteOff(f"There is no write-off {write_off_id}.")
    again = await session.scalar(
        select(table.c.write_off_id).where(table.c.takes_back == write_off_id)
    )
    if again is not None or taken.takes_back is not None:
        raise TakenBack(f"Write-off {write_off_id} was taken back, or takes one back.")
    check_signed(scope.cca, taken.cents, decision)
    charge = await _charge(session, scope, taken.receivable_id)
    values = {"takes_back": write_off_id}
    return await _decide(session, scope, charge, -taken.cents, decision, at, values)


def _following(follows: Reported) -> dict[str, Any]:
    return {"reported_in": follows.transaction_id, "reported_sequence": follows.sequence}


@dataclass(frozen=True, slots=True)
class _Charge:
    receivable_id: UUID
    invoice_number: str
    open_cents: int


async def _charge(session: WriteSession, scope: Scope, receivable_id: UUID) -> _Charge:
    found = (
        await session.execute(
            select(
                receivable.c.receivable_id,
                receivable.c.invoice_number,
                receivable_balance.c.open_cents,
            )
            .join(
                receivable_balance,
                receivable_balance.c.receivable_id == receivable.c.receivable_id,
            )
            .where(in_scope(receivable, scope), receivable.c.receivable_id == receivable_id)
        )
    ).one_or_none()
    if found is None:
        raise UnknownCharge(f"There is no charge {receivable_id}.")
    return _Charge(*found)


async def _decide(
    session: WriteSession,
    scope: Scope,
    charge: _Charge,
    cents: int,
    decision: Decision,
    at: datetime,
    values: dict[str, Any],
) -> WrittenOff:
    """Keep a decision, and let books and lines follow it."""
    key = uuid4()
    day = day_of_books(at)
    await session.execute(
        insert(LEDGER.write_off).values(
            write_off_id=key,
            **scope.values,
            receivable_id=charge.receivable_id,
            cents=cents,
            reason=decision.reason,
            decided_by=decision.by,
            approved_by=decision.approved_by,
            effective_on=day,
            decided_at=at,
            **values,
        )
    )
    balance = receivable_balance
    await session.execute(
        update(balance)
        .where(balance.c.receivable_id == charge.receivable_id)
        .values(write_off_cents=balance.c.write_off_cents + cents)
    )
    cause = Cause(message_id=key, at=at, effective_on=day)
    touched = Touched(invoices={charge.invoice_number})
    settled = await settle_lines(session, scope, touched, cause)
    return WrittenOff(key, await announce(session, scope, settled, cause))
