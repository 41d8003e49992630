"""Receipts: what we answer to a file, and what we make of an answer."""

from __future__ import annotations

from services.edi_gateway.x12 import (
    OutboundSegment,
    Policy,
    SetVerdict,
    build_997,
    build_ta1,
    check_group,
    load_guide,
    read_997,
    read_ta1,
    scan,
)
from tests.unit.edi_gateway.x12.documents import (
    FIXTURES,
    USAGE,
    body_of,
    group,
    interchange,
    isa,
    read_all,
    read_one,
    set_file,
    transaction,
    usage_file,
    written,
)

BAD = USAGE.replace("QTY*QD*402", "QTY*QD*4O2")


def answer(data: bytes) -> list[OutboundSegment]:
    """Return the 997 body for the only group of a file."""
    one = scan(data).interchanges[0].groups[0]
    verdicts = [read.verdict for read in read_all(data)]
    return list(build_997(one, verdicts, check_group(one, load_guide())))


class TestGroupAnswer:
    def test_accepts_a_clean_group(self) -> None:
        assert answer(usage_file(USAGE, USAGE)) == [
            ("AK1", "PT", "1"),
            ("AK2", "867", "0001"),
            ("AK5", "A"),
            ("AK2", "867", "0002"),
            ("AK5", "A"),
            ("AK9", "A", "2", "2", "2"),
        ]

    def test_one_bad_set_makes_it_partly_accepted(self) -> None:
        assert answer(usage_file(USAGE, BAD))[3:] == [
            ("AK2", "867", "0002"),
            ("AK3", "QTY", "14", "QTY", "8"),
            ("AK4", ("2",), "380", "6", "4O2"),
            ("AK5", "R", "5"),
            ("AK9", "P", "2", "2", "1"),
        ]

    def test_only_bad_sets_make_it_rejected(self) -> None:
        assert answer(usage_file(BAD))[-1] == ("AK9", "R", "1", "1", "0")

    def test_envelope_faults_of_a_set_are_given_as_ak5_codes(self) -> None:
        data = usage_file().replace(b"SE*18*0001", b"SE*19*0002")

        assert answer(data)[-2:] == [("AK5", "R", "3", "4"), ("AK9", "R", "1", "1", "0")]

    def test_a_tolerated_miscount_is_accepted_with_a_note(self) -> None:
        data = usage_file().replace(b"SE*18*", b"SE*19*")
        one = scan(data, Policy(wrong_counts="warning")).interchanges[0].groups[0]

        verdict = SetVerdict("867", "0001", one.transactions[0].findings)

        assert build_997(one, [verdict])[-2:] == (
            ("AK5", "E", "4"),
            ("AK9", "E", "1", "1", "1"),
        )

    def test_a_wrong_set_count_is_noted_with_the_count_as_sent(self) -> None:
        data = usage_file().replace(b"GE*1*1", b"GE*3*1")

        assert answer(data)[-1] == ("AK9", "E", "3", "1", "1", "5")

    def test_an_unknown_set_is_rejected_as_not_supported(self) -> None:
        data = usage_file().replace(b"ST*867", b"ST*850")

        assert answer(data)[1:] == [
            ("AK2", "850", "0001"),
            ("AK5", "R", "1"),
            ("AK9", "R", "1", "1", "0"),
        ]

    def test_an_unknown_group_still_gets_its_answer(self) -> None:
        data = usage_file().replace(b"GS*PT", b"GS*PO")

        assert answer(data) == [("AK1", "PO", "1"), ("AK9", "R", "1", "1", "0", "1")]

    def test_an_unknown_version_still_gets_its_answer(self) -> None:
        data = usage_file().replace(b"X*004010", b"X*002040")

        assert answer(data) == [("AK1", "PT", "1"), ("AK9", "R", "1", "1", "0", "2")]

    def test_a_version_with_the_guide_appended_is_known(self) -> None:
        assert answer(usage_file().replace(b"X*004010", b"X*004010UIG"))[-1][1] == "A"

    def test_a_set_in_the_wrong_group_is_told(self) -> None:
        data = usage_file().replace(b"GS*PT", b"GS*GE")

        assert answer(data)[-2:] == [("AK5", "R", "6"), ("AK9", "R", "1", "1", "0")]

    def test_a_bad_value_cannot_break_our_own_file(self) -> None:
        data = usage_file(USAGE.replace("JANE DOE", "A>B^C"))

        note = next(segment for segment in answer(data) if segment[0] == "AK4")

        assert note[4] == "A?B?C"

    def test_our_own_997_can_be_read_back(self) -> None:
        lines = [
            "*".join(e if isinstance(e, str) else ">".join(e) for e in segment)
            for segment in answer(usage_file(USAGE, BAD))
        ]

        read = read_one(set_file("997", "\n".join(lines)))

        assert read.transaction is not None
        receipt = read_997(read.transaction)
        assert (receipt.code, receipt.included, receipt.accepted_count) == ("P", 2, 1)
        assert receipt.accepts("0001")
        assert not receipt.accepts("2")
        assert [note.id for note in receipt.sets[1].notes] == ["AK3", "AK4"]


class TestReceivedAnswer:
    def test_sets_left_out_go_with_their_group(self) -> None:
        read = read_one((FIXTURES / "997_accepted_without_sets.edi").read_bytes())

        assert read.transaction is not None
        receipt = read_997(read.transaction)
        assert receipt.sets == ()
        assert receipt.accepts("0017")

    def test_sets_are_judged_one_by_one(self) -> None:
        set_id, body = body_of(FIXTURES / "997_partly_accepted.edi")
        read = read_one(set_file(set_id, body))

        assert read.transaction is not None
        receipt = read_997(read.transaction)
        assert [(one.control_number, one.accepted) for one in receipt.sets] == [
            ("0001", True),
            ("0002", False),
        ]
        assert receipt.sets[1].error_codes == ("5",)


class TestInterchangeAnswer:
    def test_is_not_given_unasked_when_all_is_well(self) -> None:
        assert build_ta1(scan(usage_file()).interchanges[0]) is None

    def test_is_given_when_asked_for(self) -> None:
        data = written(interchange([group([transaction(USAGE)])], head=isa(ack="1")))

        assert build_ta1(scan(data).interchanges[0]) == (
            "TA1",
            "000000001",
            "261122",
            "1200",
            "A",
            "000",
        )

    def test_names_the_fault_that_refuses(self) -> None:
        cut = usage_file()[:500]

        answered = build_ta1(scan(cut).interchanges[0])

        assert answered is not None
        assert answered[4:] == ("R", "023")

    def test_a_wrong_group_count_is_accepted_with_a_note(self) -> None:
        answered = build_ta1(scan(usage_file().replace(b"IEA*1*", b"IEA*9*")).interchanges[0])

        assert answered is not None
        assert answered[4:] == ("E", "021")

    def test_a_duplicate_interchange_is_rejected(self) -> None:
        answered = build_ta1(scan(usage_file()).interchanges[0], duplicate=True)

        assert answered is not None
        assert answered[4:] == ("R", "025")

    def test_can_be_read_back(self) -> None:
        data = usage_file().replace(b"GS*PT", b"TA1*000000009*261122*1200*R*025~\nGS*PT")

        receipt = read_ta1(scan(data).interchanges[0].acknowledgments[0])

        assert (receipt.control_number, receipt.accepted, receipt.note) == (
            "000000009",
            False,
            "025",
        )
