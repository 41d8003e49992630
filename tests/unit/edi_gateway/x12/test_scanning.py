"""Envelopes: what is missing or wrong is said with its code, and never hides the rest."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.edi_gateway.x12 import FileScan, Policy, is_complete, scan, tokenize
from tests.unit.edi_gateway.x12.documents import (
    FIXTURES,
    USAGE,
    Signs,
    body_of,
    group,
    interchange,
    isa,
    read_all,
    transaction,
    usage_file,
    written,
)

TWO_SETS = usage_file(USAGE, USAGE)


def interchange_codes(found: FileScan) -> list[str]:
    return [f.code for one in found.interchanges for f in one.findings if f.is_error]


def group_codes(found: FileScan) -> list[str]:
    return [f.code for i in found.interchanges for g in i.groups for f in g.findings]


def set_codes(found: FileScan) -> list[list[str]]:
    return [
        [f.code for f in slot.findings]
        for i in found.interchanges
        for g in i.groups
        for slot in g.transactions
    ]


class TestCleanFile:
    def test_every_transaction_is_found_at_its_bytes(self) -> None:
        found = scan(TWO_SETS)

        slots = found.interchanges[0].groups[0].transactions
        assert [slot.control_number for slot in slots] == ["0001", "0002"]
        assert all(TWO_SETS[slot.start :].startswith(b"ST*867*") for slot in slots)
        assert all(TWO_SETS[: slot.end].endswith(f"*000{slot.index}~".encode()) for slot in slots)
        assert found.is_clean

    def test_crosses_process_boundaries(self) -> None:
        found = scan(TWO_SETS)

        assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own bytes

    def test_several_interchanges_and_groups_are_kept_apart(self) -> None:
        one = written(
            interchange([group([transaction(USAGE)]), group([transaction(USAGE)], "PT", "2")])
        )

        found = scan(one + b"\r\n" + one)

        assert [len(i.groups) for i in found.interchanges] == [2, 2]
        assert found.is_clean

    def test_groups_of_different_kinds_may_share_an_interchange(self) -> None:
        set_id, body = body_of(FIXTURES / "814_drop_request.edi")
        data = written(
            interchange(
                [group([transaction(USAGE)]), group([transaction(body, "0001", set_id)], "GE", "2")]
            )
        )

        assert [(read.set_id, read.accepted) for read in read_all(data)] == [
            ("867", True),
            ("814", True),
        ]

    def test_test_and_production_are_told_apart(self) -> None:
        live = written(interchange([group([transaction(USAGE)])], head=isa(usage="P")))

        assert scan(TWO_SETS).interchanges[0].is_test
        assert not scan(live).interchanges[0].is_test


class TestNotX12:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b" \r\n\x1a",
            b"%PDF-1.7 ISA*",
            b"<html>ISA*00*</html>",
            b"PK\x03\x04" + bytes(50),
            "ISA*00*".encode("utf-16"),
            "ISA*00*".encode("utf-16-le"),
            "ISA*00*          *00*".encode("cp500"),
            b"-----BEGIN PGP MESSAGE-----",
            b"account,kwh\n1,2\n",
            b"ISA",
            b"ISA*00*~",
        ],
    )
    def test_is_refused_with_a_sentence(self, data: bytes) -> None:
        found = scan(data)

        assert found.refusal is not None
        assert found.refusal.message.endswith(".")
        assert found.interchanges == ()


class TestControlNumbersAndCounts:
    def test_wrong_segment_count_refuses_only_its_transaction(self) -> None:
        data = TWO_SETS.replace(b"SE*18*0001", b"SE*17*0001")

        assert set_codes(scan(data)) == [["4"], []]
        assert [read.accepted for read in read_all(data)] == [False, True]

    def test_wrong_segment_count_may_be_tolerated(self) -> None:
        found = scan(TWO_SETS.replace(b"SE*18*0001", b"SE*17*0001"), Policy(wrong_counts="warning"))

        assert found.is_clean
        assert set_codes(found) == [["4"], []]

    @pytest.mark.parametrize("trailer", [b"SE*18*0001", b"GE*2*1", b"IEA*1*000000001"])
    def test_a_count_of_thousands_of_digits_is_a_wrong_count(self, trailer: bytes) -> None:
        name, _, number = trailer.split(b"*")
        data = TWO_SETS.replace(trailer, b"*".join((name, b"9" * 5_000, number)))

        found = scan(data)

        assert data != TWO_SETS
        assert not found.is_clean
        assert len(found.interchanges[0].groups[0].transactions) == len(read_all(data))

    def test_trailer_of_another_transaction_is_told(self) -> None:
        assert set_codes(scan(TWO_SETS.replace(b"SE*18*0001", b"SE*18*0009"))) == [["3"], []]

    def test_missing_trailer_does_not_swallow_the_next_transaction(self) -> None:
        found = scan(TWO_SETS.replace(b"SE*18*0001~\n", b""))

        assert set_codes(found) == [["2"], []]

    def test_zeros_and_blanks_around_control_numbers_do_not_matter(self) -> None:
        data = TWO_SETS.replace(b"SE*18*0001", b"SE*18*0000000001 ").replace(
            b"IEA*1*000000001", b"IEA*1* 1"
        )

        assert scan(data).is_clean

    def test_a_control_number_used_twice_in_a_group_is_told(self) -> None:
        data = written(interchange([group([transaction(USAGE), transaction(USAGE)])]))

        assert set_codes(scan(data)) == [[], ["23"]]

    def test_wrong_set_count_is_told_but_keeps_the_group(self) -> None:
        found = scan(TWO_SETS.replace(b"GE*2*1", b"GE*3*1"))

        assert group_codes(found) == ["5"]
        assert not found.interchanges[0].groups[0].is_refused

    def test_trailer_of_another_group_refuses_the_group(self) -> None:
        found = scan(TWO_SETS.replace(b"GE*2*1", b"GE*2*7"))

        assert group_codes(found) == ["4"]
        assert found.interchanges[0].groups[0].is_refused

    def test_missing_group_trailer_refuses_the_group(self) -> None:
        assert group_codes(scan(TWO_SETS.replace(b"GE*2*1~\n", b""))) == ["3"]

    def test_group_without_a_number_is_told(self) -> None:
        found = scan(TWO_SETS.replace(b"*1200*1*X", b"*1200*A1*X").replace(b"GE*2*1", b"GE*2*A1"))

        assert group_codes(found) == ["6"]

    def test_a_group_number_used_twice_in_an_interchange_refuses_the_second_group(self) -> None:
        data = written(interchange([group([transaction(USAGE)]), group([transaction(USAGE)])]))

        first, second = scan(data).interchanges[0].groups

        assert not first.is_refused
        assert [found.code for found in second.findings] == ["6"]
        assert second.is_refused

    def test_wrong_group_count_is_told_but_keeps_the_interchange(self) -> None:
        found = scan(TWO_SETS.replace(b"IEA*1*", b"IEA*2*"))

        assert interchange_codes(found) == ["021"]
        assert not found.interchanges[0].is_refused

    def test_trailer_of_another_interchange_refuses_it(self) -> None:
        found = scan(TWO_SETS.replace(b"IEA*1*000000001", b"IEA*1*000000002"))

        assert interchange_codes(found) == ["001"]
        assert found.interchanges[0].is_refused


class TestCutOffFile:
    @pytest.mark.parametrize("cut", range(1, len(TWO_SETS) - 130, 37))
    def test_is_never_complete_and_never_accepted(self, cut: int) -> None:
        data = TWO_SETS[: -cut - 2]

        found = scan(data)

        assert not is_complete(data)
        assert found.interchanges[0].is_refused
        assert {"001", "021", "023"} & set(interchange_codes(found))

    def test_does_not_hide_the_interchange_after_it(self) -> None:
        data = TWO_SETS[:300].rsplit(b"~", 1)[0] + b"~\n" + TWO_SETS

        found = scan(data)

        assert [one.is_refused for one in found.interchanges] == [True, False]


class TestComplete:
    @pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\x1a", b"\r\n\x1a\x00", b"  "])
    def test_fill_after_the_trailer_does_not_matter(self, end: bytes) -> None:
        assert is_complete(TWO_SETS + end)
        assert is_complete((TWO_SETS + end)[-60:])

    @pytest.mark.parametrize("element", ["\x1c", "|", "~"])
    def test_any_separator_is_seen(self, element: str) -> None:
        assert is_complete(usage_file(signs=Signs(element, ":", "\n", "")))

    def test_half_a_control_number_is_not_the_end(self) -> None:
        assert not is_complete(TWO_SETS.rstrip(b"~\n")[:-3])


class TestForgiveness:
    def test_byte_order_mark_is_passed_over_and_told(self) -> None:
        found = scan(b"\xef\xbb\xbf" + TWO_SETS)

        assert found.is_clean
        assert [f.severity for f in found.findings] == ["warning"]

    def test_stray_text_between_interchanges_is_counted_and_told(self) -> None:
        found = scan(TWO_SETS + b"-- next file --" + TWO_SETS)

        assert len(found.interchanges) == 2
        assert found.stray_bytes >= len(b"-- next file --")
        assert found.findings[0].severity == "warning"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"~\n", b"~~\n"),
            (b"~\n", b"~\r\n   "),
            (b"~\n", b"~\n\n"),
            (b"JANE DOE", b"JANE\n DOE"),
        ],
        ids=["doubled terminators", "indented", "blank lines", "wrapped inside a segment"],
    )
    def test_layout_changes_nothing(self, old: bytes, new: bytes) -> None:
        data = TWO_SETS.replace(old, new)

        assert scan(data).is_clean
        assert all(read.accepted for read in read_all(data))
        assert scan(data).segment_count == scan(TWO_SETS).segment_count

    def test_received_ta1_before_the_group_is_kept(self) -> None:
        data = TWO_SETS.replace(b"GS*PT", b"TA1*000000009*261122*1200*A*000~\nGS*PT")

        found = scan(data)

        assert found.is_clean
        assert found.interchanges[0].acknowledgments[0].element(1) == "000000009"

    def test_segments_outside_any_transaction_are_counted_and_told(self) -> None:
        found = scan(TWO_SETS.replace(b"GE*2*1", b"REF*12*9~\nGE*2*1"))

        assert interchange_codes(found) == ["024"]
        assert found.segment_count == scan(TWO_SETS).segment_count + 1


class TestConservation:
    @settings(max_examples=300, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.integers(0, len(TWO_SETS) - 1),
                st.integers(0, 12),
                st.sampled_from(
                    [
                        b"",
                        b"~",
                        b"*",
                        b"\n",
                        b"ISA*",
                        b"ST*867*0001~",
                        b"SE*",
                        b"GE*1*1~",
                        b"IEA*1*1~",
                        b"\x00",
                        b"\xff",
                        b">",
                        b"A",
                        b"  ",
                        b"TA1*",
                        usage_file()[:107],
                    ]
                ),
            ),
            max_size=6,
        )
    )
    def test_mangled_bytes_never_raise_and_no_segment_is_lost(
        self, edits: list[tuple[int, int, bytes]]
    ) -> None:
        data = TWO_SETS
        for at, length, replacement in edits:
            data = data[:at] + replacement + data[at + length :]

        found = scan(data)
        segments = [raw for raw in tokenize(data) if not raw.stray]
        read_all(data)

        if found.refusal is None:
            assert found.segment_count == len(segments)

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=300))
    def test_any_bytes_can_be_scanned(self, data: bytes) -> None:
        assert scan(data).size == len(data)
        is_complete(data)
