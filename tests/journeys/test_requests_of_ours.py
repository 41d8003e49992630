"""What we ask of a utility by 814, what it answers, and requests that cross on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from services.edi_gateway import service_requests
from services.edi_gateway.service_requests import RequestScope
from services.edi_gateway.transactions import RequestKind, ServiceRequest
from shared.contracts.parts import Environment, Reason
from simulator import service
from simulator.places import UTILITIES
from tests.journeys import papers
from tests.journeys.exchange import Exchange, elements
from tests.journeys.papers import ADA, Customer

MCE = RequestScope("pge", "mce", Environment.TEST)
NEWCOMER = Customer(
    "pge", "mce", "GITA HOLLIS", "4100000077", "M77", "RICHMOND", "94804", "E-TOU-C"
)


async def ask(exchange: Exchange, who: Customer, kind: RequestKind, key: str = "K1") -> str:
    """Ask for something as the API does, and wait until it lies in the utility's mailbox."""
    dropped = Reason(code="B38", text="DROPPED BY CUSTOMER REQUEST")
    request = ServiceRequest(
        request_id=service_requests.request_id(MCE, key),
        client_key=key,
        kind=kind,
        account_number=who.account,
        service_agreement_id=who.agreement,
        customer_name=who.name,
        effective_on=None if kind.is_history else date(2026, 8, 6),
        reason=dropped if kind is RequestKind.DROP else None,
        asked_by="crm",
    )
    async with exchange.gateway.database.unit_of_work() as session:
        await service_requests.ask(session, MCE, request, datetime.now(UTC))
    await exchange.settle()
    return request.request_id


async def state_of(exchange: Exchange, request_id: str) -> tuple[str, str | None]:
    state = await exchange.state("outbound", "814", request_id)
    return state["applied"], state.get("exception_code")


async def in_force(exchange: Exchange, who: Customer) -> bool:
    """Whether the register has the account as ours after the drop date."""
    last = await exchange.value(
        "SELECT e.purpose FROM rating.agreement_entries e"
        " JOIN rating.agreements USING (agreement_id) JOIN rating.accounts a USING (account_id)"
        " WHERE a.account_number = $1 ORDER BY e.seq DESC LIMIT 1",
        who.account,
    )
    return last is not None and last != "drop"


