from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.rating.engine.cents import PICO_PER_CENT, Factors, reduced, rounded_products, shares

CENT = Decimal("0.01")


def rounded(quantities: list[int], price: int, *, half_even: bool) -> list[int]:
    factors = Factors.of([reduced(price, PICO_PER_CENT)])
    found = rounded_products(np.array([quantities]), factors, half_even=half_even)
    return [int(each) for each in found[0]]


class TestRounding:
    @settings(max_examples=200, deadline=None)
    @given(
        quantities=st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=4),
        price=st.integers(-(10**8), 10**8),
        half_even=st.booleans(),
    )
    @example(quantities=[1_000_000, -1_000_000], price=5_000, half_even=False)
    @example(quantities=[1_000_000, 3_000_000], price=5_000, half_even=True)
    def test_it_equals_decimal_also_where_64_bits_do_not_hold_the_product(
        self, quantities: list[int], price: int, *, half_even: bool
    ) -> None:
        how = ROUND_HALF_EVEN if half_even else ROUND_HALF_UP
        expected = [
            int((Decimal(each) * price).scaleb(-12).quantize(CENT, how) * 100)
            for each in quantities
        ]

        assert rounded(quantities, price, half_even=half_even) == expected

    @pytest.mark.parametrize(
        ("quantity", "up", "even"), [(500, 1, 0), (1_500, 2, 2), (-500, -1, 0), (-1_500, -2, -2)]
    )
    def test_a_half_goes_up_or_to_the_even_cent(self, quantity: int, up: int, even: int) -> None:
        dollar_per_unit = 10_000_000

        assert rounded([quantity], dollar_per_unit, half_even=False) == [up]
        assert rounded([quantity], dollar_per_unit, half_even=True) == [even]

    def test_shares_round_as_taxes_do(self) -> None:
        base = np.array([2_550, 4_859, 0, 10])

        assert shares(base, 10_000, half_even=False).tolist() == [26, 49, 0, 0]
        assert shares(base, np.array([85_000, 85_000, 1, 50_000]), half_even=True).tolist() == [
            217,
            413,
            0,
            0,
        ]

    def test_nothing_is_nothing(self) -> None:
        nothing = np.zeros((0, 3), dtype=np.int64)

        assert rounded_products(nothing, Factors.of([]), half_even=False).shape == (0, 3)

    @pytest.mark.parametrize("half_even", [True, False])
    def test_shares_of_what_is_not_negative_are_the_same_in_fewer_operations(
        self, *, half_even: bool
    ) -> None:
        base = np.array([0, 1, 10, 2_550, 4_859, 10**14 + 7])
        rates = np.array([85_000, 500_000, 50_000, 10_000, 85_000, 12_345])

        plain = shares(base, rates, half_even=half_even)

        assert shares(base, rates, half_even=half_even, signed=False).tolist() == plain.tolist()
