from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rating.rounding import line_cents, tax_cents
from shared.contracts.measures import from_micro, round_to_cents, to_cents


class TestALineIsRoundedOnce:
    @pytest.mark.parametrize(
        ("quantity", "price", "half_up", "half_even"),
        [
            (1_000_000, 255_000, 26, 26),
            (1_000_000, 245_000, 25, 24),
            (1_000_000, -245_000, -25, -24),
            (1_000_000, 244_999, 24, 24),
            (0, 245_000, 0, 0),
        ],
    )
    def test_half_a_cent(self, quantity: int, price: int, half_up: int, half_even: int) -> None:
        assert line_cents(quantity, price) == half_up
        assert line_cents(quantity, price, half_even=True) == half_even

    @given(
        quantity=st.integers(-(10**12), 10**12),
        price=st.integers(-(10**7), 10**7),
        half_even=st.booleans(),
    )
    def test_as_the_contract_rounds(self, quantity: int, price: int, half_even: bool) -> None:
        exact = from_micro(quantity) * from_micro(price)

        expected = to_cents(round_to_cents(exact, half_even=half_even))

        assert line_cents(quantity, price, half_even=half_even) == expected


class TestATax:
    def test_is_laid_on_cents(self) -> None:
        assert tax_cents(4859, 85_000) == to_cents(Decimal("4.13"))
