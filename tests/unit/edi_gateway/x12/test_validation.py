"""One transaction against its map: each kind of fault gets the code the 997 has for it."""

from __future__ import annotations

import pytest

from services.edi_gateway.x12 import Finding, load_guide
from services.edi_gateway.x12.validation import ERRORS_MAX
from tests.unit.edi_gateway.x12.documents import (
    FIXTURES,
    USAGE,
    body_of,
    read_all,
    read_one,
    set_file,
    usage_file,
)


def findings(body: str) -> list[Finding]:
    return list(read_one(usage_file(body)).findings)


def codes(body: str) -> list[tuple[str, str, str]]:
    return [(f.level, f.code, f.place) for f in findings(body) if f.is_error]


class TestSegments:
    def test_unknown_segment(self) -> None:
        assert codes(USAGE + "\nZZZ*1") == [("segment", "1", "867[1]/PTD[1]/QTY[1]/ZZZ")]

    def test_segment_of_another_set(self) -> None:
        assert codes(USAGE + "\nTDS*100") == [("segment", "6", "867[1]/PTD[1]/QTY[1]/TDS")]

    def test_segment_out_of_order(self) -> None:
        assert codes(USAGE + "\nBPT*00*U2*20261101*DD") == [
            ("segment", "7", "867[1]/PTD[1]/QTY[1]/BPT")
        ]

    def test_missing_segment_is_named_where_it_should_have_been(self) -> None:
        body = USAGE.replace("BPT*00*U1*20261101*DD\n", "")

        (only,) = findings(body)

        assert (only.code, only.segment_id, only.segment_position) == ("3", "BPT", 2)

    def test_missing_party(self) -> None:
        body = USAGE.replace("N1*SJ*MARIN CLEAN ENERGY*1*968500001**40\n", "")

        assert [code for _, code, _ in codes(body)] == ["3"]

    def test_parties_may_come_in_any_order(self) -> None:
        lines = USAGE.splitlines()
        lines[4], lines[5], lines[6] = lines[6], lines[5], lines[4]

        assert findings("\n".join(lines)) == []

    def test_segment_more_often_than_allowed(self) -> None:
        body = USAGE.replace("REF*12*1234567890", "\n".join(["REF*12*1234567890"] * 12))

        assert codes(body) == [("segment", "5", "867[1]/REF")]

    def test_loop_more_often_than_allowed(self) -> None:
        body = USAGE.replace("N1*8R*JANE DOE", "N1*8R*JANE DOE\nN1*8R*JOHN DOE")

        assert codes(body) == [("segment", "4", "867[1]/N1[4]/N1")]

    def test_wrong_key_at_the_only_place_is_one_bad_code(self) -> None:
        assert codes(USAGE.replace("BPT*00", "BPT*77")) == [("element", "7", "867[1]/BPT01")]


class TestElements:
    @pytest.mark.parametrize(
        ("old", "new", "code", "place"),
        [
            ("BPT*00*U1*", "BPT*00**", "1", "867[1]/BPT02"),
            ("REF*12*1234567890", "REF*12", "2", "867[1]/REF02"),
            ("BPT*00*U1*20261101*DD", "BPT*00*U1*20261101*DD*****X*Y", "3", "867[1]/BPT10"),
            ("DTM*649*", "DTM*64*", "4", "867[1]/DTM01"),
            ("U1", "U" * 31, "5", "867[1]/BPT02"),
            ("JANE DOE", "JANE\tDOE", "6", "867[1]/N1[3]/N102"),
            ("JANE DOE", "JANE^DOE", "6", "867[1]/N1[3]/N102"),
            ("JANE DOE", "JANE>DOE", "6", "867[1]/N1[3]/N102"),
            ("QTY*QD*402", "QTY*QD*4O2", "6", "867[1]/PTD[1]/QTY[1]/QTY02"),
            ("QTY*QD*402", "QTY*QD*1E3", "6", "867[1]/PTD[1]/QTY[1]/QTY02"),
            ("BPT*00", "BPT*77", "7", "867[1]/BPT01"),
            ("20261105", "20260229", "8", "867[1]/DTM02"),
            ("20261105", "20261105*2460", "9", "867[1]/DTM03"),
            ("QTY*QD*402*KH", "QTY*QD*402*KH*NV", "10", "867[1]/PTD[1]/QTY[1]/QTY04"),
        ],
    )
    def test_each_fault_has_its_code(self, old: str, new: str, code: str, place: str) -> None:
        found = codes(USAGE.replace(old, new, 1))

        assert (code, place) in [(one, where) for _, one, where in found]
        assert {level for level, _, _ in found} == {"element"}

    def test_a_date_is_checked_in_the_form_it_names(self) -> None:
        good = USAGE.replace("DTM*150*20261001", "DTM*150****DT*202610010015")

        assert codes(good) == []
        assert codes(good.replace("202610010015", "202610012515")) == [
            ("element", "8", "867[1]/PTD[1]/DTM06")
        ]

    @pytest.mark.parametrize("value", ["402", "-402", "402.5", ".5", "-.5", "000402"])
    def test_every_way_to_write_a_number_is_read(self, value: str) -> None:
        assert codes(USAGE.replace("QTY*QD*402", f"QTY*QD*{value}")) == []

    def test_sign_and_point_do_not_count_as_length(self) -> None:
        assert codes(USAGE.replace("QTY*QD*402", "QTY*QD*-12345678901234.5")) == []

    def test_missing_component_of_a_composite(self) -> None:
        (only,) = findings(USAGE.replace("QTY*QD*402*KH", "QTY*QD*402*>1"))

        assert (only.code, only.element, only.component) == ("1", 3, 1)

    def test_trailing_separators_are_harmless(self) -> None:
        assert codes(USAGE.replace("N1*8R*JANE DOE", "N1*8R*JANE DOE********")) == []


