"""The archive: the exact bytes of every file, kept before anything is done with them.

Bytes live in the database in pieces of one mebibyte: the same unit of work that registers a file
keeps it, every copy of the gateway can read it, and no shared disk is needed.

A file with payment orders (BPR) names bank accounts: its pieces are sealed, each bound to its
place. All others lie open, so that losing the keys would lose payments alone.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, update

from services.edi_gateway.bank_numbers import PAYMENT_GROUP, PAYMENT_ORDER
from services.edi_gateway.store import file_chunk, functional_group, interchange
from shared.platform.database import Database, ReadSession, WriteSession, copy_rows
from shared.platform.keyring import KeyFile, Keyring, Sealed

CHUNK_BYTES = 1024 * 1024
"""Size of one archived piece."""

_ORDER: Final = PAYMENT_ORDER.encode()
_PAYMENTS: Final = (
    select(interchange.c.file_id)
    .join(functional_group, functional_group.c.interchange_id == interchange.c.id)
    .where(functional_group.c.functional_id == PAYMENT_GROUP)
)
COLUMNS: Final = ("file_id", "sequence", "data", "key_id")


def chunks_of(data: bytes) -> Iterator[bytes]:
    """Cut bytes into archive pieces."""
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


def chunks_of_file(path: Path) -> Iterator[bytes]:
    """Read a file in archive pieces."""
    with path.open("rb") as stream:
        while piece := stream.read(CHUNK_BYTES):
            yield piece


def digest_of_file(path: Path) -> tuple[str, int]:
    """Return the SHA-256 (hexadecimal) and the size of a file."""
    digest, size = hashlib.sha256(), 0
    for piece in chunks_of_file(path):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def names_bank_accounts(path: Path) -> bool:
    """Whether a file has a payment order in it, at whatever place."""
    before = b""
    for piece in chunks_of_file(path):
        if _ORDER in before + piece:
            return True
        before = piece[-len(_ORDER) :]
    return False


async def store_bytes(session: WriteSession, file_id: UUID, pieces: Iterator[bytes]) -> None:
    """Keep the bytes of a file of ours, which names no bank account, in the unit of work."""
    rows = ((file_id, sequence, piece, None) for sequence, piece in enumerate(pieces))
    await copy_rows(session, file_chunk, COLUMNS, rows)


@dataclass(frozen=True, slots=True)
class Archive:
    """Keeps what comes in, and reads everything that is kept.

    Attributes:
        keys: seal the files that name bank accounts.
    """

    keys: KeyFile

    async def keep(self, session: WriteSession, file_id: UUID, path: Path) -> None:
        """Keep a file that came in, in the caller's unit of work."""
        pieces = chunks_of_file(path)
        if not await asyncio.to_thread(names_bank_accounts, path):
            await store_bytes(session, file_id, pieces)
            return
        ring = await asyncio.to_thread(self.keys.ring)
        rows = (
            (file_id, sequence, sealed.content, sealed.key_id)
            for sequence, piece in enumerate(pieces)
            for sealed in (ring.seal(piece, _place(file_id, sequence)),)
        )
        await copy_rows(session, file_chunk, COLUMNS, rows)

    async def pieces(self, session: ReadSession, file_id: UUID) -> AsyncIterator[bytes]:
        """Yield the bytes of a file piece by piece."""
        sequence = 0
        while True:
            found = await self._read(session, file_id, sequence, sequence)
            if not found:
                return
            yield found[0]
            sequence += 1

    async def range(self, session: ReadSession, file_id: UUID, start: int, end: int) -> bytes:
        """Return the bytes `[start, end)` of a file, reading only the pieces that hold them."""
        first, last = start // CHUNK_BYTES, max(start, end - 1) // CHUNK_BYTES
        data = b"".join(await self._read(session, file_id, first, last))
        offset = first * CHUNK_BYTES
        return data[start - offset : end - offset]

    async def _read(
        self, session: ReadSession, file_id: UUID, first: int, last: int
    ) -> list[bytes]:
        """Return some pieces of a file, opened.

        Raises:
            KeyFault: the key of a sealed piece is not there.
        """
        rows = await session.execute(
            select(file_chunk.c.sequence, file_chunk.c.data, file_chunk.c.key_id)
            .where(file_chunk.c.file_id == file_id, file_chunk.c.sequence.between(first, last))
            .order_by(file_chunk.c.sequence)
        )
        found = rows.all()
        if all(row.key_id is None for row in found):
            return [row.data for row in found]
        ring = await asyncio.to_thread(self.keys.ring)
        return [_opened(ring, _place(file_id, row.sequence), row.key_id, row.data) for row in found]

    async def seal_again(self, database: Database) -> int:
        """Seal with the newest key whatever is under an older one; tells how many pieces.

        Payments that were archived before pieces were sealed are sealed too.
        """
        ring, table = await asyncio.to_thread(self.keys.ring), file_chunk
        older = or_(
            table.c.key_id != ring.newest, table.c.key_id.is_(None) & table.c.file_id.in_(_PAYMENTS)
        )
        async with database.read() as session:
            found = await session.execute(select(table.c.file_id, table.c.sequence).where(older))
            places = found.all()
        for file_id, sequence in places:
            here = (table.c.file_id == file_id) & (table.c.sequence == sequence) & older
            async with database.unit_of_work() as session:
                row = (await session.execute(select(table).where(here))).first()
                if row is None:
                    continue  # somebody else has just done it
                place = _place(file_id, sequence)
                sealed = ring.seal(_opened(ring, place, row.key_id, row.data), place)
                await session.execute(
                    update(table).where(here).values(data=sealed.content, key_id=sealed.key_id)
                )
        return len(places)

    async def sealed_with(self, session: ReadSession) -> dict[str, int]:
        """Tell for each key how many pieces it has sealed."""
        found = await session.execute(
            select(file_chunk.c.key_id, func.count())
            .where(file_chunk.c.key_id.is_not(None))
            .group_by(file_chunk.c.key_id)
        )
        return {key_id: number for key_id, number in found if key_id is not None}


def _opened(ring: Keyring, place: str, key_id: str | None, data: bytes) -> bytes:
    return data if key_id is None else ring.open(Sealed(key_id, data), place)


def _place(file_id: UUID, sequence: int) -> str:
    """What a sealed piece is bound to."""
    return f"file_chunk {file_id} {sequence}"
