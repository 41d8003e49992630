from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.rating.calendars import CalendarBook, load_calendars
from services.rating.review.window import Basis, BillWindow, Deadline, Standing, bill_window

TODAY = date(2026, 11, 23)


def clock_of(
    utility: str, active: CalendarBook | None = None, known_on: date = TODAY
) -> BillWindow:
    """A utility's clock."""
    found = bill_window(utility, active, known_on)
    assert found is not None
    return found


PGE, SCE, SDGE = map(clock_of, ("pge", "sce", "sdge"))


class TestABillWindow:
    @pytest.mark.parametrize(
        ("received", "due_on"),
        [
            ("2026-11-23T20:00:00Z", date(2026, 11, 27)),  # Thanksgiving is no business day
            ("2026-11-21T20:00:00Z", date(2026, 11, 25)),  # a Saturday
            ("2026-11-24T07:30:00Z", date(2026, 11, 27)),  # still Monday evening in California
            ("2026-07-01T20:00:00Z", date(2026, 7, 7)),  # PG&E keeps July 4 on Friday 3
        ],
    )
    def test_counts_the_utilitys_business_days(self, received: str, due_on: date) -> None:
        found = PGE.deadline(datetime.fromisoformat(received), None)

        assert found.basis is Basis.BUSINESS_DAYS
        assert found.due_at.astimezone(PGE.zone).date() == due_on

    def test_knows_each_utilitys_own_holidays(self) -> None:
        received = datetime(2026, 7, 1, 20, tzinfo=UTC)

        assert SDGE.deadline(received, None).due_at.astimezone(SDGE.zone).date() == date(2026, 7, 6)

    def test_ends_at_noon_at_sce_and_later_elsewhere(self) -> None:
        received = datetime(2026, 8, 3, 20, tzinfo=UTC)

        assert SCE.deadline(received, None).due_at == datetime(2026, 8, 6, 19, tzinfo=UTC)
        assert PGE.deadline(received, None).due_at == datetime(2026, 8, 7, 0, tzinfo=UTC)

    def test_is_what_the_867_says_when_it_says_a_day(self) -> None:
        found = SCE.deadline(datetime(2026, 1, 5, tzinfo=UTC), date(2026, 1, 20))

        assert found == Deadline(datetime(2026, 1, 20, 20, tzinfo=UTC), Basis.STATED)

    def test_is_open_then_closing_then_missed(self) -> None:
        due_at = datetime(2026, 8, 6, 19, tzinfo=UTC)
        deadline, day = Deadline(due_at, Basis.STATED), timedelta(days=1)

        assert [
            deadline.standing(due_at + offset, day)
            for offset in (-2 * day, -day, timedelta(), timedelta(seconds=1))
        ] == [Standing.OPEN, Standing.CLOSING, Standing.CLOSING, Standing.MISSED]


class TestImportedHolidays:
    MONDAY = datetime(2026, 12, 21, 20, tzinfo=UTC)

    def with_the_eve_off(self) -> CalendarBook:
        """PG&E's holidays, and Christmas Eve besides, known since 22 December."""
        shipped = load_calendars()
        (pge,) = shipped.holiday_list("pge").versions
        eve = pge.days[-1].model_copy(update={"name": "Christmas Eve", "on": "12-24"})
        later = pge.model_copy(
            update={
                "version": "2026-12",
                "effective_from": date(2026, 12, 1),
                "known_from": date(2026, 12, 22),
                "days": (*pge.days, eve),
            }
        )
        return CalendarBook(shipped.singles, (*shipped.lists, later))

    def due_on(self, active: CalendarBook | None, known_on: date) -> date:
        """The last day for usage that came on Monday before Christmas."""
        clock = clock_of("pge", active, known_on)
        return clock.deadline(self.MONDAY, None).due_at.astimezone(clock.zone).date()

    def test_count_once_they_are_known(self) -> None:
        active = self.with_the_eve_off()

        assert self.due_on(active, date(2026, 12, 21)) == date(2026, 12, 24)
        assert self.due_on(active, date(2026, 12, 22)) == date(2026, 12, 28)

    def test_are_the_programs_as_long_as_none_are_active(self) -> None:
        empty = CalendarBook((), ())

        assert self.due_on(None, TODAY) == date(2026, 12, 24)
        assert self.due_on(empty, TODAY) == date(2026, 12, 24)
