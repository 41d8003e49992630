"""Interval 867s are stamped as each utility stamps them, and invented the same every time."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest

from simulator import intervals
from simulator.plan import Connection, DayPlan
from simulator.x12 import Segment, read_interchanges


def plan(utility: str, day: date = date(2026, 7, 6)) -> DayPlan:
    return DayPlan(utility, Connection("localhost", 22, utility, Path("key")), accounts=2, day=day)


def first_body(made: DayPlan) -> tuple[Segment, ...]:
    return next(intervals.texts(made, made.people.accounts()))


def stamps(body: tuple[Segment, ...]) -> list[tuple[str, str]]:
    return [(s[1], s[6]) for s in body if s[0] == "DTM" and s[1] != "649"]


class TestStamps:
    def test_pge_tells_the_end_of_every_reading(self) -> None:
        told = stamps(first_body(plan("pge")))

        assert (told[0], told[-1]) == (("151", "202606060015"), ("151", "202607060000"))
        assert len(told) == 30 * 96

    def test_sce_tells_once_where_the_first_reading_starts(self) -> None:
        assert stamps(first_body(plan("sce"))) == [("150", "202606060000")]

    def test_sdge_tells_once_where_the_first_reading_ends(self) -> None:
        assert stamps(first_body(plan("sdge"))) == [("151", "202606060015")]

    @pytest.mark.parametrize(("utility", "count"), [("pge", 2_972), ("sce", 2_976)])
    def test_a_month_has_as_many_readings_as_its_clock(self, utility: str, count: int) -> None:
        """PG&E's March has a day of 92 quarters, SCE's clock never changes."""
        body = first_body(plan(utility, date(2026, 4, 4)))

        assert len([s for s in body if s[0] == "QTY"]) == count


class TestFiles:
    def test_the_same_plan_gives_the_same_bytes(self) -> None:
        one, two = BytesIO(), BytesIO()

        intervals.write_file(plan("sdge"), one)
        intervals.write_file(plan("sdge"), two)

        assert one.getvalue() == two.getvalue()
        assert len(read_interchanges(one.getvalue())[0].groups[0].transactions) == 2
