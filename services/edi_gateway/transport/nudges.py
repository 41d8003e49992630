"""Runs hooks beside a partner's session, so that a slow or failing one never holds up the partner.

A hook only tells somebody to look; the mailbox stays the truth. Its failure is therefore logged,
with everything needed to find the cause, and disturbs nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

from shared.platform.telemetry import logger

_log = logger(__name__)


@dataclass(slots=True)
class Nudges:
    """The hooks that are running at this moment."""

    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def run(self, hook: Awaitable[None], what: str, partner: str) -> None:
        """Start a hook; `what` and `partner` are for the log."""

        def ended(task: asyncio.Task[None]) -> None:
            self._running.discard(task)
            if not task.cancelled() and (fault := task.exception()):
                _log.error("mailbox hook failed", hook=what, utility=partner, exc_info=fault)

        task = asyncio.create_task(_finish(hook))
        self._running.add(task)
        task.add_done_callback(ended)

    async def finished(self) -> None:
        """Wait until all running hooks have ended, well or not."""
        if self._running:
            await asyncio.wait(set(self._running))


async def _finish(hook: Awaitable[None]) -> None:
    await hook
