"""Puts payments and movements together as people decided, and takes that back.

The rules match what agrees. What does not, people match: a deposit that came in two halves under a
wrong trace, a deposit paid twice and its return, a cent that the bank kept. What then differs is
let go, and booked so. An act of the workbench carries the decision and its signatures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import insert, select, text

from services.remittance.bank.settling import settle
from services.remittance.bank.three_way import Outcome
from services.remittance.document_reader import in_scope
from services.remittance.receivables import Scope
from services.remittance.store import BANK, remittance
from services.remittance.workbench.plans import HandMatch
from shared.contracts.measures import from_cents
from shared.platform.database import WriteSession
from shared.platform.refusals import Refusal


class UnknownBankItem(Refusal):
    """No such posted payment, or no such movement, in this scope."""

    code: ClassVar[str] = "unknown_bank_item"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such payment or movement"


class OtherAmounts(Refusal):
    """The payments or movements are not worth what was signed."""

    code: ClassVar[str] = "other_amounts"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The amounts are not those that were signed"


class MatchedByHand(Refusal):
    """People have matched one of them already; that has to be undone first."""

    code: ClassVar[str] = "matched_by_hand"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "It was matched by hand before"


_DECIDED = text(
    """
    SELECT b.explanation FROM remittance.bank_place p JOIN remittance.bank_match b USING (match_id)
    WHERE p.subject_id = ANY(CAST(:ids AS uuid[])) AND b.outcome = :by_hand LIMIT 1
    """
)


async def match_by_hand(
    session: WriteSession, scope: Scope, act_id: UUID, wanted: HandMatch, at: datetime
) -> None:
    """Match as an act says, and let the books follow.

    Args:
        session: the unit of work; the scope's lock is held.
        scope: whose money.
        act_id: the act, signed by whoever has to.
        wanted: what belongs together, or which act's match is let go again.
        at: now.

    Raises:
        UnknownBankItem: a payment or movement is not of this scope.
        OtherAmounts: they are not worth what was signed.
        MatchedByHand: one of them was matched by hand before.
    """
    if wanted.takes_back is None:
        await _check(session, scope, wanted)
    await session.execute(
        insert(BANK.hand_match).values(
            act_id=act_id,
            payments=list(wanted.payments),
            movements=list(wanted.movements),
            announced_cents=wanted.announced_cents,
            deposited_cents=wanted.deposited_cents,
            takes_back=wanted.takes_back,
        )
    )
    await settle(session, scope, at)


async def _check(session: WriteSession, scope: Scope, wanted: HandMatch) -> None:
    payments = (
        await session.scalars(
            select(remittance.c.total_cents).where(
                in_scope(remittance, scope),
                remittance.c.state == "posted",
                remittance.c.transaction_id.in_(wanted.payments),
            )
        )
    ).all()
    movements = (
        await session.scalars(
            select(BANK.movement.c.cents).where(
                in_scope(BANK.movement, scope), BANK.movement.c.movement_id.in_(wanted.movements)
            )
        )
    ).all()
    if (len(payments), len(movements)) != (len(wanted.payments), len(wanted.movements)):
        raise UnknownBankItem("One of the payments or movements is not known.")
    _check_sum("announced", payments, wanted.announced_cents)
    _check_sum("deposited", movements, wanted.deposited_cents)
    ids = [*wanted.payments, *wanted.movements]
    decided = await session.scalar(_DECIDED, {"ids": ids, "by_hand": Outcome.BY_HAND.value})
    if decided is not None:
        raise MatchedByHand(f"One of them was matched by hand: {decided}")


def _check_sum(what: str, found: Sequence[int], signed: int) -> None:
    if sum(found) != signed:
        raise OtherAmounts(f"{from_cents(sum(found)):,} is {what}, not {from_cents(signed):,}.")
