"""Tells the sender that its message was handled, and hears the same from others.

A receipt is light: it is not stored before it is sent, because a lost one only means that the
message comes again, is recognised as a duplicate, and is acknowledged again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from pydantic import ValidationError

from shared.platform.bus import Bus, BusFault, Delivery, Message, Poison
from shared.platform.clock import Clock
from shared.platform.database import Database
from shared.platform.mailbox.limits import MailboxLimits, doubled
from shared.platform.mailbox.outbox import Outbox
from shared.platform.mailbox.patience import patiently
from shared.platform.mailbox.topology import RECEIPT_PREFIX, Receipt
from shared.platform.telemetry import logger

log = logger(__name__)

UNSENT_MAX = 20_000
"""Receipts kept while the broker is away; beyond it the senders ask again by themselves."""


@dataclass(slots=True)
class _Unsent:
    handled: dict[str, None] = field(default_factory=dict)
    dead: dict[str, None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.handled) + len(self.dead)


@dataclass(slots=True)
class Receipts:
    """Collects receipts for a moment and sends them together, one message a sender."""

    service: str
    bus: Bus
    limits: MailboxLimits
    _unsent: defaultdict[str, _Unsent] = field(default_factory=lambda: defaultdict(_Unsent))
    _filled: asyncio.Event = field(default_factory=asyncio.Event)

    def handled(self, source: str, message_id: str) -> None:
        """The message has had its effect, now or at an earlier delivery."""
        self._keep(source).handled[message_id] = None

    def dead(self, source: str, message_id: str) -> None:
        """The message was given up and waits to be replayed."""
        self._keep(source).dead[message_id] = None

    def _keep(self, source: str) -> _Unsent:
        if sum(map(len, self._unsent.values())) >= UNSENT_MAX:
            self._unsent.clear()
        unsent = self._unsent[source]
        if len(unsent) + 1 >= self.limits.receipt_batch:
            self._filled.set()
        return unsent

    async def run(self) -> None:
        """Send what has collected, several times a second."""
        outages = 0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.limits.receipt_every_s):
                    await self._filled.wait()
            try:
                await self.flush()
            except BusFault as fault:
                wait_s = doubled(self.limits.outage_wait_s, outages, self.limits.outage_wait_max_s)
                outages += 1
                log.warning("receipts wait", service=self.service, wait_s=wait_s, fault=repr(fault))
                await asyncio.sleep(wait_s)
            else:
                outages = 0

    async def flush(self) -> None:
        """Send everything collected now.

        Raises:
            BusFault: the broker is away; the receipts are kept.
        """
        self._filled.clear()
        for source in list(self._unsent):
            unsent = self._unsent[source]
            receipt = Receipt(
                consumer=self.service, handled=tuple(unsent.handled), dead=tuple(unsent.dead)
            )
            if receipt.handled or receipt.dead:
                message = Message(str(uuid4()), RECEIPT_PREFIX + source, receipt.to_json())
                await self.bus.publish([message])
            for message_id in receipt.handled:
                unsent.handled.pop(message_id, None)
            for message_id in receipt.dead:
                unsent.dead.pop(message_id, None)


@dataclass(slots=True)
class ReceiptDesk:
    """Hears what consumers did with our messages and writes it into the outbox."""

    database: Database
    outbox: Outbox
    clock: Clock
    limits: MailboxLimits

    async def receive(self, delivery: Delivery) -> None:
        """Note one receipt; the same receipt twice changes nothing."""
        try:
            receipt = Receipt.model_validate_json(delivery.body)
        except ValidationError as wrong:
            raise Poison(str(wrong)) from wrong
        try:
            await patiently(lambda: self._note(receipt), self.limits)
        except Exception:
            log.exception("receipt failed", consumer=receipt.consumer)
            raise

    async def _note(self, receipt: Receipt) -> None:
        async with self.database.unit_of_work() as session:
            await self.outbox.note_receipt(session, receipt, self.clock.now())
