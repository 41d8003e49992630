"""Lets utilities bring and fetch files over SFTP, each in a mailbox of its own.

A partner logs in with an Ed25519 key, sees `/inbound` and `/outbound` and nothing else. This is,
with the client, the only file that knows the SSH library; what a partner may do is decided in
`mailbox_view.py`, and what happens to its bytes in `handles.py`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import asyncssh

from services.edi_gateway.transport.folder import MailboxFolders
from services.edi_gateway.transport.handles import Download, Upload
from services.edi_gateway.transport.login_guard import LoginGuard
from services.edi_gateway.transport.mailbox_view import MailboxView, denied, locate, shown
from services.edi_gateway.transport.naming import is_partner
from services.edi_gateway.transport.nudges import Nudges
from services.edi_gateway.transport.server_policy import (
    KEEPALIVE_MISSES_MAX,
    AuthorizedKeys,
    Hooks,
    Limits,
)
from services.edi_gateway.transport.session import MailboxSession, OpenMode, forbidden
from shared.platform.telemetry import logger

KEY_ALGORITHM = "ssh-ed25519"
SFTP_VERSION = 3
_KEY_FILE_MODE = 0o600

_log = logger(__name__)


def load_host_key(path: Path) -> asyncssh.SSHKey:
    """The server's own Ed25519 key; made (mode 0600) when there is none, never replaced.

    A key that changes makes us an impostor to every partner at once: a file that cannot be read
    is a fault.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        key = asyncssh.generate_private_key(KEY_ALGORITHM, comment="cca-exchange")
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _KEY_FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.export_private_key("openssh"))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):  # another copy was first: its key is the key
            path.hardlink_to(fresh)
        fresh.unlink()
    return asyncssh.read_private_key(path)


@dataclass(slots=True)
class PartnerSftpServer:
    """The SFTP server for all utilities.

    Attributes:
        folders: the mailboxes; the server tells them which files are being written.
        authorized_keys: asked at every login, so keys may change while the server runs.
        host_key_path: the server's own key, made at the first start.
        host: address to listen on, empty for all.
        port: TCP port, 0 for any free one; holds the real one once started.
        hooks: whom to call when files move.
        limits: how much one partner may take.
        guard: which addresses must wait after failed logins.
        elapsed_s: a clock for durations that is never set back.
        connections: logged-in connections by partner.
        strangers: connections that have not proved a key yet, by address.
        nudges: hooks that are running.
        sessions: the SFTP sessions going on.
    """

    folders: MailboxFolders
    authorized_keys: AuthorizedKeys
    host_key_path: Path
    host: str = ""
    port: int = 2222
    hooks: Hooks = field(default_factory=Hooks)
    limits: Limits = field(default_factory=Limits)
    guard: LoginGuard = field(default_factory=LoginGuard)
    elapsed_s: Callable[[], float] = time.monotonic
    connections: Counter[str] = field(default_factory=Counter)
    strangers: Counter[str] = field(default_factory=Counter)
    nudges: Nudges = field(default_factory=Nudges)
    sessions: set[MailboxSession] = field(default_factory=set)
    _open: set[asyncssh.SSHServerConnection] = field(default_factory=set)
    _acceptor: asyncssh.SSHAcceptor | None = None
    _public_key: str = ""

    async def start(self) -> None:
        """Listen; raises `OSError` when the port is taken."""
        key = await asyncio.to_thread(load_host_key, self.host_key_path)
        self._public_key = key.export_public_key("openssh").decode().strip()
        self._acceptor = await asyncssh.listen(
            self.host,
            self.port,
            server_host_keys=[key],
            server_factory=lambda: _Login(self),
            sftp_factory=self._session,
            sftp_version=SFTP_VERSION,
            allow_scp=False,
            agent_forwarding=False,
            x11_forwarding=False,
            compression_algs=["none"],  # nothing on the wire may unfold into more than it is
            login_timeout=self.limits.login_grace_s,
            keepalive_interval=self.limits.keepalive_s,
            keepalive_count_max=KEEPALIVE_MISSES_MAX,
        )
        self.port = self._acceptor.get_port()
        _log.info("sftp listening", port=self.port, host_key=key.get_fingerprint())

    @property
    def host_key(self) -> str:
        """Our public host key as an OpenSSH line, for partners to pin."""
        return self._public_key

    async def stop(self) -> None:
        """Stop listening and end all sessions; half-written files stay without effect."""
        if self._acceptor is None:
            return
        self._acceptor.close()
        for connection in list(self._open):
            connection.abort()
        for session in list(self.sessions):
            await session.end()
        await self._acceptor.wait_closed()
        await self.nudges.finished()
        self._acceptor = None

    def admit(self, connection: asyncssh.SSHServerConnection, address: str) -> bool:
        """Whether a new connection may try to log in."""
        wait_s = self.guard.wait_s(address, self.elapsed_s())
        if wait_s > 0:
            _log.warning("sftp address must wait", address=address, wait_s=round(wait_s, 1))
            return False
        if (
            len(self._open) >= self.limits.connections
            or self.strangers[address] >= self.limits.strangers_per_address
        ):
            _log.warning("sftp too many connections", address=address)
            return False
        self._open.add(connection)
        self.strangers[address] += 1
        return True

    def no_stranger(self, address: str) -> None:
        """A connection from the address proved a key, or ended without."""
        self.strangers[address] -= 1
        if self.strangers[address] <= 0:
            del self.strangers[address]

    def gone(self, connection: asyncssh.SSHServerConnection) -> None:
        """A connection ended."""
        self._open.discard(connection)

    def _session(self, channel: asyncssh.SSHServerChannel[bytes]) -> _Session:
        return _Session(channel, self)


