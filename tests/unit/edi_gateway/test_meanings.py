"""The words of the codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.edi_gateway.meanings import Vocabulary, VocabularyError, load_vocabulary
from services.edi_gateway.partners import load_partners
from services.edi_gateway.x12 import DEFAULT_GUIDE, load_guide
from services.edi_gateway.x12.names import envelope_rules
from services.edi_gateway.x12.rules import ElementRule, LoopRule

WORDS = load_vocabulary(DEFAULT_GUIDE)


def elements_of(loop: LoopRule) -> Iterator[ElementRule]:
    for child in loop.children:
        if isinstance(child, LoopRule):
            yield from elements_of(child)
        else:
            for element in child.elements:
                yield element
                yield from element.components


class TestMeaning:
    @pytest.mark.parametrize(
        ("place", "element", "code", "words"),
        [
            (("QTY", "", 1), "673", "QD", "delivered to the customer, actual"),
            (("BPT", "00", 7), "306", "F", "final usage of the account"),
            (("ASI", "", 1), "306", "F", "final"),
            (("REF", "7G", 2), "127", "A76", "account not found"),
            (("REF", "12", 2), "127", "A76", ""),
            (("REF", "", 1), "128", "??", ""),
        ],
    )
    def test_the_place_decides_before_the_element(
        self, place: tuple[str, str, int], element: str, code: str, words: str
    ) -> None:
        segment_id, qualifier, number = place

        said = WORDS.meaning(
            segment_id=segment_id,
            qualifier=qualifier,
            number=number,
            data_element=element,
            code=code,
        )

        assert said == words


class TestVocabulary:
    def test_every_code_that_decides_has_words(self) -> None:
        guide = load_guide()
        silent = {
            (element.data_element, code)
            for one in guide.sets.values()
            for element in elements_of(one.root)
            for code in element.codes
            if code not in WORDS.codes.get(element.data_element, {})
        }

        assert silent == set()

    def test_it_speaks_of_elements_that_the_guide_knows(self) -> None:
        guide = load_guide()
        known = {e.data_element for one in guide.sets.values() for e in elements_of(one.root)}
        known |= {
            e.data_element for rule in envelope_rules(guide.name).values() for e in rule.elements
        }

        assert set(WORDS.codes) <= known

    def test_every_codes_words_agree_with_what_the_gateway_does_with_it(self) -> None:
        for profile in load_partners().utilities:
            for code, bucket in profile.usage.buckets.items():
                said = WORDS.codes["935"][code].replace("-", "_").replace(" ", "_")
                assert bucket.value in said
            for code, quantity in profile.usage.quantities.items():
                said = WORDS.codes["673"][code]
                assert ("estimated" in said) is quantity.estimated
                assert ("received" in said) is quantity.received

    def test_a_guide_without_a_file_has_no_words(self, tmp_path: Path) -> None:
        assert load_vocabulary("nobodys", tmp_path) == Vocabulary({}, {})

    @pytest.mark.parametrize("text", ["[codes", "[codes.1]\nA = 7\n", "[words.1]\nA = 'a'\n"])
    def test_a_broken_file_is_named(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "broken.toml").write_text(text)

        with pytest.raises(VocabularyError, match=r"broken\.toml"):
            load_vocabulary("broken", tmp_path)
