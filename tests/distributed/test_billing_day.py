"""Whether a billing day passes through three processes, whatever happens to them on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.distributed.conftest import DAY, DAY_MAX_S, REST_MAX_S
from tests.distributed.end_state import Record, Rows
from tests.distributed.installation import (
    GATEWAY,
    RATING,
    REMITTANCE,
    SERVICES,
    Installation,
    PlayedDay,
    playing,
    wait_for,
)
from tests.machines.rabbitmq import (
    Broker,
    delete_queues,
    drop_virtual_host,
    fresh_virtual_host,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("distributed")]

# Each condition becomes true once on a day; the work it speaks of is then half done.
MOMENTS = {
    GATEWAY: (
        "SELECT count(*) >= 15 FROM edi.transaction WHERE set_id = '814'",
        "SELECT count(*) >= 15 FROM edi.transaction WHERE set_id = '867'",
        "SELECT count(*) >= 1 FROM edi.transaction WHERE set_id = '810'",
        "SELECT count(*) >= 1 FROM edi.transaction WHERE set_id = '820'",
    ),
    RATING: (
        "SELECT count(*) >= 1 FROM rating.enrollment_requests",
        "SELECT count(*) >= 1 FROM rating.charges",
        "SELECT count(*) >= 1 FROM rating.charges WHERE purpose = 'cancel'",
    ),
    REMITTANCE: (
        "SELECT count(*) >= 1 FROM remittance.receivable",
        "SELECT count(*) >= 1 FROM remittance.verdict",
        "SELECT count(*) >= 1 FROM remittance.remittance",
    ),
}


@pytest.fixture
def record(installation: Installation) -> Iterator[Record]:
    with closing(Record(installation.database_url)) as record:
        yield record


@pytest.fixture
def day(installation: Installation, key: Path) -> Iterator[PlayedDay]:
    """The day has begun; whoever asks for it may disturb it."""
    with playing(installation, key, installation.one(GATEWAY).sftp_port, options=DAY) as begun:
        yield begun


def until(record: Record, moment: str, day: PlayedDay) -> None:
    """Wait for a moment of the day, or after it: our books may still be at work then."""

    def reached() -> bool:
        return bool(record.rows(moment)[0][0])

    wait_for(lambda: reached() or day.has_failed, moment, DAY_MAX_S, look_every_s=0.02)
    assert reached(), f"the day went wrong before {moment}"


def ends_as(day: PlayedDay, record: Record, undisturbed: dict[str, Rows]) -> bool:
    report = day.until_over(DAY_MAX_S)
    assert report["days"][0]["problems"] == []
    with suppress(AssertionError):  # what differs is told below
        wait_for(lambda: record.results() == undisturbed, "the same end state", REST_MAX_S)
    assert record.faults() == []
    results = record.results()
    for what, rows in undisturbed.items():
        assert results[what] == rows, what
    return True


class TestBillingDayThroughThreeProcesses:
    def test_the_utility_and_our_own_record_agree_that_it_balances(
        self, undisturbed: dict[str, Rows]
    ) -> None:
        assert len(undisturbed["accounts"]) == 60
        assert len(undisturbed["charges"]) > 50
        assert len(undisturbed["open holds"]) >= 3
        assert {row[4] for row in undisturbed["remittances"]} == {"posted"}
        debits, credits_ = (sum(row[place] for row in undisturbed["journal"]) for place in (3, 4))
        assert debits == credits_ > 0


class TestServiceKilledInTheMiddleOfTheDay:
    @pytest.mark.parametrize("service", SERVICES)
    def test_it_goes_on_after_its_restart_and_the_day_ends_the_same(
        self,
        service: str,
        installation: Installation,
        day: PlayedDay,
        record: Record,
        undisturbed: dict[str, Rows],
    ) -> None:
        process = installation.one(service)
        for moment in MOMENTS[service]:
            until(record, moment, day)
            process.kill()
            process.start()
            process.until_ready()

        assert ends_as(day, record, undisturbed)


class TestStopSignal:
    def test_each_service_ends_in_good_order_and_the_day_ends_the_same(
        self,
        installation: Installation,
        day: PlayedDay,
        record: Record,
        undisturbed: dict[str, Rows],
    ) -> None:
        for service in SERVICES:
            process = installation.one(service)
            until(record, MOMENTS[service][1], day)
            assert process.stop() == 0, f"{service} did not end in good order"
            process.start()
            process.until_ready()

        assert ends_as(day, record, undisturbed)


class TestWipedBroker:
    def test_without_queues_the_services_make_them_again_and_nothing_is_lost(
        self,
        installation: Installation,
        rabbitmq: Broker,
        day: PlayedDay,
        record: Record,
        undisturbed: dict[str, Rows],
    ) -> None:
        until(record, MOMENTS[GATEWAY][1], day)
        assert delete_queues(rabbitmq, installation.amqp_url) > len(SERVICES)

        assert ends_as(day, record, undisturbed)

    def test_empty_after_a_restart_nothing_is_lost(
        self,
        installation: Installation,
        rabbitmq: Broker,
        day: PlayedDay,
        record: Record,
        undisturbed: dict[str, Rows],
    ) -> None:
        until(record, MOMENTS[GATEWAY][1], day)
        drop_virtual_host(rabbitmq, installation.amqp_url)
        fresh_virtual_host(rabbitmq, installation.amqp_url)

        assert ends_as(day, record, undisturbed)
        wait_for(record.is_at_rest, "every message to be acknowledged", REST_MAX_S)


class TestTwoCopiesOfEachService:
    def test_they_share_the_work_and_nothing_is_doubled(
        self,
        installation: Installation,
        record: Record,
        key: Path,
        undisturbed: dict[str, Rows],
    ) -> None:
        seconds = [installation.add(service) for service in SERVICES]
        installation.until_ready()
        with playing(installation, key, seconds[0].sftp_port, options=DAY) as day:
            assert ends_as(day, record, undisturbed)

        wait_for(record.is_at_rest, "every message to be acknowledged", REST_MAX_S)
        idle = [process.name for process in installation.processes if not process.handled()]
        assert idle == []
