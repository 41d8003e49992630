"""Messages have their effect exactly once, on either wire, whatever fails in between."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select

from shared.contracts.envelope import Envelope
from shared.contracts.parts import MESSAGE_BYTES_MAX
from shared.platform.bus import Bus, Message, QueueSpec
from shared.platform.clock import FixedClock
from shared.platform.database import WriteSession
from shared.platform.mailbox import Outcome, inbox_queue
from shared.platform.memory_bus import MemoryBus
from tests.integration.platform.post_room import (
    EDI_TABLES,
    QUICK,
    REMITTANCE_TABLES,
    PostRoom,
    document_sent,
    note_effect,
    number_of,
    open_post_room,
    running,
)
from tests.integration.platform.waiting import until

INBOX = inbox_queue("remittance")
DEAD = QueueSpec(INBOX, ()).dead_letter_queue


class Faulty:
    """A handler with a bug, until it is mended."""

    def __init__(self, bad: int | None = None, fault: Exception | None = None) -> None:
        self.bad = bad
        self.fault = fault or RuntimeError("a bug")
        self.mended = False
        self.calls = 0

    async def __call__(self, session: WriteSession, envelope: Envelope) -> None:
        self.calls += 1
        await note_effect(session, envelope)
        if not self.mended and self.bad in {None, number_of(envelope)}:
            raise self.fault


class TestSaying:
    async def test_a_message_has_its_effect_and_its_sender_learns_of_it(
        self, post_room: PostRoom
    ) -> None:
        async with running(post_room):
            await post_room.say(document_sent(1))

            await until(post_room.all_handled)

        assert await post_room.effects() == [1]

    async def test_what_was_undone_is_never_said(self, post_room: PostRoom) -> None:
        async def say_and_fail() -> None:
            async with post_room.edi.unit_of_work() as session:
                await post_room.sender.put(session, [document_sent(1)])
                raise RuntimeError("a bug")

        with pytest.raises(RuntimeError):
            await say_and_fail()

        assert await post_room.sender.relay.publish_window() == 0
        assert await post_room.bus.depth(INBOX) == 0

    async def test_a_thousand_messages_are_heard_in_order(self, post_room: PostRoom) -> None:
        heard: list[int] = []

        async def note_order(_session: WriteSession, envelope: Envelope) -> None:
            heard.append(number_of(envelope))

        consumer = post_room.hearer.consumer({"DocumentSent": note_order})
        async with running(post_room, consumer):
            await post_room.say(*(document_sent(number) for number in range(1000)))

            await until(post_room.all_handled, 60)

        assert heard == list(range(1000))

    async def test_two_relays_publish_every_message_once(self, post_room: PostRoom) -> None:
        await post_room.say(*(document_sent(number) for number in range(300)))
        other = post_room.new_sender(post_room.bus)

        async def publish_all(relay_of: PostRoom | None) -> None:
            relay = (relay_of.sender if relay_of else other).relay
            while await relay.publish_window():
                pass

        await asyncio.gather(publish_all(post_room), publish_all(None))

        await until(lambda: _depth_is(post_room.bus, INBOX, 300))

    async def test_a_message_nobody_is_known_to_hear_is_refused(self, post_room: PostRoom) -> None:
        post_room.sender.outbox = type(post_room.sender.outbox)(EDI_TABLES, {}, QUICK)

        with pytest.raises(LookupError, match="say who hears it"):
            await post_room.say(document_sent(1))

    async def test_a_message_too_large_for_the_wire_is_refused(self, post_room: PostRoom) -> None:
        envelope = document_sent(1)
        body = envelope.body.model_copy(update={"set_id": "9" * 4_200_000})
        assert len(body.model_dump_json()) > MESSAGE_BYTES_MAX

        with pytest.raises(ValueError, match="split it into batches"):
            await post_room.say(envelope.model_copy(update={"body": body}))


class TestHearing:
    async def test_a_second_delivery_changes_nothing_and_is_acknowledged_again(
        self, post_room: PostRoom
    ) -> None:
        envelope = document_sent(1)
        copy = Message(str(envelope.id), envelope.type, envelope.to_json())
        await post_room.say(envelope)
        async with running(post_room):
            await until(post_room.all_handled)

            await post_room.bus.publish([copy, copy, copy])
            await until(lambda: _depth_is(post_room.bus, INBOX, 0))

        assert await post_room.effects() == [1]

    async def test_the_same_message_heard_twice_at_once_has_one_effect(
        self, post_room: PostRoom
    ) -> None:
        consumer = post_room.consumer()
        envelope = document_sent(1)

        outcomes = await asyncio.gather(*(consumer.handle(envelope) for _ in range(5)))

        assert sorted(outcomes) == [Outcome.DUPLICATE] * 4 + [Outcome.HANDLED]
        assert await post_room.effects() == [1]

    async def test_two_consumers_share_the_work(self, post_room: PostRoom) -> None:
        await post_room.say(*(document_sent(number) for number in range(100)))
        second = await post_room.hearer.consume(post_room.consumer(), prefetch=5)

        async with running(post_room):
            await until(post_room.all_handled, 30)
        await second.stop()

        assert await post_room.effects() == list(range(100))

    async def test_messages_of_one_cca_keep_their_order_while_another_is_worked_on(
        self, post_room: PostRoom
    ) -> None:
        others_turn = asyncio.Event()
        ended: list[tuple[str, int]] = []

        async def note_order(_session: WriteSession, envelope: Envelope) -> None:
            if envelope.cca == "pce":
                others_turn.set()
            elif number_of(envelope) == 0:
                await others_turn.wait()
            ended.append((envelope.cca, number_of(envelope)))

        consumer = post_room.hearer.consumer({"DocumentSent": note_order})
        await post_room.say(*(document_sent(number) for number in range(5)))
        await post_room.say(document_sent(5, cca="pce"))
        async with running(post_room, consumer, concurrency=6):
            await until(post_room.all_handled)

        assert ended[0] == ("pce", 5)
        assert ended[1:] == [("mce", number) for number in range(5)]

    async def test_a_service_must_handle_exactly_what_it_hears(self, post_room: PostRoom) -> None:
        with pytest.raises(ValueError, match="hears"):
            post_room.hearer.consumer({})
        with pytest.raises(ValueError, match="handles"):
            post_room.sender.consumer({"DocumentSent": note_effect})


class TestFaults:
    async def test_a_message_that_fails_at_first_has_one_effect_in_the_end(
        self, post_room: PostRoom
    ) -> None:
        faulty = Faulty()
        async with running(post_room, post_room.hearer.consumer({"DocumentSent": faulty})):
            await post_room.say(document_sent(1))
            await until(lambda: faulty.calls == 2)
            faulty.mended = True

            await until(post_room.all_handled)

        assert await post_room.effects() == [1]

    async def test_a_message_that_always_fails_is_put_aside_and_its_neighbours_flow(
        self, post_room: PostRoom, clock: FixedClock
    ) -> None:
        faulty = Faulty(bad=2)
        consumer = post_room.hearer.consumer({"DocumentSent": faulty})
        async with running(post_room, consumer):
            await post_room.say(*(document_sent(number) for number in (1, 2, 3)))

            await until(lambda: _depth_is(post_room.bus, DEAD, 1))
            await until(lambda: _gave_up(post_room, 1))

            assert await post_room.effects() == [1, 3]
            assert faulty.calls == 2 + post_room.hearer.delivery_limit
            clock.advance(hours=10)
            await asyncio.sleep(0.3)
            assert faulty.calls == 2 + post_room.hearer.delivery_limit, "it was sent again"

    async def test_a_dead_letter_tells_its_reason_and_can_be_replayed(
        self, post_room: PostRoom
    ) -> None:
        faulty = Faulty()
        envelope = document_sent(7)
        consumer = post_room.hearer.consumer({"DocumentSent": faulty})
        async with running(post_room, consumer):
            await post_room.say(envelope)
            await until(lambda: _gave_up(post_room, 1))
            async with post_room.remittance.read() as session:
                letter = (await session.execute(select(REMITTANCE_TABLES.dead_letters))).one()
            assert "RuntimeError: a bug" in letter.reason
            assert letter.type == "DocumentSent"
            faulty.mended = True

            await consumer.replay(str(envelope.id))

            await until(post_room.all_handled)
        assert await post_room.effects() == [7]
        assert (await post_room.hearer.backlog()).dead_letters == 0
        with pytest.raises(LookupError):
            await consumer.replay(str(envelope.id))

    async def test_bytes_that_are_no_message_are_put_aside_at_once(
        self, post_room: PostRoom
    ) -> None:
        async with running(post_room):
            await post_room.bus.publish([Message("not-ours", "DocumentSent", b"\xff{")])

            await until(lambda: _depth_is(post_room.bus, DEAD, 1))

        backlog = await post_room.hearer.backlog()
        assert backlog.dead_letters == 1

    async def test_an_outage_is_waited_for_and_costs_the_message_nothing(
        self, post_room: PostRoom
    ) -> None:
        faulty = Faulty(fault=ConnectionResetError("the database went away"))
        async with running(post_room, post_room.hearer.consumer({"DocumentSent": faulty})):
            await post_room.say(document_sent(1))
            await until(lambda: faulty.calls > 2 * post_room.hearer.delivery_limit)
            faulty.mended = True

            await until(post_room.all_handled)

        assert await post_room.effects() == [1]
        assert await post_room.bus.depth(DEAD) == 0

    async def test_when_everything_fails_the_consumer_slows_down_until_it_is_mended(
        self, database_dsn: str, bus: Bus
    ) -> None:
        limits = replace(QUICK, pause_after_faults=10, pause_s=0.2, pause_max_s=0.5)
        async with open_post_room(database_dsn, bus, limits=limits) as post_room:
            faulty = Faulty()
            consumer = post_room.hearer.consumer({"DocumentSent": faulty})
            async with running(post_room, consumer):
                await post_room.say(*(document_sent(number) for number in range(50)))
                await until(lambda: faulty.calls >= 10)
                await asyncio.sleep(1.0)
                faulty.mended = True
                put_aside = (await post_room.hearer.backlog()).dead_letters

                await until(lambda: _effects_are(post_room, 50 - put_aside), 30)

            assert put_aside <= 4


class TestLosses:
    async def test_a_wiped_wire_loses_nothing(self, post_room: PostRoom, clock: FixedClock) -> None:
        await post_room.say(*(document_sent(number) for number in range(20)))
        await post_room.sender.relay.publish_window()
        await until(lambda: _depth_is(post_room.bus, INBOX, 20))

        assert await post_room.bus.purge(INBOX) == 20

        async with running(post_room):
            await asyncio.sleep(0.2)
            assert await post_room.effects() == []
            clock.advance(seconds=31)
            await until(post_room.all_handled)
        assert await post_room.effects() == list(range(20))

    async def test_a_lost_receipt_only_means_that_it_is_asked_for_again(
        self, post_room: PostRoom, clock: FixedClock
    ) -> None:
        envelope = document_sent(1)
        await post_room.consumer().handle(envelope)
        post_room.hearer.receipts._unsent.clear()  # noqa: SLF001  the loss itself
        await post_room.say(envelope)

        async with running(post_room):
            await until(post_room.all_handled)

        assert await post_room.effects() == [1]

    async def test_waits_between_two_sendings_grow(
        self, post_room: PostRoom, clock: FixedClock
    ) -> None:
        await post_room.say(document_sent(1))
        waits = []
        for _ in range(4):
            await post_room.sender.relay.publish_window()
            sent_at = clock.now()
            while not await post_room.sender.sweeper.sweep():
                clock.advance(seconds=10)
            waits.append((clock.now() - sent_at).total_seconds())

        assert waits == [30, 60, 120, 240]

    async def test_a_message_without_a_queue_is_kept_until_there_is_one(
        self, database_dsn: str, bus: Bus, clock: FixedClock
    ) -> None:
        async with open_post_room(database_dsn, bus, clock) as post_room:
            room = PostRoom(bus, post_room.edi, post_room.remittance, clock)
            await room.say(document_sent(1))
            unbound = room.new_sender(MemoryBus())
            await unbound._bus.start()  # noqa: SLF001  a bus nobody has declared queues on

            await unbound.relay.publish_window()

            assert (await room.sender.backlog()).unpublished == 1
            clock.advance(minutes=1)
            async with running(room):
                await until(room.all_handled)
            assert await room.effects() == [1]


async def _depth_is(bus: Bus, queue: str, expected: int) -> bool:
    return await bus.depth(queue) == expected


async def _gave_up(post_room: PostRoom, expected: int) -> bool:
    return (await post_room.sender.backlog()).dead == expected


async def _effects_are(post_room: PostRoom, expected: int) -> bool:
    return len(await post_room.effects()) == expected
