"""The wire between processes: RabbitMQ, set up so that a confirmed message is really kept.

Quorum queues with an explicit delivery limit, persistent messages with confirms, an error for what
no queue wants, and only `reject` for failures (newer brokers count nothing else towards the
limit). This is the only file that knows aio-pika.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

import aio_pika
from aio_pika.abc import (
    AbstractIncomingMessage,
    AbstractRobustChannel,
    AbstractRobustConnection,
    AbstractRobustExchange,
    AbstractRobustQueue,
)
from aio_pika.exceptions import (
    AMQPError,
    ChannelInvalidStateError,
    DeliveryError,
    PublishError,
)

from shared.platform.bus import (
    DEAD_LETTER_EXCHANGE,
    EXCHANGE,
    PREFETCH,
    PUBLISH_WINDOW,
    BusUnavailable,
    Delivery,
    DeliveryHandler,
    Message,
    Poison,
    QueueSpec,
    Subscription,
    Unroutable,
)
from shared.platform.crew import Crew
from shared.platform.telemetry import logger

log = logger(__name__)

CONFIRM_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 15.0
READY_TIMEOUT_S = 2.0
SETTLE_TIMEOUT_S = 5.0
RECONNECT_S = 1.0
RESTORE_TIMEOUT_S = 5.0
HEARTBEAT_S = 30

OUTAGES = (AMQPError, ChannelInvalidStateError, ConnectionError, TimeoutError)


class _Connection(aio_pika.RobustConnection):
    """A connection for which nobody waits for ever, least of all the task that restores it.

    When a broker cancels consumers and cuts their connection in one breath, the one task of
    aio-pika that restores things finds a channel to repair, asks for its connection and waits until
    somebody restores that: the service would be deaf from then on. Bounded, the wait fails, and the
    task connects again.
    """

    async def ready(self) -> None:
        """Wait until there is a connection.

        Raises:
            TimeoutError: there is none for now.
        """
        async with asyncio.timeout(RESTORE_TIMEOUT_S):
            await super().ready()


@dataclass(slots=True)
class _Line:
    """What exists once the bus is connected.

    Publishing and consuming have a connection each: a broker short of memory stops publishers,
    and acknowledgments must still get through.
    """

    publishing: AbstractRobustConnection
    consuming: AbstractRobustConnection
    publisher: AbstractRobustChannel
    admin: AbstractRobustChannel
    exchange: AbstractRobustExchange


@dataclass(slots=True)
class _Outcome:
    unroutable: list[str] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)
    cause: BaseException | None = None


class RabbitBus:
    """Messages over RabbitMQ.

    Args:
        url: `amqp://user:password@host:port/virtual-host`.
        prefix: put before the names of exchanges and queues, so that several installations (or
            tests) can share one broker.
    """

    def __init__(self, url: str, prefix: str = "") -> None:
        self._url = url
        self._prefix = prefix
        self._specs: dict[str, QueueSpec] = {}
        self._subscriptions: list[_RabbitSubscription] = []
        self._line: _Line | None = None

    @property
    def durable(self) -> bool:
        """Confirmed messages are on the broker's disk."""
        return True

    @property
    def _connected(self) -> _Line:
        if self._line is None:
            raise BusUnavailable("the bus was not started", [])
        return self._line

    async def start(self) -> None:
        """Connect; lost connections are restored by themselves from then on."""
        publishing = await self._connect("publish")
        consuming = await self._connect("consume")
        publisher = await _channel(publishing, on_return_raises=True)
        exchange = await publisher.declare_exchange(
            self._prefix + EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True
        )
        admin = await _channel(publishing)
        self._line = _Line(publishing, consuming, publisher, admin, exchange)

    async def _connect(self, purpose: str) -> AbstractRobustConnection:
        return await aio_pika.connect_robust(
            self._url,
            timeout=CONNECT_TIMEOUT_S,
            reconnect_interval=RECONNECT_S,
            heartbeat=HEARTBEAT_S,
            client_properties={"connection_name": f"ccax {purpose}"},
            connection_class=_Connection,
        )

    async def declare(self, queues: Sequence[QueueSpec]) -> None:
        """Make queues, bindings and dead-letter queues; a wiped broker gets them again."""
        admin = self._connected.admin
        for spec in queues:
            self._specs[spec.name] = spec
            await self._declare_on(admin, spec)

    async def _declare_on(
        self, channel: AbstractRobustChannel, spec: QueueSpec
    ) -> AbstractRobustQueue:
        topic = aio_pika.ExchangeType.TOPIC
        exchange = await channel.declare_exchange(self._prefix + EXCHANGE, topic, durable=True)
        dead = await channel.declare_exchange(
            self._prefix + DEAD_LETTER_EXCHANGE, aio_pika.ExchangeType.DIRECT, durable=True
        )
        dead_name = self._prefix + spec.dead_letter_queue
        dead_queue = await channel.declare_queue(
            dead_name, durable=True, arguments={"x-queue-type": "quorum"}
        )
        await dead_queue.bind(dead, dead_name)
        queue = await channel.declare_queue(
            self._prefix + spec.name,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                # The broker counts redeliveries, we count deliveries.
                "x-delivery-limit": spec.delivery_limit - 1,
                "x-dead-letter-exchange": self._prefix + DEAD_LETTER_EXCHANGE,
                "x-dead-letter-routing-key": dead_name,
            },
        )
        for binding in spec.bindings:
            await queue.bind(exchange, binding)
        return queue

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish in order, waiting for confirms once every window."""
        for start in range(0, len(messages), PUBLISH_WINDOW):
            window = messages[start : start + PUBLISH_WINDOW]
            outcome = await self._publish_window(window)
            if outcome.unconfirmed:
                rest = [message.message_id for message in messages[start + PUBLISH_WINDOW :]]
                missing = outcome.unconfirmed + outcome.unroutable + rest
                raise BusUnavailable("no confirm", missing) from outcome.cause
            if outcome.unroutable:
                rest = await self._publish_rest(messages[start + PUBLISH_WINDOW :])
                raise Unroutable("no queue wants them", outcome.unroutable + rest)

    async def _publish_rest(self, messages: Sequence[Message]) -> list[str]:
        """Publish what follows an unroutable message; tells what else is unroutable."""
        try:
            await self.publish(messages)
        except Unroutable as fault:
            return list(fault.message_ids)
        return []

    async def _publish_window(self, window: Sequence[Message]) -> _Outcome:
        exchange = self._connected.exchange
        results = await asyncio.gather(
            *(self._publish_one(exchange, message) for message in window), return_exceptions=True
        )
        outcome = _Outcome()
        for message, result in zip(window, results, strict=True):
            if isinstance(result, PublishError):
                outcome.unroutable.append(message.message_id)
            elif isinstance(result, (*OUTAGES, DeliveryError, asyncio.CancelledError)):
                # (Cancelled by the connection that broke: our own stop ends the gather instead.)
                outcome.unconfirmed.append(message.message_id)
                outcome.cause = result
            elif isinstance(result, BaseException):
                raise result
        return outcome

    async def _publish_one(self, exchange: AbstractRobustExchange, message: Message) -> None:
        async with asyncio.timeout(CONFIRM_TIMEOUT_S):
            await exchange.publish(
                aio_pika.Message(
                    message.body,
                    message_id=message.message_id,
                    headers=dict(message.headers),
                    content_type="application/json",
                    delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                ),
                message.routing_key,
                mandatory=True,
            )

    async def subscribe(
        self,
        queue: str,
        handler: DeliveryHandler,
        *,
        prefetch: int = PREFETCH,
        concurrency: int = 1,
    ) -> Subscription:
        """Begin to consume on a channel of its own."""
        channel = await _channel(self._connected.consuming)
        await channel.set_qos(prefetch_count=prefetch)
        declared = await self._declare_on(channel, self._specs[queue])
        subscription = _RabbitSubscription(channel, declared, handler, concurrency)
        await subscription.begin()
        self._subscriptions.append(subscription)
        return subscription

    async def depth(self, queue: str) -> int:
        """Messages waiting in a queue."""
        # aio-pika answers a passive declaration from memory when it knows the queue.
        channel = await self._connected.admin.get_underlay_channel()
        declared = await channel.queue_declare(self._prefix + queue, passive=True)
        return declared.message_count or 0

    async def purge(self, queue: str) -> int:
        """Empty a queue."""
        declared = await self._connected.admin.get_queue(self._prefix + queue, ensure=False)
        return (await declared.purge()).message_count or 0

    async def ready(self) -> bool:
        """Whether the publishing channel is open."""
        if self._line is None:
            return False
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._line.publisher.ready()
        except OUTAGES:
            return False
        return not self._line.publisher.is_closed

    async def close(self) -> None:
        """Stop all consumers and disconnect."""
        for subscription in self._subscriptions:
            await subscription.stop()
        self._subscriptions.clear()
        if self._line is not None:
            line, self._line = self._line, None
            await line.consuming.close()
            await line.publishing.close()


async def _channel(
    connection: AbstractRobustConnection, *, on_return_raises: bool = False
) -> AbstractRobustChannel:
    channel = connection.channel(publisher_confirms=True, on_return_raises=on_return_raises)
    await channel.initialize()
    if not isinstance(channel, AbstractRobustChannel):
        raise TypeError("a robust connection opens robust channels")
    return channel


class _RabbitSubscription:
    """A consumer and the crew that works its deliveries."""

    def __init__(
        self,
        channel: AbstractRobustChannel,
        queue: AbstractRobustQueue,
        handler: DeliveryHandler,
        concurrency: int,
    ) -> None:
        self._channel = channel
        self._queue = queue
        self._handler = handler
        self._fetched: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self._tag = ""
        self._stopped = False
        self._crew = Crew(f"consume {queue.name}", self._fetched.get, self._deliver, concurrency)

    async def begin(self) -> None:
        """Ask the broker for messages."""
        self._tag = await self._queue.consume(self._fetched.put)

    async def _deliver(self, message: AbstractIncomingMessage) -> None:
        if _is_stale(message):
            return  # fetched before the connection broke; the broker delivers it again
        try:
            await self._handler(_delivery(message))
        except asyncio.CancelledError:
            await _settle(message.reject(requeue=True), message)
            raise
        except Poison as poison:
            log.warning("dead letter", queue=self._queue.name, fault=str(poison))
            await _settle(message.reject(requeue=False), message)
        except Exception as fault:  # noqa: BLE001  the edge: whatever failed, deliver again
            log.debug("delivery failed", queue=self._queue.name, fault=repr(fault))
            await _settle(message.reject(requeue=True), message)
        else:
            await _settle(message.ack(), message)

    async def stop(self) -> None:
        """Cancel the consumer, finish what is in work, give back what was only fetched."""
        if self._stopped:
            return
        self._stopped = True
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._queue.cancel(self._tag)
        except OUTAGES as fault:
            log.debug("consumer was gone already", queue=self._queue.name, fault=repr(fault))
        await self._crew.stop()
        while not self._fetched.empty():
            fetched = self._fetched.get_nowait()
            # Not a failure of the message: newer brokers do not count a nack towards the limit.
            await _settle(fetched.nack(requeue=True), fetched)
        await self._channel.close()


async def _settle(settling: Awaitable[None], message: AbstractIncomingMessage) -> None:
    """Ack or reject; when the connection is lost the broker delivers again by itself.

    Bounded in time: a settlement written while the broker dies is never answered.
    """
    try:
        async with asyncio.timeout(SETTLE_TIMEOUT_S):
            await settling
    except OUTAGES as fault:
        log.info("delivery not settled", message_id=message.message_id, fault=repr(fault))
    except asyncio.CancelledError as lost:
        # A connection that breaks cancels what waits for it; only our own stop may end the crew.
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        log.info("delivery not settled", message_id=message.message_id, fault=repr(lost))


def _is_stale(message: AbstractIncomingMessage) -> bool:
    try:
        return message.channel.is_closed
    except ChannelInvalidStateError:  # how aio-pika says that there is no channel any more
        return True


def _delivery(message: AbstractIncomingMessage) -> Delivery:
    counted = message.headers.get("x-delivery-count", 0)
    return Delivery(
        message_id=message.message_id or "",
        routing_key=message.routing_key or "",
        body=message.body,
        headers={key: str(value) for key, value in message.headers.items()},
        attempt=1 + (counted if isinstance(counted, int) else 0),
    )
