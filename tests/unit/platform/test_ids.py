"""Ids by name are those of the standard library, and mix with its ids in every table in memory."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from shared.platform.ids import as_driver_id, named_id

NAMES = st.text()


class TestNamedId:
    @given(st.uuids(), NAMES)
    def test_is_that_of_the_standard_library(self, space: UUID, name: str) -> None:
        assert named_id(space, name) == uuid5(space, name)

    @given(st.uuids(), NAMES)
    def test_is_found_under_either_kind(self, space: UUID, name: str) -> None:
        ours, theirs = named_id(space, name), uuid5(space, name)
        assert {ours: 1}[theirs] == {theirs: 1}[ours] == 1
        assert str(ours) == str(theirs)
        assert isinstance(ours, UUID)

    @given(st.uuids())
    def test_a_converted_id_is_the_same(self, key: UUID) -> None:
        assert as_driver_id(key) == key
        assert as_driver_id(as_driver_id(key)).bytes == key.bytes
