"""Every kind of finding has its code, its place, its byte, its value and a plain sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from services.edi_gateway.x12 import (
    Finding,
    check_group,
    fallen_with_group,
    load_guide,
    read_transaction,
    scan,
)
from services.edi_gateway.x12.tokenizer import SEGMENT_BYTES_MAX
from tests.unit.edi_gateway.x12.documents import USAGE, usage_file

SEGMENT_CODES = {"1", "2", "3", "4", "5", "6", "7", "8"}
CODES = {
    "interchange": {f"{number:03d}" for number in range(1, 32)},
    "group": {"1", "2", "3", "4", "5", "6"},
    "transaction": {"1", "2", "3", "4", "5", "6", "7", "23", "R"},
    "segment": SEGMENT_CODES,
    "element": {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"},
}
SENTENCE = re.compile(r"[A-Z0-9][^\n]* [^\n]*\.\Z")
GOOD = usage_file()


@dataclass(frozen=True)
class Kind:
    """A fault put into a good file, and what must be said of it.

    `stands` is how the bytes begin at the finding's offset; None where no segment is meant.
    """

    old: str
    new: str
    level: str
    code: str
    place: str
    value: str
    stands: str | None


def inside(
    old: str, new: str, level: str, code: str, place: str, value: str, stands: str | None = None
) -> Kind:
    """A fault inside the only transaction, told where the new text begins if not elsewhere."""
    here = stands if stands is not None else new.rsplit("\n", maxsplit=1)[-1]
    return Kind(old, new, level, code, f"867[1]/{place}", value, here)


METER = "PTD[1]"
KINDS = [
    inside("REF*MG*M100", "REF*MG*M100\nZZZ*1", "segment", "1", f"{METER}/ZZZ", "ZZZ"),
    inside("REF*MG*M100", "REF*MG*M100\nIT1*1", "segment", "6", f"{METER}/IT1", "IT1"),
    inside("REF*MG*M100", "REF*MG*M100\nBPT*00*2*20260101", "segment", "7", f"{METER}/BPT", "BPT"),
    inside(
        "DTM*649*20261105",
        "\n".join(["DTM*649*20261105"] * 11),
        *("segment", "5", "DTM", "11"),
    ),
    inside("N1*SJ*MARIN CLEAN ENERGY*1*968500001**40\n", "", "segment", "3", "N1", "", "PTD*"),
    inside("QTY*QD*402*KH", "QTY**402*KH", "element", "1", f"{METER}/QTY[1]/QTY01", ""),
    inside("QTY*QD*402*KH", "QTY*QD**KH", "element", "2", f"{METER}/QTY[1]/QTY02", ""),
    inside("N1*8R*JANE DOE", "N1*8R*JANE DOE*****X", "element", "3", "N1[3]/N107", "X"),
    inside("REF*12*1234567890", "REF*1*1234567890", "element", "7", "REF01", "1"),
    inside("BPT*00*U1*20261101", "BPT*00*U1*2026110", "element", "4", "BPT03", "2026110"),
    inside("REF*MG*M100", f"REF*MG*{'9' * 31}", "element", "5", f"{METER}/REF02", "9" * 31),
    inside("QTY*QD*402", "QTY*QD*4O2", "element", "6", f"{METER}/QTY[1]/QTY02", "4O2"),
    inside("BPT*00*U1", "BPT*99*U1", "element", "7", "BPT01", "99"),
    inside("BPT*00*U1*20261101", "BPT*00*U1*20261301", "element", "8", "BPT03", "20261301"),
    inside("20261101*DD", "20261101*DD****2561", "element", "9", "BPT08", "2561", "BPT*"),
    Kind("SE*18*", "SE*17*", "transaction", "4", "867[1]/SE01", "17", "SE*17"),
    Kind("SE*18*0001", "SE*18*0002", "transaction", "3", "867[1]/SE02", "0002", "SE*"),
    Kind("SE*18*0001~\n", "", "transaction", "2", "867[1]/SE", "", "GE*"),
    Kind("ST*867*", "ST*86*", "transaction", "6", "86[1]/ST01", "86", "ST*"),
    Kind("ST*867*0001", "ST*867*", "transaction", "7", "867[1]/ST02", "", "ST*"),
    Kind("ST*867*", "ST*850*", "transaction", "1", "850[1]/ST01", "850", "ST*"),
    Kind("ST*867*", "ST*810*", "transaction", "6", "810[1]/ST01", "810", "ST*"),
    Kind("GE*1*1", "GE*2*1", "group", "5", "ISA[1]/GS[1]/GE01", "2", "GE*"),
    Kind("GE*1*1", "GE*1*2", "group", "4", "ISA[1]/GS[1]/GE02", "2", "GE*"),
    Kind("GE*1*1~\n", "", "group", "3", "ISA[1]/GS[1]/GE", "", "IEA*"),
    Kind("*1200*1*X*", "*1200*A*X*", "group", "6", "ISA[1]/GS[1]/GS06", "A", "GS*"),
    Kind("GS*PT*", "GS*PO*", "group", "1", "GS[1]/GS01", "PO", "GS*"),
    Kind("*X*004010", "*X*002040", "group", "2", "GS[1]/GS08", "002040", "GS*"),
    Kind("IEA*1*", "IEA*9*", "interchange", "021", "ISA[1]/IEA01", "9", "IEA*"),
    Kind(
        "*000000001~\n", "*000000002~\n", "interchange", "001", "ISA[1]/IEA02", "000000002", "IEA"
    ),
    Kind("IEA*1*000000001~\n", "", "interchange", "023", "ISA[1]/IEA", "", None),
    Kind("ISA*00*", "junk ISA*00*", "interchange", "024", "file", "", None),
    Kind("ST*867", "SE*1*9~\nST*867", "interchange", "024", "ISA[1]", "", "SE*"),
    Kind("GS*PT", "GE*1*9~\nGS*PT", "interchange", "022", "ISA[1]", "", "GE*"),
    Kind("GS*PT", "ZZZ*1~\nGS*PT", "interchange", "024", "ISA[1]", "", "ISA"),
    Kind("*U*00401*", "*U*00200*", "interchange", "017", "ISA[1]/ISA12", "00200", "ISA"),
    Kind("*0*T*>", "*0*X*>", "interchange", "020", "ISA[1]/ISA15", "X", "ISA"),
    Kind("*0*T*>", "*9*T*>", "interchange", "019", "ISA[1]/ISA14", "9", "ISA"),
]


def everything_told(data: bytes) -> list[Finding]:
    """Return all that is found in a file, from the file itself to its elements."""
    found, guide = scan(data), load_guide()
    told = [*found.findings, *([found.refusal] if found.refusal else [])]
    for one in found.interchanges:
        told += one.findings
        for group in one.groups:
            told += check_group(group, guide)
            for slot in group.transactions:
                piece = data[slot.start : slot.end]
                told += read_transaction(piece, one.delimiters, slot, guide).findings
    return told


def damaged(kind: Kind) -> bytes:
    text = GOOD.decode("latin-1")
    if not kind.place.startswith(("ISA", "GS", "file")) and "~" not in kind.old:
        old, new = kind.old.replace("\n", "~\n"), kind.new.replace("\n", "~\n")
    else:
        old, new = kind.old, kind.new
    assert old in text
    return text.replace(old, new, 1).encode("latin-1")


class TestEveryKind:
    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.level} {kind.code}")
    def test_has_code_place_value_byte_and_sentence(self, kind: Kind) -> None:
        data = damaged(kind)
        told = everything_told(data)
        meant = [one for one in told if (one.level, one.code) == (kind.level, kind.code)]

        assert meant, told
        one = meant[-1] if kind.code == "5" and kind.level == "segment" else meant[0]
        assert one.place == kind.place
        assert one.value == kind.value
        if kind.stands is not None:
            assert data[one.byte_offset :].decode("latin-1").startswith(kind.stands)
        for every in told:
            assert every.code in CODES[every.level]
            assert SENTENCE.match(every.message)
            assert every.place
            assert 0 <= every.byte_offset <= len(data)

    def test_all_codes_of_an_element_but_exclusion_are_met(self) -> None:
        met = {kind.code for kind in KINDS if kind.level == "element"}

        assert met == CODES["element"] - {"10"}

    def test_an_element_is_named_by_the_loops_around_it(self) -> None:
        lines = USAGE.splitlines()
        meter = lines[lines.index("PTD*PM***OZ*EL") :]
        bad = usage_file(USAGE, "\n".join([*lines, *meter[:5], "QTY*QD*4O2*KH"]))

        (told,) = everything_told(bad)
        assert told.place == "867[2]/PTD[2]/QTY[1]/QTY02"
        assert (told.segment_id, told.loop_id, told.element) == ("QTY", "QTY", 2)
        assert bad[told.byte_offset :].startswith(b"QTY*QD*4O2*KH~")

    def test_a_transaction_that_falls_with_its_group_says_so(self) -> None:
        (slot,) = scan(GOOD).interchanges[0].groups[0].transactions
        told = fallen_with_group(slot, "867[2] is in error")

        assert (told.level, told.code, told.place) == ("transaction", "R", "867[1]/ST")
        assert GOOD[told.byte_offset :].startswith(b"ST*")
        assert SENTENCE.match(told.message)

    def test_a_segment_without_an_end_says_where_it_begins(self) -> None:
        at = GOOD.index(b"QTY*QD")
        data = GOOD[:at] + b"QTY*" + b"9" * (SEGMENT_BYTES_MAX + 1) + GOOD[at:]
        told = [one for one in everything_told(data) if one.level == "interchange"]

        assert [(one.code, one.byte_offset) for one in told if one.place == "ISA[1]"] == [
            ("024", at)
        ]
