"""Fetches files from a utility's own SFTP server and puts ours there.

Some utilities run the server themselves. The rules are the same on both sides: a file is taken
only when it lies still, appears whole or not at all, and a repeated delivery changes nothing. The
server's key is pinned: another key is an alarm, never a question.
"""

from __future__ import annotations

import asyncio
import hashlib
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, cast

import asyncssh

from services.edi_gateway.transport.naming import is_acceptable, is_temporary
from services.edi_gateway.transport.seam import Chunks, NameNotAllowed, NameTaken
from services.edi_gateway.transport.server_policy import FILE_BYTES_MAX
from services.edi_gateway.transport.storing import each_chunk
from shared.platform.refusals import Refusal
from shared.platform.telemetry import logger

CONNECT_S = 20.0
LOGIN_S = 20.0
KEEPALIVE_S = 15.0
KEEPALIVE_MISSES_MAX = 3
STABLE_S = 5.0
"""A remote file is taken when its size and time are the same after this long."""
READ_BYTES = 1024 * 1024
COLLECT_MAX = 10_000
"""Files taken in one visit; the rest is taken at the next."""
PART_SUFFIX = ".part"
RETRY_DELAYS = (timedelta(minutes=30), timedelta(minutes=60))
"""Before the second and the third attempt: three within 30 to 120 minutes (NAESB 12.3.10/11)."""

