"""Ports nobody listens on, for servers the tests start.

A port that is free now may be somebody else's a moment later: of another process of the test run,
or of any connection the machine opens, because systems give those their ports from the upper half
of the range. So ports come from below that half, and each is held by a lock file until this
process ends. Whoever can listen on port 0 and ask afterwards needs none of this.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO, Final

LOWEST: Final = 15_000
HIGHEST: Final = 31_999

_held: dict[int, IO[str]] = {}
"""Port → its lock file, open as long as this process lives."""


def free_ports(count: int) -> tuple[int, ...]:
    """Distinct TCP ports of the loopback address that are this process's own from now on.

    Raises:
        OSError: there are not so many.
    """
    wanted = [*range(LOWEST, HIGHEST + 1)]
    random.shuffle(wanted)
    found: list[int] = []
    for port in wanted:
        if len(found) == count:
            break
        if port not in _held and _hold(port):
            found.append(port)
    if len(found) < count:
        raise OSError(f"there are no {count} free ports from {LOWEST} to {HIGHEST}")
    return tuple(found)


def _hold(port: int) -> bool:
    """Take a port unless another test run has it or something listens there."""
    folder = Path(tempfile.gettempdir()) / f"ccax-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = (folder / str(port)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
    except OSError:
        lock.close()
        return False
    _held[port] = lock
    return True
