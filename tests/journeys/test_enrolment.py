"""Enrolment: the utility asks, we answer once, with every reason, and the register follows."""

from __future__ import annotations

from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements, reasons
from tests.journeys.papers import ADA, BRUNO, Used

AUGUST = Used(
    "500.000",
    {papers.ON_PEAK: "100.000", papers.OFF_PEAK: "400.000"},
    start="20260706",
    end="20260806",
)


class TestRequest:
    async def test_a_good_request_is_accepted_and_its_response_mirrors_it(
        self, exchange: Exchange
    ) -> None:
        await exchange.send("pge", "814", papers.request(ADA, "REQ1"))

        (response,) = exchange.documents("pge", "814")
        assert elements(response, "BGN")[0][0] == "11"
        assert elements(response, "BGN")[0][5] == "REQ1"
        assert elements(response, "ASI") == [("WQ", "021")]
        assert elements(response, "REF", "12") == [("12", ADA.account)]
        assert elements(response, "REF", "Q5") == [("Q5", "", ADA.agreement)]
        assert elements(response, "DTM", "150") == [("150", papers.START)]
        parties = {line[0]: line[5] for line in elements(response, "N1") if line[0] != "8R"}
        assert parties == {"8S": "40", "SJ": "41"}
        assert reasons(response) == {}

    async def test_a_bad_request_is_refused_once_with_all_its_reasons(
        self, exchange: Exchange
    ) -> None:
        bad = papers.request(
            ADA, "REQ1", rate_code="", effective="20271231", bills="DUAL", billing="DUAL"
        )
        await exchange.send("pge", "814", bad)

        (response,) = exchange.documents("pge", "814")
        assert elements(response, "ASI") == [("U", "021")]
        words = " / ".join(f"{found[1]} {found[2]}" for found in elements(response, "REF", "7G"))
        for part in ("RATE CODE (REF NH) MISSING", "ONLY BILL READY", "TOO FAR AHEAD"):
            assert part in words
        assert [line[0] for line in elements(response, "N1")] == ["8S", "SJ", "8R"]
        state = await exchange.state("inbound", "814", "REQ1")
        assert state["applied"] == "refused"
        assert state["exception_code"] == elements(response, "REF", "7G")[0][1]

    async def test_a_request_whose_content_cannot_be_read_is_refused_at_once_with_its_reasons(
        self, exchange: Exchange
    ) -> None:
        unreadable = papers.request(ADA, "REQ1", effective=None)

        await exchange.send("pge", "814", unreadable)

        (response,) = exchange.documents("pge", "814")
        assert elements(response, "BGN")[0][5] == "REQ1"
        assert elements(response, "ASI") == [("U", "021")]
        assert list(reasons(response)) == ["API"]
        state = await exchange.state("inbound", "814", "REQ1")
        assert (state["applied"], state["exception_code"]) == ("refused", "API")

    async def test_an_enrolled_agreement_cannot_be_enrolled_again(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "814", papers.request(ADA, "AGAIN"))

        (response,) = enrolled.documents("pge", "814")
        assert elements(response, "ASI") == [("U", "021")]
        assert list(reasons(response)) == ["ABN"]

    async def test_good_and_bad_requests_of_one_file_are_answered_one_by_one(
        self, enrolled: Exchange
    ) -> None:
        stranger = papers.Customer(
            *("pge", "mce", "UMA VALEWOOD", "4100000099", "M99", "NOVATO", "94947", "E-TOU-C")
        )
        await enrolled.send(
            "pge",
            "814",
            papers.request(ADA, "AGAIN"),
            papers.request(stranger, "NEW"),
            papers.request(BRUNO, "DROP", asks="024", effective="20260801"),
        )

        answers = {
            elements(each, "BGN")[0][5]: elements(each, "ASI")[0]
            for each in enrolled.documents("pge", "814")
        }
        assert answers == {"AGAIN": ("U", "021"), "NEW": ("WQ", "021"), "DROP": ("WQ", "024")}


class TestDrop:
    async def test_usage_until_the_drop_is_charged_and_usage_after_it_is_held(
        self, enrolled: Exchange
    ) -> None:
        drop = papers.request(ADA, "DROP", asks="024", effective=papers.END)
        await enrolled.send("pge", "814", drop)
        await enrolled.send(
            "pge", "867", papers.usage(ADA, "BEFORE"), papers.usage(ADA, "AFTER", AUGUST)
        )

        assert (await enrolled.state("inbound", "867", "BEFORE"))["rated"] == "charged"
        after = await enrolled.state("inbound", "867", "AFTER")
        assert (after["rated"], after["exception_code"]) == ("held", "NOT_ENROLLED")
        assert len(enrolled.documents("pge", "810")) == 1

    async def test_an_unknown_account_cannot_be_dropped(self, exchange: Exchange) -> None:
        await exchange.send("pge", "814", papers.request(ADA, "DROP", asks="024"))

        (response,) = exchange.documents("pge", "814")
        assert elements(response, "ASI") == [("U", "024")]
        assert list(reasons(response)) == ["A76"]


class TestRateChange:
    async def test_usage_on_the_new_rate_is_charged_by_the_new_plan(
        self, enrolled: Exchange
    ) -> None:
        change = papers.request(
            ADA, "CHANGE", asks="001", rate_code="EV2-A", effective=papers.START
        )
        await enrolled.send("pge", "814", change)
        three = Used(
            "500.000",
            {
                papers.ON_PEAK: "100.000",
                papers.MID_PEAK: "100.000",
                papers.OFF_PEAK: "300.000",
            },
        )
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1", three, rate_code="EV2-A"))

        assert (await enrolled.state("inbound", "867", "USE1"))["rated"] == "charged"
        plan = await enrolled.value("SELECT plan_id FROM rating.charges WHERE usage_id = 'USE1'")
        assert plan == "MCE-EV2-A"

    async def test_usage_on_a_rate_nobody_announced_waits_for_the_814_and_is_then_charged(
        self, enrolled: Exchange
    ) -> None:
        three = Used(
            "500.000", {papers.ON_PEAK: "1.000", papers.MID_PEAK: "1", papers.OFF_PEAK: "498"}
        )
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1", three, rate_code="EV2-A"))
        held = await enrolled.state("inbound", "867", "USE1")
        assert (held["rated"], held["exception_code"]) == ("held", "RATE_CHANGED_UNCONFIRMED")

        change = papers.request(
            ADA, "CHANGE", asks="001", rate_code="EV2-A", effective=papers.START
        )
        await enrolled.send("pge", "814", change)

        assert await enrolled.state("inbound", "867", "USE1") == {
            "valid": "accepted",
            "rated": "charged",
        }
        assert len(enrolled.documents("pge", "810")) == 1
