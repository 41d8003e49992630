"""Finds the usage that a utility's bill is for: by the name it gives, or by account and period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, and_, cast, or_, select

from services.rating.corrections import UsageState
from services.rating.scope import Scope
from services.rating.store import USAGE
from services.rating.store_accounts import among, in_scope
from shared.contracts.charges import ReportedInvoice
from shared.contracts.parts import Purpose
from shared.contracts.usage import UsageItem
from shared.platform.database import WriteSession


@dataclass(frozen=True, slots=True)
class Metered:
    """The usage of a bill: where it stands, and what it says."""

    transaction_id: UUID
    state: UsageState
    hold_code: str | None
    item: UsageItem


async def load_usage(
    session: WriteSession, scope: Scope, invoices: Iterable[ReportedInvoice]
) -> list[Metered]:
    """Usage of the bills' accounts that a bill can be about: no cancels, no copies."""
    t = USAGE.c
    bills = list(invoices)
    accounts = sorted({bill.account_number for bill in bills})
    named = [bill.usage_id for bill in bills if bill.usage_id]
    nameless = [
        (bill.period_start, bill.period_end)
        for bill in bills
        if bill.period_start and bill.period_end and not bill.usage_id
    ]
    meant = among(t.usage_id, named)
    if nameless:
        first, last = min(days[0] for days in nameless), max(days[1] for days in nameless)
        meant = or_(meant, and_(t.period_start >= first, t.period_end <= last))
    found = await session.execute(
        select(t.transaction_id, t.state, t.hold_code, cast(t.body, Text).label("content"))
        .where(
            *in_scope(USAGE, scope),
            among(t.account_number, accounts),
            meant,
            t.purpose != Purpose.CANCEL.value,
            t.state != UsageState.DUPLICATE.value,
        )
        .order_by(t.seq)
    )
    return [_metered(row) for row in found]


def _metered(row: Row[Any]) -> Metered:
    item = UsageItem.model_validate_json(row.content)
    return Metered(row.transaction_id, UsageState(row.state), row.hold_code, item)


def usage_of(invoice: ReportedInvoice, metered: Iterable[Metered]) -> Metered | None:
    """The usage that a bill names, or the one of its account and period.

    Usage that was cancelled is only looked at for the bill's own cancel.
    """
    days = (invoice.period_start, invoice.period_end)
    theirs = [
        one
        for one in metered
        if one.item.account_number == invoice.account_number
        and (one.state is not UsageState.CANCELLED or invoice.purpose is Purpose.CANCEL)
    ]
    if invoice.usage_id:
        return next((one for one in theirs if one.item.usage_id == invoice.usage_id), None)
    return next((one for one in reversed(theirs) if _days(one.item) == days), None)


def _days(item: UsageItem) -> tuple[object, object]:
    return (
        min(meter.period_start for meter in item.meters),
        max(meter.period_end for meter in item.meters),
    )
