"""Functions for worker processes; they must be found by name."""

from __future__ import annotations

import os
import signal
import time

LOADED: list[str] = []


def preload() -> None:
    """What a service loads once in every worker."""
    LOADED.append("guide")


def loaded() -> list[str]:
    """What this worker has loaded."""
    return LOADED


def square(number: int) -> int:
    """Work."""
    return number * number


def fail() -> None:
    """A bug in the work."""
    raise ValueError("a bug")


def die() -> None:
    """What the kernel does to a process that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def hold_the_processor(seconds: float) -> float:
    """Arithmetic without a pause."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return seconds
