"""Keeps one mailbox per utility in folders: `<root>/<utility>/inbound` and `/outbound`.

Whatever brings a file (our SFTP server, the SFTP client, an operator's copy), the gateway looks
here for it, and takes it only when it is whole: a file half taken is a bill half sent.
"""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from services.edi_gateway.transport import storing
from services.edi_gateway.transport.naming import (
    is_acceptable,
    is_own_leftover,
    is_partner,
    is_temporary,
    name_of_upload,
    version_of,
)
from services.edi_gateway.transport.seam import (
    Arrival,
    ArrivedFile,
    Chunks,
    MailboxSurvey,
    MailboxUnreadable,
    NameNotAllowed,
)
from services.edi_gateway.transport.uploads import Identity, OpenUploads, identity_of
from services.edi_gateway.transport.wholeness import Wholeness, judge
from shared.platform.telemetry import logger

INBOUND = "inbound"
OUTBOUND = "outbound"
FOLDER_MODE = 0o750

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class QuietPeriods:
    """How long a file must lie unchanged before it is taken.

    A file that its writer closed over our own server and that ends with a trailer is taken at
    once; nobody is left who could add to it.

    Attributes:
        trailer_seen_s: the file ends with an IEA segment.
        no_trailer_s: it does not; it is then foreign, or cut short.
    """

    trailer_seen_s: float = 0.3
    no_trailer_s: float = 5.0


@dataclass(frozen=True, slots=True)
class _Look:
    """A file as it was at one look; it is unchanged while all four stay equal."""

    identity: Identity
    size: int
    modified_ns: int
    changed_ns: int


@dataclass(slots=True)
class _Watch:
    """A file that lies in a mailbox, since when it has not changed, and what its ends tell."""

    look: _Look
    since_s: float
    wholeness: Wholeness


@dataclass(slots=True)
class MailboxFolders:
    """The mailboxes of all utilities under one root folder; implements `seam.Mailboxes`.

    One instance serves one root, together with the SFTP server that shares its `uploads`. All work
    on disk happens in threads. The watches are memory only: after a restart files wait once more.

    Attributes:
        root: the folder that holds a folder per utility.
        quiet: how long a file must lie still.
        uploads: the files that partners are writing over our own server.
        elapsed_s: a clock for durations that is never set back.
    """

    root: Path
    quiet: QuietPeriods = field(default_factory=QuietPeriods)
    uploads: OpenUploads = field(default_factory=OpenUploads)
    elapsed_s: Callable[[], float] = time.monotonic
    _watches: dict[str, dict[str, _Watch]] = field(default_factory=dict)

    def inbound(self, partner: str) -> Path:
        """The folder the utility writes to; raises `NameNotAllowed` for an impossible key."""
        return self._mailbox(partner) / INBOUND

    def outbound(self, partner: str) -> Path:
        """The folder the utility reads from; raises `NameNotAllowed` for an impossible key."""
        return self._mailbox(partner) / OUTBOUND

    async def create(self, partner: str) -> None:
        """Make the partner's two folders if they are not there yet."""
        for folder in (self.inbound(partner), self.outbound(partner)):
            await asyncio.to_thread(folder.mkdir, FOLDER_MODE, parents=True, exist_ok=True)

    async def clear_leftovers(self, partner: str) -> int:
        """Remove what we were writing ourselves when the service stopped; call before serving.

        Such files were never under their name; whoever wrote them writes them again. What another
        copy of the gateway is writing at this moment stays.
        """
        folders = (self.inbound(partner), self.outbound(partner))
        return await asyncio.to_thread(_remove_leftovers, folders)

    async def arrived(self, partner: str) -> list[ArrivedFile]:
        """Files in the inbound mailbox that lie still, oldest first.

        Ignored: `.part`, `.filepart`, `.tmp`, `.swp`, dotfiles, folders, links, and whatever is
        open for writing. Begins like X12 without a trailer after the long quiet period: reported
        as incomplete, at every look until somebody removes it. Not X12, or empty: complete after
        the long quiet period, so that it can be archived and refused in clear words.

        Raises:
            MailboxUnreadable: the folder is gone or may not be read.
        """
        watches = self._watches.setdefault(partner, {})
        scan = _Scan(
            partner=partner,
            folder=self.inbound(partner),
            quiet=self.quiet,
            being_written=self.uploads.being_written(),
            finished=self.uploads.finished(),
            now_s=self.elapsed_s(),
            watches=watches,
        )
        try:
            files, seen = await asyncio.to_thread(scan.run)
        except OSError as fault:
            raise MailboxUnreadable(f"{scan.folder}: {fault.strerror or fault}") from fault
        self._watches[partner] = seen
        return files

    async def survey(self, partners: Iterable[str]) -> list[MailboxSurvey]:
        """Look into many mailboxes; one that cannot be read is told with its reason and logged."""
        surveys: list[MailboxSurvey] = []
        for partner in partners:
            try:
                surveys.append(MailboxSurvey(partner, tuple(await self.arrived(partner))))
            except MailboxUnreadable as refusal:
                _log.error("mailbox unreadable", utility=partner, problem=refusal.detail)
                surveys.append(MailboxSurvey(partner, (), refusal.detail))
        return surveys

    async def read(self, file: ArrivedFile) -> AsyncIterator[bytes]:
        """The bytes of a waiting file, in pieces of up to 1 MiB."""
        handle = await asyncio.to_thread(file.path.open, "rb")
        try:
            while chunk := await asyncio.to_thread(handle.read, storing.COPY_BYTES):
                yield chunk
        finally:
            handle.close()

    async def remove_inbound(self, file: ArrivedFile) -> None:
        """Take an archived file away; it is removed, not kept in a side folder.

        The archive holds the bytes and their hash: a second copy in the mailbox would be a second
        truth, would fill the disk and could be listed again. A file that is gone already, or whose
        name belongs to other bytes by now, is left alone.
        """
        identity = await asyncio.to_thread(_remove_same, file)
        if identity:
            self.uploads.forget(identity)
            self._watches.get(file.partner, {}).pop(file.path.name, None)

    async def receive(self, partner: str, name: str, chunks: Chunks) -> None:
        """Put a file we fetched ourselves among the waiting ones, on disk when this returns.

        Raises:
            NameNotAllowed: the name could leave the mailbox or hide in it.
        """
        _check_name(name)
        hidden = await storing.write_hidden(self.inbound(partner), name, chunks)
        identity = identity_of(await asyncio.to_thread(hidden.stat))
        await asyncio.to_thread(storing.publish, hidden, name)
        self.uploads.opened(identity)
        self.uploads.closed(identity, in_good_order=True)

    async def deliver(self, partner: str, name: str, chunks: Chunks) -> None:
        """Put a file into the partner's outbound mailbox: hidden name, fsync, then its name.

        The same bytes under the same name are a success, so a delivery may be repeated.

        Raises:
            NameTaken: other bytes lie under that name; nothing was changed.
            NameNotAllowed: the name could leave the mailbox or hide in it.
        """
        _check_name(name)
        hidden = await storing.write_hidden(self.outbound(partner), name, chunks)
        await asyncio.to_thread(storing.publish_once, hidden, name)

    def _mailbox(self, partner: str) -> Path:
        if not is_partner(partner):
            raise NameNotAllowed(f"{partner!r} cannot name a mailbox")
        return self.root / partner


