"""Lists over HTTP: by the page, without a gap, and never another CCA's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.rating.browsing.accounts import list_accounts
from services.rating.browsing.charges import PlanNotNamed
from services.rating.browsing.marks import Sight
from shared.contracts.enrollment import EnrollmentPurpose
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.integration.rating.test_api import SCOPE, app_of, client
from tests.unit.rating.words import MCE, request, usage


class TestLists:
    async def test_pages_follow_each_other_without_a_gap(self, office: Office) -> None:
        numbers = [f"A{n}" for n in range(5)]
        await office.tell(
            enrollment(*(request(f"R{a}", account=a, agreement=f"S{a}") for a in numbers))
        )
        await office.tell(
            usage_report(*(usage(f"U{a}", account=a, agreement=f"S{a}") for a in numbers))
        )
        found: dict[str, list[str]] = {"accounts": [], "charges": []}
        async with client(app_of(office)) as http:
            for what, seen in found.items():
                after: dict[str, str] = {}
                while True:
                    params = {**SCOPE, **after, "limit": "2"}
                    page = (await http.get(f"/rating/v1/{what}", params=params)).json()
                    seen += [row["account_number"] for row in page[what]]
                    if page["next"] is None:
                        break
                    after = {"after": page["next"]}

        assert found["accounts"] == numbers
        assert sorted(found["charges"]) == numbers

    async def test_one_number_at_two_utilities_is_two_accounts_of_the_list(
        self, office: Office
    ) -> None:
        for utility in ("pge", "sce"):
            there = replace(MCE, utility=utility)
            await office.tell(enrollment(request(f"R-{utility}")), scope=there)
        sight, after, found = Sight((MCE.cca,), MCE.environment), None, []
        for _ in range(3):
            async with office.service.database.read() as session:
                page = await list_accounts(session, sight, after, 1)
            found += [row.utility for row in page.accounts]
            after = page.next

        assert found == ["pge", "sce"]
        assert after is None

    async def test_a_request_that_was_turned_down_says_why(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        await office.tell(enrollment(request("R2")))

        async with client(app_of(office)) as http:
            story = (await http.get("/rating/v1/accounts/A1/timeline", params=SCOPE)).json()

        words = "Request R2 (enroll) was turned down: SERVICE AGREEMENT IS ENROLLED ALREADY"
        assert words in [event["what"] for event in story]

    async def test_an_account_tells_its_usage_and_its_story(self, office: Office) -> None:
        await office.tell(enrollment(request()))
        await office.tell(usage_report(usage()))

        async with client(app_of(office)) as http:
            used = (await http.get("/rating/v1/accounts/A1/usage", params=SCOPE)).json()
            story = (await http.get("/rating/v1/accounts/A1/timeline", params=SCOPE)).json()
            other = await http.get("/rating/v1/accounts/A1/usage", params={**SCOPE, "cca": "3ce"})

        assert [(row["state"], row["energy"]["delivered_kwh"]) for row in used] == [
            ("charged", "300")
        ]
        assert [event["kind"] for event in story] == ["charge", "usage", "enrollment"]
        assert other.json() == []

    async def test_a_made_up_place_in_a_list_is_refused(self, office: Office) -> None:
        async with client(app_of(office)) as http:
            answer = await http.get("/rating/v1/charges", params={**SCOPE, "after": "9.x"})

        assert answer.status_code == 422

    async def test_a_version_is_asked_for_with_its_plan(self, office: Office) -> None:
        async with client(app_of(office)) as http:
            params = {**SCOPE, "plan_version": "2026-04-01"}
            with pytest.raises(PlanNotNamed):
                await http.get("/rating/v1/charges", params=params)

    async def test_rate_codes_are_counted_by_their_agreements(self, office: Office) -> None:
        await office.tell(
            enrollment(
                request("R1"),
                request("R2", account="A2", agreement="SA2", meter="M2", rate_code="NOBODYS"),
            )
        )
        async with client(app_of(office)) as http:
            params = {**SCOPE, "on": "2026-08-01"}
            codes = (await http.get("/rating/v1/rate-codes/agreements", params=params)).json()

            await office.tell(
                enrollment(request("R3", EnrollmentPurpose.DROP, effective_on=date(2022, 6, 1)))
            )
            left = (await http.get("/rating/v1/rate-codes/agreements", params=params)).json()

        counted = [(row["rate_code"], row["agreements"], row["unmapped"]) for row in codes]
        assert counted == [("NOBODYS", 1, 1), ("E-TOU-C", 1, 0)]
        assert [row["rate_code"] for row in left] == ["NOBODYS"]

    async def test_what_is_counted_is_what_adding_up_the_register_gives(
        self, office: Office
    ) -> None:
        june = date(2022, 6, 1)
        await office.tell(enrollment(request("R1"), request("R2", account="A2", agreement="S2")))
        await office.tell(
            enrollment(
                request("R3", EnrollmentPurpose.CHANGE, effective_on=june, rate_code="E-1"),
                request("R4", EnrollmentPurpose.DROP, account="A2", agreement="S2"),
                request("R5", EnrollmentPurpose.REINSTATE, account="A2", agreement="S2"),
                request("R6", account="A3", agreement="S3", product="DEEP_GREEN"),
            )
        )

        counted = await office.column(
            "SELECT array_agg(concat_ws(' ', rate_code, product, city, count))"
            " FROM rating.terms_counts WHERE count <> 0"
        )
        added_up = await office.column(
            "SELECT array_agg(words) FROM ("
            " SELECT concat_ws(' ', rate_code, coalesce(product, ''), city, count(*)) AS words"
            " FROM rating.agreement_entries e WHERE status = 'active' AND NOT EXISTS ("
            " SELECT 1 FROM rating.agreement_entries later"
            " WHERE later.agreement_id = e.agreement_id AND later.seq > e.seq)"
            " GROUP BY rate_code, product, city) AS sums"
        )

        assert sorted(counted[0]) == sorted(added_up[0])
        assert len(counted[0]) == 3
