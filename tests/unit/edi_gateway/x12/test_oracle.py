"""Our verdicts are held to those of pyx12's own walker, on good documents and on damaged ones.

Where the two differ on purpose the reason is written down here and tested, so that a new
difference shows. Ours accepts what pyx12 refuses: blanks at the end of a text, letters with
accents, separators after the last element, parties in an order that is not the map's. Ours refuses
what pyx12 lets pass: a loop that begins again before its required segments came, and a date that is
not in the form its qualifier names.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from services.edi_gateway.x12.guide import reference_verdict
from tests.unit.edi_gateway.x12.documents import FIXTURES, USAGE, body_of, read_one, set_file

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = sorted(path for path in FIXTURES.glob("*.edi") if "refused" not in path.stem)
ROUNDS_PER_DOCUMENT = 25

VALUES = (
    "", "X", "ZZ", "9" * 19, "A" * 90, "-5", "5.", "1.5", ".5", "-", "20261301", "20260229",
    "20240229", "261101", "8S", "SJ", "00", "99", "11", "2460", "1200", "abc", "A^B", "12A",
    "A\tB", "C", "A", "R", "5", "1E5", "D8", "KH>1", "KH>X",
)  # fmt: skip
STRAYS = (
    "ZZZ*1", "SAC*C**EU*ENC001*100", "REF*12*1", "N1*8R*X", "DTM*150*20260101", "PTD*PM",
    "QTY*QD*1*KH", "AMT*KC*1", "NTE*ADD*HI", "TDS*5", "N3*A", "PER*IC*X*TE*5",
)  # fmt: skip


def damaged(body: str, chance: random.Random) -> str:
    """Return the document with one thing removed, repeated, moved, changed or added."""
    lines = body.splitlines()
    at = chance.randrange(len(lines))
    kind = chance.choice(["drop", "repeat", "swap", "value", "value", "extra", "stray"])
    fields = lines[at].split("*")
    if kind == "drop":
        del lines[at]
    elif kind == "repeat":
        lines.insert(at, lines[at])
    elif kind == "swap":
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "value":
        fields[chance.randrange(1, len(fields))] = chance.choice(VALUES)
        lines[at] = "*".join(fields)
    elif kind == "extra":
        lines[at] = "*".join([*fields, chance.choice(VALUES[1:])])
    else:
        lines.insert(at, chance.choice(STRAYS))
    return "\n".join(lines)


def differs_on_purpose(body: str, ours: list[str], *, accepted: bool) -> bool:
    """Whether one of the known reasons explains that the two verdicts differ."""
    if accepted and any(line.endswith("*") for line in body.splitlines()):
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
