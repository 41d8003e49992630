"""The archive: the exact bytes of every file, kept before anything is done with them.

Bytes live in the database in pieces of one mebibyte: the same unit of work that registers a file
keeps it, every copy of the gateway can read it, and no shared disk is needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from services.edi_gateway.store import file_chunk
from shared.platform.database import ReadSession, WriteSession, copy_rows

CHUNK_BYTES = 1024 * 1024
"""Size of one archived piece."""


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


async def store_bytes(session: WriteSession, file_id: UUID, pieces: Iterator[bytes]) -> None:
    """Keep the bytes of a file, in the caller's unit of work."""
    await copy_rows(
        session,
        file_chunk,
        ("file_id", "sequence", "data"),
        ((file_id, sequence, piece) for sequence, piece in enumerate(pieces)),
    )


async def read_pieces(session: ReadSession, file_id: UUID) -> AsyncIterator[bytes]:
    """Yield the bytes of a file piece by piece."""
    sequence = 0
    while True:
        data = await session.scalar(
            select(file_chunk.c.data).where(
                file_chunk.c.file_id == file_id, file_chunk.c.sequence == sequence
            )
        )
        if data is None:
            return
        yield data
        sequence += 1


async def read_range(session: ReadSession, file_id: UUID, start: int, end: int) -> bytes:
    """Return the bytes `[start, end)` of a file, reading only the pieces that hold them."""
    first, last = start // CHUNK_BYTES, max(start, end - 1) // CHUNK_BYTES
    held = await session.scalars(
        select(file_chunk.c.data)
        .where(file_chunk.c.file_id == file_id, file_chunk.c.sequence.between(first, last))
        .order_by(file_chunk.c.sequence)
    )
    data = b"".join(held)
    offset = first * CHUNK_BYTES
    return data[start - offset : end - offset]
