"""Answers what became of what people asked for: acts that wait or ended, and each in full."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from services.remittance.bank.questions import deposit_legs, payment_legs
from services.remittance.receivables import Scope
from services.remittance.workbench.desk import ActState, UnknownAct
from services.remittance.workbench.plans import HandMatch, Plan
from services.remittance.workbench.questions import PAGE_SIZE
from services.remittance.workbench.views import (
    ActPage,
    ActRow,
    ActView,
    HandMatchView,
    PutView,
    WishView,
)
from shared.contracts.measures import from_cents
from shared.platform.database import ReadSession

_ACT = """
    SELECT a.*, e.state, e.ended_by, e.ended_at, e.words,
           (SELECT u.act_id FROM remittance.act u JOIN remittance.act_end d USING (act_id)
            WHERE u.takes_back = a.act_id AND d.state = 'done') AS taken_back_by
    FROM remittance.act a LEFT JOIN remittance.act_end e USING (act_id)
    WHERE a.cca = :cca AND a.utility = :utility AND a.environment = :environment
"""
_ACTS = text(
    f"""{_ACT} AND (CAST(:before AS bigint) = 0 OR a.act_number < CAST(:before AS bigint))
      AND (CAST(:state AS text) IS NULL OR coalesce(e.state, 'waiting') = :state)
    ORDER BY a.act_number DESC LIMIT :limit
    """
)
_ONE_ACT = text(f"{_ACT} AND a.act_id = :act_id")
_WAITING = text(
    """
    SELECT count(*) FROM remittance.act a
    WHERE a.cca = :cca AND a.utility = :utility AND a.environment = :environment
      AND NOT EXISTS (SELECT FROM remittance.act_end e WHERE e.act_id = a.act_id)
    """
)
_TRACES = text(
    "SELECT transaction_id, trace_number FROM remittance.remittance"
    " WHERE transaction_id = ANY(CAST(:ids AS uuid[]))"
)
_NUMBERS = text(
    "SELECT receivable_id, invoice_number FROM remittance.receivable"
    " WHERE receivable_id = ANY(CAST(:ids AS uuid[]))"
)


async def acts(
    session: ReadSession,
    scope: Scope,
    state: ActState | None,
    *,
    before: int = 0,
    limit: int = PAGE_SIZE,
) -> ActPage:
    """A page of acts, latest first."""
    values = {"state": state, "before": before, "limit": limit + 1}
    found = (await session.execute(_ACTS, scope.values | values)).all()
    rows = tuple(ActRow(**_act(row)) for row in found[:limit])
    return ActPage(rows=rows, next_before=rows[-1].number if len(found) > limit else None)


async def waiting_acts(session: ReadSession, scope: Scope) -> int:
    """How many acts wait for a second person."""
    return int(await session.scalar(_WAITING, scope.values) or 0)


async def act_view(session: ReadSession, scope: Scope, act_id: UUID) -> ActView:
    """One act with all that it does.

    Raises:
        UnknownAct: it is not of this scope.
    """
    row = (await session.execute(_ONE_ACT, scope.values | {"act_id": act_id})).one_or_none()
    if row is None:
        raise UnknownAct(f"There is no act {act_id}.")
    plan = Plan.model_validate(row.plan)
    traces = await _names(session, _TRACES, {put.transaction_id for put in plan.puts})
    ids = {put.receivable_id for put in plan.puts if put.receivable_id is not None}
    numbers = await _names(session, _NUMBERS, ids | {one.receivable_id for one in plan.write_offs})
    return ActView(
        **_act(row),
        puts=tuple(
            PutView(
                transaction_id=put.transaction_id,
                sequence=put.sequence,
                trace_number=traces[put.transaction_id],
                receivable_id=put.receivable_id,
                invoice_number=numbers[put.receivable_id] if put.receivable_id else None,
                amount=from_cents(put.cents),
            )
            for put in plan.puts
        ),
        write_offs=tuple(
            WishView(
                receivable_id=one.receivable_id,
                invoice_number=numbers[one.receivable_id],
                amount=from_cents(one.cents),
            )
            for one in plan.write_offs
        ),
        taken_back_write_offs=len(plan.take_back),
        bank=await _bank(session, plan.bank) if plan.bank is not None else None,
    )


async def _bank(session: ReadSession, match: HandMatch) -> HandMatchView:
    payments = await payment_legs(session, match.payments)
    deposits = await deposit_legs(session, match.movements)
    return HandMatchView(
        announced=from_cents(match.announced_cents),
        deposited=from_cents(match.deposited_cents),
        difference=from_cents(match.deposited_cents - match.announced_cents),
        payments=tuple(payments[each] for each in match.payments),
        deposits=tuple(deposits[each] for each in match.movements),
    )


async def _names(session: ReadSession, query: Any, ids: set[UUID]) -> dict[UUID, str]:  # noqa: ANN401
    return {row[0]: row[1] for row in await session.execute(query, {"ids": list(ids)})}


def _act(row: Row[Any]) -> dict[str, Any]:
    return {
        "act_id": row.act_id,
        "number": row.act_number,
        "kind": row.kind,
        "state": row.state or ActState.WAITING,
        "moved": from_cents(row.moved_cents),
        "written_off": from_cents(row.written_off_cents),
        "two_people": row.two_people,
        "reason": row.reason,
        "asked_by": row.asked_by,
        "asked_at": row.asked_at,
        "ended_by": row.ended_by,
        "ended_at": row.ended_at,
        "words": row.words or "",
        "takes_back": row.takes_back,
        "taken_back_by": row.taken_back_by,
    }
