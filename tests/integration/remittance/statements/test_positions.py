from __future__ import annotations

from datetime import date

from services.remittance.ledger.chart import LedgerAccount
from services.remittance.statements.entries import EntriesOf, list_entries
from services.remittance.statements.positions import (
    Standing,
    Wanted,
    aging,
    deductions,
    list_positions,
    paid_after,
    short_pays,
)
from services.remittance.statements.report import make_report
from services.remittance.statements.statement import last_day_of
from services.remittance.statements.taxes import taxes
from shared.contracts.documents import AdviceVerdict
from shared.contracts.enrollment import EnrollmentPurpose, EnrollmentReported, EnrollmentRequest
from shared.contracts.parts import Reason
from shared.contracts.remittance import RemittanceLineKind
from tests.integration.remittance.office import (
    MCE,
    Office,
    advised,
    document_id,
    payment,
    pays,
    sent,
)
from tests.integration.remittance.statements.test_statements import close

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
NOVEMBER_20, LAST = date(2026, 11, 20), date(2026, 11, 30)


def enrolled(account: str, rate_code: str, on: date) -> EnrollmentReported:
    """An 814 that names a rate code."""
    return EnrollmentReported(
        file_id=document_id(f"814 file {account} {on}"),
        items=(
            EnrollmentRequest(
                transaction_id=document_id(f"814 {account} {on}"),
                request_id=f"R{account}{on:%m%d}",
                requested_on=on,
                purpose=EnrollmentPurpose.ENROLL,
                account_number=account,
                rate_code=rate_code,
                effective_on=on,
            ),
        ),
    )


class TestAging:
    async def test_counts_what_was_open_on_the_day_by_the_age_of_the_bill(
        self, office: Office
    ) -> None:
        await office.tell(
            sent("I1", "100.00", on=date(2026, 7, 1)),
            sent("I2", "60.00", on=date(2026, 10, 31)),
            sent("I3", "40.00", on=date(2026, 10, 30)),
            sent("I4", "-5.00", on=date(2026, 11, 25)),
            sent("I5", "9.00", on=date(2026, 12, 1)),
        )
        await office.tell(*payment("T1", [pays("30.00", "I1")]))  # settled on the 20th

        async with office.service.database.read() as session:
            before = await aging(session, MCE, date(2026, 11, 19))
            after = await aging(session, MCE, LAST)
            listed = await list_positions(session, MCE, LAST, Wanted(Standing.OPEN, bucket=0), 10)
            made = await make_report(session, MCE, NOVEMBER, LAST)

        assert {each.bucket: (each.charges, each.cents) for each in before} == {
            0: (2, 100_00),
            4: (1, 100_00),
        }
        assert {each.bucket: (each.charges, each.cents, each.credit_cents) for each in after} == {
            0: (2, 55_00, -5_00),
            1: (1, 40_00, 0),
            4: (1, 70_00, 0),
        }
        assert [each.invoice_number for each in listed] == ["I2", "I4"]
        assert sum(each.cents for each in after) == made.statement.closing_cents

    async def test_of_a_closed_month_does_not_change_by_what_is_learned_later(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 10, 5)))
        await close(office, OCTOBER)
        await office.tell(sent("I2", "7.00", on=date(2026, 10, 6)))

        async with office.service.database.read() as session:
            october = await aging(session, MCE, last_day_of(OCTOBER))
            november = await aging(session, MCE, NOVEMBER)

        assert [each.cents for each in october] == [100_00]
        assert [each.cents for each in november] == [107_00]

    async def test_is_told_by_the_class_of_the_accounts_last_814_in_force(
        self, office: Office
    ) -> None:
        told = [
            enrolled("A1", "E-TOU-C", on=date(2026, 1, 1)),
            enrolled("A1", "B-19", on=date(2026, 11, 10)),
            enrolled("A2", "B-10", on=date(2026, 1, 1)),
        ]
        await office.tell(sent("I1", "100.00"), sent("I2", "60.00", account="A2"), *told)
        await office.tell(*reversed(told), sent("I3", "5.00", account="A3"))

        async with office.service.database.read() as session:
            before = await aging(session, MCE, date(2026, 11, 9))
            after = await aging(session, MCE, LAST)

        assert {each.customer_class: each.cents for each in before} == {
            "residential": 100_00,
            "commercial": 60_00,
            "": 5_00,
        }
        assert {each.customer_class: each.cents for each in after} == {
            "commercial": 160_00,
            "": 5_00,
        }


