"""A text that has a known form is read as the validator reads its segments, and only then."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from services.edi_gateway.x12 import Delimiters, Transaction, load_guide, validate
from services.edi_gateway.x12.acceptance import accept, accept_known
from services.edi_gateway.x12.templates import STUDIED
from services.edi_gateway.x12.tokenizer import split_segments
from tests.unit.edi_gateway.x12.damage import damaged
from tests.unit.edi_gateway.x12.documents import USAGE, transaction

SIGNS = Delimiters()
SETS = load_guide().sets
GUIDE = replace(load_guide(), sets={**SETS, "867": replace(SETS["867"])})
"""The guide with a map of its own, so that nothing is known of it yet."""

ENDINGS = ("~", "~\n", "~\r\n", "~\r")


def usage(number: int) -> str:
    """Word a usage document whose account, reading and control number are its own."""
    body = USAGE.replace("1234567890", f"{number:010d}").replace("402", str(400 + number))
    lines = transaction(body, number=f"{number:04d}")
    return "\n".join(lines)


def text_of(document: str, ending: str = "~\n") -> str:
    return ending.join(document.splitlines()) + ending[0]


def read_both(text: str, signs: Delimiters = SIGNS) -> tuple[Transaction | None, bool]:
    """Read a text by its form; return what came, and whether the validator says just the same."""
    known = accept_known(GUIDE, "867", text, signs)
    reference, findings = validate(GUIDE, split_segments(text, signs), signs)
    return known, known is None or (known == reference and not findings)


def learn(signs: Delimiters) -> None:
    for number in range(1, 6):
        accept(GUIDE, usage(number).splitlines(), signs)


@pytest.fixture(autouse=True)
def _known_form() -> None:
    learn(SIGNS)


class TestKnownForms:
    @pytest.mark.parametrize("ending", ENDINGS)
    def test_any_line_end_is_read_alike(self, ending: str) -> None:
        known, same = read_both(text_of(usage(7), ending))

        assert known is not None
        assert same

    def test_values_that_were_always_the_same_may_change(self) -> None:
        for number in range(10, 10 + 2 * STUDIED):
            assert read_both(text_of(usage(number)))[1]

        for old, new in (("JANE DOE", "JOHN ROE"), ("M100", "M200"), ("20261001", "20261002")):
            known, same = read_both(text_of(usage(99).replace(old, new)))
            assert known is not None
            assert same

    @pytest.mark.parametrize(
        "broken",
        [
            text_of(usage(8)).replace("KHMON", "KH\nMON"),
            text_of(usage(8)).replace("REF*12*", "REF*12\n*"),
            text_of(usage(8)).replace("JANE DOE", "JANE~DOE"),
            text_of(usage(8)).replace("~\nREF", "~~\nREF", 1),
            text_of(usage(8)).replace("~\nREF", "~\n REF", 1),
            text_of(usage(8)).replace("~\nREF", "~REF", 1),
            text_of(usage(8))[:-1],
            text_of(usage(8)) + "\n",
            text_of(usage(8)).replace("~\nN1", "\nN1~", 1),
        ],
    )
    def test_irregular_line_breaks_are_never_read_another_way(self, broken: str) -> None:
        assert read_both(broken)[1]

    def test_damage_is_never_taken(self) -> None:
        chance = random.Random(11)
        for number in range(600):
            body = damaged(usage(number % 90 + 1), chance)
            ending = chance.choice(ENDINGS)
            assert read_both(text_of(body, ending))[1]

    def test_a_newline_may_be_the_terminator(self) -> None:
        signs = Delimiters("*", ">", "\n")
        learn(signs)

        known, same = read_both(usage(9) + "\n", signs)

        assert known is not None
        assert same
