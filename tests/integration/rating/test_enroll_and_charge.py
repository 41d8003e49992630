from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid4

from services.rating.scope import Scope
from shared.contracts.charges import InvoiceReported, ReportedInvoice
from shared.contracts.enrollment import EnrollmentPurpose
from shared.contracts.parts import Environment, Purpose
from tests.integration.rating.office import NOON, Office, enrollment, usage_report
from tests.unit.rating.words import MCE, request, transaction, usage

PRODUCTION = Scope("mce", "pge", Environment.PRODUCTION)


class TestAnEnrolledAccount:
    async def test_gets_an_exact_charge_for_its_usage(self, office: Office) -> None:
        await office.tell(enrollment(request()))

        asked = await office.tell(usage_report(usage()))

        (charge,) = office.charges
        assert office.decisions == [("R1", [])]
        assert charge.total == Decimal("39.97")
        assert charge.invoice_number == "MCE0000000001"
        assert charge.invoiced_on == date(2026, 11, 23)
        assert charge.transaction_id == transaction("867 U1")
        assert office.heard[-1].causation_id == asked.id
        assert office.heard[-1].correlation_id == asked.correlation_id

    async def test_is_another_account_in_production(self, office: Office) -> None:
        await office.tell(enrollment(request()))

        await office.tell(usage_report(usage()), scope=PRODUCTION)

        assert office.holds == [("U1", "NOT_ENROLLED")]

    async def test_that_is_dropped_is_no_longer_charged(self, office: Office) -> None:
        drop = request(
            "D1",
            EnrollmentPurpose.DROP,
            effective_on=date(2026, 7, 1),
            requested_on=date(2026, 6, 1),
        )
        await office.tell(enrollment(request(), drop))

        await office.tell(usage_report(usage()))

        assert office.holds == [("U1", "NOT_ENROLLED")]


class TestARedelivery:
    async def test_of_the_same_message_changes_nothing(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        told = await office.tell(usage_report(usage()))

        await office.deliver(told)
        await office.tell(usage_report(usage("U9", account="A9")))

        assert await office.rows("charges") == 1
        assert len(office.charges) == 1
        assert office.holds == [("U9", "NOT_ENROLLED")]

    async def test_of_the_same_usage_in_a_new_message_changes_nothing(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        await office.tell(usage_report(usage()))

        await office.tell(usage_report(usage()))

        assert len(office.charges) == 1
        assert await office.rows("usage") == 1

    async def test_of_the_same_request_gives_the_same_answer(self, office: Office) -> None:
        await office.tell(enrollment(request()))

        await office.tell(enrollment(request()))

        assert office.decisions == [("R1", []), ("R1", [])]
        assert await office.rows("agreement_entries") == 1

    async def test_within_one_message_is_answered_twice_and_applied_once(
        self, office: Office
    ) -> None:
        await office.tell(enrollment(request(), request()))
        await office.tell(usage_report(usage(), usage()))

        assert office.decisions == [("R1", []), ("R1", [])]
        assert await office.rows("enrollment_requests") == 1
        assert len(office.charges) == 1

    async def test_of_a_request_id_with_other_content_is_refused(self, office: Office) -> None:
        await office.tell(enrollment(request()))

        await office.tell(enrollment(request(account="A2")))

        assert office.decisions[1] == ("R1", ["ABN"])
        assert await office.rows("enrollment_requests") == 2


class TestUsageBeforeItsEnrollment:
    async def test_is_charged_by_itself_when_the_enrollment_lands(self, office: Office) -> None:
        first = await office.tell(usage_report(usage()))
        assert office.holds == [("U1", "NOT_ENROLLED")]

        second = await office.tell(enrollment(request()))

        (charge,) = office.charges
        assert charge.usage_id == "U1"
        assert office.heard[-1].correlation_id == first.correlation_id
        assert office.heard[-1].causation_id == second.id
        assert await office.column("SELECT closed_at FROM rating.holds") == [NOON]


class TestUsageBeforeItsTariff:
    async def test_is_charged_when_the_tariff_is_imported(self, empty_office: Office) -> None:
        await empty_office.tell(enrollment(request()))
        await empty_office.tell(usage_report(usage()))
        assert empty_office.holds == [("U1", "RATE_NOT_FOUND")]

        _, released = await empty_office.service.import_tariffs()

        assert (released.tried, released.charged) == (1, 1)
        assert await empty_office.rows("charges") == 1

    async def test_stays_held_when_it_is_not_in_the_import(self, empty_office: Office) -> None:
        await empty_office.tell(enrollment(request(rate_code="E-20")))
        await empty_office.tell(usage_report(usage()))

        _, released = await empty_office.service.import_tariffs()

        assert (released.tried, released.charged) == (1, 0)
        assert await empty_office.column(
            "SELECT code FROM rating.holds WHERE closed_at IS NULL"
        ) == ["RATE_CHANGED_UNCONFIRMED"]


class TestACorrection:
    async def test_by_cancel_and_rebill_nets_to_the_rebill(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        await office.tell(usage_report(usage()))
        cancel = usage("U2", purpose=Purpose.CANCEL, corrects="U1")
        rebill = usage("U3", energy={"on": "90", "off": "200"})

        await office.tell(usage_report(cancel))
        await office.tell(usage_report(rebill))

        original, reversal, again = office.charges
        assert reversal.purpose is Purpose.CANCEL
        assert reversal.original_invoice_number == original.invoice_number
        assert reversal.lines == original.lines
        assert reversal.total == original.total
        assert again.usage_id == "U3"
        numbers = [charge.invoice_number for charge in office.charges]
        assert numbers == [f"MCE{number:010d}" for number in (1, 2, 3)]
        states = "SELECT state FROM rating.usage ORDER BY seq"
        assert await office.column(states) == ["cancelled", "charged", "charged"]

    async def test_by_replacement_reverses_and_bills_at_once(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        await office.tell(usage_report(usage()))
        replacement = usage(
            "U2", purpose=Purpose.REPLACE, corrects="U1", energy={"on": "1", "off": "1"}
        )

        await office.tell(usage_report(replacement))

        assert [charge.purpose for charge in office.charges] == [
            Purpose.ORIGINAL,
            Purpose.CANCEL,
            Purpose.ORIGINAL,
        ]

    async def test_that_comes_first_ends_the_original_when_it_comes(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        cancel = usage("U2", purpose=Purpose.CANCEL, corrects="U1")
        await office.tell(usage_report(cancel))

        await office.tell(usage_report(usage()))

        assert office.holds == [("U2", "CANCEL_NO_ORIGINAL")]
        assert not office.charges
        assert office.heard[-1].type == "UsageCancelled"


class TestAReportedInvoice:
    async def test_is_kept_until_it_can_be_checked(self, office: Office) -> None:
        invoice = ReportedInvoice(
            transaction_id=uuid4(),
            invoice_number="I1",
            purpose=Purpose.ORIGINAL,
            invoiced_on=date(2026, 11, 1),
            account_number="A1",
            total=Decimal("12.34"),
        )

        await office.tell(InvoiceReported(file_id=uuid4(), items=(invoice,)), scope=MCE)

        assert await office.rows("reported_invoices", state="waiting_for_usage") == 1
