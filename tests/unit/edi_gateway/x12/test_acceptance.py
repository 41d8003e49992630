"""Quick acceptance takes nothing that the validator would not, and reads it the same."""

from __future__ import annotations

import gc
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.edi_gateway.x12 import Delimiters, Guide, load_guide, validate
from services.edi_gateway.x12.acceptance import SEARCHED_MAX, accept, accept_or_tell
from tests.unit.edi_gateway.x12.damage import DOCUMENTS, LONG_PAYMENT, damaged
from tests.unit.edi_gateway.x12.documents import USAGE, body_of, transaction

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 400
SIGNS = Delimiters()


def texts_of(set_id: str, body: str, signs: Delimiters = SIGNS) -> list[str]:
    table = str.maketrans({"*": signs.element, ">": signs.component})
    return [line.translate(table) for line in transaction(body, set_id=set_id)]


def hold_equal(guide: Guide, texts: list[str], signs: Delimiters = SIGNS) -> bool:
    """Assert that acceptance agrees with the validator; return whether it took the document."""
    quick = accept(guide, texts, signs)
    reference, findings = validate(guide, texts, signs)
    for _ in range(2):  # the second time by what was learned the first time
        told = accept_or_tell(guide, texts, signs)
        assert told in (None, (reference, findings))
    if quick is None:
        return False
    assert findings == ()
    assert quick == reference
    return True


class TestAcceptance:
    @pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
    def test_good_documents_are_taken_from_the_first_on(self, path: Path) -> None:
        set_id, body = body_of(path)
        guide = load_guide()
        clean = not validate(guide, texts_of(set_id, body), SIGNS)[1]

        assert [hold_equal(guide, texts_of(set_id, body)) for _ in range(3)] == [clean] * 3

    @pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
    def test_damaged_documents_are_judged_as_the_validator_does(self, path: Path) -> None:
        chance = random.Random(path.stem)
        set_id, good = body_of(path)
        guide = load_guide()
        for _ in range(ROUNDS):
            body = damaged(good, chance)
            for _ in range(chance.randrange(2)):
                body = damaged(body, chance) if body else body
            hold_equal(guide, texts_of(set_id, body))

    @pytest.mark.parametrize(
        "signs",
        [
            Delimiters("\x1c", ":"),
            Delimiters("|", "*"),
            Delimiters("^", "~", "\n"),
            Delimiters("+", "^", "'"),
        ],
    )
    def test_any_separators(self, signs: Delimiters) -> None:
        for path in DOCUMENTS:
            set_id, body = body_of(path)
            hold_equal(load_guide(), texts_of(set_id, body, signs), signs)

    @pytest.mark.parametrize("signs", [Delimiters("-"), Delimiters("."), Delimiters("*", "")])
    def test_separators_that_could_be_data_are_left_to_the_validator(
        self, signs: Delimiters
    ) -> None:
        assert accept(load_guide(), texts_of("867", USAGE, signs), signs) is None

    def test_a_segment_that_comes_too_often_is_never_taken(self) -> None:
        twelve = USAGE.replace("REF*12*1234567890", "\n".join(["REF*12*1"] * 11))
        thirteen = twelve.replace("REF*Q5", "REF*12*1\nREF*Q5")

        assert hold_equal(load_guide(), texts_of("867", twelve))
        assert not hold_equal(load_guide(), texts_of("867", thirteen))

    def test_repeated_loops_without_limit_need_no_more_states(self) -> None:
        many = USAGE + "".join(f"\nQTY*QD*{n}*KH\nMEA*AA*PRQ*{n}*KH***42" for n in range(3_000))

        assert hold_equal(load_guide(), texts_of("867", many))

    def test_garbage_is_looked_for_again_after_a_long_document(self) -> None:
        assert hold_equal(load_guide(), texts_of("820", LONG_PAYMENT))
        hold_equal(load_guide(), texts_of("820", LONG_PAYMENT.replace("*PO*", "*PO**", 1)))

        assert gc.isenabled()

    def test_long_runs_of_one_loop_with_irregular_ones_between(self) -> None:
        chance, taken = random.Random(8), 0
        for _ in range(ROUNDS):
            body = LONG_PAYMENT
            for _ in range(chance.randrange(4)):
                body = damaged(body, chance)
            taken += hold_equal(load_guide(), texts_of("820", body))

        assert taken > ROUNDS // 5

    def test_a_document_longer_than_is_searched_for_runs(self) -> None:
        head, opening, lines = LONG_PAYMENT.partition("ENT*1")
        body = head + opening + lines * (2 * SEARCHED_MAX // lines.count("\n"))
        late = body.rpartition("*PO*")

        assert hold_equal(load_guide(), texts_of("820", body))
        assert hold_equal(load_guide(), texts_of("820", head + opening + "\nADX*-5*CS" + lines))
        assert not hold_equal(load_guide(), texts_of("820", f"{late[0]}*PO*X{late[2]}"))

    @settings(max_examples=300, deadline=None)
    @given(st.text(st.characters(max_codepoint=0x17F, exclude_characters="*~"), max_size=70))
    def test_any_text_in_any_place(self, value: str) -> None:
        guide = load_guide()
        for old in ("JANE DOE", "20261001", "402", "KHMON", "M100"):
            hold_equal(guide, texts_of("867", USAGE.replace(old, value)))
            hold_equal(guide, texts_of("867", USAGE))