class _Login(asyncssh.SSHServer):
    """One connection, from the first byte to the proof of a key."""

    def __init__(self, server: PartnerSftpServer) -> None:
        self._server = server
        self._connection: asyncssh.SSHServerConnection | None = None
        self._address = ""
        self._partner = ""
        self._admitted = False
        self._tried = False
        self._proved = False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        peer = conn.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        self._connection = conn
        self._admitted = self._server.admit(conn, self._address)
        if not self._admitted:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._admitted or self._connection is None:
            return
        self._server.gone(self._connection)
        if not self._proved:
            self._server.no_stranger(self._address)
        if self._proved:
            self._server.connections[self._partner] -= 1
        elif self._tried:
            self._server.guard.failed(self._address, self._server.elapsed_s())
            _log.warning(
                "sftp login failed",
                address=self._address,
                utility=self._partner,
                problem=str(exc or ""),
            )

    def begin_auth(self, username: str) -> bool:
        self._tried = True
        self._partner = username
        return True

    def password_auth_supported(self) -> bool:
        return False

    def kbdint_auth_supported(self) -> bool:
        return False

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        if not is_partner(username) or key.get_algorithm() != KEY_ALGORITHM:
            return False
        lines = await self._server.authorized_keys(username)
        return any(key.public_data == known.public_data for known in _read_keys(lines))

    async def auth_completed(self) -> None:
        server = self._server
        self._proved = True
        server.no_stranger(self._address)
        server.guard.succeeded(self._address)
        server.connections[self._partner] += 1
        if server.connections[self._partner] > server.limits.connections_per_partner:
            _log.warning("sftp too many connections", utility=self._partner)
            if self._connection is not None:
                self._connection.disconnect(
                    asyncssh.DISC_TOO_MANY_CONNECTIONS, "Too many connections of this partner"
                )
            return
        await server.folders.create(self._partner)
        _log.info("sftp login", utility=self._partner, address=self._address)


def _read_keys(lines: list[str]) -> list[asyncssh.SSHKey]:
    keys: list[asyncssh.SSHKey] = []
    for line in lines:
        try:
            keys.append(asyncssh.import_public_key(line))
        except asyncssh.KeyImportError as fault:
            _log.error("sftp key unreadable", problem=str(fault))
    return keys


