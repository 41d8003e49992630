"""Reads and writes the register: accounts, service agreements, their history, and requests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from services.rating.accounts import Agreement, Entry, Register, Status, Terms
from services.rating.enroll import DecidedRequest, KnownRequest
from services.rating.progress.place import change_roster, total_changes
from services.rating.progress.roster import roster_changes
from services.rating.progress.terms import count_terms
from services.rating.scope import Scope
from services.rating.store import (
    ACCOUNTS,
    AGREEMENT_ENTRIES,
    AGREEMENTS,
    ENROLLMENT_REQUESTS,
    METERS,
)
from shared.contracts.enrollment import EnrollmentDecision, EnrollmentPurpose
from shared.contracts.parts import BillOption
from shared.platform.columns import SCOPE_COLUMNS
from shared.platform.database import ReadSession, WriteSession, copy_rows

_IDS: Final = UUID("2b6c0a39-6f5e-4c58-8f0e-0a1b7f7e9a11")
"""Name space of account and agreement ids: the same account always has the same id."""

_TERMS: Final = (
    *("rate_code", "product", "customer_name", "street", "city", "state", "postal_code"),
    "bill_cycle",
)


_PURPOSES: Final = {str(purpose): purpose for purpose in EnrollmentPurpose}
_STATUSES: Final = {str(status): status for status in Status}
_OPTIONS: Final = {str(option): option for option in BillOption}


def in_scope(table: Table, scope: Scope) -> list[ColumnElement[bool]]:
    """The conditions that keep a query inside one scope."""
    return [
        table.c.cca == scope.cca,
        table.c.utility == scope.utility,
        table.c.environment == scope.environment.value,
    ]


def among(column: ColumnElement[Any], values: Collection[str]) -> ColumnElement[bool]:
    """Whether a text column is one of many values, sent as one parameter."""
    return column == any_(literal(list(values), ARRAY(Text)))


def in_given_scope(table: Table) -> list[ColumnElement[bool]]:
    """The conditions of `in_scope` for a statement that is made once: `Scope.values` fill it."""
    return [table.c[name] == bindparam(name, type_=Text()) for name in SCOPE_COLUMNS]


def among_given(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The condition of `among` for a statement that is made once, its values under a name."""
    return column == any_(bindparam(name, type_=ARRAY(Text)))


async def load_register(
    session: ReadSession | WriteSession, scope: Scope, account_numbers: Collection[str]
) -> Register:
    """Read every agreement of some accounts with its whole history, in one round trip."""
    given = {"account_numbers": list(account_numbers), **scope.values}
    return _register((await session.execute(_HISTORIES, given)).all())


def _histories() -> Select[*tuple[Any, ...]]:
    account, agreement, entry = ACCOUNTS.c, AGREEMENTS.c, AGREEMENT_ENTRIES.c
    meters = (
        select(func.array_agg(METERS.c.meter_number))
        .where(METERS.c.agreement_id == agreement.agreement_id)
        .scalar_subquery()
    )
    return (
        select(
            *(account.account_number, agreement.service_agreement_id, meters.label("meters")),
            *(entry.seq, entry.purpose, entry.status, entry.effective_on, entry.requested_on),
            *(entry.request_id, entry.bill_option, *(entry[name] for name in _TERMS)),
        )
        .select_from(ACCOUNTS.join(AGREEMENTS).join(AGREEMENT_ENTRIES))
        .where(*in_given_scope(ACCOUNTS), among_given(account.account_number, "account_numbers"))
        .order_by(entry.agreement_id, entry.seq)
    )


_HISTORIES: Final = _histories()
"""Made once: making a statement anew takes as long as running it."""


def _register(rows: Iterable[Sequence[Any]]) -> Register:
    histories: dict[tuple[str, str], list[Entry]] = {}
    meters: dict[tuple[str, str], Sequence[str] | None] = {}
    for row in rows:
        number, agreement, its_meters, seq, purpose, status = row[:6]
        effective_on, requested_on, request_id, option = row[6:10]
        entry = Entry(
            *(seq, _PURPOSES[purpose], _STATUSES[status], effective_on, requested_on, request_id),
            Terms(*row[10:]),
            _OPTIONS[option],
        )
        meters[number, agreement] = its_meters
        histories.setdefault((number, agreement), []).append(entry)
    register = Register()
    for key, entries in histories.items():
        register.put(Agreement(*key, tuple(entries), frozenset(meters[key] or ())))
    return register


