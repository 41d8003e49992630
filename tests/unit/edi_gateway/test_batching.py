"""Batches hold every transaction once, in order, and are bounded both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from services.edi_gateway.batching import batches_of
from services.edi_gateway.x12 import TransactionSlot


@dataclass(frozen=True)
class Slot:
    start: int
    end: int


def slots_of(sizes: list[int]) -> list[TransactionSlot]:
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    made = [Slot(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    return cast("list[TransactionSlot]", made)


class TestBatches:
    @given(st.lists(st.integers(1, 30), max_size=40), st.integers(1, 7), st.integers(1, 60))
    def test_hold_everything_within_their_bounds(
        self, sizes: list[int], count_max: int, bytes_max: int
    ) -> None:
        slots = slots_of(sizes)

        batches = list(batches_of(slots, count_max, bytes_max))

        assert [slot for batch in batches for slot in batch] == slots
        for batch in batches:
            assert 0 < len(batch) <= count_max
            assert len(batch) == 1 or batch[-1].end - batch[0].start <= bytes_max

    def test_are_as_few_as_can_be(self) -> None:
        batches = list(batches_of(slots_of([4, 4, 4, 9, 30, 1]), 3, 12))

        assert [len(batch) for batch in batches] == [3, 1, 1, 1]
