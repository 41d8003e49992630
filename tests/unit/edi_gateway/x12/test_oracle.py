"""Our verdicts are held to those of pyx12's own walker, code by code, over thousands of documents.

Where the two differ on purpose the reason stands in `intended.py`; anything else fails here. More
documents are compared by `python -m benchmarks.differential`.
"""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

import pytest

from services.edi_gateway.x12 import load_guide, scan
from services.edi_gateway.x12.guide import reference_verdict
from services.edi_gateway.x12.oracle import read_reference, read_reference_envelopes
from tests.unit.edi_gateway.x12.comparing import Tally, compare
from tests.unit.edi_gateway.x12.damage import DOCUMENTS, damaged
from tests.unit.edi_gateway.x12.documents import USAGE, body_of, read_one, set_file, usage_file
from tests.unit.edi_gateway.x12.growing import Grower
from tests.unit.edi_gateway.x12.intended import DIFFERENCES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from services.edi_gateway.x12 import Finding

BATCHES = 3
GROWN = 50
SETS = sorted(load_guide().sets)
UTILITIES = ("pge", "sce", "sdge")
UTILITY_SETS = ("810", "814", "867")
STRUCTURE_CODES = {f"AK3-{code}" for code in (1, 3, 4, 5, 6, 7)}
ELEMENT_CODES = {f"AK4-{code}" for code in range(1, 11)}
WHOLE_MIN = 0.9


@cache
def tally_of(set_id: str) -> Tally:
    """Compare some hundred documents of a set."""
    tally = Tally()
    for seed in range(BATCHES):
        tally.add(compare(set_id, seed))
    return tally


def codes_of(findings: Iterable[Finding]) -> set[str]:
    """Return the codes of all errors."""
    return {finding.code for finding in findings if finding.is_error}


class TestGrownDocuments:
    @pytest.mark.parametrize("set_id", SETS)
    def test_what_the_maps_allow_is_good_to_both(self, set_id: str) -> None:
        grower = Grower(load_guide(), random.Random(set_id))
        for _ in range(GROWN):
            data = set_file(set_id, grower.document(set_id))

            assert read_one(data).accepted, data
            assert read_reference(data)[0].accepted, data


class TestAgainstPyx12:
    @pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
    def test_we_ask_pyx12_what_its_own_driver_would_say(self, path: Path) -> None:
        chance = random.Random(path.stem)
        set_id, good = body_of(path)
        for body in (good, damaged(good, chance), damaged(good, chance)):
            data = set_file(set_id, body)

            assert read_reference(data)[0].accepted == reference_verdict(data).accepted

    @pytest.mark.parametrize("set_id", SETS)
    def test_every_code_of_every_answer_is_the_same(self, set_id: str) -> None:
        assert tally_of(set_id).unexplained == []

    @pytest.mark.parametrize("utility", UTILITIES)
    @pytest.mark.parametrize("set_id", UTILITY_SETS)
    def test_the_guides_of_the_utilities_are_read_the_same(self, utility: str, set_id: str) -> None:
        assert compare(set_id, 0, utility).unexplained == []


class TestEnvelopes:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("IEA*1*000000001", "IEA*2*000000001"),
            ("IEA*1*000000001", "IEA*1*000000002"),
            ("IEA*1*000000001~\n", ""),
            ("GE*2*1", "GE*3*1"),
            ("GE*2*1", "GE*X*1"),
            ("GE*2*1", "GE*2*2"),
            ("GE*2*1", "GE*1*9"),
            ("SE*18*0001", "SE*17*0001"),
            ("SE*18*0001", "SE*X*0001"),
            ("SE*18*0001", "SE*18*0009"),
            ("SE*18*0001", "SE*1*9"),
            ("*867*0002", "*867*0001"),
            ("REF*MG*M100~\n", ""),
            ("REF*MG*M100", "REF*MG*M100~REF*MG*M101"),
        ],
    )
    def test_counts_and_numbers_that_disagree_get_the_same_codes(self, old: str, new: str) -> None:
        data = usage_file(USAGE, USAGE).replace(old.encode(), new.encode(), 1)
        (found,) = scan(data).interchanges
        (only,) = found.groups
        told = [finding for slot in only.transactions for finding in slot.findings]

        theirs = read_reference_envelopes(data)

        assert codes_of(found.findings) == theirs["isa"]
        assert codes_of(only.findings) == theirs["gs"]
        assert codes_of(told) == theirs["st"]


class TestTheComparison:
    def test_each_difference_that_is_meant_occurs(self) -> None:
        seen = {name for set_id in SETS for name in tally_of(set_id).differences}

        assert seen == {difference.name for difference in DIFFERENCES}

    def test_each_code_of_the_997_is_met(self) -> None:
        seen = {code for set_id in SETS for code in tally_of(set_id).codes}

        assert seen >= STRUCTURE_CODES | ELEMENT_CODES

    def test_nearly_all_documents_are_compared_to_their_end(self) -> None:
        tallies = [tally_of(set_id) for set_id in SETS]
        documents = sum(tally.documents for tally in tallies)

        assert sum(tally.whole for tally in tallies) >= WHOLE_MIN * documents
        assert 1 / 4 < sum(tally.accepted for tally in tallies) / documents < 3 / 4


class TestIntendedDifferences:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("JANE DOE", "JANE DOE "),
            ("JANE DOE", "JOS\xc9"),
            ("REF*MT*KHMON", "REF*MT*KHMON*****"),
        ],
    )
    def test_we_accept_what_does_no_harm(self, old: str, new: str) -> None:
        data = set_file("867", USAGE.replace(old, new))

        assert read_one(data).accepted
        assert not reference_verdict(data).accepted

    def test_we_refuse_a_loop_that_begins_again_unfinished(self) -> None:
        data = set_file("997", "AK1*IN*1\nAK2*810*0001\nAK2*810*0002\nAK5*A\nAK9*A*2*2*2")

        assert not read_one(data).accepted
        assert reference_verdict(data).accepted
