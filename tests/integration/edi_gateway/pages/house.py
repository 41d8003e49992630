"""The console with every service's rooms in it, and rooms in which everything possible stands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.edi_gateway.api import build_routers
from services.edi_gateway.pages import FURNITURE as GATEWAY
from services.rating import pages as rating
from services.rating import service as rating_service
from services.rating.pages.rooms import ROOMS
from services.rating.pages.waiting import WaitingForm
from services.rating.views import HoldsView, HoldView
from services.remittance import pages as remittance
from services.remittance import service as remittance_service
from services.remittance.views import AccountBalance, LineView, RemittanceView, Totals
from shared.contracts.parts import Environment
from shared.platform.clock import FixedClock
from shared.platform.database import Database
from shared.platform.http import create_app
from shared.platform.memory_bus import MemoryBus
from shared.platform.settings import PlatformSettings
from shared.platform.web.identity import Principal, Role, admit_to_cca
from shared.platform.web.scopes import known_ccas
from shared.platform.web.shell import Shell
from tests.integration.edi_gateway.api.office import Office

TEST = Environment.TEST
CLOCK = FixedClock(datetime(2026, 11, 23, 21, tzinfo=UTC))
CENT = Decimal("0.01")
MCE = known_ccas()[0]
WHO = Principal(uuid4(), "desk", Role.VIEWER)

HOLD = HoldView(
    transaction_id=uuid4(),
    usage_id="U9",
    account_number="1009",
    code="RATE_NOT_FOUND",
    message="no plan is for ZZ-99",
    opened_at=datetime(2026, 11, 22, 15, tzinfo=UTC),
)
PAID_LINE = LineView(
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
PAYMENT = RemittanceView(
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
    lines=(PAID_LINE,),
)
BALANCE = AccountBalance(
    account_number="1001",
    open=Decimal("9.20"),
    rejected=Decimal(0),
    unapplied=Decimal(0),
    balance=Decimal("9.20"),
    receivables=(),
)
SUMS = Totals(
    billed=CENT,
    received=CENT,
    applied=CENT,
    unapplied=CENT,
    adjusted=CENT,
    open=CENT,
    rejected=CENT,
    written_off=CENT,
    journal={},
    debits=CENT,
    credits=CENT,
    ties=False,
)


def shell_of(office: Office) -> Shell:
    """The frame of a console with every service in it."""
    furniture = [GATEWAY, rating.FURNITURE, remittance.FURNITURE]
    return Shell(TEST, office.desk.doorkeeper.sessions, furniture)


def rating_room(shell: Shell, request: Request) -> HTMLResponse:
    """Rating's first page with a hold on it; its other rooms have a test of their own."""
    return shell.page(
        request,
        "rating/waiting.html",
        {
            "asked": WaitingForm(),
            "rooms": ROOMS,
            "csv": "/rating/waiting.csv",
            "holds": [(MCE, HoldsView(counts={"RATE_NOT_FOUND": 1}, holds=(HOLD,), next_after=7))],
        },
        principal=WHO,
    )


def remittance_room(shell: Shell, request: Request) -> HTMLResponse:
    """The page of remittance with a balance, a payment and books that do not tie."""
    return shell.page(
        request,
        "remittance/remittance.html",
        {
            "asked": remittance.RemittanceForm(account="1001", trace="T1"),
            "ccas": known_ccas(),
            "balances": [(MCE, BALANCE)],
            "payments": [(MCE, (PAYMENT,))],
            "sums": [(MCE, SUMS)],
            "waiting": [(MCE, (PAID_LINE,))],
            "lines_shown": 100,
        },
        principal=WHO,
    )


@asynccontextmanager
async def open_house(office: Office, dsn: str) -> AsyncIterator[FastAPI]:
    """The console with the rooms of every service, and two furnished ones under /furnished."""
    rates, money = Database(dsn, "rating"), Database(dsn, "remittance")
    working = rating_service.build(PlatformSettings(), rates, MemoryBus(), CLOCK)
    paying = remittance_service.build(PlatformSettings(), money, MemoryBus(), CLOCK)
    hands = rating.Hands(working.desk, working.reruns)
    guarded = APIRouter(dependencies=[Depends(admit_to_cca)])
    guarded.include_router(working.router)
    guarded.include_router(paying.router)
    shell = shell_of(office)
    furnished = APIRouter(prefix="/furnished", include_in_schema=False)

    @furnished.get("/rating")
    async def _rating(request: Request) -> HTMLResponse:
        return rating_room(shell, request)

    @furnished.get("/remittance")
    async def _remittance(request: Request) -> HTMLResponse:
        return remittance_room(shell, request)

    app = create_app(
        "CCA Exchange",
        routers=[
            *build_routers(office.desk),
            rating.build_pages(rates, TEST, CLOCK, hands),
            remittance.build_pages(paying, TEST),
            guarded,
            furnished,
        ],
        ready=_ready,
        doorkeeper=office.desk.doorkeeper,
        shell=shell,
    )
    app.state.reruns = working.reruns
    yield app
    await rates.close()
    await money.close()


async def _ready() -> dict[str, bool]:
    return {}
