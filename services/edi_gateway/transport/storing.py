"""Writes a file into a mailbox so that it appears whole or not at all, and never over another.

Bytes go to a hidden name in the same folder, reach the disk, and only then get their name. A name
is given with a hard link, which fails when the name exists: a rename would silently overwrite.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

from services.edi_gateway.transport.naming import entries_for, is_temporary, own_hidden_name
from services.edi_gateway.transport.seam import Chunks, NameTaken

COPY_BYTES = 1024 * 1024
"""Pieces in which files are read, written and compared."""

FILE_MODE = 0o640


async def each_chunk(chunks: Chunks) -> AsyncIterator[bytes]:
    """The pieces, whichever way they come."""
    if hasattr(chunks, "__aiter__"):
        async for chunk in chunks:
            yield chunk
        return
    for chunk in chunks:
        yield chunk


async def write_hidden(folder: Path, name: str, chunks: Chunks) -> Path:
    """Write all pieces to a hidden file on disk and tell where it is; leave nothing on failure."""
    hidden = folder / own_hidden_name(name)
    descriptor = await asyncio.to_thread(
        os.open, hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE
    )
    try:
        hold(descriptor)
        async for chunk in each_chunk(chunks):
            await asyncio.to_thread(write_all, descriptor, chunk)
        await asyncio.to_thread(os.fsync, descriptor)
    except BaseException:
        os.close(descriptor)
        hidden.unlink(missing_ok=True)
        raise
    os.close(descriptor)
    return hidden


def hold(descriptor: int) -> None:
    """Show every copy of the gateway that this file is being written, until it is closed.

    The system lets go by itself when the process dies, however it dies.
    """
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def is_held(path: Path) -> bool:
    """Whether some copy of the gateway, this one included, is writing the file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def write_all(descriptor: int, chunk: bytes, offset: int | None = None) -> None:
    """Write every byte, at the offset or at the end; the system may take fewer at a time."""
    left = memoryview(chunk)
    while left:
        written = (
            os.write(descriptor, left) if offset is None else os.pwrite(descriptor, left, offset)
        )
        left = left[written:]
        if offset is not None:
            offset += written


def publish(hidden: Path, name: str) -> Path:
    """Give a finished file its name, or the next free one of that name; tell which.

    Files that wait under the same name keep theirs: both bytes survive. A temporary name is no
    promise, so a new file replaces an old one there.

    Raises:
        NameTaken: absurdly many files of that name wait already.
    """
    folder = hidden.parent
    if is_temporary(name):
        hidden.replace(folder / name)
        sync_folder(folder)
        return folder / name
    for entry in entries_for(name):
        try:
            os.link(hidden, folder / entry)
        except FileExistsError:
            continue
        hidden.unlink()
        sync_folder(folder)
        return folder / entry
    raise NameTaken(f"Too many files wait under the name {name}")


def publish_once(hidden: Path, name: str) -> bool:
    """Give a finished file exactly this name; True when it is new, False when it was there already.

    Raises:
        NameTaken: other bytes lie under the name; they and the mailbox stay as they were.
    """
    target = hidden.parent / name
    try:
        os.link(hidden, target)
    except FileExistsError:
        if not same_bytes(hidden, target):
            raise NameTaken(f"{name} is in the mailbox with other bytes") from None
        return False
    finally:
        hidden.unlink()
    sync_folder(hidden.parent)
    return True


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    with one.open("rb") as left, other.open("rb") as right:
        if os.fstat(left.fileno()).st_size != os.fstat(right.fileno()).st_size:
            return False
        while chunk := left.read(COPY_BYTES):
            if chunk != right.read(COPY_BYTES):
                return False
    return True


def sync_folder(folder: Path) -> None:
    """Make new names in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
