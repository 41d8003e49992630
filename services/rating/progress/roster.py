"""Counts who is to be billed in a month, by bill cycle, as 814s change the register.

An agreement belongs to the roster from the month in which it is served until the month of its drop.
What each request changes follows from the agreement's history alone, so that the sum of all changes
is the roster, whenever it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.rating.accounts import Entry, Status
from services.rating.progress.stages import month_after, month_of

RosterKey = tuple[str, date]
"""Bill cycle, and the first day of the month from which on it changes."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an agreement is counted: in which cycle, since when; or since when in none."""

    cycle: str | None = None
    since: date = date.min


def roster_changes(before: Sequence[Entry], added: Iterable[Entry]) -> Counter[RosterKey]:
    """What some requests change for one agreement.

    Args:
        before: what was applied to the agreement earlier, oldest first.
        added: what is applied now.
    """
    place, ignored = _Place(), Counter[RosterKey]()
    for entry in before:
        place = _apply(place, entry, ignored)
    changes = Counter[RosterKey]()
    for entry in added:
        place = _apply(place, entry, changes)
    return changes


def roster_cycle(entries: Sequence[Entry], month: date) -> str | None:
    """The bill cycle in which an agreement is to be billed in a month; None when it is not."""
    if len(entries) == 1:  # as nearly all have
        (entry,) = entries
        is_served = entry.status is Status.ACTIVE and month_of(entry.effective_on) <= month
        return (entry.terms.bill_cycle or "") if is_served else None
    counts = Counter[str]()
    for (cycle, since), change in roster_changes((), entries).items():
        counts[cycle] += change if since <= month else 0
    return next((cycle for cycle, count in counts.items() if count), None)


def _apply(place: _Place, entry: Entry, changes: Counter[RosterKey]) -> _Place:
    if entry.status is Status.DROPPED:
        left = max(month_after(entry.effective_on), place.since)
        if place.cycle is not None:
            changes[place.cycle, left] -= 1
        return _Place(None, left)
    cycle, since = entry.terms.bill_cycle or "", month_of(entry.effective_on)
    if place.cycle is None:  # a drop that is undone never counted
        since = max(since, place.since)
        changes[cycle, since] += 1
        return _Place(cycle, since)
    if cycle == place.cycle and since >= place.since:
        return place
    changes[place.cycle, max(since, place.since)] -= 1
    changes[cycle, since] += 1
    return replace(place, cycle=cycle, since=since)
