"""The CCAs' bank accounts: registered once, recognised on statements, never shown in full.

A number is sealed, and found again by its fingerprint; people see its last four digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID, uuid4

from sqlalchemy import Row, insert, select, update

from services.remittance.bank.statement import folded
from services.remittance.document_reader import in_scope
from services.remittance.receivables import Scope
from services.remittance.store import BANK
from shared.contracts.parts import Environment
from shared.platform.database import ReadSession, WriteSession, wait_lock
from shared.platform.keyring import Keyring, Sealed
from shared.platform.refusals import Refusal

SHOWN_DIGITS: Final = 4
ACCOUNTS_LOCK: Final = "remittance bank accounts"
"""Registering and changing keys take turns: a number has one row, whichever key made its print."""

_NUMBER: Final = re.compile(r"[A-Z0-9]{5,34}")


class NoAccountNumber(Refusal):
    """A bank account number has 5 to 34 letters and digits."""

    code: ClassVar[str] = "no_account_number"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "This is no bank account number"


class AccountTaken(Refusal):
    """The account is registered for another CCA or utility."""

    code: ClassVar[str] = "bank_account_taken"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This bank account is registered for another CCA or utility"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A registered account, without its number."""

    account_id: UUID
    scope: Scope
    name: str
    last_four: str
    registered_by: str
    registered_at: datetime


def last_four(number: str) -> str:
    """Return what may be shown of an account number."""
    return _plain(number)[-SHOWN_DIGITS:]


async def register(
    session: WriteSession,
    ring: Keyring,
    scope: Scope,
    number: str,
    name: str,
    signature: tuple[str, datetime],
) -> BankAccount:
    """Register an account for what a utility pays a CCA; the same again changes nothing.

    Args:
        session: the caller's unit of work.
        ring: seals the number.
        scope: whose account it is.
        number: as the bank writes it, with or without spaces and dashes.
        name: what people call it.
        signature: who registers it, and when.

    Raises:
        NoAccountNumber: the number cannot be one.
        AccountTaken: it is registered for another scope.
    """
    plain = _plain(number)
    if not _NUMBER.fullmatch(plain):
        raise NoAccountNumber("A bank account number has 5 to 34 letters and digits.")
    await wait_lock(session, ACCOUNTS_LOCK)
    known = await find_account(session, ring, number)
    if known is not None:
        if known.scope != scope:
            raise AccountTaken(f"The account ending in {known.last_four} is {known.scope.cca}'s.")
        return known
    account_id, (by, at) = uuid4(), signature
    sealed = ring.seal(plain.encode(), _place(account_id))
    await session.execute(
        insert(BANK.account).values(
            account_id=account_id,
            **scope.values,
            name=name,
            last_four=last_four(plain),
            fingerprint=_fingerprints(ring, plain)[0],
            key_id=sealed.key_id,
            sealed=sealed.content,
            registered_by=by,
            registered_at=at,
        )
    )
    return BankAccount(account_id, scope, name, last_four(plain), by, at)


async def find_account(
    session: ReadSession | WriteSession, ring: Keyring, number: str
) -> BankAccount | None:
    """Return the registered account with this number, if there is one."""
    prints = _fingerprints(ring, _plain(number))
    found = await session.execute(
        select(BANK.account).where(BANK.account.c.fingerprint.in_(prints))
    )
    row = found.first()
    return _account_of(row) if row is not None else None


async def list_accounts(session: ReadSession, scope: Scope) -> tuple[BankAccount, ...]:
    """Return the accounts of a scope, in the order they were registered."""
    table = BANK.account
    found = await session.execute(
        select(table)
        .where(in_scope(table, scope))
        .order_by(table.c.registered_at, table.c.account_id)
    )
    return tuple(_account_of(row) for row in found)


async def seal_accounts_again(session: WriteSession, ring: Keyring) -> int:
    """Seal every number that is under an older key with the newest one; tells how many."""
    table = BANK.account
    await wait_lock(session, ACCOUNTS_LOCK)
    found = await session.execute(
        select(table.c.account_id, table.c.key_id, table.c.sealed).where(
            table.c.key_id != ring.newest
        )
    )
    older = found.all()
    for row in older:
        plain = ring.open(Sealed(row.key_id, row.sealed), _place(row.account_id)).decode()
        sealed = ring.seal(plain.encode(), _place(row.account_id))
        await session.execute(
            update(table)
            .where(table.c.account_id == row.account_id)
            .values(
                key_id=sealed.key_id,
                sealed=sealed.content,
                fingerprint=_fingerprints(ring, plain)[0],
            )
        )
    return len(older)


def _plain(number: str) -> str:
    return re.sub(r"[\s-]", "", number).upper()


def _fingerprints(ring: Keyring, plain: str) -> tuple[bytes, ...]:
    """Banks fill numbers with zeros in one format and not in another."""
    return ring.prints(folded(plain).encode())


def _place(account_id: UUID) -> str:
    return f"bank_account {account_id}"


def _account_of(row: Row[tuple[object, ...]]) -> BankAccount:
    return BankAccount(
        account_id=row.account_id,
        scope=Scope(row.cca, row.utility, Environment(row.environment)),
        name=row.name,
        last_four=row.last_four,
        registered_by=row.registered_by,
        registered_at=row.registered_at,
    )
