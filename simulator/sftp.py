"""Carries files to and from the back office's SFTP mailbox, as a utility's scheduler would.

The utility puts into `/inbound` and takes from `/outbound`. An upload appears under a temporary
name and is renamed when complete, unless the plan wants it written in place.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol, cast

import asyncssh

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulator.plan import Connection

INBOUND: Final = "/inbound"
OUTBOUND: Final = "/outbound"
PARTIAL: Final = (".part", ".tmp", ".filepart")
CONNECT_TIMEOUT_S: Final = 15


class Mailbox(Protocol):
    """Where files are left for the back office and its answers are picked up."""

    async def put(self, name: str, data: bytes) -> None:
        """Leave one complete file."""

    async def waiting(self) -> list[str]:
        """List the names of complete files to pick up, in order."""

    async def take(self, name: str) -> bytes:
        """Read one waiting file."""

    async def remove(self, name: str) -> None:
        """Delete one waiting file, once it has been understood."""


class SftpMailbox:
    """A mailbox over one open SFTP session."""

    def __init__(self, client: asyncssh.SFTPClient, *, in_place: bool) -> None:
        """Use an open session; `in_place` uploads under the final name from the first byte."""
        self._client = client
        self._in_place = in_place

    async def put(self, name: str, data: bytes) -> None:
        """Upload one file into the inbound folder."""
        final = f"{INBOUND}/{name}"
        target = final if self._in_place else f"{final}{PARTIAL[0]}"
        async with self._client.open(target, "wb") as file:
            await file.write(data)
        if not self._in_place:
            await self._client.rename(target, final)

    async def waiting(self) -> list[str]:
        """List the outbound folder, leaving out what is still being written."""
        names = [str(name) for name in await self._client.listdir(OUTBOUND)]
        return sorted(n for n in names if not n.startswith(".") and not n.endswith(PARTIAL))

    async def take(self, name: str) -> bytes:
        """Download one file."""
        async with self._client.open(f"{OUTBOUND}/{name}", "rb") as file:
            return cast("bytes", await file.read())  # opened as binary

    async def remove(self, name: str) -> None:
        """Delete one file from the outbound folder."""
        await self._client.remove(f"{OUTBOUND}/{name}")


@asynccontextmanager
async def open_mailbox(connection: Connection) -> AsyncIterator[SftpMailbox]:
    """Log in and yield the mailbox.

    Only the given key is offered and only the given host key is believed; the machine's own SSH
    settings and agent play no part. Raises `ValueError` when no host key is pinned and trusting
    any was not asked for, and asyncssh's or the system's errors when the log-in fails.
    """
    async with (
        asyncssh.connect(
            connection.host,
            connection.port,
            username=connection.user,
            client_keys=[str(connection.key)],
            known_hosts=_believed(connection),
            agent_path=None,
            config=(),
            connect_timeout=CONNECT_TIMEOUT_S,
        ) as session,
        session.start_sftp_client() as client,
    ):
        yield SftpMailbox(client, in_place=connection.upload_in_place)


def _believed(
    connection: Connection,
) -> tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]] | None:
    if isinstance(connection.host_key, str):
        return ([asyncssh.import_public_key(connection.host_key)], [], [])
    if connection.host_key is not None:
        return ([asyncssh.read_public_key(connection.host_key)], [], [])
    if connection.trust_any_host_key:
        return None
    raise ValueError("name the server's public key, or say that any host key is trusted")
