from __future__ import annotations

from dataclasses import field, replace

import pytest

from shared.platform.values import changed, value


@value(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0
    why: str = field(default="", compare=False)


class TestAValue:
    def test_is_equal_and_hashed_by_what_counts_of_it(self) -> None:
        assert Point(1, 2, "said") == Point(1, 2)
        assert len({Point(1, 2, "said"), Point(1, 2), Point(2, 1)}) == 2

    def test_has_no_room_for_other_fields(self) -> None:
        with pytest.raises(AttributeError):
            object.__setattr__(Point(1), "z", 3)

    def test_changed_is_a_copy_that_differs_in_what_was_named(self) -> None:
        point = Point(1, 2, "said")

        other = changed(point, y=5)

        assert (other.x, other.y, other.why) == (1, 5, "said")
        assert point == Point(1, 2)
        assert other == replace(point, y=5)
