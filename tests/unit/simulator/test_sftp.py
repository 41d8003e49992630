"""Whether files really travel over SFTP: whole, under their final name, to a host that is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from simulator.plan import Connection
from simulator.sftp import open_mailbox


class TestSftpMailbox:
    @pytest.mark.parametrize("in_place", [True, False])
    async def test_an_upload_arrives_whole_under_its_name(
        self, connection: Connection, tmp_path: Path, *, in_place: bool
    ) -> None:
        data = b"ISA" * 500_000
        async with open_mailbox(replace(connection, upload_in_place=in_place)) as mailbox:
            await mailbox.put("PGE_867_1.edi", data)

        (file,) = (tmp_path / "home" / "inbound").iterdir()
        assert file.name == "PGE_867_1.edi"
        assert file.read_bytes() == data

    async def test_answers_are_listed_read_and_deleted(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        outbound = tmp_path / "home" / "outbound"
        for name in ("b.edi", "a.edi", "c.edi.part", ".hidden"):
            (outbound / name).write_bytes(name.encode())

        async with open_mailbox(connection) as mailbox:
            assert await mailbox.waiting() == ["a.edi", "b.edi"]
            assert await mailbox.take("a.edi") == b"a.edi"
            await mailbox.remove("a.edi")
            assert await mailbox.waiting() == ["b.edi"]


class TestHostKey:
    async def test_another_hosts_key_is_not_believed(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        asyncssh.generate_private_key("ssh-ed25519").write_public_key(tmp_path / "other.pub")

        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            async with open_mailbox(replace(connection, host_key=tmp_path / "other.pub")):
                pass

    async def test_the_key_may_be_given_as_text(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        text = (tmp_path / "host.pub").read_text()

        async with open_mailbox(replace(connection, host_key=text)) as mailbox:
            assert await mailbox.waiting() == []

    async def test_no_key_at_all_must_be_asked_for_by_name(self, connection: Connection) -> None:
        with pytest.raises(ValueError, match="public key"):
            async with open_mailbox(replace(connection, host_key=None)):
                pass
        trusting = replace(connection, host_key=None, trust_any_host_key=True)
        async with open_mailbox(trusting) as mailbox:
            assert await mailbox.waiting() == []
