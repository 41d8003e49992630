"""The loop that must always run: enrolment, usage, charge, receipt, payment, to the last cent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from simulator.x12 import Transaction
from tests.journeys import papers
from tests.journeys.exchange import Exchange, billed, elements
from tests.journeys.papers import ADA, CELIA, DARIUS, ELENA, Customer, Paid, Used

JULY_SCE = Used(
    "450.000",
    {papers.ON_PEAK: "100.000", papers.MID_PEAK: "50.000", papers.OFF_PEAK: "300.000"},
    start="20260701",
    end="20260731",
)
JULY_SDGE = Used(
    "450.000",
    {papers.ON_PEAK: "100.000", papers.OFF_PEAK: "200.000", papers.SUPER_OFF_PEAK: "150.000"},
    start="20260701",
    end="20260731",
)


class TestUsageBecomesCash:
    @pytest.mark.parametrize(
        ("who", "used", "lines", "total"),
        [
            (
                ADA,
                papers.MONTH,
                ["C 2078", "C 4193", "A 310", "ET 0.15"],
                papers.MONTH_USD,
            ),
            (CELIA, papers.FLAT_MONTH, ["C 5863", "ET 0.15", "UT 4.98"], papers.FLAT_MONTH_USD),
            (DARIUS, JULY_SCE, ["C 2276", "C 544", "C 1501", "ET 0.14"], "43.35"),
            (ELENA, JULY_SDGE, ["C 3014", "C 1839", "C 150", "ET 0.14"], "50.17"),
        ],
        ids=["pge-mce", "pge-3ce-with-user-tax", "sce-cpa", "sdge-sdcp"],
    )
    async def test_from_enrolment_to_payment_every_state_and_cent_is_right(
        self, exchange: Exchange, who: Customer, used: Used, lines: list[str], total: str
    ) -> None:
        utility = who.utility

        await exchange.send(utility, "814", papers.request(who, "REQ1"))

        (response,) = exchange.documents(utility, "814")
        assert elements(response, "ASI") == [("WQ", "021")]
        assert elements(response, "BGN")[0][5] == "REQ1"
        assert await exchange.state("inbound", "814", "REQ1") == {
            "valid": "accepted",
            "applied": "applied",
        }

        await exchange.send(utility, "867", papers.usage(who, "USE1", used))

        (charge,) = exchange.documents(utility, "810")
        invoice = elements(charge, "BIG")[0][1]
        assert elements(charge, "BIG")[0][4] == "USE1"
        assert elements(charge, "REF", "12") == [("12", who.account)]
        assert elements(charge, "TDS") == [(total.replace(".", ""),)]
        assert sorted(printed(charge)) == sorted(lines)
        assert await exchange.state("inbound", "867", "USE1") == {
            "valid": "accepted",
            "rated": "charged",
        }
        assert await exchange.state("outbound", "810", invoice) == {
            "valid": "accepted",
            "delivered": "delivered",
            "acknowledged": "waiting",
            "paid": "waiting",
        }
        assert await exchange.open_usd(invoice) == Decimal(total)

        await exchange.send(utility, "997", *papers.accepted(exchange.groups(utility)))

        assert (await exchange.state("outbound", "810", invoice))["acknowledged"] == "accepted"

        line = Paid(total, who.account, invoice, "USE1", total)
        await exchange.send(
            utility, "820", papers.payment(utility, who.cca, "TRACE1", total, [line])
        )

        assert await exchange.state("inbound", "820", "TRACE1") == {
            "valid": "accepted",
            "applied": "applied",
        }
        assert (await exchange.state("outbound", "810", invoice))["paid"] == "paid"
        assert await exchange.open_usd(invoice) == 0
        taxes = dict(line.split() for line in lines if line[1] == "T")
        owed = {"santa_cruz": taxes["UT"]} if "UT" in taxes else {}
        assert await exchange.journal() == {
            "cash_in_transit": Decimal(total),
            **billed(Decimal(total), taxes["ET"], **owed),
        }
        assert await exchange.entries("USE1") == ["TransactionRead", "ChargeRated"]
        assert await exchange.entries(invoice) == ["DocumentPrepared", "PaymentApplied"]

    async def test_each_received_file_gets_exactly_one_997(self, exchange: Exchange) -> None:
        await exchange.send("pge", "814", papers.request(ADA, "REQ1"))
        await exchange.send("pge", "867", papers.usage(ADA, "USE1"))

        receipts = exchange.documents("pge", "997")

        assert [elements(one, "AK1")[0] for one in receipts] == [("GE", "1"), ("PT", "2")]
        assert [elements(one, "AK9")[0] for one in receipts] == [("A", "1", "1", "1")] * 2


def printed(charge: Transaction) -> list[str]:
    """SAC and TXI lines of an 810 in short."""
    sac = [f"{line[0]} {line[4]}" for line in elements(charge, "SAC")]
    return sac + [f"{line[0]} {line[1]}" for line in elements(charge, "TXI")]


class TestHistory:
    async def test_usage_history_is_kept_and_never_charged(self, enrolled: Exchange) -> None:
        past = papers.usage(ADA, "HIST1", purpose="52")
        await enrolled.send("pge", "867", past)

        assert await enrolled.state("inbound", "867", "HIST1") == {
            "valid": "accepted",
            "applied": "applied",
        }
        assert enrolled.documents("pge", "810") == []
        assert await enrolled.value("SELECT count(*) FROM rating.usage") == 0
        said = "SELECT count(*) FROM edi.outbox WHERE type = 'HistoricalUsageReported'"
        assert await enrolled.value(said) == 1
