"""Net metering from bill to bill: the balance is what the stored lines add up to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.rating.store_activation import TariffKey
from services.rating.tariffs.files import PLANS_FOLDER
from shared.contracts.parts import Purpose
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.unit.rating.words import JUNE, both_ways, request, usage

SHEET = (PLANS_FOLDER / "mce" / "e-tou-c.toml").read_text()
JULY = (date(2026, 7, 6), date(2026, 8, 6))
RULES = '[nem]\nmodel = "nem"\ncode = "ENC020"\nsource = "test"\n\n[seasons]'
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

    async def test_count_within_one_file_too(self, office_with_nem: Office) -> None:
        office = office_with_nem
        await office.tell(usage_report(usage("U1", SUNNY), usage("U2", CLOUDY)))

        assert [charge.total for charge in office.charges] == [Decimal("0.00"), Decimal("19.81")]
