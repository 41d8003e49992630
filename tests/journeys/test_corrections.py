"""Corrections: cancel and rebill, in either order, before and after the money came."""

from __future__ import annotations

from decimal import Decimal

from tests.journeys import papers
from tests.journeys.exchange import Exchange, billed, elements
from tests.journeys.papers import ADA, CORRECTED, CORRECTED_USD, MONTH_USD, Paid

TOTAL, CORRECT = Decimal(MONTH_USD), Decimal(CORRECTED_USD)


class TestCancelAndRebill:
    async def test_a_charge_is_cancelled_as_it_was_and_the_corrected_usage_is_charged_anew(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        first = await enrolled.invoice_of("USE1")

        await enrolled.send(
            "pge",
            "867",
            papers.usage(ADA, "CANCEL1", purpose="01", original="USE1"),
            papers.usage(ADA, "USE2", CORRECTED),
        )

        charge, cancel, rebill = enrolled.documents("pge", "810")
        assert elements(charge, "BIG")[0][7] == "00"
        assert elements(cancel, "BIG")[0][7] == "01"
        assert elements(cancel, "REF", "OI") == [("OI", first)]
        assert elements(cancel, "TDS") == elements(charge, "TDS") == [("5976",)]
        assert elements(cancel, "SAC") == elements(charge, "SAC")
        assert elements(rebill, "TDS") == [("3997",)]
        assert await enrolled.state("inbound", "867", "USE1") == {
            "valid": "accepted",
            "rated": "cancelled",
        }
        assert (await enrolled.state("inbound", "867", "USE2"))["rated"] == "charged"
        assert (await enrolled.state("outbound", "810", first))["paid"] == "cancelled"
        assert await enrolled.open_usd(first) == 0
        assert await enrolled.journal() == {
            "accounts_receivable": CORRECT,
            **billed(CORRECT, "0.09"),
        }
        assert "CancelSent" in await enrolled.entries(first)

    async def test_a_cancel_that_overtakes_its_original_leaves_nothing_to_charge(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "C1", purpose="01", original="USE1"))
        held = await enrolled.state("inbound", "867", "C1")
        assert (held["rated"], held["exception_code"]) == ("held", "CANCEL_NO_ORIGINAL")

        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))

        assert (await enrolled.state("inbound", "867", "C1"))["rated"] == "cancels"
        assert (await enrolled.state("inbound", "867", "USE1"))["rated"] == "cancelled"
        assert enrolled.documents("pge", "810") == []

    async def test_a_replacement_cancels_and_rebills_in_one_step(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        await enrolled.send(
            "pge", "867", papers.usage(ADA, "USE2", CORRECTED, purpose="05", original="USE1")
        )

        totals = [elements(each, "TDS")[0][0] for each in enrolled.documents("pge", "810")]
        assert totals[0] == "5976"
        assert sorted(totals[1:]) == ["3997", "5976"]
        assert await enrolled.journal() == {
            "accounts_receivable": CORRECT,
            **billed(CORRECT, "0.09"),
        }
        assert (await enrolled.state("inbound", "867", "USE1"))["rated"] == "cancelled"
        assert (await enrolled.state("inbound", "867", "USE2"))["rated"] == "charged"

    async def test_new_usage_for_the_same_month_without_a_cancel_is_held(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        await enrolled.send("pge", "867", papers.usage(ADA, "USE2", CORRECTED))

        second = await enrolled.state("inbound", "867", "USE2")
        assert (second["rated"], second["exception_code"]) == ("held", "REBILL_WITHOUT_CANCEL")
        assert len(enrolled.documents("pge", "810")) == 1

    async def test_money_paid_on_a_cancelled_charge_becomes_credit(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        first = await enrolled.invoice_of("USE1")
        line = Paid(MONTH_USD, ADA.account, first)
        await enrolled.send("pge", "820", papers.payment("pge", "mce", "T1", MONTH_USD, [line]))

        await enrolled.send("pge", "867", papers.usage(ADA, "C1", purpose="01", original="USE1"))

        assert await enrolled.journal() == {"cash_in_transit": TOTAL, "unapplied": -TOTAL}
        assert await enrolled.open_usd(first) == 0
