"""The wire inside one process, for the one-command run and for tests.

It keeps the same promises as the broker: topic bindings, prefetch, redelivery with a limit, dead
letters, an error for what no queue wants. What it cannot do is outlive the process; the outbox can.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.platform.bus import (
    PREFETCH,
    BusUnavailable,
    Delivery,
    DeliveryHandler,
    Message,
    Poison,
    QueueSpec,
    Subscription,
    Unroutable,
    matches,
)
from shared.platform.crew import Crew
from shared.platform.telemetry import logger

log = logger(__name__)


@dataclass(slots=True)
class _Queue:
    spec: QueueSpec
    waiting: deque[Delivery] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, delivery: Delivery) -> None:
        self.waiting.append(delivery)
        self.arrived.set()

    def give_back(self, delivery: Delivery) -> None:
        self.waiting.appendleft(delivery)
        self.arrived.set()

    async def take(self) -> Delivery:
        while not self.waiting:
            self.arrived.clear()
            await self.arrived.wait()
        return self.waiting.popleft()


class MemoryBus:
    """Queues in memory with the broker's semantics."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._routes: dict[str, list[_Queue]] = {}
        self._subscriptions: list[_MemorySubscription] = []
        self._open = False

    @property
    def durable(self) -> bool:
        """Memory is gone when the process is."""
        return False

    async def start(self) -> None:
        """Open for messages."""
        self._open = True

    async def declare(self, queues: Sequence[QueueSpec]) -> None:
        """Make queues and their dead-letter queues; messages already there stay."""
        for spec in queues:
            known = self._queues.get(spec.name)
            if known is None:
                self._queues[spec.name] = _Queue(spec)
            else:
                known.spec = spec
            dead = QueueSpec(spec.dead_letter_queue, ())
            self._queues.setdefault(dead.name, _Queue(dead))
        self._routes.clear()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Put messages into every queue that wants them."""
        if not self._open:
            raise BusUnavailable("the bus is closed", [m.message_id for m in messages])
        refused = []
        for message in messages:
            queues = self._queues_for(message.routing_key)
            if not queues:
                refused.append(message.message_id)
            for queue in queues:
                queue.add(
                    Delivery(
                        message.message_id,
                        message.routing_key,
                        message.body,
                        dict(message.headers),
                        attempt=1,
                    )
                )
        if refused:
            raise Unroutable("no queue wants them", refused)

    def _queues_for(self, routing_key: str) -> list[_Queue]:
        if routing_key not in self._routes:
            self._routes[routing_key] = [
                queue
                for queue in self._queues.values()
                if any(matches(binding, routing_key) for binding in queue.spec.bindings)
            ]
        return self._routes[routing_key]

    async def subscribe(
        self,
        queue: str,
        handler: DeliveryHandler,
        *,
        prefetch: int = PREFETCH,
        concurrency: int = 1,
    ) -> Subscription:
        """Begin to consume; in memory nothing is fetched ahead of the work."""
        workers = min(prefetch, concurrency)
        subscription = _MemorySubscription(self, self._queues[queue], handler, workers)
        self._subscriptions.append(subscription)
        return subscription

    def settle_failed(self, queue: _Queue, delivery: Delivery, *, poison: bool) -> None:
        """Give a failed delivery back, or put it aside once it has failed too often."""
        if poison or delivery.attempt >= queue.spec.delivery_limit:
            self._queues[queue.spec.dead_letter_queue].add(delivery)
            return
        queue.give_back(
            Delivery(
                delivery.message_id,
                delivery.routing_key,
                delivery.body,
                delivery.headers,
                delivery.attempt + 1,
            )
        )

    async def depth(self, queue: str) -> int:
        """Messages waiting in a queue."""
        return len(self._queues[queue].waiting)

    async def purge(self, queue: str) -> int:
        """Empty a queue."""
        waiting = self._queues[queue].waiting
        purged = len(waiting)
        waiting.clear()
        return purged

    async def ready(self) -> bool:
        """Whether it is open."""
        return self._open

    async def close(self) -> None:
        """Stop all consumers."""
        self._open = False
        for subscription in self._subscriptions:
            await subscription.stop()
        self._subscriptions.clear()


class _MemorySubscription:
    """Tasks that take from one queue."""

    def __init__(
        self, bus: MemoryBus, queue: _Queue, handler: DeliveryHandler, concurrency: int
    ) -> None:
        self._bus = bus
        self._queue = queue
        self._handler = handler
        self._crew = Crew(f"consume {queue.spec.name}", queue.take, self._deliver, concurrency)

    async def _deliver(self, delivery: Delivery) -> None:
        name = self._queue.spec.name
        try:
            await self._handler(delivery)
        except asyncio.CancelledError:
            self._queue.give_back(delivery)
            raise
        except Poison as poison:
            log.warning("dead letter", queue=name, fault=str(poison))
            self._bus.settle_failed(self._queue, delivery, poison=True)
        except Exception as fault:  # noqa: BLE001  the edge: whatever failed, deliver again
            log.debug("delivery failed", queue=name, fault=repr(fault))
            self._bus.settle_failed(self._queue, delivery, poison=False)

    async def stop(self) -> None:
        """Take no more, finish what is in work, then return."""
        await self._crew.stop()
