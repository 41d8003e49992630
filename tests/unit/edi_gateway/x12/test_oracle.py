"""Our verdicts are held to those of pyx12's own walker, on good documents and on damaged ones.

Where the two differ on purpose the reason is written down here and tested, so that a new
difference shows. Ours accepts what pyx12 refuses: blanks at the end of a text, letters with
accents, separators after the last element, parties in an order that is not the map's, levels (HL)
that are not numbered from 1. Ours refuses
what pyx12 lets pass: a loop that begins again before its required segments came, and a date that is
not in the form its qualifier names.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from services.edi_gateway.x12.guide import reference_verdict
from tests.unit.edi_gateway.x12.damage import DOCUMENTS, damaged
from tests.unit.edi_gateway.x12.documents import USAGE, body_of, read_one, set_file

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS_PER_DOCUMENT = 25


def differs_on_purpose(body: str, ours: list[str], *, accepted: bool) -> bool:
    """Whether one of the known reasons explains that the two verdicts differ."""
    if accepted and any(line.endswith("*") for line in body.splitlines()):
        return True
    levels = [line.split("*")[1:2] for line in body.splitlines() if line.startswith("HL")]
    if accepted and levels != [[str(number)] for number in range(1, len(levels) + 1)]:
        return True
    if accepted:
        parties = [line[:5] for line in body.splitlines() if line.startswith("N1*")]
        return parties != sorted(parties, key="N1*PRN1*8SN1*PEN1*SJN1*8R".find)
    return all("is missing before" in why or "no date of form" in why for why in ours)


class TestAgainstPyx12:
    @pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
    def test_good_documents_are_good_to_both(self, path: Path) -> None:
        data = set_file(*body_of(path))

        assert read_one(data).accepted
        assert reference_verdict(data).accepted

    @pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
    def test_damaged_documents_get_the_same_verdict(self, path: Path) -> None:
        chance = random.Random(path.stem)
        set_id, good = body_of(path)
        for _ in range(ROUNDS_PER_DOCUMENT):
            body = damaged(good, chance)
            if not body:
                continue
            data = set_file(set_id, body)
            read = read_one(data)
            theirs = reference_verdict(data)
            if read.accepted == theirs.accepted:
                continue
            ours = [f.message for f in read.findings if f.is_error]
            assert differs_on_purpose(body, ours, accepted=read.accepted), (body, ours, theirs)


class TestKnownDifferences:
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
