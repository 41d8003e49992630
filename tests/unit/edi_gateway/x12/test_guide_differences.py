"""A guide may say only how it differs from another: as data, and read by pyx12 like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.edi_gateway.x12 import (
    Guide,
    ReadTransaction,
    UnusableGuideError,
    load_guide,
    read_transaction,
    scan,
)
from services.edi_gateway.x12.guide import MAPS_FOLDER, reference_verdict
from services.edi_gateway.x12.rules import ElementRule, LoopRule, SegmentRule
from tests.unit.edi_gateway.x12.documents import USAGE, body_of, set_file

CALIFORNIA = ("pge", "sce", "sdge")
INTERVAL = USAGE.replace("*DD", "*C1").replace("KHMON", "KH015")


def read_by(guide: Guide, data: bytes) -> ReadTransaction:
    found = scan(data).interchanges[0]
    (slot,) = found.groups[0].transactions
    return read_transaction(data[slot.start : slot.end], found.delimiters, slot, guide)


def told(guide: Guide, body: str, set_id: str = "867") -> list[tuple[str, str, str]]:
    """Return weight, place and value of everything found in a document."""
    read = read_by(guide, set_file(set_id, body))
    return [(one.severity, one.place.split("/")[-1], one.value) for one in read.findings]


def elements(guide: Guide, set_id: str, segment_id: str, number: int) -> list[ElementRule]:
    """Return one element of every segment of this id in a map."""

    def segments(loop: LoopRule) -> list[SegmentRule]:
        return [
            segment
            for child in loop.children
            for segment in (segments(child) if isinstance(child, LoopRule) else [child])
        ]

    return [
        one.elements[number - 1]
        for one in segments(guide.sets[set_id].root)
        if one.id == segment_id
    ]


class TestCalifornianGuides:
    @pytest.mark.parametrize("name", CALIFORNIA)
    def test_each_extends_the_base_and_covers_the_same_sets(self, name: str) -> None:
        guide, base = load_guide(name), load_guide()

        assert guide.lineage == (name, "uig_004010")
        assert set(guide.sets) == set(base.sets)
        assert guide.editions == base.editions

    @pytest.mark.parametrize("name", CALIFORNIA)
    def test_a_folder_holds_differences_alone(self, name: str) -> None:
        assert [path.name for path in (MAPS_FOLDER / name).iterdir()] == ["guide.toml"]

    @pytest.mark.parametrize("name", CALIFORNIA)
    @pytest.mark.parametrize(
        "path",
        sorted((Path(__file__).parents[3] / "fixtures" / "transactions").glob("*.edi")),
        ids=lambda path: path.stem,
    )
    def test_a_utilitys_documents_are_good_by_its_guide(self, name: str, path: Path) -> None:
        if path.name.startswith(f"{name}_"):
            set_id, body = body_of(path)
            assert [one for one in told(load_guide(name), body, set_id) if one[0] == "error"] == []

    @pytest.mark.parametrize(
        ("code", "knowing"),
        [("32", CALIFORNIA), ("AO", ("pge",)), ("A5", ("sce",)), ("KA", CALIFORNIA)],
    )
    def test_interval_quantities_are_those_seen_from_each(
        self, code: str, knowing: tuple[str, ...]
    ) -> None:
        body = INTERVAL.replace("QTY*QD", f"QTY*{code}")

        for name in CALIFORNIA:
            expected = [] if name in knowing else [("warning", "QTY01", code)]
            assert told(load_guide(name), body) == expected

    def test_customer_moved_is_a_code_of_pacific_gas_and_electric(self) -> None:
        set_id, body = body_of(
            min((Path(__file__).parents[3] / "fixtures/x12/uig_004010").glob("814*.edi"))
        )
        lines = [line if line[:4] != "ASI*" else "ASI*27*024" for line in body.splitlines()]
        at = lines.index("ASI*27*024") + 1
        moved = "\n".join([*lines[:at], "REF*1P*AB*CUSTMV", *lines[at:]])

        assert told(load_guide("pge"), moved, set_id) == []
        assert told(load_guide("sce"), moved, set_id) == [("warning", "ASI01", "27")]
        assert told(load_guide("sdge"), moved, set_id) == [("warning", "ASI01", "27")]

    @pytest.mark.parametrize("qualifier", ["45", "5B", "CR", "LI", "RU", "ZZ"])
    def test_references_of_its_810_guide_are_known_to_pacific_gas_and_electric(
        self, qualifier: str
    ) -> None:
        for rule in elements(load_guide("pge"), "810", "REF", 1):
            assert qualifier in rule.advised_codes

    def test_rotating_outage_notes_and_energy_tax_are_known_to_it(self) -> None:
        guide = load_guide("pge")

        assert all("ROU" in one.advised_codes for one in elements(guide, "810", "NTE", 1))
        assert all("ET" in one.advised_codes for one in elements(guide, "810", "TXI", 1))
        assert "ROU" not in elements(load_guide("sce"), "810", "NTE", 1)[0].advised_codes

    @pytest.mark.parametrize("purpose", ["00", "01", "05", "06", "52", "CO"])
    def test_edisons_purposes_and_cycle_are_read(self, purpose: str) -> None:
        begin = f"BPT*{purpose}*2007-04-21-09.01.08.795475*20000421*C1****1948*1"
        lines = INTERVAL.splitlines()
        body = "\n".join([begin, lines[1], "REF*59*U0", *lines[2:]])

        assert told(load_guide("sce"), body) == []

    @pytest.mark.parametrize("name", CALIFORNIA)
    def test_stamps_in_dtm06_are_read(self, name: str) -> None:
        body = INTERVAL.replace("DTM*150*20261001", "DTM*150****DT*202610010000")

        assert told(load_guide(name), body) == []

    @pytest.mark.parametrize("name", CALIFORNIA)
    def test_pyx12_reads_it_too(self, name: str) -> None:
        good = set_file("867", USAGE)

        assert reference_verdict(good, name).accepted
        assert not reference_verdict(
            good.replace(b"QTY*QD*402*KH", b"QTY*QD*4O2*KH"), name
        ).accepted


NEW_GUIDE = """
extends = "pge"

