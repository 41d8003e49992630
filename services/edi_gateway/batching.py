"""Cuts the transactions of a group into batches that are read, judged and committed together.

A batch is bounded by number and by bytes: five hundred monthly 867s are a megabyte, five hundred
interval 867s are sixty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.edi_gateway.x12 import TransactionSlot

READ_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one batch; a single transaction that is larger is a batch of its own."""


def batches_of(
    slots: Sequence[TransactionSlot], count_max: int, bytes_max: int = READ_BYTES
) -> Iterator[Sequence[TransactionSlot]]:
    """Cut slots, in order, into batches of at most so many transactions and bytes."""
    begin = 0
    for place, slot in enumerate(slots):
        full = place - begin == count_max or slot.end - slots[begin].start > bytes_max
        if place > begin and full:
            yield slots[begin:place]
            begin = place
    if begin < len(slots):
        yield slots[begin:]
