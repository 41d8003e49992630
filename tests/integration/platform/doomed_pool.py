"""A service with one worker that tells the worker's process number and waits to be killed."""

from __future__ import annotations

import asyncio
import os
import sys

from shared.platform.workers import WorkerPool


async def main() -> None:
    """Start a worker and wait for ever."""
    pool = WorkerPool(1)
    worker = await pool.run(os.getpid)
    sys.stdout.write(f"{worker}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
