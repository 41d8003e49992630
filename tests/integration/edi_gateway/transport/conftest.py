"""Starts our SFTP server on a free port, with two utilities that may log in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.edi_gateway.transport.folder import MailboxFolders, QuietPeriods
from services.edi_gateway.transport.server_policy import Limits
from services.edi_gateway.transport.sftp_server import PartnerSftpServer
from tests.integration.edi_gateway.transport.actors import Exchange, Heard, Utility


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    folders = MailboxFolders(tmp_path / "mailboxes", QuietPeriods(0.05, 0.3))
    keys: dict[str, list[str]] = {}
    heard = Heard()

    async def authorized_keys(utility: str) -> list[str]:
        return keys.get(utility, [])

    server = PartnerSftpServer(
        folders,
        authorized_keys,
        tmp_path / "data" / "host_key",
        host="127.0.0.1",
        port=0,
        hooks=heard.hooks(),
        limits=Limits(file_bytes=8 * 1024**2, open_handles=16, free_bytes=1, login_grace_s=2),
    )
    for utility in ("pge", "sce"):
        await folders.create(utility)
    await server.start()
    yield Exchange(folders, keys, heard, server)
    await server.stop()


@pytest.fixture
def pge(exchange: Exchange, tmp_path: Path) -> Utility:
    return exchange.new_utility(tmp_path / "pge_computer", "pge")


@pytest.fixture
def sce(exchange: Exchange, tmp_path: Path) -> Utility:
    return exchange.new_utility(tmp_path / "sce_computer", "sce")
