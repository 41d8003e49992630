"""A small SFTP server of the tests' own, with one mailbox in a temporary folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from simulator.plan import Connection


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    home = tmp_path / "home"
    (home / "inbound").mkdir(parents=True)
    (home / "outbound").mkdir()
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    host_key.write_public_key(tmp_path / "host.pub")
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key.write_private_key(tmp_path / "user")
    user_key.write_public_key(tmp_path / "user.pub")

    class Home(asyncssh.SFTPServer):
        def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(channel, chroot=str(home).encode())

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=str(tmp_path / "user.pub"),
        sftp_factory=Home,
    )
    async with server:
        yield Connection(
            "127.0.0.1", server.get_port(), "pge", tmp_path / "user", tmp_path / "host.pub"
        )