class TestWhatOnlyWarns:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("REF*MG*", "REF*QQ*"),
            ("QTY*QD*", "QTY*X9*"),
            ("PTD*PM", "PTD*XX"),
            ("JANE DOE", "JOS\xc9"),
            ("JANE DOE", "JANE DOE  "),
        ],
        ids=["new reference", "new quantity", "new loop meaning", "accent", "trailing blanks"],
    )
    def test_is_told_and_accepted(self, old: str, new: str) -> None:
        read = read_one(usage_file(USAGE.replace(old, new, 1)))

        assert read.accepted
        assert [f.severity for f in read.findings] == ["warning"]


class TestOneBadTransaction:
    def test_refuses_itself_alone(self) -> None:
        bad = USAGE.replace("QTY*QD*402", "QTY*QD*X")

        assert [r.accepted for r in read_all(usage_file(USAGE, bad, USAGE))] == [True, False, True]

    def test_keeps_a_bounded_number_of_findings(self) -> None:
        body = USAGE + "\nQTY*QD*X*KH" * 1000

        assert len(findings(body)) == ERRORS_MAX

    def test_findings_point_at_their_byte(self) -> None:
        data = usage_file(USAGE, USAGE.replace("QTY*QD*402", "QTY*QD*X"))

        (only,) = read_all(data)[1].findings

        assert data[only.byte_offset :].startswith(b"QTY*QD*X")

    def test_memory_of_good_values_does_not_excuse_bad_ones(self) -> None:
        long = USAGE.replace("U1", "U" * 30)

        verdicts = [
            read_one(usage_file(b)).accepted for b in (long, long.replace("U*", "UU*"), long)
        ]

        assert verdicts == [True, False, True]


class TestUnknownSet:
    def test_is_refused_as_not_supported(self) -> None:
        data = usage_file().replace(b"ST*867", b"ST*850")

        read = read_one(data)

        assert not read.accepted
        assert [(f.level, f.code) for f in read.findings] == [("transaction", "1")]


class TestImpliedDecimals:
    @pytest.mark.parametrize("value", ["45.23", "4523-", "+4523"])
    def test_a_point_in_an_n2_total_is_refused(self, value: str) -> None:
        set_id, body = body_of(FIXTURES / "810_charge.edi")

        read = read_one(set_file(set_id, body.replace("TDS*4523", f"TDS*{value}")))

        assert [f.code for f in read.findings] == ["6"]


class TestSyntaxNotes:
    @pytest.mark.parametrize(
        ("document", "old", "new", "code"),
        [
            ("814_enrollment_request", "SH*EL*SH*CE", "SH*EL*SH", "2"),
            ("820_remittance", "*01*121000358*DA*222", "**121000358*DA*222", "2"),
            ("820_remittance", "*72*-0.24", "*72", "2"),
            ("810_charge", ".11234*KH*402.6", ".11234**402.6", "2"),
        ],
    )
    def test_a_broken_relation_is_told(self, document: str, old: str, new: str, code: str) -> None:
        set_id, body = body_of(FIXTURES / f"{document}.edi")
        assert old in body

        read = read_one(set_file(set_id, body.replace(old, new, 1)))

        assert code in [f.code for f in read.findings if f.is_error]


class TestGuide:
    def test_is_loaded_once(self) -> None:
        assert load_guide() is load_guide()
