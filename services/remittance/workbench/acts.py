"""Carries out what people decided: money is placed by hand, charges are written off, acts undone.

Everything is checked against what is true now, under the lock of the scope, and once more against
what came of it: a plan has exactly the effect that was signed, or none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Row, insert, select, text

from services.remittance.bank.hand_matches import match_by_hand
from services.remittance.book_reader import Touched
from services.remittance.by_hand import Assigned
from services.remittance.document_reader import in_scope
from services.remittance.ledger.approvals import Decision
from services.remittance.ledger.months import day_of_books
from services.remittance.ledger.write_offs import take_back_write_off, write_off
from services.remittance.part_reader import load_assigned
from services.remittance.placements import LineKey
from services.remittance.receivables import Scope
from services.remittance.settle_lines import Cause, Settled, announce, settle_lines
from services.remittance.store import WORKBENCH, receivable
from services.remittance.workbench.plans import Plan, Put
from shared.contracts.envelope import Envelope
from shared.contracts.measures import from_cents
from shared.contracts.remittance import RemittanceLineKind
from shared.platform.database import WriteSession
from shared.platform.refusals import Refusal


class UnknownLine(Refusal):
    """No such line of a payment in this scope."""

    code: ClassVar[str] = "unknown_line"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such line of a payment"


class UnknownTarget(Refusal):
    """No such charge in this scope."""

    code: ClassVar[str] = "unknown_receivable"
    status: ClassVar[int] = 404
    title: ClassVar[str] = "There is no such charge"


class NotThatMuch(Refusal):
    """More is to be moved than the line has, or than stands where it is to be taken off."""

    code: ClassVar[str] = "not_that_much"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The line does not have that much there"


class NoRoom(Refusal):
    """The charge does not take all of it; the rest would wait, and could wait where it is."""

    code: ClassVar[str] = "no_room"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The charge does not take that much"


@dataclass(frozen=True, slots=True)
class Act:
    """One act, signed.

    Attributes:
        act_id: what the entries are caused by.
        plan: what it does.
        decision: why, and who signs.
        at: when.
    """

    act_id: UUID
    plan: Plan
    decision: Decision
    at: datetime


_LINES = text(
    """
    SELECT p.transaction_id, p.sequence, p.kind, p.amount_cents, p.adjusting_cents,
           p.invoice_number, p.usage_id, p.account_number, t.trace_number
    FROM remittance.line_place p
    JOIN remittance.remittance t USING (transaction_id)
    JOIN unnest(CAST(:documents AS uuid[]), CAST(:sequences AS integer[]))
         AS wanted (transaction_id, sequence) USING (transaction_id, sequence)
    WHERE p.cca = :cca AND p.utility = :utility AND p.environment = :environment
    """
)
_STANDS_ON = text(
    """
    SELECT DISTINCT r.invoice_number
    FROM remittance.receivable_entry e
    JOIN remittance.receivable r USING (receivable_id)
    JOIN unnest(CAST(:documents AS uuid[]), CAST(:sequences AS integer[]))
         AS wanted (document_id, sequence) USING (document_id, sequence)
    """
)
_WAITS = text(
    """
    SELECT r.invoice_number, p.amount_cents, p.unapplied_cents, p.applied_cents
    FROM remittance.line_part p JOIN remittance.receivable r ON r.receivable_id = p.target_id
    JOIN unnest(CAST(:documents AS uuid[]), CAST(:sequences AS integer[]),
                CAST(:charges AS uuid[])) AS wanted (transaction_id, sequence, target_id)
         USING (transaction_id, sequence, target_id)
    WHERE p.unapplied_cents <> 0
    ORDER BY r.invoice_number LIMIT 1
    """
)


async def carry_out(session: WriteSession, scope: Scope, act: Act) -> list[Envelope]:
    """Do what a plan says.

    The scope's lock must be held, and whoever has to sign must have signed.

    Returns:
        What is to be said of lines that moved.

    Raises:
        UnknownLine, UnknownTarget: a line or charge is not of this scope.
        NotThatMuch: a line has less to move than the plan says.
        NoRoom: a charge takes less than the plan says.
        Refusal: a write-off cannot be made or taken back, see `ledger.write_offs`; a match at the
            bank cannot be made, see `bank.hand_matches`.
    """
    said: list[Envelope] = []
    if act.plan.bank is not None:
        await match_by_hand(session, scope, act.act_id, act.plan.bank, act.at)
    if act.plan.puts:
        said += await _place(session, scope, act)
    for write_off_id in act.plan.take_back:
        done = await take_back_write_off(session, scope, write_off_id, act.decision, act.at)
        said += done.said
    for wish in act.plan.write_offs:
        done = await write_off(session, scope, wish.receivable_id, wish.cents, act.decision, act.at)
        said += done.said
        await session.execute(
            insert(WORKBENCH.act_write_off).values(
                act_id=act.act_id, write_off_id=done.write_off_id
            )
        )
    return said


async def _place(session: WriteSession, scope: Scope, act: Act) -> list[Envelope]:
    puts = act.plan.puts
    keys = sorted({put.key for put in puts})
    columns = _columns(keys)
    rows = await session.execute(_LINES, scope.values | columns)
    lines = {LineKey(row.transaction_id, row.sequence): row for row in rows}
    assigned = await load_assigned(session, keys)
    for key in keys:
        _check_line(lines.get(key), assigned.get(key, []), [p for p in puts if p.key == key])
    numbers = await _targets(session, scope, puts)
    await _keep(session, act, assigned)
    stands_on = set(await session.scalars(_STANDS_ON, columns))
    touched = _touched(lines, numbers | stands_on)
    cause = Cause(act.act_id, act.at, day_of_books(act.at))
    settled = await settle_lines(session, scope, touched, cause)
    onto = [p for p in puts if p.receivable_id is not None and p.cents * _sign(lines[p.key]) > 0]
    await _check_effect(session, onto)
    _check_others(settled, set(lines))
    return await announce(session, scope, settled, cause)


def _check_line(row: Row[Any] | None, assigned: Sequence[Assigned], puts: Sequence[Put]) -> None:
    """Make sure that a line has what is to be moved, where it is to be taken from."""
    if row is None:
        raise UnknownLine(f"There is no line {puts[0].sequence} of such a payment.")
    paying = row.amount_cents - row.adjusting_cents
    name = f"Line {row.sequence} of {row.trace_number}"
    if row.kind != RemittanceLineKind.PAYMENT.value:
        raise NotThatMuch(f"{name} is an adjustment or a fee; it pays nothing.")
    sums = {each.receivable_id: each.cents for each in assigned}
    for put in puts:
        sums[put.receivable_id] = sums.get(put.receivable_id, 0) + put.cents
    sign = _sign(row)
    if any(sign * cents < 0 for cents in sums.values()):
        raise NotThatMuch(f"{name} does not have that much where it is to be taken off.")
    if sum(sums.values()) * sign > sign * paying:
        left = from_cents(paying - sum(each.cents for each in assigned))
        raise NotThatMuch(f"{name} has {left:,} that can be placed; more was asked for.")


def _sign(row: Row[Any]) -> int:
    return -1 if row.amount_cents < row.adjusting_cents else 1


async def _targets(session: WriteSession, scope: Scope, puts: Sequence[Put]) -> set[str]:
    """Return the invoice numbers of the charges that a plan names."""
    wanted = {put.receivable_id for put in puts if put.receivable_id is not None}
    found = await session.execute(
        select(receivable.c.receivable_id, receivable.c.invoice_number).where(
            in_scope(receivable, scope), receivable.c.receivable_id.in_(wanted)
        )
    )
    numbers = {row.receivable_id: row.invoice_number for row in found}
    for key in wanted - set(numbers):
        raise UnknownTarget(f"There is no charge {key}.")
    return set(numbers.values())


async def _keep(
    session: WriteSession, act: Act, assigned: Mapping[LineKey, Sequence[Assigned]]
) -> None:
    """Add the assignments; a charge that a line was put on before keeps its part number."""
    parts: dict[LineKey, dict[UUID | None, int]] = {}
    rows = []
    for put in act.plan.puts:
        if put.key not in parts:
            parts[put.key] = {one.receivable_id: one.part for one in assigned.get(put.key, [])}
        known = parts[put.key]
        part = known.setdefault(put.receivable_id, max(known.values(), default=0) + 1)
        rows.append(
            {
                "act_id": act.act_id,
                "transaction_id": put.transaction_id,
                "sequence": put.sequence,
                "part": part,
                "receivable_id": put.receivable_id,
                "cents": put.cents,
            }
        )
    await session.execute(insert(WORKBENCH.assignment), rows)


def _touched(lines: Mapping[LineKey, Row[Any]], invoices: set[str]) -> Touched:
    rows = lines.values()
    named = [row for row in rows if row.invoice_number is not None or row.usage_id is not None]
    money = [row for row in rows if row.invoice_number is None and row.usage_id is None]
    return Touched(
        invoices=invoices | {row.invoice_number for row in named if row.invoice_number is not None},
        usages={row.usage_id for row in named if row.usage_id is not None},
        accounts={row.account_number for row in money if row.account_number is not None},
        decided=set(lines),
    )


async def _check_effect(session: WriteSession, puts: Sequence[Put]) -> None:
    """Make sure that what was put on a charge is on it, whole."""
    values = _columns([put.key for put in puts]) | {"charges": [p.receivable_id for p in puts]}
    waits = (await session.execute(_WAITS, values)).first()
    if waits is not None:
        raise NoRoom(
            f"Invoice {waits.invoice_number} takes {from_cents(waits.applied_cents):,} of"
            f" {from_cents(waits.amount_cents):,}; the rest can stay where it is."
        )


def _check_others(settled: Settled, moved: Collection[LineKey]) -> None:
    """Make sure that no other line has to wait for what was put where it was."""
    for each in settled.placements:
        if each.line.key in moved:
            continue
        for place in settled.parts.get(each.line.key, (each,)):
            before = settled.before.get(place.line.key)
            if before is not None and abs(place.unapplied_cents) > abs(before.unapplied_cents):
                raise NoRoom(
                    f"{from_cents(place.unapplied_cents - before.unapplied_cents):,} that another"
                    f" line pays would have to wait: {place.explanation}"
                )


def _columns(keys: Sequence[LineKey]) -> dict[str, list[Any]]:
    return {
        "documents": [key.transaction_id for key in keys],
        "sequences": [key.sequence for key in keys],
    }
