from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from services.edi_gateway.partners import load_partners
from services.edi_gateway.preparing import RenderJob, WaitingDocument, response_id
from services.edi_gateway.rendering import (
    AcknowledgedGroup,
    AcknowledgeJob,
    render,
    render_acknowledgments,
)
from services.edi_gateway.x12 import OutboundSegment, SetVerdict, build_ta1, scan
from shared.contracts.charges import LineKind
from shared.contracts.enrollment import EnrollmentDecision, EnrollmentPurpose
from shared.contracts.parts import Environment, Purpose, Reason
from simulator.x12 import read_interchanges
from tests.contract.sample_parts import CHARGE
from tests.journeys import papers

AT = datetime(2026, 7, 7, 3, 30, tzinfo=UTC)
"""Evening of July 6th in California."""


def job_of(*charges: object, set_id: str = "810", **changed: object) -> RenderJob:
    documents = tuple(
        WaitingDocument(UUID(int=number), UUID(int=number + 100), "mce", one.model_dump_json())  # type: ignore[attr-defined]
        for number, one in enumerate(charges, start=1)
    )
    job = RenderJob("pge", Environment.TEST, set_id, 12, 7, AT, documents)
    return replace(job, **changed)  # type: ignore[arg-type]


class TestCharges:
    def test_another_reader_than_ours_reads_them(self) -> None:
        rendered = render(job_of(CHARGE, CHARGE))

        (interchange,) = read_interchanges(rendered.data)
        (group,) = interchange.groups
        assert (interchange.control, group.control, group.functional_id) == (12, 7, "IN")
        assert (interchange.sender, interchange.receiver) == ("CCAEXCHANGE", "006912877")
        assert [each.control for each in group.transactions] == ["0001", "0002"]

    def test_each_transaction_is_told_with_its_place_in_the_bytes(self) -> None:
        rendered = render(job_of(CHARGE, CHARGE))

        for number, one in enumerate(rendered.transactions, start=1):
            piece = rendered.data[one.start : one.end].rstrip()
            assert piece.startswith(f"ST*810*000{number}~".encode())
            assert piece.endswith(f"*000{number}~".encode())
            assert piece.count(b"~") == one.segments
            assert one.business_key == CHARGE.invoice_number
            assert one.amount == CHARGE.total

    def test_its_taxes_are_told_by_who_is_owed_them(self) -> None:
        tax = CHARGE.lines[0].model_copy(
            update={
                "kind": LineKind.TAX,
                "code": "UT",
                "amount": Decimal("0.10"),
                "jurisdiction": "MARINA",
            }
        )
        state = tax.model_copy(update={"code": "ET", "jurisdiction": "", "amount": Decimal("0.07")})
        lines = (CHARGE.lines[0], tax, tax, state)
        total = sum((line.amount for line in lines), Decimal(0))
        taxed = CHARGE.model_copy(update={"lines": lines, "total": total})

        document = render(job_of(taxed)).transactions[0].document

        assert document is not None
        assert [(each.code, each.jurisdiction, each.amount) for each in document.taxes] == [
            ("UT", "MARINA", Decimal("0.20")),
            ("ET", "", Decimal("0.07")),
        ]

    def test_the_same_job_gives_the_same_bytes(self) -> None:
        assert render(job_of(CHARGE)) == render(job_of(CHARGE))

    @pytest.mark.parametrize(
        ("environment", "sign"), [(Environment.TEST, "T"), (Environment.PRODUCTION, "P")]
    )
    def test_isa15_says_where_we_run(self, environment: Environment, sign: str) -> None:
        rendered = render(job_of(CHARGE, environment=environment))

        assert read_interchanges(rendered.data)[0].usage_indicator == sign

    def test_a_cancel_repeats_the_amounts_as_they_were_billed(self) -> None:
        cancel = CHARGE.model_copy(
            update={
                "purpose": Purpose.CANCEL,
                "invoice_number": "MCE0000000002",
                "original_invoice_number": CHARGE.invoice_number,
            }
        )
        charge, cancelled = (
            read_interchanges(render(job_of(one)).data)[0].groups[0].transactions[0]
            for one in (CHARGE, cancel)
        )

        same = {"SAC", "TXI", "TDS"}
        assert [s for s in charge.segments if s[0] in same] == [
            s for s in cancelled.segments if s[0] in same
        ]
        assert ("REF", "OI", CHARGE.invoice_number) in cancelled.segments

    @pytest.mark.parametrize("utility", ["pge", "sce", "sdge"])
    def test_every_utility_reads_its_own_way_of_writing(self, utility: str) -> None:
        cca = {"pge": "mce", "sce": "cpa", "sdge": "sdcp"}[utility]
        document = WaitingDocument(UUID(int=1), UUID(int=2), cca, CHARGE.model_dump_json())

        rendered = render(job_of(utility=utility, documents=(document,)))

        signs = load_partners().utility(utility).outbound.delimiters
        assert rendered.data[3:4].decode("latin-1") == signs[0]
        assert scan(rendered.data).is_clean
        assert len(read_interchanges(rendered.data)[0].groups[0].transactions) == 1


