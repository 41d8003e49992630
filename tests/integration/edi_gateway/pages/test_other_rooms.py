"""The rooms that rating and remittance furnish in the same console."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request

from services.edi_gateway.api import build_routers
from services.edi_gateway.pages import FURNITURE as GATEWAY
from services.rating import api as rating_api
from services.rating import pages as rating
from services.rating.views import AgreementView, ChargeView, EntryView, HoldsView, HoldView
from services.remittance import api as remittance_api
from services.remittance import pages as remittance
from services.remittance.views import AccountBalance, LineView, RemittanceView, Totals
from shared.contracts.charges import ChargeLine, ChargeUnit, LineKind
from shared.contracts.parts import Environment
from shared.platform.database import Database
from shared.platform.http import create_app
from shared.platform.web.identity import Principal, Role, admit_to_cca
from shared.platform.web.scopes import known_ccas
from shared.platform.web.shell import Shell
from tests.integration.edi_gateway.api.office import Office

TEST = Environment.TEST
CENT = Decimal("0.01")
MCE = known_ccas()[0]
WHO = Principal(uuid4(), "desk", Role.VIEWER)
PATHS = ("/rating/?account=1&invoice=2", "/remittance/?account=1&trace=2")


@pytest.fixture
async def house(office: Office, morning_dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at a console with every service's rooms in it."""
    rates, money = Database(morning_dsn, "rating"), Database(morning_dsn, "remittance")
    guarded = APIRouter(dependencies=[Depends(admit_to_cca)])
    guarded.include_router(rating_api.build_router(rates))
    guarded.include_router(remittance_api.build_router(money))
    app = create_app(
        "CCA Exchange",
        routers=[
            *build_routers(office.desk),
            rating.build_pages(rates, TEST),
            remittance.build_pages(money, TEST),
            guarded,
        ],
        ready=_ready,
        doorkeeper=office.desk.doorkeeper,
        shell=shell_of(office),
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        yield client
    await rates.close()
    await money.close()


async def _ready() -> dict[str, bool]:
    return {}


def shell_of(office: Office) -> Shell:
    furniture = [GATEWAY, rating.FURNITURE, remittance.FURNITURE]
    return Shell(TEST, office.desk.doorkeeper.sessions, furniture)


def request_for(path: str) -> Request:
    return Request({"type": "http", "method": "GET", "path": path, "headers": [], "app": FastAPI()})


class TestDoor:
    async def test_a_stranger_is_led_to_the_door(self, house: httpx.AsyncClient) -> None:
        for path in PATHS:
            answer = await house.get(path, headers={"Accept": "text/html"})
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in?next=%2Fr")

    async def test_rooms_say_what_to_do_when_nothing_is_known(
        self, office: Office, house: httpx.AsyncClient
    ) -> None:
        headers = {"Authorization": f"Bearer {await office.token(Role.VIEWER)}"}
        rated, paid = [(await house.get(path, headers=headers)).text for path in PATHS]

        assert "No enrolled account has this number" in rated
        assert "No charge has this invoice number" in rated
        assert "Nothing waits" in rated
        assert "No payment has this trace number" in paid
        assert 'aria-current="page">Remittance' in paid

    async def test_a_token_of_one_cca_is_shown_that_one_only(
        self, office: Office, house: httpx.AsyncClient
    ) -> None:
        token = await office.token(Role.ADMIN, ("mce",))
        headers = {"Authorization": f"Bearer {token}"}

        shown = await house.get("/remittance/", headers=headers)
        closed = await house.get("/remittance/?cca=3ce", headers=headers)

        assert "Marin Clean Energy" in shown.text
        assert "Central Coast" not in shown.text
        assert closed.status_code == 403


class TestApis:
    @pytest.mark.parametrize("path", ["/rating/v1/holds", "/remittance/v1/totals"])
    async def test_a_token_of_one_cca_asks_about_that_one_only(
        self, office: Office, house: httpx.AsyncClient, path: str
    ) -> None:
        token = await office.token(Role.ADMIN, ("mce",))
        headers = {"Authorization": f"Bearer {token}"}
        about = {"utility": "pge", "environment": "test"}

        own = await house.get(path, headers=headers, params={"cca": "mce", **about})
        other = await house.get(path, headers=headers, params={"cca": "3ce", **about})
        both = await house.get(
            f"{path}?cca=mce&cca=3ce&utility=pge&environment=test", headers=headers
        )
        stranger = await house.get(path, params={"cca": "mce", **about})

        statuses = [one.status_code for one in (own, other, both, stranger)]
        assert statuses == [200, 403, 403, 401]

    async def test_what_names_no_cca_is_for_those_who_see_all(
        self, office: Office, house: httpx.AsyncClient
    ) -> None:
        narrow = {"Authorization": f"Bearer {await office.token(Role.ADMIN, ('mce',))}"}
        wide = {"Authorization": f"Bearer {await office.token(Role.VIEWER)}"}

        assert (await house.get("/remittance/v1/audit", headers=narrow)).status_code == 403
        assert (await house.get("/remittance/v1/audit", headers=wide)).status_code == 200


class TestRating:
    def test_a_charge_is_shown_line_by_line(self, office: Office) -> None:
        line = ChargeLine(
            sequence=1,
            line_id="credit",
            kind=LineKind.CREDIT,
            code="ENC003",
            label="COST <RELIEF> CREDIT",
            quantity=Decimal("518.573"),
            unit=ChargeUnit.KWH,
            price=Decimal("0.0062"),
            amount=Decimal("3.22"),
        )
        charge = ChargeView(
            charge_id=uuid4(),
            invoice_number="MCE1",
            original_invoice_number="MCE0",
            purpose="cancel",
            usage_id="U1",
            account_number="1001",
            service_agreement_id="8001",
            invoiced_on=date(2026, 11, 22),
            due_on=None,
            period_start=date(2026, 10, 1),
            period_end=date(2026, 11, 1),
            estimated=True,
            plan_id="E-1",
            plan_version="2026-04-01",
            lines=(line,),
            total=Decimal("-3.22"),
            explanation={"why": "</pre><b>"},
        )
        entry = EntryView(
            seq=1,
            purpose="enroll",
            status="active",
            effective_on=date(2026, 6, 6),
            requested_on=date(2026, 6, 6),
            request_id="E1",
            rate_code="E-TOU-C",
            product=None,
            customer_name="JANE DOE",
            city="SAN RAFAEL",
        )
        agreement = AgreementView(
            account_number="1001",
            service_agreement_id="8001",
            meters=("M1",),
            history=(entry,),
        )
        hold = HoldView(
            transaction_id=uuid4(),
            usage_id="U9",
            account_number="1009",
            code="RATE_NOT_FOUND",
            message="no plan is for ZZ-99",
            opened_at=datetime(2026, 11, 22, 15, tzinfo=UTC),
        )
        page = shell_of(office).page(
            request_for("/rating/"),
            "rating/rating.html",
            {
                "asked": rating.RatingForm(account="1001", invoice="MCE1"),
                "ccas": known_ccas(),
                "accounts": [(MCE, agreement)],
                "charges": [(MCE, charge)],
                "holds": [
                    (MCE, HoldsView(counts={"RATE_NOT_FOUND": 1}, holds=(hold,), next_after=7))
                ],
            },
            principal=WHO,
        )

        text = bytes(page.body).decode()
        assert "−$3.22" in text
        assert "COST &lt;RELIEF&gt; CREDIT" in text
        assert "</pre><b>" not in text
        assert "RATE NOT FOUND" in text
        assert "after=7" in text


class TestRemittance:
    def test_money_is_shown_with_what_is_open_and_why(self, office: Office) -> None:
        line = LineView(
            transaction_id=uuid4(),
            trace_number="T1",
            sequence=23,
            outcome="short",
            invoice_number="MCE1",
            usage_id=None,
            account_number=None,
            receivable_id=None,
            amount=Decimal("56.46"),
            applied=Decimal("56.46"),
            unapplied=Decimal(0),
            adjusted=Decimal(0),
            flagged=True,
            explanation="9.20 stays open.",
            place_number=1,
        )
        payment = RemittanceView(
            transaction_id=uuid4(),
            trace_number="T1",
            state="held",
            held_code="repeated_trace",
            held_message="The trace came before",
            total=Decimal("1721.79"),
            settled_on=date(2026, 7, 8),
            line_count=39,
            placed_lines=39,
            applied=Decimal("1721.79"),
            unapplied=Decimal(0),
            adjusted=Decimal(0),
            outcomes={"short": 1},
            lines=(line,),
        )
        balance = AccountBalance(
            account_number="1001",
            open=Decimal("9.20"),
            rejected=Decimal(0),
            unapplied=Decimal(0),
            balance=Decimal("9.20"),
            receivables=(),
        )
        sums = Totals(
            billed=CENT,
            received=CENT,
            applied=CENT,
            unapplied=CENT,
            adjusted=CENT,
            open=CENT,
            rejected=CENT,
            journal={},
            debits=CENT,
            credits=CENT,
            ties=False,
        )
        page = shell_of(office).page(
            request_for("/remittance/"),
            "remittance/remittance.html",
            {
                "asked": remittance.RemittanceForm(account="1001", trace="T1"),
                "ccas": known_ccas(),
                "balances": [(MCE, balance)],
                "payments": [(MCE, (payment,))],
                "sums": [(MCE, sums)],
                "waiting": [(MCE, (line,))],
                "lines_shown": 100,
            },
            principal=WHO,
        )

        text = bytes(page.body).decode()
        for shown in ("$1,721.79", "9.20 stays open.", "does not tie", "look at it", "repeated"):
            assert shown in text
