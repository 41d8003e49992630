"""Our charges as 810s: what is written, and that the utility reads the same numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.edi_gateway.partners import PartnerBook, load_partners
from services.edi_gateway.profile import PeriodEnd, SignRule
from services.edi_gateway.transactions import Outgoing, Reading, read_document, write_document
from services.edi_gateway.x12 import OutboundSegment, Transaction
from shared.contracts.charges import Charge, ChargeLine, ChargeUnit, LineKind, ReportedInvoice
from shared.contracts.parts import Purpose
from tests.unit.edi_gateway.transactions.conftest import TRANSACTION_ID, Read, SendAndReceive

ENERGY = ChargeLine(
    sequence=1,
    line_id="energy.on_peak",
    kind=LineKind.CHARGE,
    code="ENC001",
    label="On-peak energy",
    quantity=Decimal("90.5"),
    unit=ChargeUnit.KWH,
    price=Decimal("0.20782"),
    amount=Decimal("18.81"),
)
CREDIT = ChargeLine(
    sequence=2,
    line_id="credit.relief",
    kind=LineKind.CREDIT,
    code="ADJ001",
    label="Cost relief credit",
    amount=Decimal("2.00"),
)
TAX = ChargeLine(
    sequence=3, line_id="tax.uut", kind=LineKind.TAX, code="UT", label="UT", amount=Decimal("0.84")
)


def charge(*lines: ChargeLine, **changes: object) -> Charge:
    kept = lines or (ENERGY, CREDIT, TAX)
    values: dict[str, object] = {
        "charge_id": UUID(int=1),
        "invoice_number": "MCE000000001",
        "purpose": Purpose.ORIGINAL,
        "transaction_id": TRANSACTION_ID,
        "usage_id": "PGE867-1",
        "account_number": "4000000001",
        "service_agreement_id": "4123456789",
        "customer_name": "Ada Alderton",
        "invoiced_on": date(2026, 6, 2),
        "period_start": date(2026, 5, 1),
        "period_end": date(2026, 6, 1),
        "plan_id": "mce-e-tou-c",
        "plan_version": "2026-04-01",
        "lines": kept,
        "total": sum((line.signed_amount for line in kept), Decimal(0)),
    }
    return Charge.model_validate({**values, **changes})


def named(
    segments: tuple[OutboundSegment, ...], segment_id: str, qualifier: str = ""
) -> list[OutboundSegment]:
    return [s for s in segments if s[0] == segment_id and (not qualifier or s[1] == qualifier)]


def invoice_of(transaction: Transaction, outgoing: Outgoing) -> ReportedInvoice:
    return invoice_in(read_document(transaction, outgoing.partner, transaction_id=TRANSACTION_ID))


def invoice_in(reading: Reading) -> ReportedInvoice:
    assert reading.reasons == ()
    (fact,) = reading.facts
    assert isinstance(fact, ReportedInvoice)
    return fact


def numbers(lines: tuple[ChargeLine, ...]) -> list[tuple[object, ...]]:
    """What must survive: amounts with their signs, prices, quantities; charges before taxes."""
    ordered = sorted(lines, key=lambda line: (line.kind is LineKind.TAX, line.sequence))
    return [(line.code, line.signed_amount, line.price, line.quantity) for line in ordered]


@st.composite
def any_lines(draw: st.DrawFn) -> tuple[ChargeLine, ...]:
    """Draw one to thirty lines of any kind, each with any exact numbers."""
    kinds = draw(st.lists(st.sampled_from(LineKind), min_size=1, max_size=30))
    lines = []
    for sequence, kind in enumerate(kinds, start=1):
        line = ChargeLine(
            sequence=sequence,
            line_id=f"l{sequence}",
            kind=kind,
            code="UT" if kind is LineKind.TAX else "ENC001",
            label=draw(st.text(max_size=90)),
            amount=draw(st.decimals(0, 99_999, places=2)),
        )
        if kind is not LineKind.TAX:
            priced = {
                "price": draw(st.none() | st.decimals(-9, 9, places=5)),
                "quantity": draw(st.none() | st.decimals(0, 99_999, places=6)),
                "unit": "kWh",
            }
            line = line.model_copy(update=priced)
        lines.append(line)
    return tuple(lines)


class TestWhatIsWritten:
    def test_the_whole_document_is_as_agreed(self, outgoing: Outgoing) -> None:
        assert write_document("810", charge(), outgoing) == (
            ("BIG", "20260602", "MCE000000001", "", "", "PGE867-1", "", "ME", "00"),
            ("REF", "12", "4000000001"),
            ("REF", "BLT", "LDC"),
            ("REF", "PC", "DUAL"),
            ("REF", "Q5", "", "4123456789"),
            ("N1", "8S", "PACIFIC GAS AND ELECTRIC", "1", "006912877", "", "40"),
            ("N1", "SJ", "MARIN CLEAN ENERGY", "1", "968500001", "", "41"),
            ("N1", "8R", "ADA ALDERTON"),
            ("IT1", "1", "", "", "", "", "SV", "ELECTRIC", "C3", "ACCOUNT"),
            ("TXI", "UT", "0.84", "", "", "", "", "A"),
            ("DTM", "150", "20260501"),
            ("DTM", "151", "20260601"),
            (
                *("SAC", "C", "", "EU", "ENC001", "1881", "", "", "0.20782", "KH", "90.5"),
                *("", "", "1", "", "ON-PEAK ENERGY"),
            ),
            (
                *("SAC", "A", "", "EU", "ADJ001", "200", "", "", "", "", ""),
                *("", "", "2", "", "COST RELIEF CREDIT"),
            ),
            ("TDS", "1765"),
        )

    def test_a_cancel_is_not_negated_and_names_the_original(self, outgoing: Outgoing) -> None:
        cancel = charge(
            purpose=Purpose.CANCEL,
            invoice_number="MCE000000002",
            original_invoice_number="MCE000000001",
        )
        segments = write_document("810", cancel, outgoing)

        assert named(segments, "BIG")[0][8] == "01"
        assert named(segments, "REF", "OI") == [("REF", "OI", "MCE000000001")]
        assert named(segments, "SAC") == named(write_document("810", charge(), outgoing), "SAC")
        assert named(segments, "TDS") == [("TDS", "1765")]

    def test_a_credit_bill_has_a_negative_total(self, outgoing: Outgoing) -> None:
        credit = CREDIT.model_copy(update={"amount": Decimal("26.45")})
        assert named(write_document("810", charge(credit), outgoing), "TDS") == [("TDS", "-2645")]

    def test_a_long_label_is_cut_to_what_the_utility_prints(self, outgoing: Outgoing) -> None:
        long = ENERGY.model_copy(update={"label": "Über peak * energy " * 10})
        text = named(write_document("810", charge(long), outgoing), "SAC")[0][15]
        assert isinstance(text, str)
        assert len(text) <= outgoing.profile.charges.label_max
        assert text.startswith("UBER PEAK ENERGY")

    def test_many_lines_are_spread_over_items(
        self, outgoing: Outgoing, send_and_receive: SendAndReceive
    ) -> None:
        lines = tuple(
            ENERGY.model_copy(update={"sequence": n, "line_id": f"e{n}"}) for n in range(1, 61)
        )
        taxes = tuple(
            TAX.model_copy(update={"sequence": 100 + n, "line_id": f"t{n}"}) for n in range(12)
        )
        segments = write_document("810", charge(*lines, *taxes), outgoing)
        received = send_and_receive("810", segments, outgoing)

        assert len(named(segments, "IT1")) == 3
        assert numbers(invoice_of(received, outgoing).lines) == numbers((*lines, *taxes))

    def test_a_utility_may_want_the_sign_in_the_amount(self, outgoing: Outgoing) -> None:
        rules = outgoing.profile.charges.model_copy(update={"sign": SignRule.SIGNED})
        segments = write_document("810", charge(), with_profile(outgoing, charges=rules))
        assert [(s[1], s[5]) for s in named(segments, "SAC")] == [("C", "1881"), ("C", "-200")]

    def test_an_inclusive_period_end_is_written_as_the_last_day(self, outgoing: Outgoing) -> None:
        rules = outgoing.profile.reading.model_copy(update={"period_end": PeriodEnd.INCLUSIVE})
        segments = write_document("810", charge(), with_profile(outgoing, reading=rules))
        assert named(segments, "DTM", "151") == [("DTM", "151", "20260531")]


class TestRoundTrip:
    @pytest.mark.parametrize("sign", list(SignRule))
    def test_the_utility_reads_the_numbers_we_wrote(
        self, outgoing: Outgoing, send_and_receive: SendAndReceive, sign: SignRule
    ) -> None:
        rules = outgoing.profile.charges.model_copy(update={"sign": sign})
        changed = with_profile(outgoing, charges=rules)
        sent = charge()
        received = send_and_receive("810", write_document("810", sent, changed), changed)
        invoice = invoice_of(received, changed)

        assert numbers(invoice.lines) == numbers(sent.lines)
        assert invoice.total == sent.total
        assert invoice.usage_id == sent.usage_id
        assert (invoice.period_start, invoice.period_end) == (sent.period_start, sent.period_end)
        assert invoice.service_agreement_id == sent.service_agreement_id

    @pytest.mark.parametrize("utility", ["pge", "sce", "sdge"])
    def test_every_utility_can_read_it(
        self, book: PartnerBook, send_and_receive: SendAndReceive, utility: str
    ) -> None:
        partner = book.partner(utility)
        addressed = Outgoing(
            partner=partner, cca=partner.ccas[0], document_number="1", on=date(2026, 6, 2)
        )
        segments = write_document("810", charge(), addressed)
        received = send_and_receive("810", segments, addressed)
        assert invoice_of(received, addressed).total == Decimal("17.65")

    @settings(max_examples=60, deadline=None)
    @given(data=st.data())
    def test_any_charge_survives(
        self, send_and_receive: SendAndReceive, data: st.DataObject
    ) -> None:
        lines = data.draw(any_lines())
        book = load_partners()
        partner = book.partner("sce")
        addressed = Outgoing(
            partner=partner, cca=partner.ccas[0], document_number="1", on=date(2026, 6, 2)
        )
        sent = charge(*lines)
        segments = write_document("810", sent, addressed)
        invoice = invoice_of(send_and_receive("810", segments, addressed), addressed)
        assert numbers(invoice.lines) == numbers(sent.lines)
        assert invoice.total == sent.total


INBOUND = """
ST*810*0001
BIG*20260602*UTIL-9***PGE867-1**ME*00
REF*12*4000000001
N1*8S*PACIFIC GAS AND ELECTRIC*1*006912877**41
N1*SJ*MARIN CLEAN ENERGY*1*968500001**40
IT1*1*****SV*ELECTRIC*C3*ACCOUNT
SAC*C**EU*MSC001*150**********SERVICE FEE
SAC*N**EU*MSC001*999**********FOR INFORMATION
TDS*150
"""


class TestWhatUtilitiesSend:
    def test_a_service_fee_without_a_period_is_read(self, read: Read) -> None:
        reading = read(INBOUND)
        assert reading.amount == Decimal("1.50")
        assert reading.identifiers[0] == ("invoice_number", "UTIL-9")
        invoice = invoice_in(reading)
        assert invoice.lines[0].amount == Decimal("1.50")
        assert invoice.period_start is None

    def test_implied_decimals_are_dollars_and_cents(self, read: Read) -> None:
        text = INBOUND.replace("*150***", "*9588***").replace("TDS*150", "TDS*9588")
        assert read(text).amount == Decimal("95.88")

    def test_a_total_that_its_lines_do_not_add_to_is_an_exception(self, read: Read) -> None:
        reading = read(INBOUND.replace("TDS*150", "TDS*151"))
        assert reading.facts == ()
        assert "1.51" in reading.reasons[0].text

    def test_a_cancel_without_its_original_is_an_exception(self, read: Read) -> None:
        assert read(INBOUND.replace("*ME*00", "*ME*01")).reasons[0].code == "API"


def with_profile(outgoing: Outgoing, **changes: object) -> Outgoing:
    profile = outgoing.profile.model_copy(update=changes)
    partner = outgoing.partner.model_copy(update={"profile": profile})
    return Outgoing(
        partner=partner,
        cca=outgoing.cca,
        document_number=outgoing.document_number,
        on=outgoing.on,
    )
