"""Documents on their way out: bundles, control numbers, and bytes that never change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.edi_gateway import numbering
from services.edi_gateway.outbound import PendingDocument
from shared.contracts.charges import Charge
from simulator.x12 import read_interchanges
from tests.contract.sample_parts import CHARGE
from tests.contract.samples import ENVELOPES
from tests.journeys.gateway_alone import Alone, open_gateway

ENVELOPE = ENVELOPES["ChargesRated"]


@pytest.fixture
async def alone(migrated_dsn: str, tmp_path: Path) -> AsyncIterator[Alone]:
    async with open_gateway(migrated_dsn, tmp_path) as alone:
        yield alone


def charge(number: int) -> Charge:
    return CHARGE.model_copy(
        update={"invoice_number": f"I{number}", "transaction_id": uuid4(), "charge_id": uuid4()}
    )


async def enqueue(alone: Alone, *charges: Charge, cca: str = "mce") -> None:
    envelope = ENVELOPE.model_copy(update={"cca": cca})
    async with alone.gateway.database.unit_of_work() as session:
        await alone.gateway.outbound.enqueue(
            session,
            [PendingDocument.of_charge(one, envelope, alone.clock.now()) for one in charges],
        )


async def files(alone: Alone) -> list[tuple[str, int]]:
    rows = await alone.rows(
        "SELECT name, transactions_total FROM edi.file WHERE direction = 'outbound' ORDER BY name"
    )
    return [(name, count) for name, count in rows]


class TestBundles:
    async def test_documents_of_one_moment_share_an_interchange(self, alone: Alone) -> None:
        await enqueue(alone, charge(1), charge(2), charge(3))

        await alone.assemble_all()

        assert await files(alone) == [("PGE_810_000000001.edi", 3)]

    async def test_documents_wait_until_no_more_come(self, alone: Alone) -> None:
        await enqueue(alone, charge(1))

        assert await alone.gateway.outbound.assemble() == 0

    async def test_two_ccas_never_share_an_interchange(self, alone: Alone) -> None:
        await enqueue(alone, charge(1))
        await enqueue(alone, charge(2), cca="pce")

        await alone.assemble_all()

        assert [count for _, count in await files(alone)] == [1, 1]

    async def test_the_same_document_asked_for_twice_is_sent_once(self, alone: Alone) -> None:
        one = charge(1)
        await enqueue(alone, one)
        await enqueue(alone, one)
        await alone.assemble_all()
        await enqueue(alone, one)
        await alone.assemble_all()

        assert await files(alone) == [("PGE_810_000000001.edi", 1)]


class TestControlNumbers:
    async def test_after_the_last_number_the_count_begins_again_at_one(self, alone: Alone) -> None:
        async with alone.gateway.database.unit_of_work() as session:
            await numbering.seed(session, "pge", "test", numbering.INTERCHANGE, 999_999_998)

        for number in (1, 2):
            await enqueue(alone, charge(number))
            await alone.assemble_all()

        assert [name for name, _ in await files(alone)] == [
            "PGE_810_000000001.edi",
            "PGE_810_999999999.edi",
        ]

    async def test_a_failure_while_rendering_uses_up_no_number(self, alone: Alone) -> None:
        broken = charge(1)
        await enqueue(alone, broken)
        await alone.database.execute("UPDATE edi.outbound_document SET payload = '{}'")
        alone.clock.advance(seconds=30)
        with pytest.raises(ValueError, match="validation error"):
            await alone.gateway.outbound.assemble()
        await alone.database.execute(
            "UPDATE edi.outbound_document SET payload = $1", broken.model_dump_json()
        )

        await alone.assemble_all()

        assert await files(alone) == [("PGE_810_000000001.edi", 1)]

    async def test_each_utility_and_environment_counts_for_itself(self, alone: Alone) -> None:
        taken = []
        for utility, environment in (("pge", "test"), ("sce", "test"), ("pge", "production")):
            async with alone.gateway.database.unit_of_work() as session:
                taken.append(
                    await numbering.take(session, utility, environment, numbering.INTERCHANGE)
                )

        assert taken == [1, 1, 1]

    @pytest.mark.parametrize("last", [-1, 1_000_000_000])
    async def test_a_seed_that_is_no_control_number_is_refused(
        self, alone: Alone, last: int
    ) -> None:
        with pytest.raises(ValueError, match="between 0 and"):
            async with alone.gateway.database.unit_of_work() as session:
                await numbering.seed(session, "pge", "test", numbering.GROUP, last)


class TestDelivery:
    async def test_stored_bytes_are_delivered_and_read_by_another_reader(
        self, alone: Alone
    ) -> None:
        await enqueue(alone, charge(1))
        await alone.assemble_all()

        assert await alone.gateway.post_office.deliver() == 1
        assert await alone.gateway.post_office.deliver() == 0

        (path,) = alone.gateway.folders.outbound("pge").glob("*.edi")
        (interchange,) = read_interchanges(path.read_bytes())
        assert interchange.control == 1
