"""The same money told twice is one movement; two of the same amount are two."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.remittance.bank.recognition import Known, recognised
from services.remittance.bank.statement import FileFormat, Movement

DAY = date(2026, 11, 19)
BAI2, CTX = FileFormat.BAI2, FileFormat.CTX


def movement(
    cents: int = 500, *, bank: str = "", trace: str = "", text: str = "", day: date = DAY
) -> Movement:
    return Movement(
        day, cents, "142", bank, frozenset({trace} - {""}), frozenset({bank} - {""}), text
    )


def kept(number: int, told: Movement, kind: FileFormat = BAI2) -> Known:
    return Known(UUID(int=number), kind, told)


def numbers(found: tuple[UUID | None, ...]) -> list[int | None]:
    return [each.int if each else None for each in found]


class TestOverlappingStatements:
    def test_the_same_movement_is_recognised(self) -> None:
        told = movement(bank="B1")

        assert numbers(recognised([kept(1, told)], BAI2, [told])) == [1]

    def test_two_equal_deposits_of_one_statement_are_two(self) -> None:
        assert numbers(recognised([], BAI2, [movement(), movement()])) == [None, None]
        known = [kept(1, movement())]
        assert numbers(recognised(known, BAI2, [movement(), movement()])) == [1, None]

    def test_the_banks_number_tells_two_deposits_of_a_day_apart(self) -> None:
        known = [kept(1, movement(bank="B1"))]

        assert numbers(recognised(known, BAI2, [movement(bank="B2")])) == [None]

    def test_without_a_number_the_banks_words_do(self) -> None:
        known = [kept(1, movement(text="MORNING"))]

        assert numbers(recognised(known, BAI2, [movement(text="NOON")])) == [None]

    def test_another_day_or_amount_is_another_movement(self) -> None:
        known = [kept(1, movement(bank="B1"))]
        other = [movement(501, bank="B1"), movement(bank="B1", day=date(2026, 11, 20))]

        assert numbers(recognised(known, BAI2, other)) == [None, None]


class TestOtherFormats:
    def test_addenda_of_a_ctx_file_belong_to_the_deposit_of_the_statement(self) -> None:
        known = [kept(1, movement(bank="B1"))]

        assert numbers(recognised(known, CTX, [movement(bank="0310", trace="T1")])) == [1]

    def test_the_trace_finds_the_right_one_of_two(self) -> None:
        known = [kept(1, movement(bank="B1", trace="T1")), kept(2, movement(bank="B2", trace="T2"))]

        assert numbers(recognised(known, CTX, [movement(trace="T2")])) == [2]
        assert numbers(recognised(known, CTX, [movement(trace="T3")])) == [None]


movements = st.lists(
    st.builds(
        movement,
        st.sampled_from([500, 600]),
        bank=st.sampled_from(["", "B1", "B2"]),
        trace=st.sampled_from(["", "T1"]),
        text=st.sampled_from(["", "A"]),
    ),
    max_size=6,
)


class TestAlways:
    @given(movements)
    @settings(max_examples=100)
    def test_a_statement_that_comes_again_brings_nothing_new(self, told: list[Movement]) -> None:
        known = [kept(number, each) for number, each in enumerate(told, 1)]

        assert None not in recognised(known, BAI2, told)
