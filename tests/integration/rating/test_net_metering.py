"""Net metering from bill to bill: the balance is what the stored lines add up to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.rating.nem_year import settle_accounts
from services.rating.store_activation import TariffKey
from services.rating.store_tariffs import load_book
from services.rating.tariffs.files import PLANS_FOLDER
from shared.contracts.parts import Purpose
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.unit.rating.words import JUNE, MCE, both_ways, request, usage

SHEET = (PLANS_FOLDER / "mce" / "e-tou-c.toml").read_text()
JULY = (date(2026, 7, 6), date(2026, 8, 6))
RULES = (
    '[nem]\nmodel = "nem"\ncode = "ENC020"\nsource = "test"\n\n'
    "[nem.cash_out]\nmonth = 7\nadder_micro = 20000\nthreshold_cents = 20000\n"
    'source = "test"\n\n[seasons]'
)
SUNNY = both_ways(JUNE, {"on": "0", "off": "0"}, {"on": "100", "off": "0"})
CLOUDY = both_ways(JULY, {"on": "100", "off": "200"}, {"on": "0", "off": "0"})


@pytest.fixture
async def office_with_nem(office: Office, tmp_path: Path) -> Office:
    """The service, with rules for MCE's customers who generate, and one such customer."""
    text = SHEET.replace('version = "2026-04-01"', 'version = "nem"').replace("[seasons]", RULES)
    (tmp_path / "sheet.toml").write_text(
        text.replace("known_from = 2026-04-01", "known_from = 2026-04-02")
    )
    await office.service.import_tariffs(tmp_path, "jane")
    await office.service.activate_tariff(TariffKey.plan("mce", "MCE-E-TOU-C", "nem"), "joe")
    await office.tell(enrollment(request()))
    return office


class TestCreditsFromTheRoof:
    async def test_pay_for_the_next_month(self, office_with_nem: Office) -> None:
        office = office_with_nem
        await office.tell(usage_report(usage("U1", SUNNY)))
        await office.tell(usage_report(usage("U2", CLOUDY)))

        sunny, cloudy = office.charges
        assert sunny.total == Decimal("0.00")
        # 39.88 of generation less 20.16 carried from June, and .09 of surcharge
        assert cloudy.total == Decimal("19.81")
        (applied,) = [line for line in cloudy.lines if line.label == "NEM CREDIT APPLIED"]
        assert applied.amount == Decimal("20.16")

    async def test_are_found_when_the_month_of_their_cash_out_has_come(
        self, office_with_nem: Office
    ) -> None:
        office = office_with_nem
        await office.tell(usage_report(usage("U1", SUNNY)))
        await office.tell(usage_report(usage("U2", CLOUDY)))

        found = await office.column(
            "SELECT message FROM rating.audit_findings WHERE code = 'CREDIT_BALANCE'"
        )
        assert found == ["the month of the cash-out has come with a credit of $20.16"]

    async def test_that_were_used_and_then_cancelled_are_asked_back(
        self, office_with_nem: Office
    ) -> None:
        office = office_with_nem
        for item in (
            usage("U1", SUNNY),
            usage("U2", CLOUDY),
            usage("U3", SUNNY, purpose=Purpose.CANCEL, corrects="U1"),
            usage("U4", both_ways(JUNE, {"on": "0", "off": "0"}, {"on": "0", "off": "0"})),
        ):
            await office.tell(usage_report(item))

        rebill = office.charges[-1]
        assert rebill.usage_id == "U4"
        assert rebill.total == Decimal("20.16")
        billed = sum(
            -charge.total if charge.purpose is Purpose.CANCEL else charge.total
            for charge in office.charges
        )
        assert billed == Decimal("39.97")  # what July comes to by itself

    async def test_are_not_counted_twice_when_the_usage_is_replaced(
        self, office_with_nem: Office
    ) -> None:
        office = office_with_nem
        for item in (
            usage("U1", SUNNY),
            usage("U2", CLOUDY),
            usage("U3", CLOUDY, purpose=Purpose.REPLACE, corrects="U2"),
        ):
            await office.tell(usage_report(item))

        billed, cancelled, rebilled = office.charges[-3:]
        assert cancelled.purpose is Purpose.CANCEL
        assert rebilled.usage_id == "U3"
        assert cancelled.total == billed.total == rebilled.total == Decimal("19.81")

    async def test_count_within_one_file_too(self, office_with_nem: Office) -> None:
        office = office_with_nem
        await office.tell(usage_report(usage("U1", SUNNY), usage("U2", CLOUDY)))

        assert [charge.total for charge in office.charges] == [Decimal("0.00"), Decimal("19.81")]


class TestTheEndOfAYear:
    async def test_pays_for_energy_sent_beyond_what_was_taken(
        self, office_with_nem: Office
    ) -> None:
        office = office_with_nem
        sunny = both_ways(JUNE, {"on": "100", "off": "0"}, {"on": "400", "off": "0"})
        await office.tell(enrollment(request("R2", account="A2", meter="M2", agreement="SA2")))
        taken = usage("U9", both_ways(JUNE, {"on": "9", "off": "9"}, {}), account="A2")
        await office.tell(usage_report(usage("U1", sunny), taken))

        year = (date(2025, 7, 6), date(2026, 7, 6))
        async with office.service.database.read() as session:
            book = await load_book(session)
            assert book is not None
            ends = await settle_accounts(session, MCE, book, year, 50_000)
            before = await settle_accounts(session, MCE, book, (date(2024, 7, 6), year[0]), 50_000)

        # 300 kWh x (.05 + .02) = 21.00, a bill credit; the 60.49 of retail credits end
        (end,) = ends
        assert (end.account_number, end.bills, end.balance_cents) == ("A1", 1, 6_049)
        assert (end.settlement.paid_cents, end.settlement.how) == (2_100, "bill_credit")
        assert end.settlement.balance_cents == 2_100
        assert before == []
