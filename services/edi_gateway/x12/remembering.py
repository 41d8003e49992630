"""Bounds what all readers of this process remember together, whatever files they are given.

Whoever reads by a map learns from what it reads: ways, patterns, forms, verdicts. Each map under
each pair of separators learns on its own, and a stranger may choose any separators; so the bound
is one for the whole process. What is longest not used is forgotten as a whole and learned again
when it is needed, which takes milliseconds.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

ENTRIES_MAX = 180_000
"""What the readers of a process keep together; an entry takes about a quarter of a kilobyte."""

FULL_AT = 150_000
"""Above this, the reader longest not used is forgotten before the next document."""

VALUE_ENTRIES = 1
"""A value, the text of a segment, or a way through a map, with its verdict."""

MOVE_ENTRIES = 3
"""The text of a segment that was cut into its fields."""

PATTERN_ENTRIES = 8
"""The pattern of a segment, compiled."""

WAY_ENTRIES = 2
"""A way from one place of a map to another."""

STATE_ENTRIES = 4
READER_ENTRIES = 4
LENGTH_MAX = 256
"""No text longer than this is remembered."""

FORM_SEGMENT_ENTRIES = 12
"""A segment of a whole form: its part of two patterns, and its fields."""

PLACE_ENTRIES = 16
"""The checks of one place in a map, nothing remembered yet."""

_Kept = TypeVar("_Kept")


class Share:
    """What one reader keeps of the common memory."""

    __slots__ = ("_memory", "entries", "used")

    def __init__(self, memory: Memory) -> None:
        """Begin with nothing kept."""
        self._memory: Memory | None = memory
        self.entries = 0
        self.used = 0

    def take(self, entries: int) -> bool:
        """Whether there is room for so many more, which are then counted as kept."""
        memory = self._memory
        if memory is None or memory.entries + entries > memory.entries_max:
            return False
        self.entries += entries
        memory.entries += entries
        return True

    @property
    def has_ended(self) -> bool:
        """Whether nothing can be kept any more."""
        return self._memory is None

    def give_back(self, entries: int) -> None:
        """Count so many less, which were forgotten."""
        if self._memory is not None:
            self.entries -= entries
            self._memory.entries -= entries

    def end(self) -> None:
        """Keep nothing any more: whoever still reads by it remembers nothing new."""
        self.give_back(self.entries)
        self._memory = None


class Memory:
    """Readers by what they read, and how many entries they keep in all."""

    def __init__(self, entries_max: int = ENTRIES_MAX, full_at: int = FULL_AT) -> None:
        """Begin empty; more than `entries_max` is never kept."""
        self.entries = 0
        self.entries_max = entries_max
        self.full_at = full_at
        self._readers: dict[Hashable, tuple[object, Share]] = {}
        self._clock = count(1)

    def __len__(self) -> int:
        """Return how many readers are kept."""
        return len(self._readers)

    def find(self, key: Hashable) -> tuple[object, Share] | None:
        """Return the reader of a key with its share; it counts as used now."""
        if self.entries > self.full_at:
            self._forget()
        found = self._readers.get(key)
        if found is not None:
            found[1].used = next(self._clock)
        return found

    def keep(self, key: Hashable, reader: object, share: Share) -> None:
        """Keep a new reader, as used now."""
        before = self._readers.get(key)
        if before is not None:
            before[1].end()
        share.used = next(self._clock)
        self._readers[key] = reader, share

    def shares(self) -> list[Share]:
        """Return what each reader keeps."""
        return [share for _, share in list(self._readers.values())]

    def clear(self) -> None:
        """Forget everything."""
        for key in list(self._readers):
            self._end(key)

    def _forget(self) -> None:
        """Forget the readers longest not used, the one in use last of all."""
        by_use = sorted(self._readers.items(), key=lambda one: one[1][1].used)
        for key, _ in by_use:
            self._end(key)
            if self.entries <= self.full_at:
                return

    def _end(self, key: Hashable) -> None:
        ended = self._readers.pop(key, None)
        if ended is not None:
            ended[1].end()


MEMORY = Memory()
"""The memory of this process."""


class Readers(Generic[_Kept]):
    """The readers of one kind, each made when it is first asked for, in the common memory."""

    def __init__(self, make: Callable[..., _Kept], memory: Memory = MEMORY) -> None:
        """Make readers with `make(share, *key)`."""
        self._make = make
        self._memory = memory

    def get(self, *key: Hashable) -> _Kept:
        """Return the reader of a key."""
        found = self._memory.find((self._make, *key))
        if found is not None:
            kept: _Kept = found[0]  # type: ignore[assignment]  # the key names its maker
            return kept
        share = Share(self._memory)
        made = self._make(share, *key)
        if not share.has_ended and share.take(READER_ENTRIES):
            self._memory.keep((self._make, *key), made, share)
        return made
