"""Throws dice that fall the same way every time for the same seed.

Each throw is named by its labels (seed, purpose, account number …) instead of coming from one
running stream, so asking for more accounts or adding a new kind of throw never changes an
earlier result, and two computers agree.
"""

from __future__ import annotations

from hashlib import blake2b


class Dice:
    """A handful of throws for one named purpose; about 500 bits, so some twenty small throws."""

    __slots__ = ("_pool",)

    def __init__(self, *labels: object) -> None:
        """Name the throws: the same labels always give the same results."""
        name = "/".join(map(str, labels)).encode()
        self._pool = int.from_bytes(blake2b(name).digest(), "big")

    def below(self, limit: int) -> int:
        """Return a whole number from 0 up to, not including, `limit`."""
        self._pool, result = divmod(self._pool, limit)
        return result

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)


def first_by_lot(count: int, *labels: object, of: range) -> list[int]:
    """Choose `count` numbers of a range by lot, in drawn order."""
    ranked = sorted(of, key=lambda number: blake2b(_lot(labels, number), digest_size=8).digest())
    return ranked[:count]


def _lot(labels: tuple[object, ...], number: int) -> bytes:
    return "/".join((*map(str, labels), str(number))).encode()