class TestDrop:
    async def test_it_is_asked_as_a_final_drop(self, enrolled: Exchange) -> None:
        request_id = await ask(enrolled, ADA, RequestKind.DROP)

        (paper,) = [
            each
            for each in enrolled.documents("pge", "814")
            if elements(each, "BGN")[0][:2] == ("13", request_id)
        ]
        assert elements(paper, "ASI") == [("F", "024")]
        assert elements(paper, "REF", "1P") == [("1P", "B38", "DROPPED BY CUSTOMER REQUEST")]
        assert elements(paper, "DTM") == [("151", "20260806")]
        assert {found[0]: found[5] for found in elements(paper, "N1") if len(found) > 5} == {
            "8S": "40",
            "SJ": "41",
        }
        assert await state_of(enrolled, request_id) == ("waiting", None)

    async def test_the_utilitys_yes_ends_the_agreement_and_gets_no_814_back(
        self, enrolled: Exchange
    ) -> None:
        request_id = await ask(enrolled, ADA, RequestKind.DROP)
        before = len(enrolled.documents("pge", "814"))

        await enrolled.send("pge", "814", papers.response(ADA, "RSP1", request_id, asks="024"))

        assert await state_of(enrolled, request_id) == ("applied", None)
        assert (await enrolled.state("inbound", "814", "RSP1"))["applied"] == "applied"
        assert "RequestAccepted" in await enrolled.entries(request_id)
        assert not await in_force(enrolled, ADA)
        assert len(enrolled.documents("pge", "814")) == before

    async def test_the_utilitys_no_is_an_exception_with_its_reasons(
        self, enrolled: Exchange
    ) -> None:
        request_id = await ask(enrolled, ADA, RequestKind.DROP)

        # some utilities answer every reject with 021, whatever was asked
        refusal = papers.response(ADA, "RSP1", request_id, asks="021", reject="008")
        await enrolled.send("pge", "814", refusal)

        assert await state_of(enrolled, request_id) == ("refused", "REQUEST_REJECTED")
        assert await in_force(enrolled, ADA)

    async def test_their_drop_that_crosses_ours_is_the_acceptance_of_ours(
        self, enrolled: Exchange
    ) -> None:
        request_id = await ask(enrolled, ADA, RequestKind.DROP)

        await enrolled.send("pge", "814", papers.request(ADA, "DROP1", asks="024"))

        assert await state_of(enrolled, request_id) == ("applied", None)
        assert "RequestCrossed" in await enrolled.entries(request_id)
        assert not await in_force(enrolled, ADA)
        late = papers.response(ADA, "RSP1", request_id, asks="024", reject="ABN")
        await enrolled.send("pge", "814", late)
        assert await state_of(enrolled, request_id) == ("applied", None)

    async def test_a_drop_from_another_cca_does_not_cross_ours(self, enrolled: Exchange) -> None:
        request_id = await ask(enrolled, ADA, RequestKind.DROP)

        elsewhere = replace(ADA, cca="pce")
        await enrolled.send("pge", "814", papers.request(elsewhere, "DROP1", asks="024"))

        assert await state_of(enrolled, request_id) == ("waiting", None)

    async def test_an_answer_to_nothing_we_asked_is_an_exception(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "814", papers.response(ADA, "RSP1", "Q-NEVER", asks="024"))
        state = await enrolled.state("inbound", "814", "RSP1")
        assert (state["applied"], state["exception_code"]) == ("exception", "UNKNOWN_REQUEST")


class TestOtherRequests:
    async def test_an_accepted_enrollment_is_in_the_register(self, enrolled: Exchange) -> None:
        request_id = await ask(enrolled, NEWCOMER, RequestKind.ENROLL)

        await enrolled.send("pge", "814", papers.response(NEWCOMER, "RSP1", request_id, asks="021"))

        assert await state_of(enrolled, request_id) == ("applied", None)
        assert await in_force(enrolled, NEWCOMER)

    async def test_history_is_asked_for_and_changes_nothing(self, enrolled: Exchange) -> None:
        request_id = await ask(enrolled, ADA, RequestKind.USAGE_HISTORY)
        (paper,) = [
            each
            for each in enrolled.documents("pge", "814")
            if elements(each, "BGN")[0][1] == request_id
        ]
        assert elements(paper, "LIN") == [("1", "SH", "EL", "SH", "HU")]

        await enrolled.send(
            "pge", "814", papers.response(ADA, "RSP1", request_id, asks="029", line="HU")
        )

        assert await state_of(enrolled, request_id) == ("applied", None)
        assert await in_force(enrolled, ADA)

    async def test_the_simulated_utility_answers_and_sends_the_history(
        self, enrolled: Exchange
    ) -> None:
        request_id = await ask(enrolled, ADA, RequestKind.USAGE_HISTORY)
        asked = service.read_request(
            next(
                each
                for each in enrolled.documents("pge", "814")
                if elements(each, "BGN")[0][1] == request_id
            )
        )
        utility, day = UTILITIES["pge"], date(2026, 7, 6)
        cca = next(each for each in utility.ccas if each.duns == asked.cca_duns)

        assert asked.wants_history
        await enrolled.send("pge", "814", service.answer(utility, cca, asked, "Y1", day))
        await enrolled.send("pge", "867", service.history(utility, cca, asked, "H1", day))

        accepted = service.knows(utility, asked)
        assert (await state_of(enrolled, request_id))[0] == ("applied" if accepted else "refused")
        assert (await enrolled.state("inbound", "867", "H1"))["applied"] == "applied"
        assert enrolled.documents("pge", "810") == []
