"""Takes a bank file in: archives its bytes, keeps its movements once, and matches them.

The same file again has no effect, and an overlapping statement brings only what is new. Whatever
does not add up is held whole, with the difference, and moves nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text, update

from services.remittance.bank.accounts import BankAccount, find_account, last_four
from services.remittance.bank.reading import read_file
from services.remittance.bank.recognition import Known, recognised
from services.remittance.bank.settling import settle
from services.remittance.bank.statement import FileFormat, Movement, Statement
from services.remittance.receivables import Scope
from services.remittance.store import BANK
from shared.platform.database import WriteSession, wait_lock
from shared.platform.keyring import Keyring, Sealed
from shared.platform.refusals import Refusal

FILES_LOCK: Final = "remittance bank files"
UNKNOWN_ACCOUNT: Final = "unknown_account"


class OtherAccount(Refusal):
    """The file tells of an account that is not the CCA's for which it was sent in."""

    code: ClassVar[str] = "other_bank_account"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "The file tells of another CCA's bank account"


@dataclass(frozen=True, slots=True)
class Import:
    """A file that somebody sends in.

    Attributes:
        name: what it is called there; only shown.
        by, at: who sends it, and when.
        only: the CCA it must be about; None for people who may see every CCA.
    """

    data: bytes
    name: str
    by: str
    at: datetime
    only: Scope | None = None


@dataclass(frozen=True, slots=True)
class TakenStatement:
    """What became of one statement of a file.

    Attributes:
        account: None for one that nobody has registered.
        new_movements: how many movements no earlier statement told of.
        held_code, held_message: why it moves nothing; None when it is accepted.
    """

    statement_id: UUID
    account: BankAccount | None
    last_four: str
    movements: int
    new_movements: int
    held_code: str | None
    held_message: str | None
    difference_cents: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; `again` means its bytes were known."""

    file_id: UUID
    kind: FileFormat
    again: bool
    statements: tuple[TakenStatement, ...]


async def import_file(session: WriteSession, ring: Keyring, sent: Import) -> Imported:
    """Take a file in, in the caller's unit of work.

    A file whose bytes are known is not kept again; statements of it that waited for their account
    to be registered are taken up now.

    Raises:
        UnreadableFile: it is no bank file; nothing is kept.
        OtherAccount: it is about another CCA than `sent.only`; nothing is kept.
    """
    kind, statements = await asyncio.to_thread(read_file, sent.data)
    # Before accounts are looked up: whoever registers one meanwhile finds what waits for it.
    await wait_lock(session, FILES_LOCK)
    accounts = [await find_account(session, ring, each.account_number) for each in statements]
    if sent.only is not None and any(each is None or each.scope != sent.only for each in accounts):
        raise OtherAccount("Register the account for this CCA first, or sign in for every CCA.")
    file_id, again = await _keep_file(session, ring, sent, kind)
    waiting = await _undecided(session, file_id) if again else set(range(len(statements)))
    pairs = list(zip(statements, accounts, strict=True))
    for number, (statement, account) in enumerate(pairs):
        if number in waiting:
            await _enter(session, (file_id, number, kind), statement, account, sent.at)
    scopes = {
        account.scope for number, (_, account) in enumerate(pairs) if account and number in waiting
    }
    for scope in sorted(scopes, key=lambda each: each.lock_name):
        await settle(session, scope, sent.at)
    return Imported(file_id, kind, again, await _taken(session, file_id, accounts))


async def take_up_waiting(
    session: WriteSession, ring: Keyring, account: BankAccount, at: datetime
) -> None:
    """Read those files again whose statements waited for an account that is registered now."""
    await wait_lock(session, FILES_LOCK)
    table = BANK.file
    waiting = (
        select(BANK.statement.c.file_id)
        .where(BANK.statement.c.held_code == UNKNOWN_ACCOUNT)
        .where(BANK.statement.c.last_four == account.last_four)
    )
    found = await session.execute(
        select(table).where(table.c.file_id.in_(waiting)).order_by(table.c.imported_at)
    )
    for row in found.all():
        data = ring.open(Sealed(row.key_id, row.sealed), file_place(row.file_id))
        await import_file(session, ring, Import(data, row.name, row.imported_by, at))


async def _keep_file(
    session: WriteSession, ring: Keyring, sent: Import, kind: FileFormat
) -> tuple[UUID, bool]:
    """Archive the bytes, sealed; tells the file's id and whether it was there already."""
    digest = hashlib.sha256(sent.data).hexdigest()
    known = await session.scalar(select(BANK.file.c.file_id).where(BANK.file.c.sha256 == digest))
    if known is not None:
        return known, True
    file_id = uuid4()
    sealed = ring.seal(sent.data, file_place(file_id))
    await session.execute(
        insert(BANK.file).values(
            file_id=file_id,
            sha256=digest,
            name=sent.name,
            format=kind.value,
            size=len(sent.data),
            key_id=sealed.key_id,
            sealed=sealed.content,
            imported_by=sent.by,
            imported_at=sent.at,
        )
    )
    return file_id, False


def file_place(file_id: UUID) -> str:
    """What the sealed bytes of a file are bound to."""
    return f"bank_file {file_id}"


