"""One file that a partner has open over SFTP: reading ours, or writing its own.

Small writes are gathered into large ones, because each trip to a thread costs more than the copy.
An upload gets its name only when the partner closes it in good order; if the connection breaks,
the bytes stay under a hidden name and have no effect.
"""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import dataclass, field
from pathlib import Path

from services.edi_gateway.transport.mailbox_view import Opened
from services.edi_gateway.transport.storing import hold, publish, write_all
from services.edi_gateway.transport.uploads import Identity, identity_of

GATHER_BYTES = 1024 * 1024
"""Written to disk at once."""


@dataclass(slots=True)
class Download:
    """A file of ours that the partner reads."""

    descriptor: int

    async def read(self, offset: int, size: int) -> bytes:
        """Bytes at the offset; fewer at the end, none behind it."""
        return await asyncio.to_thread(os.pread, self.descriptor, size, offset)

    async def status(self) -> os.stat_result:
        """Size and times."""
        return await asyncio.to_thread(os.fstat, self.descriptor)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.descriptor)


@dataclass(slots=True)
class Upload:
    """A file that the partner writes.

    Attributes:
        opened: descriptor, path and the name it is bound for.
        limit_bytes: the largest file we take.
        append_at: where the next bytes go, whatever offset is asked; None when offsets count.
        identity: which file on disk this is.
        failed: a write was refused; the file is void and is removed at the end.
    """

    opened: Opened
    limit_bytes: int
    append_at: int | None = None
    identity: Identity = (0, 0)
    failed: bool = False
    _gathered: bytearray = field(default_factory=bytearray)
    _gathered_at: int = 0

    def __post_init__(self) -> None:
        hold(self.opened.descriptor)
        self.identity = identity_of(os.fstat(self.opened.descriptor))

    async def write(self, offset: int, data: bytes) -> int:
        """Take bytes for an offset; they reach the disk with their neighbours.

        Raises:
            OSError: the file grows beyond the limit, or the disk is full; it is then void.
        """
        self._check_not_failed()
        if self.append_at is not None:
            offset, self.append_at = self.append_at, self.append_at + len(data)
        if offset + len(data) > self.limit_bytes:
            self.failed = True
            raise OSError(errno.EFBIG, f"A file may have up to {self.limit_bytes} bytes")
        if offset != self._gathered_at + len(self._gathered):
            await self.flush()
            self._gathered_at = offset
        self._gathered += data
        if len(self._gathered) >= GATHER_BYTES:
            await self.flush()
        return len(data)

    async def read(self, offset: int, size: int) -> bytes:
        """Bytes the partner wrote itself; some programs check them."""
        await self.flush()
        return await asyncio.to_thread(os.pread, self.opened.descriptor, size, offset)

    async def truncate(self, size: int) -> None:
        """Cut or extend the file, as programs do that resume an upload."""
        if size > self.limit_bytes:
            self.failed = True
            raise OSError(errno.EFBIG, f"A file may have up to {self.limit_bytes} bytes")
        await self.flush()
        await asyncio.to_thread(os.ftruncate, self.opened.descriptor, size)

    async def status(self) -> os.stat_result:
        """Size and times, with everything written so far."""
        await self.flush()
        return await asyncio.to_thread(os.fstat, self.opened.descriptor)

    async def flush(self) -> None:
        """Bring gathered bytes to the disk."""
        if not self._gathered:
            return
        data, at = bytes(self._gathered), self._gathered_at
        self._gathered.clear()
        self._gathered_at = at + len(data)
        try:
            await asyncio.to_thread(write_all, self.opened.descriptor, data, at)
        except OSError:
            self.failed = True
            raise

    async def sync(self) -> None:
        """Bring the file to the disk for good."""
        await self.flush()
        await asyncio.to_thread(os.fsync, self.opened.descriptor)

    async def finish(self) -> Path:
        """The partner closed the file: sync it and give it its name; tell where it is now.

        Raises:
            OSError: the file is void (too large, disk full); its bytes are removed.
        """
        try:
            self._check_not_failed()
            await self.sync()
            if self.opened.bound_for is None:
                return self.opened.path
            return await asyncio.to_thread(publish, self.opened.path, self.opened.bound_for)
        except OSError:
            await asyncio.to_thread(self._remove)
            raise
        finally:
            os.close(self.opened.descriptor)

    async def abandon(self) -> None:
        """The connection broke: keep what came under its hidden name, without effect."""
        try:
            if self.failed:
                await asyncio.to_thread(self._remove)
            else:
                await self.flush()
        finally:
            os.close(self.opened.descriptor)

    def _check_not_failed(self) -> None:
        if self.failed:
            raise OSError(errno.EIO, "An earlier write failed; send the file again")

    def _remove(self) -> None:
        """Remove the file, unless its name belongs to a newer one by now."""
        try:
            if identity_of(self.opened.path.lstat()) == self.identity:
                self.opened.path.unlink()
        except FileNotFoundError:
            return
