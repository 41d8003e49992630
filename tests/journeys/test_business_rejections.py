"""Usage and payments that cannot be used: the utility hears it by 824, once, and what to do."""

from __future__ import annotations

from datetime import timedelta

from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA, BRUNO, MONTH, Customer, Paid, Used

BROKEN = Used("600.000", {papers.ON_PEAK: "100.000", papers.OFF_PEAK: "400.000"})
"""Buckets that are 100 kWh short of the total."""

STRANGER = Customer("pge", "mce", "NOBODY", "4999999999", "M9", "RICHMOND", "94804", "E-TOU-C")


class TestUsage:
    async def test_usage_that_does_not_add_up_is_rejected_by_824(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1", BROKEN))

        (advice,) = enrolled.documents("pge", "824")
        assert elements(advice, "BGN")[0][0] == "11"
        assert elements(advice, "BGN")[0][7] == "82"
        assert elements(advice, "OTI") == [
            ("TR", "TN", "USE1", "", "", "", "", "", "", "867"),
        ]
        assert elements(advice, "REF", "12") == [("12", ADA.account)]
        assert elements(advice, "TED") == [("848", "SUM")]
        assert elements(advice, "NTE")[0][0] == "ADD"
        parties = {found[0]: found[5] for found in elements(advice, "N1")}
        assert parties == {"8S": "40", "SJ": "41"}
        assert "AdviceQueued" in await enrolled.entries("USE1")
        state = await enrolled.state("inbound", "867", "USE1")
        assert (state["rated"], state["exception_code"]) == ("held", "TOTAL_MISMATCH")

    async def test_it_is_said_once_and_receipted_like_everything_we_send(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1", BROKEN))
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1", BROKEN))
        (group,) = [each for each in enrolled.groups("pge") if each.functional_id == "AG"]
        await enrolled.send("pge", "997", *papers.accepted([group]))

        (advice,) = enrolled.documents("pge", "824")
        number = elements(advice, "BGN")[0][1]
        assert await enrolled.state("outbound", "824", number) == {
            "valid": "accepted",
            "delivered": "delivered",
            "acknowledged": "accepted",
        }

    async def test_good_usage_beside_it_is_charged(self, enrolled: Exchange) -> None:
        await enrolled.send(
            "pge", "867", papers.usage(ADA, "USE1", BROKEN), papers.usage(BRUNO, "USE2", MONTH)
        )
        assert len(enrolled.documents("pge", "824")) == 1
        assert len(enrolled.documents("pge", "810")) == 1

    async def test_usage_without_an_account_is_told_with_every_reason(
        self, enrolled: Exchange
    ) -> None:
        paper = [s for s in papers.usage(ADA, "USE1") if s[:2] != ("REF", "12")]
        await enrolled.send("pge", "867", tuple(s for s in paper if s[:2] != ("REF", "MG")))

        (advice,) = enrolled.documents("pge", "824")
        assert elements(advice, "TED") == [("848", "API"), ("848", "API")]
        assert "REF*12" in elements(advice, "NTE")[0][1].replace(" ", "*")

    async def test_an_account_we_do_not_know_yet_is_told_after_some_days(
        self, enrolled: Exchange
    ) -> None:
        await enrolled.send("pge", "867", papers.usage(STRANGER, "USE9"))
        assert await enrolled.gateway.adviser.advise_overdue() == 0

        await enrolled.database.execute(
            "UPDATE edi.transaction SET at = at - $1::interval WHERE business_key = 'USE9'",
            timedelta(days=11),
        )
        assert await enrolled.gateway.adviser.advise_overdue() == 1
        assert await enrolled.gateway.adviser.advise_overdue() == 0
        await enrolled.settle()

        (advice,) = enrolled.documents("pge", "824")
        assert elements(advice, "TED") == [("848", "A76")]
        assert elements(advice, "OTI")[0][2] == "USE9"


class TestPayments:
    async def test_a_payment_that_does_not_add_up_is_rejected_by_824(
        self, enrolled: Exchange
    ) -> None:
        line = Paid("10.00", ADA.account)
        await enrolled.send("pge", "820", papers.payment("pge", "mce", "T1", "11.00", [line]))

        (advice,) = enrolled.documents("pge", "824")
        assert elements(advice, "OTI") == [("TR", "TN", "T1", "", "", "", "", "", "", "820")]
        assert elements(advice, "TED") == [("848", "SUM")]
        assert elements(advice, "REF") == []
        assert "AdviceQueued" in await enrolled.entries("T1")


class TestAdviceOnAdvice:
    async def test_an_824_is_never_answered_by_an_824(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "824", papers.advice(ADA, "ADV1", "NO-SUCH-INVOICE"))
        assert enrolled.documents("pge", "824") == []