[codes.quantity_qualifier]
add = ["XX"]
remove = ["QD"]

[codes.colour]
data_element = "127"
name = "Colours"
only = ["RED", "BLUE"]

[data_elements.127]
max_length = 12

[[element]]
sets = ["867"]
at = "BPT01"
remove = ["52", "SU"]

[[element]]
sets = ["867"]
at = "PTD03"
advises = "colour"
usage = "R"

[[element]]
sets = ["867"]
at = "QTY_LOOP/MEA07"
only = ["51"]

[[segment]]
sets = ["867"]
at = "PTD_LOOP/PER"
usage = "N"

[[loop]]
sets = ["867"]
at = "PTD_LOOP"
repeat = 2
"""


NEW_USAGE = """BPT*00*U1*20261101*DD
REF*12*1234567890
N1*8S*NEW COMPANY*1*006912877**41
N1*SJ*MARIN CLEAN ENERGY*1*968500001**40
PTD*PM*OZ*RED*OZ*EL
DTM*150*20261001
DTM*151*20261031
REF*MG*M100
REF*MT*KHMON
QTY*XX*402*KH
MEA*AA*PRQ*402*KH*1000*1402*51"""


@pytest.fixture
def newco(tmp_path: Path) -> Guide:
    """A guide that nobody wrote a line of code for."""
    (tmp_path / "newco").mkdir()
    (tmp_path / "newco" / "guide.toml").write_text(NEW_GUIDE, encoding="utf-8")
    return load_guide("newco", tmp_path)


class TestNewGuide:
    def test_reads_what_it_says(self, newco: Guide) -> None:
        assert newco.lineage == ("newco", "pge", "uig_004010")
        assert told(newco, NEW_USAGE) == []

    @pytest.mark.parametrize(
        ("good", "bad", "expected"),
        [
            ("QTY*XX", "QTY*QD", ("warning", "QTY01", "QD")),
            ("BPT*00", "BPT*52", ("error", "BPT01", "52")),
            ("OZ*RED", "OZ*GREEN", ("warning", "PTD03", "GREEN")),
            ("PTD*PM*OZ*RED*", "PTD*PM***", ("error", "PTD03", "")),
            ("REF*MG*M100", "REF*MG*M100000000000", ("error", "REF02", "M100000000000")),
            ("1402*51", "1402*42", ("error", "MEA07", "42")),
            ("REF*MT*KHMON", "REF*MT*KHMON\nPER*IC*ANN", ("error", "PER", "")),
        ],
    )
    def test_holds_documents_to_it(
        self, newco: Guide, good: str, bad: str, expected: tuple[str, str, str]
    ) -> None:
        assert told(newco, NEW_USAGE.replace(good, bad)) == [expected]

    def test_counts_loops_as_it_says(self, newco: Guide) -> None:
        lines = NEW_USAGE.splitlines()
        meter = lines[lines.index("PTD*PM*OZ*RED*OZ*EL") :]

        assert told(newco, "\n".join([*lines, *meter])) == []
        assert told(newco, "\n".join([*lines, *meter, *meter])) == [("error", "PTD", "3")]

    def test_pyx12_holds_documents_to_it_too(self, newco: Guide, tmp_path: Path) -> None:
        good = set_file("867", NEW_USAGE)

        assert read_by(newco, good).accepted
        assert reference_verdict(good, "newco", tmp_path).accepted
        bad = good.replace(b"BPT*00", b"BPT*52")
        assert not reference_verdict(bad, "newco", tmp_path).accepted

    def test_a_whole_map_of_its_own_replaces_the_one_extended(self, tmp_path: Path) -> None:
        folder = tmp_path / "own"
        folder.mkdir()
        (folder / "guide.toml").write_text('extends = "uig_004010"', encoding="utf-8")
        text = (MAPS_FOLDER / "uig_004010" / "867.004010.xml").read_text(encoding="utf-8")
        changed = text.replace("<code>CO</code>", "<code>CX</code>")
        (folder / "867.004010.xml").write_text(changed, encoding="utf-8")

        guide = load_guide("own", tmp_path)

        assert told(guide, USAGE.replace("BPT*00", "BPT*CX")) == []
        assert told(guide, USAGE.replace("BPT*00", "BPT*CO")) == [("error", "BPT01", "CO")]


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ('extends = "nowhere"', "nowhere"),
            ('extends = "mine"', "cannot extend itself"),
            ("extends = ", "guide.toml"),
            ('colour = "red"', "colour is no part of a guide"),
            ("[codes.unit]\nadd = ['X']", "the guide they extend"),
            ('extends = "pge"\n[codes.unit]\nremove = ["X"]', "removes X"),
            ('extends = "pge"\n[codes.unit]\nadd = ["KH"]', "adds KH"),
            ('extends = "pge"\n[codes.unit]\nplus = ["KH"]', "plus cannot be said here"),
            ('extends = "pge"\n[codes.colour]\nadd = ["X"]', "codes.colour is new"),
            ('extends = "pge"\n[data_elements.9999999]\nname = "X"', "needs type"),
            ('extends = "pge"\n[[element]]\nat = "BPT77"\nusage = "R"', "BPT77: no map"),
            ('extends = "pge"\n[[segment]]\nat = "BPT01"\nusage = "R"', "BPT01: no map"),
            ('extends = "pge"\n[[element]]\nat = "BPT01"\nusage = "X"', "usage is R, S or N"),
            (
                'extends = "pge"\n[[element]]\nat = "QTY01"\nadd = ["X"]',
                r"change it under \[codes\]",
            ),
            ('extends = "pge"\n[[element]]\nusage = "R"', "at"),
        ],
    )
    def test_each_is_named(self, tmp_path: Path, text: str, why: str) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "guide.toml").write_text(text, encoding="utf-8")

        with pytest.raises(UnusableGuideError, match=why):
            load_guide("mine", tmp_path)
