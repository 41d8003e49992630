"""Money that named a wrong invoice is put right by a person, and everybody hears of it."""

from __future__ import annotations

from decimal import Decimal

from services.remittance.receivables import Scope
from services.remittance.workbench.desk import Wanted
from services.remittance.workbench.plans import Plan, Put
from shared.contracts.measures import to_cents
from shared.contracts.parts import Environment
from tests.journeys import papers
from tests.journeys.exchange import Exchange, billed
from tests.journeys.papers import ADA, MONTH_USD, Paid

TOTAL = Decimal(MONTH_USD)
MCE = Scope("mce", "pge", Environment.TEST)


class TestAWrongInvoiceNumber:
    async def test_is_placed_by_hand_shown_as_paid_and_undone(self, enrolled: Exchange) -> None:
        await enrolled.send("pge", "867", papers.usage(ADA, "USE1"))
        invoice = await enrolled.invoice_of("USE1")
        lines = [Paid(MONTH_USD, ADA.account, f"{invoice}X")]
        await enrolled.send("pge", "820", papers.payment("pge", "mce", "T1", MONTH_USD, lines))
        payment = await enrolled.state("inbound", "820", "T1")
        assert payment["exception_code"] == "UNAPPLIED"

        workbench = enrolled.remittance.workbench
        put = Put(
            transaction_id=await enrolled.value(
                "SELECT transaction_id FROM remittance.remittance WHERE trace_number = 'T1'"
            ),
            sequence=1,
            receivable_id=await enrolled.value(
                "SELECT receivable_id FROM remittance.receivable WHERE invoice_number = $1", invoice
            ),
            cents=to_cents(TOTAL),
        )
        wanted = Wanted(Plan(puts=(put,)), "a letter too many", "jane", "1")
        done = await workbench.ask(MCE, wanted)
        await enrolled.settle()

        assert (await enrolled.state("outbound", "810", invoice))["paid"] == "paid"
        assert "exception_code" not in await enrolled.state("inbound", "820", "T1")
        assert await enrolled.journal() == {"cash_in_transit": TOTAL, **billed(TOTAL, "0.15")}

        await workbench.take_back(MCE, done.act_id, "it was not hers", "jane", "2")
        await enrolled.settle()

        assert (await enrolled.state("outbound", "810", invoice))["paid"] == "reversed"
        assert await enrolled.open_usd(invoice) == TOTAL
        assert await enrolled.wrongs() == []
