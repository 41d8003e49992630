"""Checking a file without a gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.edi_gateway.explaining import ExplainedSegment, ExplainedTransaction
from services.edi_gateway.partners import load_partners
from services.edi_gateway.profile import Strictness
from services.edi_gateway.validating import (
    CheckedTransaction,
    ExplainedFile,
    Status,
    Tally,
    Terms,
    check_file,
    explain_file,
)
from services.edi_gateway.x12 import Finding, scan

FIXTURES = Path(__file__).parents[2] / "fixtures" / "x12"
CHARGE = FIXTURES / "uig_004010" / "867_monthly_original.edi"
PAYMENT = FIXTURES / "uig_004010" / "820_remittance.edi"
DEFAULT = Terms.of(None)


def checked(path: Path, terms: Terms = DEFAULT) -> tuple[Tally, list[CheckedTransaction]]:
    tally = Tally()
    parts = list(check_file(path, terms, tally))
    return tally, [part for part in parts if isinstance(part, CheckedTransaction)]


def terms_of(utility: str, **rules: object) -> Terms:
    """Return a utility's terms with other rules of reading."""
    partner = load_partners().partner(utility)
    reading = partner.profile.reading.model_copy(update=rules)
    profile = partner.profile.model_copy(update={"reading": reading})
    return Terms.of(partner.model_copy(update={"profile": profile}))


class TestVerdict:
    def test_a_good_file_is_clean(self) -> None:
        tally, (one,) = checked(CHARGE)

        assert tally.status is Status.CLEAN
        assert one.accepted
        assert tally.segments == scan(CHARGE.read_bytes()).segment_count

    def test_a_transaction_in_a_refused_group_is_rejected_though_it_is_good(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "old.edi"
        path.write_bytes(CHARGE.read_bytes().replace(b"*X*004010", b"*X*002040"))

        tally, (one,) = checked(path)

        assert not one.accepted
        assert one.findings == ()
        assert tally.status is Status.ERRORS

    @pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"hello"])
    def test_what_is_no_x12_is_unreadable(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "other"
        path.write_bytes(content)

        tally, parts = checked(path)

        assert tally.status is Status.UNREADABLE
        assert tally.refusal
        assert parts == []

    def test_progress_ends_at_the_last_transaction(self) -> None:
        done: list[int] = []
        list(check_file(CHARGE, DEFAULT, Tally(), done.append))

        assert done == [CHARGE.read_bytes().rindex(b"GE*") - 1]


class TestPartner:
    def test_content_that_names_nobody_here_would_be_set_aside(self, tmp_path: Path) -> None:
        path = tmp_path / "unknown.edi"
        path.write_bytes(CHARGE.read_bytes().replace(b"968500001", b"111111111"))
        terms = Terms.of(load_partners().partner("pge"))

        plain, _ = checked(path)
        tally, (one,) = checked(path, terms)

        assert plain.status is Status.CLEAN
        assert (tally.status, tally.set_aside, tally.rejected) == (Status.ERRORS, 1, 0)
        assert one.reasons[0].code == "UND"

    def test_its_policy_decides_what_a_wrong_count_weighs(self) -> None:
        path = FIXTURES / "pitfalls" / "count_wrong.edi"
        terms = [terms_of("pge", wrong_counts=policy) for policy in Strictness]

        assert [checked(path, one)[0].errors for one in terms] == [1, 0]

    def test_a_warning_is_told_and_refuses_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "odd.edi"
        path.write_bytes(PAYMENT.read_bytes().replace(b"TRN*1*", b"TRN*7*"))

        tally, (one,) = checked(path, terms_of("pge"))
        strict, (refused,) = checked(path, terms_of("pge", unknown_codes=Strictness.STRICT))

        assert (tally.errors, tally.warnings, tally.rejected) == (0, 1, 0)
        assert one.accepted
        assert [quoted.finding.value for quoted in one.findings] == ["7"]
        assert (strict.errors, strict.rejected) == (1, 1)
        assert not refused.accepted

    def test_one_bad_transaction_refuses_a_group_that_is_taken_whole(self) -> None:
        path = FIXTURES / "pitfalls" / "count_wrong.edi"
        each = terms_of("pge", wrong_counts=Strictness.STRICT)
        whole = terms_of("pge", wrong_counts=Strictness.STRICT, all_or_nothing=True)

        assert [one.accepted for one in checked(path, each)[1]] == [True, False]
        _, (first, second) = checked(path, whole)
        assert not any(one.accepted for one in (first, second))
        assert [quoted.finding.code for quoted in first.findings] == ["R"]
        assert first.findings[0].text.startswith("ST*867")
        assert [quoted.finding.code for quoted in second.findings] == ["4"]


class TestQuotes:
    def test_a_finding_is_told_with_the_segment_as_sent(self) -> None:
        _, (one,) = checked(FIXTURES / "uig_004010" / "867_refused_bad_date.edi")

        assert [quoted.text for quoted in one.findings] == [
            "BPT*00*U2026110100000005*20261301*DD",
            "REF*MG",
            "QTY*QD*4O2*KH",
            "ZZZ*1",
        ]


class TestExplaining:
    @pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/*.edi")), ids=lambda path: path.stem)
    def test_every_segment_of_the_file_is_shown_once(self, path: Path) -> None:
        """The pitfalls are in it: nothing that a person should see is left out."""
        shown = 0
        findings: list[Finding] = []
        for part in explain_file(path, DEFAULT):
            if isinstance(part, ExplainedTransaction):
                shown += part.segment_count
                segments: tuple[ExplainedSegment, ...] = part.segments
                findings += part.elsewhere
            elif isinstance(part, ExplainedSegment):
                shown += 1
                segments = (part,)
            else:
                findings += [part] if isinstance(part, Finding) else []
                continue
            findings += [found for s in segments for found in s.findings]
            findings += [found for s in segments for e in s.elements for found in e.findings]
        tally = Tally()
        told = [
            quoted.finding
            for part in check_file(path, DEFAULT, tally)
            for quoted in part.findings
            if not tally.refusal
        ]

        assert shown == tally.segments
        assert sorted(map(repr, findings)) == sorted(map(repr, told))

    def test_one_transaction_can_be_asked_for_by_its_number(self) -> None:
        path = FIXTURES / "pitfalls" / "several_interchanges_and_mixed_groups.edi"
        total = next(p for p in explain_file(path, DEFAULT) if isinstance(p, ExplainedFile))

        parts = list(explain_file(path, DEFAULT, total.transactions))

        explained = [part for part in parts if isinstance(part, ExplainedTransaction)]
        last = scan(path.read_bytes()).interchanges[-1].groups[-1].transactions[-1]
        assert [one.control_number for one in explained] == [last.control_number]
        assert explained[0].segments[0].start == last.start
