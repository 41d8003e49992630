"""What a partner's policy weighs: one fault refuses a strict partner and is told to another."""

from __future__ import annotations

import random
from dataclasses import fields

import pytest

from services.edi_gateway.x12 import (
    DEFAULT_POLICY,
    Finding,
    Guide,
    OutboundSegment,
    Policy,
    ReadTransaction,
    SetVerdict,
    build_997,
    build_ta1,
    fallen_with_group,
    has_errors,
    load_guide,
    read_transaction,
    scan,
    validate,
)
from services.edi_gateway.x12.acceptance import accept
from services.edi_gateway.x12.tokenizer import split_segments
from tests.unit.edi_gateway.x12.damage import DOCUMENTS, damaged
from tests.unit.edi_gateway.x12.documents import (
    USAGE,
    body_of,
    group,
    interchange,
    set_file,
    transaction,
    usage_file,
    written,
)

KINDS = tuple(field.name for field in fields(Policy))


def policy_of(weight: str, **others: str) -> Policy:
    """Return a policy of one weight, some kinds of fault apart."""
    return Policy(**(dict.fromkeys(KINDS, weight) | others))  # type: ignore[arg-type]


ROUNDS = 4
STRICT = policy_of("error")
WARN = policy_of("warning")

INSIDE: dict[str, list[tuple[str, str, str, str, str | None]]] = {
    "unknown_codes": [("QTY*QD", "QTY*Q9", "7", "QTY01", "Q9")],
    "unknown_segments": [
        ("REF*MT*KHMON", "REF*MT*KHMON\nZZZ*1", "1", "ZZZ", "ZZZ"),
        ("REF*MT*KHMON", "REF*MT*KHMON\nIT1*1", "6", "IT1", "IT1"),
        ("REF*MT*KHMON", "REF*MT*KHMON\nPER*IC*ANN", "2", "PER", ""),
    ],
    "unknown_elements": [
        ("N1*8R*JANE DOE", "N1*8R*JANE DOE*****X", "3", "N107", "X"),
        ("QTY*QD*402*KH", "QTY*QD*402*KH>1>1>" + ">" * 12 + "9", "3", "QTY03", None),
        ("REF*MT*KHMON", "REF*MT*KHMON*NOTE", "10", "REF03", "NOTE"),
    ],
}
CASES = [(kind, *case) for kind, cases in INSIDE.items() for case in cases]


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Guide:
    """The base guide, with one segment and one element that it does not use."""
    folder = tmp_path_factory.mktemp("guides")
    (folder / "narrow").mkdir()
    (folder / "narrow" / "guide.toml").write_text(
        """
        extends = "uig_004010"
        [[segment]]
        sets = ["867"]
        at = "PTD_LOOP/PER"
        usage = "N"
        [[element]]
        sets = ["867"]
        at = "PTD_LOOP/REF03"
        usage = "N"
        """,
        encoding="utf-8",
    )
    return load_guide("narrow", folder)


def read_under(guide: Guide, body: str) -> ReadTransaction:
    data = usage_file(body)
    found = scan(data, guide.policy).interchanges[0]
    (slot,) = found.groups[0].transactions
    return read_transaction(data[slot.start : slot.end], found.delimiters, slot, guide)


def answer(data: bytes, policy: Policy) -> list[OutboundSegment]:
    """Return the 997 for the first group of a file read under a policy."""
    found = scan(data, policy).interchanges[0]
    guide = load_guide().under(policy)
    one = found.groups[0]
    verdicts = [
        read_transaction(data[slot.start : slot.end], found.delimiters, slot, guide).verdict
        for slot in one.transactions
    ]
    return list(build_997(one, verdicts))


