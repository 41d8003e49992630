"""Reads and writes charges with their lines, and numbers invoices without a gap."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Text,
    Uuid,
    any_,
    case,
    exists,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from services.rating.charge_json import explanation_json
from services.rating.charging import Line
from services.rating.components.nem import BANK_LINE
from services.rating.corrections import ChargeDraft
from services.rating.rate_usage import Explanation, LineReason
from services.rating.scope import Scope
from services.rating.store import CHARGE_LINES, CHARGES, INVOICE_COUNTERS, SETTLEMENT
from services.rating.store_accounts import in_scope
from shared.contracts.charges import ChargeUnit, LineKind
from shared.contracts.parts import Purpose
from shared.platform.database import ReadSession, WriteSession, copy_rows
from shared.platform.ids import as_driver_id
from shared.platform.values import changed

INVOICE_DIGITS: Final = 10
"""With a CCA's short name of at most 12 characters this fits BIG02 (22 characters)."""

_LINE_COLUMNS: Final = (
    *("charge_id", "sequence", "line_id", "kind", "code", "label", "quantity_micro", "unit"),
    *("price_micro", "amount_cents"),
)
_CHARGE_COLUMNS: Final = (
    *("charge_id", "cca", "utility", "environment", "invoice_number", "purpose", "reverses"),
    *("original_invoice_number", "transaction_id", "usage_id", "account_number"),
    *("service_agreement_id", "customer_name", "invoiced_on", "due_on", "period_start"),
    *("period_end", "estimated", "plan_id", "plan_version", "total_cents", "explanation"),
    *("correlation_id", "rated_at", "energy_micro"),
)


async def number_charges(
    session: WriteSession, scope: Scope, drafts: Sequence[ChargeDraft]
) -> list[ChargeDraft]:
    """Give every draft the next invoice number of its CCA, gap-free and never used twice.

    The counter's row is locked until the unit of work ends: a number exists if and only if its
    charge does.
    """
    if not drafts:
        return []
    given = {"cca": scope.cca, "environment": scope.environment.value, "last": len(drafts)}
    last = (await session.execute(_COUNTED, given)).scalar_one()
    first = last - len(drafts) + 1
    return [
        changed(draft, invoice_number=f"{scope.cca.upper()}{first + index:0{INVOICE_DIGITS}d}")
        for index, draft in enumerate(drafts)
    ]


def _counted() -> ReturningInsert[int]:
    t, new = INVOICE_COUNTERS.c, insert(INVOICE_COUNTERS)
    return new.on_conflict_do_update(
        index_elements=[t.cca, t.environment], set_={"last": t.last + new.excluded.last}
    ).returning(t.last)


_COUNTED: Final = _counted()


Rows = Sequence[tuple[object, ...]]


def charge_rows(
    scope: Scope, charges: Iterable[ChargeDraft], on: date, at: datetime
) -> tuple[Rows, Rows]:
    """Numbered charges and their lines as rows of their tables."""
    where = (scope.cca, scope.utility, scope.environment.value)
    rows = [_charge_row(where, charge, on, at) for charge in charges]
    return rows, [row for charge in charges for row in _line_rows(charge)]


async def save_charges(session: WriteSession, rows: tuple[Rows, Rows]) -> None:
    """Write `charge_rows`."""
    charges, lines = rows
    if charges:
        await copy_rows(session, CHARGES, _CHARGE_COLUMNS, charges)
        await copy_rows(session, CHARGE_LINES, _LINE_COLUMNS, lines)


async def load_charges(
    session: WriteSession, transaction_ids: Collection[UUID]
) -> dict[UUID, ChargeDraft]:
    """Read the charges in force that some usage caused, by its transaction.

    Of usage that was re-rated, that is the last: the others are reversed.
    """
    if not transaction_ids:
        return {}
    t = CHARGES.c
    keys = any_(literal(list(transaction_ids), ARRAY(Uuid)))
    found = await session.execute(
        select(CHARGES).where(
            t.transaction_id == keys, t.purpose == Purpose.ORIGINAL.value, ~is_reversed()
        )
    )
    rows = found.all()
    lines = await load_lines(session, [row.charge_id for row in rows])
    return {row.transaction_id: _charge(row, lines[row.charge_id]) for row in rows}


def is_reversed() -> ColumnElement[bool]:
    """Whether a row of `charges` was cancelled by another charge."""
    cancel = CHARGES.alias("cancel")
    return exists().where(cancel.c.reverses == CHARGES.c.charge_id)


