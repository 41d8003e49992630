"""A utility that wants us to call its own SFTP server: we fetch its files and put ours there."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import asyncssh
import pytest

from services.edi_gateway.outbound import PendingDocument
from services.edi_gateway.post_office import RETRY_MAX_S, PostOffice
from services.edi_gateway.transport.sftp_client import RemoteServer
from shared.contracts.parts import Environment
from tests.contract.sample_parts import CHARGE
from tests.contract.samples import ENVELOPES
from tests.integration.edi_gateway.transport.actors import INTERCHANGE, new_key
from tests.journeys.gateway_alone import Alone, open_gateway

LONG_AGO = 1_700_000_000


@dataclass
class Utility:
    """A utility's own server, which serves two plain folders."""

    folder: Path
    remote: RemoteServer

    @property
    def to_us(self) -> Path:
        return self.folder / "to_us"

    @property
    def from_us(self) -> Path:
        return self.folder / "from_us"


@pytest.fixture
async def utility(tmp_path: Path) -> AsyncIterator[Utility]:
    folder = tmp_path / "utility"
    for name in ("to_us", "from_us"):
        (folder / name).mkdir(parents=True)
    ours, theirs = new_key(tmp_path / "our_key"), new_key(tmp_path / "their_key")
    (tmp_path / "authorized").write_bytes(ours.export_public_key())
    acceptor = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[theirs],
        authorized_client_keys=str(tmp_path / "authorized"),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder).encode()),
    )
    remote = RemoteServer(
        host="127.0.0.1",
        port=acceptor.get_port(),
        user="ccax",
        key_path=tmp_path / "our_key",
        host_key=theirs.export_public_key().decode(),
        inbound_dir="/to_us",
        outbound_dir="/from_us",
    )
    yield Utility(folder, remote)
    acceptor.close()
    await acceptor.wait_closed()


@pytest.fixture
async def alone(migrated_dsn: str, tmp_path: Path) -> AsyncIterator[Alone]:
    async with open_gateway(migrated_dsn, tmp_path / "ours") as alone:
        yield alone


def office_of(alone: Alone, remote: RemoteServer) -> PostOffice:
    gateway = alone.gateway
    return PostOffice(
        gateway.database,
        gateway.inbound,
        gateway.folders,
        gateway.utilities,
        alone.clock,
        Environment.TEST,
        {"pge": remote},
    )


async def interchange_for_pge(alone: Alone) -> None:
    charge = CHARGE.model_copy(update={"invoice_number": "I1", "transaction_id": uuid4()})
    envelope = ENVELOPES["ChargesRated"].model_copy(update={"utility": "pge", "cca": "mce"})
    async with alone.gateway.database.unit_of_work() as session:
        await alone.gateway.outbound.enqueue(
            session, [PendingDocument.of_charge(charge, envelope, alone.clock.now())]
        )
    await alone.assemble_all()


class TestUtilityWithItsOwnServer:
    async def test_its_files_are_fetched_archived_and_taken_away_there(
        self, alone: Alone, utility: Utility
    ) -> None:
        waiting = utility.to_us / "usage.edi"
        waiting.write_bytes(INTERCHANGE)
        os.utime(waiting, (LONG_AGO, LONG_AGO))
        office = office_of(alone, utility.remote)

        assert await office.fetch() == 1
        assert await office.collect() == 1

        assert await alone.rows("SELECT utility, name, state FROM edi.file") == [
            ("pge", "usage.edi", "received")
        ]
        assert list(utility.to_us.iterdir()) == []

    async def test_our_files_are_put_there_and_not_into_a_mailbox(
        self, alone: Alone, utility: Utility
    ) -> None:
        await interchange_for_pge(alone)

        assert await office_of(alone, utility.remote).deliver() == 1

        (delivered,) = utility.from_us.iterdir()
        stored = await alone.rows("SELECT data FROM edi.file_chunk ORDER BY sequence")
        assert delivered.read_bytes() == b"".join(bytes(data) for (data,) in stored)
        assert list(alone.gateway.folders.outbound("pge").iterdir()) == []

    async def test_a_server_with_another_host_key_gets_nothing_and_is_not_stormed(
        self, alone: Alone, utility: Utility, tmp_path: Path
    ) -> None:
        await interchange_for_pge(alone)
        other = new_key(tmp_path / "other_key").export_public_key().decode()
        office = office_of(alone, replace(utility.remote, host_key=other))

        assert await office.deliver() == 0
        assert await office.fetch() == 0

        ((after,),) = await alone.rows("SELECT deliver_after FROM edi.file")
        assert (after - alone.clock.now()).total_seconds() == RETRY_MAX_S
        assert list(utility.from_us.iterdir()) == []