class TestFaultsInside:
    @pytest.mark.parametrize(("kind", "good", "bad", "code", "place", "value"), CASES)
    def test_each_is_only_told_where_the_policy_says_so(
        self, guide: Guide, kind: str, good: str, bad: str, code: str, place: str, value: str | None
    ) -> None:
        policy = policy_of("error", **{kind: "warning"})
        read = read_under(guide.under(policy), USAGE.replace(good, bad))
        (told,) = read.findings

        assert read.accepted
        assert (told.severity, told.code, told.place.split("/")[-1]) == ("warning", code, place)
        assert value is None or told.value == value

    @pytest.mark.parametrize(("kind", "good", "bad", "code", "place", "value"), CASES)
    def test_each_refuses_where_the_policy_is_strict(
        self, guide: Guide, kind: str, good: str, bad: str, code: str, place: str, value: str | None
    ) -> None:
        policy = policy_of("warning", **{kind: "error"})
        read = read_under(guide.under(policy), USAGE.replace(good, bad))

        assert not read.accepted
        assert [(one.severity, one.code) for one in read.findings] == [("error", code)]
        assert read.findings[0].place.endswith(place)
        assert value in (None, read.findings[0].value)

    def test_a_segment_that_is_only_told_is_kept_where_it_was_sent(self, guide: Guide) -> None:
        body = USAGE.replace("REF*MT*KHMON", "REF*MT*KHMON\nZZZ*1*2")
        document = read_under(guide.under(WARN), body).transaction

        assert document is not None
        assert document.loop("PTD").first("ZZZ").elements == ("1", "2")
        assert tuple(document.root.walk()) == document.segments

    @pytest.mark.parametrize(
        ("good", "bad"),
        [
            ("BPT*00", "BPT*99"),
            ("QTY*QD*402", "QTY*QD*4O2"),
            ("PTD*PM***OZ*EL", "QTY*QD*1*KH\nPTD*PM***OZ*EL"),
            ("N1*SJ*MARIN CLEAN ENERGY*1*968500001**40\n", ""),
        ],
        ids=["deciding code", "bad number", "wrong order", "missing party"],
    )
    def test_what_leaves_the_meaning_open_refuses_always(
        self, guide: Guide, good: str, bad: str
    ) -> None:
        assert not read_under(guide.under(WARN), USAGE.replace(good, bad)).accepted

    def test_what_was_learned_under_one_policy_serves_another(self, guide: Guide) -> None:
        forgiving = guide.under(WARN)

        assert forgiving.sets is guide.sets
        assert guide.under(DEFAULT_POLICY) is guide
        body = USAGE.replace("QTY*QD", "QTY*Q9")
        for _ in range(20):
            assert read_under(forgiving, body).findings
            assert not read_under(guide.under(STRICT), body).accepted
            assert read_under(guide.under(STRICT), USAGE).findings == ()

    def test_a_warning_is_no_note_to_the_partner(self) -> None:
        data = usage_file(USAGE.replace("QTY*QD", "QTY*Q9"))

        assert answer(data, WARN)[1:] == [
            ("AK2", "867", "0001"),
            ("AK5", "A"),
            ("AK9", "A", "1", "1", "1"),
        ]


def trailers(old: bytes, new: bytes) -> bytes:
    return usage_file().replace(old, new)


ENVELOPE = [
    ("wrong_counts", b"SE*18*0001", b"SE*99*0001", "SE01", "4", "99"),
    ("wrong_counts", b"SE*18*0001", b"SE*MANY*0001", "SE01", "4", "MANY"),
    ("wrong_counts", b"GE*1*1", b"GE*7*1", "GE01", "5", "7"),
    ("wrong_counts", b"IEA*1*000000001", b"IEA*7*000000001", "IEA01", "021", "7"),
    ("control_numbers", b"SE*18*0001", b"SE*18*0000000001 ", "SE02", "3", "0000000001 "),
    ("control_numbers", b"SE*18*0001", b"SE*18*1", "SE02", "3", "1"),
    ("control_numbers", b"GE*1*1", b"GE*1*0001", "GE02", "4", "0001"),
    ("control_numbers", b"IEA*1*000000001", b"IEA*1* 000000001", "IEA02", "001", " 000000001"),
]


