"""A day on which the exchange dies at every commit ends like a day on which nothing happened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services import host
from tests.distributed.end_state import RESULT_QUERIES
from tests.journeys import papers
from tests.journeys.conftest import LentPool, lent
from tests.journeys.doom import AFTER, BEFORE, Doom, Killed, hang_over
from tests.journeys.exchange import LOOK_S, Exchange, connect, open_exchange, settings_for
from tests.journeys.papers import ADA, BRUNO, CELIA, CORRECTED, Body, Paid
from tests.machines import postgres
from tests.machines.run import Run

pytestmark = pytest.mark.slow

LIVES_MAX = 60
LIFE_MAX_S = 60.0

Step = Callable[[Exchange], Awaitable[tuple[str, list[Body]]]]


async def enrolment(_: Exchange) -> tuple[str, list[Body]]:
    return "814", [papers.request(ADA, "REQ1"), papers.request(BRUNO, "REQ2")]


async def usage(_: Exchange) -> tuple[str, list[Body]]:
    strangers = papers.usage(CELIA, "USE3", papers.FLAT_MONTH)
    return "867", [papers.usage(ADA, "USE1"), papers.usage(BRUNO, "USE2"), strangers]


async def receipts(exchange: Exchange) -> tuple[str, list[Body]]:
    return "997", papers.accepted(exchange.groups("pge"))


async def correction(_: Exchange) -> tuple[str, list[Body]]:
    cancel = papers.usage(BRUNO, "CANCEL2", purpose="01", original="USE2")
    return "867", [cancel, papers.usage(BRUNO, "USE4", CORRECTED)]


async def advice(exchange: Exchange) -> tuple[str, list[Body]]:
    return "824", [papers.advice(BRUNO, "ADV1", await exchange.invoice_of("USE4"))]


async def payment(exchange: Exchange) -> tuple[str, list[Body]]:
    paid = Paid("59.00", ADA.account, await exchange.invoice_of("USE1"))
    credit = Paid("1.00", BRUNO.account, await exchange.invoice_of("USE2"))
    return "820", [papers.payment("pge", "mce", "TRACE1", "60.00", [paid, credit])]


STEPS: tuple[Step, ...] = (enrolment, usage, receipts, correction, advice, payment)

FILE_COMMITS = {
    "edi InboundDesk.arrive",
    "edi InboundDesk._read_spooled",
    "edi InboundDesk._read_batch",
    "edi InboundDesk._finish",
    "edi PostOffice.deliver",
    "edi Relay.publish_window",
    "edi ReceiptDesk._note",
    "rating Consumer.handle",
    "remittance Consumer.handle",
}
ANSWER_COMMITS = {"rating Relay.publish_window", "edi Consumer.handle", "edi OutboundDesk.assemble"}


@dataclass(frozen=True, slots=True)
class Deadly:
    """The part of the day in which the exchange dies; the rest of it is quiet.

    Attributes:
        steps: the files on whose way it dies, and whether before commits, after them, or both.
        places: where it must have died; a renamed one would be left out in silence.
    """

    steps: Mapping[Step, tuple[str, ...]]
    places: set[str]


MORNING = Deadly({enrolment: (AFTER,), usage: (BEFORE, AFTER)}, FILE_COMMITS | ANSWER_COMMITS)
AFTERNOON = Deadly(dict.fromkeys(STEPS[2:], (AFTER,)), FILE_COMMITS)


async def end_state(exchange: Exchange) -> dict[str, list[Any]]:
    """Everything that two such days must have in common, our documents word for word."""
    state: dict[str, list[Any]] = {}
    for what, query in RESULT_QUERIES.items():
        rows = await exchange.database.fetch(query)
        state[what] = sorted((tuple(row) for row in rows), key=repr)
    state["words"] = sorted(
        (each.set_id, tuple(s for s in each.segments if s[:2] != ("BGN", "11")))
        for set_id in ("810", "814", "997")
        for each in exchange.documents("pge", set_id)
    )
    return state


async def live(
    doom: Doom, dsn: str, folder: Path, work: Callable[[Exchange], Awaitable[None]]
) -> None:
    """One life: it ends when everything is at rest, or by the doom."""
    doom.is_dead = False
    try:
        running = await host.start(settings_for(folder, dsn))
    except Killed:
        return
    database = await connect(dsn)
    try:
        exchange = Exchange(running, dsn, database)
        await work(exchange)
        deadline = time.monotonic() + LIFE_MAX_S
        while not doom.is_dead and (busy := await exchange.under_way()):
            assert time.monotonic() < deadline, f"not at rest: {busy}"
            await asyncio.sleep(LOOK_S)
    finally:
        died = doom.is_dead
        doom.is_dead = True  # what is still running dies with the rest
        await database.close()
        await running.lifecycle.close()
        doom.is_dead = died


async def live_and_die(doom: Doom, dsn: str, folder: Path, step: Step, number: int) -> None:
    """Send one file, and start the exchange again each time it died, until it lives on."""
    sent = False

    async def send_once(exchange: Exchange) -> None:
        nonlocal sent
        if not sent:
            set_id, bodies = await step(exchange)
            data = papers.file_of("pge", set_id, number, bodies)
            await exchange.put("pge", data, f"{number}.edi")
            sent = True

    for _ in range(LIVES_MAX):
        await live(doom, dsn, folder, send_once)
        if sent and not doom.is_dead:
            return
    raise AssertionError(f"still dying after {LIVES_MAX} lives: {doom.deaths}")


@pytest.fixture(scope="session")
def undisturbed(
    run: Run,
    postgres_dsn: str,
    migrated_template: str,
    lent_workers: LentPool,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, list[Any]]:
    """What the day comes to when nothing happens."""

    async def live_quietly(dsn: str) -> dict[str, list[Any]]:
        async with open_exchange(dsn, tmp_path_factory.mktemp("quiet")) as exchange:
            for step in STEPS:
                set_id, bodies = await step(exchange)
                await exchange.send("pge", set_id, *bodies)
            assert await exchange.wrongs() == []
            return await end_state(exchange)

    def live_once() -> dict[str, list[Any]]:
        dsn = postgres.create_database(postgres_dsn, migrated_template)
        with lent(lent_workers):
            state = postgres.wait_for(live_quietly(dsn))
        postgres.drop_database(postgres_dsn, dsn)
        return state

    return run.once("undisturbed", live_once)


class TestDeathAtEveryCommit:
    @pytest.mark.parametrize("deadly", [MORNING, AFTERNOON], ids=["morning", "afternoon"])
    async def test_the_day_ends_as_if_nothing_had_happened(
        self,
        deadly: Deadly,
        undisturbed: dict[str, list[Any]],
        migrated_dsn: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        places: set[str] = set()

        for number, step in enumerate(STEPS, start=1):
            doom = Doom(deadly.steps.get(step, ()))
            with monkeypatch.context() as patch:
                hang_over(doom, patch)
                await live_and_die(doom, migrated_dsn, tmp_path, step, number)
            places |= {place for _, place in doom.deaths}

        async with open_exchange(migrated_dsn, tmp_path) as exchange:
            await exchange.settle()
            assert await exchange.wrongs() == []
            state = await end_state(exchange)
        for what, rows in undisturbed.items():
            assert state[what] == rows, what
        assert places >= deadly.places
