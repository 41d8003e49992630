from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from services.rating.accounts import Entry, Status, Terms
from services.rating.progress.roster import RosterKey, roster_changes, roster_cycle
from shared.contracts.enrollment import EnrollmentPurpose

JULY, AUGUST, SEPTEMBER = date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)
PURPOSES = {
    "enroll": EnrollmentPurpose.ENROLL,
    "drop": EnrollmentPurpose.DROP,
    "change": EnrollmentPurpose.CHANGE,
    "reinstate": EnrollmentPurpose.REINSTATE,
}


def history(*asked: tuple[str, date, str]) -> list[Entry]:
    return [
        Entry(
            seq,
            PURPOSES[purpose],
            Status.DROPPED if purpose == "drop" else Status.ACTIVE,
            day,
            day,
            f"R{seq}",
            Terms("E-TOU-C", bill_cycle=cycle),
        )
        for seq, (purpose, day, cycle) in enumerate(asked, start=1)
    ]


def expected(changes: Counter[RosterKey], cycle: str) -> list[int]:
    """Who is to be billed in July, August and September."""
    return [
        sum(n for (of, month), n in changes.items() if of == cycle and month <= now)
        for now in (JULY, AUGUST, SEPTEMBER)
    ]


MID = date(2026, 8, 14)


class TestTheRoster:
    @pytest.mark.parametrize(
        ("asked", "first", "second"),
        [
            ([("enroll", MID, "01")], [0, 1, 1], [0, 0, 0]),
            ([("enroll", JULY, "01"), ("drop", MID, "01")], [1, 1, 0], [0, 0, 0]),
            ([("enroll", JULY, "01"), ("change", MID, "02")], [1, 0, 0], [0, 1, 1]),
            ([("enroll", JULY, "01"), ("change", MID, "01")], [1, 1, 1], [0, 0, 0]),
            (
                [("enroll", JULY, "01"), ("drop", MID, "01"), ("reinstate", MID, "01")],
                [1, 1, 1],
                [0, 0, 0],
            ),
            (
                [("enroll", SEPTEMBER, "01"), ("drop", MID, "01"), ("enroll", MID, "02")],
                [0, 0, 0],
                [0, 0, 1],
            ),
            ([("enroll", MID, "01"), ("change", JULY, "02")], [0, 0, 0], [1, 1, 1]),
        ],
        ids=[
            *("enrolled", "dropped", "moved", "changed", "drop undone"),
            *("never served", "changed before"),
        ],
    )
    def test_counts_an_agreement_in_every_month_in_which_it_is_served(
        self, asked: list[tuple[str, date, str]], first: list[int], second: list[int]
    ) -> None:
        entries = history(*asked)
        together = roster_changes([], entries)
        one_by_one = Counter[RosterKey]()
        for number, entry in enumerate(entries):
            one_by_one.update(roster_changes(entries[:number], [entry]))

        assert [expected(together, "01"), expected(together, "02")] == [first, second]
        assert expected(one_by_one, "01") == first
        cycles = [roster_cycle(entries, month) for month in (JULY, AUGUST, SEPTEMBER)]
        assert [int(cycle == "01") for cycle in cycles] == first
        assert [int(cycle == "02") for cycle in cycles] == second