async def load_requests(
    session: WriteSession, scope: Scope, request_ids: Collection[str]
) -> dict[str, KnownRequest]:
    """Read the answers given before to some request ids."""
    t = ENROLLMENT_REQUESTS.c
    found = await session.execute(
        select(t.request_id, t.content_hash, t.decision).where(
            *in_scope(ENROLLMENT_REQUESTS, scope), among(t.request_id, request_ids), t.is_first
        )
    )
    return {
        row.request_id: KnownRequest(
            row.content_hash, EnrollmentDecision.model_validate(row.decision)
        )
        for row in found
    }


async def save_decisions(
    session: WriteSession, scope: Scope, decided: Sequence[DecidedRequest], at: datetime
) -> None:
    """Write requests with their answers, and what they added to the register."""
    await _save_agreements(session, scope, [d for d in decided if d.entry], at)
    changes = total_changes(roster_changes(d.before, [d.entry]) for d in decided if d.entry)
    await change_roster(session, scope, changes)
    await count_terms(session, scope, decided)
    known = await _known_transactions(session, decided)
    where = (scope.cca, scope.utility, scope.environment.value)
    rows = {
        d.request.transaction_id: (
            *(d.request.transaction_id, *where, d.request.request_id, d.is_first),
            *(d.content_hash, d.request.account_number, d.decision.accepted),
            *(d.decision.model_dump_json(), d.request.model_dump_json(), at),
        )
        for d in reversed(decided)  # of a transaction told twice, the first telling counts
        if d.request.transaction_id not in known
    }
    columns = (
        *("transaction_id", "cca", "utility", "environment", "request_id", "is_first"),
        *("content_hash", "account_number", "accepted", "decision", "body", "decided_at"),
    )
    await copy_rows(session, ENROLLMENT_REQUESTS, columns, rows.values())


async def _known_transactions(
    session: WriteSession, decided: Iterable[DecidedRequest]
) -> set[UUID]:
    """Transactions written before: the same one told again is answered, not written twice."""
    ids = [d.request.transaction_id for d in decided if not d.is_first]
    if not ids:
        return set()
    t = ENROLLMENT_REQUESTS.c
    return set(await session.scalars(select(t.transaction_id).where(t.transaction_id.in_(ids))))


async def _save_agreements(
    session: WriteSession, scope: Scope, applied: Sequence[DecidedRequest], at: datetime
) -> None:
    if not applied:
        return
    accounts: dict[UUID, dict[str, object]] = {}
    agreements: dict[UUID, dict[str, object]] = {}
    entries, meters = [], []
    for d in applied:
        account_id, agreement_id = ids_of(scope, d.agreement_key)
        accounts[account_id] = {
            "account_id": account_id,
            **scope.values,
            "account_number": d.request.account_number,
            "created_at": at,
        }
        agreements[agreement_id] = {
            "agreement_id": agreement_id,
            "account_id": account_id,
            "service_agreement_id": d.agreement_key[1],
            "created_at": at,
        }
        entries.append(_entry_row(agreement_id, d, at))
        meters += _meter_rows(agreement_id, d, at)
    for table, rows in ((ACCOUNTS, accounts), (AGREEMENTS, agreements)):
        await session.execute(insert(table).on_conflict_do_nothing(), list(rows.values()))
    columns = [column.name for column in AGREEMENT_ENTRIES.columns]
    await copy_rows(session, AGREEMENT_ENTRIES, columns, entries)
    await copy_rows(session, METERS, [column.name for column in METERS.columns], meters)


def ids_of(scope: Scope, key: tuple[str, str]) -> tuple[UUID, UUID]:
    """Ids of an account and of its service agreement, from their numbers."""
    account_number, service_agreement_id = key
    name = f"{scope.lock_key}/{account_number}"
    return uuid5(_IDS, name), uuid5(_IDS, f"{name}/{service_agreement_id}")


def _entry_row(agreement_id: UUID, decided: DecidedRequest, at: datetime) -> tuple[object, ...]:
    entry = decided.entry
    if entry is None:
        raise ValueError("only applied requests have an entry")
    terms = entry.terms
    return (
        *(agreement_id, entry.seq, entry.purpose.value, entry.status.value, entry.effective_on),
        *(entry.requested_on, entry.request_id, decided.request.transaction_id),
        *(getattr(terms, name) for name in _TERMS),
        entry.bill_option.value,
        at,
    )


def _meter_rows(
    agreement_id: UUID, decided: DecidedRequest, at: datetime
) -> list[tuple[object, ...]]:
    entry = decided.entry
    if entry is None:
        return []
    kinds = {meter.meter_number: meter.kind for meter in decided.request.meters}
    return [
        (agreement_id, number, entry.seq, kind, entry.effective_on, at)
        for number, kind in kinds.items()
    ]
