"""A connection breaks in the middle: half a file never has an effect."""

from __future__ import annotations

import asyncio

import asyncssh
import pytest

from services.edi_gateway.transport.naming import name_of_upload
from services.edi_gateway.transport.seam import Arrival
from tests.integration.edi_gateway.transport.actors import (
    INTERCHANGE,
    Exchange,
    Utility,
    until,
)


class TestCutConnections:
    async def test_a_cut_upload_has_no_effect_and_is_reported_as_incomplete(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        connection = await pge.connect()
        sftp = await connection.start_sftp_client()
        file = await sftp.open("/inbound/a.edi", "wb")
        await file.write(INTERCHANGE)  # whole by its looks, but nobody said it was finished
        assert await exchange.folders.arrived("pge") == []
        connection.abort()
        await until(lambda: not exchange.folders.uploads.being_written())
        assert await exchange.folders.arrived("pge") == []
        await asyncio.sleep(0.4)
        [found] = await exchange.folders.arrived("pge")
        assert (found.name, found.status) == ("a.edi", Arrival.INCOMPLETE)
        assert found.path.read_bytes() == INTERCHANGE
        assert exchange.heard.closed == []

    async def test_half_a_file_closed_in_good_order_is_incomplete(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        half = pge.file("half", INTERCHANGE[:-10])  # as after an interrupted `put`
        assert (await pge.sftp(f"put {half} inbound/a.edi"))[0] == 0
        assert await exchange.folders.arrived("pge") == []
        await asyncio.sleep(0.4)
        [found] = await exchange.folders.arrived("pge")
        assert (found.name, found.status) == ("a.edi", Arrival.INCOMPLETE)

    async def test_a_session_that_ends_with_open_files_counts_as_cut(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        async with await pge.connect() as connection:
            sftp = await connection.start_sftp_client()
            file = await sftp.open("/inbound/a.edi", "wb")
            await file.write(INTERCHANGE)
            sftp.exit()
            await sftp.wait_closed()
            await until(lambda: not exchange.folders.uploads.being_written())
        assert exchange.heard.closed == []
        names = [path.name for path in exchange.folders.inbound("pge").iterdir()]
        assert [name_of_upload(name) for name in names] == ["a.edi"]

    async def test_openssh_killed_in_the_middle_leaves_no_effect(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        pge.file("big", INTERCHANGE + b" " * 7_000_000)
        program = await asyncio.create_subprocess_exec(
            *("sftp", "-l", "2000", "-b", "-", *pge.ssh_options, "pge@127.0.0.1"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert program.stdin is not None
        program.stdin.write(f"put {pge.home / 'big'} inbound/big.edi\n".encode())
        await until(exchange.folders.uploads.being_written)
        await asyncio.sleep(0.2)
        program.kill()
        await program.wait()
        await until(lambda: not exchange.folders.uploads.being_written())
        assert exchange.heard.closed == []
        assert await exchange.folders.arrived("pge") == []

    async def test_the_partner_sends_it_again_and_both_are_kept(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        connection = await pge.connect()
        sftp = await connection.start_sftp_client()
        file = await sftp.open("/inbound/a.edi", "wb")
        await file.write(INTERCHANGE[:50])
        connection.abort()
        status, said = await pge.sftp(f"put {pge.file('a')} inbound/a.edi")
        assert status == 0, said
        await asyncio.sleep(0.05)
        assert await exchange.inbound_bytes() == {"a.edi": INTERCHANGE}

    async def test_a_file_that_is_still_written_is_not_taken_even_after_a_rename(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        async with await pge.connect() as connection, connection.start_sftp_client() as sftp:
            file = await sftp.open("/inbound/a.part", "wb")
            await file.write(INTERCHANGE)
            with pytest.raises(asyncssh.SFTPPermissionDenied, match="still being written"):
                await sftp.rename("/inbound/a.part", "/inbound/a.edi")
            await file.close()
            await sftp.rename("/inbound/a.part", "/inbound/a.edi")
        assert await exchange.inbound_bytes() == {"a.edi": INTERCHANGE}

    async def test_stopping_the_server_cuts_what_is_being_written(
        self, exchange: Exchange, pge: Utility
    ) -> None:
        connection = await pge.connect()
        sftp = await connection.start_sftp_client()
        file = await sftp.open("/inbound/a.edi", "wb")
        await file.write(INTERCHANGE)
        await exchange.server.stop()
        assert not exchange.folders.uploads.being_written()
        assert await exchange.folders.arrived("pge") == []
        connection.abort()
