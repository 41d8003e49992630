"""The states of a transaction, moved on as the ledger grows.

Valid? delivered? acknowledged? applied? rated? paid? are separate questions with separate answers,
so that nobody has to guess what one vague status means. Each function sends one statement for any
number of transactions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from services.edi_gateway.store import identifier, transaction
from shared.platform.database import ReadSession, WriteSession, copy_rows

QUESTIONS = ("valid", "delivered", "acknowledged", "applied", "rated", "paid")
"""The separate states, in the order in which a transaction lives through them."""

_RATED_ORDER = {
    "-": 0,
    "waiting": 0,
    "held": 1,
    "cancels": 1,
    "charged": 2,
    "not_billed": 2,
    "cancelled": 3,
}
"""A cancel *cancels*; a replacement cancels first and is then charged itself."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a transaction is filed."""

    id: UUID
    file_id: UUID
    set_id: str
    rated: str
    answers_id: UUID | None

    def rates_forward(self, state: str) -> bool:
        """Whether `state` is further on: two copies of the gateway may hear things out of order."""
        return _RATED_ORDER[state] >= _RATED_ORDER[self.rated]


async def place(
    session: WriteSession | ReadSession, transaction_ids: Iterable[UUID]
) -> dict[UUID, Placed]:
    """Return where each known transaction is filed; unknown ids are simply absent."""
    rows = await session.execute(
        select(
            transaction.c.id,
            transaction.c.file_id,
            transaction.c.set_id,
            transaction.c.rated,
            transaction.c.answers_id,
        ).where(transaction.c.id.in_(set(transaction_ids)))
    )
    return {row.id: Placed(*row) for row in rows}


async def move(session: WriteSession, changes: Sequence[Mapping[str, Any]], *columns: str) -> None:
    """Set `columns` of many transactions at once; each change holds `id` and those columns."""
    if not changes:
        return
    statement = (
        update(transaction)
        .where(transaction.c.id == bindparam("key"))
        .values({column: bindparam(f"new_{column}") for column in columns})
    )
    await (await session.connection()).execute(
        statement,
        [
            {"key": change["id"], **{f"new_{column}": change[column] for column in columns}}
            for change in changes
        ],
    )


async def identify(session: WriteSession, identifiers: Iterable[tuple[str, str, UUID]]) -> None:
    """Make transactions findable: rows of (kind, value, transaction id)."""
    await copy_rows(session, identifier, ("kind", "value", "transaction_id"), identifiers)
