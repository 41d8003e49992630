"""Delivery that fails is put off, longer each time, and never holds up the others."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.edi_gateway.outbound import PendingDocument
from tests.contract.sample_parts import CHARGE
from tests.contract.samples import ENVELOPES
from tests.journeys import papers
from tests.journeys.gateway_alone import Alone, open_gateway


@pytest.fixture
async def alone(migrated_dsn: str, tmp_path: Path) -> AsyncIterator[Alone]:
    async with open_gateway(migrated_dsn, tmp_path) as alone:
        yield alone


async def interchange_for(alone: Alone, utility: str, cca: str, invoice: str) -> None:
    """Store an interchange of one charge."""
    charge = CHARGE.model_copy(update={"invoice_number": invoice, "transaction_id": uuid4()})
    envelope = ENVELOPES["ChargesRated"].model_copy(update={"utility": utility, "cca": cca})
    async with alone.gateway.database.unit_of_work() as session:
        await alone.gateway.outbound.enqueue(
            session, [PendingDocument.of_charge(charge, envelope, alone.clock.now())]
        )
    await alone.assemble_all()


class TestFailedDelivery:
    async def test_it_waits_longer_each_time_and_is_told_in_the_ledger(self, alone: Alone) -> None:
        await interchange_for(alone, "pge", "mce", "I1")
        mailbox = alone.gateway.folders.outbound("pge")
        shutil.rmtree(mailbox)

        waits = []
        for _ in range(4):
            assert await alone.gateway.post_office.deliver() == 0
            ((after,),) = await alone.rows("SELECT deliver_after FROM edi.file")
            waits.append((after - alone.clock.now()).total_seconds())
            alone.clock.advance(seconds=waits[-1] - 0.001)
            assert await alone.gateway.post_office.deliver() == 0
            alone.clock.advance(seconds=0.002)
        mailbox.mkdir()

        assert await alone.gateway.post_office.deliver() == 1

        assert waits == [5, 10, 20, 40]
        kinds = await alone.rows("SELECT kind FROM edi.entry WHERE kind LIKE '%Deliver%'")
        assert [kind for (kind,) in kinds].count("DeliveryFailed") == 4
        assert [path.name for path in mailbox.iterdir()] == ["PGE_810_000000001.edi"]

    async def test_other_utilities_get_their_files_meanwhile(self, alone: Alone) -> None:
        await interchange_for(alone, "pge", "mce", "I1")
        await interchange_for(alone, "sce", "cpa", "I2")
        shutil.rmtree(alone.gateway.folders.outbound("pge"))

        delivered = [await alone.gateway.post_office.deliver() for _ in range(2)]

        assert delivered == [0, 1]
        assert len(list(alone.gateway.folders.outbound("sce").iterdir())) == 1


class TestCollection:
    async def test_a_mailbox_that_cannot_be_read_does_not_stop_the_others(
        self, alone: Alone
    ) -> None:
        shutil.rmtree(alone.gateway.folders.inbound("pge"))
        data = papers.file_of("sce", "867", 1, [papers.usage(papers.DARIUS, "USE1")])

        async def whole() -> AsyncIterator[bytes]:
            yield data

        await alone.gateway.folders.receive("sce", "usage.edi", whole())

        assert await alone.gateway.post_office.collect() == 1
        assert await alone.rows("SELECT name, utility FROM edi.file") == [("usage.edi", "sce")]
        assert list(alone.gateway.folders.inbound("sce").iterdir()) == []
