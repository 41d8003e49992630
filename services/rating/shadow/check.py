"""Checks utilities' bills: finds the usage of each, rates it, compares, and says what was found.

A bill whose usage has not come, or waits itself, is waited for with it. What differs becomes an
exception with every line that does, and the gateway hears it, so that the received 810 has an
answer to "applied?".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Select,
    Uuid,
    any_,
    bindparam,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.rating.accounts import Register
from services.rating.alike import Asked, Groups
from services.rating.charging import Line
from services.rating.computing import compute
from services.rating.corrections import ChargeDraft, UsageState
from services.rating.holds import Hold
from services.rating.intervals.block import IntervalBlock
from services.rating.intervals.keeping import load_intervals
from services.rating.messages import Occasion
from services.rating.rate_usage import Rated, rate
from services.rating.scope import Scope
from services.rating.shadow.compare import BilledLine, Difference, Tolerance, compare
from services.rating.shadow.differences import BillDifferences, keep_differences
from services.rating.shadow.metered import Metered, load_usage, usage_of
from services.rating.shadow.tolerance import load_tolerance
from services.rating.store import REPORTED_INVOICES, SHADOW
from services.rating.store_accounts import among_given, in_given_scope, in_scope, load_register
from services.rating.store_charges import load_charges
from services.rating.store_tariffs import PriceBooks
from services.rating.tariffs.book import PriceBook
from services.rating.work import Put
from shared.contracts.charges import (
    CheckedInvoice,
    InvoiceCheck,
    InvoiceReported,
    InvoicesChecked,
    ReportedInvoice,
)
from shared.contracts.envelope import Envelope
from shared.contracts.measures import from_cents, to_cents
from shared.contracts.parts import MESSAGE_ITEMS_MAX, ServiceName
from shared.platform.database import WriteSession, wait_lock

CHECK_BATCH: Final = 500
"""Bills checked in one unit of work."""


@dataclass(frozen=True, slots=True)
class Bill:
    """A utility's bill that is to be checked."""

    invoice: ReportedInvoice
    correlation_id: UUID


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking one bill found."""

    bill: Bill
    state: InvoiceCheck
    message: str
    usage_transaction_id: UUID | None = None
    plan: tuple[str, str] | None = None
    ours_cents: int | None = None
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """What a batch of bills is compared with."""

    scope: Scope
    on: datetime
    register: Register
    book: PriceBook | None
    charges: Mapping[UUID, ChargeDraft]
    readings: Mapping[UUID, tuple[IntervalBlock, ...]]
    together: Mapping[UUID, Rated]
    tolerance: Tolerance


@dataclass(frozen=True, slots=True)
class ShadowDesk:
    """The use cases of shadow bills.

    Attributes:
        put: says messages.
        books: the price book.
        groups: plans compiled for accounts that are alike.
    """

    put: Put
    books: PriceBooks
    groups: Groups = field(default_factory=Groups)

    async def take_invoices(self, session: WriteSession, envelope: Envelope) -> None:
        """Keep a utility's own bills and check them; a bill told twice is checked once."""
        reported = envelope.fact(InvoiceReported)
        scope = Scope.of(envelope)
        await wait_lock(session, scope.lock_key)
        rows = [_row(scope, invoice, envelope) for invoice in reported.items]
        added = await session.scalars(
            insert(REPORTED_INVOICES)
            .on_conflict_do_nothing()
            .returning(REPORTED_INVOICES.c.transaction_id),
            rows,
        )
        new = set(added)
        bills = [
            Bill(invoice, envelope.correlation_id)
            for invoice in reported.items
            if invoice.transaction_id in new
        ]
        await self.check(session, Occasion(scope, envelope.at, envelope.id), bills)

    async def usage_moved(
        self, session: WriteSession, occasion: Occasion, account_numbers: Iterable[str]
    ) -> None:
        """Check the bills that wait for usage of some accounts."""
        given = {"account_numbers": list(set(account_numbers)), **occasion.scope.values}
        waiting = _bills(await session.execute(_WAITING_BILLS, given))
        await self.check(session, occasion, waiting, only_news=True)

    async def check_again(
        self,
        session: WriteSession,
        occasion: Occasion,
        transaction_ids: Sequence[UUID],
        *,
        only_news: bool = False,
    ) -> list[Checked]:
        """Check bills again, whatever was found before: prices or tolerances have changed."""
        t = REPORTED_INVOICES.c
        keys = any_(literal(list(transaction_ids), ARRAY(Uuid)))
        await wait_lock(session, occasion.scope.lock_key)
        found = await session.execute(
            _first_bills(*in_scope(REPORTED_INVOICES, occasion.scope), t.transaction_id == keys)
        )
        return await self.check(session, occasion, _bills(found), only_news=only_news)

    async def check(
        self,
        session: WriteSession,
        occasion: Occasion,
        bills: Sequence[Bill],
        *,
        only_news: bool = False,
    ) -> list[Checked]:
        """Check bills, keep what was found, and tell.

        Args:
            session: the unit of work.
            occasion: whose bills, and when.
            bills: at most as many as fit a message's limit several times.
            only_news: leave out bills that go on waiting as before.
        """
        if not bills:
            return []
        metered = await load_usage(session, occasion.scope, [bill.invoice for bill in bills])
        found = {bill.invoice.transaction_id: usage_of(bill.invoice, metered) for bill in bills}
        known = await self._known(session, occasion, [one for one in found.values() if one])
        checked = [_check(bill, found[bill.invoice.transaction_id], known) for bill in bills]
        if only_news:
            checked = [c for c in checked if c.state is not InvoiceCheck.WAITING_FOR_USAGE]
        await _save(session, occasion.scope, checked, occasion.at)
        await self.put(session, _announce(occasion, checked))
        return checked

    async def _known(
        self, session: WriteSession, occasion: Occasion, metered: Sequence[Metered]
    ) -> _Known:
        keys = [one.transaction_id for one in metered]
        accounts = frozenset(one.item.account_number for one in metered)
        as_intervals = [one.transaction_id for one in metered if one.item.intervals]
        register = await load_register(session, occasion.scope, accounts)
        book = await self.books.current(session)
        charges = await load_charges(session, keys)
        readings = await load_intervals(session, as_intervals) if as_intervals else {}
        together: Mapping[UUID, Rated] = {}
        items = [one.item for one in metered if one.transaction_id not in charges]
        if book is not None and items:
            asked = Asked(occasion.scope, occasion.on)
            together = await compute(self.groups.rate, items, register, book, asked, readings)
        return _Known(
            scope=occasion.scope,
            on=occasion.at,
            register=register,
            book=book,
            charges=charges,
            readings=readings,
            together=together,
            tolerance=await load_tolerance(session, occasion.scope),
        )


