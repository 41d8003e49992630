"""Files that our reader fails on: tried a few times, then set aside until a person asks again.

A fault is ours, not the partner's, so nothing is refused and no 997 is sent; what was committed
before the fault stands, and reading goes on from there. Without a limit one such file would keep a
reader busy for ever.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import update

from services.edi_gateway.operations import ledger
from services.edi_gateway.operations.ledger import NewEntry
from services.edi_gateway.store import file
from shared.platform.database import WriteSession
from shared.platform.refusals import Refusal

READ_ATTEMPTS_MAX = 5
"""Faults after which a file is set aside."""


class NotFailed(Refusal):
    """Only a file that reading was given up on can be read again."""

    code: ClassVar[str] = "file_not_failed"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Reading this file has not failed"


async def note_fault(session: WriteSession, file_id: UUID, fault: Exception, at: datetime) -> bool:
    """Count one more fault on a file; returns whether it was the last one allowed."""
    told = f"{type(fault).__name__}: {fault}"
    attempts = (
        await session.execute(
            update(file)
            .where(file.c.id == file_id, file.c.state == "received")
            .values(attempts=file.c.attempts + 1)
            .returning(file.c.attempts)
        )
    ).scalar_one_or_none()
    if attempts is None or attempts < READ_ATTEMPTS_MAX:
        return False
    await session.execute(
        update(file).where(file.c.id == file_id).values(state="failed", refusal=told)
    )
    entry = NewEntry(
        file_id=file_id,
        kind="ReadingFailed",
        message=(
            f"Our reader failed {attempts} times and stopped ({told}). What was committed before "
            "stands; mend the cause, then ask to read it again."
        ),
        data={"attempts": attempts},
    )
    await ledger.record(session, [entry], at)
    return True


async def read_again(session: WriteSession, file_id: UUID, actor: str, at: datetime) -> None:
    """Queue a failed file for reading again, from where it stopped.

    Raises:
        NotFailed: there is no such file, or reading it has not failed.
    """
    queued = await session.execute(
        update(file)
        .where(file.c.id == file_id, file.c.state == "failed")
        .values(state="received", attempts=0, refusal=None)
        .returning(file.c.id)
    )
    if queued.one_or_none() is None:
        raise NotFailed(f"{file_id} is not a file that reading was given up on.")
    entry = NewEntry(
        file_id=file_id,
        kind="ReadAgain",
        actor=actor,
        message="To be read again from where it stopped",
    )
    await ledger.record(session, [entry], at)