async def load_banks(
    session: ReadSession | WriteSession,
    scope: Scope,
    account_numbers: Collection[str],
    through: date = date.max,
) -> dict[tuple[str, str], int]:
    """Read net metering balances in cents, by account and service agreement.

    A balance is the sum of the lines that moved it, over all charges less those that reverse one,
    and of what yearly settlements moved. With `through` it is that of the bills until a day.
    """
    t, line = CHARGES.c, CHARGE_LINES.c
    amount = case((line.kind == LineKind.CREDIT.value, -line.amount_cents), else_=line.amount_cents)
    signed = case((t.purpose == Purpose.CANCEL.value, -amount), else_=amount)
    agreement = func.coalesce(t.service_agreement_id, "")
    found = await session.execute(
        select(t.account_number, agreement, func.sum(signed))
        .join(CHARGE_LINES, line.charge_id == t.charge_id)
        .where(
            t.account_number == any_(literal(list(account_numbers), ARRAY(Text))),
            *in_scope(CHARGES, scope),
            func.starts_with(line.line_id, literal_column(f"'{BANK_LINE}.'")),
            *([t.period_end <= through] if through != date.max else []),
        )
        .group_by(t.account_number, agreement)
    )
    banks = {(row[0], row[1]): int(row[2]) for row in found}
    for key, settled in (await load_settled(session, scope, account_numbers)).items():
        moved = sum(cents for day, cents in settled if day <= through)
        banks[key] = banks.get(key, 0) + moved
    return banks


async def load_settled(
    session: ReadSession | WriteSession, scope: Scope, account_numbers: Collection[str]
) -> dict[tuple[str, str], list[tuple[date, int]]]:
    """Read what yearly settlements moved: the day they settle through, and signed cents."""
    t = SETTLEMENT.moves.c
    found = await session.execute(
        select(
            *(t.account_number, t.service_agreement_id, t.settled_through),
            (t.ended_cents + t.compensation_cents).label("cents"),
        ).where(
            *in_scope(SETTLEMENT.moves, scope),
            t.account_number == any_(literal(list(account_numbers), ARRAY(Text))),
        )
    )
    settled: dict[tuple[str, str], list[tuple[date, int]]] = {}
    for row in found:
        key = (row.account_number, row.service_agreement_id)
        settled.setdefault(key, []).append((row.settled_through, int(row.cents)))
    return settled


async def load_lines(
    session: ReadSession | WriteSession, charge_ids: Iterable[UUID]
) -> dict[UUID, tuple[Line, ...]]:
    """Read the lines of some charges, in print order."""
    t = CHARGE_LINES.c
    keys = any_(literal(list(charge_ids), ARRAY(Uuid)))
    found = await session.execute(
        select(CHARGE_LINES).where(t.charge_id == keys).order_by(t.charge_id, t.sequence)
    )
    lines: dict[UUID, list[Line]] = {}
    for row in found:
        lines.setdefault(row.charge_id, []).append(_line(row))
    return {key: tuple(values) for key, values in lines.items()}


def _charge(row: Row[Any], lines: tuple[Line, ...]) -> ChargeDraft:
    return ChargeDraft(
        charge_id=row.charge_id,
        purpose=Purpose(row.purpose),
        transaction_id=row.transaction_id,
        correlation_id=row.correlation_id,
        usage_id=row.usage_id,
        account_number=row.account_number,
        service_agreement_id=row.service_agreement_id,
        customer_name=row.customer_name,
        due_on=row.due_on,
        period_start=row.period_start,
        period_end=row.period_end,
        estimated=row.estimated,
        plan_id=row.plan_id,
        plan_version=row.plan_version,
        lines=lines,
        explanation=explanation_of(row.explanation),
        invoice_number=row.invoice_number,
        reverses=row.reverses,
        original_invoice_number=row.original_invoice_number,
        energy_micro=row.energy_micro,
    )


def explanation_of(told: Mapping[str, Any]) -> Explanation:
    """The explanation of a charge as it was stored with it."""
    return Explanation(
        plans=tuple(told["plans"]),
        sources=tuple(told["sources"]),
        parts=tuple(told["parts"]),
        user_tax=told["user_tax"],
        prorated=told["prorated"],
        lines=tuple(LineReason(**reason) for reason in told.get("lines", ())),
        hours=tuple(told.get("hours", ())),
    )


def _line(row: Row[Any]) -> Line:
    return Line(
        line_id=row.line_id,
        kind=LineKind(row.kind),
        code=row.code,
        label=row.label,
        quantity_micro=row.quantity_micro,
        unit=ChargeUnit(row.unit) if row.unit else None,
        price_micro=row.price_micro,
        cents=row.amount_cents,
    )


def _charge_row(
    where: tuple[str, ...], charge: ChargeDraft, on: date, at: datetime
) -> tuple[object, ...]:
    return (
        *(charge.charge_id, *where, charge.invoice_number, charge.purpose),
        *(charge.reverses, charge.original_invoice_number, charge.transaction_id),
        *(charge.usage_id, charge.account_number, charge.service_agreement_id),
        *(charge.customer_name, on, charge.due_on, charge.period_start, charge.period_end),
        *(charge.estimated, charge.plan_id, charge.plan_version, charge.total_cents),
        *(explanation_json(charge.explanation), charge.correlation_id, at),
        charge.energy_micro,
    )


def _line_rows(charge: ChargeDraft) -> list[tuple[object, ...]]:
    key = as_driver_id(charge.charge_id)
    return [
        (
            key,
            sequence,
            line.line_id,
            line.kind,
            line.code,
            line.label,
            line.quantity_micro,
            line.unit,
            line.price_micro,
            line.cents,
        )
        for sequence, line in enumerate(charge.lines, start=1)
    ]
