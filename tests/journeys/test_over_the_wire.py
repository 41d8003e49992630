"""The real wires: a utility at the SFTP door, RabbitMQ between the services, and no RabbitMQ."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import asyncssh
import pytest

from services.edi_gateway.operations.access import add_partner_key
from shared.platform.clock import SystemClock
from simulator.plan import Connection, DayPlan, Faults
from simulator.utility import billing_day
from tests.journeys import papers
from tests.journeys.exchange import Exchange, billed, elements, open_exchange
from tests.journeys.papers import ADA, BRUNO, MONTH_USD, Paid
from tests.machines.rabbitmq import Broker

BROKER_BACK_MAX_S = 60.0


@pytest.fixture
async def over_rabbitmq(
    migrated_dsn: str, fresh_rabbitmq_url: str, tmp_path: Path
) -> AsyncIterator[Exchange]:
    """The exchange on its first day, with RabbitMQ between its services."""
    async with open_exchange(migrated_dsn, tmp_path, amqp_url=fresh_rabbitmq_url) as exchange:
        yield exchange
        assert await exchange.wrongs() == []


@pytest.fixture
async def over_a_broker_to_break(
    migrated_dsn: str, url_on_rabbitmq_to_break: str, tmp_path: Path
) -> AsyncIterator[Exchange]:
    """The exchange on its first day, on a RabbitMQ that will die."""
    amqp_url = url_on_rabbitmq_to_break
    async with open_exchange(migrated_dsn, tmp_path, amqp_url=amqp_url) as exchange:
        yield exchange
        assert await exchange.wrongs() == []


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The utility's private key; the public one lies beside it."""
    path = tmp_path / "utility_key"
    made = asyncssh.generate_private_key("ssh-ed25519")
    made.write_private_key(path)
    made.write_public_key(path.with_name("utility_key.pub"))
    return path


async def connection(exchange: Exchange, utility: str, key: Path) -> Connection:
    """Let the utility in with its key, and tell it where to come."""
    public = key.with_name(f"{key.name}.pub").read_text()
    async with exchange.gateway.database.unit_of_work() as session:
        await add_partner_key(session, utility, public, SystemClock().now())
    sftp = exchange.gateway.sftp
    return Connection("127.0.0.1", sftp.port, utility, key, host_key=sftp.host_key)


class TestSimulatedUtility:
    @pytest.mark.slow
    @pytest.mark.parametrize("utility", ["pge", "sce", "sdge"])
    async def test_a_day_with_every_mischief_balances_on_both_sides(
        self, utility: str, exchange: Exchange, key: Path
    ) -> None:
        plan = DayPlan(
            utility,
            await connection(exchange, utility, key),
            accounts=40,
            faults=Faults(0.2, 0.05, 0.1, 0.05),
            delimiters="sce" if utility == "sce" else "standard",
            poll_s=0.05,
        )

        report = await billing_day(plan)
        await exchange.settle()

        assert report.problems == ()
        assert report.charged > 20
        paid = sum(cca.paid_cents for cca in report.ccas)
        books = await exchange.remittance.audit()
        assert books.every_cent_placed
        assert books.placed_cents == paid
        waiting = await exchange.rows(
            "SELECT set_id, business_key FROM edi.transaction WHERE 'waiting' IN"
            " (delivered, acknowledged, applied, rated)"
        )
        assert waiting == []


class TestRabbitMq:
    async def test_from_enrolment_to_payment_over_the_broker(self, over_rabbitmq: Exchange) -> None:
        exchange = over_rabbitmq
        await exchange.send("pge", "814", papers.request(ADA, "REQ1"))
        await exchange.send("pge", "867", papers.usage(ADA, "USE1"))
        await exchange.send("pge", "997", *papers.accepted(exchange.groups("pge")))
        invoice = await exchange.invoice_of("USE1")
        line = Paid(MONTH_USD, ADA.account, invoice)
        await exchange.send("pge", "820", papers.payment("pge", "mce", "T1", MONTH_USD, [line]))

        assert await exchange.state("outbound", "810", invoice) == {
            "valid": "accepted",
            "delivered": "delivered",
            "acknowledged": "accepted",
            "paid": "paid",
        }
        assert await exchange.journal() == {
            "cash_in_transit": Decimal(MONTH_USD),
            **billed(Decimal(MONTH_USD), "0.15"),
        }


class TestBrokerDown:
    @pytest.mark.slow
    async def test_files_are_taken_and_receipted_meanwhile_and_billed_once_when_it_is_back(
        self, rabbitmq_to_break: Broker, over_a_broker_to_break: Exchange
    ) -> None:
        exchange = over_a_broker_to_break
        await exchange.send(
            "pge", "814", papers.request(ADA, "REQ1"), papers.request(BRUNO, "REQ2")
        )

        rabbitmq_to_break.stop_hard()
        for number, (who, key) in enumerate(((ADA, "USE1"), (BRUNO, "USE2")), start=100):
            data = papers.file_of("pge", "867", number, [papers.usage(who, key)])
            await exchange.put("pge", data, f"{key}.edi")

        async def receipted() -> bool:
            told = [elements(one, "AK1")[0] for one in exchange.documents("pge", "997")]
            return {("PT", "100"), ("PT", "101")} <= set(told)

        await exchange.until(receipted)
        assert exchange.documents("pge", "810") == []
        assert (await exchange.state("inbound", "867", "USE1"))["rated"] == "waiting"

        rabbitmq_to_break.start()
        await exchange.settle(BROKER_BACK_MAX_S)

        charges = sorted(elements(one, "BIG")[0][4] for one in exchange.documents("pge", "810"))
        assert charges == ["USE1", "USE2"]
