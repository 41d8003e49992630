"""The packed list of transactions tells the same as a plain list of slots."""

from __future__ import annotations

import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from services.edi_gateway.x12.envelope import TransactionSlot
from services.edi_gateway.x12.findings import Finding
from services.edi_gateway.x12.slots import NumbersSeen, SlotList

FINDING = Finding("error", "transaction", "4", "867[1]/SE01", "SE01 declares 3 segments.")
NUMBERS = st.one_of(
    st.integers(0, 30).map(str),
    st.integers(0, 30).map(lambda number: f"{number:04d}"),
    st.sampled_from(["", "A1", "0000000001", "999999999", "1 2", "\xb2", "7" * 5000]),
)
ADDED = st.tuples(
    st.sampled_from(["867", "867", "867", "814", ""]),
    NUMBERS,
    st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)),
    st.integers(0, 2**20),
    st.sampled_from([(), (), (FINDING,)]),
)


class TestSlotList:
    @settings(max_examples=60)
    @given(st.lists(ADDED, max_size=12))
    def test_it_holds_what_was_added(
        self, added: list[tuple[str, str, tuple[int, int], int, tuple[Finding, ...]]]
    ) -> None:
        slots, plain = SlotList("PT"), list[TransactionSlot]()
        for index, (set_id, number, span, segments, findings) in enumerate(added, start=1):
            slots.add(set_id, number, span, segments, findings)
            plain.append(TransactionSlot(index, set_id, number, *span, segments, findings, "PT"))

        assert list(slots) == plain
        assert slots == tuple(plain)
        assert slots[1:3] == tuple(plain[1:3])
        assert slots[-1:] == tuple(plain[-1:])
        assert pickle.loads(pickle.dumps(slots)) == slots  # noqa: S301 - our own bytes

    def test_other_slots_are_not_equal(self) -> None:
        one, other = SlotList("PT"), SlotList("PT")
        one.add("867", "0001", (0, 9), 3)
        other.add("867", "0002", (0, 9), 3)

        assert one != other
        assert one != 1


class TestNumbersSeen:
    @settings(max_examples=100)
    @given(st.lists(NUMBERS, max_size=40))
    def test_a_number_is_new_once_whatever_its_zeros(self, numbers: list[str]) -> None:
        seen, plain = NumbersSeen(), set[str]()
        for number in numbers:
            assert seen.add(number) == (number.lstrip("0") not in plain)
            plain.add(number.lstrip("0"))
