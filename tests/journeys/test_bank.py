"""Three ways of every cent: billed by us, announced by the utility, booked by the bank."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.remittance.bank import questions
from services.remittance.bank.three_way import Outcome
from services.remittance.bank.views import MatchView
from services.remittance.receivables import Scope
from shared.contracts.parts import Environment
from simulator.bank import Deposit, account_of, statement
from simulator.places import UTILITIES
from tests.journeys import papers
from tests.journeys.exchange import Exchange
from tests.journeys.papers import ADA, MONTH_USD, Paid

PGE = UTILITIES["pge"]
MARIN = PGE.ccas[0]
SCOPE = Scope("mce", "pge", Environment.TEST)
BOOKED = date(2026, 8, 12)


async def _matches(exchange: Exchange) -> list[MatchView]:
    async with exchange.remittance.database.read() as session:
        page = await questions.matches(session, SCOPE, BOOKED, which=questions.ANY)
    return list(page.matches)


def _file(*deposits: tuple[str, str]) -> bytes:
    """The bank's statement with these traces and dollars."""
    booked = [Deposit(MARIN, trace, int(Decimal(usd) * 100), BOOKED) for trace, usd in deposits]
    return statement(PGE, booked, BOOKED).encode()


@pytest.fixture
async def paid(enrolled: Exchange) -> Exchange:
    """One charge, paid in full by the 820 with trace T1."""
    await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
    invoice = await enrolled.invoice_of("USE1")
    line = Paid(MONTH_USD, ADA.account, invoice)
    await enrolled.send("pge", "820", papers.payment("pge", "mce", "T1", MONTH_USD, [line]))
    await enrolled.remittance.bank.register(SCOPE, account_of(MARIN), "operating", "fin")
    return enrolled


class TestBilledAnnouncedDeposited:
    async def test_all_three_agree_to_the_cent(self, paid: Exchange) -> None:
        await paid.remittance.bank.take(_file(("T1", MONTH_USD)), "statement.bai", "fin")

        (match,) = await _matches(paid)
        assert match.outcome is Outcome.MATCHED
        (announced,), (deposited,) = match.payments, match.deposits
        assert announced.applied == announced.announced == deposited.amount == Decimal(MONTH_USD)
        books = await paid.journal()
        assert books["bank"] == Decimal(MONTH_USD)
        assert "cash_in_transit" not in books

    async def test_the_bank_knows_of_a_payment_that_we_do_not(self, paid: Exchange) -> None:
        await paid.remittance.bank.take(_file(("T2", "10.00")), "statement.bai", "fin")

        found = await _matches(paid)
        assert {each.outcome for each in found} == {
            Outcome.ADVICE_MISSING,
            Outcome.DEPOSIT_MISSING,
        }
        assert sum(each.difference for each in found) == Decimal("10.00") - Decimal(MONTH_USD)

        wrong = Paid("10.00", ADA.account, "NONE")
        await paid.send("pge", "820", papers.payment("pge", "mce", "T2", "10.00", [wrong]))
        await paid.remittance.bank.settle_open()

        by_trace = {each.payments[0].trace_number: each for each in await _matches(paid)}
        assert by_trace["T2"].outcome is Outcome.MATCHED
        assert by_trace["T2"].payments[0].unapplied == Decimal("10.00")
