from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.edi_gateway.partners import PartnerBook, load_partners
from services.edi_gateway.verdicts import (
    Earlier,
    Verdict,
    judge_business_key,
    judge_interchange,
)
from services.edi_gateway.x12 import Interchange, Party, scan
from shared.contracts.parts import Environment
from tests.journeys import papers

EARLIER = Earlier(UUID(int=7), "ab" * 32, "file first.edi")


@pytest.fixture(scope="module")
def book() -> PartnerBook:
    return load_partners()


@pytest.fixture(scope="module")
def good() -> Interchange:
    data = papers.file_of("pge", "867", 1, [papers.usage(papers.ADA, "USE1")])
    return scan(data).interchanges[0]


def judge(
    book: PartnerBook,
    interchange: Interchange,
    *,
    utility: str = "pge",
    environment: Environment = Environment.TEST,
    sha256: str = "cd" * 32,
    earlier: Earlier | None = None,
) -> Verdict:
    return judge_interchange(
        interchange,
        utility=utility,
        book=book,
        environment=environment,
        sha256=sha256,
        earlier=earlier,
    )


class TestInterchange:
    def test_a_good_one_may_have_its_effect(self, book: PartnerBook, good: Interchange) -> None:
        verdict = judge(book, good)

        assert verdict.has_effect
        assert (verdict.code, verdict.note) == ("", "000")

    def test_a_sender_in_anothers_mailbox_is_unknown_there(
        self, book: PartnerBook, good: Interchange
    ) -> None:
        verdict = judge(book, good, utility="sce")

        assert (verdict.state, verdict.code, verdict.note) == ("rejected", "UNKNOWN_SENDER", "006")

    def test_a_stranger_is_unknown(self, book: PartnerBook, good: Interchange) -> None:
        stranger = replace(good, sender=Party("01", "123456789"))

        assert judge(book, stranger).code == "UNKNOWN_SENDER"

    def test_a_receiver_that_is_not_us_is_refused(
        self, book: PartnerBook, good: Interchange
    ) -> None:
        verdict = judge(book, replace(good, receiver=Party("ZZ", "SOMEBODY")))

        assert (verdict.code, verdict.note) == ("UNKNOWN_RECEIVER", "008")

    @pytest.mark.parametrize(
        ("usage_indicator", "environment", "passes"),
        [
            ("T", Environment.TEST, True),
            ("P", Environment.TEST, False),
            ("T", Environment.PRODUCTION, False),
            ("P", Environment.PRODUCTION, True),
            ("I", Environment.PRODUCTION, False),
        ],
    )
    def test_test_and_production_never_mix(
        self,
        book: PartnerBook,
        good: Interchange,
        usage_indicator: str,
        environment: Environment,
        passes: bool,
    ) -> None:
        one = replace(good, usage_indicator=usage_indicator)

        verdict = judge(book, one, environment=environment)

        assert verdict.has_effect is passes
        assert verdict.code == ("" if passes else "WRONG_ENVIRONMENT")

    def test_the_same_number_with_the_same_bytes_is_a_copy(
        self, book: PartnerBook, good: Interchange
    ) -> None:
        verdict = judge(book, good, sha256=EARLIER.sha256, earlier=EARLIER)

        assert (verdict.state, verdict.duplicate_of) == ("copy", EARLIER.id)
        assert "file first.edi" in verdict.text

    def test_the_same_number_with_other_bytes_is_a_conflict_for_a_person(
        self, book: PartnerBook, good: Interchange
    ) -> None:
        verdict = judge(book, good, earlier=EARLIER)

        assert (verdict.state, verdict.note) == ("conflict", "025")
        assert verdict.duplicate_of == EARLIER.id

    def test_a_broken_envelope_is_refused_with_the_code_of_its_fault(
        self, book: PartnerBook
    ) -> None:
        data = papers.file_of("pge", "867", 1, [papers.usage(papers.ADA, "USE1")])
        broken = scan(data.replace(b"IEA*1*000000001", b"IEA*1*000000009")).interchanges[0]

        verdict = judge(book, broken)

        assert (verdict.state, verdict.code, verdict.note) == ("rejected", "BAD_ENVELOPE", "001")


KEYS = st.text("AB1", max_size=2)
HASHES = st.sampled_from(["aa", "bb"])


class TestBusinessKey:
    @given(KEYS, HASHES, st.dictionaries(st.tuples(st.just("867"), KEYS), HASHES))
    def test_only_a_new_key_has_an_effect(
        self, key: str, content: str, known: dict[tuple[str, str], str]
    ) -> None:
        earlier = {at: Earlier(UUID(int=1), sha, "file f") for at, sha in known.items()}

        verdict = judge_business_key("867", key, content, earlier)

        before = known.get(("867", key)) if key else None
        expected = "accepted" if before is None else "copy" if before == content else "conflict"
        assert verdict.state == expected
        assert verdict.has_effect is (expected == "accepted")

    def test_the_same_key_in_another_set_is_another_thing(self) -> None:
        assert judge_business_key("820", "K", "aa", {("867", "K"): EARLIER}).has_effect

    @pytest.mark.parametrize("key", [None, ""])
    def test_a_set_without_a_key_is_never_a_duplicate(self, key: str | None) -> None:
        assert judge_business_key("997", key, "aa", {("997", ""): EARLIER}).has_effect
