"""Computes beside the event loop, so that pages and messages are answered meanwhile.

In one thread: Python computes one thing at a time, and more threads would only fight for the
interpreter. With three messages in work at once, that fight took a tenth of the processor time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_THREAD: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rating")


async def compute(call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Call a function that neither reads nor writes outside memory; its turn comes after others.

    Raises:
        Exception: whatever the function raises.
    """
    bound = partial(copy_context().run, call, *args, **named)
    return await asyncio.get_running_loop().run_in_executor(_THREAD, bound)
