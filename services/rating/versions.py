"""Which version counts: one rule for plans, hours, holidays and export prices.

Each has a day from which it is in effect and a day from which it may be used. A correction has the
effective day of what it corrects, and is known later.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Version(Protocol):
    """What every version has."""

    @property
    def effective_from(self) -> date:
        """First day on which it counts."""

    @property
    def known_from(self) -> date:
        """Since when it may be used."""

    @property
    def version(self) -> str:
        """Its name."""


AnyVersion = TypeVar("AnyVersion", bound=Version)


def precedence(version: Version) -> tuple[date, date, str]:
    """What decides between versions: the latest effective day wins, then the latest knowledge."""
    return version.effective_from, version.known_from, version.version


def in_effect(versions: Iterable[AnyVersion], day: date) -> AnyVersion | None:
    """The version that counts on a day; `None` where all begin later."""
    begun = (each for each in versions if each.effective_from <= day)
    return max(begun, key=precedence, default=None)


def known_by(versions: Iterable[AnyVersion], day: date | None) -> tuple[AnyVersion, ...]:
    """The versions that might be used on a day; all of them without one."""
    return tuple(each for each in versions if day is None or each.known_from <= day)
