from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from services.rating.progress import three_way
from services.rating.progress.three_way import every_gap
from shared.contracts.documents import AcknowledgmentVerdict
from shared.contracts.usage import UsageItem
from tests.integration.rating.office import Office, enrollment, usage_report
from tests.integration.rating.progress.test_follow import acknowledged, sent
from tests.unit.rating.words import JUNE, MCE, meter, request, usage

JULY = date(2026, 7, 1)
SCOPE = {"cca": "mce", "utility": "pge", "environment": "test", "month": "2026-07-15"}


def used(
    account: str,
    usage_id: str = "",
    days: tuple[date, date] = JUNE,
    rate_code: str = "E-TOU-C",
) -> UsageItem:
    energy = {"on": "10", "off": "10", "total": "20"}
    read = meter(days, energy, number=f"M{account}", rate_code=rate_code)
    return usage(usage_id or f"U{account}", read, account=account, agreement=f"S{account}")


@pytest.fixture
async def month(office: Office) -> Office:
    """A5 has no usage, A9 is a stranger, A2's rate is unknown, A3's 810 was rejected."""
    people = [f"A{n}" for n in range(1, 6)]
    asked = (request(f"R{a}", account=a, meter=f"M{a}", agreement=f"S{a}") for a in people)
    await office.tell(enrollment(*asked))
    await office.tell(
        usage_report(*(used(a) for a in ("A1", "A3", "A4", "A9")), used("A2", rate_code="NOBODYS"))
    )
    numbers = {charge.account_number: charge.invoice_number for charge in office.charges}
    await office.tell(sent(*numbers.values()))
    await office.tell(acknowledged(numbers["A3"], AcknowledgmentVerdict.REJECTED))
    short = used("A4", "U4B", (date(2026, 7, 6), date(2026, 7, 8)))
    await office.tell(usage_report(short))
    return office


@pytest.fixture
async def http(office: Office) -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    app.include_router(office.service.router)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://rating") as client:
        yield client


class TestThreeCounts:
    async def test_part_by_reason_and_add_up(self, month: Office, http: AsyncClient) -> None:
        cycles = (await http.get("/rating/v1/three-way", params=SCOPE)).json()
        gaps = Counter[tuple[str, str]]()
        for cycle in cycles:
            for gap in cycle["gaps"]:
                gaps[gap["reason"], gap["code"]] += gap["count"]
        (register, listed, billed) = (
            sum(cycle[name] for cycle in cycles) for name in ("register", "listed", "billed")
        )

        assert (register, listed, billed) == (5, 5, 2)
        assert gaps == {
            ("no_usage", ""): 1,
            ("not_on_register", ""): 1,
            ("second_bill", ""): 1,
            ("held", "NOT_ENROLLED"): 1,
            ("held", "RATE_NOT_FOUND"): 1,
            ("charged", ""): 1,
            ("rejected", ""): 1,
        }
        assert register - gaps["no_usage", ""] + gaps["not_on_register", ""] == listed
        named = {"no_usage", "not_on_register", "second_bill"}
        waiting = sum(n for (reason, _), n in gaps.items() if reason not in named)
        assert listed + gaps["second_bill", ""] - waiting == billed

    async def test_are_the_rows_behind_them(
        self, month: Office, http: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(three_way, "ACCOUNTS_AT_ONCE", 2)
        cycles = (await http.get("/rating/v1/three-way", params=SCOPE)).json()
        counted = Counter[tuple[str, str, str]]()
        for cycle in cycles:
            for gap in cycle["gaps"]:
                counted[cycle["bill_cycle"], gap["reason"], gap["code"]] = gap["count"]

        rows = [
            row async for part in every_gap(month.service.database.read, MCE, JULY) for row in part
        ]

        assert Counter((row.bill_cycle, row.reason, row.code) for row in rows) == counted
        (missing,) = [row for row in rows if row.reason == "no_usage"]
        assert (missing.account_number, missing.meters) == ("A5", ("MA5",))

    async def test_come_as_files(self, month: Office, http: AsyncClient) -> None:
        counts = (await http.get("/rating/v1/three-way/counts.csv", params=SCOPE)).text
        only = {**SCOPE, "reason": "rejected"}
        rows = (await http.get("/rating/v1/three-way/agreements.csv", params=only)).text

        assert '"mce","pge","","2026-07-01","register","","","5"' in counts
        assert '"gap","held","NOT_ENROLLED","1"' in counts
        assert rows.splitlines()[1:] == [
            '"mce","pge","2026-07-01","","=""A3""","=""SA3""","MA3","rejected",""'
        ]
