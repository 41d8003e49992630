"""Topic bindings mean the same in memory as at the broker."""

from __future__ import annotations

import pytest

from shared.platform.bus import matches
from shared.platform.mailbox import topology


class TestBinding:
    @pytest.mark.parametrize(
        ("binding", "routing_key", "wanted"),
        [
            ("UsageReported", "UsageReported", True),
            ("UsageReported", "UsageHeld", False),
            ("receipt.*", "receipt.rating", True),
            ("receipt.*", "receipt.rating.late", False),
            ("receipt.*", "receipt", False),
            ("receipt.#", "receipt", True),
            ("receipt.#", "receipt.rating.late", True),
            ("#", "anything.at.all", True),
            ("#.late", "receipt.rating.late", True),
        ],
    )
    def test_it_wants_what_the_broker_would_deliver(
        self, binding: str, routing_key: str, *, wanted: bool
    ) -> None:
        assert matches(binding, routing_key) is wanted


class TestTopology:
    def test_every_service_has_an_inbox_and_a_queue_for_receipts(self) -> None:
        queues = topology(
            ["rating"], {"UsageReported": ["rating"], "ChargesRated": ["edi_gateway"]}
        )

        assert [(queue.name, queue.bindings) for queue in queues] == [
            ("rating.inbox", ("UsageReported",)),
            ("rating.receipts", ("receipt.rating",)),
        ]
