"""The wire between services: what a message bus promises, whichever one is behind it.

Services hand each other facts through queues. In production the wire is RabbitMQ, in one-process
runs it lives in memory; both keep the promises written here and pass the same tests. Neither is
trusted with anything: the truth stays in the services' outboxes, and a wiped wire loses nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

EXCHANGE = "ccax"
DEAD_LETTER_EXCHANGE = "ccax.dead"
DEAD_LETTER_SUFFIX = ".dead"
DELIVERY_LIMIT = 5
"""Deliveries of one message that may fail before it is put aside."""

PREFETCH = 20
PUBLISH_WINDOW = 100
"""Messages sent before waiting for the broker's confirms."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is handed to the bus.

    Attributes:
        message_id: unique; duplicates carry the same one.
        routing_key: decides the queues, e.g. `UsageReported` or `receipt.rating`.
        body: bytes as stored in the outbox.
    """

    message_id: str
    routing_key: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it reaches a consumer; `attempt` counts from 1."""

    message_id: str
    routing_key: str
    body: bytes
    headers: Mapping[str, str]
    attempt: int


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue, the routing keys it wants (`*` one word, `#` any) and when to give a message up."""

    name: str
    bindings: tuple[str, ...]
    delivery_limit: int = DELIVERY_LIMIT

    @property
    def dead_letter_queue(self) -> str:
        """Where messages are kept that failed too often."""
        return self.name + DEAD_LETTER_SUFFIX


DeliveryHandler = Callable[[Delivery], Awaitable[None]]
"""Returns = acknowledged. Raises `Poison` = dead-lettered at once. Raises else = redelivered."""


class BusFault(Exception):
    """Some messages of a batch were not taken over by the bus.

    Attributes:
        message_ids: those without a confirm; all others of the batch are safe.
    """

    def __init__(self, reason: str, message_ids: Collection[str]) -> None:
        super().__init__(f"{reason} ({len(message_ids)} messages)")
        self.message_ids = frozenset(message_ids)


class Unroutable(BusFault):
    """No queue wants the message: a typo in a routing key or a queue that was never declared."""


class BusUnavailable(BusFault):
    """The broker is away or did not confirm in time; the same batch may be sent again."""


class Poison(Exception):
    """Raised by a handler for a delivery that can never succeed, e.g. bytes that are no message."""


class Subscription(Protocol):
    """A running consumer."""

    async def stop(self) -> None:
        """Take no more deliveries, let those in work finish, then return."""
        ...


class Bus(Protocol):
    """At-least-once delivery with limits; order is kept for a queue with one consumer."""

    @property
    def durable(self) -> bool:
        """Whether confirmed messages outlive this process."""
        ...

    async def start(self) -> None:
        """Connect."""
        ...

    async def declare(self, queues: Sequence[QueueSpec]) -> None:
        """Make queues, bindings and dead-letter queues; the same again changes nothing."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Hand messages over in order; returns when every one is confirmed.

        Raises:
            Unroutable: some went into no queue; the others are safe.
            BusUnavailable: some were not confirmed.
        """
        ...

    async def subscribe(
        self,
        queue: str,
        handler: DeliveryHandler,
        *,
        prefetch: int = PREFETCH,
        concurrency: int = 1,
    ) -> Subscription:
        """Begin to consume a declared queue, `concurrency` deliveries at a time."""
        ...

    async def depth(self, queue: str) -> int:
        """Messages waiting in a queue, deliveries in work not counted."""
        ...

    async def purge(self, queue: str) -> int:
        """Empty a queue; tells how many messages were thrown away."""
        ...

    async def ready(self) -> bool:
        """Whether messages can be published right now; never raises."""
        ...

    async def close(self) -> None:
        """Stop all consumers and disconnect."""
        ...


def matches(binding: str, routing_key: str) -> bool:
    """Whether a topic binding wants a routing key: `*` is one word, `#` is any number."""
    return _matches(binding.split("."), routing_key.split("."))


def _matches(pattern: Sequence[str], words: Sequence[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_matches(pattern[1:], words[skip:]) for skip in range(len(words) + 1))
    if not words or pattern[0] not in {"*", words[0]}:
        return False
    return _matches(pattern[1:], words[1:])
