"""Two bills are compared line by line; nothing is netted away in the total."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.shadow.compare import (
    BilledLine,
    Difference,
    DifferenceKind,
    Tolerance,
    compare,
)

EXACT = Tolerance(quantity_micro=0, price_micro=0, line_cents=0, total_cents=0)
PEAK = BilledLine("ENC001", "GENERATION ON-PEAK", 100_000_000, 207_820, 2078)
OFF = BilledLine("ENC001", "GENERATION OFF-PEAK", 400_000_000, 104_820, 4193)
RELIEF = BilledLine("ENC003", "COST RELIEF CREDIT", 500_000_000, 6_200, -310)
BILL = (PEAK, OFF, RELIEF)


def kinds(found: list[Difference]) -> list[tuple[str, str, int]]:
    """Kind, code and money of each difference."""
    return [(each.kind.value, each.code, each.difference_cents) for each in found]


def line(of: BilledLine, **changed: object) -> BilledLine:
    """The same line, but for something."""
    told = {name: getattr(of, name) for name in BilledLine.__slots__}
    return BilledLine(**{**told, **changed})


class TestTheSameBill:
    def test_agrees_in_whatever_order_its_lines_stand(self) -> None:
        assert compare(BILL, BILL[::-1], EXACT) == []

    def test_agrees_with_itself_in_other_words(self) -> None:
        reworded = [line(each, label=f"X {number}") for number, each in enumerate(BILL)]

        assert compare(BILL, reworded, EXACT) == []

    @settings(max_examples=50)
    @given(
        st.lists(
            st.builds(
                BilledLine,
                st.sampled_from(["ENC001", "ENC002", "UT"]),
                st.sampled_from(["A", "B"]),
                st.none() | st.integers(0, 10**9),
                st.none() | st.integers(0, 10**6),
                st.integers(-(10**6), 10**6),
            ),
            max_size=6,
        )
    )
    def test_always_agrees_with_itself(self, bill: list[BilledLine]) -> None:
        assert compare(bill, bill, EXACT) == []


class TestADifference:
    def test_names_the_line_that_is_missing(self) -> None:
        found = compare(BILL, (PEAK, OFF), EXACT)

        assert kinds(found) == [("missing", "ENC003", 310), ("total", "", 310)]

    def test_names_the_line_that_is_one_too_many(self) -> None:
        found = compare((PEAK, OFF), BILL, EXACT)

        assert kinds(found) == [("extra", "ENC003", -310), ("total", "", -310)]

    def test_names_quantity_price_and_amount_apart(self) -> None:
        theirs = line(PEAK, quantity_micro=110_000_000, price_micro=200_000, cents=2200)

        found = compare(BILL, (theirs, OFF, RELIEF), EXACT)

        assert [each.kind for each in found] == [
            DifferenceKind.QUANTITY,
            DifferenceKind.PRICE,
            DifferenceKind.AMOUNT,
            DifferenceKind.TOTAL,
        ]
        assert (found[1].ours, found[1].theirs) == ("0.207820", "0.200000")

    def test_of_two_lines_that_cancel_out_is_still_told(self) -> None:
        theirs = (line(PEAK, cents=2178), line(OFF, cents=4093), RELIEF)

        found = compare(BILL, theirs, EXACT)

        assert kinds(found) == [("amount", "ENC001", 100), ("amount", "ENC001", -100)]

    def test_within_the_tolerance_is_none(self) -> None:
        theirs = (line(PEAK, cents=2079), line(OFF, cents=4192), RELIEF)

        assert compare(BILL, theirs, Tolerance(line_cents=1)) == []
        assert len(compare(BILL, theirs, EXACT)) == 2