class TestFaultsOfEnvelopes:
    @pytest.mark.parametrize(("kind", "old", "new", "place", "code", "value"), ENVELOPE)
    @pytest.mark.parametrize("weight", ["error", "warning"])
    def test_each_weighs_what_the_policy_says(
        self, kind: str, old: bytes, new: bytes, place: str, code: str, value: str, weight: str
    ) -> None:
        other = "warning" if weight == "error" else "error"
        policy = policy_of(other, **{kind: weight})
        data = trailers(old, new)
        (told,) = self.said(data, policy)

        assert (told.severity, told.code, told.value) == (weight, code, value)
        assert told.place.endswith(f"/{place}")
        assert data[told.byte_offset :].startswith(place[:-2].encode())

    def said(self, data: bytes, policy: Policy) -> list[Finding]:
        (found,) = scan(data, policy).interchanges
        (one,) = found.groups
        return [*found.findings, *one.findings, *one.transactions[0].findings]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"SE*18*0001", b"SE*18*0002"),
            (b"GE*1*1", b"GE*1*2"),
            (b"IEA*1*000000001", b"IEA*1*000000002"),
        ],
    )
    def test_another_number_refuses_always(self, old: bytes, new: bytes) -> None:
        (told,) = self.said(trailers(old, new), WARN)

        assert told.is_error

    @pytest.mark.parametrize("number", [b"0001 ", b"0000000001  "])
    def test_blanks_behind_a_control_number_are_told_once(self, number: bytes) -> None:
        data = trailers(b"SE*18*0001", b"SE*18*" + number)
        (found,) = scan(data, WARN).interchanges
        (slot,) = found.groups[0].transactions
        piece = data[slot.start : slot.end]

        read = read_transaction(piece, found.delimiters, slot, load_guide().under(WARN))

        assert read.accepted
        assert [one.place for one in read.findings] == ["867[1]/SE02"]

    def test_what_is_only_told_is_accepted_with_errors_in_the_997(self) -> None:
        data = trailers(b"SE*18*0001", b"SE*99*0000000001 ")

        assert answer(data, WARN)[1:] == [
            ("AK2", "867", "0001"),
            ("AK5", "E", "3", "4"),
            ("AK9", "E", "1", "1", "1"),
        ]
        assert answer(data, STRICT)[1:] == [
            ("AK2", "867", "0001"),
            ("AK5", "R", "3", "4"),
            ("AK9", "R", "1", "1", "0"),
        ]

    def test_a_wrong_count_of_groups_asks_for_a_ta1_only_where_it_is_strict(self) -> None:
        data = trailers(b"IEA*1*000000001", b"IEA*7*000000001")

        assert build_ta1(scan(data, WARN).interchanges[0]) is None
        ta1 = build_ta1(scan(data, STRICT).interchanges[0])
        assert ta1 is not None
        assert ta1[4:] == ("E", "021")

    def test_a_document_is_read_quickly_all_the_same(self, guide: Guide) -> None:
        """The quick way is not lost for a partner who always pads: it gives the same document."""
        data = trailers(b"SE*18*0001", b"SE*18*0000000001")
        found = scan(data, WARN).interchanges[0]
        (slot,) = found.groups[0].transactions
        piece = data[slot.start : slot.end]
        read = read_transaction(piece, found.delimiters, slot, guide)

        assert accept(guide, split_segments(piece.decode(), found.delimiters), found.delimiters)
        assert read.accepted
        assert read.findings == slot.findings


class TestGroupTakenWhole:
    def test_every_set_of_it_is_rejected_and_the_good_ones_without_a_reason(self) -> None:
        bad = USAGE.replace("QTY*QD*402*KH", "QTY*QD*4O2*KH")
        sets = [transaction(body, f"{n:04d}") for n, body in enumerate((USAGE, bad, USAGE), 1)]
        data = written(interchange([group(sets)]))
        found = scan(data).interchanges[0]
        one = found.groups[0]
        verdicts = []
        for slot in one.transactions:
            piece = data[slot.start : slot.end]
            read = read_transaction(piece, found.delimiters, slot, load_guide())
            fallen = (fallen_with_group(slot, "867[2] is in error"),) if read.accepted else ()
            verdicts.append(SetVerdict(slot.set_id, slot.control_number, (*read.findings, *fallen)))

        answered = build_997(one, verdicts)

        assert [one[1:] for one in answered if one[0] == "AK5"] == [("R",), ("R", "5"), ("R",)]
        assert answered[-1] == ("AK9", "R", "3", "3", "0")
        assert [one[0] for one in answered].count("AK3") == 1


class TestQuickAndPlainReading:
    @pytest.mark.parametrize(
        "policy", [WARN, STRICT, DEFAULT_POLICY], ids=["warn", "strict", "none"]
    )
    def test_they_say_the_same_under_every_policy(self, policy: Policy) -> None:
        chance, odd = random.Random(7), ("ZZZ*1", "IT1*1", "REF*Q9*1", "REF*12*1*2*3*4*5")
        guide = load_guide("pge").under(policy)
        warned = 0
        for path in DOCUMENTS * ROUNDS:
            set_id, good = body_of(path)
            lines = (damaged(good, chance) or good).splitlines()
            lines.insert(chance.randrange(1, len(lines) + 1), chance.choice(odd))
            data = set_file(set_id, "\n".join(lines))
            found = scan(data, policy).interchanges[0]
            (slot,) = found.groups[0].transactions
            piece, signs = data[slot.start : slot.end], found.delimiters
            quick = read_transaction(piece, signs, slot, guide)
            texts = split_segments(piece.decode("latin-1"), signs)
            plain, told = validate(guide, texts, signs, slot.place)

            assert quick.transaction == (None if has_errors(slot.findings) else plain)
            assert [one.message for one in quick.findings] == [
                one.message for one in (*slot.findings, *told)
            ]
            warned += quick.accepted and bool(quick.findings)
        assert warned or policy is not WARN
