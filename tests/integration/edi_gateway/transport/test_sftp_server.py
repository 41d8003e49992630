"""A utility brings and fetches files with OpenSSH's own client and with a scripted one."""

from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from services.edi_gateway.transport.seam import Arrival
from services.edi_gateway.transport.server_policy import Hooks
from tests.integration.edi_gateway.transport.actors import (
    INTERCHANGE,
    Exchange,
    Utility,
    until,
)


class TestBringingFiles:
    async def test_a_direct_upload_arrives_at_once(self, exchange: Exchange, pge: Utility) -> None:
        status, said = await pge.sftp(f"put {pge.file('a.edi')} inbound/a.edi")
        assert status == 0, said
        [file] = await exchange.folders.arrived("pge")
        assert (file.name, file.status, file.size) == (
            "a.edi",
            Arrival.COMPLETE,
            len(INTERCHANGE),
        )
        assert file.path.read_bytes() == INTERCHANGE
        assert exchange.heard.closed == ["pge:a.edi"]

    async def test_a_rename_into_place_arrives_under_the_new_name(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        source = pge.file("a.edi")
        for number, suffix in enumerate((".part", ".filepart", ".tmp", ".PART")):
            name = f"{number}.edi"
            status, said = await pge.sftp(f"put {source} inbound/{name}{suffix}")
            assert status == 0, said
            assert name not in await exchange.inbound_bytes()
            await pge.sftp(f"rename inbound/{name}{suffix} inbound/{name}")
            assert name in await exchange.inbound_bytes()
        assert exchange.heard.renamed == [f"pge:{number}.edi" for number in range(4)]

    async def test_a_program_that_sets_times_and_rights_is_not_disturbed(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        source = pge.file("a.edi")
        source.chmod(0o777)
        os.utime(source, (1, 1))
        status, said = await pge.sftp(f"put -p {source} inbound/a.edi")
        assert status == 0, said
        [file] = await exchange.folders.arrived("pge")
        assert file.modified_at.year > 2000
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o640

    async def test_a_second_file_of_a_waiting_name_leaves_both_bytes(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        other = INTERCHANGE.replace(b"000000001", b"000000002")
        status, said = await pge.sftp(
            f"put {pge.file('one')} inbound/a.edi",
            f"put {pge.file('two', other)} inbound/a.edi",
            f"put {pge.file('three', other + b' ')} inbound/a.part",
            "rename inbound/a.part inbound/a.edi",
            "ls -l inbound",
        )
        assert status == 0, said
        assert said.count(f" {len(other) + 1} ") == 1, "the newest is shown, and only it"
        assert sorted((await exchange.inbound_bytes()).values()) == sorted(
            [INTERCHANGE, other, other + b" "]
        )
        assert [file.name for file in await exchange.folders.arrived("pge")] == ["a.edi"] * 3

    async def test_fifty_files_at_once_all_arrive(self, exchange: Exchange, pge: Utility) -> None:
        async with await pge.connect() as connection:
            sessions = [await connection.start_sftp_client() for _ in range(5)]

            async def put(number: int) -> None:
                sftp = sessions[number % 5]
                async with sftp.open(f"/inbound/{number}.edi", "wb") as file:
                    await file.write(INTERCHANGE + b" " * number)

            await asyncio.gather(*(put(number) for number in range(50)))
        found = await exchange.inbound_bytes()
        assert found == {f"{n}.edi": INTERCHANGE + b" " * n for n in range(50)}

    async def test_a_large_file_arrives_byte_for_byte(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        large = INTERCHANGE[:-20] + os.urandom(5_000_000)
        status, said = await pge.sftp(f"put {pge.file('big', large)} inbound/big")
        assert status == 0, said
        assert (exchange.folders.inbound("pge") / "big").read_bytes() == large

    async def test_an_upload_is_resumed_under_its_temporary_name(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        pge.file("half", INTERCHANGE[:100])
        whole = pge.file("whole")
        status, said = await pge.sftp(
            f"put {pge.home / 'half'} inbound/a.part",
            f"reput {whole} inbound/a.part",
            "rename inbound/a.part inbound/a.edi",
        )
        assert status == 0, said
        assert await exchange.inbound_bytes() == {"a.edi": INTERCHANGE}


class TestFetchingFiles:
    async def test_a_file_is_fetched_and_removed(self, exchange: Exchange, pge: Utility) -> None:
        await exchange.folders.deliver("pge", "PGE_810_000000001.edi", [INTERCHANGE])
        status, said = await pge.sftp(
            "ls outbound",
            f"get outbound/PGE_810_000000001.edi {pge.home / 'got'}",
            "rm outbound/PGE_810_000000001.edi",
            "ls outbound",
        )
        assert status == 0, said
        assert (pge.home / "got").read_bytes() == INTERCHANGE
        assert list(exchange.folders.outbound("pge").iterdir()) == []
        await until(lambda: exchange.heard.picked_up == ["pge:PGE_810_000000001.edi"])

    async def test_half_delivered_files_are_not_shown(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        (exchange.folders.outbound("pge") / ".x.edi.0123456789abcdef.part").write_bytes(b"half")
        status, said = await pge.sftp(
            "ls -a outbound", "-get outbound/.x.edi.0123456789abcdef.part"
        )
        assert "x.edi" not in said.split("sftp>")[1].partition("\n")[2], said
        assert "not found" in said
        assert status == 0


class TestTheWallsOfAMailbox:
    @pytest.mark.parametrize(
        "command",
        [
            "put {source} outbound/a.edi",
            "put {source} a.edi",
            "put {source} ../a.edi",
            "put {source} ../../../tmp/a.edi",
            "put {source} /etc/a.edi",
            "put {source} inbound/../../sce/inbound/a.edi",
            "put {source} inbound/.hidden",
            "put {source} inbound/a.edi.~2~",
            "mkdir inbound/sub",
            "mkdir other",
            "rmdir inbound",
            "rm inbound/waiting.edi",
            "get inbound/waiting.edi",
            "get ../../../../etc/passwd",
            "get /etc/passwd",
            "symlink /etc/passwd inbound/link",
            "symlink ../../sce/inbound inbound/link",
            "ln outbound/ours.edi inbound/a.edi",
            "rename outbound/ours.edi inbound/a.edi",
            "rename outbound/ours.edi outbound/a.edi",
            "rename inbound/waiting.edi outbound/a.edi",
            "rename inbound/waiting.edi ../../sce/inbound/a.edi",
            "rename inbound outbound/x",
            "ls ../sce",
            "cd /root",
        ],
    )
    async def test_it_cannot_be_left_or_changed(
        self, exchange: Exchange, pge: Utility, command: str
    ) -> None:
        waiting = exchange.folders.inbound("pge") / "waiting.edi"
        waiting.write_bytes(INTERCHANGE)
        await exchange.folders.deliver("pge", "ours.edi", [INTERCHANGE])
        before = sorted(path for path in exchange.folders.root.rglob("*"))
        status, said = await pge.sftp(f"lcd {pge.home}", command.format(source=pge.file("a")))
        assert status != 0, said
        assert sorted(path for path in exchange.folders.root.rglob("*")) == before
        assert exchange.heard == type(exchange.heard)()

    async def test_a_link_that_an_operator_left_is_not_followed(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        (exchange.folders.outbound("pge") / "link").symlink_to("/etc/passwd")
        (exchange.folders.inbound("pge") / "link.part").symlink_to("/tmp/elsewhere")
        status, _ = await pge.sftp(f"get outbound/link {pge.home / 'got'}")
        assert status != 0
        async with await pge.connect() as connection, connection.start_sftp_client() as sftp:
            with pytest.raises(asyncssh.SFTPError):
                await sftp.open("/inbound/link.part", "ab")
        assert not Path("/tmp/elsewhere").exists()

    async def test_a_partner_sees_only_its_own_mailbox(
        self, exchange: Exchange, pge: Utility, sce: Utility
    ) -> None:
        await pge.sftp(f"put {pge.file('a')} inbound/a.edi")
        _, said = await sce.sftp("ls inbound", "ls /")
        assert "a.edi" not in said
        assert await exchange.folders.arrived("sce") == []

    async def test_there_is_no_shell_no_tunnel_and_no_scp(self, pge: Utility) -> None:
        async with await pge.connect() as connection:
            with pytest.raises(asyncssh.Error):
                await connection.run("id", check=True)
            with pytest.raises(asyncssh.Error):
                await connection.open_connection("127.0.0.1", 22)
            with pytest.raises((asyncssh.Error, OSError)):
                await asyncssh.scp(str(pge.file("a")), (connection, "/inbound/a"))


class TestLimits:
    async def test_too_large_a_file_is_refused_and_leaves_nothing(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        big = pge.file("big", b"x" * (8 * 1024**2 + 1))
        status, said = await pge.sftp(f"put {big} inbound/big")
        assert status != 0, said
        await until(lambda: not list(exchange.folders.inbound("pge").iterdir()))

    async def test_too_many_open_files_are_refused(self, pge: Utility) -> None:
        async with await pge.connect() as connection, connection.start_sftp_client() as sftp:
            for number in range(16):
                await sftp.open(f"/inbound/{number}", "wb")
            with pytest.raises(asyncssh.SFTPError, match="Up to 16 files"):
                await sftp.open("/inbound/one_more", "wb")

    async def test_a_partner_gets_so_many_connections_and_no_more(self, pge: Utility) -> None:
        connections = [await pge.connect() for _ in range(8)]
        with pytest.raises(asyncssh.Error):
            async with await pge.connect() as ninth:
                await ninth.start_sftp_client()
        connections[0].close()
        await connections[0].wait_closed()
        async with await pge.connect() as again:
            await again.start_sftp_client()
        for connection in connections:
            connection.close()

    async def test_whoever_connects_and_stays_silent_is_sent_away(self, exchange: Exchange) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", exchange.server.port)
        await asyncio.wait_for(reader.read(), 5)
        writer.close()

    async def test_one_address_cannot_take_all_places_without_logging_in(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        port = exchange.server.port
        strangers = [await asyncio.open_connection("127.0.0.1", port) for _ in range(32)]
        await until(lambda: exchange.server.strangers["127.0.0.1"] == 32)
        with pytest.raises((asyncssh.Error, OSError)):
            await pge.connect()
        for _, writer in strangers:
            writer.close()
        await until(lambda: not exchange.server.strangers)
        async with await pge.connect():
            assert not exchange.server.strangers

    async def test_uploads_are_refused_before_the_disk_is_full(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        exchange.server.limits = replace(exchange.server.limits, free_bytes=10**18)
        status, said = await pge.sftp(f"put {pge.file('a')} inbound/a.edi")
        assert status != 0, said
        assert list(exchange.folders.inbound("pge").iterdir()) == []


class TestHooks:
    async def test_one_that_fails_disturbs_nobody(self, exchange: Exchange, pge: Utility) -> None:
        async def fails(partner: str, path: Path) -> None:
            raise ConnectionError("the database went away")

        exchange.server.hooks = Hooks(on_closed=fails)
        status, said = await pge.sftp(
            f"put {pge.file('a')} inbound/a.edi", f"put {pge.file('a')} inbound/b.edi"
        )
        assert status == 0, said
        assert set(await exchange.inbound_bytes()) == {"a.edi", "b.edi"}
