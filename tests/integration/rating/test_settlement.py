"""A year of net metering is booked once, by two people, and to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.rating.settlement.runs import (
    AnotherPersonNeeded,
    NothingToSettle,
    Run,
    SettlementOutOfDate,
    SettlementUnknown,
    YearSettled,
    approve,
    load_run,
    prepare,
)
from services.rating.store_activation import TariffKey
from services.rating.store_charges import load_banks
from services.rating.store_tariffs import load_book
from services.rating.tariffs.book import PriceBook
from services.rating.tariffs.files import PLANS_FOLDER
from shared.platform.database import ReadSession, WriteSession
from tests.integration.rating.office import NOON, Office, enrollment, usage_report
from tests.unit.rating.words import JUNE, MCE, THREE_CE, both_ways, request, usage

SHEET = (PLANS_FOLDER / "mce" / "e-tou-c.toml").read_text()
JULY = (date(2026, 7, 6), date(2026, 8, 6))
NSC = 50_000
RULES = (
    '[nem]\nmodel = "nem"\ncode = "ENC020"\nsource = "test"\n\n'
    "[nem.cash_out]\nmonth = 7\nadder_micro = 20000\ncap_cents = 500000\n"
    'threshold_cents = 20000\nsource = "test"\n\n[seasons]'
)
# 300 kWh more than taken; the bank has 60.49 of retail credits
SUNNY = both_ways(JUNE, {"on": "100", "off": "0"}, {"on": "400", "off": "0"})
YEAR_END = date(2026, 7, 6)


@pytest.fixture
async def sunny(office: Office, tmp_path: Path) -> Office:
    """The service, with rules for MCE's customers who generate, and one with a surplus."""
    text = SHEET.replace('version = "2026-04-01"', 'version = "nem"').replace("[seasons]", RULES)
    (tmp_path / "sheet.toml").write_text(
        text.replace("known_from = 2026-04-01", "known_from = 2026-04-02")
    )
    await office.service.import_tariffs(tmp_path, "jane")
    await office.service.activate_tariff(TariffKey.plan("mce", "MCE-E-TOU-C", "nem"), "joe")
    await office.tell(enrollment(request()))
    await office.tell(usage_report(usage("U1", SUNNY)))
    return office


async def book_of(session: ReadSession | WriteSession) -> PriceBook:
    book = await load_book(session)
    assert book is not None
    return book


async def prepared(office: Office, ended: date = YEAR_END, by: str = "ann") -> Run:
    async with office.service.database.unit_of_work() as session:
        book = await book_of(session)
        return await prepare(session, MCE, book, (ended, NSC), by, NOON)


async def approved(office: Office, run: Run, by: str = "bob") -> Run:
    async with office.service.database.unit_of_work() as session:
        book = await book_of(session)
        return await approve(session, MCE, book, run.head.run_id, (by, "year end"), NOON)


async def bank(office: Office, account: str = "A1") -> int:
    async with office.service.database.read() as session:
        banks = await load_banks(session, MCE, [account])
    return sum(banks.values())


class TestASmallSurplus:
    async def test_is_put_on_the_next_bill_when_a_second_person_approves(
        self, sunny: Office
    ) -> None:
        run = await prepared(sunny)
        assert await bank(sunny) == 6_049  # nothing is booked yet

        done = await approved(sunny, run)

        # 300 kWh x (.05 + .02) = 21.00; the 60.49 of retail credits end
        (end,) = done.ends
        assert (end.surplus_micro, end.rate_micro) == (300_000_000, 70_000)
        assert (end.paid_cents, end.how, end.ended_cents) == (2_100, "bill_credit", -6_049)
        assert (end.balance_cents, end.next_balance_cents) == (6_049, 2_100)
        assert await bank(sunny) == 2_100

        cloudy = both_ways(JULY, {"on": "100", "off": "200"}, {"on": "0", "off": "0"})
        await sunny.tell(usage_report(usage("U2", cloudy)))
        bill = sunny.charges[-1]
        (applied,) = [line for line in bill.lines if line.label == "NEM CREDIT APPLIED"]
        assert applied.amount == Decimal("21.00")
        assert bill.total == Decimal("18.97")  # 39.88 - 21.00, and .09 of surcharge
        assert await bank(sunny) == 0

    async def test_of_dollars_alone_is_none(self, sunny: Office) -> None:
        """Eligible is who sent more kWh than they took, whatever the dollars say."""
        taken = both_ways(JUNE, {"on": "0", "off": "500"}, {"on": "400", "off": "0"})
        await sunny.tell(enrollment(request("R2", account="A2", meter="M2", agreement="SA2")))
        meter_two = taken.model_copy(update={"meter_number": "M2"})
        await sunny.tell(usage_report(usage("U9", meter_two, account="A2", agreement="SA2")))

        run = await approved(sunny, await prepared(sunny))

        other = next(end for end in run.ends if end.account_number == "A2")
        assert (other.surplus_micro, other.how, other.paid_cents) == (-100_000_000, "none", 0)
        assert other.ended_cents == 0
        assert await bank(sunny, "A2") == other.balance_cents > 0