def _first_bills(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    t = REPORTED_INVOICES.c
    return (
        select(t.body, t.correlation_id)
        .where(*conditions)
        .order_by(t.received_at, t.transaction_id)
        .limit(CHECK_BATCH)
    )


_WAITING_BILLS: Final = _first_bills(
    *in_given_scope(REPORTED_INVOICES),
    among_given(REPORTED_INVOICES.c.account_number, "account_numbers"),
    REPORTED_INVOICES.c.state == InvoiceCheck.WAITING_FOR_USAGE.value,
)


def _bills(found: Iterable[Row[Any]]) -> list[Bill]:
    return [Bill(ReportedInvoice.model_validate(row.body), row.correlation_id) for row in found]


def _check(bill: Bill, metered: Metered | None, known: _Known) -> Checked:
    waiting = InvoiceCheck.WAITING_FOR_USAGE
    if metered is None:
        return Checked(bill, waiting, "The usage of this bill has not come yet")
    if metered.state is UsageState.HELD:
        message = f"The usage of this bill waits itself ({metered.hold_code})"
        return Checked(bill, waiting, message, metered.transaction_id)
    ours = _ours(metered, known)
    if isinstance(ours, Hold):
        return Checked(bill, waiting, f"{ours.message} ({ours.code})", metered.transaction_id)
    lines, plan = ours
    differences = compare(
        map(BilledLine.of_ours, lines),
        map(BilledLine.of_theirs, bill.invoice.lines),
        known.tolerance,
    )
    total = sum(line.signed_cents for line in lines)
    state = InvoiceCheck.DIFFERS if differences else InvoiceCheck.AGREES
    theirs = to_cents(bill.invoice.total)
    message = f"The bill agrees with ours to {from_cents(abs(theirs - total))} USD"
    if differences:
        message = (
            f"{len(differences)} differences; the utility's total is {from_cents(theirs)} USD, "
            f"ours {from_cents(total)}"
        )
    return Checked(*(bill, state, message, metered.transaction_id, plan, total), tuple(differences))


def _ours(metered: Metered, known: _Known) -> tuple[tuple[Line, ...], tuple[str, str]] | Hold:
    """What we charged for the usage, or would charge where it was not charged by us."""
    charge = known.charges.get(metered.transaction_id)
    if charge is not None:
        return charge.lines, (charge.plan_id, charge.plan_version)
    if known.book is None:
        return Hold("RATE_NOT_FOUND", "no tariffs are active")
    item = metered.item
    rated = known.together.get(metered.transaction_id) or rate(
        item,
        known.scope,
        known.register.find(item.account_number, item.service_agreement_id),
        known.book,
        Occasion(known.scope, known.on).on,
        readings=known.readings.get(metered.transaction_id, ()),
    )
    if isinstance(rated, Hold):
        return rated
    return rated.lines, (rated.plan_id, rated.plan_version)


# --- writing and telling -------------------------------------------------------------------------


def _row(scope: Scope, invoice: ReportedInvoice, envelope: Envelope) -> dict[str, object]:
    return {
        "transaction_id": invoice.transaction_id,
        **scope.values,
        "invoice_number": invoice.invoice_number,
        "account_number": invoice.account_number,
        "total_cents": to_cents(invoice.total),
        "state": InvoiceCheck.WAITING_FOR_USAGE.value,
        "body": invoice.model_dump(mode="json", exclude_none=True),
        "correlation_id": envelope.correlation_id,
        "received_at": envelope.at,
    }


async def _save(
    session: WriteSession, scope: Scope, checked: Sequence[Checked], at: datetime
) -> None:
    if not checked:
        return
    rows = [
        {
            "transaction_id": each.bill.invoice.transaction_id,
            "state": each.state.value,
            "usage_transaction_id": each.usage_transaction_id,
            "plan_id": each.plan[0] if each.plan else None,
            "plan_version": each.plan[1] if each.plan else None,
            "ours_cents": each.ours_cents,
            "theirs_cents": to_cents(each.bill.invoice.total),
            "checked_at": at,
        }
        for each in checked
    ]
    made = await session.scalars(
        insert(SHADOW.checks).returning(SHADOW.checks.c.check_id, sort_by_parameter_order=True),
        rows,
    )
    found = [
        BillDifferences(check_id, scope, each.bill.invoice, each.differences)
        for check_id, each in zip(made, checked, strict=True)
    ]
    await keep_differences(session, found, at)
    t = REPORTED_INVOICES
    await (await session.connection()).execute(
        update(t).where(t.c.transaction_id == bindparam("at_id")).values(state=bindparam("is")),
        [{"at_id": row["transaction_id"], "is": row["state"]} for row in rows],
    )


def _announce(occasion: Occasion, checked: Sequence[Checked]) -> list[Envelope]:
    by_file: dict[UUID, list[CheckedInvoice]] = {}
    for each in checked:
        by_file.setdefault(each.bill.correlation_id, []).append(_told(each))
    scope = occasion.scope
    return [
        Envelope.about(
            InvoicesChecked(items=tuple(items[first : first + MESSAGE_ITEMS_MAX])),
            at=occasion.at,
            source=ServiceName.RATING,
            correlation_id=correlation_id,
            causation_id=occasion.causation_id,
            cca=scope.cca,
            utility=scope.utility,
            environment=scope.environment,
        )
        for correlation_id, items in by_file.items()
        for first in range(0, len(items), MESSAGE_ITEMS_MAX)
    ]


def _told(each: Checked) -> CheckedInvoice:
    invoice = each.bill.invoice
    return CheckedInvoice(
        transaction_id=invoice.transaction_id,
        invoice_number=invoice.invoice_number,
        account_number=invoice.account_number,
        state=each.state,
        differences=len(each.differences),
        total=invoice.total,
        ours=None if each.ours_cents is None else from_cents(each.ours_cents),
        message=each.message[:264],
    )
