"""Follows what one partner does in one SFTP session: which files it has open, and how they end.

It stands between the SSH library (`sftp_server.py`) and the mailbox (`mailbox_view.py`), so that
the life of an upload can be read, and tested, without any network.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.edi_gateway.transport.folder import OUTBOUND
from services.edi_gateway.transport.handles import Download, Upload
from services.edi_gateway.transport.mailbox_view import MailboxView, Place, denied, locate
from services.edi_gateway.transport.server_policy import Hooks, Limits
from services.edi_gateway.transport.uploads import OpenUploads
from shared.platform.telemetry import logger

Nudge = Callable[[Awaitable[None], str, str], None]
"""Runs a hook beside the session: the hook, what it is called, the partner."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class OpenMode:
    """How a partner asks to open a file."""

    write: bool
    truncate: bool = False
    exclusive: bool = False
    append: bool = False


@dataclass(slots=True, eq=False)
class MailboxSession:
    """One session of one partner."""

    partner: str
    view: MailboxView
    uploads: OpenUploads
    limits: Limits
    hooks: Hooks
    nudge: Nudge
    _downloads: dict[int, Download] = field(default_factory=dict)
    _writing: dict[int, Upload] = field(default_factory=dict)

    async def open(self, path: bytes, mode: OpenMode) -> Download | Upload:
        """Open a file in outbound for reading or in inbound for writing.

        Raises:
            OSError: no such file, not allowed, too many open, or too little disk left.
        """
        if len(self._downloads) + len(self._writing) >= self.limits.open_handles:
            raise OSError(errno.EMFILE, f"Up to {self.limits.open_handles} files may be open")
        place = locate(path)
        if not mode.write:
            download = Download(await asyncio.to_thread(self.view.open_for_reading, place))
            self._downloads[id(download)] = download
            return download
        upload = await asyncio.to_thread(self._open_upload, place, mode)
        self.uploads.opened(upload.identity)
        self._writing[id(upload)] = upload
        return upload

    async def close(self, file: Download | Upload, *, in_good_order: bool) -> None:
        """Let go of a file; an upload closed in good order gets its name, any other has no effect.

        Raises:
            OSError: the upload is void (too large, disk full).
        """
        if isinstance(file, Download):
            self._downloads.pop(id(file), None)
            file.close()
            return
        if self._writing.pop(id(file), None) is None:
            return  # the server stopped and has abandoned it already
        published = False
        try:
            if in_good_order:
                path = await file.finish()
                published = True
                self.nudge(self.hooks.on_closed(self.partner, path), "on_closed", self.partner)
            else:
                await file.abandon()
                _log.warning("upload cut", utility=self.partner, path=str(file.opened.path))
        except OSError as fault:
            _log.error("upload void", utility=self.partner, problem=fault.strerror or str(fault))
            raise
        finally:
            self.uploads.closed(file.identity, in_good_order=published)

    async def end(self) -> None:
        """The session is over: whatever is still open was cut."""
        for upload in list(self._writing.values()):
            await self.close(upload, in_good_order=False)
        for download in list(self._downloads.values()):
            await self.close(download, in_good_order=False)

    async def rename(self, old: bytes, new: bytes) -> None:
        """Give a file in inbound another name, as after an upload under a temporary one."""
        path = await asyncio.to_thread(self.view.rename, locate(old), locate(new))
        self.nudge(self.hooks.on_renamed(self.partner, path), "on_renamed", self.partner)

    async def remove(self, path: bytes) -> None:
        """Remove a file; from outbound it counts as picked up."""
        place = locate(path)
        await asyncio.to_thread(self.view.remove, place)
        if place.folder == OUTBOUND and place.name is not None:
            hook = self.hooks.on_picked_up(self.partner, place.name)
            self.nudge(hook, "on_picked_up", self.partner)

    async def status(self, path: bytes) -> os.stat_result:
        """Size and times of a file or folder."""
        return await asyncio.to_thread(self.view.status, locate(path))

    async def entries(self, path: bytes) -> list[tuple[str, os.stat_result]]:
        """What is in a folder."""
        return await asyncio.to_thread(self.view.entries, locate(path))

    def _open_upload(self, place: Place, mode: OpenMode) -> Upload:
        if shutil.disk_usage(self.view.root).free < self.limits.free_bytes:
            raise OSError(errno.ENOSPC, "No space left; try again later")
        opened = self.view.open_for_writing(place, truncate=mode.truncate, exclusive=mode.exclusive)
        size = os.fstat(opened.descriptor).st_size
        return Upload(opened, self.limits.file_bytes, append_at=size if mode.append else None)


def forbidden(*_asked: object) -> PermissionError:
    """The answer to whatever a mailbox does not offer: new folders, links, disk figures."""
    return denied("Not offered in a mailbox")
