"""Carries files to and from the back office's SFTP mailbox, as a utility's scheduler would.

The utility puts into `/inbound` and takes from `/outbound`. An upload appears under a temporary
name and is renamed when complete, unless the plan wants it written in place. When the connection
breaks it logs in again and goes on where it stood, so that each file is left once.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

import asyncssh

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from simulator.plan import Connection

Answer = TypeVar("Answer")

INBOUND: Final = "/inbound"
OUTBOUND: Final = "/outbound"
PARTIAL: Final = (".part", ".tmp", ".filepart")
CONNECT_TIMEOUT_S: Final = 15
RECONNECT_PAUSE_S: Final = 0.3
STRANGER: Final = (asyncssh.PermissionDenied, asyncssh.HostKeyNotVerifiable)
LOST: Final = (
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    asyncssh.DisconnectError,
    asyncssh.ChannelOpenError,
    OSError,
    TimeoutError,
)


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
    """A mailbox over SFTP, with one session at a time."""

    def __init__(self, connection: Connection) -> None:
        """Get ready for a host; `open` logs in."""
        self._connection = connection
        self._in_place = connection.upload_in_place
        self._open = AsyncExitStack()
        self._client: asyncssh.SFTPClient | None = None

    async def open(self) -> None:
        """Log in; raises asyncssh's or the system's errors when that fails."""
        async with AsyncExitStack() as opening:
            session = await opening.enter_async_context(
                asyncssh.connect(
                    self._connection.host,
                    self._connection.port,
                    username=self._connection.user,
                    client_keys=[str(self._connection.key)],
                    known_hosts=_believed(self._connection),
                    agent_path=None,
                    config=(),
                    connect_timeout=CONNECT_TIMEOUT_S,
                )
            )
            self._client = await opening.enter_async_context(session.start_sftp_client())
            self._open = opening.pop_all()

    async def close(self) -> None:
        """Log out."""
        self._client = None
        await self._open.aclose()

    async def put(self, name: str, data: bytes) -> None:
        """Upload one file into the inbound folder."""
        final = f"{INBOUND}/{name}"
        target = final if self._in_place else f"{final}{PARTIAL[0]}"
        await self._patiently(lambda client: _write(client, target, data))
        if not self._in_place:
            await self._rename(target, final)

    async def waiting(self) -> list[str]:
        """List the outbound folder, leaving out what is still being written."""
        listed = await self._patiently(lambda client: client.listdir(OUTBOUND))
        names = [str(name) for name in listed]
        return sorted(n for n in names if not n.startswith(".") and not n.endswith(PARTIAL))

    async def take(self, name: str) -> bytes:
        """Download one file."""
        return await self._patiently(lambda client: _read(client, f"{OUTBOUND}/{name}"))

    async def remove(self, name: str) -> None:
        """Delete one file from the outbound folder."""
        path = f"{OUTBOUND}/{name}"
        await self._once(path, lambda client: client.remove(path))

    async def _rename(self, old: str, new: str) -> None:
        await self._once(old, lambda client: client.rename(old, new))

    async def _once(
        self, path: str, work: Callable[[asyncssh.SFTPClient], Awaitable[None]]
    ) -> None:
        """Rename or delete: when only the answer was lost, the file is gone and all is done."""
        tried = False

        async def attempt(client: asyncssh.SFTPClient) -> None:
            nonlocal tried
            if tried and not await client.exists(path):
                return
            tried = True
            await work(client)

        await self._patiently(attempt)

    async def _patiently(self, work: Callable[[asyncssh.SFTPClient], Awaitable[Answer]]) -> Answer:
        """Do something on the session; when it breaks, log in again and do it once more."""
        loop = asyncio.get_running_loop()
        deadline_s: float | None = None
        while True:
            try:
                if self._client is None:
                    await self.open()
                return await work(cast("asyncssh.SFTPClient", self._client))
            except STRANGER:
                raise
            except LOST:
                deadline_s = deadline_s or loop.time() + self._connection.reconnect_s
                if loop.time() > deadline_s:
                    raise
                await self.close()
                await asyncio.sleep(RECONNECT_PAUSE_S)


async def _write(client: asyncssh.SFTPClient, path: str, data: bytes) -> None:
    async with client.open(path, "wb") as file:
        await file.write(data)


async def _read(client: asyncssh.SFTPClient, path: str) -> bytes:
    async with client.open(path, "rb") as file:
        return cast("bytes", await file.read())  # opened as binary


@asynccontextmanager
async def open_mailbox(connection: Connection) -> AsyncIterator[SftpMailbox]:
    """Log in and yield the mailbox.

    Only the given key is offered and only the given host key is believed; the machine's own SSH
    settings and agent play no part. Raises `ValueError` when no host key is pinned and trusting
    any was not asked for, and asyncssh's or the system's errors when the log-in fails.
    """
    mailbox = SftpMailbox(connection)
    await mailbox.open()
    try:
        yield mailbox
    finally:
        await mailbox.close()


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
