"""Payments that are short, late, early, taken back, wrong in sum, or for nothing we know."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.journeys import papers
from tests.journeys.exchange import Exchange, billed
from tests.journeys.papers import ADA, BRUNO, MONTH_USD, Paid

TOTAL = Decimal(MONTH_USD)


@pytest.fixture
async def charged(enrolled: Exchange) -> tuple[Exchange, str]:
    """The exchange with one charge of 59.76 USD sent, and its invoice number."""
    await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
    return enrolled, await enrolled.invoice_of("USE1")


async def pay(exchange: Exchange, trace: str, *lines: Paid, total: str = "") -> None:
    total = total or str(sum((Decimal(line.amount) for line in lines), Decimal(0)))
    await exchange.send("pge", "820", papers.payment("pge", "mce", trace, total, lines))


async def outcome(exchange: Exchange, trace: str) -> list[tuple[str, Decimal, Decimal]]:
    """Outcome, applied and unapplied USD of each line of a payment."""
    rows = await exchange.rows(
        "SELECT p.outcome, p.applied_cents, p.unapplied_cents FROM remittance.line_place p"
        " JOIN remittance.remittance USING (transaction_id) WHERE trace_number = $1"
        " ORDER BY p.sequence",
        trace,
    )
    return [
        (
            row["outcome"],
            Decimal(row["applied_cents"]).scaleb(-2),
            Decimal(row["unapplied_cents"]).scaleb(-2),
        )
        for row in rows
    ]


class TestShortPayment:
    async def test_the_rest_stays_open_until_it_is_paid_to_the_cent(
        self, charged: tuple[Exchange, str]
    ) -> None:
        exchange, invoice = charged

        await pay(exchange, "T1", Paid("59.75", ADA.account, invoice))

        assert (await exchange.state("outbound", "810", invoice))["paid"] == "short"
        assert await exchange.open_usd(invoice) == Decimal("0.01")

        await pay(exchange, "T2", Paid("0.01", ADA.account, invoice))

        assert (await exchange.state("outbound", "810", invoice))["paid"] == "paid"
        assert await exchange.open_usd(invoice) == 0
        assert await exchange.journal() == {"cash_in_transit": TOTAL, **billed(TOTAL, "0.15")}


class TestReversal:
    async def test_a_payment_that_is_taken_back_leaves_the_charge_open_again(
        self, charged: tuple[Exchange, str]
    ) -> None:
        exchange, invoice = charged
        await pay(exchange, "T1", Paid(MONTH_USD, ADA.account, invoice))

        await pay(exchange, "T2", Paid(f"-{MONTH_USD}", ADA.account, invoice))

        assert (await exchange.state("outbound", "810", invoice))["paid"] == "reversed"
        assert await exchange.open_usd(invoice) == TOTAL
        assert await exchange.journal() == {
            "accounts_receivable": TOTAL,
            **billed(TOTAL, "0.15"),
        }

        await pay(exchange, "T3", Paid(MONTH_USD, ADA.account, invoice))

        assert (await exchange.state("outbound", "810", invoice))["paid"] == "paid"
        assert await exchange.open_usd(invoice) == 0

    async def test_paid_and_taken_back_within_one_payment(
        self, charged: tuple[Exchange, str]
    ) -> None:
        exchange, invoice = charged
        back = Paid(f"-{MONTH_USD}", ADA.account, invoice)

        await pay(exchange, "T1", Paid(MONTH_USD, ADA.account, invoice), back)

        assert await exchange.open_usd(invoice) == TOTAL
        assert (await exchange.state("outbound", "810", invoice))["paid"] == "reversed"


class TestPaymentBeforeCharge:
    async def test_money_waits_and_finds_its_charge_when_that_is_sent(
        self, enrolled: Exchange
    ) -> None:
        await pay(enrolled, "EARLY", Paid(MONTH_USD, ADA.account, "", "USE1"))

        early = await enrolled.state("inbound", "820", "EARLY")
        assert (early["applied"], early["exception_code"]) == ("applied", "UNAPPLIED")
        assert await enrolled.journal() == {"cash_in_transit": TOTAL, "unapplied": -TOTAL}

        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))

        invoice = await enrolled.invoice_of("USE1")
        assert (await enrolled.state("outbound", "810", invoice))["paid"] == "paid"
        assert await enrolled.open_usd(invoice) == 0
        assert await enrolled.state("inbound", "820", "EARLY") == {
            "valid": "accepted",
            "applied": "applied",
        }


class TestMoneyThatFitsNothing:
    async def test_an_unknown_invoice_is_kept_unapplied_and_named(
        self, charged: tuple[Exchange, str]
    ) -> None:
        exchange, invoice = charged

        await pay(
            exchange,
            "T1",
            Paid(MONTH_USD, ADA.account, invoice),
            Paid("12.34", BRUNO.account, "NO-SUCH-INVOICE"),
        )

        assert await outcome(exchange, "T1") == [
            ("matched", TOTAL, Decimal(0)),
            ("unknown", Decimal(0), Decimal("12.34")),
        ]
        state = await exchange.state("inbound", "820", "T1")
        assert state["exception_code"] == "UNAPPLIED"

    async def test_too_much_money_is_credit_that_waits(self, charged: tuple[Exchange, str]) -> None:
        exchange, invoice = charged

        await pay(exchange, "T1", Paid("60.00", ADA.account, invoice))

        assert await outcome(exchange, "T1") == [("over", TOTAL, Decimal("0.24"))]
        assert (await exchange.state("outbound", "810", invoice))["paid"] == "over"

    async def test_a_payment_whose_lines_do_not_add_up_is_held_as_a_whole(
        self, charged: tuple[Exchange, str]
    ) -> None:
        exchange, invoice = charged

        await pay(exchange, "T1", Paid(MONTH_USD, ADA.account, invoice), total="59.77")

        state = await exchange.state("inbound", "820", "T1")
        assert state["applied"] == "exception"
        assert await exchange.open_usd(invoice) == TOTAL
        message = await exchange.value(
            "SELECT exception_text FROM edi.transaction WHERE business_key = 'T1'"
        )
        assert "59.77" in message
        assert "59.76" in message