class TestShortPays:
    async def test_are_told_with_the_reason_the_utility_gave_or_we_know(
        self, office: Office
    ) -> None:
        await office.tell(
            *(sent(f"I{n}", "100.00", usage=f"U{n}") for n in range(1, 6)),
            advised("I2", AdviceVerdict.REJECTED),
        )
        await office.tell(
            *payment(
                "T1",
                [
                    pays("90.00", "I1", reason=Reason(code="XX1")),
                    pays("80.00", "I2"),
                    pays("70.00", "I3"),
                    pays("100.00", "I4"),
                    pays("-100.00", "I4"),
                    pays("-3.00", kind=RemittanceLineKind.FEE, reason=Reason(code="FE1")),
                ],
            )
        )

        async with office.service.database.read() as session:
            told = await short_pays(session, MCE, NOVEMBER_20)
            kept = await deductions(session, MCE, NOVEMBER, NOVEMBER_20)
            before = await short_pays(session, MCE, date(2026, 11, 19))
            listed = await list_positions(
                session, MCE, NOVEMBER_20, Wanted(Standing.SHORT, reason="rejected"), 10
            )

        assert {each.reason: (each.charges, each.open_cents) for each in told} == {
            "XX1": (1, 10_00),
            "rejected": (1, 20_00),
            "not_said": (1, 30_00),
            "taken_back": (1, 100_00),
        }
        assert [(each.kind, each.reason, each.cents) for each in kept] == [("fee", "FE1", -3_00)]
        assert before == ()
        assert [each.invoice_number for each in listed] == ["I2"]


class TestDaysToCash:
    async def test_run_from_the_bill_to_the_money_that_closes_it(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 11, 1)), sent("I2", "50.00"))
        await office.tell(*payment("T1", [pays("100.00", "I1"), pays("49.00", "I2")]))

        async with office.service.database.read() as session:
            found = await paid_after(session, MCE, NOVEMBER, LAST)
            earlier = await paid_after(session, MCE, date(2026, 11, 21), LAST)

        assert [(each.days, each.charges, each.cents) for each in found] == [(19, 1, 100_00)]
        assert earlier == ()


class TestTaxes:
    async def test_are_payable_when_billed_and_collected_as_the_bill_is_paid(
        self, office: Office
    ) -> None:
        await office.tell(
            sent("I1", "100.00", taxes={"MARINA": "6.01", "": "0.10"}, on=date(2026, 10, 30)),
            sent("I2", "50.00", taxes={"MARINA": "3.00"}),
            sent("C2", "50.00", cancels="I2"),
        )
        await office.tell(*payment("T1", [pays("50.00", "I1")]))

        async with office.service.database.read() as session:
            october = await taxes(session, MCE, OCTOBER, last_day_of(OCTOBER))
            november = {each.jurisdiction: each for each in await taxes(
                session, MCE, NOVEMBER, LAST
            )}  # fmt: skip
            entries = await list_entries(
                session,
                MCE,
                EntriesOf(LedgerAccount.TAXES_PAYABLE, NOVEMBER, LAST, jurisdiction="MARINA"),
                10,
            )

        assert [each.collected_cents for each in october] == [0, 0]
        marina = november["MARINA"]
        assert (marina.opening_cents, marina.billed_cents, marina.cancelled_cents) == (
            *(6_01, 3_00, -3_00),
        )
        assert (marina.closing_cents, marina.collected_cents) == (6_01, 3_01)
        assert november["CALIFORNIA"].collected_cents == 5
        assert [each.cents for each in entries] == [-3_00, 3_00]
