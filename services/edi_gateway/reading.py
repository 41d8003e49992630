"""Reading in worker processes: bytes in, contract words and findings out, nothing else touched.

A large file must not stop the event loop, so the structure of the file is scanned in one piece of
work and its transactions are read in batches, each from its own byte range. Everything here is
pure but for opening the spooled file; arguments and results cross process boundaries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

from services.edi_gateway.bank_numbers import without_numbers
from services.edi_gateway.guides import group_guide_of, guide_of
from services.edi_gateway.partners import PartnerBook, load_partners
from services.edi_gateway.transactions import Reading
from services.edi_gateway.understanding import understand
from services.edi_gateway.x12 import (
    FileScan,
    Finding,
    Interchange,
    TransactionSlot,
    scan_path,
)

_TRANSACTION_NAMESPACE = uuid5(NAMESPACE_OID, "cca-exchange/inbound-transaction")


HASHED_AT_ONCE = 1024 * 1024
"""Bytes read at once to be hashed: an interchange may be as large as a file."""


@dataclass(frozen=True, slots=True)
class ReadJob:
    """A batch of transactions of one group to read; `interchange` comes without its groups."""

    path: str
    file_id: UUID
    utility: str
    version: str
    interchange: Interchange
    slots: tuple[TransactionSlot, ...]
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReadSlot:
    """One transaction as read: `reading` is None when its syntax was rejected."""

    position: int
    slot: TransactionSlot
    transaction_id: UUID
    content_sha256: str
    accepted: bool
    findings: tuple[Finding, ...]
    reading: Reading | None


def transaction_id_of(file_id: UUID, position: int) -> UUID:
    """The same place in the same file is always the same transaction, after any crash."""
    return uuid5(_TRANSACTION_NAMESPACE, f"{file_id}/{position}")


@cache
def partners() -> PartnerBook:
    """The partner book, loaded once in each process."""
    return load_partners()


def preload() -> None:
    """Load partners and maps when a worker process starts, so that no file waits for them."""
    for utility in partners().utilities:
        guide_of(utility)


def scan_file(path: str, utility: str) -> FileScan:
    """Find the envelopes of a spooled file, as strict as the partner's profile asks."""
    return scan_path(Path(path), partners().utility(utility).reading.policy)


def range_sha256(path: str, start: int, end: int) -> str:
    """Return the SHA-256 of a byte range, to tell a copy of an interchange from another one."""
    digest, left = hashlib.sha256(), end - start
    with Path(path).open("rb") as stream:
        stream.seek(start)
        while left > 0 and (piece := stream.read(min(left, HASHED_AT_ONCE))):
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()


def read_slots(job: ReadJob) -> Sequence[ReadSlot]:
    """Read, validate and translate a batch of transactions."""
    partner = partners().partner(job.utility)
    first, last = job.slots[0].start, job.slots[-1].end
    with Path(job.path).open("rb") as stream:
        stream.seek(first)
        window = stream.read(last - first)
    results = []
    for position, slot in zip(job.positions, job.slots, strict=True):
        data = window[slot.start - first : slot.end - first]
        transaction_id = transaction_id_of(job.file_id, position)
        read = understand(
            data,
            job.interchange.delimiters,
            slot,
            group_guide_of(partner.profile, slot.functional_id, job.version),
            partner,
            transaction_id,
        )
        results.append(
            ReadSlot(
                position=position,
                slot=slot,
                transaction_id=transaction_id,
                content_sha256=content_sha256(data, job.interchange.delimiters.segment),
                accepted=read.accepted,
                findings=without_numbers(read.findings) if read.findings else (),
                reading=read.reading,
            )
        )
    return results


def content_sha256(data: bytes, terminator: str) -> str:
    """Hash what a transaction says, leaving out ST and SE and with them its control number."""
    end = terminator.encode("latin-1")
    body = data.rstrip(b"\r\n ").removesuffix(end)
    inner = body.partition(end)[2].rpartition(end)[0]
    return hashlib.sha256(inner.replace(b"\r", b"").replace(b"\n", b"")).hexdigest()
