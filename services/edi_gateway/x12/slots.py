"""Keeps where hundreds of thousands of transactions stand, in a few bytes each.

A file of any size must fit in the same memory. Nearly every transaction of a group is told by three
numbers and a control number; only the others are kept whole.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from services.edi_gateway.x12.envelope import TransactionSlot

if TYPE_CHECKING:
    from services.edi_gateway.x12.findings import Finding

DIGITS_MAX = 9
"""Control numbers of so many digits fit in four bytes."""


class SlotList(Sequence[TransactionSlot]):
    """The transactions of one group in order; each is put together when it is asked for.

    Equal to any sequence of the same slots. Grows by `add` alone.
    """

    __slots__ = ("_counts", "_ends", "_functional_id", "_numbers", "_odd", "_set_id", "_starts")

    def __init__(self, functional_id: str) -> None:
        """Begin empty, in a group of this GS01."""
        self._functional_id = functional_id
        self._set_id = ""
        self._starts = array("q")
        self._ends = array("q")
        self._counts = array("I")
        self._numbers = array("q")
        self._odd: dict[int, tuple[str, str, tuple[Finding, ...]]] = {}

    def add(
        self,
        set_id: str,
        control_number: str,
        span: tuple[int, int],
        segments: int,
        findings: tuple[Finding, ...] = (),
    ) -> None:
        """Add the next transaction; `span` is from its first byte to behind its last."""
        if not self._starts:
            self._set_id = set_id
        plain = control_number.isascii() and control_number.isdigit()
        if plain and len(control_number) <= DIGITS_MAX and set_id == self._set_id and not findings:
            self._numbers.append(int(control_number) * (DIGITS_MAX + 1) + len(control_number))
        else:
            self._odd[len(self._starts)] = (set_id, control_number, findings)
            self._numbers.append(0)
        self._starts.append(span[0])
        self._ends.append(span[1])
        self._counts.append(segments)

    def __len__(self) -> int:
        """Return how many transactions there are."""
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> TransactionSlot: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[TransactionSlot, ...]: ...

    def __getitem__(self, at: int | slice) -> TransactionSlot | tuple[TransactionSlot, ...]:
        """Return one slot, or a stretch of them."""
        places = range(len(self._starts))[at]
        if isinstance(places, range):
            return tuple(self._slot(place) for place in places)
        return self._slot(places)

    def _slot(self, at: int) -> TransactionSlot:
        odd = self._odd.get(at)
        if odd is None:
            number, width = divmod(self._numbers[at], DIGITS_MAX + 1)
            odd = self._set_id, str(number).zfill(width), ()
        set_id, control_number, findings = odd
        return TransactionSlot(
            *(at + 1, set_id, control_number, self._starts[at], self._ends[at]),
            *(self._counts[at], findings, self._functional_id),
        )

    def __eq__(self, other: object) -> bool:
        """Whether another sequence holds the same slots."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        """Return the hash of the slots."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """Show the slots."""
        return f"SlotList({list(self)})"


class NumbersSeen:
    """The control numbers used so far in a group: those that count up one by one take no room."""

    __slots__ = ("_first", "_last", "_others")

    def __init__(self) -> None:
        """Begin with none."""
        self._first, self._last = 0, -1
        self._others: set[int | str] = set()

    def add(self, number: str) -> bool:
        """Add a number, of which leading zeros do not count; whether it is new."""
        normal = number.lstrip("0") or "0"
        if not (normal.isascii() and normal.isdigit() and len(normal) <= DIGITS_MAX):
            return self._keep(normal)
        known = int(normal)
        if self._first <= known <= self._last:
            return False
        if self._last < self._first:
            self._first = self._last = known
            return True
        if known == self._last + 1 and known not in self._others:
            self._last = known
            return True
        return self._keep(known)

    def _keep(self, known: int | str) -> bool:
        if known in self._others:
            return False
        self._others.add(known)
        return True
