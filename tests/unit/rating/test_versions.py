from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from services.rating.versions import in_effect, known_by


@dataclass(frozen=True)
class Sheet:
    """A version and nothing else."""

    version: str
    effective_from: date
    known_from: date


OLD = Sheet("old", date(2025, 1, 1), date(2025, 1, 1))
NEW = Sheet("new", date(2026, 1, 1), date(2025, 12, 1))
OLD_CORRECTED = Sheet("old-corrected", date(2025, 1, 1), date(2026, 6, 1))
NEW_CORRECTED = Sheet("new-corrected", date(2026, 1, 1), date(2026, 3, 1))
EVERY = (OLD_CORRECTED, NEW, NEW_CORRECTED, OLD)


class TestInEffect:
    @pytest.mark.parametrize(
        ("day", "counts"),
        [
            (date(2024, 12, 31), None),
            (date(2025, 1, 1), OLD_CORRECTED),
            (date(2025, 12, 31), OLD_CORRECTED),
            (date(2026, 1, 1), NEW_CORRECTED),
        ],
    )
    def test_the_latest_effective_day_wins_then_the_latest_knowledge(
        self, day: date, counts: Sheet | None
    ) -> None:
        assert in_effect(EVERY, day) is counts
        assert in_effect(reversed(EVERY), day) is counts

    def test_a_correction_of_an_older_sheet_never_ousts_the_newer_one(self) -> None:
        assert in_effect([NEW, OLD_CORRECTED], date(2026, 7, 1)) is NEW

    def test_two_of_the_same_days_are_decided_by_their_names_in_any_order(self) -> None:
        twins = [Sheet(name, OLD.effective_from, OLD.known_from) for name in ("a", "b")]

        assert in_effect(twins, date(2025, 6, 1)) is twins[1]
        assert in_effect(reversed(twins), date(2025, 6, 1)) is twins[1]


class TestKnownBy:
    def test_what_came_to_be_known_later_is_left_out(self) -> None:
        assert known_by(EVERY, date(2026, 3, 1)) == (NEW, NEW_CORRECTED, OLD)

    def test_without_a_day_all_are_known(self) -> None:
        assert known_by(EVERY, None) == EVERY
