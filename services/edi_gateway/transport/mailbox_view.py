"""What one trading partner sees of its mailbox over SFTP, and what it may do there.

The partner's paths are never joined to ours: a path is either the root, one of two folders, or one
name inside one of them. There is therefore nothing to escape from. Refusals are the operating
system's own (`PermissionError`, `FileNotFoundError`), which SFTP has words for.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.edi_gateway.transport.folder import INBOUND, OUTBOUND
from services.edi_gateway.transport.naming import (
    entries_for,
    is_acceptable,
    is_temporary,
    own_hidden_name,
    upload_name,
    version_of,
)
from services.edi_gateway.transport.storing import FILE_MODE, is_held, publish
from services.edi_gateway.transport.uploads import Identity, identity_of

DEPTH_MAX = 2
"""A folder and a name; there is nothing below."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a partner's path points: the root (no folder), a folder (no name), or a file."""

    folder: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A file opened for writing: its descriptor, where it is, and the name it is bound for.

    `bound_for` is None when the bytes already lie under their (temporary) name.
    """

    descriptor: int
    path: Path
    bound_for: str | None


def denied(why: str) -> PermissionError:
    """The refusal a partner sees as "permission denied", with the reason."""
    return PermissionError(errno.EACCES, why)


def missing() -> FileNotFoundError:
    """The refusal a partner sees as "no such file"."""
    return FileNotFoundError(errno.ENOENT, "No such file")


def locate(path: bytes) -> Place:
    """Read a partner's path; `..` stops at the root, as on any chrooted server."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        raise missing() from None
    parts = [part for part in posixpath.normpath("/" + text).split("/") if part]
    if not parts:
        return Place(None, None)
    if parts[0] not in (INBOUND, OUTBOUND) or len(parts) > DEPTH_MAX:
        raise missing()
    return Place(parts[0], parts[1] if len(parts) == DEPTH_MAX else None)


def shown(place: Place) -> bytes:
    """The partner's own name for a place."""
    return "/".join(["", *(part for part in (place.folder, place.name) if part)]).encode() or b"/"


@dataclass(frozen=True, slots=True)
class MailboxView:
    """The mailbox of one partner under `root`; every method works on disk, so call it in a thread.

    `is_open` tells whether somebody is writing a file at this moment.
    """

    root: Path
    is_open: Callable[[Identity], bool]

    def status(self, place: Place) -> os.stat_result:
        """Size and times of a place."""
        return self._existing(place).lstat()

    def entries(self, place: Place) -> list[tuple[str, os.stat_result]]:
        """Names and status of what is in a folder; hidden and half-delivered files are not shown.

        Of several files waiting under one name the newest is shown, as the partner expects.
        """
        if place.name is not None:
            raise NotADirectoryError(errno.ENOTDIR, "Not a folder")
        if place.folder is None:
            return [(name, (self.root / name).lstat()) for name in (INBOUND, OUTBOUND)]
        newest: dict[str, tuple[int, os.stat_result]] = {}
        with os.scandir(self.root / place.folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # taken or renamed while we were listing
                if not stat.S_ISREG(found.st_mode):
                    continue
                version = version_of(entry.name)
                if version.number > newest.get(version.name, (0,))[0]:
                    newest[version.name] = (version.number, found)
        return [(name, status) for name, (_, status) in newest.items()]

    def open_for_reading(self, place: Place) -> int:
        """A descriptor of a file in outbound; what is in inbound has been handed over."""
        if place.name is None:
            raise IsADirectoryError(errno.EISDIR, "Is a folder")
        if place.folder != OUTBOUND:
            raise denied("Files in inbound can be written, not read")
        return os.open(self._existing(place), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def open_for_writing(self, place: Place, *, truncate: bool, exclusive: bool) -> Opened:
        """A new file in inbound, or a temporary one to go on with.

        A finished file is never opened again: the new bytes get a file of their own, under a
        hidden name until the partner closes it.
        """
        name = self._writable(place)
        target = self.root / INBOUND / name
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        if not is_temporary(name):
            if exclusive and target.exists():
                raise FileExistsError(errno.EEXIST, "File exists")
            if not truncate and target.exists():
                raise denied("The file was handed over; send it again whole")
            hidden = target.with_name(upload_name(name))
            return Opened(os.open(hidden, flags | os.O_EXCL, FILE_MODE), hidden, name)
        if truncate and not exclusive:
            # A new file instead of the old one emptied: a writer whose connection broke may
            # still hold the old one.
            fresh = target.with_name(own_hidden_name(name))
            descriptor = os.open(fresh, flags | os.O_EXCL, FILE_MODE)
            fresh.replace(target)
            return Opened(descriptor, target, None)
        if exclusive:
            flags |= os.O_EXCL
        return Opened(os.open(target, flags, FILE_MODE), target, None)

    def rename(self, old: Place, new: Place) -> Path:
        """Give a file in inbound another name; a file of that name keeps its bytes and waits too.

        Returns:
            Where the file is now.
        """
        name = self._writable(new)
        if old.name is None or old.folder != INBOUND:
            raise denied("Only files in inbound can be renamed")
        source = self._existing(old)
        self._check_not_open(source)
        if source == self.root / INBOUND / name:
            return source
        return publish(source, name)

    def remove(self, place: Place) -> None:
        """Remove a file that was picked up, or a half-written one of the partner's own."""
        if place.name is None:
            raise denied("Folders stay")
        path = self._existing(place)
        if place.folder == INBOUND:
            if not is_temporary(place.name):
                raise denied("The file was handed over; it cannot be taken back")
            self._check_not_open(path)
        path.unlink()

    def _writable(self, place: Place) -> str:
        if place.folder != INBOUND or place.name is None:
            raise denied("Files can be written in inbound only")
        if not is_acceptable(place.name):
            raise denied("This file name cannot be used")
        return place.name

    def _existing(self, place: Place) -> Path:
        if place.folder is None:
            return self.root
        folder = self.root / place.folder
        if place.name is None:
            return folder
        if place.name.startswith(".") or version_of(place.name).number > 1:
            raise missing()
        return self._newest(folder, place.name)

    def _newest(self, folder: Path, name: str) -> Path:
        found: Path | None = None
        for entry in entries_for(name):
            path = folder / entry
            try:
                status = path.lstat()
            except FileNotFoundError:
                if found or entry != name:
                    break
                continue
            if stat.S_ISREG(status.st_mode):
                found = path
        if found is None:
            raise missing()
        return found

    def _check_not_open(self, path: Path) -> None:
        if self.is_open(identity_of(path.lstat())) or is_held(path):
            raise denied("The file is still being written")
