"""What comes over the bank's counter in a test, and what is asked there."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text

from services.remittance.bank import questions
from services.remittance.bank.desk import BankDesk
from services.remittance.bank.views import BankOverview, MatchView
from services.remittance.receivables import Scope
from shared.contracts.parts import Environment
from tests.integration.remittance.office import MCE, Office, payment, pays, sent
from tests.unit.remittance.bank.bank_files import ACCOUNT

TODAY = date(2026, 11, 25)
PCE = Scope("pce", "pge", Environment.TEST)
TRACE = "PGE2026112001"


def deposit(cents: int, trace: str = TRACE, number: str = "BK1") -> str:
    """A deposit of the utility, as a BAI2 record."""
    return f"16,142,{cents},Z,{number},,PACIFIC GAS TRN*1*{trace}*1006912877"


async def register(desk: BankDesk, scope: Scope = MCE, number: str = ACCOUNT) -> None:
    await desk.register(scope, number, "operating account", "fin")


async def take(desk: BankDesk, data: str | bytes, name: str = "statement.bai") -> list[str | None]:
    """Take a file in; tells why its statements are held."""
    raw = data.encode() if isinstance(data, str) else data
    return [each.held_code for each in (await desk.take(raw, name, "fin")).statements]


async def paid(office: Office, amount: str, trace: str = TRACE) -> None:
    """The utility announces a payment of one charge."""
    invoice = f"I-{trace}"
    await office.tell(sent(invoice, amount))
    await office.tell(*payment(trace, [pays(amount, invoice)]))


async def told(desk: BankDesk, scope: Scope = MCE) -> BankOverview:
    async with desk.database.read() as session:
        return await questions.overview(session, scope, TODAY)


async def matches(desk: BankDesk, which: str = "any") -> list[MatchView]:
    async with desk.database.read() as session:
        page = await questions.matches(session, MCE, TODAY, which=which)
    return list(page.matches)


async def count(desk: BankDesk, table: str) -> int:
    async with desk.database.read() as session:
        found = await session.scalar(text(f"SELECT count(*) FROM remittance.{table}"))
    return int(found or 0)
