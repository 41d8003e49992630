"""Reports over HTTP: figures as JSON, the statement as a file, and nothing of another CCA."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from httpx import AsyncClient

from services.remittance.statements.api import build_report_router
from services.remittance.statements.desk import ReportDesk
from shared.platform.clock import FixedClock
from shared.platform.http import create_app
from tests.integration.edi_gateway.pages.browser import serving
from tests.integration.rating.test_tariff_api_described import Porter, ask_everything
from tests.integration.remittance.office import NOON, Office, payment, pays, sent
from tests.integration.remittance.statements.test_statements import OCTOBER, close
from tests.integration.remittance.test_ledger_api import AT, SCOPE, get
from tests.integration.remittance.test_ledger_api import http as http  # noqa: PLC0414  a fixture


class TestReportsOverHttp:
    async def test_tell_the_figures_of_the_pages(self, office: Office, http: AsyncClient) -> None:
        await office.tell(
            sent("I1", "100.00", on=date(2026, 10, 5), taxes={"MARINA": "6.00"}),
            sent("I2", "40.00", on=date(2026, 11, 2)),
        )
        await office.tell(*payment("T1", [pays("70.00", "I1"), pays("40.00", "I2")]))

        told = await get(http, "reports/statement", month="2026-11")
        aged = await get(http, "reports/aging", on="2026-11-23")
        short = await get(http, "reports/short-pays", on="2026-11-23")
        cash = await get(http, "reports/days-to-cash", since="2026-11-01", on="2026-11-23")

        assert (told["opening"], told["closing"], told["all_tie"]) == ("100.00", "30.00", True)
        assert [line["amount"] for line in told["lines"]] == [
            *("40.00", "0.00", "-110.00", "0.00", "0.00"),
        ]
        assert [(tax["jurisdiction"], tax["collected"]) for tax in told["taxes"]] == [
            ("MARINA", "4.20")
        ]
        assert [row["open"] for row in aged] == [["0.00", "30.00", "0.00", "0.00", "0.00"]]
        assert [(row["reason"], row["open"]) for row in short] == [("not_said", "30.00")]
        assert (cash["charges"], cash["median_days"]) == (1, 18)

    async def test_give_the_frozen_statement_of_a_closed_month(
        self, office: Office, http: AsyncClient
    ) -> None:
        await office.tell(sent("I1", "100.00", on=date(2026, 10, 5)))
        await close(office, OCTOBER)
        asked = {**SCOPE, "month": "2026-10"}

        first = await http.get(f"{AT}/reports/statement.pdf", params=asked)
        await office.tell(sent("I2", "7.00", on=date(2026, 10, 6)))
        again = await http.get(f"{AT}/reports/statement.pdf", params=asked)
        draft = await http.get(f"{AT}/reports/statement.pdf", params={**asked, "on": "2026-10-30"})

        assert first.headers["content-type"] == "application/pdf"
        assert first.content == again.content
        assert draft.content.startswith(b"%PDF-")
        assert draft.content != first.content

    async def test_refuse_another_ccas_money(self, http: AsyncClient) -> None:
        answer = await http.get(
            f"{AT}/reports/aging", params=SCOPE, headers={"x-role": "viewer", "x-ccas": "3ce"}
        )

        assert answer.status_code == 403


@pytest.mark.slow
class TestTheRoutes:
    async def test_answer_as_described(self, office: Office) -> None:
        async def ready() -> dict[str, bool]:
            return {}

        router = build_report_router(ReportDesk(office.service.database, FixedClock(NOON)))
        app = create_app("reports", routers=[router], ready=ready, doorkeeper=Porter())
        async with serving(app) as base:
            asked = await asyncio.to_thread(ask_everything, base, ("/reports",))

        assert len(asked) == 6
