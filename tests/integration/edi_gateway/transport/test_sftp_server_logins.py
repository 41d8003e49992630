"""Who may log in to our SFTP server, and by what partners recognise it."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import asyncssh
import pytest

from services.edi_gateway.transport.sftp_server import PartnerSftpServer, load_host_key
from tests.integration.edi_gateway.transport.actors import (
    Exchange,
    Utility,
    new_key,
    until,
)


class TestWhoMayLogIn:
    async def test_a_wrong_key_is_refused(self, exchange: Exchange, pge: Utility) -> None:
        new_key(pge.home / "key")
        status, said = await pge.sftp("ls")
        assert status != 0
        assert "Permission denied (publickey)" in said

    async def test_another_partners_key_is_refused(self, pge: Utility, sce: Utility) -> None:
        sce.user = "pge"
        status, _ = await sce.sftp("ls")
        assert status != 0

    async def test_a_key_counts_from_the_moment_it_is_added_until_it_is_withdrawn(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        line = exchange.keys["pge"].pop()
        assert (await pge.sftp("ls"))[0] != 0
        exchange.keys["pge"].append(line)
        assert (await pge.sftp("ls"))[0] == 0
        exchange.keys["pge"].clear()
        assert (await pge.sftp("ls"))[0] != 0

    async def test_a_password_is_not_even_asked_for(self, exchange: Exchange, pge: Utility) -> None:
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh.connect(
                "127.0.0.1",
                exchange.server.port,
                username="pge",
                password="secret",
                client_keys=None,
                known_hosts=None,
                config=None,
                agent_path=None,
            )

    @pytest.mark.parametrize("user", ["root", "..", "../sce", "", "pge/../sce"])
    async def test_an_unknown_name_is_refused(
        self, exchange: Exchange, pge: Utility, user: str
    ) -> None:
        exchange.keys[user] = exchange.keys["pge"] if user != "root" else []
        pge.user = user
        with pytest.raises((asyncssh.Error, OSError)):
            await pge.connect()

    async def test_keys_other_than_ed25519_are_refused(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        pge.key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
        exchange.keys["pge"] = [pge.key.export_public_key().decode(), "not a key"]
        with pytest.raises(asyncssh.PermissionDenied):
            await pge.connect()

    async def test_an_address_that_keeps_failing_has_to_wait(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        seconds = [1000.0]
        exchange.server.elapsed_s = lambda: seconds[0]
        good, pge.key = pge.key, asyncssh.generate_private_key("ssh-ed25519")
        for _ in range(5):
            with pytest.raises(asyncssh.PermissionDenied):
                await pge.connect()
        await until(lambda: exchange.server.guard.wait_s("127.0.0.1", 1000.0) > 0)
        pge.key = good
        with pytest.raises((asyncssh.Error, OSError)):
            await pge.connect()
        seconds[0] += 6
        async with await pge.connect():
            assert exchange.server.guard.wait_s("127.0.0.1", seconds[0]) == 0


class TestTheHostKey:
    async def test_it_is_made_once_and_readable_by_us_alone(self, exchange: Exchange) -> None:
        first = exchange.server
        assert stat.S_IMODE(first.host_key_path.stat().st_mode) == 0o600
        second = PartnerSftpServer(
            exchange.folders, first.authorized_keys, first.host_key_path, host="127.0.0.1", port=0
        )
        await second.start()
        assert second.host_key == first.host_key
        assert second.host_key.startswith("ssh-ed25519 ")
        await second.stop()

    async def test_copies_of_the_gateway_that_start_together_have_the_same(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "new" / "host_key"
        keys = await asyncio.gather(*(asyncio.to_thread(load_host_key, path) for _ in range(8)))
        assert len({key.export_public_key() for key in keys}) == 1
        assert [left.name for left in path.parent.iterdir()] == ["host_key"]

    async def test_a_damaged_key_file_is_a_fault_and_stays(self, exchange: Exchange) -> None:
        path = exchange.server.host_key_path
        path.write_text("damaged")
        second = PartnerSftpServer(exchange.folders, exchange.server.authorized_keys, path, port=0)
        with pytest.raises(asyncssh.KeyImportError):
            await second.start()
        assert path.read_text() == "damaged"