class TestALargeSurplus:
    async def test_at_the_threshold_is_still_a_credit(self, sunny: Office) -> None:
        much = both_ways(JUNE, {"on": "0", "off": "0"}, {"on": "2857.143", "off": "0"})
        await sunny.tell(enrollment(request("R2", account="A2", meter="M2", agreement="SA2")))
        meter_two = much.model_copy(update={"meter_number": "M2"})
        await sunny.tell(usage_report(usage("U9", meter_two, account="A2", agreement="SA2")))

        run = await approved(sunny, await prepared(sunny))

        # 2857.143 x .07 = 200.00001, which is 200.00: not above the threshold, so a credit
        other = next(end for end in run.ends if end.account_number == "A2")
        assert (other.paid_cents, other.how) == (20_000, "bill_credit")

    async def test_above_it_is_a_cheque_up_to_the_cap_and_ends_the_credits(
        self, sunny: Office
    ) -> None:
        much = both_ways(JUNE, {"on": "0", "off": "0"}, {"on": "100000", "off": "0"})
        await sunny.tell(enrollment(request("R2", account="A2", meter="M2", agreement="SA2")))
        meter_two = much.model_copy(update={"meter_number": "M2"})
        await sunny.tell(usage_report(usage("U9", meter_two, account="A2", agreement="SA2")))
        assert await sunny.column("SELECT hold_code FROM rating.usage WHERE usage_id='U9'") == [
            None
        ]

        run = await approved(sunny, await prepared(sunny))

        other = next(end for end in run.ends if end.account_number == "A2")
        assert (other.earned_cents, other.paid_cents, other.how) == (700_000, 500_000, "cheque")
        assert await bank(sunny, "A2") == 0


class TestBooking:
    async def test_needs_another_person(self, sunny: Office) -> None:
        run = await prepared(sunny)

        with pytest.raises(AnotherPersonNeeded):
            await approved(sunny, run, by="ann")
        assert await bank(sunny) == 6_049

    async def test_happens_once(self, sunny: Office) -> None:
        run = await prepared(sunny)
        assert (await prepared(sunny, by="bob")).head == run.head
        await approved(sunny, run)

        with pytest.raises(YearSettled):
            await approved(sunny, run, by="carl")
        with pytest.raises(YearSettled):
            await prepared(sunny, date(2026, 7, 20))
        assert await bank(sunny) == 2_100
        assert await sunny.rows("settlement_moves") == 1

    async def test_of_a_year_that_changed_meanwhile_is_refused(self, sunny: Office) -> None:
        run = await prepared(sunny)
        more = both_ways(JULY, {"on": "0", "off": "0"}, {"on": "10", "off": "0"})
        await sunny.tell(usage_report(usage("U2", more)))

        with pytest.raises(SettlementOutOfDate):
            await approved(sunny, run)
        assert await sunny.rows("settlement_moves") == 0

    async def test_ends_no_credits_that_later_bills_have_used(self, sunny: Office) -> None:
        cloudy = both_ways(JULY, {"on": "100", "off": "200"}, {"on": "0", "off": "0"})
        await sunny.tell(usage_report(usage("U2", cloudy)))
        assert await bank(sunny) == 6_049 - 3_988

        (end,) = (await approved(sunny, await prepared(sunny))).ends

        assert (end.balance_cents, end.ended_cents) == (6_049, -2_061)
        assert await bank(sunny) == 2_100

    async def test_in_another_month_finds_nobody(self, sunny: Office) -> None:
        with pytest.raises(NothingToSettle):
            await prepared(sunny, date(2026, 8, 6))

    async def test_is_the_ccas_own(self, sunny: Office) -> None:
        run = await prepared(sunny)
        async with sunny.service.database.read() as session:
            with pytest.raises(SettlementUnknown):
                await load_run(session, THREE_CE, run.head.run_id)
