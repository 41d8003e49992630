"""Whether files really travel over SFTP: whole, under their final name, to a host that is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from simulator.plan import Connection
from simulator.sftp import SftpMailbox, open_mailbox


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


class TestBrokenConnection:
    async def test_it_logs_in_again_and_each_file_is_left_and_taken_once(
        self, connection: Connection, tmp_path: Path
    ) -> None:
        outbound = tmp_path / "home" / "outbound"
        (outbound / "a.edi").write_bytes(b"a")
        async with open_mailbox(connection) as mailbox:
            await _hang_up(mailbox)
            await mailbox.put("first.edi", b"first")
            await _hang_up(mailbox)
            assert await mailbox.take("a.edi") == b"a"
            await mailbox.remove("a.edi")

        assert [file.name for file in (tmp_path / "home" / "inbound").iterdir()] == ["first.edi"]
        assert list(outbound.iterdir()) == []

    async def test_a_rename_whose_answer_was_lost_is_not_an_error(
        self, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rename = asyncssh.SFTPClient.rename
        lost: list[str] = []

        async def rename_then_break(client: asyncssh.SFTPClient, old: str, new: str) -> None:
            await rename(client, old, new)
            if not lost:
                lost.append(new)
                raise asyncssh.SFTPConnectionLost("cable cut")

        monkeypatch.setattr(asyncssh.SFTPClient, "rename", rename_then_break)
        async with open_mailbox(connection) as mailbox:
            await mailbox.put("first.edi", b"first")

        (file,) = (tmp_path / "home" / "inbound").iterdir()
        assert (file.name, file.read_bytes()) == ("first.edi", b"first")

    async def test_a_host_that_stays_away_is_given_up(self, connection: Connection) -> None:
        brief = replace(connection, reconnect_s=0.1)
        async with open_mailbox(brief) as mailbox:
            mailbox._connection = replace(brief, port=1)  # noqa: SLF001 - nobody is there any more
            await mailbox.close()
            with pytest.raises(OSError, match="Connect"):
                await mailbox.waiting()

    async def test_a_file_that_is_not_there_is_an_error(self, connection: Connection) -> None:
        async with open_mailbox(connection) as mailbox:
            with pytest.raises(asyncssh.SFTPNoSuchFile):
                await mailbox.remove("nobody.edi")


async def _hang_up(mailbox: SftpMailbox) -> None:
    """Break the connection under the mailbox, as a killed server does."""
    client = mailbox._client  # noqa: SLF001 - the cable lies inside
    assert client is not None
    client.exit()
    await client.wait_closed()


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
