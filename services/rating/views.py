"""What the API shows of the register, charges and holds; read only."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select

from services.rating.accounts import Agreement
from services.rating.charge_json import line_item
from services.rating.scope import Scope
from services.rating.store import CHARGES, HOLDS, USAGE
from services.rating.store_accounts import in_scope, load_register
from services.rating.store_charges import load_lines
from shared.contracts.charges import ChargeLine
from shared.contracts.measures import Usd, from_cents
from shared.contracts.parts import BillOption
from shared.platform.database import ReadSession

PAGE_SIZE_MAX = 500


class View(BaseModel):
    """Something shown; never changed."""

    model_config = ConfigDict(frozen=True)


class EntryView(View):
    """One applied request of an agreement's history."""

    seq: int
    purpose: str
    status: str
    effective_on: date
    requested_on: date
    request_id: str
    rate_code: str
    product: str | None
    customer_name: str
    city: str
    bill_option: BillOption


class AgreementView(View):
    """A service agreement with its history, oldest first."""

    account_number: str
    service_agreement_id: str
    meters: tuple[str, ...]
    history: tuple[EntryView, ...]


class ChargeView(View):
    """A charge with its lines, and why it is what it is."""

    charge_id: UUID
    invoice_number: str
    original_invoice_number: str | None
    purpose: str
    usage_id: str
    account_number: str
    service_agreement_id: str | None
    invoiced_on: date
    due_on: date | None
    period_start: date
    period_end: date
    estimated: bool
    plan_id: str
    plan_version: str
    lines: tuple[ChargeLine, ...]
    total: Usd
    explanation: dict[str, object]


class HoldView(View):
    """Usage that waits."""

    transaction_id: UUID
    usage_id: str
    account_number: str
    code: str
    message: str
    opened_at: datetime


class HoldsView(View):
    """How much waits under each code, and one page of it, oldest first."""

    counts: dict[str, int]
    holds: tuple[HoldView, ...]
    next_after: int | None


async def show_account(
    session: ReadSession, scope: Scope, account_number: str
) -> list[AgreementView]:
    """Every agreement of an account; empty when it is not known."""
    register = await load_register(session, scope, (account_number,))
    return [_agreement(found) for found in register.accounts.get(account_number, {}).values()]


async def show_charge(session: ReadSession, scope: Scope, invoice_number: str) -> ChargeView | None:
    """The charge of an invoice number."""
    found = await session.execute(
        select(CHARGES).where(*in_scope(CHARGES, scope), CHARGES.c.invoice_number == invoice_number)
    )
    row = found.one_or_none()
    if row is None:
        return None
    lines = (await load_lines(session, (row.charge_id,))).get(row.charge_id, ())
    shown = {name: getattr(row, name) for name in ChargeView.model_fields if hasattr(row, name)}
    return ChargeView(
        **shown,
        lines=tuple(line_item(line, n) for n, line in enumerate(lines, start=1)),
        total=from_cents(row.total_cents),
    )


async def show_holds(
    session: ReadSession, scope: Scope, code: str | None, after: int, limit: int
) -> HoldsView:
    """Open holds of a scope: counts of all codes, and a page of one or of all."""
    joined = HOLDS.join(USAGE)
    is_open = [*in_scope(USAGE, scope), HOLDS.c.closed_at.is_(None)]
    counted = await session.execute(
        select(HOLDS.c.code, func.count())
        .select_from(joined)
        .where(*is_open)
        .group_by(HOLDS.c.code)
        .order_by(HOLDS.c.code)
    )
    wanted = [HOLDS.c.code == code] if code else []
    found = await session.execute(
        select(HOLDS, USAGE.c.usage_id, USAGE.c.account_number)
        .select_from(joined)
        .where(*is_open, *wanted, HOLDS.c.hold_id > after)
        .order_by(HOLDS.c.hold_id)
        .limit(limit)
    )
    rows = found.all()
    return HoldsView(
        counts={row[0]: row[1] for row in counted},
        holds=tuple(HoldView.model_validate(row, from_attributes=True) for row in rows),
        next_after=rows[-1].hold_id if len(rows) == limit else None,
    )


def _agreement(agreement: Agreement) -> AgreementView:
    return AgreementView(
        account_number=agreement.account_number,
        service_agreement_id=agreement.service_agreement_id,
        meters=tuple(sorted(agreement.meters)),
        history=tuple(
            EntryView(
                seq=entry.seq,
                purpose=entry.purpose,
                status=entry.status,
                effective_on=entry.effective_on,
                requested_on=entry.requested_on,
                request_id=entry.request_id,
                rate_code=entry.terms.rate_code,
                product=entry.terms.product,
                customer_name=entry.terms.customer_name,
                city=entry.terms.city,
                bill_option=entry.bill_option,
            )
            for entry in agreement.entries
        ),
    )