Into = Callable[[str, AsyncIterator[bytes]], Awaitable[None]]
"""Stores one collected file; when it returns, the bytes are safe with us."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class RemoteServer:
    """A utility's own SFTP server.

    Attributes:
        host: name or address.
        port: TCP port.
        user: our user name there.
        key_path: our private key.
        host_key: the server's public key as an OpenSSH line, agreed beforehand.
        inbound_dir: the remote folder whose files are for us.
        outbound_dir: the remote folder where we put files.
        done_dir: collected files are moved here; None to delete them.
    """

    host: str
    port: int
    user: str
    key_path: Path
    host_key: str
    inbound_dir: str
    outbound_dir: str
    done_dir: str | None = None


@dataclass(frozen=True, slots=True)
class CollectedFile:
    """A file that was fetched, stored with us and taken away there."""

    name: str
    size: int
    sha256: str


class RemoteRefusal(Refusal):
    """Root of what may go wrong with a remote server; `retry` tells whether to try again."""

    code: ClassVar[str] = "remote_server"
    status: ClassVar[int] = 502
    title: ClassVar[str] = "The utility's server did not do what was asked"
    retry: ClassVar[bool] = True


class ServerUnreachable(RemoteRefusal):
    """No connection, or it broke; try again later."""

    code: ClassVar[str] = "remote_unreachable"
    status: ClassVar[int] = 504
    title: ClassVar[str] = "The utility's server cannot be reached"


class HostKeyChanged(RemoteRefusal):
    """Another server key than agreed: perhaps an impostor. Nothing was sent; a person must look."""

    code: ClassVar[str] = "remote_host_key_changed"
    title: ClassVar[str] = "The utility's server showed another key than the agreed one"
    retry: ClassVar[bool] = False


class LoginRefused(RemoteRefusal):
    """The server does not accept our key; trying again would only get us locked out."""

    code: ClassVar[str] = "remote_login_refused"
    title: ClassVar[str] = "The utility's server does not accept our key"
    retry: ClassVar[bool] = False


class RequestRefused(RemoteRefusal):
    """The server refused a request: no such folder, no right to write, disk full."""

    code: ClassVar[str] = "remote_request_refused"
    title: ClassVar[str] = "The utility's server refused the request"


class FileChanged(RemoteRefusal):
    """A file changed while it was read or written; nothing of it was taken."""

    code: ClassVar[str] = "remote_file_changed"
    title: ClassVar[str] = "The file changed on the utility's server meanwhile"


def retry_delays() -> tuple[timedelta, ...]:
    """How long to wait before the second, third, … attempt; then a person is told."""
    return RETRY_DELAYS


async def collect(
    server: RemoteServer, into: Into, *, stable_s: float = STABLE_S
) -> list[CollectedFile]:
    """Fetch every finished, still file, oldest first, and take it away once `into` has stored it.

    Names that say "half-written" and names that could leave a folder are left. If the connection
    breaks between storing and taking away, the file comes again: its bytes are then an exact copy.

    Args:
        server: where to look.
        into: stores one file, e.g. `MailboxFolders.receive` for one utility.
        stable_s: how long a file must lie still.

    Raises:
        ServerUnreachable: no connection, or it broke.
        HostKeyChanged: the server is not the one that was agreed.
        LoginRefused: our key is not accepted.
        RequestRefused: a folder cannot be listed, or a file not read or taken away.
        FileChanged: a file was rewritten while it was read.
    """
    collected: list[CollectedFile] = []
    async with _session(server) as sftp:
        before = await _still(server, sftp)
        if not before:
            return collected
        await asyncio.sleep(stable_s)
        after = await _still(server, sftp)
        ready = [(look, name) for name, look in after.items() if before.get(name) == look]
        for look, name in sorted(ready, key=lambda item: (item[0].modified, item[1])):
            collected.append(await _collect_one(server, sftp, name, look, into))
            if len(collected) >= COLLECT_MAX:
                break
    return collected


async def deliver(server: RemoteServer, name: str, chunks: Chunks) -> None:
    """Put one file: temporary name, size check, then its name.

    The same bytes under the name are a success: the reply to an earlier attempt was lost. What a
    broken attempt left under the temporary name is overwritten.

    Raises:
        NameTaken: other bytes lie there under that name; they stay.
        NameNotAllowed: the name could leave the folder or be mistaken for a half-written file.
        ServerUnreachable, HostKeyChanged, LoginRefused, RequestRefused, FileChanged: as `collect`.
    """
    if not is_acceptable(name) or is_temporary(name):
        raise NameNotAllowed(f"{name!r} cannot name a delivered file")
    target = _join(server.outbound_dir, name)
    async with _session(server) as sftp:
        if await _look(server, sftp, target) is not None:
            if await _holds(server, sftp, target, chunks):
                _log.info("file was delivered before", host=server.host, file=name)
                return
            raise NameTaken(f"{server.host} has other bytes under {name}")
        part = target + PART_SUFFIX
        size = await _write(server, sftp, part, chunks)
        look = await _look(server, sftp, part)
        if look is None or look.size != size:
            raise FileChanged(f"{server.host} kept {look.size if look else 0} of {size} bytes")
        with _in_our_words(server):
            await sftp.rename(part, target)


@dataclass(frozen=True, slots=True)
class _Look:
    """A remote file as it was at one look."""

    size: int
    modified: int


@asynccontextmanager
async def _session(server: RemoteServer) -> AsyncIterator[asyncssh.SFTPClient]:
    """A session with the agreed server, and no other."""
    pinned = asyncssh.import_public_key(server.host_key)
    our_key = await asyncio.to_thread(asyncssh.read_private_key, server.key_path)
    with _in_our_words(server):
        connection = await asyncssh.connect(
            server.host,
            server.port,
            username=server.user,
            client_keys=[our_key],
            known_hosts=([pinned], [], []),
            config=None,
            agent_path=None,
            preferred_auth="publickey",
            connect_timeout=CONNECT_S,
            login_timeout=LOGIN_S,
            keepalive_interval=KEEPALIVE_S,
            keepalive_count_max=KEEPALIVE_MISSES_MAX,
        )
    try:
        with _in_our_words(server):
            sftp = await connection.start_sftp_client()
        yield sftp
    finally:
        connection.close()
        await connection.wait_closed()


@contextmanager
def _in_our_words(server: RemoteServer) -> Iterator[None]:
    """Turn what the library raises into refusals that say what to do next."""
    try:
        yield
    except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as fault:
        _log.error("host key changed", host=server.host, problem=str(fault))
        raise HostKeyChanged(f"{server.host}: {fault}") from fault
    except asyncssh.PermissionDenied as fault:
        _log.error("login refused", host=server.host, user=server.user)
        raise LoginRefused(f"{server.host} refuses the key of {server.user}") from fault
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection) as fault:
        raise ServerUnreachable(f"{server.host}: {fault}") from fault
    except asyncssh.SFTPError as fault:
        raise RequestRefused(f"{server.host}: {fault.reason}") from fault
    except (OSError, asyncssh.Error) as fault:
        raise ServerUnreachable(f"{server.host}: {fault}") from fault


async def _still(server: RemoteServer, sftp: asyncssh.SFTPClient) -> dict[str, _Look]:
    """Files in the remote inbound folder that may be taken, if they do not change."""
    with _in_our_words(server):
        entries = await sftp.readdir(server.inbound_dir)
    looks: dict[str, _Look] = {}
    for entry in entries:
        name = entry.filename if isinstance(entry.filename, str) else entry.filename.decode()
        attrs = entry.attrs
        if not stat.S_ISREG(attrs.permissions or stat.S_IFREG) or is_temporary(name):
            continue
        size = attrs.size or 0
        if not is_acceptable(name) or size > FILE_BYTES_MAX:
            _log.error("remote file left", host=server.host, file=name, size=size)
            continue
        looks[name] = _Look(size, attrs.mtime or 0)
    return looks


async def _collect_one(
    server: RemoteServer, sftp: asyncssh.SFTPClient, name: str, look: _Look, into: Into
) -> CollectedFile:
    path = _join(server.inbound_dir, name)
    digest = hashlib.sha256()
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        async for chunk in _read(server, sftp, path):
            digest.update(chunk)
            read += len(chunk)
            yield chunk
        # Checked before the last step of `into`, so that nothing wrong is stored.
        if read != look.size or await _look(server, sftp, path) != look:
            raise FileChanged(f"{name} on {server.host} changed while it was read")

    await into(name, chunks())
    if read != look.size:
        raise RuntimeError(f"{name} was stored with {read} of {look.size} bytes")
    with _in_our_words(server):
        if server.done_dir is None:
            await sftp.remove(path)
        else:
            done = f"{name}.{digest.hexdigest()[:12]}"  # many files may share a name over time
            await sftp.posix_rename(path, _join(server.done_dir, done))
    return CollectedFile(name, read, digest.hexdigest())


async def _read(server: RemoteServer, sftp: asyncssh.SFTPClient, path: str) -> AsyncIterator[bytes]:
    with _in_our_words(server):
        file = await sftp.open(path, "rb", encoding=None)
    try:
        while True:
            with _in_our_words(server):
                chunk = await file.read(READ_BYTES)
            if not chunk:
                return
            yield cast("bytes", chunk)  # the library types every file as text
    finally:
        with _in_our_words(server):
            await file.close()


async def _write(server: RemoteServer, sftp: asyncssh.SFTPClient, path: str, chunks: Chunks) -> int:
    written = 0
    with _in_our_words(server):
        file = await sftp.open(path, "wb", encoding=None)
    try:
        async for chunk in each_chunk(chunks):
            with _in_our_words(server):
                await file.write(chunk)
            written += len(chunk)
    finally:
        with _in_our_words(server):
            await file.close()
    return written


async def _holds(
    server: RemoteServer, sftp: asyncssh.SFTPClient, path: str, chunks: Chunks
) -> bool:
    """Whether the remote file holds exactly these bytes."""
    ours, theirs = hashlib.sha256(), hashlib.sha256()
    async for chunk in each_chunk(chunks):
        ours.update(chunk)
    async for chunk in _read(server, sftp, path):
        theirs.update(chunk)
    return ours.digest() == theirs.digest()


async def _look(server: RemoteServer, sftp: asyncssh.SFTPClient, path: str) -> _Look | None:
    with _in_our_words(server):
        try:
            attrs = await sftp.stat(path)
        except asyncssh.SFTPNoSuchFile:
            return None
    return _Look(attrs.size or 0, attrs.mtime or 0)


def _join(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"