@dataclass(frozen=True, slots=True)
class _Scan:
    """One look into one inbound folder, in a thread of its own."""

    partner: str
    folder: Path
    quiet: QuietPeriods
    being_written: frozenset[Identity]
    finished: frozenset[Identity]
    now_s: float
    watches: dict[str, _Watch]

    def run(self) -> tuple[list[ArrivedFile], dict[str, _Watch]]:
        """The files that lie still, oldest first, and all files that are watched from now on."""
        seen: dict[str, _Watch] = {}
        files: list[ArrivedFile] = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                cut_name = name_of_upload(entry.name)
                if cut_name is None and is_temporary(entry.name):
                    continue
                watch = self._watch(entry)
                if watch is None:
                    continue
                seen[entry.name] = watch
                status = self._status(watch, cut=cut_name is not None)
                if status is not None:
                    name = cut_name or version_of(entry.name).name
                    files.append(self._file(name, entry, watch.look, status))
        files.sort(key=lambda file: (file.modified_at, file.path.name))
        return files, seen

    def _watch(self, entry: os.DirEntry[str]) -> _Watch | None:
        """The watch on an entry, begun anew when it changed; None when it may not be taken."""
        try:
            status = entry.stat(follow_symlinks=False)
            look = _Look(
                identity_of(status), status.st_size, status.st_mtime_ns, status.st_ctime_ns
            )
            if not stat.S_ISREG(status.st_mode) or look.identity in self.being_written:
                return None
            before = self.watches.get(entry.name)
            if before is not None and before.look == look:
                return before
            if name_of_upload(entry.name) and storing.is_held(Path(entry.path)):
                return None  # a utility is bringing it to another copy of the gateway
            with open(entry.path, "rb") as file:  # noqa: PTH123 - a path already, and a hot loop
                return _Watch(look, self.now_s, judge(file, look.size))
        except FileNotFoundError:
            return None  # taken or renamed between the listing and this look
        except PermissionError as fault:
            _log.warning(
                "file unreadable", utility=self.partner, file=entry.name, problem=str(fault)
            )
            return None

    def _status(self, watch: _Watch, *, cut: bool) -> Arrival | None:
        """Whether the file is whole or cut short by now; None while it must wait."""
        still_s = self.now_s - watch.since_s
        if cut:
            return Arrival.INCOMPLETE if still_s >= self.quiet.no_trailer_s else None
        if watch.wholeness is Wholeness.WHOLE:
            closed = watch.look.identity in self.finished
            return Arrival.COMPLETE if closed or still_s >= self.quiet.trailer_seen_s else None
        if still_s < self.quiet.no_trailer_s:
            return None
        return Arrival.INCOMPLETE if watch.wholeness is Wholeness.CUT else Arrival.COMPLETE

    def _file(
        self, name: str, entry: os.DirEntry[str], look: _Look, status: Arrival
    ) -> ArrivedFile:
        return ArrivedFile(
            partner=self.partner,
            name=name,
            path=Path(entry.path),
            size=look.size,
            modified_at=datetime.fromtimestamp(look.modified_ns / 1e9, tz=UTC),
            status=status,
            inode=look.identity[1],
            changed_ns=look.changed_ns,
        )


def _remove_same(file: ArrivedFile) -> Identity | None:
    try:
        status = file.path.lstat()
        if file.inode and status.st_ino != file.inode:
            return None
        file.path.unlink()
    except FileNotFoundError:
        return None
    return identity_of(status)


def _remove_leftovers(folders: Iterable[Path]) -> int:
    leftovers = [
        path
        for folder in folders
        for path in folder.iterdir()
        if is_own_leftover(path.name) and not storing.is_held(path)
    ]
    for path in leftovers:
        path.unlink(missing_ok=True)
    return len(leftovers)


def _check_name(name: str) -> None:
    if not is_acceptable(name) or is_temporary(name):
        raise NameNotAllowed(f"{name!r} cannot name a finished file in a mailbox")
