"""Whether a file that was put into a mailbox once is archived once, whoever dies or looks twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from services.edi_gateway.post_office import PostOffice
from services.edi_gateway.store import file
from services.edi_gateway.transport.folder import MailboxFolders, QuietPeriods
from services.edi_gateway.transport.seam import ArrivedFile
from shared.contracts.parts import Environment
from tests.integration.edi_gateway.api.office import Office, interchange, usage_body

NEW_FILE = interchange([usage_body(1)], 77)


class MachineDies(Exception):
    """Stands for a power cut."""


class DyingFolders(MailboxFolders):
    """Mailboxes on a machine that dies after archiving, before the file is taken away."""

    async def remove_inbound(self, file: ArrivedFile) -> None:
        raise MachineDies(file.name)


def copy_of_the_gateway(office: Office, folders: MailboxFolders) -> PostOffice:
    inbound = office.gateway.inbound
    return PostOffice(office.database, inbound, folders, ("pge",), office.clock, Environment.TEST)


async def kept(office: Office, name: str) -> list[tuple[str, str]]:
    async with office.database.read() as session:
        found = await session.execute(select(file.c.name, file.c.state).where(file.c.name == name))
        return [(row.name, row.state) for row in found]


async def lay_down(root: Path, name: str) -> None:
    folders = MailboxFolders(root)
    await folders.create("pge")
    (folders.inbound("pge") / name).write_bytes(NEW_FILE)


AT_ONCE = QuietPeriods(trailer_seen_s=0, no_trailer_s=0)


class TestTakingAFileOnce:
    async def test_a_gateway_that_died_before_taking_it_away_does_not_archive_it_again(
        self, office: Office, tmp_path: Path
    ) -> None:
        await lay_down(tmp_path, "a.edi")
        with pytest.raises(MachineDies):
            await copy_of_the_gateway(office, DyingFolders(tmp_path, AT_ONCE)).collect()

        restarted = MailboxFolders(tmp_path, AT_ONCE)
        await copy_of_the_gateway(office, restarted).collect()

        assert await kept(office, "a.edi") == [("a.edi", "received")]
        assert list(restarted.inbound("pge").iterdir()) == []

    async def test_the_same_bytes_put_there_again_are_a_copy_on_record(
        self, office: Office, tmp_path: Path
    ) -> None:
        gateway = copy_of_the_gateway(office, MailboxFolders(tmp_path, AT_ONCE))
        for _ in range(2):
            await lay_down(tmp_path, "a.edi")
            assert await gateway.collect() == 1

        assert sorted(await kept(office, "a.edi")) == [
            ("a.edi", "duplicate"),
            ("a.edi", "received"),
        ]

    async def test_two_copies_that_look_at_the_same_time_take_it_once(
        self, office: Office, tmp_path: Path
    ) -> None:
        names = [f"{number}.edi" for number in range(5)]
        for number, name in enumerate(names):
            await lay_down(tmp_path, name)
            path = MailboxFolders(tmp_path).inbound("pge") / name
            path.write_bytes(interchange([usage_body(1)], 80 + number))
        copies = [copy_of_the_gateway(office, MailboxFolders(tmp_path, AT_ONCE)) for _ in range(2)]
        taken = sum(await asyncio.gather(*(copy.collect() for copy in copies)))

        assert taken == len(names)
        for name in names:
            assert await kept(office, name) == [(name, "received")]
