"""Waits out an outage instead of giving up: the database restarts, a lock is held, a link drops.

An outage is nobody's fault and says nothing about the message in hand, so it must not use up the
few attempts a message has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.platform.database import is_transient
from shared.platform.mailbox.limits import MailboxLimits, doubled
from shared.platform.telemetry import logger

log = logger(__name__)

T = TypeVar("T")


async def patiently(work: Callable[[], Awaitable[T]], limits: MailboxLimits) -> T:
    """Do the work, again after a wait while an outage lasts.

    Raises:
        Exception: the work's own fault, or the outage when it outlasts all patience.
    """
    for attempt in range(limits.patience):
        try:
            return await work()
        except Exception as fault:
            if not is_transient(fault):
                raise
            wait_s = doubled(limits.outage_wait_s, attempt, limits.outage_wait_max_s)
            log.warning("waiting for an outage to end", fault=repr(fault), wait_s=wait_s)
        await asyncio.sleep(wait_s)
    return await work()
