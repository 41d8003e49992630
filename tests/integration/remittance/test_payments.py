from __future__ import annotations

from decimal import Decimal

from services.remittance.apply_remittance import LINES_PER_BATCH
from shared.contracts.documents import AcknowledgmentVerdict, AdviceVerdict
from shared.contracts.parts import Environment
from shared.contracts.remittance import RemittanceLineKind
from tests.integration.remittance.office import (
    MCE,
    Office,
    acknowledged,
    advised,
    document_id,
    envelope,
    payment,
    pays,
    resent,
    sent,
)


class TestPaymentOfSentCharges:
    async def test_payment_in_full_closes_the_receivable(self, office: Office) -> None:
        await office.tell(sent("I1", "125.50"))
        await office.tell(*payment("T1", [pays("125.50", "I1")]))
        assert await office.outcomes("T1") == ["matched"]
        assert await office.open_of("I1") == 0
        (said,) = office.applied()
        assert said.lines[0].invoice_transaction_id == document_id("I1")
        assert said.lines[0].applied == Decimal("125.50")
        assert said.lines[0].open_balance == 0
        await office.prove()

    async def test_short_payment_stays_open_until_a_second_completes_it(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(*payment("T1", [pays("99.99", "I1")]))
        assert await office.outcomes("T1") == ["short"]
        assert await office.open_of("I1") == Decimal("0.01")
        await office.tell(*payment("T2", [pays("0.01", "I1")]))
        assert await office.outcomes("T2") == ["matched"]
        assert await office.open_of("I1") == 0
        assert await office.outcomes("T1") == ["short"]
        await office.prove()

    async def test_excess_is_unapplied(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(*payment("T1", [pays("130.00", "I1")]))
        assert await office.outcomes("T1") == ["over"]
        assert await office.unapplied() == 30
        await office.prove()

    async def test_second_line_of_the_same_amount_is_a_duplicate(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(*payment("T1", [pays("100.00", "I1"), pays("100.00", "I1")]))
        assert await office.outcomes("T1") == ["matched", "duplicate"]
        assert await office.unapplied() == 100
        await office.prove()

    async def test_usage_id_finds_the_charge_when_no_invoice_is_named(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", usage="U1"), sent("I2", "100.00", usage="U2"))
        await office.tell(*payment("T1", [pays("100.00", usage_id="U2", account_number="A1")]))
        assert await office.outcomes("T1") == ["matched"]
        assert await office.open_of("I1") == 100
        assert await office.open_of("I2") == 0

    async def test_account_money_pays_the_oldest_charge_first(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"), sent("I2", "80.00"))
        await office.tell(*payment("T1", [pays("150.00", account_number="A1")]))
        assert await office.outcomes("T1") == ["short"]
        assert await office.open_of("I1") == 0
        assert await office.open_of("I2") == 30
        (said,) = office.applied()
        assert [(line.invoice_number, line.applied) for line in said.lines] == [
            ("I1", Decimal("100.00")),
            ("I2", Decimal("50.00")),
        ]
        await office.prove()

    async def test_account_money_gives_way_to_a_line_that_names_the_charge(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "100.00"), sent("I2", "80.00"))
        await office.tell(*payment("T1", [pays("100.00", account_number="A1")]))
        await office.tell(*payment("T2", [pays("100.00", "I1")]))
        assert await office.open_of("I1") == 0
        assert await office.open_of("I2") == 0
        assert await office.unapplied() == 20
        await office.prove()

    async def test_fees_and_adjustments_are_booked_apart(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        fee = pays("-2.50", kind=RemittanceLineKind.FEE)
        adjustment = pays("-1.00", "I1", kind=RemittanceLineKind.ADJUSTMENT)
        await office.tell(*payment("T1", [pays("100.00", "I1"), adjustment, fee]))
        assert await office.outcomes("T1") == ["matched", "adjusted", "adjusted"]
        assert await office.open_of("I1") == 0
        assert await office.balance_of("fees") == Decimal("2.50")
        assert await office.balance_of("adjustments") == 1
        await office.prove()


class TestReversal:
    async def test_negative_line_takes_back_what_was_paid(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(*payment("T1", [pays("100.00", "I1")]))
        await office.tell(*payment("T2", [pays("-100.00", "I1")]))
        assert await office.outcomes("T2") == ["reversed"]
        assert await office.open_of("I1") == 100
        await office.prove()

    async def test_reversal_of_a_doubled_payment_leaves_the_invoice_paid(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(*payment("T1", [pays("100.00", "I1"), pays("100.00", "I1")]))
        await office.tell(*payment("T2", [pays("-100.00", "I1")]))
        assert await office.open_of("I1") == 0
        assert await office.unapplied() == 0
        await office.prove()


class TestMoneyThatWaits:
    async def test_unknown_line_is_placed_when_its_charge_is_sent(self, office: Office) -> None:
        await office.tell(*payment("T1", [pays("75.00", "I9", account_number="A9")]))
        assert await office.outcomes("T1") == ["unknown"]
        assert await office.unapplied() == 75
        await office.tell(sent("I9", "75.00", account="A9"))
        assert await office.outcomes("T1") == ["matched"]
        assert await office.unapplied() == 0
        assert [said.lines[0].outcome for said in office.applied()] == ["unknown", "matched"]
        await office.prove()

    async def test_unknown_usage_is_placed_when_its_charge_is_sent(self, office: Office) -> None:
        await office.tell(*payment("T1", [pays("75.00", usage_id="U9")]))
        await office.tell(sent("I9", "75.00", usage="U9"))
        assert await office.outcomes("T1") == ["matched"]
        await office.prove()

    async def test_account_money_waits_for_the_next_charge(self, office: Office) -> None:
        await office.tell(*payment("T1", [pays("75.00", account_number="A1")]))
        assert await office.outcomes("T1") == ["unknown"]
        await office.tell(sent("I1", "50.00"))
        assert await office.outcomes("T1") == ["over"]
        await office.tell(sent("I2", "40.00"))
        assert await office.open_of("I2") == 15
        await office.prove()


class TestCancelAndRebill:
    async def test_money_on_a_cancelled_charge_becomes_credit_on_the_account(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(*payment("T1", [pays("100.00", "I1")]))
        await office.tell(sent("C1", "100.00", cancels="I1"), sent("I2", "110.00"))
        assert await office.open_of("I1") == 0
        assert await office.open_of("I2") == 110
        assert await office.unapplied() == 100
        assert await office.outcomes("T1") == ["over"]
        await office.tell(*payment("T2", [pays("-100.00", "I1"), pays("110.00", "I2")]))
        assert await office.unapplied() == 0
        assert await office.open_of("I2") == 0
        await office.prove()

    async def test_cancel_that_comes_before_its_charge_waits_for_it(self, office: Office) -> None:
        await office.tell(sent("C1", "100.00", cancels="I1"))
        await office.tell(sent("I1", "100.00"))
        assert await office.open_of("I1") == 0
        await office.prove()

    async def test_cancelled_credit_invoice_comes_to_nothing(self, office: Office) -> None:
        await office.tell(sent("I1", "-40.00"))
        assert await office.open_of("I1") == -40
        await office.tell(*payment("T1", [pays("-40.00", "I1")]))
        assert await office.outcomes("T1") == ["matched"]
        await office.tell(sent("C1", "-40.00", cancels="I1"))
        assert await office.open_of("I1") == 0
        assert await office.unapplied() == -40
        await office.prove()

    async def test_line_by_usage_follows_the_rebill(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00", usage="U1"))
        await office.tell(*payment("T1", [pays("100.00", usage_id="U1")]))
        await office.tell(sent("C1", "100.00", cancels="I1"))
        await office.tell(sent("I2", "120.00", usage="U1"))
        assert await office.outcomes("T1") == ["short"]
        assert await office.open_of("I2") == 20
        await office.prove()

    async def test_a_cancel_too_many_is_named_by_the_audit(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(sent("C1", "100.00", cancels="I1"), sent("C2", "100.00", cancels="I1"))
        assert await office.open_of("I1") == 0
        (difference,) = (await office.service.audit()).differences
        assert (difference.subject, difference.expected_cents) == ("C2", 10_000)


class TestWholePaymentsHeld:
    async def test_sum_that_differs_holds_the_payment_with_the_difference(
        self, office: Office
    ) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(*payment("T1", [pays("100.00", "I1")], total="90.00"))
        (held,) = office.held()
        assert held.code == "SUM_MISMATCH"
        assert (held.total, held.lines_total) == (Decimal(90), Decimal(100))
        assert "difference of -10.00" in held.message
        assert await office.open_of("I1") == 100
        await office.prove()

    async def test_same_trace_with_the_same_lines_has_no_effect(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(*payment("T1", [pays("100.00", "I1")]))
        await office.tell(*payment("T1", [pays("100.00", "I1")], copy=1))
        assert [held.code for held in office.held()] == ["DUPLICATE_TRACE"]
        assert await office.unapplied() == 0
        await office.prove()

    async def test_same_trace_with_other_lines_is_held_under_another_name(
        self, office: Office
    ) -> None:
        await office.tell(*payment("T1", [pays("100.00", "I1")]))
        await office.tell(*payment("T1", [pays("55.00", "I1")], copy=1))
        assert [held.code for held in office.held()] == ["TRACE_REUSED"]

    async def test_corrected_payment_after_a_held_one_is_placed(self, office: Office) -> None:
        await office.tell(*payment("T1", [pays("100.00", "I1")], total="90.00"))
        await office.tell(*payment("T1", [pays("90.00", "I1")], copy=1))
        assert [held.code for held in office.held()] == ["SUM_MISMATCH"]
        assert await office.outcomes("T1", copy=1) == ["unknown"]

    async def test_missing_line_number_holds_the_payment(self, office: Office) -> None:
        (body,) = payment("T1", [pays("60.00", "I1"), pays("40.00", "I1")])
        twice = tuple(line.model_copy(update={"sequence": 1}) for line in body.lines)
        await office.tell(body.model_copy(update={"lines": twice}))
        assert [held.code for held in office.held()] == ["COUNT_MISMATCH"]


class TestDelivery:
    async def test_redelivered_and_repeated_messages_have_no_effect(self, office: Office) -> None:
        (body,) = payment("T1", [pays("60", "I1")])
        charge, paid = envelope(sent("I1", "100.00")), envelope(body)
        await office.send([charge, charge, paid, paid])
        await office.tell(sent("I1", "100.00"), body)
        assert await office.open_of("I1") == 40
        assert len(office.applied()) == 1
        await office.prove()

    async def test_parts_come_in_any_order(self, office: Office) -> None:
        await office.tell(sent("I1", "300.00"))
        parts = payment("T1", [pays("100.00", "I1")] * 3, part_size=1)
        await office.tell(parts[2], parts[0])
        assert await office.open_of("I1") == 300
        await office.tell(parts[1], parts[0])
        assert await office.outcomes("T1") == ["short", "short", "matched"]
        await office.prove()

    async def test_long_payment_is_placed_in_batches_to_the_last_cent(self, office: Office) -> None:
        count = 2 * LINES_PER_BATCH + 7
        await office.tell(*(sent(f"I{n}", "1.01", account=f"A{n}") for n in range(20)))
        lines = [pays("1.01", f"I{n}") for n in range(count)]
        await office.tell(*payment("T1", lines))
        outcomes = await office.outcomes("T1")
        assert (outcomes.count("matched"), outcomes.count("unknown")) == (20, count - 20)
        assert sum(len(said.lines) for said in office.applied()) == count
        await office.prove()

    async def test_nothing_crosses_from_one_scope_to_another(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        paid = payment("T1", [pays("100.00", "I1")])
        other = type(MCE)("3ce", "pge", Environment.TEST)
        await office.tell(*paid, scope=other)
        assert await office.outcomes("T1") == ["unknown"]
        assert await office.open_of("I1") == 100
        await office.prove()

    async def test_other_sets_than_the_810_open_nothing(self, office: Office) -> None:
        await office.tell(sent("R1", "100.00", set_id="814"))
        assert await office.value("SELECT count(*) FROM remittance.receivable") == 0


class TestVerdicts:
    async def test_rejected_charge_still_takes_money_and_says_so(self, office: Office) -> None:
        await office.tell(sent("I1", "100.00"))
        await office.tell(acknowledged("I1", AcknowledgmentVerdict.ACCEPTED))
        await office.tell(advised("I1", AdviceVerdict.REJECTED))
        await office.tell(*payment("T1", [pays("100.00", "I1")]))
        assert await office.open_of("I1") == 0
        assert "rejected" in office.applied()[0].lines[0].explanation
        standing = await office.value("SELECT standing FROM remittance.receivable_balance")
        assert standing == "rejected"
        await office.prove()

    async def test_rejected_charge_that_is_sent_again_waits_for_the_answer(
        self, office: Office
    ) -> None:
        rejected = advised("I1", AdviceVerdict.REJECTED)
        await office.tell(sent("I1", "100.00"), rejected, resent("I1"), rejected)
        standing = "SELECT standing FROM remittance.receivable_balance"
        assert await office.value(standing) == "sent"

        await office.tell(acknowledged("I1", AcknowledgmentVerdict.ACCEPTED, sending=2))
        await office.tell(*payment("T1", [pays("100.00", "I1")]))

        assert await office.value(standing) == "accepted"
        assert "rejected" not in office.applied()[0].lines[0].explanation
        await office.prove()

    async def test_verdict_that_comes_before_the_charge_is_remembered(self, office: Office) -> None:
        await office.tell(acknowledged("I1", AcknowledgmentVerdict.REJECTED))
        await office.tell(sent("I1", "100.00"))
        standing = await office.value("SELECT standing FROM remittance.receivable_balance")
        assert standing == "rejected"
