"""The vectorised reading of interval usage equals the plain one, on good, damaged and odd files."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.edi_gateway.x12 import Anchor, Delimiters, load_guide, validate
from services.edi_gateway.x12.digits import read_numbers, words
from services.edi_gateway.x12.interval_runs import accept_intervals
from services.edi_gateway.x12.intervals import read_intervals
from services.edi_gateway.x12.tokenizer import split_segments
from tests.unit.edi_gateway.x12.damage import damaged
from tests.unit.edi_gateway.x12.documents import transaction
from tests.unit.edi_gateway.x12.interval_documents import (
    AUTUMN_DAY,
    SPRING_DAY,
    SUMMER_DAY,
    document,
    layout,
    meter,
    midnight,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 150
SIGNS = (Delimiters(), Delimiters("\x1c", ">", "\n"), Delimiters("|", "^", "\x1e"))
FORMS: tuple[Callable[[int], str], ...] = (
    lambda n: f"{n / 1000:.3f}",
    lambda n: f"{n}",
    lambda n: f"{n / 8:g}" if n < 8_000 else "0.5",
    lambda n: str(Decimal(n) / 10**6) if n else "0",
    lambda n: f".{n:06d}",
)


def bytes_of(body: str, signs: Delimiters, ending: str = "") -> bytes:
    table = str.maketrans({"*": signs.element, ">": signs.component})
    lines = (line.translate(table) for line in transaction(body))
    return "".join(f"{line}{signs.segment}{ending}" for line in lines).encode("latin-1")


def hold_equal(data: bytes, signs: Delimiters, anchor: Anchor) -> bool:
    """Assert that the vectorised reading agrees with the plain one; return whether it took it."""
    quick = accept_intervals(load_guide(), data, signs, layout(anchor))
    if quick is None:
        return False
    texts = split_segments(data.decode("latin-1"), signs)
    whole, findings = validate(load_guide(), texts, signs)
    assert findings == ()
    assert whole is not None
    assert quick == read_intervals(whole, layout(anchor))
    assert quick.problems == ()
    return True


@pytest.mark.parametrize("anchor", list(Anchor))
class TestRuns:
    @pytest.mark.parametrize("signs", SIGNS, ids=["usual", "control byte", "other"])
    @pytest.mark.parametrize("ending", ["", "\r\n", "\n  "], ids=["none", "lines", "indented"])
    def test_good_documents_are_taken(self, anchor: Anchor, signs: Delimiters, ending: str) -> None:
        chance = random.Random(5)
        for day in (SUMMER_DAY, SPRING_DAY, AUTUMN_DAY):
            form = chance.choice(FORMS)
            values = [form(chance.randrange(10_000)) for _ in range(120)]
            body = document(meter(anchor, midnight(day), values))

            assert hold_equal(bytes_of(body, signs, ending), signs, anchor)

    def test_damaged_documents_are_judged_as_the_plain_readers_do(self, anchor: Anchor) -> None:
        chance, taken = random.Random(anchor.value), 0
        for _ in range(ROUNDS):
            form = chance.choice(FORMS)
            values = [form(chance.randrange(10 ** chance.randrange(1, 7))) for _ in range(14)]
            start = midnight(chance.choice([SUMMER_DAY, SPRING_DAY, AUTUMN_DAY]))
            code = chance.choice(["32", "KA", "A5"])
            body = document(
                meter(anchor, start, values, code=code), meter(anchor, start, values[:9], 30)
            )
            for _ in range(chance.randrange(3)):
                body = damaged(body, chance)
            taken += hold_equal(bytes_of(body, SIGNS[0]), SIGNS[0], anchor)

        assert taken > ROUNDS // 5

    def test_any_changed_byte(self, anchor: Anchor) -> None:
        good = bytes_of(document(meter(anchor, midnight(SUMMER_DAY), ["1.25"] * 12)), SIGNS[0])
        chance = random.Random(1)
        for at in range(len(good)):
            byte = chance.choice(b"0159.-*~>A \n\x00\xe9Q")
            hold_equal(good[:at] + bytes([byte]) + good[at + 1 :], SIGNS[0], anchor)


class TestNumbers:
    @settings(max_examples=400, deadline=None)
    @given(
        st.lists(
            st.one_of(
                st.decimals(0, 9_999_999, places=3).map(str),
                st.decimals(0, 9_999_999).map(str),
                st.integers(-5, 10**9).map(str),
                st.text("0123456789.-+eE ", min_size=0, max_size=15),
            ),
            min_size=1,
            max_size=12,
        )
    )
    def test_a_column_is_read_exactly_or_not_at_all(self, texts: list[str]) -> None:
        joined = "X" * 16 + "".join(f"{text}*" for text in texts) + "X" * 16
        cells = np.frombuffer(joined.encode("latin-1"), dtype=np.uint8)
        ends = 16 + np.cumsum([len(text) + 1 for text in texts]) - 1
        begins = ends - np.array([len(text) for text in texts])

        read = read_numbers(words(cells), begins, ends)

        if read is not None:
            assert read.micro_units.tolist() == [int(Decimal(text) * 10**6) for text in texts]
            assert read.digits.tolist() == [len(text.replace(".", "")) for text in texts]