async def _undecided(session: WriteSession, file_id: UUID) -> set[int]:
    """Return the positions of the statements that wait for their account."""
    found = await session.scalars(
        select(BANK.statement.c.position).where(
            BANK.statement.c.file_id == file_id,
            BANK.statement.c.held_code == UNKNOWN_ACCOUNT,
        )
    )
    return set(found)


async def _enter(
    session: WriteSession,
    place: tuple[UUID, int, FileFormat],
    statement: Statement,
    account: BankAccount | None,
    at: datetime,
) -> None:
    """Keep a statement, and its movements unless it is held."""
    file_id, position, kind = place
    values = _values(statement, account, at)
    table = BANK.statement
    statement_id = await session.scalar(
        select(table.c.statement_id).where(table.c.file_id == file_id, table.c.position == position)
    )
    if statement_id is None:
        statement_id = uuid4()
        key = {"statement_id": statement_id, "file_id": file_id, "position": position}
        await session.execute(insert(table).values(**key, **values, new_movements=0))
    else:
        await session.execute(
            update(table).where(table.c.statement_id == statement_id).values(**values)
        )
    if account is None or values["held_code"] is not None:
        return
    await wait_lock(session, account.scope.lock_name)
    new = await _keep_movements(session, statement_id, account, kind, statement.movements)
    await session.execute(
        update(table).where(table.c.statement_id == statement_id).values(new_movements=new)
    )


def _values(statement: Statement, account: BankAccount | None, at: datetime) -> dict[str, Any]:
    problems = statement.held_for
    shown = last_four(statement.account_number)
    code = problems[0].doubt.value if problems else None
    message = "; ".join(problem.message for problem in problems) or None
    if account is None and code is None:
        code, message = UNKNOWN_ACCOUNT, f"no bank account ending in {shown} is registered"
    return {
        "account_id": account.account_id if account else None,
        "last_four": shown,
        "reference": statement.reference,
        "as_of": statement.as_of,
        "opening_cents": statement.opening_cents,
        "closing_cents": statement.closing_cents,
        "moved_cents": statement.moved_cents,
        "movements": len(statement.movements),
        "state": "accepted" if code is None else "held",
        "held_code": code,
        "held_message": message,
        "difference_cents": problems[0].difference_cents if problems else 0,
        "decided_at": at,
    }


async def _keep_movements(
    session: WriteSession,
    statement_id: UUID,
    account: BankAccount,
    kind: FileFormat,
    told: Sequence[Movement],
) -> int:
    """Add what is new, and a sighting of everything; tells how many are new."""
    if not told:
        return 0
    found = recognised(await _known(session, account.account_id, told), kind, told)
    ids = [each or uuid4() for each in found]
    scope = account.scope
    new = [
        {
            "movement_id": movement_id,
            "account_id": account.account_id,
            **scope.values,
            "booked_on": movement.booked_on,
            "cents": movement.cents,
        }
        for movement_id, known, movement in zip(ids, found, told, strict=True)
        if known is None
    ]
    if new:
        await session.execute(insert(BANK.movement), new)
    await session.execute(
        insert(BANK.sighting),
        [
            {
                "statement_id": statement_id,
                "position": position,
                "movement_id": movement_id,
                "code": movement.code,
                "bank_reference": movement.bank_reference,
                "traces": sorted(movement.traces),
                "numbers": sorted(movement.references),
                "words": movement.text,
            }
            for position, (movement_id, movement) in enumerate(zip(ids, told, strict=True))
        ],
    )
    return len(new)


_KNOWN = text(
    """
    SELECT m.movement_id, f.format, m.booked_on, m.cents, s.code, s.bank_reference, s.traces,
           s.numbers, s.words
    FROM remittance.bank_movement m
    JOIN remittance.bank_sighting s USING (movement_id)
    JOIN remittance.bank_statement t USING (statement_id)
    JOIN remittance.bank_file f USING (file_id)
    WHERE m.account_id = :account_id AND m.booked_on BETWEEN :first AND :last
    ORDER BY f.imported_at, t.position, s.position
    """
)


async def _known(
    session: WriteSession, account_id: UUID, told: Sequence[Movement]
) -> tuple[Known, ...]:
    days = [movement.booked_on for movement in told]
    found = await session.execute(
        _KNOWN, {"account_id": account_id, "first": min(days), "last": max(days)}
    )
    return tuple(
        Known(
            row.movement_id,
            FileFormat(row.format),
            Movement(
                booked_on=row.booked_on,
                cents=row.cents,
                code=row.code,
                bank_reference=row.bank_reference,
                traces=frozenset(row.traces),
                references=frozenset(row.numbers),
                text=row.words,
            ),
        )
        for row in found
    )


async def _taken(
    session: WriteSession, file_id: UUID, accounts: Sequence[BankAccount | None]
) -> tuple[TakenStatement, ...]:
    table = BANK.statement
    found = await session.execute(
        select(table).where(table.c.file_id == file_id).order_by(table.c.position)
    )
    return tuple(
        TakenStatement(
            statement_id=row.statement_id,
            account=accounts[row.position],
            last_four=row.last_four,
            movements=row.movements,
            new_movements=row.new_movements,
            held_code=row.held_code,
            held_message=row.held_message,
            difference_cents=row.difference_cents,
        )
        for row in found
    )
