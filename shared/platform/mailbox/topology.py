"""Which queues exist: one inbox and one for receipts for every service.

Built from the table of consumers in the contracts, and declared whole by every service at its
start, so that nothing is unroutable only because its reader has not come up yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from shared.contracts.routes import CONSUMERS
from shared.platform.bus import DELIVERY_LIMIT, QueueSpec

RECEIPT_PREFIX = "receipt."

Routes = Mapping[str, Sequence[str]]
"""Message type → names of the services that hear it."""


def inbox_queue(service: str) -> str:
    """The queue a service hears facts from."""
    return f"{service}.inbox"


def receipts_queue(service: str) -> str:
    """The queue a service learns from that its messages were handled."""
    return f"{service}.receipts"


def topology(
    services: Sequence[str], routes: Routes = CONSUMERS, delivery_limit: int = DELIVERY_LIMIT
) -> list[QueueSpec]:
    """All queues of the system."""
    queues = []
    for service in services:
        heard = tuple(sorted(kind for kind, hearing in routes.items() if service in hearing))
        queues += [
            QueueSpec(inbox_queue(service), heard, delivery_limit),
            QueueSpec(receipts_queue(service), (RECEIPT_PREFIX + service,), delivery_limit),
        ]
    return queues


class Receipt(BaseModel):
    """A consumer's word to a sender: these are done, those were given up."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    consumer: str
    handled: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """The bytes that go on the wire."""
        return self.model_dump_json().encode()
