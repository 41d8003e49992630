from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.remittance.statements.statement import LINES, Moved, Statement, fold, last_day_of

JANUARY, FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (1, 2, 3, 4))
CHARGED, CANCELLED, APPLIED, ADJUSTED, WRITTEN_OFF = LINES

moves = st.lists(
    st.builds(
        Moved,
        st.sampled_from([JANUARY, FEBRUARY, MARCH, APRIL]),
        st.sampled_from(list(LINES)),
        st.integers(-(10**12), 10**12),
    ),
    max_size=30,
)


class TestMonthsOneAfterTheOther:
    @settings(max_examples=60)
    @given(moved=moves, last=st.integers(0, 40))
    def test_each_opens_with_what_the_one_before_closed_with(
        self, moved: list[Moved], last: int
    ) -> None:
        made = fold(moved, last_day_of(APRIL) + timedelta(days=last))

        opening = 0
        for statement in made:
            assert statement.opening_cents == opening
            opening = statement.closing_cents
        assert opening == sum(each.cents for each in moved)

    @settings(max_examples=60)
    @given(moved=moves)
    def test_every_change_stands_in_one_line_of_its_month(self, moved: list[Moved]) -> None:
        for statement in fold(moved, last_day_of(APRIL)):
            for kind, cents in statement.lines():
                told = [m.cents for m in moved if (m.month, m.kind) == (statement.month, kind)]
                assert cents == sum(told)

    def test_a_month_in_which_nothing_moved_has_its_statement(self) -> None:
        made = fold([Moved(JANUARY, CHARGED, 500), Moved(MARCH, APPLIED, -500)], MARCH)

        assert [each.month for each in made] == [JANUARY, FEBRUARY, MARCH]
        assert (made[1].opening_cents, made[1].moved_cents, made[1].closing_cents) == (500, 0, 500)

    def test_the_last_one_ends_on_the_day_that_was_asked_for(self) -> None:
        made = fold([Moved(JANUARY, CHARGED, 500)], date(2026, 2, 14))

        assert [each.on for each in made] == [date(2026, 1, 31), date(2026, 2, 14)]

    def test_books_without_an_entry_have_one_statement_of_nothing(self) -> None:
        assert fold([], date(2026, 2, 14)) == (Statement(FEBRUARY, date(2026, 2, 14), 0),)
