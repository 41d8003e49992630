"""Keeps what is written off in step with what is paid.

A write-off closes what payments that name the charge leave open, and no more: when such a payment
comes after all, or the charge is cancelled, the books give back as much of the write-off, and take
it again should the payment be reversed. So it does not matter which of them was known first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select

from services.remittance.journal import Posting, write_off_posting
from services.remittance.receivables import Receivable
from services.remittance.store import receivable_balance
from shared.platform.database import WriteSession


async def write_off_postings(
    session: WriteSession, receivables: Sequence[Receivable], cause_id: UUID, effective_on: date
) -> list[Posting]:
    """Return what brings the written-off amounts of receivables up to date.

    Args:
        session: the unit of work, with every other posting of this fact made.
        receivables: those with anything decided or written off.
        cause_id: what made the difference: a decision or a message.
        effective_on: the day it counts for.
    """
    table = receivable_balance
    rows = await session.execute(
        select(
            table.c.receivable_id,
            table.c.written_off_cents,
            (table.c.applied_cents - table.c.account_money_cents).label("paid_by_name"),
        ).where(table.c.receivable_id.in_([each.receivable_id for each in receivables]))
    )
    balances = {row.receivable_id: row for row in rows}
    postings = []
    for each in receivables:
        balance = balances[each.receivable_id]
        due = each.written_off_cents(each.owed_cents - balance.paid_by_name)
        if change := due - balance.written_off_cents:
            postings.append(write_off_posting(cause_id, each, change, effective_on))
    return postings