class _Session(asyncssh.SFTPServer):
    """One SFTP session of one partner; the library asks one thing at a time."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], server: PartnerSftpServer) -> None:
        super().__init__(chan)
        self._server = server
        partner = str(chan.get_extra_info("username"))
        folders = server.folders
        self._mailbox = MailboxSession(
            partner=partner,
            view=MailboxView(folders.inbound(partner).parent, folders.uploads.is_open),
            uploads=folders.uploads,
            limits=server.limits,
            hooks=server.hooks,
            nudge=server.nudges.run,
        )
        server.sessions.add(self._mailbox)

    async def exit(self) -> None:
        self._server.sessions.discard(self._mailbox)
        await self._mailbox.end()

    # What a listing shows: our own user names are nobody's business

    def format_user(self, uid: int | None) -> str:  # noqa: ARG002
        return self._mailbox.partner

    def format_group(self, gid: int | None) -> str:  # noqa: ARG002
        return self._mailbox.partner

    # Files

    async def open(
        self,
        path: bytes,
        pflags: int,
        attrs: asyncssh.SFTPAttrs,  # noqa: ARG002 - rights of files are ours, not the partner's
    ) -> object:
        mode = OpenMode(
            write=bool(pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_APPEND)),
            truncate=bool(pflags & asyncssh.FXF_TRUNC),
            exclusive=bool(pflags & asyncssh.FXF_EXCL),
            append=bool(pflags & asyncssh.FXF_APPEND),
        )
        return await self._mailbox.open(path, mode)

    def close(self, file_obj: object) -> Awaitable[None]:
        # A lost connection closes all files from an exception handler of the library, a partner's
        # request never does. The library has no other sign, and taking the first for the second
        # would bill half a file; the tests cut connections in several ways to hold this true.
        in_good_order = sys.exc_info()[0] is None
        return self._mailbox.close(_file(file_obj), in_good_order=in_good_order)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        return await _file(file_obj).read(offset, size)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        return await _upload(file_obj).write(offset, data)

    async def fstat(self, file_obj: object) -> os.stat_result:
        return await _file(file_obj).status()

    async def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        # Times and rights are ours; a partner's program may set them and is not disturbed.
        if attrs.size is not None:
            await _upload(file_obj).truncate(attrs.size)

    async def fsync(self, file_obj: object) -> None:
        await _upload(file_obj).sync()

    # Names

    def realpath(self, path: bytes) -> bytes:
        return shown(locate(path))

    async def stat(self, path: bytes) -> os.stat_result:
        return await self._mailbox.status(path)

    async def lstat(self, path: bytes) -> os.stat_result:
        return await self._mailbox.status(path)

    async def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        await self._mailbox.status(path)
        if attrs.size is not None:
            raise forbidden()

    async def lsetstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        await self.setstat(path, attrs)

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        for name, status in await self._mailbox.entries(path):
            yield asyncssh.SFTPName(os.fsencode(name), attrs=asyncssh.SFTPAttrs.from_local(status))

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._mailbox.rename(oldpath, newpath)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._mailbox.rename(oldpath, newpath)

    async def remove(self, path: bytes) -> None:
        await self._mailbox.remove(path)

    # What a mailbox does not offer

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        raise forbidden(path, attrs)

    def rmdir(self, path: bytes) -> None:
        raise forbidden(path)

    def readlink(self, path: bytes) -> bytes:
        raise forbidden(path)

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        raise forbidden(oldpath, newpath)

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        raise forbidden(oldpath, newpath)

    def statvfs(self, path: bytes) -> os.statvfs_result:
        raise forbidden(path)

    def fstatvfs(self, file_obj: object) -> os.statvfs_result:
        raise forbidden(file_obj)


def _file(file_obj: object) -> Download | Upload:
    return cast("Download | Upload", file_obj)


def _upload(file_obj: object) -> Upload:
    if isinstance(file_obj, Upload):
        return file_obj
    raise denied("The file is open for reading only")
