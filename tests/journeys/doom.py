"""Kills an installation right before or right after it commits, without a word to itself.

What dies does nothing more: no unit of work commits, no query is answered, whatever was in memory
is gone. Only the database and the folders are left, as after a power cut.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import FrameType

import pytest
from sqlalchemy import text

from shared.platform.database import Database, ReadSession, WriteSession

WROTE = text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
"""PostgreSQL numbers a unit of work at its first write: one that found nothing to do has none."""

BEFORE, AFTER = "before", "after"


class Killed(Exception):
    """The process does not exist any more."""


@dataclass(slots=True)
class Doom:
    """Decides at which commit the installation dies: once at every place it has not died at yet.

    Attributes:
        modes: whether to die before commits, after them, or both.
        deaths: where it died, in order.
        is_dead: it has died and was not started again.
    """

    modes: tuple[str, ...] = (AFTER,)
    deaths: list[tuple[str, str]] = field(default_factory=list)
    is_dead: bool = False

    def breathe(self) -> None:
        """Nothing works in a dead process."""
        if self.is_dead:
            raise Killed

    def reach(self, mode: str, place: str) -> None:
        """Come to a commit; die there the first time."""
        self.breathe()
        if mode in self.modes and (mode, place) not in self.deaths:
            self.deaths.append((mode, place))
            self.is_dead = True
            raise Killed(f"{mode} the commit of {place}")


def hang_over(doom: Doom, patch: pytest.MonkeyPatch) -> None:
    """Put every unit of work of this process under the doom."""
    write, read = Database.unit_of_work, Database.read

    @asynccontextmanager
    async def unit_of_work(self: Database) -> AsyncIterator[WriteSession]:
        doom.breathe()
        place = f"{self.schema} {_caller(sys._getframe())}"  # noqa: SLF001  the place is the point
        async with write(self) as session:
            yield session
            doom.breathe()
            wrote = bool(await session.scalar(WROTE))
            if wrote:
                doom.reach(BEFORE, place)
        if wrote:
            doom.reach(AFTER, place)

    @asynccontextmanager
    async def reading(self: Database) -> AsyncIterator[ReadSession]:
        doom.breathe()
        async with read(self) as session:
            yield session

    patch.setattr(Database, "unit_of_work", unit_of_work)
    patch.setattr(Database, "read", reading)


def _caller(frame: FrameType | None) -> str:
    """The function that opened the unit of work."""
    own = (__file__, sys.modules[asynccontextmanager.__module__].__file__)
    while frame is not None and frame.f_code.co_filename in own:
        frame = frame.f_back
    return "nobody" if frame is None else frame.f_code.co_qualname
