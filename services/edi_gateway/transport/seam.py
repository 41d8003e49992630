"""Says what the gateway may ask of any mailbox: what arrived, and "put this file there".

The rest of the gateway is written against these few words, so that a folder on disk, our own SFTP
server and a utility's server look the same to it and a test needs no network.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol

from shared.platform.refusals import Refusal

Chunks = Iterable[bytes] | AsyncIterable[bytes]
"""The bytes of one file, in order, in pieces of any size."""


class Arrival(StrEnum):
    """Whether a file that lies still in a mailbox is whole."""

    COMPLETE = "complete"
    """Take it: archive, then read. It need not be X12; a PDF is complete too."""

    INCOMPLETE = "incomplete"
    """Cut short: record an exception and leave it; it has no effect."""


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """One file in a partner's inbound mailbox that nobody is writing any more.

    Attributes:
        partner: utility key, e.g. `pge`.
        name: the name the partner gave it; several waiting files may share it.
        path: where its bytes are; a path is never given to other bytes while the file waits.
        size: bytes.
        modified_at: last write, UTC.
        status: whole, or cut short.
        inode: the file's identity on disk, 0 when unknown.
        changed_ns: when the system last changed anything about it; nobody can set this.
    """

    partner: str
    name: str
    path: Path
    size: int
    modified_at: datetime
    status: Arrival = Arrival.COMPLETE
    inode: int = 0
    changed_ns: int = 0

    @property
    def origin_key(self) -> str | None:
        """What tells this file from every other that ever lay in the mailbox, if that is known."""
        if not self.inode:
            return None
        return f"{self.partner}/{self.path.name}/{self.inode}/{self.changed_ns}"


@dataclass(frozen=True, slots=True)
class MailboxSurvey:
    """What was seen in one partner's mailbox, or why nothing could be seen.

    `problem` is a sentence for a person; the files of other partners are not touched by it.
    """

    partner: str
    files: tuple[ArrivedFile, ...]
    problem: str | None = None


class Mailboxes(Protocol):
    """The inbound and outbound mailboxes of all utilities."""

    async def create(self, partner: str) -> None:
        """Make the partner's mailbox if it is not there yet."""
        ...

    async def arrived(self, partner: str) -> list[ArrivedFile]:
        """Files that wait, oldest first; raises `MailboxUnreadable`."""
        ...

    async def survey(self, partners: Iterable[str]) -> list[MailboxSurvey]:
        """The same for many partners; an unreadable mailbox disturbs no other."""
        ...

    def read(self, file: ArrivedFile) -> AsyncIterator[bytes]:
        """The bytes of one waiting file, in pieces."""
        ...

    async def remove_inbound(self, file: ArrivedFile) -> None:
        """Take the file away, once its bytes are archived."""
        ...

    async def receive(self, partner: str, name: str, chunks: Chunks) -> None:
        """Put a fetched file among the waiting ones, whole or not at all."""
        ...

    async def deliver(self, partner: str, name: str, chunks: Chunks) -> None:
        """Put a file where the partner finds it, whole or not at all; raises `NameTaken`."""
        ...


class MailboxUnreadable(Refusal):
    """A partner's mailbox cannot be listed: gone, or its rights changed."""

    code: ClassVar[str] = "mailbox_unreadable"
    status: ClassVar[int] = 503
    title: ClassVar[str] = "The partner's mailbox cannot be read"


class NameTaken(Refusal):
    """Another file already lies under that name; bytes once offered are never overwritten."""

    code: ClassVar[str] = "outbound_name_taken"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Another file already lies in the mailbox under that name"


class NameNotAllowed(Refusal):
    """A name that could leave the mailbox, hide in it or be mistaken for a half-written file."""

    code: ClassVar[str] = "file_name_not_allowed"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "The file name cannot be used in a mailbox"