class TestResponses:
    def test_a_refusal_gives_every_reason(self) -> None:
        decision = EnrollmentDecision(
            transaction_id=UUID(int=3),
            request_id="REQ1",
            purpose=EnrollmentPurpose.ENROLL,
            accepted=False,
            reasons=(Reason(code="A76", text="NOT FOUND"), Reason(code="API", text="MISSING")),
            account_number="1",
        )

        rendered = render(job_of(decision, set_id="814"))

        (response,) = read_interchanges(rendered.data)[0].groups[0].transactions
        assert [s[2] for s in response.segments if s[:2] == ("REF", "7G")] == ["A76", "API"]
        begin = response.segments[0]
        assert (
            begin[2]
            == response_id(decision.transaction_id)
            == rendered.transactions[0].business_key
        )
        assert begin[3] == "20260706", "the utility's own date"

    def test_the_same_request_always_gets_the_same_response_id(self) -> None:
        assert response_id(UUID(int=3)) == response_id(UUID(int=3))
        assert len({response_id(UUID(int=n << 64)) for n in range(50)}) == 50


class TestAcknowledgments:
    def test_one_997_answers_each_group(self) -> None:
        data = papers.file_of("pge", "867", 5, [papers.usage(papers.ADA, "USE1")])
        (group,) = scan(data).interchanges[0].groups
        answered = AcknowledgedGroup(group, (), (SetVerdict("867", "0001", ()),))

        rendered = render_acknowledgments(acknowledging((answered, answered)))

        (interchange,) = read_interchanges(rendered.data)
        first, second = interchange.groups[0].transactions
        assert interchange.groups[0].functional_id == "FA"
        assert first.segments[0] == second.segments[0] == ("AK1", "PT", "5")
        assert first.segments[-1] == ("AK9", "A", "1", "1", "1")

    def test_a_ta1_alone_travels_without_a_group(self) -> None:
        data = papers.file_of("pge", "867", 5, [papers.usage(papers.ADA, "USE1")])
        ta1 = build_ta1(scan(data).interchanges[0], duplicate=True)
        assert ta1 is not None

        rendered = render_acknowledgments(acknowledging((), ta1))

        (interchange,) = read_interchanges(rendered.data)
        assert interchange.groups == ()
        assert [note[1] for note in interchange.acknowledgments] == ["000000005"]
        assert rendered.transactions == ()


def acknowledging(groups: tuple[AcknowledgedGroup, ...], *ta1s: OutboundSegment) -> AcknowledgeJob:
    return AcknowledgeJob(
        utility="pge",
        environment=Environment.TEST,
        interchange_number=12,
        group_number=7 if groups else 0,
        at=AT,
        file_id=UUID(int=9),
        groups=groups,
        ta1s=ta1s,
    )
