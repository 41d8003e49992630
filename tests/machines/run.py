"""What the processes of one test run share: a server is started once and a morning lived once.

Tests run in several processes at a time. A PostgreSQL, a broker or a prepared database for each of
them would cost more than the tests do; so the first process that needs one makes it, and the others
use it. A run in a single process goes the same way and meets nobody.
"""

from __future__ import annotations

import fcntl
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Generic, TypeVar

Made = TypeVar("Made")

LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Started(Generic[Made]):
    """A server that runs.

    Attributes:
        address: how every process finds it; it travels by pickle.
        stop: ends it, in the process that started it.
    """

    address: Made
    stop: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the tests, however many processes it has.

    Attributes:
        folder: a folder with a short path, the same for all processes of the run.
    """

    folder: Path

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What the first process that asked for this name has made; it travels by pickle."""
        kept = self.folder / f"{name}.made"
        with self._alone_with(name):
            if not kept.exists():
                kept.write_bytes(pickle.dumps(make()))
            return _read(kept)

    @contextmanager
    def sharing(self, name: str, start: Callable[[], Started[Made]]) -> Iterator[Made]:
        """Address of a server: the first process starts it, and ends it when nobody uses it."""
        told = self.folder / f"{name}.address"
        with (self.folder / f"{name}.users").open("w") as users:
            stop: Callable[[], None] | None = None
            with self._alone_with(name):
                if told.exists():
                    address: Made = _read(told)
                else:
                    started = start()
                    address, stop = started.address, started.stop
                    told.write_bytes(pickle.dumps(address))
                fcntl.flock(users, fcntl.LOCK_SH)
            try:
                yield address
            finally:
                while stop is not None and not self._has_ended(name, users, stop):
                    time.sleep(LOOK_EVERY_S)

    def _has_ended(self, name: str, users: IO[str], stop: Callable[[], None]) -> bool:
        """End a server unless another process still uses it."""
        with self._alone_with(name):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            (self.folder / f"{name}.address").unlink()
            stop()
            return True

    @contextmanager
    def _alone_with(self, name: str) -> Iterator[None]:
        """Let the other processes of the run wait; a process that dies lets go."""
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _read(path: Path) -> Made:  # type: ignore[type-var]  # the name says what was written
    made: Made = pickle.loads(path.read_bytes())  # noqa: S301  our own process wrote it
    return made
