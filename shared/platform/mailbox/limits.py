"""How many, how big and how long: every bound of the mailbox in one place.

Tests shorten the waits; production uses the values written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

PUT_BATCH = 500
"""Outbox rows written in one round trip."""


@dataclass(frozen=True, slots=True)
class MailboxLimits:
    """Bounds of relay, sweeper and consumer.

    Attributes:
        window: messages published before their confirms are awaited.
        window_bytes: bodies held in memory at once.
        poll_s: how often the relay looks when nobody woke it (another process's commit).
        outage_wait_s, outage_wait_max_s: first and longest wait after an outage.
        resend_after_s, resend_max_s: age at which an unacknowledged message is sent again; the
            wait doubles each time up to the second value.
        sweep_every_s: how often the sweeper looks.
        sweep_batch: rows it takes at once.
        outbox_kept, inbox_kept: age at which handled rows are thrown away; the inbox is kept much
            longer than the longest resend wait, so a late duplicate is still known.
        receipt_every_s, receipt_batch: receipts are sent together.
        retry_wait_s: pause before a failed message is given back; doubles each attempt.
        patience: times an outage of the database is waited for before it counts as a fault.
        pause_after_faults: failures in a row after which the consumer slows down.
        pause_s, pause_max_s: first and longest pause of a consumer whose messages all fail.
    """

    window: int = 100
    window_bytes: int = 16 * 1024 * 1024
    poll_s: float = 0.25
    outage_wait_s: float = 0.25
    outage_wait_max_s: float = 15.0
    resend_after_s: float = 30.0
    resend_max_s: float = 3600.0
    sweep_every_s: float = 5.0
    sweep_batch: int = 1000
    outbox_kept: timedelta = timedelta(days=14)
    inbox_kept: timedelta = timedelta(days=60)
    prune_every_s: float = 3600.0
    prune_batch: int = 5000
    receipt_every_s: float = 0.05
    receipt_batch: int = 200
    retry_wait_s: float = 0.2
    retry_wait_max_s: float = 10.0
    patience: int = 50
    pause_after_faults: int = 20
    pause_s: float = 1.0
    pause_max_s: float = 60.0


def doubled(first_s: float, times: int, longest_s: float) -> float:
    """The wait after `times` earlier ones, twice as long each time up to the longest."""
    return float(min(longest_s, first_s * 2 ** min(times, 30)))
